"""Writes down what any source shows: its file, and how its dates, codes and texts were written.

Invariants: nothing is changed here; findings about rows speak of rows that count only, because a row that was
dropped or set aside already has its finding.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from node.quality import reasons
from node.quality.cells.columns import CodedColumn, DateColumn
from node.quality.cells.dates import DateForm
from node.quality.findings import FindingCounts
from node.settings import SourceSpec
from node.sources import Mask, RawTable, profile_of

_LINE_BREAK: Final = r"[\r\n]"


def note_file(spec: SourceSpec, raw: RawTable, counts: FindingCounts) -> None:
    """Note what the file as a whole shows: encoding, lines before the header, columns."""
    if raw.encoding is not None and raw.encoding not in profile_of(spec).encodings:
        counts.add(reasons.NOT_UTF8 if raw.encoding == "cp1252" else reasons.OTHER_ENCODING, raw.rows)
    counts.add(reasons.PREAMBLE, raw.preamble)
    counts.add(reasons.RENAMED_COLUMNS, len(raw.layout.renamed))
    counts.add(reasons.MOVED_COLUMNS, len(raw.layout.moved))
    counts.add(reasons.EXTRA_COLUMNS, len(raw.layout.extra))
    counts.add(reasons.COMPUTED_CELLS, raw.formulas)


def note_dates(spec: SourceSpec, column: DateColumn, rows: Mask, counts: FindingCounts) -> None:
    """Note dates in other forms, times of day and missing markers.

    Only a text file that people exported for people has a usual form; codes and typed cells have their own.
    """
    if spec.format == "csv" and spec.profile != "C":
        counts.mark(reasons.CASE_DATE_FORM, rows & column.where_form(DateForm.OTHER) & ~column.timed)
    counts.mark(reasons.DATE_WITH_TIME, rows & column.timed)
    counts.mark(reasons.MISSING_MARKER, rows & column.marked_missing)


def note_codes(column: CodedColumn, rows: Mask, counts: FindingCounts) -> None:
    """Note texts encoded twice, missing markers, and wordings that have a rule of their own."""
    counts.mark(reasons.DOUBLE_ENCODED, rows & column.twice_encoded)
    counts.mark(reasons.MISSING_MARKER, rows & column.marked_missing)
    wording = reasons.WORDING.get(column.dimension)
    if wording is not None:
        spelt = column.where(lambda m: not (m.literal or m.missing or m.unmapped))
        counts.mark(wording, rows & spelt)


def note_texts(raw: RawTable, rows: Mask, counts: FindingCounts, *, but: Collection[int] = ()) -> None:
    """Note line breaks inside cells, unclosed quotation marks and merged cells.

    Args:
        raw: the source.
        rows: rows that count.
        counts: takes the findings.
        but: places of columns in which a line break is no finding.
    """
    for place in range(len(raw.columns)):
        if place not in but:
            counts.mark(reasons.LINE_BREAK, rows & raw.matching(place, _LINE_BREAK))
    counts.mark(reasons.OPEN_QUOTE, rows & raw.mended)
    counts.mark(reasons.MERGED_CELLS, rows & raw.unmerged)
