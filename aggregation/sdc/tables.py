"""Linked hierarchical tables as a statistician describes them, and the linear system they are.

A :class:`Hierarchy` per dimension, and tables over some of the dimensions: :class:`LinkedTables` numbers
every published cell once, however many tables show it, and knows each relation between a code and its parts.
Depth may differ from branch to branch, and a hierarchy may have several top codes (then there is no total).

It deliberately holds no figures.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Self

import numpy as np

from aggregation.sdc.linear_system import IntArray, LinearSystem, RelationKind

_TOP: Final = -1


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
    def of_edges(cls, dimension: str, edges: Iterable[tuple[str, str]]) -> Self:
        """Build a hierarchy from (parent, child) pairs; codes keep the order in which they are first named.

        Raises:
            ValueError: a code under two parents or below itself, or no code at all.
        """
        above: dict[str, str | None] = {}
        for parent, child in edges:
            above.setdefault(parent, None)
            if above.get(child) is not None:
                raise ValueError(f"{dimension}: code {child} stands under two parents")
            above.pop(child, None)
            above[child] = parent
        if not above:
            raise ValueError(f"{dimension}: no codes")
        ordered: dict[str, None] = {}
        waiting = [code for code, parent in above.items() if parent is None]
        while waiting:
            code = waiting.pop(0)
            ordered[code] = None
            waiting = [c for c, parent in above.items() if parent == code] + waiting
        if len(ordered) < len(above):
            raise ValueError(f"{dimension}: codes are below themselves")
        position = {code: number for number, code in enumerate(ordered)}
        parents = (above[code] for code in ordered)
        return cls(dimension, tuple(ordered), tuple(_TOP if p is None else position[p] for p in parents))

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
        keys, amounts = self.key(codes), figures
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
        sums = np.zeros((len(self._keys), *figures.shape[1:]), dtype=np.int64)
        number = self.number(keys)
        sums[number[number >= 0]] = amounts[number >= 0]
        return sums

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


def _added_up(keys: IntArray, amounts: IntArray) -> tuple[IntArray, IntArray]:
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
