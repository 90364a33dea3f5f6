"""Reads whole columns at once with Arrow's CSV parser: the fast way, for files without open quotation marks.

Invariants: either the result equals that of the careful way (`records` and `columns`), or there is none and
the caller reads again, carefully. Records of another length than the rest are few (totals, blank lines): they
are cut by the `csv` module and put back into their places.

It deliberately repairs nothing: whatever looks like an open quotation mark ends it.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv

from node.sources.table.columns import all_blank
from node.sources.table.profile import Layout
from node.sources.table.raw_table import Encoding, Mask, RawTable, Rows
from node.sources.text.records import holds_a_record

_BLOCK_BYTES: Final = 1 << 24
_LINE_END: Final = r"\r\n|\r|\n"
_MOST_IRREGULAR: Final = 2000
_CODECS: Final[Mapping[Encoding, str]] = {
    "ascii": "utf8",
    "utf-8": "utf8",
    "utf-8-sig": "utf8",  # the mark stands before the header, which is skipped
    "cp1252": "cp1252",
}
_TEXT: Final = pa.string()
_REPEATING: Final = pa.dictionary(pa.int32(), pa.string())


@dataclass(frozen=True, slots=True)
class Body:
    """What is known about the rows before they are read.

    Attributes:
        layout: the header.
        header_line: line on which the header ends, from 1.
        preamble: number of lines before the header.
        cells: cells that most rows have, the empty one after a last delimiter included.
        delimiter: separator of cells.
        encoding: how the file is encoded.
        export_date: the day the banner names.
    """

    layout: Layout
    header_line: int
    preamble: int
    cells: int
    delimiter: str
    encoding: Encoding
    export_date: date | None


def read_in_bulk(path: Path, body: Body) -> RawTable | None:
    """Read all rows behind the header.

    Args:
        path: the file.
        body: what is known about its rows.

    Returns:
        The rows, or None if the file must be read carefully.

    Raises:
        OSError: if the file cannot be read.
        UnicodeDecodeError: if its bytes are not of the encoding.
    """
    irregular: list[tuple[int, str]] = []

    def remember(row: Any) -> str:  # noqa: ANN401  (a named tuple that pyarrow does not export)
        irregular.append((int(row.number) - 1 - body.header_line, str(row.text)))  # skipped lines are counted
        return "skip" if len(irregular) <= _MOST_IRREGULAR else "error"

    try:
        table = _parse(path, body, remember)
    except pa.ArrowInvalid:
        return None
    cells = [_cut(text, body.delimiter) for _, text in irregular]
    if any(row is None for row in cells):
        return None
    others = _Irregular([place for place, _ in irregular], [row for row in cells if row is not None])
    if not all(0 <= place < table.num_rows + len(cells) for place in others.places):
        return None
    columns = [_joined(table.column(place), others, place) for place in range(table.num_columns)]
    return _finished(columns, others, body)


@dataclass(frozen=True, slots=True)
class _Irregular:
    """Records of another length than most.

    Attributes:
        places: their places among all records, ascending.
        cells: their cells.
    """

    places: list[int]
    cells: list[list[str]]

    def order(self, regular: int) -> npt.NDArray[np.int64] | None:
        """Return how to reorder rows when these stand behind the regular ones; None if they do anyway."""
        total = regular + len(self.places)
        if self.places == list(range(regular, total)):
            return None
        is_irregular = np.zeros(total, dtype=np.bool_)
        is_irregular[self.places] = True
        order = np.empty(total, dtype=np.int64)
        order[~is_irregular] = np.arange(regular)
        order[is_irregular] = np.arange(regular, total)
        return order


def _parse(path: Path, body: Body, remember: object) -> pa.Table:
    repeating = body.layout.repeating
    names = [str(place) for place in range(body.cells)]
    return pcsv.read_csv(
        path,
        read_options=pcsv.ReadOptions(
            use_threads=False,  # only then does a record of another length say which one it is
            column_names=names,
            skip_rows=body.header_line,
            block_size=_BLOCK_BYTES,
            encoding=_CODECS[body.encoding],
        ),
        parse_options=pcsv.ParseOptions(
            delimiter=body.delimiter,
            newlines_in_values=True,
            ignore_empty_lines=False,
            invalid_row_handler=remember,
        ),
        convert_options=pcsv.ConvertOptions(
            column_types={name: _REPEATING if int(name) in repeating else _TEXT for name in names},
            strings_can_be_null=False,
            check_utf8=body.encoding != "cp1252",
        ),
    )


def _cut(text: str, delimiter: str) -> list[str] | None:
    """Return the cells of one line, or None if it may hold an open quotation mark."""
    if "\n" in text or "\r" in text:
        return None
    reader = csv.reader([text, ""], delimiter=delimiter)
    cells = next(reader)
    return cells or [""] if reader.line_num == 1 else None


def _joined(column: pa.ChunkedArray, others: _Irregular, place: int) -> pa.Array:
    """Return one column with the cells of the irregular records in their places."""
    if others.cells:
        cells = pa.array([row[place] if place < len(row) else "" for row in others.cells], pa.string())
        more = cells.dictionary_encode() if pa.types.is_dictionary(column.type) else cells
        column = pa.chunked_array([*column.chunks, more], column.type)
    if pa.types.is_dictionary(column.type):
        column = column.unify_dictionaries()
    joined = column.combine_chunks()
    if isinstance(joined, pa.ChunkedArray):  # older versions of pyarrow, or no chunk at all
        joined = pa.concat_arrays(joined.chunks) if joined.num_chunks else pa.array([], column.type)
    order = others.order(len(joined) - len(others.cells))
    return joined if order is None else joined.take(pa.array(order))


def _finished(columns: Sequence[pa.Array], others: _Irregular, body: Body) -> RawTable | None:
    rows = len(columns[0])
    width = len(body.layout.header)
    breaks = np.zeros(rows, dtype=np.int32)
    for column in columns:
        found = _line_breaks(column, body)
        if found is None:
            return None
        breaks += found
    # A record starts behind the line ends of all records before it and those inside their cells.
    lines = body.header_line + 1 + np.arange(rows, dtype=np.int32)
    lines[1:] += np.cumsum(breaks[:-1], dtype=np.int32)
    return RawTable(
        layout=body.layout,
        columns=tuple(columns[:width]),
        lines=lines,
        surplus=MappingProxyType(_surplus(columns, others, width)),
        mended=np.zeros(rows, dtype=np.bool_),
        repeated_header=_repetitions(columns[:width], body.layout),
        unmerged=np.zeros(rows, dtype=np.bool_),
        formulas=0,
        preamble=body.preamble,
        encoding=body.encoding,
        export_date=body.export_date,
        numbering="line",
    )


def _line_breaks(column: pa.Array, body: Body) -> Rows | int | None:
    """Count line ends inside the cells of a column; None if one of them looks like a swallowed record."""
    texts = column.dictionary if pa.types.is_dictionary(column.type) else column
    if not _may_hold_line_end(texts):
        return 0
    counts = pc.count_substring_regex(texts, _LINE_END)
    if not pc.max(counts).as_py():
        return 0
    width = len(body.layout.header)
    broken = texts.filter(pc.greater(counts, 0)).to_pylist()
    if any(holds_a_record(text, delimiter=body.delimiter, width=width) for text in broken):
        return None
    per_text = np.asarray(counts, dtype=np.int32)
    return per_text[np.asarray(column.indices)] if pa.types.is_dictionary(column.type) else per_text


def _may_hold_line_end(texts: pa.Array) -> bool:
    """Whether a line end is among the bytes of a column: nearly never, and a look is quicker than a count."""
    _, _, content = texts.buffers()
    if content is None:
        return False
    held = content.to_pybytes()
    return b"\n" in held or b"\r" in held


def _surplus(columns: Sequence[pa.Array], others: _Irregular, width: int) -> dict[int, tuple[str, ...]]:
    found: dict[int, tuple[str, ...]] = {}
    behind = columns[width:]
    blank = [_blank(column) for column in behind]
    for row in np.flatnonzero(~np.logical_and.reduce(blank)) if blank else ():
        found[int(row)] = tuple(str(column[int(row)].as_py()) for column in behind)
    for place, cells in zip(others.places, others.cells, strict=True):
        if not all_blank(cells[width:]):
            found[place] = tuple(cells[width:])
    return found


def _blank(column: pa.Array) -> Mask:
    return np.asarray(pc.equal(pc.utf8_trim_whitespace(column), ""), dtype=np.bool_)


def _repetitions(columns: Sequence[pa.Array], layout: Layout) -> Mask:
    mark = layout.places[layout.profile.marks[0]]
    same = np.asarray(pc.equal(columns[mark], layout.header[mark]), dtype=np.bool_)
    for row in np.flatnonzero(same):
        same[row] = layout.is_repetition([str(column[int(row)].as_py()) for column in columns])
    return same
