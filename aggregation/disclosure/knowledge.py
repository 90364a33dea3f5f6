"""What is known of a history, and what must stay secret: where protection and audit start from.

They agree on this and on nothing else: the published figures, what an attacker must grant each withheld cell,
and what every delivery that is out keeps secret.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from aggregation.disclosure.history import Delivered, History
from aggregation.disclosure.primary import attacker_floors, demands_of
from aggregation.disclosure.relations import Structure
from aggregation.sdc.demands import Demands
from aggregation.sdc.linear_system import IntArray
from aggregation.sdc.publication import Publication


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


@lru_cache(maxsize=128)
def kept_secret(structure: Structure, delivery: Delivered, stricter: int | None) -> Demands:
    """Return what a delivery that is out keeps secret; what it published under milder rules is known."""
    return demands_of(structure, delivery.table, stricter=stricter).among(delivery.withheld)


@lru_cache(maxsize=128)
def _floors(structure: Structure, delivery: Delivered, stricter: int | None) -> IntArray:
    return attacker_floors(structure, delivery.table, delivery.withheld, stricter=stricter)
