"""What every source hands on: columns of text with the names of the profile, and where each row came from.

Invariants: all columns have as many rows as `lines`; no cell is null (an absent cell is an empty text);
columns with few distinct texts are dictionary-encoded, so that whatever comes next works on distinct texts.
A number that was no text has a decimal comma and no more digits than needed (``57000``, ``0,5``); a date that
was no text has ISO form.

It deliberately interprets nothing: no dates, no codes, no missing markers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from node.sources.table.profile import Layout

Rows = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]
Encoding = Literal["ascii", "utf-8", "utf-8-sig", "cp1252"]
Numbering = Literal["line", "row", "record"]


@dataclass(frozen=True, slots=True)
class DistinctTexts:
    """One column, each distinct text once.

    Attributes:
        texts: the distinct texts.
        index: for each row the position of its text, int32.
    """

    texts: list[str] = field(repr=False)
    index: Rows = field(repr=False)


@dataclass(frozen=True, slots=True)
class RawTable:
    """A source as it was read.

    Attributes:
        layout: header and places of the profile's columns.
        columns: one Arrow array of text per column of the header, in its order; then those joined from
            others.
        lines: number under which a person finds each row, int32; what it counts says `numbering`.
        surplus: row -> cells beyond the header's columns, where any is not blank; such a row's cells may
            stand in wrong columns.
        mended: rows with an unclosed quotation mark that was read literally.
        repeated_header: rows that are the header line once more.
        unmerged: rows that took a value from a merged cell above them.
        formulas: number of cells whose value a spreadsheet had computed.
        preamble: number of lines before the header.
        encoding: how a text file is encoded; None for other formats.
        export_date: the day the banner names, or None.
        numbering: what `lines` are: ``line`` of a text file, ``row`` of a sheet, or ``record`` of a database
            table (in the order of its identifying columns) or Parquet file, each from 1.
    """

    layout: Layout
    columns: tuple[pa.Array, ...] = field(repr=False)
    lines: Rows = field(repr=False)
    surplus: Mapping[int, tuple[str, ...]] = field(repr=False)
    mended: Mask = field(repr=False)
    repeated_header: Mask = field(repr=False)
    unmerged: Mask = field(repr=False)
    formulas: int
    preamble: int
    encoding: Encoding | None
    export_date: date | None
    numbering: Numbering

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.lines)

    def has(self, name: str) -> bool:
        """Whether the source has a column of the profile."""
        return name in self.layout.places

    def texts(self, name: str) -> pa.Array:
        """Return a column of the profile as plain strings."""
        column = self.columns[self.layout.places[name]]
        return column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column

    def blank(self, place: int) -> Mask:
        """For each row whether a column, given by its place in the file, is blank."""
        column = self.columns[place]
        if pa.types.is_dictionary(column.type):
            known = [not text.strip() for text in column.dictionary.to_pylist()]
            return _spread(known, column)
        return np.asarray(pc.equal(pc.utf8_trim_whitespace(column), ""), dtype=np.bool_)

    def matching(self, place: int, pattern: str) -> Mask:
        """For each row whether a column, given by its place in the file, matches a pattern (RE2 syntax)."""
        column = self.columns[place]
        if pa.types.is_dictionary(column.type):
            return _spread(pc.match_substring_regex(column.dictionary, pattern).to_pylist(), column)
        return np.asarray(pc.match_substring_regex(column, pattern), dtype=np.bool_)

    def distinct(self, place: int) -> DistinctTexts:
        """Return a column by its place in the file, each distinct text once."""
        column = self.columns[place]
        encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
        return DistinctTexts(encoded.dictionary.to_pylist(), np.asarray(encoded.indices))

    def distinct_of(self, name: str) -> DistinctTexts:
        """Return a column of the profile, each distinct text once."""
        return self.distinct(self.layout.places[name])

    def cells(self, rows: Sequence[int]) -> list[tuple[str, ...]]:
        """Return the cells of some rows as they were read, in the order of the header."""
        wanted = pa.array(rows, pa.int64())
        own = self.columns[: len(self.layout.header)]
        columns = [column.take(wanted).cast(pa.string()).to_pylist() for column in own]
        whole: list[tuple[str, ...]] = list(zip(*columns, strict=True))
        return [(*cells, *self.surplus.get(row, ())) for row, cells in zip(rows, whole, strict=True)]


def plain_table(
    layout: Layout,
    columns: tuple[pa.Array, ...],
    lines: Rows,
    *,
    numbering: Numbering,
    encoding: Encoding | None = None,
) -> RawTable:
    """Return the table of a source in which nothing can be broken inside a row."""
    nothing = np.zeros(len(lines), dtype=np.bool_)
    return RawTable(
        layout=layout,
        columns=columns,
        lines=lines,
        surplus=MappingProxyType({}),
        mended=nothing,
        repeated_header=nothing,
        unmerged=nothing,
        formulas=0,
        preamble=0,
        encoding=encoding,
        export_date=None,
        numbering=numbering,
    )


def _spread(per_text: list[bool], column: pa.DictionaryArray) -> Mask:
    index: Rows = np.asarray(column.indices)
    return np.asarray(per_text, dtype=np.bool_)[index]
