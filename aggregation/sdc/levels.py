"""Three levels of protection for counts, so that "safe" has one meaning.

S1: nobody outside computes a sensitive count exactly. S2: neither does a person who is alone in a cell. S3: a
sensitive count may be anything from 1 to just below the minimum, wherever the tables allow that at all.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np

from aggregation.sdc.demands import Demands
from aggregation.sdc.linear_system import BoolArray, IntArray, LinearSystem, RelationKind
from aggregation.sdc.views import View


class Level(StrEnum):
    """How much must stay uncertain."""

    S1 = "S1"
    S2 = "S2"
    S3 = "S3"


def views_of_counts(
    level: Level, system: LinearSystem, values: IntArray, sensitive: BoolArray, *, minimum: int
) -> tuple[View, ...]:
    """Return every attacker of a level; the outsider comes first.

    Args:
        level: the level.
        system: relations between the cells.
        values: true counts.
        sensitive: which of them must stay uncertain.
        minimum: smallest count that may be published (S3).
    """
    outsider = Demands.differing(sensitive)
    if level is Level.S3:
        within = sensitive & (values < minimum)
        outsider = Demands(
            sensitive, np.where(within, minimum - 1 - values, 0), np.where(within, values - 1, 0)
        )
    if level is not Level.S2:
        return (View(outsider),)
    lone = (View(outsider.among(~own), known=own) for own in lone_persons(system, values))
    return (View(outsider), *lone)


def lone_persons(system: LinearSystem, values: IntArray) -> tuple[BoolArray, ...]:
    """Return, per person who is alone in some cell, the cells in which this person is alone.

    Two cells of 1 are about the same person if one is the sum that contains the other.
    """
    owner = np.arange(system.cells, dtype=np.int64)
    ones = values == 1
    for row in np.flatnonzero(system.kinds == RelationKind.SUM).tolist():
        entries = system.entries(row)
        cells = system.columns[entries][ones[system.columns[entries]]]
        total = system.columns[entries][system.coefficients[entries] < 0]
        if len(cells) > 1 and ones[total].all():
            owner[np.isin(owner, owner[cells])] = owner[cells].min()
    owners = np.unique(owner[ones])
    return tuple(ones & (owner == person) for person in owners.tolist())
