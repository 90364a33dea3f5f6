"""Who has delivered: the state of all 54 areas, for one period in detail and for the others at a glance.

"Delivered" means: the delivery is in the release that the reader sees. What has been accepted since, is
being checked or was rejected is told from the submissions, as it stands now. A rejection shows its problem
code, never a place or a value in the delivery.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from hub.services.statistics.reading import Reading
from hub.services.statistics.releases import population_share
from hub.store.statistics import Secrecy, SubmissionRow
from protocol.errors import kim_error
from protocol.periods import Period
from protocol.problems import PROBLEMS, Problem
from protocol.regions import Region, reporting_areas
from protocol.texts import Text

#: Periods shown at a glance.
HISTORY_PERIODS = 8


class DeliveryState(StrEnum):
    """Where the deliveries of one area for one period stand; the later members need more attention."""

    DELIVERED = "delivered"
    ACCEPTED = "accepted"
    IN_CHECK = "in_check"
    PARTIAL = "partial"
    MISSING = "missing"
    REJECTED = "rejected"


_OF_SUBMISSION = {
    "accepted": DeliveryState.ACCEPTED,
    "announced": DeliveryState.IN_CHECK,
    "uploading": DeliveryState.IN_CHECK,
    "received": DeliveryState.IN_CHECK,
    "verifying": DeliveryState.IN_CHECK,
    "rejected": DeliveryState.REJECTED,
}


@dataclass(frozen=True, slots=True)
class DatasetDelivery:
    """One dataflow of one area and period.

    Attributes:
        dataset: dataflow id.
        name: its name.
        state: where it stands; never ``PARTIAL``.
        revision: the newest revision, 0 without a submission.
        since: moment of its last change, or None.
        problem: why the newest revision was rejected, or None.
        secrecy: cells and withheld cells in the release, or None if it is not in it.
    """

    dataset: str
    name: Text
    state: DeliveryState
    revision: int
    since: dt.datetime | None
    problem: Problem | None
    secrecy: Secrecy | None


@dataclass(frozen=True, slots=True)
class AreaStatus:
    """One area in the chosen period, and its states in the periods before.

    Attributes:
        area: the reporting area.
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
    """The 54 areas in one period.

    Attributes:
        period: the period in detail, or None if no delivery is known at all.
        periods: the periods at a glance, oldest first.
        rows: the 54 areas in key order.
        delivered: areas all of whose dataflows are in the release.
        population_share: share (0…1) of the Land's population that lives in them.
        secrecy: cells and withheld cells of all areas in the release.
    """

    period: Period | None
    periods: tuple[Period, ...]
    rows: tuple[AreaStatus, ...]
    delivered: int
    population_share: Decimal
    secrecy: Secrecy

    @property
    def withheld_share(self) -> Decimal:
        """Share (0…1) of all delivered cells that are withheld; 0 without any."""
        return Decimal(self.secrecy.withheld) / self.secrecy.cells if self.secrecy.cells else Decimal(0)

    def in_state(self, state: DeliveryState) -> tuple[AreaStatus, ...]:
        """Areas in one state, in key order."""
        return tuple(row for row in self.rows if row.state is state)


def delivery_report(reading: Reading, period: Period | None = None) -> DeliveryReport:
    """Read the state of the 54 areas.

    Args:
        reading: an open view.
        period: the period in detail; the latest known when None.

    Raises:
        KimError: ``unknown_period`` if neither the release nor a submission knows the period.
    """
    revisions = _revisions(reading.store.submissions())
    datasets = {dataset for _, dataset, _ in revisions}
    periods = {p for _, _, p in revisions}
    if reading.release is not None:
        datasets |= {dataset for dataset, _ in reading.release.cubes}
        periods |= set(reading.release.all_periods)
    shown = _chosen(reading, period, periods)
    history = tuple(sorted(p for p in periods if shown is not None and p <= shown))[-HISTORY_PERIODS:]
    order = [dataset for dataset in reading.catalogue.datasets if dataset in datasets]
    rows = tuple(
        _area(reading, area, order, revisions=revisions, periods=history) for area in reporting_areas()
    )
    delivered = frozenset(row.area.id for row in rows if row.state is DeliveryState.DELIVERED)
    return DeliveryReport(
        period=shown,
        periods=history,
        rows=rows,
        delivered=len(delivered),
        population_share=population_share(tuple(row.area.id for row in rows), delivered),
        secrecy=_sum(row.secrecy for row in rows) or Secrecy(0, 0),
    )


_Revisions = Mapping[tuple[str, str, Period], tuple[SubmissionRow, ...]]


def _revisions(rows: Iterable[SubmissionRow]) -> _Revisions:
    """Group submissions by area, dataflow and period, keeping the order of revisions."""
    groups: dict[tuple[str, str, Period], tuple[SubmissionRow, ...]] = {}
    parsed: dict[str, Period] = {}
    for row in rows:
        period = parsed.setdefault(row.period, Period.parse(row.period))
        key = (row.area, row.dataset, period)
        groups[key] = (*groups.get(key, ()), row)
    return groups


def _chosen(reading: Reading, wanted: Period | None, known: set[Period]) -> Period | None:
    if wanted is None:
        released = reading.release.all_periods if reading.release else ()
        return max(released or known, default=None)
    if wanted not in known:
        raise kim_error("unknown_period", pointer="period")
    return wanted


def _area(
    reading: Reading, area: Region, datasets: list[str], *, revisions: _Revisions, periods: tuple[Period, ...]
) -> AreaStatus:
    history = tuple(
        (
            period,
            _combined(
                [
                    _state(reading, dataset, period, area.id, revisions.get((area.id, dataset, period), ()))
                    for dataset in datasets
                ]
            ),
        )
        for period in periods
    )
    if not periods:
        return AreaStatus(area, DeliveryState.MISSING, (), None, ())
    current = periods[-1]
    deliveries = tuple(
        _delivery(reading, dataset, current, area.id, revisions.get((area.id, dataset, current), ()))
        for dataset in datasets
    )
    return AreaStatus(area, history[-1][1], deliveries, _sum(d.secrecy for d in deliveries), history)


def _state(
    reading: Reading, dataset: str, period: Period, area: str, rows: tuple[SubmissionRow, ...]
) -> DeliveryState:
    if area in reading.delivered(dataset, period):
        return DeliveryState.DELIVERED
    # A rejected attempt does not undo an accepted delivery, and a later attempt replaces a rejected one.
    states = [_OF_SUBMISSION[row.state] for row in rows if row.state in _OF_SUBMISSION]
    if DeliveryState.ACCEPTED in states:
        return DeliveryState.ACCEPTED
    return states[-1] if states else DeliveryState.MISSING


def _delivery(
    reading: Reading, dataset: str, period: Period, area: str, rows: tuple[SubmissionRow, ...]
) -> DatasetDelivery:
    state = _state(reading, dataset, period, area, rows)
    last = rows[-1] if rows else None
    rejected_for = last.problem_code if last and state is DeliveryState.REJECTED else None
    return DatasetDelivery(
        dataset=dataset,
        name=reading.catalogue.datasets[dataset].name,
        state=state,
        revision=last.revision if last else 0,
        since=last.state_since if last else None,
        problem=PROBLEMS.get(rejected_for) if rejected_for else None,
        secrecy=reading.secrecy(dataset, period).get(area) if state is DeliveryState.DELIVERED else None,
    )


def _combined(states: list[DeliveryState]) -> DeliveryState:
    """State of an area over its dataflows: delivered only if each is, else what needs attention first."""
    distinct = set(states)
    if not distinct:
        return DeliveryState.MISSING
    if len(distinct) == 1:
        return states[0]
    for state in (DeliveryState.REJECTED, DeliveryState.IN_CHECK, DeliveryState.ACCEPTED):
        if state in distinct:
            return state
    return DeliveryState.PARTIAL


def _sum(parts: Iterable[Secrecy | None]) -> Secrecy | None:
    held = [part for part in parts if part is not None]
    if not held:
        return None
    return Secrecy(sum(part.cells for part in held), sum(part.withheld for part in held))
