"""Linked hierarchical tables as a statistician describes them, and the linear system they are.

A :class:`Hierarchy` per dimension, and tables over some of the dimensions: :class:`LinkedTables` numbers
every published cell once, however many tables show it, and knows each relation between a code and its parts.
Depth may differ from branch to branch, and a hierarchy may have several top codes (then there is no total).

It deliberately holds no figures.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Final, Self

import numpy as np

from aggregation.sdc.linear_system import BoolArray, IntArray, LinearSystem, RelationKind

_TOP: Final = -1
_MOST_KEYS: Final = 2**40
"""Cells of all dimensions crossed: far beyond what anybody publishes, and far below an overflow."""


class HierarchyProblem(StrEnum):
    """What can be wrong with a list of (parent, child) pairs."""

    EMPTY = "hierarchy_empty"
    TWO_PARENTS = "hierarchy_two_parents"
    TWICE = "hierarchy_code_twice"
    CYCLE = "hierarchy_cycle"
    ORPHAN = "hierarchy_orphan"


class HierarchyError(ValueError):
    """Pairs that are no hierarchy.

    Attributes:
        problem: what is wrong.
        dimension: of which dimension.
        codes: the codes it is about; of a cycle, each code of it once, from the top down.
        edge: position of the pair that shows it, from 0; of a cycle, the one that closes it.
    """

    def __init__(
        self, problem: HierarchyProblem, dimension: str, *, codes: Sequence[str] = (), edge: int = 0
    ) -> None:
        """Keep what a reader of files needs to name the line."""
        self.problem, self.dimension, self.codes, self.edge = problem, dimension, tuple(codes), edge
        super().__init__(f"{dimension}: {problem.value} ({', '.join(codes)})")


@dataclass(frozen=True)
class Hierarchy:
    """Codes of a dimension, each below at most one other.

    Attributes:
        dimension: its name.
        codes: every code, parents before their parts.
        parents: position of each code's parent in ``codes``; -1 for a top code.
    """

    dimension: str
    codes: tuple[str, ...]
    parents: tuple[int, ...]

    @classmethod
    def of_edges(cls, dimension: str, edges: Iterable[tuple[str | None, str]]) -> Self:
        """Build a hierarchy from (parent, child) pairs; codes keep the order in which they are first named.

        A parent that is nobody's child is a top code, unless top codes are named outright: as the child of
        ``None``. Then a parent that is named nowhere as a child is an orphan.

        Raises:
            HierarchyError: a code under two parents, twice, or below itself; an orphan; no code at all.
        """
        pairs = list(edges)
        above: dict[str, str | None] = {}
        for number, (parent, child) in enumerate(pairs):
            if child in above:
                same = above[child] == parent
                problem = HierarchyProblem.TWICE if same else HierarchyProblem.TWO_PARENTS
                raise HierarchyError(problem, dimension, codes=(child,), edge=number)
            above[child] = parent
        if not above:
            raise HierarchyError(HierarchyProblem.EMPTY, dimension)
        tops_are_named = None in above.values()
        for number, (parent, _) in enumerate(pairs):
            if parent is not None and parent not in above:
                if tops_are_named:
                    raise HierarchyError(HierarchyProblem.ORPHAN, dimension, codes=(parent,), edge=number)
                above[parent] = None
        parts: dict[str | None, list[str]] = {}
        for code in dict.fromkeys(code for pair in pairs for code in pair if code is not None):
            parts.setdefault(above[code], []).append(code)
        ordered: dict[str, int] = {}
        waiting = parts.get(None, [])[::-1]
        while waiting:
            code = waiting.pop()
            ordered[code] = len(ordered)
            waiting += parts.get(code, [])[::-1]
        if len(ordered) < len(above):
            cycle = _cycle(above, next(code for code in above if code not in ordered))
            edge = max(number for number, (_, child) in enumerate(pairs) if child in cycle)
            raise HierarchyError(HierarchyProblem.CYCLE, dimension, codes=cycle, edge=edge)
        parents = (above[code] for code in ordered)
        return cls(dimension, tuple(ordered), tuple(_TOP if p is None else ordered[p] for p in parents))

    @classmethod
    def flat(cls, dimension: str, codes: Iterable[str]) -> Self:
        """Return a codelist without a total: every code is a top code.

        Raises:
            HierarchyError: a code twice, or no code at all.
        """
        return cls.of_edges(dimension, ((None, code) for code in codes))

    @property
    def edges(self) -> tuple[tuple[str | None, str], ...]:
        """(Parent, child) pairs, the parent of a top code being ``None``: what :meth:`of_edges` reads."""
        return tuple(
            (None if parent == _TOP else self.codes[parent], code)
            for code, parent in zip(self.codes, self.parents, strict=True)
        )

    @cached_property
    def depths(self) -> tuple[int, ...]:
        """Number of codes above each code."""
        depths: list[int] = []
        for parent in self.parents:
            depths.append(0 if parent == _TOP else depths[parent] + 1)
        return tuple(depths)

    @cached_property
    def position(self) -> dict[str, int]:
        """Position of each code in ``codes``."""
        return {code: number for number, code in enumerate(self.codes)}

    @cached_property
    def tops(self) -> tuple[int, ...]:
        """Positions of the top codes."""
        return tuple(number for number, parent in enumerate(self.parents) if parent == _TOP)

    @cached_property
    def parts(self) -> dict[int, tuple[int, ...]]:
        """Positions of the parts of each code that has any."""
        parts: dict[int, list[int]] = {}
        for number, parent in enumerate(self.parents):
            if parent != _TOP:
                parts.setdefault(parent, []).append(number)
        return {parent: tuple(children) for parent, children in parts.items()}

    @cached_property
    def leaves(self) -> tuple[int, ...]:
        """Positions of the codes without parts."""
        return tuple(number for number in range(len(self.codes)) if number not in self.parts)

    def above(self, position: int) -> tuple[int, ...]:
        """Return a code and everything above it, from the bottom up."""
        found = [position]
        while self.parents[found[-1]] != _TOP:
            found.append(self.parents[found[-1]])
        return tuple(found)


@dataclass(frozen=True, eq=False)
class LinkedTables:
    """Tables over common dimensions; a dimension that a table does not list stands at its only top code.

    Attributes:
        hierarchies: one per dimension.
        tables: per table, the positions of its dimensions in ``hierarchies``, ascending.
    """

    hierarchies: tuple[Hierarchy, ...]
    tables: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        """Check that there is exactly one cell for each combination of codes.

        Raises:
            ValueError: no table, dimensions out of order, a dimension that a table leaves out though it has
                no single top code, or more combinations of codes than can be numbered.
        """
        if not self.tables:
            raise ValueError("no table")
        for table in self.tables:
            if list(table) != sorted(set(table)) or not set(table) <= set(range(len(self.hierarchies))):
                raise ValueError("a table names dimensions that exist, once and in order")
            for number in set(range(len(self.hierarchies))) - set(table):
                if len(self.hierarchies[number].tops) != 1:
                    name = self.hierarchies[number].dimension
                    raise ValueError(f"{name} has no single top code, so every table has to list it")
        if math.prod(len(hierarchy.codes) for hierarchy in self.hierarchies) > _MOST_KEYS:
            raise ValueError("too many combinations of codes")

    def __len__(self) -> int:
        """Return the number of cells."""
        return len(self._keys)

    @cached_property
    def cells(self) -> IntArray:
        """Codes of each cell: one row per cell, one column per dimension; sorted, each cell once."""
        return self._codes(self._keys)

    @cached_property
    def system(self) -> LinearSystem:
        """Every relation between a cell and its parts, once; all are sums."""
        found: list[tuple[IntArray, IntArray]] = []  # parent cells of a line of tables, and their parts
        for table in self.tables:
            keys = self._table_keys(table)
            codes = self._codes(keys)
            for dimension in table:
                for parent, parts in self.hierarchies[dimension].parts.items():
                    above = keys[codes[:, dimension] == parent]
                    steps = (np.array(parts, dtype=np.int64) - parent) * self._strides[dimension]
                    found.append((self.number(above), self.number(above[:, None] + steps)))
        return _sums(len(self._keys), found)

    def number(self, keys: IntArray) -> IntArray:
        """Return the numbers of cells, -1 where a key is no cell."""
        place = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        return np.where(self._keys[place] == keys, place, -1)

    def key(self, codes: IntArray) -> IntArray:
        """Return the keys of cells given by the positions of their codes, one row per cell."""
        return codes @ self._strides

    def sums(self, codes: IntArray, figures: IntArray) -> IntArray:
        """Add up records to all cells.

        Args:
            codes: positions of each record's codes, one column per dimension; any level.
            figures: figures of each record, shape ``(records,)`` or ``(records, measures)``.

        Returns:
            Sums per cell, shape ``(cells,)`` or ``(cells, measures)``; a record counts in all cells above it.
        """
        keys, amounts = self._added_up_to_all(self.key(codes), figures)
        sums = np.zeros((len(self._keys), *figures.shape[1:]), dtype=np.int64)
        number = self.number(keys)
        sums[number[number >= 0]] = amounts[number >= 0]
        return sums

    def contributions(
        self, codes: IntArray, contributor: IntArray, amounts: IntArray
    ) -> tuple[IntArray, IntArray, IntArray]:
        """Add up the records of each contributor to all cells.

        Args:
            codes: positions of each record's codes, one column per dimension; any level.
            contributor: number of the contributor of each record, from 0.
            amounts: signed amount of each record.

        Returns:
            Cell, contributor and net amount of each contribution, sorted by contributor and cell; several
            records of a contributor in a cell are one contribution.
        """
        size = math.prod(len(hierarchy.codes) for hierarchy in self.hierarchies)
        keys, net = self._added_up_to_all(self.key(codes) + contributor * size, amounts)
        cell = self.number(keys % size)
        shown = cell >= 0
        return cell[shown], keys[shown] // size, net[shown]

    def leaf(self, codes: IntArray) -> BoolArray:
        """Return which of some combinations of codes consist of codes without parts."""
        leaf: BoolArray = np.ones(len(codes), dtype=np.bool_)
        for dimension, hierarchy in enumerate(self.hierarchies):
            lowest = np.zeros(len(hierarchy.codes), dtype=np.bool_)
            lowest[list(hierarchy.leaves)] = True
            leaf &= lowest[codes[:, dimension]]
        return leaf

    def _added_up_to_all(self, keys: IntArray, amounts: IntArray) -> tuple[IntArray, IntArray]:
        """Add up records to all combinations of codes above theirs, dimension by dimension."""
        for dimension, hierarchy in enumerate(self.hierarchies):
            column = keys // self._strides[dimension] % len(hierarchy.codes)
            chains = [hierarchy.above(code) for code in range(len(hierarchy.codes))]
            length = np.array([len(chain) for chain in chains])[column]
            ups = np.concatenate([np.array(chain) - chain[0] for chain in chains])
            first = np.concatenate([[0], np.cumsum([len(chain) for chain in chains])[:-1]])[column]
            record = np.repeat(np.arange(len(keys)), length)
            within = np.arange(len(record)) - np.repeat(np.cumsum(length) - length, length)
            keys = keys[record] + ups[first[record] + within] * self._strides[dimension]
            keys, amounts = _added_up(keys, amounts[record])
        return keys, amounts

    @cached_property
    def _strides(self) -> IntArray:
        sizes = [len(hierarchy.codes) for hierarchy in self.hierarchies]
        return np.array(
            [int(np.prod(sizes[d + 1 :], dtype=object)) for d in range(len(sizes))], dtype=np.int64
        )

    @cached_property
    def _keys(self) -> IntArray:
        return np.unique(np.concatenate([self._table_keys(table) for table in self.tables]))

    def _table_keys(self, table: Sequence[int]) -> IntArray:
        keys = np.zeros(1, dtype=np.int64)
        for dimension, hierarchy in enumerate(self.hierarchies):
            shown = range(len(hierarchy.codes)) if dimension in table else hierarchy.tops[:1]
            keys = (keys[:, None] + np.array(shown, dtype=np.int64) * self._strides[dimension]).reshape(-1)
        return np.sort(keys)

    def _codes(self, keys: IntArray) -> IntArray:
        sizes = np.array([len(hierarchy.codes) for hierarchy in self.hierarchies], dtype=np.int64)
        return keys[:, None] // self._strides % sizes


def _cycle(above: dict[str, str | None], start: str) -> tuple[str, ...]:
    """Return the codes of the cycle that a code leads into, from the top down."""
    seen: dict[str, int] = {}
    code: str | None = start
    while code is not None and code not in seen:
        seen[code] = len(seen)
        code = above[code]
    chain = list(seen)
    return tuple(chain[seen[code] :][::-1]) if code is not None else tuple(chain)


def _added_up(keys: IntArray, amounts: IntArray) -> tuple[IntArray, IntArray]:
    if not len(keys):
        return keys, amounts
    order = np.argsort(keys, kind="stable")
    keys, amounts = keys[order], amounts[order]
    first = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    return keys[first], np.add.reduceat(amounts, first, axis=0)


def _sums(cells: int, lines: Sequence[tuple[IntArray, IntArray]]) -> LinearSystem:
    """Return the system of lines "cell = sum of its parts", each line once."""
    rows = [np.column_stack([parents, parts]) for parents, parts in lines if len(parents)]
    kept = list({row.tobytes(): row for block in rows for row in block}.values())
    sizes = np.array([len(row) for row in kept], dtype=np.int64)
    starts = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
    columns = np.concatenate(kept) if kept else np.zeros(0, dtype=np.int64)
    coefficients = np.ones(len(columns), dtype=np.int64)
    coefficients[starts[:-1]] = -1
    zeros = np.zeros(len(kept), dtype=np.int64)
    return LinearSystem(
        cells=cells,
        starts=starts,
        columns=columns,
        coefficients=coefficients,
        lower=zeros,
        upper=zeros.copy(),
        kinds=np.full(len(kept), RelationKind.SUM, dtype=np.int64),
        certain=np.ones(len(kept), dtype=np.bool_),
    )
