"""Fills columns from records, one block of rows after the other: the careful way to read a file.

Invariants: every record becomes one row of exactly the header's width; what does not fit is kept beside it.
It deliberately knows no file: records come from `records`, header and limits from `reading`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

import numpy as np
import pyarrow as pa

from node.sources.encoding import Encoding
from node.sources.profile_a import IDENTIFYING, Layout
from node.sources.raw_table import Mask, RawTable, Rows
from node.sources.records import Record


class _Numbering(dict[str, int]):
    """Numbers distinct texts in order of their first appearance."""

    def __missing__(self, text: str) -> int:
        number = self[text] = len(self)
        return number


@dataclass(slots=True)
class ColumnBuilder:
    """Columns under construction, block by block."""

    layout: Layout
    lines: list[int] = field(default_factory=list)
    surplus: dict[int, tuple[str, ...]] = field(default_factory=dict)
    mended: list[int] = field(default_factory=list)
    repeated: list[int] = field(default_factory=list)
    _plain: dict[int, list[pa.Array]] = field(default_factory=dict)
    _texts: dict[int, _Numbering] = field(default_factory=dict)
    _numbers: dict[int, list[Rows]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        repeating = repeating_places(self.layout)
        for place in range(len(self.layout.header)):
            if place in repeating:
                self._texts[place], self._numbers[place] = _Numbering(), [np.empty(0, np.int32)]
            else:
                self._plain[place] = [pa.array([], pa.string())]

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
                if not all_blank(cells[width:]):
                    self.surplus[len(self.lines)] = tuple(cells[width:])
                cells = fitted_to(cells, width)
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


def repeating_places(layout: Layout) -> frozenset[int]:
    """Return the columns that repeat few distinct texts: those of the profile that identify nobody."""
    return frozenset(place for name, place in layout.places.items() if name not in IDENTIFYING)
