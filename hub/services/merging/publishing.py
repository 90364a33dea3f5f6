"""Close periods, and publish what was compiled for them.

A release is the set of current cubes of all closed periods, switched on at once: readers see the old
release or the new one, never half of each. It is made only when the cube of every closed period is there,
so closing several periods in one go makes one release.
"""

import datetime as dt
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from hub.domain.jobs import Job, JobName
from hub.domain.people import OPERATOR
from hub.services.context import HubContext
from hub.services.intake.opening import require_taken
from hub.services.merging.standing import standing_of
from hub.services.transparency.release_record import record_of
from hub.store.records import FUNDS
from hub.store.unit_of_work import UnitOfWork
from protocol.errors import kim_error
from protocol.periods import Period
from protocol.texts import Text
from protocol.transparency.events import EventKind, LogEvent

_CLOSE_LATER: Final = Text("Nach dem Ende des Zeitraums schließen.", "Close it after the period has ended.")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the closed periods and the years computed from them are: current cubes, and what has none."""

    cubes: dict[tuple[str, str], int]
    uncompiled: tuple[tuple[str, str], ...]
    waiting: tuple[tuple[str, str], ...]

    @property
    def complete(self) -> bool:
        """Whether every closed period has its current cube."""
        return not self.uncompiled and not self.waiting


def close(
    context: HubContext, periods: Sequence[Period], *, datasets: Sequence[str] = (), actor: str = OPERATOR
) -> list[tuple[str, str]]:
    """Close periods for deliveries and ask for their compilation.

    Args:
        context: the hub.
        periods: quarters or years that have ended.
        datasets: short ids; when empty, every dataset that was delivered for the period. A year that the hub
            computes from quarters is not closed: it follows from theirs.
        actor: who closes them, for the audit trail.

    Returns:
        The (dataset, period) that are closed now and were not before.

    Raises:
        KimError: `period_not_open` for a period that has not ended, `schema_unknown` for a dataset that is
            not delivered for such a period, `unknown_period` if nothing was delivered for a period and no
            dataset was named.
    """
    require_closable(context, periods, datasets=datasets)
    closed: list[tuple[str, str]] = []
    with context.database.write() as unit:
        now = context.clock.now()
        for period in periods:
            chosen = list(datasets) or _known_datasets(unit, str(period))
            if not chosen:
                raise kim_error(
                    "unknown_period",
                    Text(f"Für {period} liegt keine Lieferung vor.", f"Nothing was delivered for {period}."),
                    remedy=Text(
                        "Zeitraum prüfen; um ihn leer zu schließen, den Datensatz mit --dataset nennen.",
                        "Check the period; to close it empty, name the dataset with --dataset.",
                    ),
                )
            for dataset in chosen:
                if unit.periods.is_closed(dataset, str(period)):
                    continue
                unit.periods.close(dataset, str(period), at=now)
                unit.audit("period.closed", f"{dataset} {period}", at=now, actor=actor)
                unit.log(_closed(dataset, str(period), at=now))
                unit.after_commit(Job(JobName.COMPILE, (dataset, str(period))))
                closed.append((dataset, str(period)))
    return closed


def require_closable(context: HubContext, periods: Sequence[Period], *, datasets: Sequence[str] = ()) -> None:
    """Raise what :func:`close` raises for periods that have not ended and datasets they do not have."""
    for period in periods:
        require_taken(context, period, after_its_end=_CLOSE_LATER)
    for dataset, period in itertools.product(datasets, periods):
        _require_delivered(context, dataset, period)


def _closed(dataset: str, period: str, *, at: dt.datetime) -> LogEvent:
    return LogEvent(
        at=at, kind=EventKind.PERIOD_CLOSED, id=f"{dataset}/{period}", dataset=dataset, period=period
    )


def _known_datasets(unit: UnitOfWork, period: str) -> list[str]:
    """Return the datasets of which something is there for a period, ordered."""
    granted = {FUNDS} if unit.grants.all(period) else set()
    return sorted({*unit.submissions.delivered_datasets(period), *granted})


def _require_delivered(context: HubContext, dataset: str, period: Period) -> None:
    possible = [d.id for d in context.catalogue.datasets.values() if period.freq in d.frequencies]
    if dataset not in possible:
        listed = ", ".join(possible)
        raise kim_error(
            "schema_unknown",
            Text(f"Für {period} werden geliefert: {listed}.", f"What is delivered for {period}: {listed}."),
            remedy=Text(
                "Einen davon nennen. Das Jahr der übrigen errechnet der Hub aus deren vier Quartalen.",
                "Name one of them. The year of the others is computed by the hub from their four quarters.",
            ),
        )


def progress(context: HubContext, unit: UnitOfWork) -> Progress:
    """Return which closed periods have their current cube."""
    cubes: dict[tuple[str, str], int] = {}
    uncompiled, waiting = [], []
    standing = standing_of(context, unit)
    for place in standing.due:
        cube = standing.cube(place)
        if cube is not None:
            cubes[place] = cube.id
        elif standing.inputs(place) is None:
            waiting.append(place)
        else:
            uncompiled.append(place)
    return Progress(cubes, tuple(uncompiled), tuple(waiting))


def publish(context: HubContext, *, note: str = "") -> int | None:
    """Publish the current cubes of all closed periods.

    Returns:
        The number of the release that holds them: a new one, or the published one if it has exactly these
        cubes; None while a cube is missing or nothing is closed.
    """
    with context.database.read() as unit:
        if not progress(context, unit).complete:
            return None
    with context.database.write() as unit:
        state = progress(context, unit)
        if not state.complete or not state.cubes:
            return None
        current = unit.cubes.published()
        if current is not None and current.cubes == state.cubes:
            return current.number
        now = context.clock.now()
        number = unit.cubes.publish(state.cubes, at=now, note=note)
        unit.log(
            LogEvent(
                at=now,
                kind=EventKind.RELEASE,
                id=f"release/{number}",
                revision=number,
                out_sha256=record_of(context, unit, number).sha256,
            )
        )
        unit.audit("release.published", str(number), at=now, actor="hub", detail={"cubes": len(state.cubes)})
        unit.after_commit(Job(JobName.EXTRACT, (str(number),)))
    return number


def is_published(context: HubContext) -> bool:
    """Whether the published release holds the current cube of every closed period."""
    with context.database.read() as unit:
        state = progress(context, unit)
        current = unit.cubes.published()
        return state.complete and current is not None and current.cubes == state.cubes
