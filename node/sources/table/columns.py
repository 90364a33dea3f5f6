"""Fills columns from records, one block of rows after the other: the careful way to read any source.

Invariants: every record becomes one row of exactly the header's width; what does not fit is kept beside it.
It deliberately knows no file: records come from the modules of the formats, header and limits from theirs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa

from node.sources.table.profile import Layout
from node.sources.table.raw_table import Encoding, Mask, Numbering, RawTable, Rows

#: Rows that are converted together.
BLOCK_ROWS: Final = 4096


class Record(NamedTuple):
    """One record of a source.

    Attributes:
        line: number of the line (row, record) it starts on, from 1.
        cells: its cells, as many as the line has.
        mended: whether an unclosed quotation mark was read literally.
    """

    line: int
    cells: list[str]
    mended: bool


class _Numbers(dict[str, int]):
    """Numbers distinct texts in order of their first appearance."""

    def __missing__(self, text: str) -> int:
        number = self[text] = len(self)
        return number


class TextColumn:
    """One column under construction, block by block."""

    def __init__(self, *, repeating: bool) -> None:
        """Begin an empty column.

        Args:
            repeating: whether it holds few distinct texts and is therefore dictionary-encoded.
        """
        self._texts: _Numbers | None = _Numbers() if repeating else None
        self._numbers: list[Rows] = [np.empty(0, np.int32)]
        self._plain: list[pa.Array] = [pa.array([], pa.string())]

    def extend(self, texts: Sequence[str]) -> None:
        """Append cells."""
        if self._texts is None:
            self._plain.append(pa.array(texts, pa.string()))
        else:
            number = self._texts.__getitem__
            self._numbers.append(np.fromiter(map(number, texts), np.int32, len(texts)))

    def array(self) -> pa.Array:
        """Return the column."""
        if self._texts is None:
            # Offsets of one array end at 2 GiB of text, which the size limits rule out.
            return pa.concat_arrays(self._plain)
        numbers = pa.array(np.concatenate(self._numbers))
        return pa.DictionaryArray.from_arrays(numbers, pa.array(list(self._texts), pa.string()))


@dataclass(slots=True)
class ColumnBuilder:
    """Columns under construction, for a source whose header is known."""

    layout: Layout
    lines: list[int] = field(default_factory=list)
    surplus: dict[int, tuple[str, ...]] = field(default_factory=dict)
    mended: list[int] = field(default_factory=list)
    repeated: list[int] = field(default_factory=list)
    unmerged: list[int] = field(default_factory=list)
    _columns: list[TextColumn] = field(default_factory=list)

    def __post_init__(self) -> None:
        repeating = self.layout.repeating
        places = range(len(self.layout.header))
        self._columns = [TextColumn(repeating=place in repeating) for place in places]

    @property
    def rows(self) -> int:
        """Rows so far."""
        return len(self.lines)

    def add(self, block: list[Record]) -> None:
        """Append records, each brought to the width of the header."""
        width = len(self.layout.header)
        first_mark = self.layout.places[self.layout.profile.marks[0]]
        mark = self.layout.header[first_mark]
        fitted: list[list[str]] = []
        for record in block:
            cells = record.cells
            if len(cells) == width + 1 and not cells[width]:  # the delimiter at the end of every line
                del cells[width]
            elif len(cells) != width:
                if not all_blank(cells[width:]):
                    self.surplus[len(self.lines)] = tuple(cells[width:])
                cells = fitted_to(cells, width)
            if record.mended:
                self.mended.append(len(self.lines))
            if cells[first_mark] == mark and self.layout.is_repetition(cells):
                self.repeated.append(len(self.lines))
            self.lines.append(record.line)
            fitted.append(cells)
        for column, texts in zip(self._columns, zip(*fitted, strict=True), strict=True):
            column.extend(texts)

    def table(
        self,
        *,
        numbering: Numbering,
        preamble: int = 0,
        encoding: Encoding | None = None,
        export_date: date | None = None,
        formulas: int = 0,
    ) -> RawTable:
        """Close the columns."""
        return RawTable(
            layout=self.layout,
            columns=tuple(column.array() for column in self._columns),
            lines=np.array(self.lines, dtype=np.int32),
            surplus=MappingProxyType(self.surplus),
            mended=self._mask(self.mended),
            repeated_header=self._mask(self.repeated),
            unmerged=self._mask(self.unmerged),
            formulas=formulas,
            preamble=preamble,
            encoding=encoding,
            export_date=export_date,
            numbering=numbering,
        )

    def _mask(self, rows: list[int]) -> Mask:
        mask = np.zeros(self.rows, dtype=np.bool_)
        mask[rows] = True
        return mask


def fitted_to(cells: Sequence[str], width: int) -> list[str]:
    """Return as many cells as the header has columns: absent ones are empty, surplus ones left out."""
    return [*cells[:width], *[""] * (width - len(cells))]


def all_blank(cells: Iterable[str]) -> bool:
    """Whether no cell holds anything but blanks."""
    return not any(cell and not cell.isspace() for cell in cells)
