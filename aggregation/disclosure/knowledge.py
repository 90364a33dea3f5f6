"""What is known of a history, and what must stay secret: where protection and audit start from.

They agree on this and on nothing else: the published figures, what an attacker must grant each withheld cell,
and what every delivery that is out keeps secret.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from aggregation.disclosure.history import Delivered, History
from aggregation.disclosure.primary import attacker_floors, demands_of, small_changes
from aggregation.disclosure.relations import Structure
from aggregation.sdc.demands import Demands
from aggregation.sdc.levels import lone_persons
from aggregation.sdc.linear_system import IntArray
from aggregation.sdc.publication import Publication
from aggregation.sdc.views import View


def all_published(history: History, stricter: int | None) -> Publication:
    """Return what is published of all deliveries of a history together.

    Args:
        history: the deliveries.
        stricter: the node's own minimum of counts, or None.
    """
    new, *linked = zip(history.structures, history.deliveries, strict=True)
    floors = [
        attacker_floors(new[0], new[1].table, new[1].withheld, stricter=stricter),
        *(_floors(structure, delivery, stricter) for structure, delivery in linked),
    ]
    return Publication(history.system, history.values, history.withheld, np.concatenate(floors))


def within(history: History, publication: Publication, blocks: Sequence[int]) -> Publication:
    """Return what is published of some deliveries of a history, all others held at their true values.

    A witness in such a window is one in the whole history: nothing outside of it moves.

    Args:
        history: the deliveries.
        publication: from :func:`all_published`.
        blocks: numbers of the deliveries, ascending.
    """
    cells = history.cells_of(blocks)
    return Publication(
        history.among(blocks),
        publication.values[cells],
        publication.withheld[cells],
        publication.floors[cells],
    )


def corrected(history: History, stricter: int | None) -> tuple[View, ...]:
    """Return what nobody must learn from corrections, even if he knew all figures of the earlier vintages.

    Not by how much a count changed, where that is few. One attacker knows every first vintage, one the second
    ones too, and so on.

    Args:
        history: the deliveries.
        stricter: the node's own minimum of counts, or None.
    """
    most = max(map(len, history.vintages))
    return tuple(_who_knows(history, rank, stricter) for rank in range(1, most))


def _who_knows(history: History, vintages: int, stricter: int | None) -> View:
    """Return the attacker who knows the first so many vintages of every period that has more."""
    known = np.zeros(history.system.cells, dtype=np.bool_)
    secret = np.zeros(history.system.cells, dtype=np.bool_)
    for blocks in history.vintages:
        early, late = blocks[:vintages], blocks[vintages:]
        for later in late:
            now, of = history.deliveries[later], slice(*history.starts[later : later + 2])
            for earlier in early:
                before = history.deliveries[earlier].table
                small = small_changes(history.structures[later], before, now.table, stricter=stricter)
                secret[of] |= small if later == 0 else small & now.withheld
        if late:
            known[history.cells_of(early)] = True
    return View(Demands.differing(secret), known=known)


def alone(history: History, stricter: int | None) -> tuple[View, ...]:
    """Return every person who is alone in a cell that is withheld, and what must stay uncertain for him.

    Nobody unless a rule of the catalogue demands it (level S2, ADR 0022).

    Args:
        history: the deliveries.
        stricter: the node's own minimum of counts, or None.
    """
    rules = [structure.rules for structure in history.structures]
    if not any(of.lone_persons.any() for of in rules):
        return ()
    secret = np.concatenate(
        [
            of.lone_persons & kept_secret(structure, delivery, stricter).differ
            for of, structure, delivery in zip(rules, history.structures, history.deliveries, strict=True)
        ]
    )
    counts = np.concatenate([of.ruled & ~of.amount for of in rules])
    persons = lone_persons(history.system, np.where(counts, history.values, 0))
    return tuple(
        View(Demands.differing(secret & ~own), known=own) for own in persons if (own & history.withheld).any()
    )


@lru_cache(maxsize=128)
def kept_secret(structure: Structure, delivery: Delivered, stricter: int | None) -> Demands:
    """Return what a delivery that is out keeps secret; what it published under milder rules is known."""
    return demands_of(structure, delivery.table, stricter=stricter).among(delivery.withheld)


@lru_cache(maxsize=128)
def _floors(structure: Structure, delivery: Delivered, stricter: int | None) -> IntArray:
    return attacker_floors(structure, delivery.table, delivery.withheld, stricter=stricter)
