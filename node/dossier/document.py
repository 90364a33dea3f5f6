"""One dossier: the sheets of all deliveries with everything a data-protection officer asks about them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from node.clock import local
from node.dossier.sheets import Sheet, read_sheet
from node.journal import DeliveryRecord, DeliveryState, Journal
from node.pipeline import Decision, Prospect, Workshop
from node.quality import Counts, Finding, Prepared
from node.version import program_version
from protocol.catalogue import Catalogue, RuleKind
from protocol.errors import KimError
from protocol.periods import Period
from protocol.regions import reporting_area
from protocol.texts import Text


@dataclass(frozen=True, slots=True)
class Entry:
    """One delivery in the dossier.

    Attributes:
        dataset: label of the dataset.
        period: reporting period.
        standing: what becomes of it, in words.
        sheet: the tables; None where nothing would leave.
        sensitive: number of cells that the rules protect; None where unknown.
        verdict: the audit's verdict; None where nothing was audited.
        linked: number of other deliveries the audit took into account; None where unknown.
        problem: why it does not leave.
        paper: the dossier kept when it was signed, which has the reasons for withholding; None if there is
            none.
    """

    dataset: Text
    period: Period
    standing: Text
    sheet: Sheet | None = None
    sensitive: int | None = None
    verdict: str | None = None
    linked: int | None = None
    problem: KimError | None = None
    paper: Path | None = None


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
        counts: what became of the rows of the export.
        findings: what the quality check found.
        entries: the deliveries, in order of time.
        not_ended: periods that had not ended when the file was exported, in order of time.
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
    findings: tuple[Finding, ...]
    entries: tuple[Entry, ...]
    not_ended: tuple[Period, ...] = ()

    @property
    def shows_reasons(self) -> bool:
        """Whether it says of any cell why it is withheld."""
        return any(entry.sheet is not None and entry.sheet.reasons for entry in self.entries)


def make_dossier(
    prospects: Iterable[Prospect], *, prepared: Prepared, workshop: Workshop, journal: Journal
) -> Dossier:
    """Compile the dossier of a run.

    Args:
        prospects: what becomes of each period.
        prepared: counts and findings of the source; its facts are not looked at.
        workshop: settings, catalogue and clock of the run.
        journal: holds the bytes of earlier deliveries.

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
        findings=prepared.findings,
        entries=tuple(_entry(prospect, workshop=workshop, journal=journal) for prospect in due),
        not_ended=tuple(sorted(waiting)),
    )


def _minima(catalogue: Catalogue, own: int | None) -> tuple[int, ...]:
    frequency = (rule for rule in catalogue.rules.values() if rule.kind is RuleKind.FREQUENCY)
    return tuple(sorted({max(rule.min_contributors, own or 0) for rule in frequency}))


def _entry(prospect: Prospect, *, workshop: Workshop, journal: Journal) -> Entry:
    catalogue = workshop.catalogue
    dataset = catalogue.dataset(prospect.dataset_id).name
    if prospect.draft is not None:
        draft = prospect.draft
        return Entry(
            dataset=dataset,
            period=prospect.period,
            standing=_WOULD_LEAVE,
            sheet=read_sheet(
                draft.payload,
                payload_sha256=draft.statement.payload.sha256,
                catalogue=catalogue,
                dataset_id=prospect.dataset_id,
                period=prospect.period,
                reasons=draft.reasons,
            ),
            sensitive=draft.report.sensitive,
            verdict=draft.report.verdict.value,
            linked=draft.report.linked,
        )
    if prospect.record is not None:
        return _known(prospect, prospect.record, dataset, workshop=workshop, journal=journal)
    return Entry(dataset, prospect.period, _STAYS[prospect.decision], problem=prospect.problem)


def _known(
    prospect: Prospect, record: DeliveryRecord, dataset: Text, *, workshop: Workshop, journal: Journal
) -> Entry:
    paper = workshop.settings.paper(prospect.period, prospect.dataset_id)
    return Entry(
        dataset=dataset,
        period=prospect.period,
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
        problem=prospect.problem,
        paper=paper if paper.exists() else None,
    )


_WOULD_LEAVE: Final = Text("wird geliefert", "will be delivered")
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
}
