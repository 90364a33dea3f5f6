"""Three levels of protection for counts, so that "safe" has one meaning.

S1: nobody outside computes a sensitive count exactly. S2: neither does a person who is alone in a cell. S3: a
sensitive count may be anything from 1 to just below the minimum, wherever the tables allow that at all
(`aggregation.sdc.audit.reach` finds out where they do).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from typing import Final

import numpy as np

from aggregation.sdc.demands import Demands
from aggregation.sdc.linear_system import (
    BoolArray,
    IntArray,
    LinearSystem,
    Relation,
    RelationKind,
    components,
)
from aggregation.sdc.views import View


class Level(StrEnum):
    """How much must stay uncertain."""

    S1 = "S1"
    S2 = "S2"
    S3 = "S3"


def views_of_counts(
    level: Level,
    system: LinearSystem,
    values: IntArray,
    sensitive: BoolArray,
    *,
    minimum: int,
    persons: IntArray | None = None,
) -> tuple[View, ...]:
    """Return every attacker of a level; the outsider comes first.

    Args:
        level: the level.
        system: relations between the cells.
        values: true counts.
        sensitive: which of them must stay uncertain.
        minimum: smallest count that may be published (S3).
        persons: as for :func:`lone_persons` (S2).
    """
    outsider = Demands.differing(sensitive)
    if level is Level.S3:
        within = sensitive & (values < minimum)
        outsider = Demands(
            sensitive, np.where(within, minimum - 1 - values, 0), np.where(within, values - 1, 0)
        )
    if level is not Level.S2:
        return (View(outsider),)
    lone = (View(outsider.among(~own), known=own) for own in lone_persons(system, values, persons=persons))
    return (View(outsider), *lone)


def lone_persons(
    system: LinearSystem, values: IntArray, *, persons: IntArray | None = None
) -> tuple[BoolArray, ...]:
    """Return what each person who is alone in some cell knows: the cells in which this person is alone.

    Two cells of 1 are about the same person where a relation says so: one holds the other, or they are equal.
    Where several answers are possible, a person alone in one of them may be alone in others too; then there
    is one attacker who is alone in one only, one who is alone in all of them, and one in all but any one.

    Args:
        system: relations between the cells.
        values: true counts.
        persons: who is alone in each cell of 1, as any number; from the records, if they are at hand (number
            the records from 1 on and add the numbers up like counts). None: from the relations only. Tables
            that share no cell with each other but a total then leave open whether two who are alone in
            either are one; they are taken for two.

    Returns:
        One mask per attacker.
    """
    ones = values == 1
    if persons is not None:
        return tuple(ones & (persons == person) for person in np.unique(persons[ones]).tolist())
    same = [Relation(RelationKind.EQUAL, cells, (1,) * len(cells)) for cells in _same_person(system, ones)]
    owner = components(LinearSystem.of(system.cells, same))
    alone = [frozenset({person}) for person in np.unique(owner[ones]).tolist()]
    attackers = dict.fromkeys((*alone, *_perhaps_one(system, ones, owner)))
    return tuple(ones & np.isin(owner, list(attacker)) for attacker in attackers)


_HOLDS: Final = frozenset(
    {
        RelationKind.SUM,
        RelationKind.PART,
        RelationKind.SUBSET,
        RelationKind.EQUAL,
        RelationKind.VINTAGE,
        RelationKind.YEAR,
    }
)
"""Relations in which everybody who is counted on the smaller side is counted on the larger one too."""


def _same_person(system: LinearSystem, ones: BoolArray) -> Iterator[tuple[int, ...]]:
    """Yield cells of 1 that are about one person: the larger side of a relation holds one person in all."""
    for row in _rows_of_ones(system, ones, _HOLDS):
        entries = system.entries(row)
        cells, factors = system.columns[entries], system.coefficients[entries]
        lower, upper = int(system.lower[row]), int(system.upper[row])
        larger = [sign for sign, limit in ((1, lower), (-1, upper)) if limit == 0]
        for sign in larger:
            holders, held = cells[np.sign(factors) == sign], cells[np.sign(factors) == -sign]
            if len(holders) == 1 and ones[holders].all() and ones[held].any():
                yield (*holders.tolist(), *held[ones[held]].tolist())
                break


def _perhaps_one(system: LinearSystem, ones: BoolArray, owner: IntArray) -> Iterator[frozenset[int]]:
    """Yield persons who may be one, because several answers are possible and each is alone in one."""
    excluding = _exclusive(system)
    for row in _rows_of_ones(system, ones, {RelationKind.COVER}):
        entries = system.entries(row)
        total, *parts = system.columns[entries].tolist()
        alone = [part for part in parts if ones[part] and part not in excluding.get(total, set())]
        people = frozenset(owner[alone].tolist())
        if len(people) > 1:
            yield people
            yield from (people - {person} for person in sorted(people))


def _exclusive(system: LinearSystem) -> dict[int, set[int]]:
    """Return, per total, the answers that exclude all others: they stand beside each of them."""
    times: dict[int, Counter[int]] = {}
    for row in np.flatnonzero(system.kinds == RelationKind.PART).tolist():
        total, *parts = system.columns[system.entries(row)].tolist()
        times.setdefault(total, Counter()).update(parts)
    return {total: {part for part, often in counted.items() if often > 1} for total, counted in times.items()}


def _rows_of_ones(
    system: LinearSystem, ones: BoolArray, kinds: frozenset[RelationKind] | set[RelationKind]
) -> list[int]:
    """Return the rows of some kinds that name at least two cells of 1."""
    counted = np.bincount(system.row_of_entry, weights=ones[system.columns], minlength=system.rows)
    wanted = np.isin(system.kinds, [int(kind) for kind in kinds])
    return np.flatnonzero(wanted & (counted > 1)).tolist()
