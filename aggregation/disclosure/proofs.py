"""Alternative tables that this process has found, so that a history is not proven anew with every delivery.

A node protects and audits quarter after quarter against the same history. A *witness* is another integer
table that fits everything published; it is kept as what it changes in which delivery. Whether it still is
one, with the neighbours and the pattern of today, is checked in integer arithmetic before it counts, all of
them at once: nothing here is believed. Entries only save time: whether a cell is found here never changes a
pattern or a verdict, which ask whether a proof *exists*. The suppression and the audit keep a memory each. It
is bounded and never leaves the process.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from aggregation.disclosure.history import History
from aggregation.sdc.demands import DIFFER, FALL, KINDS, RISE, Demands
from aggregation.sdc.linear_system import BoolArray, IntArray
from aggregation.sdc.publication import Publication

_Part = tuple[bytes, bytes, bytes]
"""Digest of a delivery, its rows that change (int64), and by how much."""


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

    def proper(self, publication: Publication) -> BoolArray:
        """Return which of them are alternative tables: ``Publication.is_alternative`` for all at once."""
        system = publication.system
        values = publication.values[self.cells] + self.changes
        bad_entry = ~publication.withheld[self.cells] | (values < publication.floors[self.cells])
        proper: BoolArray = np.bincount(self.number[bad_entry], minlength=self.count) == 0
        entry, of = _entries_of(self.cells, system.columns, system.cells)
        key = self.number[of] * max(system.rows, 1) + system.row_of_entry[entry]
        order = np.argsort(key, kind="stable")
        rows, first = np.unique(key[order], return_index=True)
        if len(rows):
            moved = np.add.reduceat((system.coefficients[entry] * self.changes[of])[order], first)
            row = rows % system.rows
            activity = system.activity(publication.values)[row] + moved
            broken = (activity < system.lower[row]) | (activity > system.upper[row])
            proper[rows[broken] // system.rows] = False
        return proper

    def met(self, demands: Demands, proper: BoolArray) -> BoolArray:
        """Return what those that are proper meet of some demands: one row per kind, one column per cell."""
        met = np.zeros((KINDS, len(demands.differ)), dtype=np.bool_)
        good = proper[self.number]
        cells, changes = self.cells[good], self.changes[good]
        met[DIFFER, cells] = demands.differ[cells]
        rise, fall = demands.rise[cells], demands.fall[cells]
        met[RISE, cells[(rise > 0) & (changes >= rise)]] = True
        met[FALL, cells[(fall > 0) & (-changes >= fall)]] = True
        return met


class WitnessMemory:
    """A bounded memory of changes."""

    def __init__(self, max_witnesses: int) -> None:
        """Keep the newest so many."""
        self._max = max_witnesses
        self._kept: OrderedDict[tuple[_Part, ...], None] = OrderedDict()

    def __len__(self) -> int:
        """Return how many are kept."""
        return len(self._kept)

    def remember(self, history: History, changes: Iterable[IntArray]) -> None:
        """Keep changes of a history, one entry per cell each; the oldest give way."""
        for change in changes:
            witness = tuple(_parts(history, change))
            self._kept[witness] = None
            self._kept.move_to_end(witness)
        while len(self._kept) > self._max:
            self._kept.popitem(last=False)

    def recall(self, history: History) -> Witnesses:
        """Return the changes that move deliveries of a history only, as changes of the joint system."""
        start = {delivery.digest: history.starts[b] for b, delivery in enumerate(history.deliveries)}
        number, cells, changes, count = [], [], [], 0
        for witness in self._kept:
            if all(digest in start for digest, _, _ in witness):
                for digest, rows, by in witness:
                    cells.append(np.frombuffer(rows, dtype=np.int64) + start[digest])
                    changes.append(np.frombuffer(by, dtype=np.int64))
                    number.append(np.full(len(cells[-1]), count, dtype=np.int64))
                count += 1
        nothing = np.zeros(0, dtype=np.int64)
        return Witnesses(
            np.concatenate([nothing, *number]),
            np.concatenate([nothing, *cells]),
            np.concatenate([nothing, *changes]),
            count,
        )

    def met(self, history: History, publication: Publication, demands: Demands) -> BoolArray:
        """Return which demands on a history are met by what is remembered, as a matrix."""
        witnesses = self.recall(history)
        return witnesses.met(demands, witnesses.proper(publication))

    def forget(self) -> None:
        """Forget everything."""
        self._kept.clear()


def _parts(history: History, change: IntArray) -> Iterable[_Part]:
    moved = np.flatnonzero(change)
    block = np.searchsorted(history.starts, moved, side="right") - 1
    for number in np.unique(block).tolist():
        cells = moved[block == number]
        rows = (cells - history.starts[number]).tobytes()
        yield history.deliveries[number].digest, rows, change[cells].tobytes()


def _entries_of(cells: IntArray, columns: IntArray, size: int) -> tuple[IntArray, IntArray]:
    """Return the entries of a system's rows that hold some cells, and the position of each one's cell."""
    by_cell = np.argsort(columns, kind="stable")
    count = np.bincount(columns, minlength=size)
    start = np.cumsum(count) - count
    of = np.repeat(np.arange(len(cells), dtype=np.int64), count[cells])
    within = np.arange(len(of), dtype=np.int64) - np.repeat(
        np.cumsum(count[cells]) - count[cells], count[cells]
    )
    return by_cell[start[cells[of]] + within], of
