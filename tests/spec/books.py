"""Figures for the examples of attacks: who booked what, counted by hand into every cell of a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from aggregation.disclosure import AuditReport, Delivered, Verdict, audit_delivery, protect_delivery
from aggregation.tabulation import Shares, Tabulation
from protocol.catalogue import Catalogue
from protocol.codelists import NOT_APPLICABLE, TOTAL
from protocol.grid import CellGrid, delivery_grid
from protocol.periods import Period

YEAR = Period(2025)

Books = Mapping[str, Mapping[str, int]]
"""Contribution of each contributor to each elementary cell, named by its codes with a blank between."""


def booked(catalogue: Catalogue, books: Books, *, dataset_id: str = "D", period: Period = YEAR) -> Tabulation:
    """Add up books into all cells of a delivery, margins included."""
    grid = delivery_grid(catalogue, dataset_id, period.freq)
    behind = [_contributions(grid, row, books) for row in range(len(grid))]
    cells = [list(cell.values()) for cell in behind]
    who = {name: number for number, name in enumerate(sorted({name for cell in behind for name in cell}))}
    shares = [(row, who[name], amount) for row, cell in enumerate(behind) for name, amount in cell.items()]
    sizes = [sorted((abs(amount) for amount in cell), reverse=True) for cell in cells]
    return Tabulation(
        values=np.array([sum(cell) for cell in cells], dtype=np.int64),
        collected=np.ones(len(cells), dtype=np.bool_),
        contributors=np.array([len(cell) for cell in cells], dtype=np.int64),
        largest=np.array([[*size, 0][0] for size in sizes], dtype=np.int64),
        second=np.array([[*size, 0, 0][1] for size in sizes], dtype=np.int64),
        gross=np.array([sum(size) for size in sizes], dtype=np.int64),
        shares=Shares(*np.array(shares, dtype=np.int64).reshape(-1, 3).T.copy()),
    )


def _contributions(grid: CellGrid, row: int, books: Books) -> dict[str, int]:
    """What each contributor has in a cell; who has nothing there does not count."""
    indicator = next(i for i in grid.indicators if i.id == grid.keys[row][0])
    total: dict[str, int] = {}
    for leaf, amounts in books.items():
        codes = leaf.split()
        if all(
            code in {TOTAL, NOT_APPLICABLE}
            or any(
                own in use.codelist and code in {own, *use.codelist.ancestors(own)}
                for own in codes
                for use in indicator.dimensions
                if use.id == dimension
            )
            for dimension, code in grid.codes(row).items()
        ):
            for contributor, amount in amounts.items():
                total[contributor] = total.get(contributor, 0) + amount
    return {name: amount for name, amount in total.items() if amount}


def row_named(grid: CellGrid, name: str) -> int:
    """Return the row of a cell: codes with a blank between, ``total`` for none; ``INDICATOR:`` in front."""
    indicator_id, _, codes = name.rpartition(":")
    found = next(i for i in grid.indicators if indicator_id in {"", i.id})
    wanted = (
        {}
        if codes == "total"
        else {use.id: code for code in codes.split() for use in found.dimensions if code in use.codelist}
    )
    return grid.index[grid.key(found, wanted)]


def names(grid: CellGrid, rows: Sequence[int]) -> set[str]:
    """Return the names of rows, as :func:`row_named` takes them, without the indicator."""
    return {
        " ".join(c for c in grid.keys[row][1:] if c not in {TOTAL, NOT_APPLICABLE}) or "total" for row in rows
    }


def audited(
    catalogue: Catalogue,
    table: Tabulation,
    withheld: Sequence[str] | np.ndarray,
    *,
    dataset_id: str = "D",
    period: Period = YEAR,
    linked: Sequence[Delivered] = (),
) -> AuditReport:
    """Audit a delivery in which some cells are withheld, given by name or as a pattern."""
    grid = delivery_grid(catalogue, dataset_id, period.freq)
    hidden = withheld if isinstance(withheld, np.ndarray) else pattern(grid, withheld)
    shown = [None if h else int(v) for v, h in zip(table.values, hidden, strict=True)]
    return audit_delivery(catalogue, dataset_id, period, shown, table=table, linked=linked)


def pattern(grid: CellGrid, withheld: Sequence[str]) -> np.ndarray:
    """Return a pattern from the names of cells."""
    hidden = np.zeros(len(grid), dtype=np.bool_)
    hidden[[row_named(grid, name) for name in withheld]] = True
    return hidden


def exposed(report: AuditReport, grid: CellGrid) -> set[str]:
    """Return the names of the cells that an attacker gets at."""
    return names(grid, [grid.index[finding.key] for finding in report.exposed])


def safe_pattern(
    catalogue: Catalogue,
    table: Tabulation,
    *,
    dataset_id: str = "D",
    period: Period = YEAR,
    linked: Sequence[Delivered] = (),
) -> set[str]:
    """Return the cells that the product withholds, after the audit has agreed."""
    protection = protect_delivery(catalogue, dataset_id, period, table, linked=linked)
    report = audited(
        catalogue, table, protection.withheld, dataset_id=dataset_id, period=period, linked=linked
    )
    assert report.verdict is Verdict.SAFE, report
    return names(
        delivery_grid(catalogue, dataset_id, period.freq), np.flatnonzero(protection.withheld).tolist()
    )
