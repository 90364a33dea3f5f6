"""Writes down what was normalised or looks odd in cases, for rows that count.

Invariant: nothing is changed here.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from node.mapping import CaseState, is_missing
from node.quality import noting, reasons
from node.quality.cases.grouping import Grouping
from node.quality.cases.part import REFERRED_TO, CasePart
from node.quality.cases.people import perhaps_the_same
from node.quality.cells.columns import rows_of
from node.quality.cells.dates import DateForm
from node.quality.findings import Reason
from node.sources import Mask

# A leading minus is no sign of a formula in a remark: it is how lists are written.
_ACTIVE_CONTENT: Final = r"^[\s\x{a0}]*[=+@]|<[A-Za-z/!]"
#: Columns in which a line break separates entries (T09).
_SETS: Final = ("Handlungsfelder", REFERRED_TO)


def note_rows(part: CasePart) -> None:
    """Note everything about the rows of one source that count."""
    _note_dates(part)
    _note_codes(part)
    raw, both = part.raw, part.screened.cases | part.screened.contacts
    sets = [raw.layout.places[name] for name in _SETS if raw.has(name)]
    noting.note_texts(raw, both, part.counts, but=sets)
    if raw.has("Bemerkung"):
        active = raw.matching(raw.layout.places["Bemerkung"], _ACTIVE_CONTENT)
        part.counts.mark(reasons.ACTIVE_CONTENT, both & active)


def _note_dates(part: CasePart) -> None:
    """Note dates in other forms, unknown births, ends that contradict the status."""
    screened, births, counts = part.screened, part.births, part.counts
    cases, both = screened.cases, screened.cases | screened.contacts
    opened, closed, first = screened.opened, screened.closed, screened.first_contact
    for column, rows in ((opened, both), (closed, cases), (first, both), (births.column, cases)):
        if column is not None:
            noting.note_dates(part.spec, column, rows, counts)
    counts.mark(reasons.BIRTH_IMPOSSIBLE, cases & births.impossible)
    counts.mark(reasons.BIRTH_PLACEHOLDER, cases & births.placeholder)
    counts.mark(reasons.AGE_GIVEN, cases & births.from_age)
    counts.mark(reasons.AGE_UNREADABLE, cases & births.unreadable_age)

    ended = cases & closed.present
    if part.export_day is not None:
        future = ended & (closed.days > part.export_day)
        counts.mark(reasons.END_IN_FUTURE, future)
        ended &= ~future
    counts.mark(reasons.RUNNING_WITH_END, ended & screened.status.where_code(CaseState.ACTIVE))
    late = first.present & (first.days > opened.days)
    counts.mark(reasons.FIRST_CONTACT, cases & (late | ~first.present))


def _note_codes(part: CasePart) -> None:
    """Note what had to be normalised on the way to codes."""
    screened, codes, counts = part.screened, part.codes, part.counts
    cases, both = screened.cases, screened.cases | screened.contacts
    for column in (*codes.values(), screened.counselling, screened.status):
        noting.note_codes(column, cases if column.dimension in reasons.WORDING else both, counts)
    counts.mark(reasons.TWO_REGIMES, cases & codes["RECHTSKREIS"].where(lambda m: m.several))
    counts.mark(reasons.SEVERAL_FIELDS, both & codes["FIELD"].where(lambda m: m.several))
    if part.referred_to is not None:
        noting.note_codes(part.referred_to, cases, counts)
        counts.mark(reasons.SEVERAL_REFERRALS, cases & part.referred_to.where(lambda m: m.several))
    if part.referred_on is not None:
        noting.note_dates(part.spec, part.referred_on, cases, counts)
        counts.mark(reasons.REFERRAL_DATE, cases & part.referred_on.where_form(DateForm.IMPOSSIBLE))


def note_households(grouping: Grouping) -> None:
    """Note merged rows, head counts that differ from the persons listed, and persons listed twice."""
    repeats = np.ones(len(grouping.row_case), dtype=np.bool_)
    repeats[grouping.involved] = False
    if len(grouping.parts) > 1:  # what another source holds has a finding of its own (T23)
        part_of = grouping.part_of
        repeats &= part_of == part_of[grouping.holders[grouping.row_case]]
    _mark(grouping, reasons.SAME_CASE, grouping.masks(rows_of(repeats)))
    _mark(grouping, reasons.PERHAPS_THE_SAME, grouping.masks(perhaps_the_same(grouping)))
    _mark(grouping, reasons.HEAD_COUNT, _other_head_counts(grouping))


def _mark(grouping: Grouping, reason: Reason, masks: list[Mask]) -> None:
    for part, mask in zip(grouping.parts, masks, strict=True):
        part.counts.mark(reason, mask)


def _other_head_counts(grouping: Grouping) -> list[Mask]:
    stated = grouping.days(grouping.holders, _head_counts)
    differs = (stated >= 0) & (stated != grouping.persons_per_case)
    return grouping.masks(grouping.holders[differs])


def _head_counts(part: CasePart) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    """Return the persons that each row says its case has, -1 where it does not."""
    if not part.raw.has("Anz. Personen"):
        return np.full(part.raw.rows, -1, dtype=np.int32)
    texts = part.raw.distinct_of("Anz. Personen")
    return np.asarray([_head_count(text) for text in texts.texts], dtype=np.int32)[texts.index]


def _head_count(text: str) -> int:
    digits = text.strip()
    if is_missing(digits, numbers=False) or not (digits.isascii() and digits.isdigit()):
        return -1
    return min(int(digits[:9]), 10**9)
