"""One indicator, read from all sides: statewide figure, 54 areas, breakdowns, time series.

Every number in the report is a :class:`Figure` of the published release; nothing is added up here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hub.services.statistics.cells import Cell, CellGroup, cell_of, cells_of, merged_into, strands_of
from hub.services.statistics.figures import Figure
from hub.services.statistics.reading import DISTRICTS, Reading, district_of
from protocol.catalogue import Denominator, DimensionUse, Indicator
from protocol.codelists import Code
from protocol.errors import kim_error
from protocol.periods import Period
from protocol.regions import LAND, Region, reporting_areas
from protocol.texts import Text

#: Periods shown in a series: two years of quarters beside each other.
SERIES_PERIODS = 8


@dataclass(frozen=True, slots=True)
class ReportQuery:
    """What a reader chose; None means the default.

    Attributes:
        indicator: indicator id; the stock of open cases when None and available, else the first.
        codes: code per dimension.
        period: the latest of the release when None.
        area: a reporting area or Regierungsbezirk whose series stands beside the Land's, or None.
    """

    indicator: str | None = None
    codes: Mapping[str, str] = field(default_factory=dict)
    period: Period | None = None
    area: str | None = None


@dataclass(frozen=True, slots=True)
class AreaFigure:
    """One reporting area, its Regierungsbezirk and its figure."""

    area: Region
    district: str
    figure: Figure


@dataclass(frozen=True, slots=True)
class RegionFigure:
    """One computed region and its total."""

    region: str
    name: Text
    figure: Figure


@dataclass(frozen=True, slots=True)
class BreakdownRow:
    """One code of a breakdown: its depth below the total, what it includes, its cell and figure."""

    code: Code
    depth: int
    includes: tuple[Text, ...]
    cell: Cell
    figure: Figure


@dataclass(frozen=True, slots=True)
class Breakdown:
    """All codes of one dimension, statewide.

    Attributes:
        use: the dimension; says whether its codes add up.
        within: labels of the codes held fixed, empty if all other dimensions stand at their total.
        rows: codes in catalogue order, the total first.
    """

    use: DimensionUse
    within: tuple[tuple[Text, Text], ...]
    rows: tuple[BreakdownRow, ...]


@dataclass(frozen=True, slots=True)
class SeriesPoint:
    """One period of a series."""

    period: Period
    figure: Figure


@dataclass(frozen=True, slots=True)
class Series:
    """Figures of one cell and region over time, oldest first."""

    region: str
    name: Text
    points: tuple[SeriesPoint, ...]


@dataclass(frozen=True, slots=True)
class Headline:
    """The statewide total of one indicator and its series, for the overview."""

    indicator: Indicator
    figure: Figure
    points: tuple[SeriesPoint, ...]


@dataclass(frozen=True, slots=True)
class IndicatorReport:
    """Everything the page says about one cell of one indicator in one period.

    Attributes:
        cell: the chosen cell.
        period: the chosen period.
        periods: periods the release holds for this indicator, oldest first.
        cell_groups: all cells to choose from.
        denominator: population below the rate, or None if there is no rate.
        headline: the Land.
        districts: the five Regierungsbezirke.
        areas: the 54 areas in key order.
        breakdowns: one per dimension.
        series: the Land's series, then the chosen area's if one was chosen.
        overview: statewide totals of all indicators in the same period.
    """

    cell: Cell
    period: Period
    periods: tuple[Period, ...]
    cell_groups: tuple[CellGroup, ...]
    denominator: Denominator | None
    headline: RegionFigure
    districts: tuple[RegionFigure, ...]
    areas: tuple[AreaFigure, ...]
    breakdowns: tuple[Breakdown, ...]
    series: tuple[Series, ...]
    overview: tuple[Headline, ...]


def indicator_report(reading: Reading, query: ReportQuery) -> IndicatorReport | None:
    """Read one indicator from all sides.

    Args:
        reading: an open view.
        query: what the reader chose.

    Returns:
        The report, or None if nothing has been published yet.

    Raises:
        KimError: ``unknown_indicator``, ``unknown_period``, ``unknown_area``, or ``bad_request`` if the
            indicator has no such cell.
    """
    if reading.release is None or not reading.indicators:
        return None
    indicator = _indicator(reading, query.indicator)
    cell = cell_of(reading.catalogue, indicator, query.codes)
    periods = reading.release.periods(indicator.dataset)
    period = query.period or periods[-1]
    if period not in periods:
        raise kim_error("unknown_period", pointer="period")
    regions = [LAND, *DISTRICTS, *(area.id for area in reporting_areas())]
    figures = reading.figures([cell], [period], regions=regions)
    by_region = {region: figures[cell.row, period, region] for region in regions}
    denominator = indicator.denominator
    return IndicatorReport(
        cell=cell,
        period=period,
        periods=periods,
        cell_groups=cells_of(reading.catalogue, indicator),
        denominator=None if denominator is None else reading.catalogue.denominators[denominator],
        headline=_region(reading, LAND, by_region),
        districts=tuple(_region(reading, district, by_region) for district in DISTRICTS),
        areas=tuple(AreaFigure(area, district_of(area.id), by_region[area.id]) for area in reporting_areas()),
        breakdowns=_breakdowns(reading, cell, period),
        series=_all_series(reading, cell, periods[-SERIES_PERIODS:], area=query.area),
        overview=_overview(reading, period),
    )


def _indicator(reading: Reading, wanted: str | None) -> Indicator:
    offered = {indicator.id: indicator for indicator in reading.indicators}
    if wanted is None:
        return offered.get("CASES_OPEN") or next(iter(offered.values()))
    if wanted not in offered:
        raise kim_error("unknown_indicator", pointer="indicator")
    return offered[wanted]


def _region(reading: Reading, region: str, figures: Mapping[str, Figure]) -> RegionFigure:
    return RegionFigure(region, reading.tree.name(region), figures[region])


def _breakdowns(reading: Reading, cell: Cell, period: Period) -> tuple[Breakdown, ...]:
    strands = tuple(strands_of(reading.catalogue, cell))
    cells = {entry.row: entry for strand in strands for _, _, entry in strand.entries}
    figures = reading.figures(tuple(cells.values()), [period], regions=[LAND])
    return tuple(
        Breakdown(
            use=strand.use,
            within=strand.within,
            rows=tuple(
                BreakdownRow(
                    code, depth, merged_into(strand.use, code), entry, figures[entry.row, period, LAND]
                )
                for code, depth, entry in strand.entries
            ),
        )
        for strand in strands
    )


def _all_series(
    reading: Reading, cell: Cell, periods: tuple[Period, ...], *, area: str | None
) -> tuple[Series, ...]:
    regions = [LAND] if area in (None, LAND) else [LAND, str(area)]
    figures = reading.figures([cell], periods, regions=regions)
    return tuple(
        Series(
            region,
            reading.tree.name(region),
            tuple(SeriesPoint(period, figures[cell.row, period, region]) for period in periods),
        )
        for region in regions
    )


def _overview(reading: Reading, period: Period) -> tuple[Headline, ...]:
    headlines: list[Headline] = []
    for indicator in reading.indicators:
        cell = cell_of(reading.catalogue, indicator, {})
        periods = _up_to(reading, indicator, period)
        figures = reading.figures([cell], periods, regions=[LAND])
        points = tuple(SeriesPoint(p, figures[cell.row, p, LAND]) for p in periods)
        headlines.append(Headline(indicator, figures[cell.row, period, LAND], points))
    return tuple(headlines)


def _up_to(reading: Reading, indicator: Indicator, period: Period) -> tuple[Period, ...]:
    held = reading.release.periods(indicator.dataset) if reading.release else ()
    before = tuple(p for p in held if p < period)
    return (*before[-(SERIES_PERIODS - 1) :], period)
