"""One dossier: the sheets of all deliveries with everything a data-protection officer asks about them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from node.clock import local
from node.dossier.counted import counted_things
from node.dossier.sheets import ReasonNote, Sheet, read_sheet
from node.journal import DeliveryRecord, DeliveryState, Journal
from node.pipeline import Decision, Doubt, Draft, Prospect, Slot, Workshop, facts_by_area, not_collected
from node.quality import Counts, Finding, Prepared
from node.version import program_version
from protocol.catalogue import Catalogue, RuleKind
from protocol.dsse import parse_envelope
from protocol.errors import KimError
from protocol.periods import Period
from protocol.regions import region_tree, reporting_area
from protocol.statement import parse_statement
from protocol.texts import Text


@dataclass(frozen=True, slots=True)
class Entry:
    """One delivery in the dossier.

    Attributes:
        slot: area, dataflow and period.
        dataset: label of the dataset.
        area: name of the area, if it is not the node's own.
        standing: what becomes of it, in words.
        sheet: the tables; None where nothing would leave.
        sensitive: number of cells that the rules protect; None where unknown.
        verdict: the audit's verdict; None where nothing was audited.
        linked: number of other deliveries the audit took into account; None where unknown.
        problem: why it does not leave.
        paper: the dossier kept when it was signed, which has the reasons for withholding; None if there is
            none.
        revision: number in the chain of revisions; None where nothing would leave.
        changed_cells: for a correction, number of cells that differ from the revision before.
        series_break: what changed in this period so that its figures do not continue those before.
    """

    slot: Slot
    dataset: Text
    area: Text | None
    standing: Text
    sheet: Sheet | None = None
    sensitive: int | None = None
    verdict: str | None = None
    linked: int | None = None
    problem: KimError | None = None
    paper: Path | None = None
    revision: int | None = None
    changed_cells: int = 0
    series_break: str | None = None

    @property
    def period(self) -> Period:
        """Its reporting period."""
        return self.slot.period


@dataclass(frozen=True, slots=True)
class Dossier:
    """What would leave the house, for the eyes of the house.

    Attributes:
        area: name of the reporting area.
        area_id: its id.
        node: identity of the node.
        hub_url: where the deliveries go.
        audience: name of that hub.
        made: when, local time.
        version: version of the program.
        catalogue: version of the catalogue.
        catalogue_sha256: its digest.
        minima: smallest count shown in general, and for specially protected attributes.
        counts: what became of the rows of all sources.
        counted: number and name of everything that is counted.
        findings: what the quality check found.
        entries: the deliveries, by dataflow and in order of time.
        not_ended: periods that had not ended when the file was exported, the one that ends first first.
        not_collected: what the municipality has no source for.
        doubts: figures that somebody should confirm.
    """

    area: str
    area_id: str
    node: str
    hub_url: str
    audience: str
    made: datetime
    version: str
    catalogue: str
    catalogue_sha256: str
    minima: tuple[int, ...]
    counts: Counts
    counted: tuple[Text, ...]
    findings: tuple[Finding, ...]
    entries: tuple[Entry, ...]
    not_ended: tuple[Period, ...] = ()
    not_collected: tuple[Text, ...] = ()
    doubts: tuple[Doubt, ...] = ()

    @property
    def reasons(self) -> frozenset[ReasonNote]:
        """Why cells are withheld, as far as it says so."""
        sheets = (entry.sheet for entry in self.entries if entry.sheet is not None)
        return frozenset(note for sheet in sheets for note in sheet.reasons)

    @property
    def shows_reasons(self) -> bool:
        """Whether it says of any cell why it is withheld."""
        return bool(self.reasons)

    @property
    def holds_amounts(self) -> bool:
        """Whether posts or amounts of money are among the figures."""
        return any(
            sheet.indicator.decimals and sheet.collected
            for entry in self.entries
            if entry.sheet is not None
            for sheet in entry.sheet.indicators
        )


def make_dossier(
    prospects: Iterable[Prospect],
    *,
    prepared: Prepared,
    workshop: Workshop,
    journal: Journal,
    doubts: Iterable[Doubt] = (),
) -> Dossier:
    """Compile the dossier of a run.

    Args:
        prospects: what becomes of each period.
        prepared: counts and findings of the source; its facts are not looked at.
        workshop: settings, catalogue and clock of the run.
        journal: holds the bytes of earlier deliveries.
        doubts: figures that somebody should confirm.

    Returns:
        The dossier.

    Raises:
        KimError: ``spool_damaged`` if stored bytes cannot be read.
    """
    settings, catalogue = workshop.settings, workshop.catalogue
    due, waiting = [], set()
    for prospect in prospects:
        if prospect.decision is Decision.NOT_ENDED:
            waiting.add(prospect.period)
        else:
            due.append(prospect)
    return Dossier(
        area=reporting_area(settings.area).name,
        area_id=settings.area,
        node=settings.node,
        hub_url=settings.hub.url,
        audience=settings.hub.audience,
        made=local(workshop.clock.now()),
        version=program_version(),
        catalogue=catalogue.version,
        catalogue_sha256=catalogue.sha256,
        minima=_minima(catalogue, settings.min_contributors),
        counts=prepared.counts,
        counted=counted_things(prepared),
        findings=prepared.findings,
        entries=tuple(
            _entry(prospect, workshop=workshop, journal=journal) for prospect in _by_dataflow(due, catalogue)
        ),
        not_ended=tuple(sorted(waiting, key=lambda period: (period.last_day, period.freq == "A"))),
        not_collected=tuple(
            catalogue.indicator(indicator).name
            for _, indicator in not_collected(catalogue, facts_by_area(prepared, settings))
        ),
        doubts=tuple(doubts),
    )


def _by_dataflow(prospects: Iterable[Prospect], catalogue: Catalogue) -> list[Prospect]:
    """Sort what is read one dataflow after the other; within one the order of the programme stays."""
    rank = {dataset_id: number for number, dataset_id in enumerate(catalogue.datasets)}
    return sorted(prospects, key=lambda prospect: rank[prospect.dataset_id])


def _minima(catalogue: Catalogue, own: int | None) -> tuple[int, ...]:
    frequency = (rule for rule in catalogue.rules.values() if rule.kind is RuleKind.FREQUENCY)
    return tuple(sorted({max(rule.min_contributors, own or 0) for rule in frequency}))


def _entry(prospect: Prospect, *, workshop: Workshop, journal: Journal) -> Entry:
    entry = Entry(
        slot=prospect.slot,
        dataset=workshop.catalogue.dataset(prospect.dataset_id).name,
        area=_other_area(prospect.area, workshop.settings.area),
        standing=_STAYS.get(prospect.decision, _WOULD_LEAVE),
        problem=prospect.problem,
        changed_cells=prospect.changed_cells,
    )
    if prospect.draft is not None:
        return _drafted(entry, prospect.draft, prospect.record, workshop=workshop)
    if prospect.record is not None:
        return _known(entry, prospect, prospect.record, workshop=workshop, journal=journal)
    return entry


def _other_area(area: str, own: str) -> Text | None:
    if area == own:
        return None
    name = region_tree().name(area)
    return Text(f"{name.de} ({area})", f"{name.en} ({area})")


def _drafted(entry: Entry, draft: Draft, before: DeliveryRecord | None, *, workshop: Workshop) -> Entry:
    sheet = read_sheet(
        draft.payload,
        payload_sha256=draft.statement.payload.sha256,
        catalogue=workshop.catalogue,
        dataset_id=entry.slot.dataset_id,
        period=entry.period,
        reasons=draft.reasons,
    )
    return replace(
        entry,
        standing=_WOULD_LEAVE if before is None else _CORRECTION,
        sheet=sheet,
        sensitive=draft.report.sensitive,
        verdict=draft.report.verdict.value,
        linked=draft.report.linked,
        # A correction keeps the pattern, and with it the reasons of the revision before.
        paper=_paper(before, workshop) if before is not None else None,
        revision=draft.statement.revision,
        series_break=draft.statement.series_break,
    )


def _known(
    entry: Entry, prospect: Prospect, record: DeliveryRecord, *, workshop: Workshop, journal: Journal
) -> Entry:
    return replace(
        entry,
        standing=_STAYS.get(prospect.decision, _STANDINGS[record.state]),
        sheet=read_sheet(
            journal.payload(record),
            payload_sha256=record.payload_sha256,
            catalogue=workshop.catalogue,
            dataset_id=record.dataset,
            period=prospect.period,
            reasons=prospect.reasons,
        ),
        sensitive=record.sensitive,
        verdict=record.verdict,
        paper=_paper(record, workshop),
        revision=record.revision,
        series_break=parse_statement(parse_envelope(journal.envelope(record)).payload).series_break,
    )


def _paper(record: DeliveryRecord, workshop: Workshop) -> Path | None:
    """Return the oldest paper with the pattern of a delivery: corrections keep it and have no reasons."""
    period = Period.parse(record.period)
    papers = (
        workshop.settings.paper(period, record.dataset, area=record.area, revision=revision)
        for revision in range(1, record.revision + 1)
    )
    return next((paper for paper in papers if paper.exists()), None)


_WOULD_LEAVE: Final = Text("wird geliefert", "will be delivered")
_CORRECTION: Final = Text("wird als Berichtigung geliefert", "will be delivered as a correction")
_STAYS: Final = {
    Decision.HELD: Text("geliefert; Korrektur wird zurückgehalten", "delivered; the correction is held back"),
    Decision.BLOCKED: Text("bleibt im Haus", "stays in the house"),
}
_STANDINGS: Final = {
    DeliveryState.SPOOLED: Text("unterschrieben, noch nicht gesendet", "signed, not sent yet"),
    DeliveryState.REFUSED: Text(
        "vom Hub nicht angenommen, wird erneut gesendet", "refused, to be sent again"
    ),
    DeliveryState.ANNOUNCED: Text("angekündigt", "announced"),
    DeliveryState.UPLOADING: Text("wird gesendet", "being sent"),
    DeliveryState.RECEIVED: Text("beim Hub eingegangen", "received by the hub"),
    DeliveryState.VERIFYING: Text("wird vom Hub geprüft", "being verified by the hub"),
    DeliveryState.ACCEPTED: Text("geliefert und angenommen", "delivered and accepted"),
    DeliveryState.REJECTED: Text("vom Hub abgelehnt", "rejected by the hub"),
    DeliveryState.SUPERSEDED: Text("durch eine neuere Fassung ersetzt", "superseded by a newer revision"),
    DeliveryState.QUARANTINED: Text(
        "zählt nicht mehr: der Schlüssel war in fremden Händen",
        "counts no more: the key was in other hands",
    ),
}
