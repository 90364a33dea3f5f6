"""Writes down what was normalised or looks odd, for rows that count.

Invariants: nothing is changed here; findings about rows speak of rows that count only, because a row that was
dropped or set aside already has its finding.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from node.mapping import CaseState, is_missing
from node.quality import reasons
from node.quality.assembling import Grouping
from node.quality.births import Births
from node.quality.coding import CodedColumn
from node.quality.dates import DateForm
from node.quality.findings import FindingCounts
from node.quality.screening import Screened
from node.sources import Mask, RawTable

# A leading minus is no sign of a formula in a remark: it is how lists are written.
_ACTIVE_CONTENT: Final = r"^[\s\x{a0}]*[=+@]|<[A-Za-z/!]"
_LINE_BREAK: Final = r"[\r\n]"


def note_file(raw: RawTable, counts: FindingCounts) -> None:
    """Note what the file as a whole shows: encoding, lines before the header, columns."""
    if raw.encoding in ("utf-8", "utf-8-sig"):
        counts.add(reasons.OTHER_ENCODING, raw.rows)
    counts.add(reasons.PREAMBLE, raw.preamble)
    counts.add(reasons.RENAMED_COLUMNS, len(raw.layout.renamed))
    counts.add(reasons.MOVED_COLUMNS, len(raw.layout.moved))
    counts.add(reasons.EXTRA_COLUMNS, len(raw.layout.extra))


def note_dates(screened: Screened, births: Births, counts: FindingCounts, *, export_day: int | None) -> None:
    """Note dates in other forms, unknown births, ends that contradict the status."""
    cases, both = screened.cases, screened.cases | screened.contacts
    opened, closed, first = screened.opened, screened.closed, screened.first_contact
    for column, rows in ((opened, both), (closed, cases), (first, both), (births.column, cases)):
        counts.mark(reasons.CASE_DATE_FORM, rows & column.where_form(DateForm.OTHER) & ~column.timed)
        counts.mark(reasons.DATE_WITH_TIME, rows & column.timed)
        counts.mark(reasons.MISSING_MARKER, rows & column.marked_missing)
    counts.mark(reasons.BIRTH_IMPOSSIBLE, cases & births.impossible)
    counts.mark(reasons.BIRTH_PLACEHOLDER, cases & births.placeholder)

    ended = cases & closed.present
    if export_day is not None:
        future = ended & (closed.days > export_day)
        counts.mark(reasons.END_IN_FUTURE, future)
        ended &= ~future
    counts.mark(reasons.RUNNING_WITH_END, ended & screened.status.where_code(CaseState.ACTIVE))
    late = first.present & (first.days > opened.days)
    counts.mark(reasons.FIRST_CONTACT, cases & (late | ~first.present))


def note_codes(screened: Screened, codes: Mapping[str, CodedColumn], counts: FindingCounts) -> None:
    """Note what had to be normalised on the way to codes."""
    cases, both = screened.cases, screened.cases | screened.contacts
    for column in (*codes.values(), screened.counselling, screened.status):
        rows = cases if column.dimension in reasons.WORDING else both
        counts.mark(reasons.DOUBLE_ENCODED, rows & column.twice_encoded)
        counts.mark(reasons.MISSING_MARKER, rows & column.marked_missing)
    for dimension, reason in reasons.WORDING.items():
        spelt = codes[dimension].where(lambda m: not (m.literal or m.missing or m.unmapped))
        counts.mark(reason, cases & spelt)
    counts.mark(reasons.TWO_REGIMES, cases & codes["RECHTSKREIS"].where(lambda m: m.several))
    counts.mark(reasons.SEVERAL_FIELDS, both & codes["FIELD"].where(lambda m: m.several))


def note_texts(raw: RawTable, screened: Screened, counts: FindingCounts) -> None:
    """Note line breaks, unclosed quotation marks and active content."""
    both = screened.cases | screened.contacts
    fields = raw.layout.places["Handlungsfelder"]
    for place in range(len(raw.columns)):
        if place != fields:  # there a line break separates fields (T09)
            counts.mark(reasons.LINE_BREAK, both & raw.matching(place, _LINE_BREAK))
    counts.mark(reasons.OPEN_QUOTE, both & raw.mended)
    if raw.has("Bemerkung"):
        counts.mark(
            reasons.ACTIVE_CONTENT, both & raw.matching(raw.layout.places["Bemerkung"], _ACTIVE_CONTENT)
        )


def note_households(raw: RawTable, grouping: Grouping, counts: FindingCounts) -> None:
    """Note merged rows and head counts that differ from the persons listed."""
    counts.mark(reasons.SAME_CASE, _marked(raw, grouping.merged))
    if not raw.has("Anz. Personen"):
        return
    texts = raw.distinct_of("Anz. Personen")
    stated = np.asarray([_head_count(text) for text in texts.texts], dtype=np.int64)[texts.index]
    of_holder = stated[grouping.holders]
    differs = (of_holder >= 0) & (of_holder != grouping.persons_per_case)
    counts.mark(reasons.HEAD_COUNT, _marked(raw, grouping.holders[differs]))


def _head_count(text: str) -> int:
    digits = text.strip()
    if is_missing(digits, numbers=False) or not (digits.isascii() and digits.isdigit()):
        return -1
    return min(int(digits[:9]), 10**9)


def _marked(raw: RawTable, rows: np.ndarray[tuple[int], np.dtype[np.intp]]) -> Mask:
    mask = np.zeros(raw.rows, dtype=np.bool_)
    mask[rows] = True
    return mask
