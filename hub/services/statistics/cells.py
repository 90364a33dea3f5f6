"""Choosing a cell: a subject and codes for some of its dimensions, the others at their total.

Only cells of the catalogue's linked tables exist; a combination outside them is refused, not computed,
because an ad-hoc cross table would step round the disclosure control.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hub.services.statistics.subjects import Subject
from protocol.catalogue import Catalogue, DimensionUse
from protocol.codelists import TOTAL, Code
from protocol.errors import kim_error
from protocol.grid import CellGrid, grid_of
from protocol.texts import Text

#: What identifies a cell: the subject's id and (dimension, code) of every dimension below its total.
CellKey = tuple[str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True)
class Cell:
    """One cell of a subject's tables.

    Attributes:
        subject: the subject.
        codes: code per dimension that is not at its total, in the subject's order of dimensions.
    """

    subject: Subject
    codes: Mapping[str, str]

    @property
    def key(self) -> CellKey:
        """What identifies the cell."""
        return self.subject.id, tuple(self.codes.items())

    @property
    def labels(self) -> tuple[tuple[Text, Text], ...]:
        """Name of the dimension and of the code, for every dimension that is not at its total."""
        return tuple(
            (use.codelist.name, use.codelist[self.codes[use.id]].name)
            for use in self.subject.dimensions
            if use.id in self.codes
        )

    def row(self, catalogue: Catalogue) -> int:
        """Return the row of a delivered cell in the grid of its dataflow.

        Raises:
            ValueError: for a cell of a derived subject, which stands in no grid.
        """
        if self.subject.indicator is None:
            raise ValueError("derived figures stand in no grid")
        grid = grid_of(catalogue, self.subject.dataset)
        return grid.index[grid.key(self.subject.indicator, self.codes)]


def cell_of(catalogue: Catalogue, subject: Subject, codes: Mapping[str, str]) -> Cell:
    """Return the cell with these codes.

    Args:
        catalogue: the catalogue.
        subject: one of its subjects.
        codes: code per dimension; dimensions not named, or at ``_T``, stand at their total.

    Raises:
        KimError: ``bad_request`` (pointer ``cell``) if the tables hold no such cell.
    """
    chosen = _ordered(subject, {d: code for d, code in codes.items() if code != TOTAL})
    named = {dimension for dimension, code in codes.items() if code != TOTAL}
    if named - set(chosen) or not _exists(catalogue, subject, chosen):
        raise kim_error(
            "bad_request",
            Text(
                "Parameter cell: Diese Gliederung wird zu diesem Indikator nicht erhoben.",
                "Parameter cell: this breakdown is not collected for this indicator.",
            ),
            pointer="cell",
        )
    return Cell(subject, chosen)


def main_cell(catalogue: Catalogue, subject: Subject) -> Cell:
    """Return the cell a subject is shown by first: its grand total.

    A dimension without a total (kinds of decision are never added) stands at its first code.
    """
    codes = {use.id: use.codelist.published[0].id for use in subject.dimensions if use.codelist.total is None}
    return cell_of(catalogue, subject, codes)


@dataclass(frozen=True)
class CellGroup:
    """The cells of one table, for a list to choose from.

    Attributes:
        dimensions: names of the dimensions that are not at their total.
        cells: cells in reading order.
    """

    dimensions: tuple[Text, ...]
    cells: tuple[Cell, ...]


def cells_of(catalogue: Catalogue, subject: Subject) -> tuple[CellGroup, ...]:
    """Return all cells of a subject but its grand total, grouped by the dimensions they break down.

    Margins come before cross tables.
    """
    groups: dict[tuple[str, ...], list[Cell]] = {}
    for codes in _all_codes(catalogue, subject):
        if codes:
            groups.setdefault(tuple(codes), []).append(Cell(subject, codes))
    order = [use.id for use in subject.dimensions]
    return tuple(
        CellGroup(
            tuple(use_of(subject, dimension).codelist.name for dimension in dimensions),
            tuple(sorted(groups[dimensions], key=_reading_order)),
        )
        for dimensions in sorted(groups, key=lambda ids: (len(ids), [order.index(i) for i in ids]))
    )


@dataclass(frozen=True)
class Strand:
    """One dimension of a subject, broken down under fixed codes of the others.

    Attributes:
        use: the dimension.
        within: labels of the fixed codes; empty if all others stand at their total.
        entries: per published code: the code, its depth below the total, and its cell.
    """

    use: DimensionUse
    within: tuple[tuple[Text, Text], ...]
    entries: tuple[tuple[Code, int, Cell], ...]


def strands_of(catalogue: Catalogue, cell: Cell) -> Iterator[Strand]:
    """Yield a breakdown per dimension of the cell's subject.

    The other codes of ``cell`` stay fixed where the tables hold that combination, else they fall back to
    their totals; a strand says in ``within`` which of the two it is.
    """
    for use in cell.subject.dimensions:
        others = {dimension: code for dimension, code in cell.codes.items() if dimension != use.id}
        entries = _entries(catalogue, cell.subject, use, others) or _entries(catalogue, cell.subject, use, {})
        if not entries:
            continue
        first = entries[-1][2]
        within = tuple(
            (other.codelist.name, other.codelist[first.codes[other.id]].name)
            for other in cell.subject.dimensions
            if other.id != use.id and other.id in first.codes
        )
        yield Strand(use, within, entries)


@dataclass(frozen=True)
class Crossing:
    """A table of two dimensions.

    Attributes:
        rows: dimension down the side, the longer one.
        columns: dimension across the top.
        cells: cell per (row code, column code).
    """

    rows: DimensionUse
    columns: DimensionUse
    cells: Mapping[tuple[str, str], Cell]


def crossings_of(catalogue: Catalogue, subject: Subject) -> tuple[Crossing, ...]:
    """Return the two-way tables the catalogue has for a subject."""
    found: list[Crossing] = []
    for table in subject.indicator.tables if subject.indicator else ():
        if len(table) != 2:
            continue
        one, other = (use_of(subject, dimension) for dimension in table)
        rows, columns = (
            (other, one) if len(one.codelist.published) <= len(other.codelist.published) else (one, other)
        )
        cells = {
            (down.id, across.id): cell_of(catalogue, subject, {rows.id: down.id, columns.id: across.id})
            for down in rows.codelist.published
            for across in columns.codelist.published
        }
        found.append(Crossing(rows, columns, cells))
    return tuple(found)


def merged_into(use: DimensionUse, code: Code) -> tuple[Text, ...]:
    """Names of the codes that are published under ``code``."""
    return tuple(other.name for other in use.codelist.codes if other.merge_with == code.id)


def use_of(subject: Subject, dimension: str) -> DimensionUse:
    """Return a subject's use of one of its dimensions."""
    return next(use for use in subject.dimensions if use.id == dimension)


def _entries(
    catalogue: Catalogue, subject: Subject, use: DimensionUse, others: Mapping[str, str]
) -> tuple[tuple[Code, int, Cell], ...]:
    found: list[tuple[Code, int, Cell]] = []
    for code in use.codelist.published:
        wanted = dict(others) if code.id == use.codelist.total else {**others, use.id: code.id}
        wanted = _ordered(subject, wanted)
        if not _exists(catalogue, subject, wanted):
            return ()
        found.append((code, len(use.codelist.ancestors(code.id)), Cell(subject, wanted)))
    return tuple(found)


def _exists(catalogue: Catalogue, subject: Subject, codes: Mapping[str, str]) -> bool:
    if subject.indicator is None:
        published = {use.id: {code.id for code in use.codelist.published} for use in subject.dimensions}
        return len(codes) <= 1 and all(code in published.get(d, ()) for d, code in codes.items())
    grid = grid_of(catalogue, subject.dataset)
    return grid.key(subject.indicator, codes) in grid.index


def _all_codes(catalogue: Catalogue, subject: Subject) -> Iterator[dict[str, str]]:
    """Yield the codes below their totals of every cell, in the subject's order of dimensions."""
    if subject.indicator is None:
        yield {}
        for use in subject.dimensions:
            yield from ({use.id: c.id} for c in use.codelist.published if c.id != use.codelist.total)
        return
    grid: CellGrid = grid_of(catalogue, subject.dataset)
    for row in grid.rows_of(subject.id):
        yield _ordered(subject, {d: c for d, c in grid.codes(row).items() if c != TOTAL})


def _ordered(subject: Subject, codes: Mapping[str, str]) -> dict[str, str]:
    return {use.id: codes[use.id] for use in subject.dimensions if use.id in codes}


def _reading_order(cell: Cell) -> tuple[int, ...]:
    position: list[int] = []
    for dimension, code in cell.codes.items():
        codelist = use_of(cell.subject, dimension).codelist
        position.append([c.id for c in codelist.published].index(code))
    return tuple(position)
