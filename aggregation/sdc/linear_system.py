"""Published tables as one sparse linear system: cells are variables, relations are rows.

The core of disclosure control (suppression, audit, bounds) sees nothing but this: how many cells there are
and which linear facts hold between them. What a row *means* is a :class:`RelationKind`; the catalogue's words
stay in `relations`. Invariants: integer coefficients and limits throughout (no tolerance can hide an open
cell), rows are never empty, arrays are never written to after construction.

It deliberately holds no values, no pattern and no solver.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import cached_property
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

NO_LIMIT: Final = 2**62
"""A row's or cell's limit that does not bind; its negative on the lower side."""


class RelationKind(IntEnum):
    """Why a row holds."""

    SUM = 0  # a cell is the sum of its parts
    PART = 1  # multi-response: each part is at most the total
    COVER = 2  # multi-response: the total is at most the sum of the parts
    SUBSET = 3  # who is counted in one indicator is counted in another
    EQUAL = 4  # two indicators count the same
    FLOW = 5  # stock now = stock before + came - went
    FLOW_FLOOR = 6  # as FLOW, but the stock before was never delivered: it is only known to be >= 0
    VINTAGE = 7  # a figure delivered twice and not changed in between
    FLOW_HIDDEN = (
        8  # who went is not delivered by this breakdown, but cannot be fewer than nobody, nor too many
    )
    YEAR = 9  # persons of a year: at least those of a quarter, at most those of all quarters


@dataclass(frozen=True, slots=True)
class Relation:
    """One linear fact: ``lower <= sum(coefficients * cells) <= upper``.

    Attributes:
        kind: why it holds.
        cells: cell numbers, each once.
        coefficients: one per cell, never zero.
        lower: lower limit, ``-NO_LIMIT`` if none.
        upper: upper limit, ``NO_LIMIT`` if none.
        certain: True if it holds in every delivery by construction; False if an attacker may only assume it.
    """

    kind: RelationKind
    cells: tuple[int, ...]
    coefficients: tuple[int, ...]
    lower: int = 0
    upper: int = 0
    certain: bool = True


@dataclass(frozen=True)
class LinearSystem:
    """Linear relations between cells, rows compressed.

    Attributes:
        cells: number of cells.
        starts: position of each row's first entry in ``columns``; one more than there are rows.
        columns: cell number of each entry.
        coefficients: coefficient of each entry.
        lower: lower limit of each row.
        upper: upper limit of each row.
        kinds: :class:`RelationKind` of each row.
        certain: whether each row holds by construction.
    """

    cells: int
    starts: IntArray
    columns: IntArray
    coefficients: IntArray
    lower: IntArray
    upper: IntArray
    kinds: IntArray
    certain: BoolArray

    @classmethod
    def of(cls, cells: int, relations: Sequence[Relation]) -> Self:
        """Build a system from its relations, in their order.

        Args:
            cells: number of cells.
            relations: the rows.

        Raises:
            ValueError: an empty row, a cell twice in a row or outside the system, a zero coefficient,
                unequal lengths.
        """
        for relation in relations:
            _check(relation, cells)
        sizes = [len(relation.cells) for relation in relations]
        return cls(
            cells=cells,
            starts=np.concatenate(([0], np.cumsum(sizes, dtype=np.int64))).astype(np.int64),
            columns=np.array([c for r in relations for c in r.cells], dtype=np.int64),
            coefficients=np.array([c for r in relations for c in r.coefficients], dtype=np.int64),
            lower=np.array([r.lower for r in relations], dtype=np.int64),
            upper=np.array([r.upper for r in relations], dtype=np.int64),
            kinds=np.array([r.kind for r in relations], dtype=np.int64),
            certain=np.array([r.certain for r in relations], dtype=np.bool_),
        )

    @property
    def rows(self) -> int:
        """Number of relations."""
        return len(self.starts) - 1

    @cached_property
    def row_of_entry(self) -> IntArray:
        """Row number of each entry."""
        return np.repeat(np.arange(self.rows, dtype=np.int64), np.diff(self.starts))

    @cached_property
    def by_cell(self) -> tuple[IntArray, IntArray]:
        """Numbers of all entries in the order of their cells, and where those of each cell begin."""
        starts = np.searchsorted(np.sort(self.columns), np.arange(self.cells + 1))
        return np.argsort(self.columns, kind="stable"), starts.astype(np.int64)

    def entries_of(self, cells: IntArray) -> tuple[IntArray, IntArray]:
        """Return the entries that hold some cells, and which of the cells each of them holds."""
        by_cell, starts = self.by_cell
        sizes = starts[cells + 1] - starts[cells]
        of = np.repeat(np.arange(len(cells), dtype=np.int64), sizes)
        within = np.arange(len(of), dtype=np.int64) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return by_cell[starts[cells[of]] + within], of

    def entries(self, row: int) -> slice:
        """Positions of a row's entries in ``columns`` and ``coefficients``."""
        return slice(int(self.starts[row]), int(self.starts[row + 1]))

    def activity(self, values: IntArray) -> IntArray:
        """Return each row's sum for the given cell values, exactly."""
        if not self.rows:
            return np.zeros(0, dtype=np.int64)
        products: IntArray = self.coefficients * values[self.columns]
        return np.add.reduceat(products, self.starts[:-1])

    def satisfied(self, values: IntArray) -> BoolArray:
        """Return for each row whether the values keep it."""
        activity = self.activity(values)
        return (activity >= self.lower) & (activity <= self.upper)

    def among(self, cells: IntArray, fixed: IntArray) -> tuple[LinearSystem, IntArray]:
        """Return what the relations say about some cells when the rest of each row is known.

        Args:
            cells: the cells that remain, ascending.
            fixed: what the known part of each row adds up to.

        Returns:
            The system over the remaining cells, renumbered, without rows that touch none of them; and the
            number that each of its rows has here.
        """
        number = np.full(self.cells, -1, dtype=np.int64)
        number[cells] = np.arange(len(cells))
        inside = number[self.columns] >= 0
        sizes = np.bincount(self.row_of_entry[inside], minlength=self.rows)
        kept = np.flatnonzero(sizes)
        lower, upper = self.lower[kept], self.upper[kept]
        system = LinearSystem(
            cells=len(cells),
            starts=np.concatenate(([0], np.cumsum(sizes[kept]))).astype(np.int64),
            columns=number[self.columns[inside]],
            coefficients=self.coefficients[inside],
            lower=np.where(lower <= -NO_LIMIT, -NO_LIMIT, lower - fixed[kept]),
            upper=np.where(upper >= NO_LIMIT, NO_LIMIT, upper - fixed[kept]),
            kinds=self.kinds[kept],
            certain=self.certain[kept],
        )
        return system, kept

    def renumbered(self, cells: int, number: IntArray) -> LinearSystem:
        """Return the same rows in a system of ``cells`` cells, where cell ``i`` is ``number[i]``."""
        return replace(self, cells=cells, columns=number[self.columns])

    def in_steps(self, step: int) -> LinearSystem:
        """Return a system over changes as one over whole steps of a size; limits are rounded inwards."""
        if step == 1:
            return self
        lower = np.where(self.lower <= -NO_LIMIT, -NO_LIMIT, -(-self.lower // step))
        upper = np.where(self.upper >= NO_LIMIT, NO_LIMIT, self.upper // step)
        return replace(self, lower=lower, upper=upper)

    def in_two_parts(self) -> LinearSystem:
        """Return a system over changes as one over rises (first) and falls (second half of the cells)."""
        return replace(
            self,
            cells=2 * self.cells,
            starts=2 * self.starts,
            columns=np.stack([self.columns, self.columns + self.cells], axis=1).reshape(-1),
            coefficients=np.stack([self.coefficients, -self.coefficients], axis=1).reshape(-1),
        )

    def only_of(self, cells: BoolArray) -> LinearSystem:
        """Return the system without the rows that touch any other cell than these."""
        outside = np.zeros(self.rows, dtype=np.bool_)
        outside[self.row_of_entry[~cells[self.columns]]] = True
        return self.only_rows(~outside)

    def only_rows(self, keep: BoolArray) -> LinearSystem:
        """Return the system with a subset of its rows, in the same order."""
        sizes = np.diff(self.starts)[keep]
        entries = keep[self.row_of_entry]
        return LinearSystem(
            cells=self.cells,
            starts=np.concatenate(([0], np.cumsum(sizes))).astype(np.int64),
            columns=self.columns[entries],
            coefficients=self.coefficients[entries],
            lower=self.lower[keep],
            upper=self.upper[keep],
            kinds=self.kinds[keep],
            certain=self.certain[keep],
        )


def stack(parts: Sequence[LinearSystem]) -> LinearSystem:
    """Put systems side by side: the cells of each follow those of the one before.

    Args:
        parts: at least one system.

    Returns:
        One system with all cells and all rows; no row connects two parts.
    """
    *offsets, cells = np.cumsum([0, *(part.cells for part in parts)]).tolist()
    return joined(
        [
            part.renumbered(cells, np.arange(offset, offset + part.cells, dtype=np.int64))
            for part, offset in zip(parts, offsets, strict=True)
        ]
    )


def joined(parts: Sequence[LinearSystem]) -> LinearSystem:
    """Return the rows of several systems over the same cells, in their order.

    Raises:
        ValueError: if the numbers of cells differ.
    """
    if len({part.cells for part in parts}) != 1:
        raise ValueError("only systems over the same cells can be joined")
    *offsets, entries = np.cumsum([0, *(len(part.columns) for part in parts)]).tolist()
    starts = [part.starts[:-1] + offset for part, offset in zip(parts, offsets, strict=True)]
    return LinearSystem(
        cells=parts[0].cells,
        starts=np.concatenate([*starts, [entries]]).astype(np.int64),
        columns=np.concatenate([part.columns for part in parts]),
        coefficients=np.concatenate([part.coefficients for part in parts]),
        lower=np.concatenate([part.lower for part in parts]),
        upper=np.concatenate([part.upper for part in parts]),
        kinds=np.concatenate([part.kinds for part in parts]),
        certain=np.concatenate([part.certain for part in parts]),
    )


def components(system: LinearSystem) -> IntArray:
    """Label the cells so that exactly the cells that relations connect share a label.

    Returns:
        One label per cell: the smallest cell number of its component.
    """
    labels = np.arange(system.cells, dtype=np.int64)
    if not system.rows:
        return labels
    while True:
        lowest = np.minimum.reduceat(labels[system.columns], system.starts[:-1])
        fresh = labels.copy()
        np.minimum.at(fresh, system.columns, lowest[system.row_of_entry])
        fresh = fresh[fresh]  # pointer jumping: long chains shrink fast
        if np.array_equal(fresh, labels):
            return labels
        labels = fresh


def _check(relation: Relation, cells: int) -> None:
    if not relation.cells or len(relation.cells) != len(relation.coefficients):
        raise ValueError("a relation needs cells, and a coefficient for each")
    if len(set(relation.cells)) != len(relation.cells) or 0 in relation.coefficients:
        raise ValueError("a relation names a cell once, with a coefficient that is not zero")
    if min(relation.cells) < 0 or max(relation.cells) >= cells:
        raise ValueError("a relation names a cell outside the system")
