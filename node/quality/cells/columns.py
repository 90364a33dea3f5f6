"""Codes and dates of whole columns: every distinct text is judged once and spread over its rows.

Invariants: arrays have one entry per row of the source, in file order, whatever becomes of a row; a day is a
number of days since 1970-01-01, or :data:`NO_DAY`. What is counted as a finding is decided by the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from aggregation.facts import CODE_TYPE
from node.mapping import COLUMN_OF, CodeMapping, Mapped
from node.quality.cells.dates import CellDate, DateForm, read_date
from node.sources import DistinctTexts, Mask, RawTable, Rows
from node.wording import repaired

Days = npt.NDArray[np.int32]

NO_DAY: Final = np.int32(np.iinfo(np.int32).min)
_EPOCH: Final = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Unmapped:
    """A local text that no code stands for.

    Attributes:
        column: column of the profile or register.
        value: the text; for the municipality's own screen and files only.
        rows: rows that hold it.
        dimension: table of ``[mapping.…]`` that can map it.
        source: name of the source.
    """

    column: str
    value: str = field(repr=False)
    rows: int
    dimension: str
    source: str


@dataclass(frozen=True, slots=True)
class CodedColumn:
    """A coded column.

    Attributes:
        dimension: what it codes.
        column: its name in the profile or register.
        distinct: its texts.
        meanings: meaning of each distinct text.
        restored: which distinct texts were encoded twice.
    """

    dimension: str
    column: str
    distinct: DistinctTexts
    meanings: tuple[Mapped, ...] = field(repr=False)
    restored: tuple[bool, ...] = field(repr=False)

    def where(self, holds: Callable[[Mapped], bool]) -> Mask:
        """For each row whether a property of its meaning holds."""
        return spread_flags(self.distinct, [holds(meaning) for meaning in self.meanings])

    def where_code(self, code: str) -> Mask:
        """For each row whether it means a code."""
        return self.where(lambda meaning: code in meaning.codes and not meaning.missing)

    @property
    def twice_encoded(self) -> Mask:
        """For each row whether its text was encoded twice."""
        return spread_flags(self.distinct, self.restored)

    @property
    def marked_missing(self) -> Mask:
        """For each row whether it holds a missing marker other than an empty cell."""
        flags = [
            m.missing and bool(t.strip()) for m, t in zip(self.meanings, self.distinct.texts, strict=True)
        ]
        return spread_flags(self.distinct, flags)

    def codes(self, rows: npt.NDArray[np.intp]) -> pa.Array:
        """Return the (first) code of some rows as an Arrow column of codes."""
        order: dict[str, int] = {}
        number = [order.setdefault(meaning.codes[0], len(order)) for meaning in self.meanings]
        index = np.asarray(number, dtype=np.int32)[self.distinct.index[rows]]
        column = pa.DictionaryArray.from_arrays(
            pa.array(index, pa.int32()), pa.array(list(order), pa.string())
        )
        return column.cast(CODE_TYPE)

    def unmapped(self, rows: Mask, *, source: str) -> list[Unmapped]:
        """List what is not understood in some rows, most frequent first.

        Args:
            rows: rows that count.
            source: name of the source.
        """
        if not any(meaning.unmapped for meaning in self.meanings):
            return []
        frequency = np.bincount(self.distinct.index[rows], minlength=len(self.meanings))
        found: dict[str, int] = {}
        for meaning, times in zip(self.meanings, frequency.tolist(), strict=True):
            for text in set(meaning.unmapped) if times else ():
                found[text] = found.get(text, 0) + times
        ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))
        return [Unmapped(self.column, text, times, self.dimension, source) for text, times in ordered]


def code_column(raw: RawTable, mapping: CodeMapping, dimension: str) -> CodedColumn:
    """Map a column of the profile or register.

    Args:
        raw: the source.
        mapping: texts to codes.
        dimension: dimension or control column.

    Returns:
        The column with the meaning of every text.
    """
    return _coded(raw, COLUMN_OF[dimension], dimension, lambda text: mapping.map(dimension, text))


def set_column(raw: RawTable, mapping: CodeMapping, dimension: str, *, column: str) -> CodedColumn:
    """Map a column whose cells may hold several codes.

    Args:
        raw: the source.
        mapping: texts to codes.
        dimension: what it codes.
        column: its name in the profile.
    """
    return _coded(raw, column, dimension, lambda text: mapping.map_set(dimension, text))


def _coded(raw: RawTable, column: str, dimension: str, meaning: Callable[[str], Mapped]) -> CodedColumn:
    distinct = raw.distinct_of(column)
    restored = [repaired(text) for text in distinct.texts]
    return CodedColumn(
        dimension=dimension,
        column=column,
        distinct=distinct,
        meanings=tuple(meaning(text) for text in restored),
        restored=tuple(new is not old for new, old in zip(restored, distinct.texts, strict=True)),
    )


def codes_of(columns: Sequence[pa.Array]) -> pa.Array:
    """Join pieces of one column of codes."""
    if len(columns) == 1:
        return columns[0]
    joined = pa.chunked_array(columns, CODE_TYPE).unify_dictionaries().combine_chunks()
    return pa.concat_arrays(joined.chunks) if isinstance(joined, pa.ChunkedArray) else joined


@dataclass(frozen=True, slots=True)
class DateColumn:
    """A column of dates.

    Attributes:
        distinct: its texts.
        read: the date of each distinct text.
        days: for each row its day, or :data:`NO_DAY`.
    """

    distinct: DistinctTexts
    read: tuple[CellDate, ...] = field(repr=False)
    days: Days = field(repr=False)

    def where_form(self, form: DateForm) -> Mask:
        """For each row whether its date was written in a form."""
        return spread_flags(self.distinct, [cell.form is form for cell in self.read])

    @property
    def timed(self) -> Mask:
        """For each row whether a time stood with the date."""
        return spread_flags(self.distinct, [cell.timed for cell in self.read])

    @property
    def present(self) -> Mask:
        """For each row whether it has a date."""
        return np.not_equal(self.days, NO_DAY)

    @property
    def marked_missing(self) -> Mask:
        """For each row whether it holds a missing marker other than an empty cell."""
        pairs = zip(self.read, self.distinct.texts, strict=True)
        return spread_flags(self.distinct, [c.form is DateForm.ABSENT and bool(t.strip()) for c, t in pairs])


def date_column(raw: RawTable, name: str, *, pivot: int) -> DateColumn:
    """Read a column of dates.

    Args:
        raw: the export.
        name: column of the profile.
        pivot: two-digit years below it are of this century.
    """
    distinct = raw.distinct_of(name)
    read = tuple(read_date(text, pivot=pivot) for text in distinct.texts)
    return DateColumn(distinct, read, spread_days(distinct, [cell.day for cell in read]))


def spread_days(distinct: DistinctTexts, days: Sequence[date | None]) -> Days:
    """Turn the date of each distinct text into the day of each row."""
    numbers: Days = np.asarray([NO_DAY if day is None else day_number(day) for day in days], dtype=np.int32)
    return numbers[distinct.index]


def day_number(day: date) -> int:
    """Return the days since 1970-01-01."""
    return day.toordinal() - _EPOCH


def date_array(days: Days) -> pa.Array:
    """Return days as an Arrow column of dates, null for :data:`NO_DAY`."""
    return pa.array(days, pa.int32(), mask=days == NO_DAY).cast(pa.date32())


def rows_of(mask: Mask) -> npt.NDArray[np.intp]:
    """Return the positions of marked rows, in file order."""
    return np.flatnonzero(mask)


def spread_flags(distinct: DistinctTexts, flags: Sequence[bool]) -> Mask:
    """Turn a property of each distinct text into one of each row."""
    return np.asarray(flags, dtype=np.bool_)[distinct.index]


def first_rows(groups: Rows, count: int) -> npt.NDArray[np.intp]:
    """Return the first position of each group.

    Args:
        groups: group number of each position, 0 to ``count - 1``, every group at least once.
        count: number of groups.
    """
    first = np.empty(count, dtype=np.intp)
    # Written from the back, so that the first position of a group is the one that stays.
    first[groups[::-1]] = np.arange(len(groups) - 1, -1, -1)
    return first
