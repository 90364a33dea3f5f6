"""From the sources of one area to facts: sorts rows, maps codes, joins cases, and says everything it did.

Invariants: every row of a source is counted exactly once as counting, merged, dropped or quarantined; what
could not be mapped is listed and blocks a delivery until it is mapped. Registers without a source are not
collected, which is not the same as empty. Nothing here writes, sends or logs: row values stay in the returned
objects, whose `repr` does not show them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from aggregation.facts import Facts, check_facts
from node.mapping import CodeMapping
from node.quality.cases.joining import Cases, prepare_cases
from node.quality.cells.columns import Unmapped
from node.quality.findings import Finding, FindingCounts, NotedRow
from node.quality.quarantine import Quarantine, QuarantinedTable
from node.quality.registers.carriers import Carriers
from node.quality.registers.decisions import read_decisions
from node.quality.registers.funds import read_funds_ledger
from node.quality.registers.issues import read_issues
from node.quality.registers.posts import read_posts_register
from node.quality.registers.register import Register
from node.quality.sorting import Sorting
from node.settings import Holds, SourceSpec
from node.sources import RawTable
from protocol.catalogue import Catalogue
from protocol.errors import kim_error
from protocol.regions import reporting_area
from protocol.texts import Text


@dataclass(frozen=True, slots=True)
class Counts:
    """How many rows there were and what became of them.

    Attributes:
        read: rows behind the headers of all sources.
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
class SourceCounts:
    """One source and what became of its rows.

    Attributes:
        name: its name in the configuration.
        holds: what its rows are.
        area: joint authority's area for which it counts, or None for the node's own.
        export_date: the day it was exported, or None if it does not say.
        layout: fingerprint of its columns; another one than last time says that the export changed (T26).
        read: rows behind the header.
        counted: rows that count; several may describe one case.
        quarantined: rows set aside.
        dropped: rows that do not count.
    """

    name: str
    holds: Holds
    area: str | None
    export_date: date | None
    layout: str
    read: int
    counted: int
    quarantined: int
    dropped: int


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the sources of one node hold.

    Attributes:
        facts: typed microdata of the node's own area; a table that is None is not collected.
        joint: facts of areas of joint authorities: decisions and nothing else.
        findings: what was found, source by source, by trap.
        noted: rows left out, and rows that count but should be looked at, source by source, by line.
        quarantine: rows set aside, with their cells.
        unmapped: texts that no code stands for, source by source.
        sources: what became of the rows of each source, in the order of the configuration.
        counts: numbers of rows of all sources.
    """

    facts: Facts
    joint: Mapping[str, Facts]
    findings: tuple[Finding, ...]
    noted: tuple[NotedRow, ...] = field(repr=False)
    quarantine: Quarantine = field(repr=False)
    unmapped: tuple[Unmapped, ...] = field(repr=False)
    sources: tuple[SourceCounts, ...]
    counts: Counts

    @property
    def export_date(self) -> date | None:
        """The earliest day that a source says it was exported on, or None if none does."""
        return min((s.export_date for s in self.sources if s.export_date is not None), default=None)


@dataclass(frozen=True, slots=True)
class _Read:
    """One source after its rows were sorted."""

    spec: SourceSpec
    raw: RawTable
    counts: FindingCounts
    sorting: Sorting
    counted: int
    unmapped: tuple[Unmapped, ...]

    def quarantined(self) -> QuarantinedTable:
        return self.sorting.quarantine(self.raw, self.spec.name)


def prepare(
    sources: Sequence[tuple[SourceSpec, RawTable]],
    *,
    area: str,
    mapping: CodeMapping,
    catalogue: Catalogue,
) -> Prepared:
    """Turn the sources of a node into facts.

    Args:
        sources: what the configuration says of each source, and its cells; at least one.
        area: the node's own reporting area, for example ``NW05382``.
        mapping: texts to codes.
        catalogue: the catalogue the facts are meant for; its codelists decide which codes exist.

    Returns:
        Facts, findings, quarantine and everything that could not be mapped.

    Raises:
        KimError: ``empty_source`` if a source of cases has no row of data; ``wrong_area`` if most rows of a
            source belong elsewhere; ``config_invalid`` if it cannot be said how sources go together.
    """
    _require_single_registers(sources)
    read: dict[str, _Read] = {}
    tables: dict[str, pa.Table | None] = {}
    joint: dict[str, Facts] = {}
    cases = [(spec, raw) for spec, raw in sources if spec.holds == "cases"]
    if cases:
        found = prepare_cases(cases, area=area, mapping=mapping, catalogue=catalogue)
        tables |= {
            "cases": found.cases,
            "contacts": found.contacts,
            "involvements": found.involvements,
            "referrals": found.referrals,
        }
        read |= _read_cases(found)
    carriers = Carriers(mapping, reporting_area(area))
    # The funds ledger learns the kinds of carriers from the posts register.
    for spec, raw in sorted(sources, key=lambda source: source[0].holds != "posts"):
        if spec.holds == "cases":
            continue
        register, table = _read_rows(spec, raw, area=area, mapping=mapping, carriers=carriers)
        read[spec.name] = _read_register(register)
        if spec.area is None or spec.area == area:
            tables[spec.holds] = table
        else:
            joint[spec.area] = Facts(decisions=table)
    facts = Facts(**tables)
    for each in (facts, *joint.values()):
        check_facts(each, catalogue)
    return _prepared(facts, joint, [read[spec.name] for spec, _ in sources])


def _read_rows(
    spec: SourceSpec, raw: RawTable, *, area: str, mapping: CodeMapping, carriers: Carriers
) -> tuple[Register, pa.Table]:
    if spec.holds == "posts":
        return read_posts_register(spec, raw, mapping=mapping, carriers=carriers)
    if spec.holds == "funds":
        return read_funds_ledger(spec, raw, mapping=mapping, carriers=carriers)
    if spec.holds == "issues":
        return read_issues(spec, raw, mapping=mapping)
    return read_decisions(spec, raw, area=spec.area or area, mapping=mapping)


def _prepared(facts: Facts, joint: Mapping[str, Facts], read: Sequence[_Read]) -> Prepared:
    tables = [source.quarantined() for source in read]
    by_source = tuple(
        SourceCounts(
            name=source.spec.name,
            holds=source.spec.holds,
            area=source.spec.area,
            export_date=source.raw.export_date,
            layout=source.raw.layout.fingerprint,
            read=source.raw.rows,
            counted=source.counted,
            quarantined=len(table.rows),
            dropped=source.sorting.dropped,
        )
        for source, table in zip(read, tables, strict=True)
    )
    return Prepared(
        facts=facts,
        joint=joint,
        findings=tuple(finding for source in read for finding in source.counts.findings()),
        noted=tuple(row for source in read for row in source.counts.noted_rows(source.raw.lines)),
        quarantine=Quarantine(tuple(tables)),
        unmapped=tuple(entry for source in read for entry in source.unmapped),
        sources=by_source,
        counts=Counts(
            read=sum(source.read for source in by_source),
            cases=facts.table("cases").num_rows,
            contacts=facts.table("contacts").num_rows,
            persons=pc.count_distinct(facts.table("involvements")["person_id"]).as_py(),
            quarantined=sum(source.quarantined for source in by_source),
            dropped=sum(source.dropped for source in by_source),
        ),
    )


def _read_cases(cases: Cases) -> dict[str, _Read]:
    return {
        part.spec.name: _Read(
            spec=part.spec,
            raw=part.raw,
            counts=part.counts,
            sorting=part.screened.sorting,
            counted=int(part.screened.cases.sum() + part.screened.contacts.sum()),
            unmapped=part.unmapped(),
        )
        for part in cases.parts
    }


def _read_register(register: Register) -> _Read:
    return _Read(
        spec=register.spec,
        raw=register.raw,
        counts=register.counts,
        sorting=register.sorting,
        counted=int(register.counting.sum()),
        unmapped=register.unmapped(),
    )


def _require_single_registers(sources: Sequence[tuple[SourceSpec, RawTable]]) -> None:
    seen: dict[tuple[str, str | None], str] = {}
    for spec, _ in sources:
        known = seen.setdefault((spec.holds, spec.area), spec.name)
        if spec.holds != "cases" and known != spec.name:
            raise kim_error(
                "config_invalid",
                Text(
                    f"[sources.{spec.name}] und [sources.{known}] sind dasselbe Register; beide vereinigen.",
                    f"[sources.{spec.name}] and [sources.{known}] are the same register; join them.",
                ),
                pointer=f"/sources/{spec.name}/holds",
            )
