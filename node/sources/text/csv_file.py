"""Reads a CSV file: finds the header, then the rows, in bulk if possible and else one by one.

Invariants: both ways give the same table; line numbers are those an editor shows; nothing of a cell ever
stands in an error. The delimiter is what ``sep=`` says, else the one under which the header is a header.

It deliberately drops no row: totals, blank rows and nonsense are counted by `quality`, not lost here.
"""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from node.sources.table.columns import BLOCK_ROWS, ColumnBuilder
from node.sources.table.export_day import day_in
from node.sources.table.limits import SourceLimits, empty_source, too_large
from node.sources.table.magic import require_text
from node.sources.table.profile import HEADER_WITHIN_LINES, Layout, ProfileNames
from node.sources.table.raw_table import Encoding, RawTable
from node.sources.text.bulk import Body, read_in_bulk
from node.sources.text.encoding import encoding_of, unreadable
from node.sources.text.records import records

_DELIMITERS: Final = (";", ",", "\t", "|")
_MAX_HEADER_LINES: Final = 5
_SEP_LINE: Final = re.compile(r'"?sep=(?P<delimiter>[;,\t|])"?;*', re.IGNORECASE)


def read_csv_file(path: Path, names: ProfileNames, limits: SourceLimits) -> RawTable:
    """Read a CSV file.

    Args:
        path: the file; neither missing nor empty.
        names: names of the profile's columns.
        limits: how large it may be.

    Returns:
        All rows behind the header as text.

    Raises:
        KimError: ``source_too_large``, ``empty_source``, ``wrong_encoding``, ``wrong_format``, ``no_header``,
            ``missing_column``.
        OSError: if it cannot be read.
    """
    require_text(path)
    encoding = encoding_of(path)
    try:
        return _read(path, names, encoding, limits)
    except UnicodeDecodeError:
        raise unreadable() from None


def _read(path: Path, names: ProfileNames, encoding: Encoding, limits: SourceLimits) -> RawTable:
    with path.open(encoding=encoding, newline="") as file:
        lines = list(itertools.islice(file, HEADER_WITHIN_LINES + _MAX_HEADER_LINES))
        head = _find_header(lines, names)
        names.require_columns(head.layout)
        body = Body(
            layout=head.layout,
            header_line=head.line,
            preamble=head.preamble,
            cells=_usual_cells(lines[head.line] if head.line < len(lines) else "", head),
            delimiter=head.delimiter,
            encoding=encoding,
            export_date=head.export_date,
        )
    raw = read_in_bulk(path, body) or read_carefully(path, body, max_rows=limits.max_rows)
    if raw.rows == 0:
        raise empty_source()
    if raw.rows > limits.max_rows:
        raise too_large()
    return raw


def read_carefully(path: Path, body: Body, *, max_rows: int) -> RawTable:
    """Read the rows behind the header one by one, mending unclosed quotation marks.

    Args:
        path: the file.
        body: what is known about its rows.
        max_rows: reading stops soon after so many rows.

    Returns:
        The rows.
    """
    columns = ColumnBuilder(body.layout)
    with path.open(encoding=body.encoding, newline="") as file:
        behind = itertools.islice(file, body.header_line, None)
        width = len(body.layout.header)
        rows = records(behind, delimiter=body.delimiter, width=width, first_line=body.header_line + 1)
        while columns.rows <= max_rows and (block := list(itertools.islice(rows, BLOCK_ROWS))):
            columns.add(block)
    return columns.table(
        numbering="line", preamble=body.preamble, encoding=body.encoding, export_date=body.export_date
    )


def _usual_cells(line: str, head: _Head) -> int:
    """Return how many cells the first row has; most others have as many."""
    if '"' in line:
        return max(head.cells, len(head.layout.header))
    return max(line.count(head.delimiter) + 1, len(head.layout.header))


@dataclass(frozen=True, slots=True)
class _Head:
    layout: Layout
    cells: int
    line: int
    preamble: int
    delimiter: str
    export_date: date | None


def _find_header(lines: Sequence[str], names: ProfileNames) -> _Head:
    delimiters: tuple[str, ...] = (names.profile.delimiter, *_DELIMITERS)
    export_date: date | None = None
    for before, line in enumerate(lines[:HEADER_WITHIN_LINES]):
        text = _bare(line)
        if sep := _SEP_LINE.fullmatch(text):
            delimiters = (sep["delimiter"],)
            continue
        # A name with a line break in it: what one line leaves open, the next ones close.
        whole = _closed(lines[before : before + _MAX_HEADER_LINES])
        for candidate in dict.fromkeys((whole, 1)):
            text = _bare("".join(lines[before : before + candidate]))
            for delimiter in delimiters:
                cells = _cut(text, delimiter)
                layout = names.layout(cells)
                if layout is not None:
                    return _Head(layout, len(cells), before + candidate, before, delimiter, export_date)
        export_date = export_date or day_in(text)
    if not any(map(_bare, lines)):
        raise empty_source()
    raise names.no_header()


def _bare(line: str) -> str:
    # No tabs: they may be empty cells.
    return line.strip("\r\n \ufeff")


def _closed(lines: Sequence[str]) -> int:
    """Return after how many lines every quotation mark is closed, or 1 if they are not."""
    marks = 0
    for number, line in enumerate(lines, start=1):
        marks += line.count('"')
        if marks % 2 == 0:
            return number
    return 1


def _cut(text: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([text], delimiter=delimiter), [])
    except csv.Error:  # a line longer than any header
        return []
