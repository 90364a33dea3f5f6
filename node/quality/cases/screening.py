"""Decides what each row of a source of cases is: a case, a one-off contact, or nothing that counts here.

The first rule that applies decides (traps of `reasons`, in this order):

    1. T03  total, blank and repeated header rows       dropped
    2. T10  more cells than columns                     quarantine
    3. T21  test and cancelled records                  dropped
    4. T07  historic or undecidable key of Aachen       quarantine
    5. T06  key of another area, or unreadable          quarantine
    6. T24  municipality that another source counts     dropped
    7. T22  counselling of another programme            dropped; one-off contacts leave here
    8. T05  contact without a date                      quarantine
    9. T08  case without a case number                  quarantine
   10. T05  case start missing, start or end impossible quarantine
   11. T15  case end before case start                  quarantine

Invariants: every row ends as exactly one of case, contact, dropped, quarantined; rows of another area never
count.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from node.mapping import CaseState, CodeMapping, CounsellingKind
from node.quality import reasons
from node.quality.cells.columns import (
    NO_DAY,
    CodedColumn,
    DateColumn,
    Days,
    code_column,
    date_column,
    spread_flags,
)
from node.quality.cells.dates import CASE_PIVOT, DateForm
from node.quality.findings import FindingCounts
from node.quality.sorting import AreaKeys, Sorting
from node.sources import Mask, RawTable
from protocol.errors import kim_error

_TEST_NUMBER: Final = r"(?i)^[\s\x{a0}]*(?:TEST|DEMO)"


@dataclass(frozen=True, slots=True)
class Ownership:
    """Which source counts which municipality (T24).

    Attributes:
        source: the source whose rows are sorted.
        owners: municipality key of eight digits -> source that counts it.
    """

    source: str
    owners: Mapping[str, str]

    def counted_elsewhere(self, keys: AreaKeys) -> Mask:
        """For each row whether another source counts its municipality."""
        owners = [self.owners.get(verdict.municipality or "", self.source) for verdict in keys.verdicts]
        return spread_flags(keys.distinct, [owner != self.source for owner in owners])

    def undecidable(self, keys: AreaKeys) -> Mask:
        """For each row whether it names no municipality although another source counts some."""
        others = any(owner != self.source for owner in self.owners.values())
        return spread_flags(keys.distinct, [others and v.municipality is None for v in keys.verdicts])


@dataclass(frozen=True, slots=True)
class Screened:
    """What each row is.

    Attributes:
        sorting: what became of rows that do not count.
        cases: rows that count as cases or persons in cases.
        contacts: rows that count as one-off contacts.
        counselling: the column Beratungsart.
        status: the column Fallstatus.
        opened: the column Fallbeginn.
        closed: the column Fallende.
        first_contact: the column Erstkontakt.
        contact_days: for each contact its day.
    """

    sorting: Sorting
    cases: Mask
    contacts: Mask
    counselling: CodedColumn
    status: CodedColumn
    opened: DateColumn
    closed: DateColumn
    first_contact: DateColumn
    contact_days: Days


def screen(
    raw: RawTable, *, area: str, mapping: CodeMapping, counts: FindingCounts, ownership: Ownership
) -> Screened:
    """Sort the rows of a source.

    Args:
        raw: the source.
        area: the node's own reporting area.
        mapping: texts to codes.
        counts: takes the findings.
        ownership: which source counts which municipality.

    Returns:
        What each row is.

    Raises:
        KimError: ``empty_source`` if nothing but totals and blank rows was found; ``wrong_area`` if more
            than half of the rows carry no key of this area.
    """
    status = code_column(raw, mapping, "STATUS")
    counselling = code_column(raw, mapping, "COUNSELLING")
    opened = date_column(raw, "Fallbeginn", pivot=CASE_PIVOT)
    closed = date_column(raw, "Fallende", pivot=CASE_PIVOT)
    first_contact = date_column(raw, "Erstkontakt", pivot=CASE_PIVOT)

    sorting = Sorting.of(raw, counts)  # 1, 2
    if not (sorting.undecided.any() or sorting.set_aside):
        raise kim_error("empty_source")
    number = raw.layout.places["Fallnummer"]
    tests = raw.matching(number, _TEST_NUMBER)
    sorting.take_out(status.where_code(CaseState.VOID) | tests, reasons.VOID_RECORD)  # 3
    keys = sorting.take_out_other_areas(raw, "AGS", area)  # 4, 5
    sorting.take_out(ownership.counted_elsewhere(keys), reasons.COUNTED_ELSEWHERE)  # 6
    sorting.take_out(counselling.where_code(CounsellingKind.OTHER_PROGRAMME), reasons.OTHER_PROGRAMME)  # 7

    contacts = sorting.undecided & counselling.where_code(CounsellingKind.CONTACT)
    contact_days = np.where(first_contact.present, first_contact.days, opened.days).astype(np.int32)
    sorting.take_out(contacts & (contact_days == NO_DAY), reasons.NO_CONTACT_DATE)  # 8
    contacts &= sorting.undecided
    counts.mark(reasons.ONE_OFF_CONTACT, contacts)

    sorting.take_out(~contacts & raw.blank(number), reasons.NO_CASE_NUMBER)  # 9
    sorting.take_out(~contacts & ~opened.present, reasons.NO_START)  # 10
    sorting.take_out(~contacts & closed.where_form(DateForm.IMPOSSIBLE), reasons.BAD_END)
    before_start = closed.present & (closed.days < opened.days)
    sorting.take_out(~contacts & before_start, reasons.END_BEFORE_START)  # 11
    sorting.note(reasons.NO_MUNICIPALITY, ownership.undecidable(keys))
    return Screened(
        sorting=sorting,
        cases=sorting.undecided & ~contacts,
        contacts=contacts,
        counselling=counselling,
        status=status,
        opened=opened,
        closed=closed,
        first_contact=first_contact,
        contact_days=contact_days,
    )
