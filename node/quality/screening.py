"""Decides what each row is: a case, a one-off contact, nothing of this programme, or nothing one can count.

The first rule that applies decides (traps of `reasons`, in this order):

    1. T03  total, blank and repeated header rows       dropped
    2. T10  more cells than columns                     quarantine
    3. T21  test and cancelled records                  dropped
    4. T07  historic or undecidable key of Aachen       quarantine
    5. T06  key of another area, or unreadable          quarantine
    6. T22  counselling of another programme            dropped; one-off contacts leave here
    7. T05  contact without a date                      quarantine
    8. T08  case without a case number                  quarantine
    9. T05  case start missing, start or end impossible quarantine
   10. T15  case end before case start                  quarantine

Invariants: every row ends as exactly one of case, contact, dropped, quarantined; rows of another area never
count. A file of which most rows belong elsewhere is refused as a whole: it is the wrong file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from node.mapping import CaseState, CodeMapping, CounsellingKind
from node.quality import reasons
from node.quality.amounts import whole
from node.quality.area_keys import Belonging, judge_area_key
from node.quality.coding import NO_DAY, CodedColumn, DateColumn, Days, code_column, date_column
from node.quality.dates import CASE_PIVOT, DateForm
from node.quality.findings import FindingCounts, Handling, Reason
from node.sources import Mask, RawTable
from node.sources.wording import fold
from protocol.errors import kim_error
from protocol.texts import Text

_TOTAL_ROWS: Final = frozenset({"summe", "gesamt", "zwischensumme", "total"})
_TEST_NUMBER: Final = r"(?i)^[\s\x{a0}]*(?:TEST|DEMO)"


@dataclass(slots=True)
class Screening:
    """The state of the sorting: which rows are still undecided, and what became of the others."""

    counts: FindingCounts
    undecided: Mask
    dropped: int = 0
    set_aside: list[tuple[Mask, Reason]] = field(default_factory=list)

    def take_out(self, rows: Mask, reason: Reason) -> None:
        """Drop or quarantine those of ``rows`` that are still undecided."""
        hit = rows & self.undecided
        if not hit.any():
            return
        self.undecided &= ~hit
        self.counts.mark(reason, hit)
        if reason.handling is Handling.QUARANTINE:
            self.set_aside.append((hit, reason))
        else:
            self.dropped += int(hit.sum())


@dataclass(frozen=True, slots=True)
class Screened:
    """What each row is.

    Attributes:
        cases: rows that count as cases or persons in cases.
        contacts: rows that count as one-off contacts.
        dropped: number of rows that are none of this programme's business.
        set_aside: quarantined rows with their reason.
        counselling: the column Beratungsart.
        status: the column Fallstatus.
        opened: the column Fallbeginn.
        closed: the column Fallende.
        first_contact: the column Erstkontakt.
        contact_days: for each contact its day.
    """

    cases: Mask
    contacts: Mask
    dropped: int
    set_aside: tuple[tuple[Mask, Reason], ...]
    counselling: CodedColumn
    status: CodedColumn
    opened: DateColumn
    closed: DateColumn
    first_contact: DateColumn
    contact_days: Days


def screen(raw: RawTable, *, area: str, mapping: CodeMapping, counts: FindingCounts) -> Screened:
    """Sort the rows of an export.

    Args:
        raw: the export.
        area: the node's own reporting area.
        mapping: texts to codes.
        counts: takes the findings.

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
    screening = Screening(counts, np.ones(raw.rows, dtype=np.bool_))

    screening.take_out(_no_records(raw), reasons.NO_RECORD)  # 1
    if not screening.undecided.any():
        raise kim_error("empty_source")
    screening.take_out(_rows_with_surplus(raw), reasons.SHIFTED_CELLS)  # 2
    number = raw.layout.places["Fallnummer"]
    tests = raw.matching(number, _TEST_NUMBER)
    screening.take_out(status.where_code(CaseState.VOID) | tests, reasons.VOID_RECORD)  # 3
    _take_out_other_areas(raw, area, screening)  # 4, 5
    screening.take_out(counselling.where_code(CounsellingKind.OTHER_PROGRAMME), reasons.OTHER_PROGRAMME)  # 6

    contacts = screening.undecided & counselling.where_code(CounsellingKind.CONTACT)
    contact_days = np.where(first_contact.present, first_contact.days, opened.days).astype(np.int32)
    screening.take_out(contacts & (contact_days == NO_DAY), reasons.NO_CONTACT_DATE)  # 7
    contacts &= screening.undecided
    counts.mark(reasons.ONE_OFF_CONTACT, contacts)
    screening.undecided &= ~contacts

    screening.take_out(raw.blank(number), reasons.NO_CASE_NUMBER)  # 8
    screening.take_out(~opened.present, reasons.NO_START)  # 9
    screening.take_out(closed.where_form(DateForm.IMPOSSIBLE), reasons.BAD_END)
    screening.take_out(closed.present & (closed.days < opened.days), reasons.END_BEFORE_START)  # 10
    return Screened(
        cases=screening.undecided,
        contacts=contacts,
        dropped=screening.dropped,
        set_aside=tuple(screening.set_aside),
        counselling=counselling,
        status=status,
        opened=opened,
        closed=closed,
        first_contact=first_contact,
        contact_days=contact_days,
    )


def _no_records(raw: RawTable) -> Mask:
    totals = np.zeros(raw.rows, dtype=np.bool_)
    candidates = np.flatnonzero(raw.matching(0, r"(?i)summe|gesamt|total")).tolist()
    for row, cells in zip(candidates, raw.cells(candidates), strict=True):
        totals[row] = fold(cells[0]).rstrip(": ") in _TOTAL_ROWS
    blank = raw.blank(0)
    for place in range(1, len(raw.columns)):
        if not blank.any():
            break
        blank &= raw.blank(place)
    return totals | blank | raw.repeated_header


def _rows_with_surplus(raw: RawTable) -> Mask:
    rows = np.zeros(raw.rows, dtype=np.bool_)
    rows[list(raw.surplus)] = True
    return rows


def _take_out_other_areas(raw: RawTable, area: str, screening: Screening) -> None:
    keys = raw.distinct_of("AGS")
    verdicts = [judge_area_key(text, area) for text in keys.texts]
    considered = screening.undecided.copy()
    for belonging, reason in ((Belonging.AACHEN, reasons.AACHEN_KEY), (Belonging.OTHER, reasons.OTHER_AREA)):
        flags = np.asarray([verdict.belonging is belonging for verdict in verdicts], dtype=np.bool_)
        screening.take_out(flags[keys.index], reason)
    kept = int(screening.undecided.sum())
    if 2 * kept < int(considered.sum()):
        raise _wrong_area(considered, kept)
    normalised = np.asarray([verdict.normalised for verdict in verdicts], dtype=np.bool_)
    screening.counts.mark(reasons.KEY_FORM, normalised[keys.index] & screening.undecided)


def _wrong_area(considered: Mask, kept: int) -> Exception:
    total = int(considered.sum())

    def share(language: str) -> tuple[str, str]:
        return whole(total - kept, language), whole(total, language)

    return kim_error(
        "wrong_area",
        Text(
            "In {} von {} Zeilen steht in der Spalte AGS kein Schlüssel dieses Gebiets; "
            "die ganze Datei wird deshalb nicht gelesen.".format(*share("de")),
            "In {} of {} rows the column AGS holds no key of this area; "
            "therefore the whole file is not read.".format(*share("en")),
        ),
    )
