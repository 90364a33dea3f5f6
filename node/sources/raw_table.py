"""What every source hands on: columns of text with the names of the profile, and where each row came from.

Invariants: all columns have as many rows as `lines`; no cell is null (an absent cell is an empty text);
columns with few distinct texts are dictionary-encoded, so that whatever comes next works on distinct texts.

It deliberately interprets nothing: no dates, no codes, no missing markers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from node.sources.encoding import Encoding
from node.sources.profile_a import Layout

Rows = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]


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
    """An export as it was read.

    Attributes:
        layout: header and places of the profile's columns.
        columns: one Arrow array of text per column of the header, in file order.
        lines: line of the file on which each row starts, int32.
        surplus: row -> cells beyond the header's columns, where any is not blank; such a row's cells may
            stand in wrong columns.
        mended: rows with an unclosed quotation mark that was read literally.
        repeated_header: rows that are the header line once more.
        preamble: number of lines before the header.
        encoding: how the file is encoded.
        export_date: the day the banner names, or None.
    """

    layout: Layout
    columns: tuple[pa.Array, ...] = field(repr=False)
    lines: Rows = field(repr=False)
    surplus: Mapping[int, tuple[str, ...]] = field(repr=False)
    mended: Mask = field(repr=False)
    repeated_header: Mask = field(repr=False)
    preamble: int
    encoding: Encoding
    export_date: date | None

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.lines)

    def has(self, name: str) -> bool:
        """Whether the file has a column of the profile."""
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
        """Return the cells of some rows in file order, as they were read."""
        wanted = pa.array(rows, pa.int64())
        columns = [column.take(wanted).cast(pa.string()).to_pylist() for column in self.columns]
        whole: list[tuple[str, ...]] = list(zip(*columns, strict=True))
        return [(*cells, *self.surplus.get(row, ())) for row, cells in zip(rows, whole, strict=True)]


def _spread(per_text: list[bool], column: pa.DictionaryArray) -> Mask:
    index: Rows = np.asarray(column.indices)
    return np.asarray(per_text, dtype=np.bool_)[index]
