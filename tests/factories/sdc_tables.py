"""The tables that disclosure control is measured on (`tests/vectors/sdc`), and freshly drawn ones."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aggregation.sdc.demands import Demands
from aggregation.sdc.linear_system import BoolArray, IntArray
from aggregation.sdc.publication import Publication
from aggregation.sdc.suppression import Task
from aggregation.sdc.tables import Hierarchy, LinkedTables
from aggregation.sdc.views import View

FOLDER = Path(__file__).parents[1] / "vectors" / "sdc"
COUNTS = ("a1_6x8", "a2_6x8", "a3_6x8", "a3d1", "a3d2", "b_region", "d_linked", "b2_medium", "c_big")
AMOUNTS = ("e_pct", "e_dom")


@dataclass(frozen=True, eq=False)
class MeasuredTable:
    """One set of linked tables of counts with its frequency rule.

    Attributes:
        name: its folder.
        tables: what is published.
        values: true figures.
        sensitive: cells below the minimum that are not zero.
    """

    name: str
    tables: LinkedTables
    values: IntArray
    sensitive: BoolArray

    def publication(self, withheld: BoolArray) -> Publication:
        """Return a pattern as the strong attacker sees it: zeros published, whatever is withheld is >= 1."""
        return Publication(
            self.tables.system, self.values, withheld, np.ones(len(self.values), dtype=np.int64)
        )

    def task(self, cost: str) -> Task:
        """Return the task at level S1; ``cost`` is ``unit`` or ``value``."""
        costs = np.ones(len(self.values)) if cost == "unit" else self.values.astype(np.float64)
        return Task(
            publication=self.publication(self.sensitive),
            views=(View(Demands.differing(self.sensitive)),),
            optional=~self.sensitive & (self.values > 0),
            costs=costs,
        )


def read_table(name: str) -> MeasuredTable:
    """Read one of :data:`COUNTS`."""
    folder = FOLDER / name
    meta = json.loads((folder / "meta.json").read_text())
    dims: list[str] = meta["dims"]
    hierarchies = tuple(
        Hierarchy.of_edges(dim, [(row["parent"], row["child"]) for row in _rows(folder / f"hier_{dim}.csv")])
        for dim in dims
    )
    tables = LinkedTables(
        hierarchies, tuple(tuple(sorted(dims.index(dim) for dim in table)) for table in meta["tables"])
    )
    rows = _rows(folder / "inner.csv")
    codes = np.array(
        [[h.position[row[d]] for h, d in zip(hierarchies, dims, strict=True)] for row in rows], dtype=np.int64
    )
    values = tables.sums(codes, np.array([int(row["freq"]) for row in rows], dtype=np.int64))
    sensitive = (values > 0) & (values < meta["k"])
    assert (len(values), int(sensitive.sum())) == (meta["cells"], meta["primary"])
    return MeasuredTable(name, tables, values, sensitive)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
