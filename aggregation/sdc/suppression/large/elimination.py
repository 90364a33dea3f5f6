"""A cheap pattern to start from, by linear algebra alone: what can be published before somebody can subtract.

A table is free in its leaves, and every other cell is a sum of these. Cells are published one after the
other, the dearest first, unless what is published then adds up to a sensitive cell: computed exactly, modulo
a prime, in seconds where programs take minutes. What remains is withheld.

That is not yet safe. Leaves at their floor cannot fall, which is why no sum of such leaves alone is published
either, but an attacker can draw more from floors and from whole numbers. So the outcome is a proposal about
where to look, and its witnesses are still to be found.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from aggregation.sdc.linear_system import BoolArray, IntArray
from aggregation.sdc.suppression.task import Task
from aggregation.sdc.tables import LinkedTables

_PRIME: Final = 2**31 - 1
"""Products of two remainders fit into 64 bits."""

_LEAVES: Final = 8_000
"""Movable leaves up to which it is done: the matrix has as many columns, and as many rows and more."""

_TAGS: Final = 2


def start_by_elimination(task: Task) -> BoolArray | None:
    """Return the optional cells to withhold at first; None where the leaves do not tell all other cells.

    Args:
        task: what is to be protected; of its views, only what must stay uncertain for the outsider counts.
    """
    tables, publication = task.tables, task.publication
    if tables is None:
        return None
    movable = publication.withheld | task.optional
    leaves = np.flatnonzero(movable & tables.leaf(tables.cells))
    sums = _Sums.of(tables, leaves)
    told = np.array_equal(sums.of_figures(publication.values[leaves])[movable], publication.values[movable])
    if len(leaves) > _LEAVES or not told:
        return None
    at_floor = publication.values[leaves] <= publication.floors[leaves]
    published = _Published(sums, np.flatnonzero(task.views[0].demands.cells), at_floor)
    optional = np.flatnonzero(task.optional)
    values, costs = publication.values, task.costs
    withheld = np.zeros_like(movable)
    for cell in optional[np.lexsort((optional, -values[optional], -costs[optional]))].tolist():
        withheld[cell] = not published.add(cell)
    return withheld


class _Sums(NamedTuple):
    """Which leaves each cell adds up."""

    starts: IntArray
    leaves: IntArray
    width: int

    @classmethod
    def of(cls, tables: LinkedTables, leaves: IntArray) -> _Sums:
        """Find the leaves below each cell; they are numbered as given."""
        numbers, ones = np.arange(len(leaves)), np.ones(len(leaves), dtype=np.int64)
        cells, below, _ = tables.contributions(tables.cells[leaves], numbers, ones)
        order = np.lexsort((below, cells))
        return cls(np.searchsorted(cells[order], np.arange(len(tables) + 1)), below[order], len(leaves))

    def below(self, cell: int) -> IntArray:
        """Return the leaves below a cell."""
        return self.leaves[self.starts[cell] : self.starts[cell + 1]]

    def of_figures(self, figures: IntArray) -> IntArray:
        """Return the sum of each cell."""
        cells = np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))
        sums = np.zeros(len(self.starts) - 1, dtype=np.int64)
        np.add.at(sums, cells, figures[self.leaves])
        return sums


class _Published:
    """What is published so far, in reduced form, and what is left of the sensitive cells.

    Rows are sums of leaves modulo the prime. Those of published cells come first: each is the only row, of
    all, that has its pivot. Two random sums of each row (*tags*) tell which rows are parallel.
    """

    def __init__(self, sums: _Sums, sensitive: IntArray, at_floor: BoolArray) -> None:
        self._sums, self._at_floor = sums, at_floor
        leaves, rows = sums.width, sums.width + len(sensitive)
        self._rows = np.zeros((rows, leaves), dtype=np.int32)
        self._tag_of_leaf = np.random.default_rng(0).integers(1, _PRIME, size=(leaves, _TAGS))
        self._tags = np.zeros((rows, _TAGS), dtype=np.int64)
        for row, cell in enumerate(sensitive.tolist(), leaves):
            self._rows[row, sums.below(cell)] = 1
            self._tags[row] = self._tag_of_leaf[sums.below(cell)].sum(axis=0) % _PRIME
        self._used = np.count_nonzero(self._rows, axis=0)
        self._row_of_pivot = np.full(leaves, -1, dtype=np.int64)
        self._count = 0

    def add(self, cell: int) -> bool:
        """Publish a cell; False, and nothing is done, if it would tell too much."""
        row, tags = self._reduced(self._sums.below(cell))
        places = np.flatnonzero(row)
        if not len(places):
            return True  # anybody can compute it already
        free = places[~self._at_floor[places]]
        if not len(free) or self._tells_sensitive(tags):
            return False
        pivot = int(free[np.argmin(self._used[free])])
        factor = pow(int(row[pivot]), -1, _PRIME)
        self._eliminate(pivot, places, row[places] * factor % _PRIME, tags * factor % _PRIME)
        return True

    def _reduced(self, leaves: IntArray) -> tuple[IntArray, IntArray]:
        row = np.zeros(self._sums.width, dtype=np.int64)
        row[leaves] = 1
        tags = self._tag_of_leaf[leaves].sum(axis=0)
        known = self._row_of_pivot[leaves]
        known = known[known >= 0]
        row -= self._rows[known].sum(axis=0, dtype=np.int64)
        return row % _PRIME, (tags - self._tags[known].sum(axis=0)) % _PRIME

    def _tells_sensitive(self, tags: IntArray) -> bool:
        left = self._tags[self._sums.width :]
        return bool(np.any((left[:, 0] * tags[1] - left[:, 1] * tags[0]) % _PRIME == 0))

    def _eliminate(self, pivot: int, places: IntArray, amounts: IntArray, tags: IntArray) -> None:
        having = np.flatnonzero(self._rows[:, pivot])
        factors = self._rows[having, pivot].astype(np.int64)
        here = np.ix_(having, places)
        before = self._rows[here]
        after = (before - factors[:, None] * amounts) % _PRIME
        self._rows[here] = after
        self._used[places] += np.count_nonzero(after, axis=0) - np.count_nonzero(before, axis=0) + 1
        self._tags[having] = (self._tags[having] - factors[:, None] * tags) % _PRIME
        self._rows[self._count, places] = amounts
        self._tags[self._count] = tags
        self._row_of_pivot[pivot] = self._count
        self._count += 1
