"""Reads the XML of one sheet: rows of text, one after the other, and merged ranges.

Invariants: what a cell shows is decided by its type and style alone; a formula counts by the value that was
saved with it, and is said to be uncomputed if there is none. Nothing but the row that is being read is kept.

Source of the structure: ECMA-376 part 1, 18.3.1 (worksheets) and 18.4 (shared strings). A document type is
refused: no sheet has one, and without it there are no entities that could grow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, Any, Final, NamedTuple
from xml.parsers import expat

from node.sources.table.cell_texts import text_of
from node.sources.table.limits import too_large

_CHUNK_BYTES: Final = 1 << 18
_OVERLAP_BYTES: Final = 256
_MERGE: Final = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*?ref=\"([A-Z]+)(\d+):([A-Z]+)(\d+)\"")
_LETTERS: Final = re.compile(r"[A-Z]{1,3}")
_KNOWN_NUMBERS: Final = 100_000


class Merge(NamedTuple):
    """A merged range: columns from 0, rows as the sheet numbers them."""

    first_column: int
    first_row: int
    last_column: int
    last_row: int

    @property
    def place(self) -> str:
        """The range as a spreadsheet names it."""
        return (
            f"{letters_of(self.first_column)}{self.first_row}:{letters_of(self.last_column)}{self.last_row}"
        )


@dataclass(slots=True)
class SheetRow:
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


@dataclass(frozen=True, slots=True)
class CellRules:
    """What a workbook says about the cells of its sheets.

    Attributes:
        strings: texts that cells refer to.
        date_styles: styles that show a number as a date.
        epoch: day 0 of serial dates.
        max_columns: a cell behind them is refused.
    """

    strings: Sequence[str]
    date_styles: frozenset[int]
    epoch: Any
    max_columns: int


def rows_of_sheet(file: IO[bytes], rules: CellRules) -> Iterator[SheetRow]:
    """Yield the rows that a sheet has, blank ones among them, in the order of the file.

    Args:
        file: XML of the sheet.
        rules: what its cells mean.

    Raises:
        expat.ExpatError: if it is no XML.
        ValueError: if it is no sheet; so do IndexError and LookupError.
        KimError: ``source_too_large`` for too many columns.
    """
    reader = _SheetReader(rules)
    while not reader.over and (chunk := file.read(_CHUNK_BYTES)):
        yield from reader.feed(chunk)
    if not reader.over:
        raise ValueError("the sheet ends before its rows do")


def merges_of_sheet(file: IO[bytes]) -> Iterator[Merge]:
    """Yield the merged ranges; they stand behind the rows, and are needed before."""
    kept = b""
    while chunk := file.read(_CHUNK_BYTES):
        window = kept + chunk
        end = 0
        for match in _MERGE.finditer(window):
            first, first_row, last, last_row = (part.decode() for part in match.groups())
            yield Merge(_column_of(first), int(first_row), _column_of(last), int(last_row))
            end = match.end()
        kept = window[max(end, len(window) - _OVERLAP_BYTES) :]


def letters_of(column: int) -> str:
    """Return the letters of a column, counted from 0."""
    letters = ""
    number = column + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _column_of(letters: str) -> int:
    if not _LETTERS.fullmatch(letters):
        raise ValueError(letters)
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


class _SheetReader:
    """The state of the reading between two pieces of the file."""

    def __init__(self, rules: CellRules) -> None:
        self.over = False
        self._rules = rules
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._ready: list[SheetRow] = []
        self._row = SheetRow(0, [])
        self._cell: dict[str, str] = {}
        self._column = -1
        self._value: str | None = None
        self._has_formula = False
        self._inline: list[str] = []
        self._spoken = 0  # inside of <rPh>: how to pronounce a text
        self._text: list[str] | None = None  # what is being collected
        self._columns: dict[str, int] = {}
        self._numbers: dict[tuple[str, str], str] = {}

    def feed(self, chunk: bytes) -> list[SheetRow]:
        """Take the next piece; return the rows that are complete."""
        self._ready = []
        self._parser.Parse(chunk, False)  # noqa: FBT003  (expat's own signature)
        return self._ready

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        kind = name.rpartition(":")[2]
        if kind == "c":
            self._cell, self._value, self._has_formula = attributes, None, False
        elif kind == "v" or (kind == "t" and not self._spoken):
            self._text = []
        elif kind == "f":
            self._has_formula = True
        elif kind == "row":
            self._row = SheetRow(int(attributes.get("r") or self._row.number + 1), [])
            self._column = -1
        elif kind == "is":
            self._inline = []
        elif kind == "rPh":
            self._spoken += 1

    def _characters(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def _end(self, name: str) -> None:
        kind = name.rpartition(":")[2]
        if kind == "c":
            self._finish_cell()
        elif kind == "v":
            self._value, self._text = "".join(self._text or ()), None
        elif kind == "t":
            self._inline += self._text or ()
            self._text = None
        elif kind == "row":
            self._ready.append(self._row)
        elif kind == "rPh":
            self._spoken -= 1
        elif kind == "sheetData":
            self.over = True

    def _doctype(self, *_: object) -> None:
        raise ValueError("a sheet has no document type")

    def _finish_cell(self) -> None:
        place = self._cell.get("r")
        self._column = self._column + 1 if place is None else self._column_at(place)
        kind = self._cell.get("t", "n")
        value = self._value if kind != "inlineStr" else "".join(self._inline)
        if self._column >= self._rules.max_columns:
            if value is not None:
                raise too_large()
            return  # formatted only
        row = self._row
        row.cells += [""] * (self._column + 1 - len(row.cells))
        if value is None or (value == "" and kind in {"n", "s", "b"}):
            if self._has_formula:
                row.uncomputed.append(self._column)
            return
        row.cells[self._column] = self._text_of(value, kind)
        row.formulas += self._has_formula

    def _column_at(self, place: str) -> int:
        letters = place.rstrip("0123456789")
        if letters not in self._columns:
            self._columns[letters] = _column_of(letters)
        return self._columns[letters]

    def _text_of(self, value: str, kind: str) -> str:
        if kind == "s":
            return self._rules.strings[int(value)]
        if kind == "n":
            return self._number(value, self._cell.get("s", "0"))
        if kind == "b":
            return text_of(value == "1")
        return value  # a text, an error such as #N/A, or a date in ISO form

    def _number(self, value: str, style: str) -> str:
        text = self._numbers.get((value, style))  # dates and keys return in many cells
        if text is None:
            if len(self._numbers) >= _KNOWN_NUMBERS:
                self._numbers.clear()
            text = self._numbers[value, style] = self._number_text(float(value), int(style))
        return text

    def _number_text(self, number: float, style: int) -> str:
        from openpyxl.utils.datetime import from_excel  # noqa: PLC0415

        if style in self._rules.date_styles:
            try:
                return text_of(from_excel(number, self._rules.epoch))
            except (OverflowError, ValueError):
                pass  # no date at all: what the cell holds is said as it is
        return text_of(number)
