"""Alternative tables that this process has found, so that a history is not proven anew with every delivery.

A node protects and audits quarter after quarter against the same history. A *witness* is another integer
table that fits everything published; it is kept as what it changes in which delivery. Whether it still is
one, with the neighbours and the pattern of today, is checked in integer arithmetic before it counts, all of
them at once: nothing here is believed. Entries only save time: whether a cell is found here never changes a
pattern or a verdict, which ask whether a proof *exists*. The suppression and the audit keep a memory each.
What the suppression found serves the audit for deliveries that are out: each of them was attacked when it
left, and what keeps its cells secret is checked again. The new delivery is attacked without. A memory is
bounded and never leaves the process.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from aggregation.disclosure.history import History
from aggregation.sdc.completion import Completion
from aggregation.sdc.demands import KINDS, Demands
from aggregation.sdc.linear_system import BoolArray, IntArray
from aggregation.sdc.publication import Publication
from aggregation.sdc.views import View

_Part = tuple[bytes, IntArray, IntArray]
"""Digest of a delivery, its rows that change, and by how much."""


@dataclass(frozen=True, eq=False)
class Witnesses:
    """Changes of a system of tables, one entry per change and cell.

    Attributes:
        number: which change.
        cells: which cell.
        changes: by how much; never zero.
        count: how many changes there are.
    """

    number: IntArray
    cells: IntArray
    changes: IntArray
    count: int

    def only(self, some: BoolArray) -> Witnesses:
        """Return some of them."""
        number = np.cumsum(some, dtype=np.int64) - 1
        entries = some[self.number]
        return Witnesses(
            number[self.number[entries]], self.cells[entries], self.changes[entries], int(some.sum())
        )

    def proper(self, publication: Publication) -> BoolArray:
        """Return which of them are alternative tables: ``Publication.is_alternative`` for all at once."""
        system = publication.system
        values = publication.values[self.cells] + self.changes
        bad_entry = ~publication.withheld[self.cells] | (values < publication.floors[self.cells])
        proper: BoolArray = np.bincount(self.number[bad_entry], minlength=self.count) == 0
        entry, of = system.entries_of(self.cells)
        key = self.number[of] * max(system.rows, 1) + system.row_of_entry[entry]
        order = np.argsort(key, kind="stable")
        key = key[order]
        first = np.flatnonzero(np.diff(key, prepend=-1))
        if len(first):
            rows = key[first]
            moved = np.add.reduceat((system.coefficients[entry] * self.changes[of])[order], first)
            row = rows % system.rows
            activity = system.activity(publication.values)[row] + moved
            broken = (activity < system.lower[row]) | (activity > system.upper[row])
            proper[rows[broken] // system.rows] = False
        return proper

    def meeting(self, demands: Demands) -> BoolArray:
        """Return which demands some of them meets, as a matrix."""
        kinds, entries = np.nonzero(demands.met_by_some(self.cells, self.changes))
        met = np.zeros((KINDS, len(demands.differ)), dtype=np.bool_)
        met[kinds, self.cells[entries]] = True
        return met

    def needed(self, demands: Demands) -> BoolArray:
        """Return the first that meets each demand: if all of them are proper, the others are not needed."""
        kinds, entries = np.nonzero(demands.met_by_some(self.cells, self.changes))
        first = np.full((KINDS, len(demands.differ)), self.count, dtype=np.int64)
        np.minimum.at(first, (kinds, self.cells[entries]), self.number[entries])
        needed = np.zeros(self.count, dtype=np.bool_)
        needed[first[first < self.count]] = True
        return needed

    def each(self) -> list[tuple[IntArray, IntArray]]:
        """Return the cells of each, and by how much they change."""
        ends = np.cumsum(np.bincount(self.number, minlength=self.count))[:-1]
        order = np.argsort(self.number, kind="stable")
        cells, changes = np.split(self.cells[order], ends), np.split(self.changes[order], ends)
        return list(zip(cells, changes, strict=True)) if self.count else []


class WitnessMemory:
    """A bounded memory of changes."""

    def __init__(self, max_witnesses: int) -> None:
        """Keep the newest so many."""
        self._max = max_witnesses
        self._kept: OrderedDict[bytes, tuple[_Part, ...]] = OrderedDict()

    def __len__(self) -> int:
        """Return how many are kept."""
        return len(self._kept)

    def remember(self, history: History, changes: Iterable[IntArray]) -> None:
        """Keep changes of a history, one entry per cell each; the oldest give way."""
        for change in changes:
            parts = tuple(_parts(history, change))
            name = b"".join(digest + rows.tobytes() + by.tobytes() for digest, rows, by in parts)
            self._kept[name] = parts
            self._kept.move_to_end(name)
        while len(self._kept) > self._max:
            self._kept.popitem(last=False)

    def recall(self, history: History) -> Witnesses:
        """Return the changes that move deliveries of a history only, as changes of the joint system."""
        start = {delivery.digest: history.starts[b] for b, delivery in enumerate(history.deliveries)}
        kept = [parts for parts in self._kept.values() if all(digest in start for digest, _, _ in parts)]
        parts = [(number, part) for number, witness in enumerate(kept) for part in witness]
        sizes = [len(rows) for _, (_, rows, _) in parts]
        first = np.array([start[digest] for _, (digest, _, _) in parts], dtype=np.int64)
        nothing = np.zeros(0, dtype=np.int64)
        return Witnesses(
            number=np.repeat(np.array([number for number, _ in parts], dtype=np.int64), sizes),
            cells=np.concatenate([nothing, *(rows for _, (_, rows, _) in parts)]) + np.repeat(first, sizes),
            changes=np.concatenate([nothing, *(by for _, (_, _, by) in parts)]),
            count=len(kept),
        )

    def met(self, history: History, publication: Publication, demands: Demands) -> BoolArray:
        """Return which demands on a history are met by what is remembered, as a matrix.

        Changes that the newest delivery has broken are completed, if moving it and those next to it suffices.
        """
        met = np.zeros((KINDS, len(demands.differ)), dtype=np.bool_)
        untried, broken = self.recall(history), []
        while (needed := untried.needed(demands.without(met))).any():
            tried, untried = untried.only(needed), untried.only(~needed)
            proper = tried.proper(publication)
            met |= tried.only(proper).meeting(demands)
            broken += tried.only(~proper).each()
        if broken:
            near = np.zeros(history.system.cells, dtype=np.bool_)
            near[history.cells_of(history.near(0))] = True
            completion = Completion(publication, near)
            for cells, by in broken:
                if (demands.met_by_some(cells, by) & ~met[:, cells]).any():
                    whole = completion.of(cells, by)
                    if whole is not None and publication.is_alternative(whole):
                        self.remember(history, [whole])
                        met |= demands.met_by(whole)
        return met

    def left(self, history: History, publication: Publication, views: Sequence[View]) -> tuple[View, ...]:
        """Return who is not yet left uncertain by what is remembered, and about what.

        A table that fits for everybody fits for whoever knows none of the cells that it moves.
        """
        if not views:
            return ()
        recalled = self.recall(history)
        known = recalled.only(recalled.proper(publication))
        left = []
        for view in views:
            knows = np.zeros(known.count, dtype=np.bool_)
            if view.known is not None:
                knows[known.number[view.known[known.cells]]] = True
            demands = view.demands.without(known.only(~knows).meeting(view.demands))
            if demands.cells.any():
                left.append(replace(view, demands=demands))
        return tuple(left)

    def forget(self) -> None:
        """Forget everything."""
        self._kept.clear()


WITNESSES: Final = WitnessMemory(max_witnesses=20_000)
"""What this process has found while protecting."""


def _parts(history: History, change: IntArray) -> Iterable[_Part]:
    moved = np.flatnonzero(change)
    block = np.searchsorted(history.starts, moved, side="right") - 1
    for number in np.unique(block).tolist():
        cells = moved[block == number]
        yield history.deliveries[number].digest, cells - history.starts[number], change[cells]
