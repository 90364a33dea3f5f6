"""Reads a sheet of an .xlsx file: finds the header among its rows, then fills columns from those behind it.

Invariants:

- Every row of the sheet is read, hidden and filtered ones too; `lines` are the numbers beside the rows.
- Dates become ISO text, numbers have no ``.0``; the value of a formula is the one that was computed when the
  file was saved. A formula without one is refused by its place: nobody knows what it would say.
- Merged cells: rows of one column take the value of the first of them (and are counted). A merge across
  columns is read only in rows that hold nothing else, such as headings; anywhere else it is refused by its
  place, because it does not say to which column its value belongs.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Final

from node.sources.spreadsheet.sheet_xml import Merge, SheetRow, letters_of
from node.sources.spreadsheet.workbook import open_sheet
from node.sources.table.columns import BLOCK_ROWS, ColumnBuilder, Record, all_blank
from node.sources.table.export_day import day_in
from node.sources.table.limits import SourceLimits, empty_source, too_large
from node.sources.table.profile import HEADER_WITHIN_LINES, Layout, ProfileNames
from node.sources.table.raw_table import RawTable
from protocol.errors import ErrorItem, KimError, kim_error
from protocol.texts import Text

_LISTED_CELLS: Final = 20


def read_spreadsheet(path: Path, names: ProfileNames, limits: SourceLimits, *, sheet: str | None) -> RawTable:
    """Read one sheet.

    Args:
        path: the file; neither missing nor empty.
        names: names of the profile's columns.
        limits: how large it may be.
        sheet: name of the sheet; the first if None.

    Returns:
        All rows behind the header as text; blank rows at the end are no rows.

    Raises:
        KimError: ``wrong_format``, ``source_damaged``, ``source_too_large``, ``sheet_missing``,
            ``empty_source``, ``no_header``, ``missing_column``, ``unclear_cells``.
        OSError: if it cannot be read.
    """
    with open_sheet(path, limits, sheet=sheet) as opened, closing(opened.rows()) as rows:
        return _Reader(path, names, limits, opened.merges()).read(rows)


class _Reader:
    """Finds the header among the rows, and fills columns from those behind it."""

    def __init__(self, path: Path, names: ProfileNames, limits: SourceLimits, merges: list[Merge]) -> None:
        self._path, self._names, self._limits = path, names, limits
        self._ahead = deque(sorted(merges, key=lambda merge: merge.first_row))
        self._reaching: list[Merge] = []  # those that reach the present row
        self._tops: dict[Merge, str] = {}
        self._formulas = 0
        self._unclear: list[str] = []

    def read(self, rows: Iterator[SheetRow]) -> RawTable:
        layout, header_row, export_date = self._header(rows)
        self._names.require_columns(layout)
        columns = ColumnBuilder(layout)
        behind = self._records(rows, layout, columns)
        while block := list(itertools.islice(behind, BLOCK_ROWS)):
            columns.add(block)
            if columns.rows > self._limits.max_rows:
                raise too_large()
        if self._unclear:
            raise self._unclear_cells()
        if columns.rows == 0:
            raise empty_source()
        return columns.table(
            numbering="row", preamble=header_row - 1, export_date=export_date, formulas=self._formulas
        )

    def _header(self, rows: Iterator[SheetRow]) -> tuple[Layout, int, date | None]:
        export_date: date | None = None
        seen = False
        for row in rows:
            if row.number > HEADER_WITHIN_LINES:
                break
            seen = seen or not all_blank(row.cells)
            layout = self._names.layout(row.cells)
            if layout is not None:
                return layout, row.number, export_date
            export_date = export_date or day_in(" ".join(row.cells))
        else:
            if not seen:
                raise empty_source()
        raise self._names.no_header()

    def _records(self, rows: Iterator[SheetRow], layout: Layout, columns: ColumnBuilder) -> Iterator[Record]:
        known = set(layout.places.values())
        blank: list[int] = []
        position = 0
        for row in rows:
            merges = self._merges_at(row.number)
            self._unmerge(row, merges)
            self._judge(row, merges, known)
            if all_blank(row.cells):
                blank.append(row.number)  # counted only if a row with something in it follows
                continue
            for number in blank:
                yield Record(number, [""], mended=False)
            position += len(blank)
            blank = []
            if row.unmerged:
                columns.unmerged.append(position)
            position += 1
            yield Record(row.number, row.cells, mended=False)

    def _merges_at(self, number: int) -> list[Merge]:
        while self._ahead and self._ahead[0].first_row <= number:
            self._reaching.append(self._ahead.popleft())
        self._reaching = [merge for merge in self._reaching if merge.last_row >= number]
        return self._reaching

    def _unmerge(self, row: SheetRow, merges: list[Merge]) -> None:
        """Give a row the values of cells that are merged with one above them, behind the header."""
        for merge in merges:
            column = merge.first_column
            if column != merge.last_column:
                continue
            if row.number == merge.first_row:
                self._tops[merge] = row.cells[column] if column < len(row.cells) else ""
            elif top := self._tops.get(merge):
                row.cells += [""] * (column + 1 - len(row.cells))
                row.cells[column] = top
                row.unmerged = True

    def _judge(self, row: SheetRow, merges: list[Merge], known: set[int]) -> None:
        """Count formulas, and note cells of the profile's columns that say nothing certain."""
        self._formulas += row.formulas
        self._unclear += [f"{letters_of(column)}{row.number}" for column in row.uncomputed if column in known]
        for merge in merges:
            inside = range(merge.first_column, merge.last_column + 1)
            if len(inside) == 1:
                continue
            others = [cell for column, cell in enumerate(row.cells) if column not in inside]
            if known.intersection(inside) and not all_blank(others):
                self._unclear.append(merge.place)

    def _unclear_cells(self) -> KimError:
        places = list(dict.fromkeys(self._unclear))
        listed = ", ".join(places[:5])
        return kim_error(
            "unclear_cells",
            Text(
                f"{self._path.name}: Formeln ohne Ergebnis oder über Spalten verbundene Zellen in {listed} "
                f"(Stellen: {len(places)}).",
                f"{self._path.name}: formulas without a result, or cells merged across columns, in {listed} "
                f"(places: {len(places)}).",
            ),
            errors=[
                ErrorItem(
                    f"/cells/{place}",
                    "unclear_cells",
                    Text(f"Zelle {place} ist nicht eindeutig.", f"Cell {place} is not clear."),
                )
                for place in places[:_LISTED_CELLS]
            ],
        )
