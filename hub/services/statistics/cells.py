"""Choosing a cell: an indicator and codes for some of its dimensions, the others at their total.

Only cells of the catalogue's linked tables exist; a combination outside them is refused, not computed,
because an ad-hoc cross table would step round the disclosure control.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from protocol.catalogue import Catalogue, DimensionUse, Indicator
from protocol.codelists import TOTAL, Code
from protocol.errors import kim_error
from protocol.grid import CellGrid, grid_of
from protocol.texts import Text


@dataclass(frozen=True)
class Cell:
    """One cell of an indicator's tables.

    Attributes:
        indicator: the indicator.
        codes: code per dimension that is not at its total, in the indicator's order of dimensions.
        row: row number in the grid of the dataflow.
    """

    indicator: Indicator
    codes: Mapping[str, str]
    row: int

    @property
    def labels(self) -> tuple[tuple[Text, Text], ...]:
        """Name of the dimension and of the code, for every dimension that is not at its total."""
        return tuple(
            (use.codelist.name, use.codelist[self.codes[use.id]].name)
            for use in self.indicator.dimensions
            if use.id in self.codes
        )


def cell_of(catalogue: Catalogue, indicator: Indicator, codes: Mapping[str, str]) -> Cell:
    """Return the cell with these codes.

    Args:
        catalogue: the catalogue.
        indicator: one of its indicators.
        codes: code per dimension; dimensions not named, or at ``_T``, stand at their total.

    Raises:
        KimError: ``bad_request`` (pointer ``cell``) if the tables hold no such cell.
    """
    grid = grid_of(catalogue, indicator.dataset)
    chosen = {use.id: codes[use.id] for use in indicator.dimensions if codes.get(use.id, TOTAL) != TOTAL}
    row = grid.index.get(grid.key(indicator, chosen))
    named = {dimension for dimension, code in codes.items() if code != TOTAL}
    if row is None or named - set(chosen):
        raise kim_error(
            "bad_request",
            Text(
                "Parameter cell: Diese Gliederung wird zu diesem Indikator nicht erhoben.",
                "Parameter cell: this breakdown is not collected for this indicator.",
            ),
            pointer="cell",
        )
    return Cell(indicator, chosen, row)


@dataclass(frozen=True)
class CellGroup:
    """The cells of one table, for a list to choose from.

    Attributes:
        dimensions: names of the dimensions that are not at their total.
        cells: cells in reading order.
    """

    dimensions: tuple[Text, ...]
    cells: tuple[Cell, ...]


def cells_of(catalogue: Catalogue, indicator: Indicator) -> tuple[CellGroup, ...]:
    """Return all cells of an indicator but its grand total, grouped by the dimensions they break down.

    Margins come before cross tables.
    """
    grid = grid_of(catalogue, indicator.dataset)
    groups: dict[tuple[str, ...], list[Cell]] = {}
    for row in grid.rows_of(indicator.id):
        codes = {d: c for d, c in grid.codes(row).items() if c != TOTAL}
        if codes:
            ordered = {use.id: codes[use.id] for use in indicator.dimensions if use.id in codes}
            groups.setdefault(tuple(ordered), []).append(Cell(indicator, ordered, row))
    order = [use.id for use in indicator.dimensions]
    return tuple(
        CellGroup(
            tuple(_use(indicator, dimension).codelist.name for dimension in dimensions),
            tuple(sorted(groups[dimensions], key=_reading_order)),
        )
        for dimensions in sorted(groups, key=lambda ids: (len(ids), [order.index(i) for i in ids]))
    )


@dataclass(frozen=True)
class Strand:
    """One dimension of an indicator, broken down under fixed codes of the others.

    Attributes:
        use: the dimension.
        within: labels of the fixed codes; empty if all others stand at their total.
        entries: per published code: the code, its depth below the total, and its cell.
    """

    use: DimensionUse
    within: tuple[tuple[Text, Text], ...]
    entries: tuple[tuple[Code, int, Cell], ...]


def strands_of(catalogue: Catalogue, cell: Cell) -> Iterator[Strand]:
    """Yield a breakdown per dimension of the cell's indicator.

    The other codes of ``cell`` stay fixed where the tables hold that combination, else they fall back to
    their totals; a strand says in ``within`` which of the two it is.
    """
    grid = grid_of(catalogue, cell.indicator.dataset)
    for use in cell.indicator.dimensions:
        others = {dimension: code for dimension, code in cell.codes.items() if dimension != use.id}
        entries = _entries(grid, cell.indicator, use, others) or _entries(grid, cell.indicator, use, {})
        first = entries[0][2]
        within = tuple(
            (other.codelist.name, other.codelist[first.codes[other.id]].name)
            for other in cell.indicator.dimensions
            if other.id != use.id and other.id in first.codes
        )
        yield Strand(use, within, entries)


def _entries(
    grid: CellGrid, indicator: Indicator, use: DimensionUse, others: Mapping[str, str]
) -> tuple[tuple[Code, int, Cell], ...]:
    found: list[tuple[Code, int, Cell]] = []
    for code in use.codelist.published:
        wanted = dict(others) if code.id == use.codelist.total else {**others, use.id: code.id}
        row = grid.index.get(grid.key(indicator, wanted))
        if row is None:
            return ()
        ordered = {u.id: wanted[u.id] for u in indicator.dimensions if u.id in wanted}
        found.append((code, len(use.codelist.ancestors(code.id)), Cell(indicator, ordered, row)))
    return tuple(found)


def merged_into(use: DimensionUse, code: Code) -> tuple[Text, ...]:
    """Names of the codes that are published under ``code``."""
    return tuple(other.name for other in use.codelist.codes if other.merge_with == code.id)


def _use(indicator: Indicator, dimension: str) -> DimensionUse:
    return next(use for use in indicator.dimensions if use.id == dimension)


def _reading_order(cell: Cell) -> tuple[int, ...]:
    position: list[int] = []
    for dimension, code in cell.codes.items():
        codelist = _use(cell.indicator, dimension).codelist
        position.append([c.id for c in codelist.published].index(code))
    return tuple(position)
