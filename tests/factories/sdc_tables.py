"""The tables that disclosure control is measured on (`tests/vectors/sdc`), and freshly drawn ones.

A table has a name: `b_region` is a shared one, `regions/7` is the shape `regions` drawn with seed 7, the same
each time. Counts have a frequency rule; amounts (`e_pct`, `e_dom`) have rules about their contributors.
"""

from __future__ import annotations

import csv
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from aggregation.sdc.demands import Demands
from aggregation.sdc.levels import Level, views_of_counts
from aggregation.sdc.linear_system import BoolArray, IntArray
from aggregation.sdc.programs import FloatArray
from aggregation.sdc.publication import Publication
from aggregation.sdc.suppression import Task
from aggregation.sdc.tables import Hierarchy, LinkedTables
from aggregation.sdc.views import View

FOLDER = Path(__file__).parents[1] / "vectors" / "sdc"
COUNTS = ("a1_6x8", "a2_6x8", "a3_6x8", "a3d1", "a3d2", "b_region", "d_linked", "b2_medium", "c_big")
AMOUNTS = ("e_pct", "e_dom")


@dataclass(frozen=True, eq=False)
class Measured(ABC):
    """One set of linked tables, with the cells that its rules make sensitive.

    Attributes:
        name: what it is called.
        tables: what is published.
        values: true figures.
        sensitive: cells that a rule forbids to publish.
    """

    name: str
    tables: LinkedTables
    values: IntArray
    sensitive: BoolArray

    @abstractmethod
    def views(self, level: Level) -> tuple[View, ...]:
        """Return every attacker of a level; the outsider comes first."""

    def publication(self, withheld: BoolArray) -> Publication:
        """Return a pattern as the strong attacker sees it: zeros published, whatever is withheld is >= 1."""
        return Publication(
            self.tables.system, self.values, withheld, np.ones(len(self.values), dtype=np.int64)
        )

    def task(self, cost: str, level: Level = Level.S1) -> Task:
        """Return what is to be protected; ``cost`` is ``unit`` or ``value``."""
        return Task(
            publication=self.publication(self.sensitive),
            views=self.views(level),
            optional=~self.sensitive & (self.values > 0),
            costs=self.costs(cost),
            tables=self.tables,
        )

    def costs(self, cost: str) -> FloatArray:
        """Return what withholding each cell costs, by ``unit`` or by ``value``."""
        return np.ones(len(self.values)) if cost == "unit" else self.values.astype(np.float64)


@dataclass(frozen=True, eq=False)
class MeasuredTable(Measured):
    """Counts with a frequency rule.

    Attributes:
        minimum: smallest count that may be published, but for zero.
        persons: who is alone in each cell of 1, as a number; meaningless elsewhere.
    """

    minimum: int
    persons: IntArray

    def views(self, level: Level) -> tuple[View, ...]:
        return views_of_counts(
            level, self.tables.system, self.values, self.sensitive, minimum=self.minimum, persons=self.persons
        )


class Share(NamedTuple):
    """What a contributor has in a cell."""

    amount: int
    contributor: int


@dataclass(frozen=True, eq=False)
class MeasuredAmounts(Measured):
    """Amounts whose contributors are known; each of them stands in one leaf cell.

    Attributes:
        shares: contributions to each cell, the largest first.
        distance: how far each sensitive cell must be uncertain, upward and downward; 0 elsewhere.
        percent: the p of the p % rule.
        rules: every rule, in the peers' words.
    """

    shares: tuple[tuple[Share, ...], ...]
    distance: IntArray
    percent: int
    rules: str

    def views(self, level: Level) -> tuple[View, ...]:
        """Return the outsider alone at S1, and the contributors too beyond that."""
        outsider = View(self._demands(self.distance, np.ones(len(self.values), dtype=np.int64)))
        return (outsider,) if level is Level.S1 else (outsider, *self._contributors())

    def _contributors(self) -> Iterator[View]:
        """Yield what the two largest of each leaf cell know: all others there know less than the second.

        A contributor knows the cells in which it is alone, and that every other cell it stands in holds at
        least its share. What is demanded for the largest contributor's sake is not demanded towards it; where
        there are two, it must not get closer to the other than p % of that one's share.
        """
        cells: dict[int, list[int]] = {}
        for cell, shares in enumerate(self.shares):
            for share in shares:
                cells.setdefault(share.contributor, []).append(cell)
        leaves = [set(h.leaves) for h in self.tables.hierarchies]
        for cell, codes in enumerate(self.tables.cells.tolist()):
            if all(code in leaf for code, leaf in zip(codes, leaves, strict=True)):
                for share in self.shares[cell][:2]:
                    yield self._contributor(share, cells[share.contributor])

    def _contributor(self, own: Share, cells: Sequence[int]) -> View:
        known = np.zeros(len(self.values), dtype=np.bool_)
        least = np.ones(len(self.values), dtype=np.int64)
        distance = self.distance.copy()
        for cell in cells:
            shares = self.shares[cell]
            known[cell] = len(shares) == 1
            least[cell] = own.amount
            if shares[0] == own:
                owed = _percent_up(self.percent, shares[1].amount) if len(shares) == 2 else 0
                distance[cell] = min(distance[cell], owed)
        return View(self._demands(distance, least), known=known, least=least)

    def _demands(self, distance: IntArray, floors: IntArray) -> Demands:
        room = np.maximum(self.values - floors, 0)
        return Demands(np.zeros(len(self.values), dtype=np.bool_), distance, np.minimum(distance, room))


# ----------------------------------------------------------------------------------- the shared tables


def read_table(name: str) -> MeasuredTable:
    """Return one of :data:`COUNTS`, or a drawn table by its name."""
    if "/" in name:
        shape, seed = name.split("/")
        return drawn_table(shape, int(seed))
    folder = FOLDER / name
    meta = json.loads((folder / "meta.json").read_text())
    tables = _tables(folder, meta)
    codes, rows = _records(folder / "inner.csv", tables)
    table = _counts(name, tables, codes, np.array([int(row["freq"]) for row in rows]), minimum=meta["k"])
    assert (len(table.values), int(table.sensitive.sum())) == (meta["cells"], meta["primary"])
    return table


def read_amounts(name: str) -> MeasuredAmounts:
    """Return one of :data:`AMOUNTS`.

    Both have the same contributors. `e_pct` asks for at least ``k`` of them and for p %; `e_dom` asks for
    (n, k) dominance as well.
    """
    folder = FOLDER / name
    meta = json.loads((folder / "meta.json").read_text())
    tables = _tables(folder, meta)
    codes, rows = _records(folder / "contrib.csv", tables)
    amounts = np.array([int(row["value"]) for row in rows], dtype=np.int64)
    values = tables.sums(codes, amounts)
    behind: list[list[Share]] = [[] for _ in values]
    for contributor, (place, amount) in enumerate(zip(codes.tolist(), amounts.tolist(), strict=True)):
        for cell in _cells_above(tables, place):
            behind[cell].append(Share(amount, contributor))
    shares = tuple(tuple(sorted(each, reverse=True)) for each in behind)
    percent, (top_n, max_percent) = int(meta["p"]), (int(part) for part in meta["nk"])
    distance = np.zeros(len(values), dtype=np.int64)
    sensitive = np.zeros(len(values), dtype=np.bool_)
    for cell, each in enumerate(shares):
        largest = [share.amount for share in each]
        lacking = [_percent_up(percent, largest[0]) - sum(largest[2:])] if each else []
        if meta["rule"] == "dom" and each:
            lacking.append(-(-100 * sum(largest[:top_n]) // max_percent) - sum(largest))
        if 0 < len(each) < meta["k"]:
            lacking.append(_percent_up(percent, largest[0]))
        sensitive[cell] = any(amount > 0 for amount in lacking)
        distance[cell] = max([0, *lacking])
    assert (len(values), int(sensitive.sum())) == (meta["cells"], meta["primary"])
    rules = f"{percent} %, fewer than {meta['k']}"
    rules += f", ({top_n}, {max_percent}) dominance" if meta["rule"] == "dom" else ""
    return MeasuredAmounts(name, tables, values, sensitive, shares, distance, percent, rules)


def _tables(folder: Path, meta: Mapping[str, list[Any]]) -> LinkedTables:
    dims: list[str] = meta["dims"]
    hierarchies = tuple(
        Hierarchy.of_edges(dim, [(row["parent"], row["child"]) for row in _rows(folder / f"hier_{dim}.csv")])
        for dim in dims
    )
    return LinkedTables(
        hierarchies, tuple(tuple(sorted(dims.index(dim) for dim in table)) for table in meta["tables"])
    )


def _records(path: Path, tables: LinkedTables) -> tuple[IntArray, list[dict[str, str]]]:
    rows = _rows(path)
    hierarchies = tables.hierarchies
    codes = [[h.position[row[h.dimension]] for h in hierarchies] for row in rows]
    return np.array(codes, dtype=np.int64), rows


def _counts(
    name: str, tables: LinkedTables, codes: IntArray, counts: IntArray, *, minimum: int
) -> MeasuredTable:
    persons = np.where(counts == 1, np.arange(1, len(counts) + 1), 0)
    values, alone = tables.sums(codes, np.column_stack([counts, persons]).astype(np.int64)).T
    return MeasuredTable(name, tables, values, (values > 0) & (values < minimum), minimum, alone)


def _cells_above(tables: LinkedTables, place: Sequence[int]) -> list[int]:
    """Return the numbers of all cells that a leaf counts in."""
    chains = [h.above(code) for h, code in zip(tables.hierarchies, place, strict=True)]
    codes = np.stack(np.meshgrid(*chains, indexing="ij"), axis=-1).reshape(-1, len(chains))
    numbers: list[int] = tables.number(tables.key(codes)).tolist()
    return numbers


def _percent_up(percent: int, of: int) -> int:
    return -(-percent * of // 100)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# ------------------------------------------------------------------------------------ freshly drawn ones


@dataclass(frozen=True, slots=True)
class Shape:
    """What a drawn table looks like.

    Attributes:
        dimensions: per dimension how many parts the total has, and how many each of these; (5,) is flat.
        tables: dimensions of each linked table.
        mean: how many persons stand in a leaf cell on average.
        clumping: how unevenly: the size of the negative binomial; below 1 most leaf cells are (nearly) empty.
    """

    dimensions: Mapping[str, Sequence[int]]
    tables: Sequence[Sequence[str]]
    mean: float
    clumping: float


SHAPES: Final[Mapping[str, Shape]] = {
    "flat": Shape({"row": (7,), "column": (9,)}, [["row", "column"]], 12, 1.0),
    "sparse": Shape({"row": (8,), "column": (12,)}, [["row", "column"]], 5, 0.4),
    "cube": Shape(dict.fromkeys(("x", "y"), (5,)) | {"z": (4,)}, [["x", "y", "z"]], 14, 1.5),
    "tree": Shape({"region": (3, 4, 2), "branch": (4, 3)}, [["region", "branch"]], 14, 0.9),
    "regions": Shape({"region": (5, 8), "age": (5,), "sex": (3,)}, [["region", "age", "sex"]], 22, 1.2),
    "four": Shape(
        {"region": (3, 4), "age": (4,), "sex": (2,), "status": (2, 3)},
        [["region", "age", "sex", "status"]],
        25,
        1.0,
    ),
    "linked": Shape(
        {"region": (4, 6), "age": (5,), "status": (4,), "field": (6,)},
        [["region", "age", "status"], ["region", "field", "status"]],
        1.5,
        0.5,
    ),
}
"""What is drawn; sizes are such that tests can afford the small ones and a bench all."""


def drawn_table(shape: str, seed: int) -> MeasuredTable:
    """Draw counts as a case-work statistic has them; the same shape and seed give the same table.

    Each code has a weight of its own, a leaf cell expects the product of its codes' weights, and what is
    counted is negative binomial around that: large towns and hamlets, frequent and rare codes, empty cells.
    """
    plan = SHAPES[shape]
    random = np.random.default_rng([*shape.encode(), seed])
    hierarchies = tuple(_drawn_hierarchy(name, parts) for name, parts in plan.dimensions.items())
    names = list(plan.dimensions)
    tables = LinkedTables(
        hierarchies, tuple(tuple(sorted(names.index(name) for name in table)) for table in plan.tables)
    )
    expected = np.full(1, plan.mean)
    for hierarchy in hierarchies:
        weights = random.gamma(1.6, size=len(hierarchy.leaves)) + 0.05
        expected = np.multiply.outer(expected, weights / weights.mean())
    counts = random.negative_binomial(plan.clumping, plan.clumping / (plan.clumping + expected))
    codes = np.stack(np.meshgrid(*(h.leaves for h in hierarchies), indexing="ij"), axis=-1)
    return _counts(
        f"{shape}/{seed}", tables, codes.reshape(-1, len(hierarchies)), counts.reshape(-1), minimum=5
    )


def _drawn_hierarchy(dimension: str, parts: Sequence[int]) -> Hierarchy:
    edges: list[tuple[str, str]] = []
    above = ["Total"]
    for size in parts:
        fresh = [
            (code, f"{dimension[0] if code == 'Total' else code}{number:02d}")
            for code in above
            for number in range(1, size + 1)
        ]
        edges += fresh
        above = [code for _, code in fresh]
    return Hierarchy.of_edges(dimension, edges)
