"""Who has delivered: the state of all areas, for one period in detail and for the others at a glance.

"Delivered" means: the delivery is in the release that the reader sees. What has been accepted since, is
being checked or was rejected is told from the submissions, as it stands now. A rejection shows its problem
code, never a place or a value in the delivery; a finding to confirm shows that there is one. What the hub's
own audit says stands beside what the area has signed: that its audit found nothing.

Years that the hub computes from quarters are delivered by nobody and do not appear.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from hub.domain.states import AuditVerdict, SubmissionState
from hub.services.review.finding_words import finding_text
from hub.services.statistics.authority import authority_of_aachen
from hub.services.statistics.reading import Reading
from hub.services.statistics.releases import population_share
from hub.store.tables.statistics_rows import Secrecy, SubmissionRow
from protocol.catalogue import Dataset
from protocol.errors import kim_error
from protocol.periods import Period
from protocol.problems import PROBLEMS, Problem
from protocol.regions import AACHEN_WHOLE, Region, areas_by_id, reporting_areas
from protocol.texts import Text

#: Periods shown at a glance.
HISTORY_PERIODS = 8


class DeliveryState(StrEnum):
    """Where the deliveries of one area for one period stand; the later members need more attention."""

    DELIVERED = "delivered"
    ACCEPTED = "accepted"
    IN_CHECK = "in_check"
    NOT_DUE = "not_due"
    PARTIAL = "partial"
    MISSING = "missing"
    HELD = "held"
    REJECTED = "rejected"


_OF_SUBMISSION = {
    "accepted": DeliveryState.ACCEPTED,
    "announced": DeliveryState.IN_CHECK,
    "uploading": DeliveryState.IN_CHECK,
    "received": DeliveryState.IN_CHECK,
    "verifying": DeliveryState.IN_CHECK,
    "rejected": DeliveryState.REJECTED,
    # Has to be delivered again, and the problem says why.
    "quarantined": DeliveryState.REJECTED,
}


@dataclass(frozen=True, slots=True)
class DatasetDelivery:
    """One dataflow of one area and period.

    Attributes:
        dataset: the dataflow.
        period: the period.
        state: where it stands; never ``PARTIAL``.
        due: last day on which it is in time.
        revision: the newest revision, 0 without a submission.
        since: moment of its last change, or None.
        problem: why the newest revision was rejected, or None.
        series_break: why the series begins anew with this period, in the area's words; or None.
        granted: whether the hub took it from the granting authority's list in place of a delivery.
        findings: what each rule says that the delivery does not fit and that nobody has confirmed yet.
        audit: what the hub's own audit says of the newest revision that was accepted; None: nothing yet.
        secrecy: cells and withheld cells in the release; None if it is not, or in lists of periods.
    """

    dataset: Dataset
    period: Period
    state: DeliveryState
    due: dt.date
    revision: int
    since: dt.datetime | None
    problem: Problem | None
    series_break: str | None
    granted: bool
    findings: tuple[Text, ...]
    audit: AuditVerdict | None
    secrecy: Secrecy | None


@dataclass(frozen=True, slots=True)
class AreaStatus:
    """One area in the chosen period, and its states in the periods before.

    Attributes:
        area: the reporting area, or the joint authority of Aachen.
        state: over all dataflows: delivered only if each of them is.
        deliveries: per dataflow.
        secrecy: over all dataflows in the release; None if none is.
        history: state by period, oldest first, the chosen period included.
    """

    area: Region
    state: DeliveryState
    deliveries: tuple[DatasetDelivery, ...]
    secrecy: Secrecy | None
    history: tuple[tuple[Period, DeliveryState], ...]

    @property
    def withheld_share(self) -> Decimal | None:
        """Share (0…1) of delivered cells that are withheld; None without a delivery."""
        if self.secrecy is None or self.secrecy.cells == 0:
            return None
        return Decimal(self.secrecy.withheld) / self.secrecy.cells


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """All areas in one period.

    Attributes:
        period: the period in detail, or None if no delivery is known at all.
        known: every period that deliveries are known for, oldest first, of both frequencies.
        periods: the periods at a glance, oldest first.
        datasets: dataflows that are delivered for the period, with the last day in time.
        rows: the 54 areas in key order, then the joint authority if it has ever delivered.
        delivered: areas all of whose dataflows are in the release.
        population_share: share (0…1) of the Land's population that lives in them.
        secrecy: cells and withheld cells of all areas in the release.
    """

    period: Period | None
    known: tuple[Period, ...]
    periods: tuple[Period, ...]
    datasets: tuple[tuple[Dataset, dt.date], ...]
    rows: tuple[AreaStatus, ...]
    delivered: int
    population_share: Decimal
    secrecy: Secrecy

    @property
    def withheld_share(self) -> Decimal:
        """Share (0…1) of all delivered cells that are withheld; 0 without any."""
        return Decimal(self.secrecy.withheld) / self.secrecy.cells if self.secrecy.cells else Decimal(0)

    @property
    def audits(self) -> Mapping[AuditVerdict, int]:
        """Number of deliveries by what the hub's own audit says of them."""
        said = [item.audit for row in self.rows for item in row.deliveries if item.audit is not None]
        return Counter(said)

    def in_state(self, state: DeliveryState) -> tuple[AreaStatus, ...]:
        """Areas in one state, in key order."""
        return tuple(row for row in self.rows if row.state is state and row.area.id in areas_by_id())


def delivery_report(reading: Reading, period: Period | None = None) -> DeliveryReport:
    """Read the state of all areas.

    Args:
        reading: an open view.
        period: the period in detail; the latest quarter known when None.

    Raises:
        KimError: ``unknown_period`` if neither the release nor a submission knows the period.
    """
    book = _Book.read(reading)
    shown = _chosen(reading, period, book.periods)
    freq = shown.freq if shown else ""
    history = tuple(p for p in book.periods if shown is not None and p.freq == freq and p <= shown)
    datasets = [d for d in book.datasets if freq in d.frequencies]
    rows = [_area(book, area, datasets, history[-HISTORY_PERIODS:]) for area in reporting_areas()]
    authority = [d for d in datasets if book.of_authority(d)]
    if authority:
        rows.append(_area(book, authority_of_aachen(), authority, history[-HISTORY_PERIODS:]))
    own = [row for row in rows if row.area.id in areas_by_id()]
    delivered = frozenset(row.area.id for row in own if row.state is DeliveryState.DELIVERED)
    return DeliveryReport(
        period=shown,
        known=book.periods,
        periods=history[-HISTORY_PERIODS:],
        datasets=tuple((d, due_day(d, shown)) for d in datasets if shown),
        rows=tuple(rows),
        delivered=len(delivered),
        population_share=population_share(tuple(row.area.id for row in own), delivered),
        secrecy=_sum(row.secrecy for row in rows) or Secrecy(0, 0),
    )


def area_deliveries(reading: Reading, area: str) -> tuple[tuple[Dataset, tuple[DatasetDelivery, ...]], ...]:
    """Read the deliveries of one area: per dataflow, the latest periods, oldest first.

    Args:
        reading: an open view.
        area: a reporting area, or the joint authority's.
    """
    book = _Book.read(reading)
    found = []
    for dataset in book.datasets:
        if area == AACHEN_WHOLE and not book.of_authority(dataset):
            continue
        periods = [p for p in book.periods if p.freq in dataset.frequencies]
        by_freq = [[p for p in periods if p.freq == freq][-HISTORY_PERIODS:] for freq in ("Q", "A")]
        shown = [period for group in by_freq for period in group]
        found.append((dataset, tuple(book.delivery(dataset, p, area, secrecy={}) for p in shown)))
    return tuple(found)


def due_day(dataset: Dataset, period: Period) -> dt.date:
    """Return the last day on which a delivery is in time."""
    return period.last_day + dt.timedelta(days=dataset.due_days)


@dataclass(frozen=True)
class _Book:
    """Everything known about deliveries, read once.

    Attributes:
        reading: the open view.
        revisions: submissions by area, dataflow and period, in the order of revisions.
        breaks: series breaks by the same.
        findings: what open findings say by the same.
        periods: every period somebody delivers for, oldest first.
        datasets: every dataflow somebody delivers, in catalogue order.
    """

    reading: Reading
    revisions: Mapping[tuple[str, str, str], tuple[SubmissionRow, ...]]
    breaks: Mapping[tuple[str, str, str], str]
    findings: Mapping[tuple[str, str, str], tuple[Text, ...]]
    periods: tuple[Period, ...]
    datasets: tuple[Dataset, ...]

    @classmethod
    def read(cls, reading: Reading) -> _Book:
        revisions: dict[tuple[str, str, str], tuple[SubmissionRow, ...]] = {}
        for row in reading.store.submissions():
            key = (row.area, row.dataset, row.period)
            revisions[key] = (*revisions.get(key, ()), row)
        findings: dict[tuple[str, str, str], tuple[Text, ...]] = {}
        for finding in reading.store.findings():
            if finding.confirmed_at is None:
                key = (finding.area, finding.dataset, finding.period)
                text = finding_text(reading.catalogue, finding.rule)
                findings[key] = (*findings.get(key, ()), text)
        catalogue = reading.catalogue.datasets
        seen = {(dataset, period) for _, dataset, period in revisions}
        if reading.release is not None:
            seen |= {(dataset, str(period)) for dataset, period in reading.release.cubes}
        pairs = {(d, Period.parse(p)) for d, p in seen if d in catalogue}
        pairs = {(d, p) for d, p in pairs if p.freq in catalogue[d].frequencies}
        return cls(
            reading=reading,
            revisions=revisions,
            breaks=reading.store.series_breaks(),
            findings=findings,
            periods=tuple(sorted({period for _, period in pairs})),
            datasets=tuple(catalogue[d] for d in catalogue if d in {name for name, _ in pairs}),
        )

    def of_authority(self, dataset: Dataset) -> bool:
        """Whether the joint authority of Aachen has ever delivered a dataflow."""
        return any(area == AACHEN_WHOLE and name == dataset.id for area, name, _ in self.revisions)

    def state(self, dataset: Dataset, period: Period, area: str) -> DeliveryState:
        """Return where one delivery stands."""
        rows = self.revisions.get((area, dataset.id, str(period)), ())
        if area in self.reading.delivered(dataset.id, period) or self._joint(dataset, period, area, rows):
            return DeliveryState.DELIVERED
        # A rejected attempt does not undo an accepted delivery, and a later attempt replaces a rejected one.
        states = [_OF_SUBMISSION[row.state] for row in rows if row.state in _OF_SUBMISSION]
        if DeliveryState.ACCEPTED in states:
            return DeliveryState.HELD if _audited(rows) is AuditVerdict.OPEN else DeliveryState.ACCEPTED
        if states:
            return states[-1]
        in_time = self.reading.today <= due_day(dataset, period)
        return DeliveryState.NOT_DUE if in_time else DeliveryState.MISSING

    def _joint(self, dataset: Dataset, period: Period, area: str, rows: tuple[SubmissionRow, ...]) -> bool:
        """Whether a delivery of the joint authority is in the release: it is none of the areas'."""
        release = self.reading.release
        return (
            area == AACHEN_WHOLE
            and release is not None
            and (dataset.id, period) in release.cubes
            and any(row.state == "accepted" and row.state_since <= release.created_at for row in rows)
        )

    def delivery(
        self, dataset: Dataset, period: Period, area: str, *, secrecy: Mapping[str, Secrecy]
    ) -> DatasetDelivery:
        """Return everything about one delivery; ``secrecy`` by area, empty where nobody asks for it."""
        key = (area, dataset.id, str(period))
        rows = self.revisions.get(key, ())
        state = self.state(dataset, period, area)
        last = rows[-1] if rows else None
        rejected_for = last.problem_code if last and state is DeliveryState.REJECTED else None
        held = state is DeliveryState.DELIVERED
        return DatasetDelivery(
            dataset=dataset,
            period=period,
            state=state,
            due=due_day(dataset, period),
            revision=last.revision if last else 0,
            since=last.state_since if last else None,
            problem=PROBLEMS.get(rejected_for) if rejected_for else None,
            series_break=self.breaks.get(key),
            granted=held and (area, dataset.id, period) in self.reading.marks.granted,
            findings=self.findings.get(key, ()),
            audit=_audited(rows),
            secrecy=secrecy.get(area) if held else None,
        )


def _audited(rows: Sequence[SubmissionRow]) -> AuditVerdict | None:
    """Return what the audit says of the revision that counts, or would if it were not held back."""
    said = [row.audit for row in rows if row.state == SubmissionState.ACCEPTED]
    return AuditVerdict(said[-1]) if said and said[-1] is not None else None


def _chosen(reading: Reading, wanted: Period | None, known: tuple[Period, ...]) -> Period | None:
    if wanted is None:
        released = set(reading.release.all_periods) if reading.release else set()
        shown = [p for p in known if p in released] or list(known)
        return max(shown, key=lambda p: (p.freq == "Q", p), default=None)
    if wanted not in known:
        raise kim_error("unknown_period", pointer="period")
    return wanted


def _area(book: _Book, area: Region, datasets: list[Dataset], periods: tuple[Period, ...]) -> AreaStatus:
    history = tuple((p, _combined([book.state(d, p, area.id) for d in datasets])) for p in periods)
    if not periods:
        return AreaStatus(area, DeliveryState.MISSING, (), None, ())
    deliveries = tuple(
        book.delivery(d, periods[-1], area.id, secrecy=book.reading.secrecy(d.id, periods[-1]))
        for d in datasets
    )
    return AreaStatus(area, history[-1][1], deliveries, _sum(d.secrecy for d in deliveries), history)


def _combined(states: list[DeliveryState]) -> DeliveryState:
    """State of an area over its dataflows: delivered only if each is, else what needs attention first."""
    distinct = set(states)
    if not distinct:
        return DeliveryState.MISSING
    if len(distinct) == 1:
        return states[0]
    if distinct == {DeliveryState.DELIVERED, DeliveryState.NOT_DUE}:
        return DeliveryState.NOT_DUE
    for state in (
        DeliveryState.REJECTED,
        DeliveryState.HELD,
        DeliveryState.IN_CHECK,
        DeliveryState.ACCEPTED,
    ):
        if state in distinct:
            return state
    return DeliveryState.PARTIAL


def _sum(parts: Iterable[Secrecy | None]) -> Secrecy | None:
    held = [part for part in parts if part is not None]
    if not held:
        return None
    return Secrecy(sum(part.cells for part in held), sum(part.withheld for part in held))
