"""From an export to facts: sorts rows, maps codes, joins cases, and says everything it did.

Invariants: every row of the source is counted exactly once as case row, contact, dropped or quarantined; what
could not be mapped is listed and counts as unknown until it is mapped (and blocks a delivery until then).
Nothing here writes, sends or logs: row values stay in the returned objects, whose `repr` does not show them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pyarrow.compute as pc

from aggregation.facts import Facts, check_facts
from node.mapping import CONTROLS, DIMENSIONS, CodeMapping
from node.quality import noting
from node.quality.assembling import Material, assemble, group
from node.quality.births import read_births
from node.quality.coding import NO_DAY, CodedColumn, Days, Unmapped, code_column, day_number
from node.quality.findings import Finding, FindingCounts, NotedRow
from node.quality.quarantine import Quarantine, QuarantinedRow
from node.quality.screening import Screened, screen
from node.sources import RawTable
from protocol.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Counts:
    """How many rows there were and what became of them.

    Attributes:
        read: rows behind the header.
        cases: distinct cases.
        contacts: one-off contacts.
        persons: distinct persons in cases.
        quarantined: rows set aside.
        dropped: rows that are none of this programme's business (totals, tests, other programmes).
    """

    read: int
    cases: int
    contacts: int
    persons: int
    quarantined: int
    dropped: int


@dataclass(frozen=True, slots=True)
class Prepared:
    """What one export holds.

    Attributes:
        facts: typed microdata for tabulation.
        findings: what was found, by trap.
        noted: rows left out, and rows that count but should be looked at, by line.
        quarantine: rows set aside, with their cells.
        unmapped: texts that no code stands for.
        export_date: the day the banner names, or None.
        counts: numbers of rows.
    """

    facts: Facts
    findings: tuple[Finding, ...]
    noted: tuple[NotedRow, ...] = field(repr=False)
    quarantine: Quarantine = field(repr=False)
    unmapped: tuple[Unmapped, ...] = field(repr=False)
    export_date: date | None
    counts: Counts


def prepare(raw: RawTable, *, area: str, mapping: CodeMapping, catalogue: Catalogue) -> Prepared:
    """Turn an export into facts.

    Args:
        raw: the export as it was read.
        area: the node's own reporting area, for example ``NW05382``.
        mapping: texts to codes.
        catalogue: the catalogue the facts are meant for; its codelists decide which codes exist.

    Returns:
        Facts, findings, quarantine and everything that could not be mapped.

    Raises:
        KimError: ``empty_source`` if there is no row of data; ``wrong_area`` if most rows belong elsewhere.
    """
    counts = FindingCounts()
    noting.note_file(raw, counts)
    screened = screen(raw, area=area, mapping=mapping, counts=counts)
    codes = {name: code_column(raw, mapping, name) for name in DIMENSIONS}
    births = read_births(raw, reference=_reference_day(raw, screened))
    grouping = group(raw, screened.cases)
    noting.note_dates(screened, births, counts, export_day=_export_day(raw))
    noting.note_codes(screened, codes, counts)
    noting.note_texts(raw, screened, counts)
    noting.note_households(raw, grouping, counts)
    material = Material(
        cases=screened.cases,
        contacts=screened.contacts,
        opened=screened.opened.days,
        closed=_ends_that_happened(raw, screened),
        first_contact=_first_contacts(screened),
        birth=births.days,
        contact_days=screened.contact_days,
        codes=codes,
    )
    facts = assemble(material, grouping)
    check_facts(facts, catalogue)
    quarantine = _quarantine(raw, screened)
    return Prepared(
        facts=facts,
        findings=counts.findings(),
        noted=counts.noted_rows(raw.lines),
        quarantine=quarantine,
        unmapped=_unmapped(screened, codes),
        export_date=raw.export_date,
        counts=Counts(
            read=raw.rows,
            cases=facts.table("cases").num_rows,
            contacts=facts.table("contacts").num_rows,
            persons=pc.count_distinct(facts.table("involvements")["person_id"]).as_py(),
            quarantined=len(quarantine),
            dropped=screened.dropped,
        ),
    )


def _export_day(raw: RawTable) -> int | None:
    return None if raw.export_date is None else day_number(raw.export_date)


def _reference_day(raw: RawTable, screened: Screened) -> date | None:
    """Return the day at which ages are judged: the export, or the latest case start if no banner names it."""
    if raw.export_date is not None:
        return raw.export_date
    opened = screened.opened.days[screened.cases]
    return date.fromordinal(int(opened.max()) + date(1970, 1, 1).toordinal()) if len(opened) else None


def _ends_that_happened(raw: RawTable, screened: Screened) -> Days:
    """Return case ends without those after the export: they are plans, the case is open (T15)."""
    export_day = _export_day(raw)
    if export_day is None:
        return screened.closed.days
    return np.where(screened.closed.days > export_day, NO_DAY, screened.closed.days).astype(np.int32)


def _first_contacts(screened: Screened) -> Days:
    """Return first contacts without those after the case start: nobody knows when they were (T16)."""
    first = screened.first_contact.days
    return np.where(first > screened.opened.days, NO_DAY, first).astype(np.int32)


def _quarantine(raw: RawTable, screened: Screened) -> Quarantine:
    reasons = {
        row: reason for marked, reason in screened.set_aside for row in np.flatnonzero(marked).tolist()
    }
    rows = sorted(reasons)
    return Quarantine(
        raw.layout.header,
        tuple(
            QuarantinedRow(int(raw.lines[row]), reasons[row].trap, reasons[row].text, cells)
            for row, cells in zip(rows, raw.cells(rows), strict=True)
        ),
    )


def _unmapped(screened: Screened, codes: Mapping[str, CodedColumn]) -> tuple[Unmapped, ...]:
    """List what is not understood in rows that count; rows set aside or dropped need no mapping."""
    both = screened.cases | screened.contacts
    controls = dict(zip(CONTROLS, (screened.counselling, screened.status), strict=True))
    columns = [*controls.values(), *codes.values()]
    of_contacts = {*CONTROLS, "FIELD", "INST"}
    return tuple(
        entry
        for column in columns
        for entry in column.unmapped(both if column.dimension in of_contacts else screened.cases)
    )
