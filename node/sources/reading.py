"""Reads a profile-A export: finds the header, cuts the records, fills columns.

Invariants: the file is read once, in blocks; memory grows with distinct texts, not with the file; line
numbers are those an editor shows. Nothing of a cell ever stands in an error.

It deliberately drops no row: totals, blank rows and nonsense are counted by `quality`, not lost here.
"""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Final, TextIO

import numpy as np
import pyarrow as pa

from node.sources.encoding import Encoding, encoding_of, unreadable
from node.sources.profile_a import IDENTIFYING, Layout, ProfileNames, require_columns
from node.sources.raw_table import RawTable
from node.sources.records import Record, records
from protocol.errors import kim_error
from protocol.texts import Text

_HEADER_WITHIN_LINES: Final = 20
_BLOCK_ROWS: Final = 4096
_DEFAULT_DELIMITER: Final = ";"
_DELIMITERS: Final = ";,\t|"
_SEP_LINE: Final = re.compile(r'"?sep=(?P<delimiter>[;,\t|])"?;*', re.IGNORECASE)
_EXPORT_LINE: Final = re.compile(
    r"\b(?:export|stand|erstellt)\w*\b.*?\b(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class SourceLimits:
    """How large a source may be.

    Attributes:
        max_bytes: size of the file.
        max_rows: rows behind the header.
    """

    max_bytes: int = 2 << 30
    max_rows: int = 5_000_000


DEFAULT_LIMITS: Final = SourceLimits()


def read_profile_a(
    path: Path,
    *,
    local_names: Mapping[str, str] | None = None,
    limits: SourceLimits = DEFAULT_LIMITS,
) -> RawTable:
    """Read an export of profile A.

    Args:
        path: the CSV file.
        local_names: column of the profile -> its local name (``[columns]`` of ``node.toml``).
        limits: how large the file may be.

    Returns:
        All rows behind the header as text.

    Raises:
        KimError: ``source_missing``, ``too_large``, ``empty_source``, ``wrong_encoding``, ``no_header``,
            ``missing_column``, ``config_invalid`` (a local name for a column the profile does not have).
    """
    names = ProfileNames(local_names)
    try:
        size = path.stat().st_size
        if size > limits.max_bytes:
            raise _too_large()
        if size == 0:
            raise _empty()
        encoding = encoding_of(path)
        with path.open(encoding=encoding, newline="") as file:
            return _read(file, names, encoding, limits)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise kim_error(
            "source_missing",
            Text(
                f"{path.name} ist nicht da oder nicht lesbar ({reason}).",
                f"{path.name} is missing or cannot be read ({reason}).",
            ),
        ) from None
    except UnicodeDecodeError:
        raise unreadable() from None


def _read(file: TextIO, names: ProfileNames, encoding: Encoding, limits: SourceLimits) -> RawTable:
    lines = iter(file)
    head = _find_header(lines, names)
    require_columns(head.layout)
    columns = _Columns(head.layout)
    rows = records(lines, delimiter=head.delimiter, width=len(head.layout.header), first_line=head.line + 1)
    while block := list(itertools.islice(rows, _BLOCK_ROWS)):
        columns.add(block)
        if columns.rows > limits.max_rows:
            raise _too_large()
    if columns.rows == 0:
        raise _empty()
    return columns.table(preamble=head.line - 1, encoding=encoding, export_date=head.export_date)


@dataclass(frozen=True, slots=True)
class _Head:
    layout: Layout
    line: int
    delimiter: str
    export_date: date | None


def _find_header(lines: Iterator[str], names: ProfileNames) -> _Head:
    delimiter = _DEFAULT_DELIMITER
    export_date: date | None = None
    seen = False
    for number, line in enumerate(itertools.islice(lines, _HEADER_WITHIN_LINES), start=1):
        text = line.strip("\r\n \t\ufeff")
        seen = seen or bool(text)
        if sep := _SEP_LINE.fullmatch(text):
            delimiter = sep["delimiter"]
            continue
        cells = next(csv.reader([text], delimiter=delimiter), [])
        layout = names.layout(cells)
        if layout is not None:
            return _Head(layout, number, delimiter, export_date)
        export_date = export_date or _date_in(text)
    if not seen:
        raise _empty()
    raise kim_error(
        "no_header",
        Text(
            f"In den ersten {_HEADER_WITHIN_LINES} Zeilen steht keine Kopfzeile mit Fallnummer und "
            "Fallbeginn.",
            f"The first {_HEADER_WITHIN_LINES} lines hold no header line with Fallnummer and Fallbeginn.",
        ),
    )


def _date_in(banner: str) -> date | None:
    match = _EXPORT_LINE.search(banner)
    if match is None:
        return None
    try:
        return date(int(match["year"]), int(match["month"]), int(match["day"]))
    except ValueError:
        return None


class _Dictionary(dict[str, int]):
    """Numbers distinct texts in order of their first appearance."""

    def __missing__(self, text: str) -> int:
        number = self[text] = len(self)
        return number


@dataclass(slots=True)
class _Columns:
    """Columns under construction, block by block."""

    layout: Layout
    lines: list[int] = field(default_factory=list)
    surplus: dict[int, tuple[str, ...]] = field(default_factory=dict)
    mended: list[int] = field(default_factory=list)
    repeated: list[int] = field(default_factory=list)
    _plain: dict[int, list[pa.Array]] = field(default_factory=dict)
    _texts: dict[int, _Dictionary] = field(default_factory=dict)
    _numbers: dict[int, list[np.ndarray[tuple[int], np.dtype[np.int32]]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        repeating = {place for name, place in self.layout.places.items() if name not in IDENTIFYING}
        for place in range(len(self.layout.header)):
            if place in repeating:
                self._texts[place], self._numbers[place] = _Dictionary(), []
            else:
                self._plain[place] = []

    @property
    def rows(self) -> int:
        """Rows so far."""
        return len(self.lines)

    def add(self, block: list[Record]) -> None:
        """Append records, each brought to the width of the header."""
        width = len(self.layout.header)
        first_mark = self.layout.places["Fallnummer"]
        mark = self.layout.header[first_mark]
        fitted: list[list[str]] = []
        for record in block:
            cells = record.cells
            if len(cells) == width + 1 and not cells[width]:  # the delimiter at the end of every line
                del cells[width]
            elif len(cells) != width:
                cells = self._fitted(cells, width)
            if record.mended:
                self.mended.append(len(self.lines))
            if cells[first_mark] == mark and self.layout.is_repetition(cells):
                self.repeated.append(len(self.lines))
            self.lines.append(record.line)
            fitted.append(cells)
        for place, column in enumerate(zip(*fitted, strict=True)):
            if place in self._plain:
                self._plain[place].append(pa.array(column, pa.string()))
            else:
                number = self._texts[place].__getitem__
                self._numbers[place].append(np.fromiter(map(number, column), np.int32, len(column)))

    def _fitted(self, cells: list[str], width: int) -> list[str]:
        surplus = tuple(cells[width:])
        if any(cell and not cell.isspace() for cell in surplus):
            self.surplus[len(self.lines)] = surplus
        return cells[:width] + [""] * (width - len(cells))

    def table(self, *, preamble: int, encoding: Encoding, export_date: date | None) -> RawTable:
        """Close the columns."""
        return RawTable(
            layout=self.layout,
            columns=tuple(self._column(place) for place in range(len(self.layout.header))),
            lines=np.array(self.lines, dtype=np.int32),
            surplus=MappingProxyType(self.surplus),
            mended=self._mask(self.mended),
            repeated_header=self._mask(self.repeated),
            preamble=preamble,
            encoding=encoding,
            export_date=export_date,
        )

    def _column(self, place: int) -> pa.Array:
        if place in self._plain:
            # Offsets of one array end at 2 GiB of text, which the size limit of the file rules out.
            return pa.concat_arrays(self._plain[place])
        numbers = np.concatenate(self._numbers[place])
        return pa.DictionaryArray.from_arrays(
            pa.array(numbers), pa.array(list(self._texts[place]), pa.string())
        )

    def _mask(self, rows: list[int]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        mask = np.zeros(self.rows, dtype=np.bool_)
        mask[rows] = True
        return mask


def _empty() -> Exception:
    return kim_error("empty_source")


def _too_large() -> Exception:
    return kim_error(
        "too_large",
        Text(
            "Die Quelldatei ist größer, als dieser Knoten liest.",
            "The source file is larger than this node reads.",
        ),
    )
