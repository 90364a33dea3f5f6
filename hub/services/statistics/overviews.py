"""The programme at a glance (every indicator, statewide) and one region at a glance (every indicator there).

Both show each indicator by its main cell in the latest period of its dataflow, with the periods before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hub.services.statistics.cells import Cell, main_cell
from hub.services.statistics.derived import Figures, figures_of
from hub.services.statistics.figures import Figure
from hub.services.statistics.reading import Reading
from hub.services.statistics.report import SeriesPoint, chosen_period, series_periods
from protocol.catalogue import Dataset
from protocol.errors import kim_error
from protocol.periods import Period
from protocol.regions import LAND


@dataclass(frozen=True, slots=True)
class SubjectLine:
    """One indicator of one region.

    Attributes:
        cell: its main cell.
        period: the period shown.
        figure: its figure.
        land: the Land's figure in the same period; the same as ``figure`` for the Land itself.
        points: the periods up to the shown one, oldest first.
    """

    cell: Cell
    period: Period
    figure: Figure
    land: Figure
    points: tuple[SeriesPoint, ...]


@dataclass(frozen=True, slots=True)
class DataflowOverview:
    """One dataflow of one region.

    Attributes:
        dataset: the dataflow.
        period: the period shown.
        periods: periods of the lines' series, oldest first.
        lines: its indicators, then what is derived from them.
    """

    dataset: Dataset
    period: Period
    periods: tuple[Period, ...]
    lines: tuple[SubjectLine, ...]


def region_overview(
    reading: Reading, region: str = LAND, period: Period | None = None
) -> tuple[DataflowOverview, ...]:
    """Read every indicator of one region.

    Args:
        reading: an open view.
        region: a reporting area or an aggregate.
        period: a period that the release holds of some dataflow, or None for the latest of each. A dataflow
            without it shows the one that covers it (its year) or else its latest one before.

    Raises:
        KimError: ``unknown_area``, or ``unknown_period`` if the release holds the period of no dataflow.
    """
    reading.tree.name(region)
    release = reading.release
    if release is None:
        return ()
    if period is not None and period not in release.all_periods:
        raise kim_error("unknown_period", pointer="period")
    found: list[DataflowOverview] = []
    for dataset in reading.catalogue.datasets.values():
        periods = release.periods(dataset.id)
        shown = _shown(periods, period)
        if shown is not None:
            found.append(_dataflow(reading, dataset, region, shown))
    return tuple(found)


def _shown(periods: tuple[Period, ...], wanted: Period | None) -> Period | None:
    if not periods:
        return None
    if wanted is None:
        return chosen_period(periods, None)
    if wanted in periods:
        return wanted
    before = [p for p in periods if p.last_day <= Period(wanted.year).last_day and p.freq != wanted.freq]
    return max(before, key=lambda p: p.last_day, default=None)


def _dataflow(reading: Reading, dataset: Dataset, region: str, period: Period) -> DataflowOverview:
    cells = [
        main_cell(reading.catalogue, subject)
        for subject in reading.subjects
        if subject.dataset == dataset.id and period in reading.periods_of(subject)
    ]
    periods = series_periods(
        tuple(p for p in (reading.release.periods(dataset.id) if reading.release else ()) if p <= period),
        period,
    )
    regions = [LAND] if region == LAND else [LAND, region]
    figures = figures_of(reading, cells, periods, regions=regions)
    lines = tuple(_line(cell, period, periods, region=region, figures=figures) for cell in cells)
    return DataflowOverview(dataset, period, periods, lines)


def _line(
    cell: Cell,
    period: Period,
    periods: Sequence[Period],
    *,
    region: str,
    figures: Figures,
) -> SubjectLine:
    return SubjectLine(
        cell=cell,
        period=period,
        figure=figures[cell.key, period, region],
        land=figures[cell.key, period, LAND],
        points=tuple(SeriesPoint(p, figures[cell.key, p, region]) for p in periods),
    )
