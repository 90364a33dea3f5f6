"""Small worlds for the audit: people counted one by one, and every table that fits what is published.

The yardstick of the engine, so it shares nothing with it: cells are tuples of codes, relations are
dictionaries, tables are searched value by value. What is handed to the engine is a plain translation.

Every figure's grand total is published, so nothing can be larger than the largest number in sight, and the
search is complete.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from hypothesis import strategies as st

from aggregation.sdc.linear_system import NO_LIMIT, LinearSystem, Relation, RelationKind
from aggregation.sdc.publication import Publication

Cell = tuple[str, ...]
"""The figure that is counted, then one code per dimension; ``T`` is everybody."""

Tree = Mapping[str, tuple[str, ...]]
"""Parts of each code that has any; ``T`` is the root."""

FLAT: Tree = {"T": ("a", "b")}
WIDE: Tree = {"T": ("a", "b", "c")}
DEEP: Tree = {"T": ("a", "b"), "b": ("c", "d")}
"""One branch ends a level above the other."""

LINKS: Mapping[int, Sequence[Sequence[tuple[int, ...]]]] = {
    1: [[(0,)]],
    2: [[(0, 1)], [(0,), (1,)]],
    3: [[(0, 1, 2)], [(0, 1), (1, 2)], [(0, 1), (0, 2), (1, 2)], [(0,), (1, 2)]],
    4: [[(0, 1), (2, 3)], [(0, 1, 2), (2, 3)], [(0, 1, 2, 3)]],
}
"""Dimensions of the tables that are linked, by the number of dimensions."""

FIGURES: Mapping[str, Sequence[frozenset[str]]] = {
    "once": [frozenset({"N"})],
    "vintages": [frozenset({"N1", "N2"}), frozenset({"N1", "N2"}), frozenset({"N2"})],
    "flow": [
        frozenset(kind) for kind in (("OPEN1", "OPEN2"), ("OPEN1", "OUT"), ("IN", "OPEN2"), ("IN", "OUT"))
    ],
    "year": [frozenset(kind) for kind in (("Q1", "Y"), ("Q2", "Y"), ("Q1", "Q2", "Y"))],
}
"""In which figures a person may be counted, by how the figures are tied to each other."""


@dataclass(frozen=True)
class Row:
    """One relation: ``low <= sum of factor * cell <= high``; None is no limit."""

    kind: RelationKind
    terms: Mapping[Cell, int]
    low: int | None = 0
    high: int | None = 0


@dataclass(frozen=True)
class Person:
    """Who is counted: leaf codes per dimension (several where several answers are possible) and figures."""

    codes: tuple[frozenset[str], ...]
    figures: frozenset[str]
    amount: int = 1


@dataclass
class World:
    """Linked tables of one or several figures.

    Attributes:
        trees: one per dimension.
        people: everybody who is counted; a carrier of amounts is one of them per booking.
        cells: all cells of all tables.
        rows: all relations.
        true: true figures.
    """

    trees: Sequence[Tree]
    people: Sequence[Person]
    cells: list[Cell] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    true: dict[Cell, int] = field(default_factory=dict)

    def counted(self, person: Person, cell: Cell) -> bool:
        """Whether a person is counted in a cell."""
        return cell[0] in person.figures and all(
            any(code in above(tree, own) for own in codes)
            for tree, code, codes in zip(self.trees, cell[1:], person.codes, strict=True)
        )

    def system(self) -> LinearSystem:
        """The same relations, as the engine takes them."""
        number = {cell: position for position, cell in enumerate(self.cells)}
        return LinearSystem.of(
            len(self.cells),
            [
                Relation(
                    row.kind,
                    tuple(number[cell] for cell in row.terms),
                    tuple(row.terms.values()),
                    -NO_LIMIT if row.low is None else row.low,
                    NO_LIMIT if row.high is None else row.high,
                )
                for row in self.rows
            ],
        )

    def publication(self, hidden: Collection[Cell], floors: Mapping[Cell, int]) -> Publication:
        """What is published, as the engine takes it."""
        return Publication(
            self.system(),
            np.array([self.true[cell] for cell in self.cells], dtype=np.int64),
            np.array([cell in hidden for cell in self.cells], dtype=np.bool_),
            np.array([floors.get(cell, 0) for cell in self.cells], dtype=np.int64),
        )

    def tables(self, hidden: Collection[Cell], floors: Mapping[Cell, int]) -> Iterator[dict[Cell, int]]:
        """Yield every integer table that fits what is published, as the values of the hidden cells."""
        top = max(self.true.values())
        limits = {cell: (floors.get(cell, 0), top) for cell in hidden}
        rows: list[tuple[dict[Cell, int], int | None, int | None]] = []
        for row in self.rows:
            known = sum(factor * self.true[cell] for cell, factor in row.terms.items() if cell not in hidden)
            left = {cell: factor for cell, factor in row.terms.items() if cell in hidden}
            low, high = (None if limit is None else limit - known for limit in (row.low, row.high))
            if left:
                rows.append((left, low, high))
        yield from _filled({}, _in_order(set(hidden), [set(row[0]) for row in rows]), rows, limits)


def above(tree: Tree, code: str) -> list[str]:
    """A code and all codes that contain it."""
    parents = {part: parent for parent, parts in tree.items() for part in parts}
    found = [code]
    while found[-1] in parents:
        found.append(parents[found[-1]])
    return found


def codes_of(tree: Tree) -> list[str]:
    """All codes, the root first."""
    return ["T", *(part for parts in tree.values() for part in parts)]


def leaves_of(tree: Tree) -> list[str]:
    """The codes that have no parts."""
    return [code for code in codes_of(tree) if code not in tree]


def world_of(
    trees: Sequence[Tree],
    tables: Sequence[tuple[int, ...]],
    people: Sequence[Person],
    *,
    tied: str = "once",
    several: bool = False,
) -> World:
    """Count people into linked tables.

    Args:
        trees: the dimensions.
        tables: positions of the dimensions of each table; a table shows all others at ``T``.
        people: who is counted.
        tied: how the figures belong together, a key of :data:`FIGURES`.
        several: whether people may have several codes of the first dimension, so that it does not add up.
    """
    world = World(trees, people)
    figures = sorted(frozenset().union(*FIGURES[tied]))
    found: dict[Cell, None] = {}
    rows: dict[tuple[RelationKind, frozenset[tuple[Cell, int]]], Row] = {}

    def keep(row: Row) -> None:
        rows.setdefault((row.kind, frozenset(row.terms.items())), row)

    for figure, table in itertools.product(figures, tables):
        axes = [codes_of(tree) if number in table else ["T"] for number, tree in enumerate(trees)]
        for codes in itertools.product(*axes):
            found.setdefault((figure, *codes))
            for number in table:
                parts = trees[number].get(codes[number])
                if parts:
                    total = (figure, *codes)
                    below = [(figure, *codes[:number], part, *codes[number + 1 :]) for part in parts]
                    if several and number == 0:
                        keep(Row(RelationKind.COVER, {total: -1, **dict.fromkeys(below, 1)}, 0, None))
                        for part in below:
                            keep(Row(RelationKind.PART, {total: 1, part: -1}, 0, None))
                    else:
                        keep(Row(RelationKind.SUM, {total: -1, **dict.fromkeys(below, 1)}))
    world.cells = list(found)
    world.true = {
        cell: sum(person.amount for person in people if world.counted(person, cell)) for cell in world.cells
    }
    for codes in {cell[1:] for cell in world.cells}:
        for row in _ties(tied, codes, world.true):
            keep(row)
    world.rows = list(rows.values())
    return world


def _ties(tied: str, codes: tuple[str, ...], true: Mapping[Cell, int]) -> Iterator[Row]:
    """Relations between the figures of one cell."""
    if tied == "vintages" and true["N1", *codes] == true["N2", *codes]:
        yield Row(RelationKind.VINTAGE, {("N1", *codes): 1, ("N2", *codes): -1})
    if tied == "flow":
        signs = {"OPEN2": 1, "OPEN1": -1, "IN": -1, "OUT": 1}
        yield Row(RelationKind.FLOW, {(figure, *codes): sign for figure, sign in signs.items()})
    if tied == "year":
        year = ("Y", *codes)
        for quarter in ("Q1", "Q2"):
            yield Row(RelationKind.YEAR, {year: 1, (quarter, *codes): -1}, 0, None)
        yield Row(RelationKind.YEAR, {year: 1, ("Q1", *codes): -1, ("Q2", *codes): -1}, None, 0)


# ------------------------------------------------------------------------------------------------ the search

_Left = tuple[dict[Cell, int], int | None, int | None]


def _in_order(hidden: set[Cell], rows: Sequence[set[Cell]]) -> list[Cell]:
    """Cells in an order that completes relations early."""
    order: list[Cell] = []
    while len(order) < len(hidden):
        waiting = [row - set(order) for row in rows if row - set(order)] or [hidden - set(order)]
        shortest = min(waiting, key=lambda row: (len(row), sorted(row)))
        order += sorted(shortest)[:1]
    return order


def _filled(
    table: dict[Cell, int],
    order: Sequence[Cell],
    rows: Sequence[_Left],
    limits: Mapping[Cell, tuple[int, int]],
) -> Iterator[dict[Cell, int]]:
    if len(table) == len(order):
        yield dict(table)
        return
    cell = order[len(table)]
    touching = [row for row in rows if cell in row[0]]
    low, high = limits[cell]
    for value in range(low, high + 1):
        table[cell] = value
        if all(_can_still_hold(row, table, limits) for row in touching):
            yield from _filled(table, order, rows, limits)
        del table[cell]


def _can_still_hold(row: _Left, table: Mapping[Cell, int], limits: Mapping[Cell, tuple[int, int]]) -> bool:
    terms, low, high = row
    least = most = 0
    for cell, factor in terms.items():
        ends = [factor * value for value in ([table[cell]] if cell in table else limits[cell])]
        least, most = least + min(ends), most + max(ends)
    return (high is None or least <= high) and (low is None or most >= low)


# --------------------------------------------------------------------------------------------- drawing worlds


@st.composite
def worlds(
    draw: st.DrawFn, *, tied: str = "once", several: bool = False, dimensions: Sequence[int] = (1, 2, 3, 4)
) -> World:
    """Linked tables of counts, of one to four dimensions of unequal depth; few are counted in each cell."""
    count = draw(st.sampled_from(dimensions))
    choices = [FLAT, WIDE, DEEP] if count < 3 else [FLAT, FLAT, DEEP]
    trees = [WIDE if several and not number else draw(st.sampled_from(choices)) for number in range(count)]
    tables = draw(st.sampled_from(LINKS[count]))
    first = (
        st.frozensets(st.sampled_from(leaves_of(trees[0])), min_size=1, max_size=3)
        if several
        else st.sampled_from(leaves_of(trees[0])).map(lambda code: frozenset({code}))
    )
    others = [st.sampled_from(leaves_of(tree)).map(lambda code: frozenset({code})) for tree in trees[1:]]
    person = st.builds(Person, st.tuples(first, *others), st.sampled_from(FIGURES[tied]))
    several_alike = st.tuples(person, st.sampled_from([1, 1, 1, 2, 3]))
    groups = draw(st.lists(several_alike, min_size=2, max_size=10))
    return world_of(
        trees, tables, [person for person, times in groups for _ in range(times)], tied=tied, several=several
    )


@st.composite
def hidden_cells(draw: st.DrawFn, world: World, *, zeros_too: bool, at_most: int = 12) -> list[Cell]:
    """A pattern: crossings of codes that stand beside each other, in some tables; and single cells.

    No grand total, and where zeros are published, no zero.
    """
    candidates = [
        cell
        for cell in world.cells
        if any(code != "T" for code in cell[1:]) and (zeros_too or world.true[cell])
    ]
    if not candidates:
        return []
    hidden: dict[Cell, None] = {}
    for _ in range(draw(st.integers(1, 2))):
        pivot = draw(st.sampled_from(candidates))
        beside = [
            [code] if code == "T" or draw(_RARELY) else _siblings(tree, code)
            for tree, code in zip(world.trees, pivot[1:], strict=True)
        ]
        figures = {pivot[0]} if draw(st.booleans()) else {cell[0] for cell in world.cells}
        hidden |= dict.fromkeys(
            cell
            for cell in candidates
            if cell[0] in figures and all(code in codes for code, codes in zip(cell[1:], beside, strict=True))
        )
    hidden |= dict.fromkeys(draw(st.lists(st.sampled_from(candidates), max_size=2)))
    if not draw(_RARELY):
        _hide_beside(world, hidden, set(candidates))
    return list(hidden)[:at_most]


_RARELY = st.sampled_from([False, False, False, True])


def _hide_beside(world: World, hidden: dict[Cell, None], candidates: set[Cell]) -> None:
    """Leave no cell alone in a relation, as far as possible: so do people who protect a table by hand."""
    for _ in range(3):
        for row in world.rows:
            others = [cell for cell in row.terms if cell in candidates and cell not in hidden]
            if others and sum(cell in hidden for cell in row.terms) == 1:
                hidden[min(others, key=lambda cell: (world.true[cell], cell))] = None


def _siblings(tree: Tree, code: str) -> list[str]:
    return list(next(parts for parts in tree.values() if code in parts))
