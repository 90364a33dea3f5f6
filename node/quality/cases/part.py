"""One source of cases, sorted and coded: the columns from which cases are joined.

Invariants: columns have one entry per row of the source, whatever becomes of a row; ends after the export are
plans and removed (T15), first contacts after the start are unknown (T16).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import numpy as np

from node.mapping import CONTROLS, DIMENSIONS, CodeMapping
from node.quality.cases.births import Births, read_births
from node.quality.cases.screening import Ownership, Screened, screen
from node.quality.cells.columns import (
    NO_DAY,
    CodedColumn,
    DateColumn,
    Days,
    Unmapped,
    code_column,
    date_column,
    day_number,
    set_column,
)
from node.quality.cells.dates import CASE_PIVOT
from node.quality.findings import FindingCounts
from node.settings import SourceSpec
from node.sources import RawTable

REFERRED_TO: Final = "Weitervermittlung an"
REFERRED_ON: Final = "Weitervermittlung am"
_OF_CONTACTS: Final = frozenset({*CONTROLS, "FIELD", "INST"})


@dataclass(frozen=True, slots=True)
class CasePart:
    """One source of cases.

    Attributes:
        spec: what the configuration says about it.
        raw: its cells.
        counts: takes its findings.
        screened: what each row is.
        births: dates of birth.
        codes: coded columns by dimension.
        referred_to: institutions a case was referred to, or None if the source has no such column.
        referred_on: days of referrals, or None.
    """

    spec: SourceSpec
    raw: RawTable = field(repr=False)
    counts: FindingCounts = field(repr=False)
    screened: Screened = field(repr=False)
    births: Births = field(repr=False)
    codes: Mapping[str, CodedColumn] = field(repr=False)
    referred_to: CodedColumn | None = field(repr=False)
    referred_on: DateColumn | None = field(repr=False)

    @property
    def export_day(self) -> int | None:
        """Day of the export, or None if the source does not say."""
        return _export_day(self.raw)

    @property
    def ends(self) -> Days:
        """Case ends without those after the export: they are plans, the case is open (T15)."""
        closed, day = self.screened.closed.days, self.export_day
        return closed if day is None else np.where(closed > day, NO_DAY, closed).astype(np.int32)

    @property
    def first_contacts(self) -> Days:
        """First contacts without those after the case start: nobody knows when they were (T16)."""
        first = self.screened.first_contact.days
        return np.where(first > self.screened.opened.days, NO_DAY, first).astype(np.int32)

    def unmapped(self) -> tuple[Unmapped, ...]:
        """List what is not understood in rows that count; rows set aside or dropped need no mapping."""
        cases, both = self.screened.cases, self.screened.cases | self.screened.contacts
        columns = [self.screened.counselling, self.screened.status, *self.codes.values()]
        found = [
            entry
            for column in columns
            for entry in column.unmapped(
                both if column.dimension in _OF_CONTACTS else cases, source=self.spec.name
            )
        ]
        if self.referred_to is not None:
            found += self.referred_to.unmapped(cases, source=self.spec.name)
        return tuple(found)


def read_part(
    spec: SourceSpec, raw: RawTable, *, area: str, mapping: CodeMapping, ownership: Ownership
) -> CasePart:
    """Sort and code the rows of one source of cases.

    Args:
        spec: what the configuration says about it.
        raw: its cells.
        area: the node's own reporting area.
        mapping: texts to codes.
        ownership: which source counts which municipality.

    Returns:
        The part.

    Raises:
        KimError: ``empty_source`` if there is no row of data; ``wrong_area`` if most rows belong elsewhere.
    """
    counts = FindingCounts(spec.name)
    screened = screen(raw, area=area, mapping=mapping, counts=counts, ownership=ownership)
    return CasePart(
        spec=spec,
        raw=raw,
        counts=counts,
        screened=screened,
        births=read_births(raw, opened=screened.opened.days, reference=_reference_day(raw, screened)),
        codes={name: code_column(raw, mapping, name) for name in DIMENSIONS},
        referred_to=set_column(raw, mapping, "INST", column=REFERRED_TO) if raw.has(REFERRED_TO) else None,
        referred_on=date_column(raw, REFERRED_ON, pivot=CASE_PIVOT) if raw.has(REFERRED_ON) else None,
    )


def _export_day(raw: RawTable) -> int | None:
    return None if raw.export_date is None else day_number(raw.export_date)


def _reference_day(raw: RawTable, screened: Screened) -> date | None:
    """Return the day at which ages are judged: the export, or the latest case start if nothing names it."""
    if raw.export_date is not None:
        return raw.export_date
    opened = screened.opened.days[screened.cases]
    return date.fromordinal(int(opened.max()) + date(1970, 1, 1).toordinal()) if len(opened) else None
