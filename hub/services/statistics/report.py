"""One indicator, read from all sides: statewide figure, 54 areas, breakdowns, cross tables, time series.

Every number in the report is a :class:`Figure` of the published release or computed from such figures by
`derived`; nothing is added up here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hub.services.statistics.authority import authority_of_aachen
from hub.services.statistics.cells import (
    Cell,
    CellGroup,
    CellKey,
    cell_of,
    cells_of,
    crossings_of,
    main_cell,
    merged_into,
    strands_of,
)
from hub.services.statistics.derived import figures_of
from hub.services.statistics.figures import Figure
from hub.services.statistics.marks import NO_MARKS, FigureMarks, marks_of
from hub.services.statistics.reading import DISTRICTS, Reading, district_of
from hub.services.statistics.subjects import Subject
from protocol.catalogue import Denominator, DimensionUse
from protocol.codelists import Code
from protocol.errors import kim_error
from protocol.observations import CellState
from protocol.periods import Period
from protocol.regions import AACHEN_WHOLE, LAND, Region, region_tree, reporting_areas
from protocol.texts import Text

#: Periods shown in a series: two years of quarters beside each other.
SERIES_PERIODS = 8


@dataclass(frozen=True, slots=True)
class ReportQuery:
    """What a reader chose; None means the default.

    Attributes:
        subject: id of the indicator.
        codes: code per dimension; empty for the subject's main cell.
        period: the latest quarter of the release when None, or the latest year if there is no quarter.
        area: a region that is shown beside the Land, or None.
    """

    subject: str
    codes: Mapping[str, str] = field(default_factory=dict)
    period: Period | None = None
    area: str | None = None


@dataclass(frozen=True, slots=True)
class AreaFigure:
    """One reporting area (or a joint authority's).

    Attributes:
        area: the area.
        district: its Regierungsbezirk.
        figure: its figure.
        marks: what must be known beside it.
    """

    area: Region
    district: str
    figure: Figure
    marks: FigureMarks


@dataclass(frozen=True, slots=True)
class RegionFigure:
    """One region and its figure."""

    region: str
    name: Text
    figure: Figure


@dataclass(frozen=True, slots=True)
class BreakdownRow:
    """One code of a breakdown.

    Attributes:
        code: the code.
        depth: its depth below the total.
        includes: names of codes published under it.
        cell: its cell.
        figure: the Land.
        chosen: the chosen region, or None without one.
    """

    code: Code
    depth: int
    includes: tuple[Text, ...]
    cell: Cell
    figure: Figure
    chosen: Figure | None


@dataclass(frozen=True, slots=True)
class Breakdown:
    """All codes of one dimension.

    Attributes:
        use: the dimension; says whether its codes add up.
        within: labels of the codes held fixed, empty if all other dimensions stand at their total.
        rows: codes in catalogue order, the total first.
    """

    use: DimensionUse
    within: tuple[tuple[Text, Text], ...]
    rows: tuple[BreakdownRow, ...]


@dataclass(frozen=True, slots=True)
class CrossTable:
    """A table of two dimensions for the chosen region, or the Land.

    Attributes:
        rows: dimension down the side.
        columns: dimension across the top.
        region: region it is about.
        name: its name.
        figures: figure per (row code, column code).
    """

    rows: DimensionUse
    columns: DimensionUse
    region: str
    name: Text
    figures: Mapping[tuple[str, str], Figure]


@dataclass(frozen=True, slots=True)
class SeriesPoint:
    """One period of a series: its figure, and what must be known beside it."""

    period: Period
    figure: Figure
    marks: FigureMarks = NO_MARKS


@dataclass(frozen=True, slots=True)
class Series:
    """Figures of one cell and region over time, oldest first."""

    region: str
    name: Text
    points: tuple[SeriesPoint, ...]


@dataclass(frozen=True, slots=True)
class IndicatorReport:
    """Everything the page says about one cell of one subject in one period.

    Attributes:
        cell: the chosen cell.
        period: the chosen period.
        periods: periods the release holds for this subject, oldest first, of both frequencies.
        cell_groups: all cells to choose from.
        denominator: population below the rate, or None if there is no rate.
        headline: the Land.
        chosen: the chosen region, or None.
        districts: the five Regierungsbezirke.
        areas: the 54 areas in key order; a joint authority's figure takes the place of its areas.
        breakdowns: one per dimension.
        crossings: the two-way tables of the catalogue.
        series: the Land's series, then the chosen region's if one was chosen.
    """

    cell: Cell
    period: Period
    periods: tuple[Period, ...]
    cell_groups: tuple[CellGroup, ...]
    denominator: Denominator | None
    headline: RegionFigure
    chosen: RegionFigure | None
    districts: tuple[RegionFigure, ...]
    areas: tuple[AreaFigure, ...]
    breakdowns: tuple[Breakdown, ...]
    crossings: tuple[CrossTable, ...]
    series: tuple[Series, ...]

    @property
    def subject(self) -> Subject:
        """The indicator."""
        return self.cell.subject


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
    if reading.release is None:
        return None
    subject = offered(reading, query.subject)
    cell = cell_of(reading.catalogue, subject, query.codes or main_cell(reading.catalogue, subject).codes)
    periods = reading.periods_of(subject)
    period = chosen_period(periods, query.period)
    chosen = None if query.area in (None, LAND) else query.area
    regions = [LAND, *DISTRICTS, AACHEN_WHOLE, *(area.id for area in reporting_areas())]
    if chosen is not None and chosen not in regions:
        regions.append(chosen)
    figures = figures_of(reading, [cell], [period], regions=regions)
    by_region = {region: figures[cell.key, period, region] for region in regions}
    denominator = subject.denominator
    return IndicatorReport(
        cell=cell,
        period=period,
        periods=periods,
        cell_groups=cells_of(reading.catalogue, subject),
        denominator=None if denominator is None else reading.catalogue.denominators[denominator],
        headline=_region(reading, LAND, by_region),
        chosen=None if chosen is None else _region(reading, chosen, by_region),
        districts=tuple(_region(reading, district, by_region) for district in DISTRICTS),
        areas=_areas(reading, subject, period, by_region),
        breakdowns=_breakdowns(reading, cell, period, chosen=chosen),
        crossings=_crossings(reading, subject, period, region=chosen or LAND),
        series=_all_series(reading, cell, series_periods(periods, period), chosen=chosen),
    )


def offered(reading: Reading, subject_id: str) -> Subject:
    """Return a subject that the release holds.

    Raises:
        KimError: ``unknown_indicator`` if it does not.
    """
    found = {subject.id: subject for subject in reading.subjects}.get(subject_id)
    if found is None:
        raise kim_error("unknown_indicator", pointer="indicator")
    return found


def chosen_period(periods: tuple[Period, ...], wanted: Period | None) -> Period:
    """Return the wanted period, or the latest quarter (the latest year where there are only years).

    Raises:
        KimError: ``unknown_period`` if the release does not hold it.
    """
    if wanted is None and periods:
        return max(periods, key=lambda period: (period.freq == "Q", period))
    if wanted is None or wanted not in periods:
        raise kim_error("unknown_period", pointer="period")
    return wanted


def series_periods(periods: tuple[Period, ...], period: Period) -> tuple[Period, ...]:
    """Return the latest periods of the same frequency, oldest first, the chosen one always among them."""
    same = [p for p in periods if p.freq == period.freq]
    latest = same[-SERIES_PERIODS:]
    return tuple(latest if period in latest else [p for p in same if p <= period][-SERIES_PERIODS:])


def _areas(
    reading: Reading, subject: Subject, period: Period, figures: Mapping[str, Figure]
) -> tuple[AreaFigure, ...]:
    members = region_tree().members[AACHEN_WHOLE]
    joint = subject.by_authority and figures[AACHEN_WHOLE].state is not CellState.NOT_DELIVERED
    found: list[AreaFigure] = []
    for area in reporting_areas():
        if not (joint and area.id in members):
            shown = area
        elif area.id == members[0]:
            shown = authority_of_aachen()
        else:
            continue
        marks = marks_of(reading, subject, period, shown.id)
        found.append(AreaFigure(shown, district_of(area.id), figures[shown.id], marks))
    return tuple(found)


def _region(reading: Reading, region: str, figures: Mapping[str, Figure]) -> RegionFigure:
    return RegionFigure(region, reading.tree.name(region), figures[region])


def _breakdowns(reading: Reading, cell: Cell, period: Period, *, chosen: str | None) -> tuple[Breakdown, ...]:
    strands = tuple(strands_of(reading.catalogue, cell))
    cells: dict[CellKey, Cell] = {entry.key: entry for s in strands for _, _, entry in s.entries}
    regions = [LAND] if chosen is None else [LAND, chosen]
    figures = figures_of(reading, tuple(cells.values()), [period], regions=regions)
    return tuple(
        Breakdown(
            use=strand.use,
            within=strand.within,
            rows=tuple(
                BreakdownRow(
                    code=code,
                    depth=depth,
                    includes=merged_into(strand.use, code),
                    cell=entry,
                    figure=figures[entry.key, period, LAND],
                    chosen=None if chosen is None else figures[entry.key, period, chosen],
                )
                for code, depth, entry in strand.entries
            ),
        )
        for strand in strands
    )


def _crossings(reading: Reading, subject: Subject, period: Period, *, region: str) -> tuple[CrossTable, ...]:
    crossings = crossings_of(reading.catalogue, subject)
    cells: dict[CellKey, Cell] = {c.key: c for crossing in crossings for c in crossing.cells.values()}
    figures = figures_of(reading, tuple(cells.values()), [period], regions=[region])
    return tuple(
        CrossTable(
            rows=crossing.rows,
            columns=crossing.columns,
            region=region,
            name=reading.tree.name(region),
            figures={pair: figures[c.key, period, region] for pair, c in crossing.cells.items()},
        )
        for crossing in crossings
    )


def _all_series(
    reading: Reading, cell: Cell, periods: tuple[Period, ...], *, chosen: str | None
) -> tuple[Series, ...]:
    regions = [LAND] if chosen is None else [LAND, chosen]
    figures = figures_of(reading, [cell], periods, regions=regions)
    return tuple(
        Series(
            region,
            reading.tree.name(region),
            tuple(
                SeriesPoint(
                    period,
                    figures[cell.key, period, region],
                    marks_of(reading, cell.subject, period, region),
                )
                for period in periods
            ),
        )
        for region in regions
    )
