"""Deliveries of one area side by side, with the relations that reach from one to the next.

What was published once stays known, so a new delivery is protected and audited jointly with everything that
is linked to it (attacker A4): stocks and flows of neighbouring quarters, figures of another dataflow that the
catalogue calls equal, quarters and their year, and earlier vintages of the same period. Deliveries that no
relation connects to the new one are left out: it cannot change what is known about them.

Invariants: the new delivery comes first; the cells of a delivery stand together, in the order of its grid;
    a relation that reaches from one delivery to another is used only where the true values keep it (who does
    not have them, the hub, says which he uses: `arrivals`); a cell that is not collected is in no relation.
"""

from __future__ import annotations

import hashlib
import itertools
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

import numpy as np

from aggregation.disclosure.links import Web, webs_of
from aggregation.disclosure.relations import Structure, structure_of
from aggregation.sdc.linear_system import (
    BoolArray,
    IntArray,
    LinearSystem,
    Relation,
    RelationKind,
    joined,
    stack,
)
from aggregation.tabulation import Tabulation
from protocol.errors import kim_error
from protocol.periods import Period
from protocol.texts import Text

_OTHER_GRID: Final = Text(
    "Eine frühere Lieferung hat andere Zellen als der Katalog; ohne sie ist die Geheimhaltung nicht prüfbar.",
    "An earlier delivery has other cells than the catalogue; disclosure control cannot be checked.",
)


@dataclass(frozen=True, eq=False)
class Delivered:
    """A delivery of one area, as the node's local ledger knows it.

    Attributes:
        dataset_id: dataflow.
        period: reporting period.
        table: true figures, aligned with the delivery grid of dataflow and frequency.
        withheld: which cells were withheld.
    """

    dataset_id: str
    period: Period
    table: Tabulation
    withheld: BoolArray

    def __post_init__(self) -> None:
        """Refuse what would be read wrongly.

        Raises:
            ValueError: if the pattern is not bool, or not of one mark per cell.
        """
        if self.withheld.dtype != np.dtype(np.bool_):
            raise ValueError("the pattern is bool")
        if self.values.shape != self.withheld.shape:
            raise ValueError("a delivery has one value and one mark per cell")

    @property
    def values(self) -> IntArray:
        """True value of each cell."""
        return self.table.values

    @cached_property
    def digest(self) -> bytes:
        """What tells this delivery from every other: its place, figures and pattern."""
        parts = (self.values, self.table.collected, self.withheld)
        place = f"{self.dataset_id} {self.period} ".encode()
        return hashlib.sha256(place + b"".join(part.tobytes() for part in parts)).digest()


@dataclass(frozen=True, eq=False)
class History:
    """A new delivery and all that is linked to it, as one system.

    Attributes:
        structures: of each delivery.
        deliveries: the new one first, then the linked ones by dataflow and period, earlier vintages first.
        system: relations within and between them.
    """

    structures: tuple[Structure, ...]
    deliveries: tuple[Delivered, ...]
    system: LinearSystem

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """Where the cells of each delivery begin; one more than there are deliveries."""
        return (0, *itertools.accumulate(len(delivery.values) for delivery in self.deliveries))

    @cached_property
    def values(self) -> IntArray:
        """True values of all cells."""
        return np.concatenate([delivery.values for delivery in self.deliveries])

    @cached_property
    def withheld(self) -> BoolArray:
        """Which of all cells are withheld."""
        return np.concatenate([delivery.withheld for delivery in self.deliveries])

    def place(self, cell: int) -> tuple[int, int]:
        """Return the number of the delivery and the grid row of a cell of the joint system."""
        block = bisect_right(self.starts, cell) - 1
        return block, cell - self.starts[block]

    def cells_of(self, blocks: Sequence[int]) -> IntArray:
        """Return the cells of some deliveries, in their order."""
        return np.concatenate(
            [np.arange(self.starts[block], self.starts[block + 1], dtype=np.int64) for block in blocks]
        )

    def among(self, blocks: Sequence[int]) -> LinearSystem:
        """Return the system of some deliveries with all others held at their true values.

        Whoever moves cells of these deliveries and keeps these rows keeps those of the joint system too.
        """
        if len(blocks) == len(self.deliveries):
            return self.system
        cells, others = self.cells_of(blocks), self.values.copy()
        others[cells] = 0
        return self.system.among(cells, self.system.activity(others))[0]

    def near(self, block: int) -> tuple[int, ...]:
        """Return a delivery and all that share a relation with it, ascending."""
        system = self.system
        of_entry = np.searchsorted(self.starts, system.columns, side="right") - 1
        touched = np.zeros(system.rows, dtype=np.bool_)
        touched[system.row_of_entry[of_entry == block]] = True
        together = np.bincount(of_entry[touched[system.row_of_entry]], minlength=len(self.deliveries)) > 0
        together[block] = True
        return tuple(np.flatnonzero(together).tolist())

    def around(self) -> tuple[tuple[int, ...], ...]:
        """Return the deliveries next to the new one, and those together with the ones next to them."""
        near = self.near(0)
        return near, tuple(sorted(set().union(*map(self.near, near))))

    @cached_property
    def vintages(self) -> tuple[tuple[int, ...], ...]:
        """Numbers of the deliveries of each period, oldest first; the new one is the last of its period."""
        of_period: dict[_Key, list[int]] = {}
        for block in (*range(1, len(self.deliveries)), 0):
            of_period.setdefault(_key(self.deliveries[block]), []).append(block)
        return tuple(tuple(blocks) for blocks in of_period.values())

    def has_vintages(self, block: int) -> bool:
        """Whether the period of a delivery was delivered more than once."""
        return sum(same_period(other, self.deliveries[block]) for other in self.deliveries) > 1


def linked_history(
    structure: Structure,
    new: Delivered,
    linked: Sequence[Delivered],
    *,
    holds: Callable[[LinearSystem, History], BoolArray] | None = None,
) -> History:
    """Put a new delivery beside the linked ones.

    Args:
        structure: of the new delivery.
        new: the delivery to protect or audit.
        linked: earlier and later deliveries of the same area, any dataflows and frequencies, in any order;
            several vintages of a period in the order in which they were delivered.
        holds: which of the rows between deliveries are used, from these rows and the deliveries side by side;
            None: those that the true values keep.

    Returns:
        The joint system.

    Raises:
        KimError: ``disclosure_unknown`` if a delivery does not have the cells of the catalogue;
            ``schema_unknown`` if the catalogue does not have its dataflow or frequency.
    """
    catalogue = structure.catalogue
    ordered = sorted(linked, key=_key)  # stable: vintages stay in order
    structures = {_key(d): structure_of(catalogue, d.dataset_id, d.period.freq) for d in ordered}
    structures[_key(new)] = structure
    if any(len(delivery.values) != len(structures[_key(delivery)].grid) for delivery in (new, *ordered)):
        raise kim_error("disclosure_unknown", _OTHER_GRID)
    webs = webs_of(catalogue)
    found = _connected(webs, _key(new), set(structures))
    deliveries = (new, *(delivery for delivery in ordered if _key(delivery) in found))
    of_each = tuple(structures[_key(delivery)] for delivery in deliveries)
    inside = stack([_within(s, delivery) for s, delivery in zip(of_each, deliveries, strict=True)])
    alone = History(of_each, deliveries, inside)
    between = joined([*_between(webs, alone), LinearSystem.of(inside.cells, list(_unchanged(alone)))])
    collected = np.concatenate([delivery.table.collected for delivery in deliveries])
    kept = between.satisfied(alone.values) if holds is None else holds(between, alone)
    kept &= ~_of_nobody(between, alone)
    between = between.only_rows(kept).only_of(collected)
    return History(of_each, deliveries, joined([inside, between]))


def _of_nobody(system: LinearSystem, history: History) -> BoolArray:
    """Return the rows that say of part of a group that nobody is in it, where the group is a published zero.

    Everybody can tell, whatever is withheld: where no one is from Ukraine, nobody has temporary protection.
    No pattern could keep that zero, and it says nothing that the published one does not.
    """
    someone = history.withheld | (history.values != 0)
    larger = system.coefficients < 0
    counted = np.bincount(system.row_of_entry[larger & someone[system.columns]], minlength=system.rows)
    of_nobody: BoolArray = (system.kinds == RelationKind.SUBSET) & (counted == 0)
    return of_nobody


def same_period(one: Delivered, other: Delivered) -> bool:
    """Whether two deliveries are vintages of the same figures."""
    return _key(one) == _key(other)


_Key = tuple[str, Period]


def _key(delivery: Delivered) -> _Key:
    return delivery.dataset_id, delivery.period


def _within(structure: Structure, delivery: Delivered) -> LinearSystem:
    """Return the relations of one delivery; a cell that is not collected is in none."""
    if delivery.table.collected.all():
        return structure.system
    return structure.system.only_of(delivery.table.collected)


def _connected(webs: tuple[Web, ...], new: _Key, delivered: set[_Key]) -> set[_Key]:
    """Return the deliveries that a chain of relations connects to the new one."""
    found, waiting = {new}, [new]
    while waiting:
        near = set(_neighbours(webs, waiting.pop(), delivered)) - found
        waiting += sorted(near)
        found |= near
    return found


def _neighbours(webs: tuple[Web, ...], key: _Key, delivered: set[_Key]) -> Iterator[_Key]:
    """Yield the deliveries that share a relation with one."""
    for (web, _), keys in _anchored(webs, key):
        here = keys.index(key)
        tied = web.tied(tuple(other in delivered for other in keys))
        yield from (other for slot, other in enumerate(keys) if (here, slot) in tied)


@lru_cache(maxsize=1024)
def _anchored(webs: tuple[Web, ...], key: _Key) -> tuple[tuple[tuple[Web, Period], tuple[_Key, ...]], ...]:
    """Return each web that a delivery is part of, with its anchor, and the deliveries in its slots."""
    dataset_id, period = key
    return tuple(
        ((web, anchor), tuple((other.dataset_id, other.period(anchor)) for other in web.slots))
        for web in webs
        for slot in web.slots
        if slot.takes(dataset_id, period)
        for anchor in (slot.anchor(period),)
    )


def _between(webs: tuple[Web, ...], history: History) -> Iterator[LinearSystem]:
    """Yield the rows of each web, for every vintage of every period: a correction makes nothing unknown."""
    vintages = {_key(history.deliveries[blocks[0]]): blocks for blocks in history.vintages}
    laid = dict(itertools.chain.from_iterable(_anchored(webs, key) for key in sorted(vintages)))
    for (web, _), keys in laid.items():
        for blocks in itertools.product(*(vintages.get(key, (None,)) for key in keys)):
            yield _laid(web, blocks, history)


def _laid(web: Web, blocks: Sequence[int | None], history: History) -> LinearSystem:
    """Return the rows of a web over certain deliveries."""
    number = [
        np.full(size, -1, dtype=np.int64)
        if block is None
        else np.arange(history.starts[block], history.starts[block + 1], dtype=np.int64)
        for block, size in zip(blocks, web.sizes, strict=True)
    ]
    known = tuple(block is not None for block in blocks)
    return web.system(known).renumbered(history.starts[-1], np.concatenate(number))


def _unchanged(history: History) -> Iterator[Relation]:
    """Yield "unchanged" for each cell of a period that was delivered before with the same value."""
    for blocks in history.vintages:
        for earlier, later in itertools.pairwise(blocks):
            for row in range(len(history.deliveries[later].values)):
                pair = (history.starts[earlier] + row, history.starts[later] + row)
                yield Relation(RelationKind.VINTAGE, pair, (1, -1), certain=False)
