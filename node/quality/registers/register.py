"""The state of reading one register: which of its rows still count, and what was found.

Invariants: a row counts only if all its required entries are there and understood; a text without a code is
listed, and its row counts nowhere until it is mapped (codelists of registers have no code for unknown).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field

import numpy as np

from node.mapping import CodeMapping
from node.quality import noting, reasons
from node.quality.cells.columns import (
    CodedColumn,
    DateColumn,
    Unmapped,
    code_column,
    date_column,
    day_number,
    rows_of,
    spread_flags,
)
from node.quality.cells.dates import CASE_PIVOT
from node.quality.cells.numbers import CellNumber, NumberForm
from node.quality.findings import FindingCounts, Reason
from node.quality.sorting import Sorting
from node.settings import SourceSpec
from node.sources import DistinctTexts, Mask, RawTable
from node.wording import fold


@dataclass(frozen=True, slots=True)
class NumberColumn:
    """A column of numbers.

    Attributes:
        distinct: its texts.
        read: the number of each distinct text.
    """

    distinct: DistinctTexts
    read: tuple[CellNumber, ...] = field(repr=False)

    def where_form(self, *forms: NumberForm) -> Mask:
        """For each row whether its number was written in one of some forms."""
        return spread_flags(self.distinct, [cell.form in forms for cell in self.read])

    @property
    def dashes(self) -> Mask:
        """For each row whether a dash stands for zero."""
        pairs = zip(self.read, self.distinct.texts, strict=True)
        return spread_flags(
            self.distinct, [c.hundredths == 0 and not any(map(str.isdigit, t)) for c, t in pairs]
        )

    @property
    def hundredths(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """For each row its number times 100; 0 where there is none."""
        numbers = np.asarray([cell.hundredths or 0 for cell in self.read], dtype=np.int64)
        return numbers[self.distinct.index]


@dataclass(slots=True)
class Register:
    """A register while its rows are sorted.

    Attributes:
        spec: what the configuration says about it.
        raw: its cells.
        counts: takes its findings.
        sorting: which rows still count.
        not_understood: rows with a text that no code stands for.
        columns: coded columns whose texts are listed if no code stands for them.
    """

    spec: SourceSpec
    raw: RawTable = field(repr=False)
    counts: FindingCounts = field(repr=False)
    sorting: Sorting = field(repr=False)
    not_understood: Mask = field(repr=False)
    columns: list[CodedColumn] = field(default_factory=list, repr=False)

    @classmethod
    def open(cls, spec: SourceSpec, raw: RawTable, *, identifier: str) -> Register:
        """Start with the rules of every register: its file, no records, rows without an identifier.

        Args:
            spec: what the configuration says about it.
            raw: its cells.
            identifier: column that names an entry.
        """
        counts = FindingCounts(spec.name)
        noting.note_file(spec, raw, counts)
        register = cls(spec, raw, counts, Sorting.of(raw, counts), np.zeros(raw.rows, dtype=np.bool_))
        register.sorting.take_out(raw.blank(raw.layout.places[identifier]), reasons.NO_IDENTIFIER)
        return register

    @property
    def counting(self) -> Mask:
        """Rows that count."""
        return self.sorting.undecided & ~self.not_understood

    def rows(self) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
        """Positions of rows that count, in the order of the register."""
        return rows_of(self.counting)

    def codes(self, mapping: CodeMapping, dimension: str) -> CodedColumn:
        """Read a coded column in which every row must have an entry."""
        column = code_column(self.raw, mapping, dimension)
        self.require_codes(column)
        return column

    def require_codes(self, column: CodedColumn) -> None:
        """Set aside rows without an entry and list texts that no code stands for."""
        self.sorting.take_out(column.where(lambda meaning: meaning.missing), reasons.NO_ENTRY)
        self.not_understood |= column.where(lambda meaning: bool(meaning.unmapped))
        self.columns.append(column)

    def dates(self, name: str, *, missing: Reason | None) -> DateColumn:
        """Read a column of dates.

        Args:
            name: the column.
            missing: why a row without a date is set aside; None if it need not have one.
        """
        column = date_column(self.raw, name, pivot=CASE_PIVOT)
        if missing is not None:
            self.sorting.take_out(~column.present, missing)
        return column

    def numbers(self, name: str, read: Callable[[str], CellNumber]) -> NumberColumn:
        """Read a column of numbers."""
        distinct = self.raw.distinct_of(name)
        return NumberColumn(distinct, tuple(read(text) for text in distinct.texts))

    def note_after_export(self, column: DateColumn) -> None:
        """Note days after the day of the list."""
        if self.raw.export_date is not None:
            later = column.present & (column.days > day_number(self.raw.export_date))
            self.sorting.note(reasons.AFTER_EXPORT, later)

    def close(self, *, dates: Sequence[DateColumn] = ()) -> None:
        """Note how dates, codes and texts of the rows that count were written."""
        rows = self.counting
        for dated in dates:
            noting.note_dates(self.spec, dated, rows, self.counts)
        for column in self.columns:
            noting.note_codes(column, rows, self.counts)
        noting.note_texts(self.raw, rows, self.counts)

    def unmapped(self) -> tuple[Unmapped, ...]:
        """List what is not understood in rows that were not set aside or dropped."""
        rows = self.sorting.undecided
        return tuple(u for column in self.columns for u in column.unmapped(rows, source=self.spec.name))

    def merge_equal_rows(self, columns: Sequence[str], *, keep_last_of: str | None = None) -> None:
        """Take out rows that repeat an earlier one in all of some columns (T08).

        Args:
            columns: columns that make up an entry; absent ones count as empty.
            keep_last_of: identifier of which only the last entry counts, if there are several.
        """
        texts = [self.folded(name) for name in columns]
        first: dict[Hashable, int] = {}
        last: dict[str, int] = {}
        again = np.zeros(self.raw.rows, dtype=np.bool_)
        for row in rows_of(self.sorting.undecided).tolist():
            entry = tuple(column[row] for column in texts)
            again[row] = first.setdefault(entry, row) != row
            if keep_last_of is not None and not again[row]:
                last[texts[columns.index(keep_last_of)][row]] = row
        self.sorting.take_out(again, reasons.SAME_ENTRY)
        if keep_last_of is not None:
            superseded = self.sorting.undecided.copy()
            superseded[list(last.values())] = False
            self.sorting.take_out(superseded, reasons.LATER_ENTRY)

    def folded(self, name: str) -> Sequence[str]:
        """Return the cells of a column without regard to case and blanks; empty texts if it is absent."""
        if not self.raw.has(name):
            return [""] * self.raw.rows
        distinct = self.raw.distinct_of(name)
        folded = [fold(text) for text in distinct.texts]
        return [folded[number] for number in distinct.index.tolist()]
