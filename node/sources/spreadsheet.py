"""Reads a sheet of an .xlsx file: openpyxl opens the workbook, the rows are taken from its XML one by one.

Invariants:

- Every row of the sheet is read, hidden and filtered ones too; `lines` are the numbers beside the rows.
- Dates become ISO text, numbers have no ``.0``; the value of a formula is the one that was computed when the
  file was saved. A formula without one is refused by its place: nobody knows what it would say.
- Merged cells: rows of one column take the value of the first of them (and are counted). A merge across
  columns is read only in rows that hold nothing else, such as headings; anywhere else it is refused by its
  place, because it does not say to which column its value belongs.
- What a small file unpacks to is limited before it is unpacked.

Source of the structure: ECMA-376 part 1, 18.3.1 (worksheets) and 18.4 (shared strings).
"""

from __future__ import annotations

import itertools
import re
import warnings
import xml.etree.ElementTree as ET
import zipfile
import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final, NamedTuple

from node.sources.cell_texts import text_of
from node.sources.columns import ColumnBuilder, all_blank
from node.sources.export_day import day_in
from node.sources.limits import SourceLimits, damaged, empty_source, too_large
from node.sources.magic import ZIP, require_magic
from node.sources.profile import Layout, ProfileNames
from node.sources.raw_table import RawTable
from node.sources.records import Record
from node.sources.text_file import BLOCK_ROWS, HEADER_WITHIN_LINES, no_header
from protocol.errors import ErrorItem, KimError, kim_error
from protocol.texts import Text

_CHUNK_BYTES: Final = 1 << 20
_OVERLAP_BYTES: Final = 256
_MERGE: Final = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*?ref=\"([A-Z]+)(\d+):([A-Z]+)(\d+)\"")
_PLACE: Final = re.compile(r"([A-Z]+)(\d+)")
_MAIN: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_STRICT: Final = "{http://purl.oclc.org/ooxml/spreadsheetml/main}"
_LISTED_CELLS: Final = 20
_MAX_MERGES: Final = 200_000
# What zipfile, expat and number parsing raise on a file that is cut off or scribbled over ...
_BROKEN: Final = (
    zipfile.BadZipFile, zlib.error, ET.ParseError, EOFError, LookupError, ValueError, NotImplementedError,
)  # fmt: skip
# ... and openpyxl on a package whose parts are not what it expects.
_BROKEN_PACKAGE: Final = (*_BROKEN, OSError, TypeError, AttributeError, RuntimeError)


class _Merge(NamedTuple):
    """A merged range: columns from 0, rows as the sheet numbers them."""

    first_column: int
    first_row: int
    last_column: int
    last_row: int

    @property
    def place(self) -> str:
        return f"{_letters(self.first_column)}{self.first_row}:{_letters(self.last_column)}{self.last_row}"


@dataclass(slots=True)
class _Row:
    """One row of the sheet.

    Attributes:
        number: as the sheet numbers it.
        cells: texts from the first column on.
        formulas: number of computed values among them.
        uncomputed: columns whose formula has no value.
        unmerged: whether a cell took its value from a merged one above.
    """

    number: int
    cells: list[str]
    formulas: int = 0
    uncomputed: list[int] = field(default_factory=list)
    unmerged: bool = False


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
    require_magic(path, ZIP)
    try:
        with _workbook(path, limits) as workbook:
            worksheet = _chosen(path, workbook, sheet)
            with worksheet.source() as file:
                merges = list(itertools.islice(_merges(file), _MAX_MERGES + 1))
            if len(merges) > _MAX_MERGES:
                raise too_large()
            with worksheet.source() as file:
                return _Reader(path, names, limits, merges).read(_rows(file, worksheet, limits))
    except _BROKEN:
        raise _broken(path) from None


# ---------------------------------------------------------------------------------------- the workbook


@dataclass(frozen=True, slots=True)
class _Worksheet:
    """What is needed to read one sheet.

    Attributes:
        archive: the open file.
        part: name of the sheet's part in it.
        strings: texts that cells refer to.
        date_styles: styles that show a number as a date.
        epoch: day 0 of serial dates.
    """

    archive: zipfile.ZipFile
    part: str
    strings: Sequence[str]
    date_styles: frozenset[int]
    epoch: Any

    def source(self) -> Any:  # noqa: ANN401  (zipfile's reader)
        return self.archive.open(self.part)


@contextmanager
def _workbook(path: Path, limits: SourceLimits) -> Iterator[Any]:
    # Imported here: commands that read no spreadsheet do not wait for it.
    import openpyxl  # noqa: PLC0415

    with zipfile.ZipFile(path) as archive:
        _require_size(path, archive, limits)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles, images and extensions, which nobody reads here
            workbook = openpyxl.load_workbook(path, read_only=True, keep_links=False)
    except _BROKEN_PACKAGE:
        raise _broken(path) from None
    try:
        yield workbook
    finally:
        workbook.close()


def _broken(path: Path) -> KimError:
    return damaged(
        path, "Die Tabelle ist unvollständig oder beschädigt.", "The table is incomplete or damaged."
    )


def _require_size(path: Path, archive: zipfile.ZipFile, limits: SourceLimits) -> None:
    # zipfile never reads more of a part than its entry says, so what the entries say can be trusted.
    unpacked = sum(entry.file_size for entry in archive.infolist())
    allowed = max(limits.free_unpacked_bytes, limits.max_ratio * path.stat().st_size)
    if unpacked > min(allowed, limits.max_unpacked_bytes):
        raise too_large()
    if any(entry.flag_bits & 1 for entry in archive.infolist()):
        raise damaged(path, "Die Datei ist verschlüsselt.", "The file is encrypted.")


def _chosen(path: Path, workbook: Any, sheet: str | None) -> _Worksheet:  # noqa: ANN401
    sheets = workbook.worksheets
    found = sheets[:1] if sheet is None else [each for each in sheets if each.title == sheet]
    if not found:
        raise kim_error(
            "sheet_missing",
            Text(
                f"{path.name} hat kein Tabellenblatt „{sheet or ''}“ (Blätter: {len(sheets)}).",
                f'{path.name} has no sheet "{sheet or ""}" (sheets: {len(sheets)}).',
            ),
        )
    worksheet = found[0]
    # What openpyxl's own reader of rows is given; it would not tell a formula without a value from nothing.
    return _Worksheet(
        archive=workbook._archive,  # noqa: SLF001
        part=worksheet._worksheet_path,  # noqa: SLF001
        strings=worksheet._shared_strings,  # noqa: SLF001
        date_styles=frozenset(workbook._date_formats) - frozenset(workbook._timedelta_formats),  # noqa: SLF001
        epoch=workbook.epoch,
    )


# -------------------------------------------------------------------------------------------- the rows


def _rows(file: Any, worksheet: _Worksheet, limits: SourceLimits) -> Iterator[_Row]:  # noqa: ANN401
    """Yield the rows that the sheet has, blank ones among them, in the order of their numbers."""
    number = 0
    parents: list[ET.Element] = []
    for event, element in ET.iterparse(file, events=("start", "end")):  # noqa: S314
        tag = element.tag.removeprefix(_MAIN).removeprefix(_STRICT)
        if event == "start":
            if tag == "sheetData":
                parents.append(element)
            continue
        if tag == "row":
            number = int(element.get("r") or number + 1)
            yield _row(number, element, worksheet, limits)
            parents[-1].clear()  # else the rows that were read stay in memory
        elif tag == "sheetData":
            return


def _row(number: int, element: ET.Element, worksheet: _Worksheet, limits: SourceLimits) -> _Row:
    row = _Row(number, [])
    column = -1
    for cell in element:
        place = cell.get("r")
        column = column + 1 if place is None else _column_of(place)
        if column >= limits.max_columns:
            if len(cell):
                raise too_large()
            continue  # formatted only
        row.cells += [""] * (column + 1 - len(row.cells))
        has_formula = any(child.tag.endswith("}f") for child in cell)
        text = _cell_text(cell, worksheet, has_formula=has_formula)
        if text is None:
            row.uncomputed.append(column)
        else:
            row.cells[column] = text
            row.formulas += has_formula
    return row


def _cell_text(cell: ET.Element, worksheet: _Worksheet, *, has_formula: bool) -> str | None:
    """Return the text of a cell, or None for a formula without a value."""
    kind, value = cell.get("t", "n"), _value(cell)
    if kind == "inlineStr":
        return "".join(_texts_in(cell))
    if value is None or (value == "" and kind != "str"):
        return None if has_formula else ""
    if kind == "s":
        return worksheet.strings[int(value)]
    if kind == "n":
        return _number(value, worksheet, style=int(cell.get("s", 0)))
    if kind == "b":
        return text_of(value == "1")
    return value  # a computed text, an error such as #N/A, or a date in ISO form


def _value(cell: ET.Element) -> str | None:
    for child in cell:
        if child.tag.endswith("}v"):
            return child.text or ""
    return None


def _texts_in(cell: ET.Element) -> Iterator[str]:
    for part in cell.iter():
        if part.tag.endswith("}rPh"):  # how to pronounce it
            part.clear()
        elif part.tag.endswith("}t"):
            yield part.text or ""


def _number(text: str, worksheet: _Worksheet, *, style: int) -> str:
    from openpyxl.utils.datetime import from_excel  # noqa: PLC0415

    number = float(text)
    if style in worksheet.date_styles:
        try:
            return text_of(from_excel(number, worksheet.epoch))
        except (OverflowError, ValueError):
            pass  # no date at all: what the cell holds is said as it is
    return text_of(number)


def _merges(file: Any) -> Iterator[_Merge]:  # noqa: ANN401
    """Yield the merged ranges; they stand behind the rows, and are needed before."""
    kept = b""
    while chunk := file.read(_CHUNK_BYTES):
        window = kept + chunk
        end = 0
        for match in _MERGE.finditer(window):
            first, first_row, last, last_row = match.groups()
            yield _Merge(
                _column_of(first.decode() + "1"),
                int(first_row),
                _column_of(last.decode() + "1"),
                int(last_row),
            )
            end = match.end()
        kept = window[max(end, len(window) - _OVERLAP_BYTES) :]


def _column_of(place: str) -> int:
    match = _PLACE.fullmatch(place)
    if match is None:
        raise ValueError(place)
    number = 0
    for letter in match[1]:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _letters(column: int) -> str:
    letters = ""
    number = column + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


# ----------------------------------------------------------------------------------------- the table


class _Reader:
    """Finds the header among the rows, and fills columns from those behind it."""

    def __init__(self, path: Path, names: ProfileNames, limits: SourceLimits, merges: list[_Merge]) -> None:
        self._path, self._names, self._limits = path, names, limits
        self._ahead = deque(sorted(merges, key=lambda merge: merge.first_row))
        self._reaching: list[_Merge] = []  # those that reach the present row
        self._tops: dict[_Merge, str] = {}
        self._formulas = 0
        self._unclear: list[str] = []

    def read(self, rows: Iterator[_Row]) -> RawTable:
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

    def _header(self, rows: Iterator[_Row]) -> tuple[Layout, int, date | None]:
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
        raise no_header(self._names)

    def _records(self, rows: Iterator[_Row], layout: Layout, columns: ColumnBuilder) -> Iterator[Record]:
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

    def _merges_at(self, number: int) -> list[_Merge]:
        while self._ahead and self._ahead[0].first_row <= number:
            self._reaching.append(self._ahead.popleft())
        self._reaching = [merge for merge in self._reaching if merge.last_row >= number]
        return self._reaching

    def _unmerge(self, row: _Row, merges: list[_Merge]) -> None:
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

    def _judge(self, row: _Row, merges: list[_Merge], known: set[int]) -> None:
        """Count formulas, and note cells of the profile's columns that say nothing certain."""
        self._formulas += row.formulas
        self._unclear += [f"{_letters(column)}{row.number}" for column in row.uncomputed if column in known]
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
