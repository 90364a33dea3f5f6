"""Reads a profile-A export: finds the header, then the rows, in bulk if possible and else one by one.

Invariants: both ways give the same table; line numbers are those an editor shows; nothing of a cell ever
stands in an error.

It deliberately drops no row: totals, blank rows and nonsense are counted by `quality`, not lost here.
"""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from node.settings import SourceSpec
from node.sources.bulk import Body, read_in_bulk
from node.sources.columns import ColumnBuilder
from node.sources.encoding import Encoding, encoding_of, unreadable
from node.sources.profile_a import Layout, ProfileNames, require_columns
from node.sources.raw_table import RawTable
from node.sources.records import records
from protocol.errors import kim_error
from protocol.texts import Text

_HEADER_WITHIN_LINES: Final = 20
_BLOCK_ROWS: Final = 4096
_DEFAULT_DELIMITER: Final = ";"
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


_DEFAULT_LIMITS: Final = SourceLimits()


def read_source(spec: SourceSpec, *, limits: SourceLimits = _DEFAULT_LIMITS) -> RawTable:
    """Read a source as its configuration says.

    Args:
        spec: where it is and what it holds.
        limits: how large it may be.

    Returns:
        All rows as text, under the names of the profile.

    Raises:
        KimError: whatever is wrong with the source; see :func:`read_profile_a`.
    """
    if spec.path is None or spec.format != "csv" or spec.profile != "A":
        raise kim_error("config_invalid", pointer=f"/sources/{spec.name}")
    return read_profile_a(spec.path, local_names=spec.columns, limits=limits)


def read_profile_a(
    path: Path,
    *,
    local_names: Mapping[str, str] | None = None,
    limits: SourceLimits = _DEFAULT_LIMITS,
) -> RawTable:
    """Read an export of profile A.

    Args:
        path: the CSV file.
        local_names: column of the profile -> its local name (``[columns]`` of ``node.toml``).
        limits: how large the file may be.

    Returns:
        All rows behind the header as text.

    Raises:
        KimError: ``source_missing``, ``source_too_large``, ``empty_source``, ``wrong_encoding``,
            ``no_header``, ``missing_column``, ``config_invalid`` (a local name for a column the profile
            does not have).
    """
    names = ProfileNames(local_names)
    try:
        size = path.stat().st_size
        if size > limits.max_bytes:
            raise _source_too_large()
        if size == 0:
            raise _empty()
        encoding = encoding_of(path)
        return _read(path, names, encoding, limits)
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


def _read(path: Path, names: ProfileNames, encoding: Encoding, limits: SourceLimits) -> RawTable:
    with path.open(encoding=encoding, newline="") as file:
        lines = iter(file)
        head = _find_header(lines, names)
        require_columns(head.layout)
        body = Body(
            layout=head.layout,
            header_line=head.line,
            cells=_usual_cells(next(lines, ""), head),
            delimiter=head.delimiter,
            encoding=encoding,
            export_date=head.export_date,
        )
    raw = read_in_bulk(path, body) or read_carefully(path, body, max_rows=limits.max_rows)
    if raw.rows == 0:
        raise _empty()
    if raw.rows > limits.max_rows:
        raise _source_too_large()
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
        while columns.rows <= max_rows and (block := list(itertools.islice(rows, _BLOCK_ROWS))):
            columns.add(block)
    return columns.table(preamble=body.header_line - 1, encoding=body.encoding, export_date=body.export_date)


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
            return _Head(layout, len(cells), number, delimiter, export_date)
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


def _empty() -> Exception:
    return kim_error("empty_source")


def _source_too_large() -> Exception:
    return kim_error(
        "source_too_large",
        Text(
            "Die Quelldatei ist größer, als dieser Knoten liest.",
            "The source file is larger than this node reads.",
        ),
    )
