"""Where the cells of big linked tables lie, and the blocks that they are parted into.

A *block* is what some codes of each dimension have in common: a few municipalities with all ages, say. A
change that is looked for inside of one holds everything outside at its true value, so it is a change of the
whole table, but the program that finds it is small. Dimensions with many codes are *cut*: a block takes a
few of their leaves, of one parent where that is possible, with what stands between them; to move a cell
further up, it takes leaves below it and below a neighbour, with everything in between. How the codes are
grouped changes from pass to pass, so that in the end any cell can meet any other.

Deterministic: the order of a pass comes from its number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise, product
from typing import Final, NamedTuple

import numpy as np

from aggregation.sdc.linear_system import BoolArray, IntArray
from aggregation.sdc.tables import Hierarchy, LinkedTables

BLOCK_CELLS: Final = 700
"""Movable cells of a block: here the programs take some milliseconds."""

_LEAST: Final = (4, 3)
"""Leaves of the dimension that is cut first, and of every other, at least."""

Codes = tuple[int, ...]


class BlockCells(NamedTuple):
    """The cells of a block.

    Attributes:
        cells: which they are.
        core: those that it was made for; the others are there to move with them, and should look for
            something cheaper first.
    """

    cells: BoolArray
    core: BoolArray


class _Group(NamedTuple):
    codes: Codes
    core: Codes


class Grid:
    """The blocks of linked tables."""

    def __init__(self, tables: LinkedTables, movable: BoolArray, *, block_cells: int = BLOCK_CELLS) -> None:
        """Decide which dimensions to cut, and how finely.

        Args:
            tables: the tables.
            movable: which of their cells may move.
            block_cells: how many of them a block should have, about.
        """
        self._hierarchies = tables.hierarchies
        self._codes = tables.cells
        self._movable = movable
        sizes = [len(hierarchy.codes) for hierarchy in self._hierarchies]
        self._cut: dict[int, int] = {}
        size = float(movable.sum())
        for dimension in np.argsort([-size for size in sizes], kind="stable").tolist():
            leaves = _LEAST[min(len(self._cut), len(_LEAST) - 1)]
            if size <= block_cells or sizes[dimension] <= leaves + 1:
                break
            size *= leaves / sizes[dimension]
            self._cut[dimension] = leaves
        for dimension in self._cut:
            grown = int(self._cut[dimension] * max(1.0, block_cells / size))
            size *= grown / self._cut[dimension]
            self._cut[dimension] = grown

    @property
    def cut(self) -> tuple[int, ...]:
        """The dimensions that are cut, the longest first."""
        return tuple(self._cut)

    def blocks(
        self, number: int, weight: BoolArray, *, wider: Sequence[int] = (), cells: BoolArray | None = None
    ) -> Iterator[BlockCells]:
        """Yield the blocks of a pass; every movable cell is in the core of at least one.

        Args:
            number: number of the pass.
            weight: cells that should meet: at first, codes with many of them are grouped together.
            wider: per cut dimension, how many times as many leaves as usual; nothing means once.
            cells: leave out blocks without any of these cells in their core; looked at again for each block.

        Yields:
            The blocks; all of their cells are movable.
        """
        groups = []
        for place, (dimension, leaves) in enumerate(self._cut.items()):
            codes = self._codes[:, dimension]
            hierarchy = self._hierarchies[dimension]
            weights = np.bincount(codes[weight], minlength=len(hierarchy.codes))
            times = wider[place] if wider else 1
            grouped = _groups(hierarchy, leaves * times, weights, number, overlap=len(self._cut) == 1)
            groups.append([(_having(codes, group.codes), _having(codes, group.core)) for group in grouped])
        for members in product(*groups):
            block, core = self._movable.copy(), self._movable.copy()
            for inside, central in members:
                block &= inside
                core &= central
            if bool(np.any(core if cells is None else core & cells)):
                yield BlockCells(block, core)

    def slices(self, block: BoolArray) -> Iterator[BoolArray]:
        """Yield the parts of a block that have one code of the longest dimension each."""
        if self._cut:
            codes = self._codes[:, self.cut[0]]
            for code in np.unique(codes[block]).tolist():
                yield block & (codes == code)


def _having(codes: IntArray, some: Codes) -> BoolArray:
    """Return which of the codes are among some."""
    chosen = np.zeros(int(codes.max(initial=0)) + 1, dtype=np.bool_)
    chosen[[code for code in some if code < len(chosen)]] = True
    having: BoolArray = chosen[codes]
    return having


def _groups(
    hierarchy: Hierarchy, leaves: int, weights: IntArray, number: int, *, overlap: bool
) -> list[_Group]:
    """Return groups of codes in which changes can even out; each code is in the core of one at least."""
    order = _Order(hierarchy, weights, number)
    groups: list[_Group] = []
    lonely = [code for code in hierarchy.parts if code not in hierarchy.tops]
    families = list(hierarchy.parts.values())
    if len(hierarchy.tops) > 1:
        families.append(hierarchy.tops)
    for family in families:
        own = order.sorted([code for code in family if code not in hierarchy.parts])
        if len(own) == 1:
            lonely += own
        elif own:
            windows = _windows(own, leaves) if overlap and number == 0 else _chunks(own, leaves, number)
            groups += [_Group(codes, codes) for codes in windows]
    half = max(1, leaves // 2)
    for code in sorted(lonely):
        below = order.leaves_below(code)[:half]
        beside = order.leaves_beside(code)[:half]
        codes = _closure(hierarchy, below + beside) if beside else _with_top(hierarchy, below)
        groups.append(_Group(codes, (code,)))
    for top in hierarchy.tops:
        if top in hierarchy.parts or len(hierarchy.tops) == 1:
            groups.append(_Group(_with_top(hierarchy, order.leaves_below(top)[:half]), (top,)))
    return groups


def _windows(codes: list[int], size: int) -> list[Codes]:
    """Return all groups of neighbours: those with most to protect meet first, the others join them."""
    return [tuple(codes[start : start + size]) for start in range(max(1, len(codes) - size + 1))]


def _chunks(codes: list[int], size: int, number: int) -> list[Codes]:
    """Part codes into groups of nearly equal size: neighbours in even passes, strides in odd ones."""
    count = -(-len(codes) // size)
    if len(codes) // count < 2:  # a group of one has nothing to move against
        count = max(1, count - 1)
    if number % 2:
        return [tuple(codes[start::count]) for start in range(count)]
    ends = [len(codes) * part // count for part in range(count + 1)]
    return [tuple(codes[start:end]) for start, end in pairwise(ends)]


def _closure(hierarchy: Hierarchy, leaves: list[int]) -> Codes:
    """Return leaves with everything between them and the lowest code above all of them."""
    chains = [hierarchy.above(leaf) for leaf in leaves]
    common = set(chains[0]).intersection(*chains[1:])
    return tuple(sorted({code for chain in chains for code in chain if code not in common}))


def _with_top(hierarchy: Hierarchy, leaves: list[int]) -> Codes:
    """Return leaves with everything above them."""
    return tuple(sorted({code for leaf in leaves for code in hierarchy.above(leaf)}))


class _Order:
    """The order in which a pass takes the codes of a dimension."""

    def __init__(self, hierarchy: Hierarchy, weights: IntArray, number: int) -> None:
        self._hierarchy = hierarchy
        codes = len(hierarchy.codes)
        # The first two passes go by weight; then a different order each, the same on every machine.
        ranked = (
            np.argsort(-weights, kind="stable")
            if number < 2
            else np.random.default_rng(number).permutation(codes)
        )
        self._rank = np.empty(codes, dtype=np.int64)
        self._rank[ranked] = np.arange(codes)

    def sorted(self, codes: Sequence[int]) -> list[int]:
        return sorted(codes, key=lambda code: int(self._rank[code]))

    def leaves_below(self, code: int) -> list[int]:
        found, waiting = [], [code]
        while waiting:
            code = waiting.pop()
            parts = self._hierarchy.parts.get(code, ())
            waiting += parts
            if not parts:
                found.append(code)
        return self.sorted(found)

    def leaves_beside(self, code: int) -> list[int]:
        """Leaves below a sibling: the nearest one that there is, going up."""
        for start in self._hierarchy.above(code):
            parent = self._hierarchy.parents[start]
            siblings = self._hierarchy.parts[parent] if parent >= 0 else self._hierarchy.tops
            others = self.sorted([other for other in siblings if other != start])
            if others:
                return self.leaves_below(others[0])
        return []
