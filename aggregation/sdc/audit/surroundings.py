"""The surroundings of a cell in a large polytope: small parts of it in which most questions are answered.

A part in which only some cells may move, and all others keep their value: what moves there moves in the
whole, so its tables are witnesses. A part with only some of the relations: what cannot move there cannot move
in the whole either, so its proofs are proofs. Neither ever gives the opposite answer; for that one asks the
whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from aggregation.sdc.audit.polytope import Polytope
from aggregation.sdc.linear_system import BoolArray, IntArray, LinearSystem

_SIZES: Final = (40, 200, 800)
"""Cells of the parts in which a table is looked for, one after the other."""

_MORE: Final = (100, 300, 700)
"""Cells that are added to those of a table with fractions, one after the other, to find one without."""

_RELAXED: Final = 200
"""Cells of the part in which a proof is looked for."""


class Surroundings:
    """Cuts small polytopes out of a large one."""

    def __init__(self, polytope: Polytope) -> None:
        """Index the relations of each cell."""
        self._polytope, system = polytope, polytope.system
        order = np.argsort(system.columns, kind="stable")
        self._rows = system.row_of_entry[order]
        self._first = np.searchsorted(system.columns[order], np.arange(system.cells + 1))
        self._size = np.diff(system.starts)
        self._slack = np.minimum(-polytope.lower, 8) / 100.0
        self._parts: list[Polytope] = []

    @property
    def programs(self) -> int:
        """Number of programs solved in all parts."""
        return sum(part.programs for part in self._parts)

    def closed(self, cell: int) -> Iterator[Polytope]:
        """Yield parts of growing size around a cell in which cells may move and all others stand still.

        Cells are added that share most relations with those that are in it already and would otherwise be
        alone there: so the corners of a small grid are found, whatever the dimensions are.
        """
        inside = np.zeros(len(self._polytope.cells), dtype=np.bool_)
        members = np.zeros(self._polytope.system.rows, dtype=np.int64)
        self._add(np.array([self._number(cell)]), inside, members)
        yield from self._growing(inside, members, _SIZES)

    def around(self, cells: IntArray) -> Iterator[Polytope]:
        """Yield parts of growing size around some cells, given by their numbers in the whole system.

        A table that has fractions moves too few cells for whole numbers: they need others to move with them.
        """
        inside = np.zeros(len(self._polytope.cells), dtype=np.bool_)
        members = np.zeros(self._polytope.system.rows, dtype=np.int64)
        self._add(np.searchsorted(self._polytope.cells, cells), inside, members)
        yield from self._growing(inside, members, [len(cells) + more for more in _MORE])

    def relaxed(self, cell: int) -> Polytope:
        """Return a part with those relations only that lie in it altogether; short ones come first."""
        inside = np.zeros(len(self._polytope.cells), dtype=np.bool_)
        inside[self._number(cell)] = True
        frontier = np.flatnonzero(inside)
        while len(frontier) and inside.sum() < _RELAXED:
            rows = np.unique(self._rows_of(frontier))
            rows = rows[np.argsort(self._size[rows], kind="stable")]
            cells = self._cells_of(rows)
            _, first = np.unique(cells, return_index=True)
            cells = cells[np.sort(first)]
            frontier = cells[~inside[cells]][: _RELAXED - int(inside.sum())]
            inside[frontier] = True
        rows = np.unique(self._rows_of(np.flatnonzero(inside)))
        whole = np.add.reduceat(inside[self._cells_of(rows)], self._starts_of(rows)) == self._size[rows]
        return self._part(np.flatnonzero(inside), rows[whole])

    def _growing(self, inside: BoolArray, members: IntArray, sizes: Sequence[int]) -> Iterator[Polytope]:
        before = 0
        for size in sizes:
            while inside.sum() < size and self._grow(inside, members):
                pass
            if inside.sum() == before:
                return
            before = int(inside.sum())
            yield self._part(np.flatnonzero(inside), np.flatnonzero(members))

    def _grow(self, inside: BoolArray, members: IntArray) -> bool:
        """Add cells that keep others company; False if there are none."""
        lonely = np.flatnonzero(members == 1)
        rows = lonely if len(lonely) else np.flatnonzero(members)
        cells = self._cells_of(rows)
        score = np.bincount(cells, weights=np.repeat(1.0 + 1.0 / self._size[rows], self._size[rows]))
        score[inside[: len(score)]] = 0.0
        candidates = np.flatnonzero(score)
        if not len(candidates):
            return False
        count = max(1, len(rows) // 6)
        best = np.lexsort((candidates, -(score[candidates] + self._slack[candidates])))[:count]
        self._add(candidates[best], inside, members)
        return True

    def _add(self, cells: IntArray, inside: BoolArray, members: IntArray) -> None:
        inside[cells] = True
        np.add.at(members, self._rows_of(cells), 1)

    def _part(self, cells: IntArray, rows: IntArray) -> Polytope:
        """Return the polytope of some cells under some relations; all other cells keep their value."""
        polytope, system = self._polytope, self._polytope.system
        number = np.full(system.cells, -1, dtype=np.int64)
        number[cells] = np.arange(len(cells))
        entries = _ranges(system.starts[rows], self._size[rows])
        row = np.repeat(np.arange(len(rows)), self._size[rows])
        kept = number[system.columns[entries]] >= 0
        sizes = np.bincount(row[kept], minlength=len(rows))
        used = np.flatnonzero(sizes)
        part = LinearSystem(
            cells=len(cells),
            starts=np.concatenate(([0], np.cumsum(sizes[used]))).astype(np.int64),
            columns=number[system.columns[entries[kept]]],
            coefficients=system.coefficients[entries[kept]],
            lower=system.lower[rows[used]],
            upper=system.upper[rows[used]],
            kinds=system.kinds[rows[used]],
            certain=system.certain[rows[used]],
        )
        found = Polytope(
            part,
            polytope.cells[cells],
            polytope.rows[rows[used]],
            polytope.lower[cells],
            largest=polytope.largest,
        )
        self._parts.append(found)
        return found

    def _number(self, cell: int) -> int:
        return int(np.searchsorted(self._polytope.cells, cell))

    def _rows_of(self, cells: IntArray) -> IntArray:
        return self._rows[_ranges(self._first[cells], self._first[cells + 1] - self._first[cells])]

    def _cells_of(self, rows: IntArray) -> IntArray:
        return self._polytope.system.columns[_ranges(self._polytope.system.starts[rows], self._size[rows])]

    def _starts_of(self, rows: IntArray) -> IntArray:
        sizes = self._size[rows]
        ends: IntArray = np.cumsum(sizes, dtype=np.int64)
        starts: IntArray = ends - sizes
        return starts


def _ranges(starts: IntArray, sizes: IntArray) -> IntArray:
    """Return the numbers of several ranges behind each other."""
    ends = np.cumsum(sizes)
    total = int(ends[-1]) if len(ends) else 0
    numbers: IntArray = np.arange(total, dtype=np.int64) + np.repeat(starts - (ends - sizes), sizes)
    return numbers
