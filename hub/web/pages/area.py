"""The page of one area or region: every figure, its course, the Land beside it, and its deliveries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hub.services.statistics import Reading, Statistics
from hub.services.statistics.deliveries import area_deliveries
from hub.services.statistics.overviews import DataflowOverview, SubjectLine, region_overview
from hub.web import numbers
from hub.web.frame import Frame, Link, frame_of
from hub.web.geometry import map_geometry
from hub.web.page_query import Measure, PageQuery
from hub.web.sections.cards import subject_name, unit_name
from hub.web.sections.choices import OptionGroup, period_groups
from hub.web.sections.downloads import DownloadSection, downloads
from hub.web.sections.ordering import sort_name
from hub.web.sections.status import DeliveryMark, StateMark, delivery_mark, legend
from hub.web.texts import figures, layout
from hub.web.texts import overviews as texts
from hub.web.timeline import Sparkline, draw_sparkline
from hub.web.wording import Shown, Wording
from protocol.errors import kim_error
from protocol.regions import AACHEN_WHOLE, LAND, areas_by_id

_TABLES: Final = (
    ("figures", layout.PAGE_FIGURES),
    ("series", texts.SERIES_ALL),
    ("deliveries", layout.PAGE_DELIVERIES),
)


@dataclass(frozen=True, slots=True)
class FigureLine:
    """One indicator of the area.

    Attributes:
        name: its name.
        url: its page with this area beside the Land.
        unit: what it counts.
        per: what its rate refers to; empty without one.
        shown: the area's figure.
        land: the Land's figure, or None on the Land's own page.
        rate: the area's rate; None if the indicator has none.
        land_rate: the Land's rate; None if there is none.
        spark: its course.
        series: figure per period of the group, oldest first.
    """

    name: str
    url: str
    unit: str
    per: str
    shown: Shown
    land: Shown | None
    rate: Shown | None
    land_rate: Shown | None
    spark: Sparkline
    series: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class FigureGroup:
    """One dataflow of the area.

    Attributes:
        id: id of the section.
        name: name of the dataflow.
        period: the period shown.
        caption: caption of the table.
        columns: short names of the periods of the series.
        lines: its indicators.
    """

    id: str
    name: str
    period: str
    caption: str
    columns: tuple[str, ...]
    lines: tuple[FigureLine, ...]


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """Deliveries of one dataflow: its name, and period and state of each, oldest first."""

    name: str
    deliveries: tuple[tuple[str, DeliveryMark], ...]


@dataclass(frozen=True, slots=True)
class Locator:
    """A small map that shows where the area lies: view box, outline of the Land, outline of the area."""

    width: int
    height: int
    lines: str
    area: str


@dataclass(frozen=True, slots=True)
class AreaPage:
    """Context of `area.html`.

    Attributes:
        frame: what stands around the page.
        region: region id.
        title: name of the area.
        facts: kind, key, population.
        parents: regions it is part of.
        members: areas it consists of; empty for an area.
        computed: that its figures are computed; empty for an area.
        locator: where it lies.
        periods: periods to choose from.
        latest: whether each dataflow shows its latest period.
        kept: what the form carries along unchanged.
        deliveries: deliveries by dataflow; empty for computed regions.
        legend: signs of deliveries.
        compared: whether the Land stands beside the region.
        groups: figures by dataflow.
        downloads: the same as files; None before the first release.
    """

    frame: Frame
    region: str
    title: str
    facts: tuple[str, ...]
    parents: tuple[Link, ...]
    members: tuple[Link, ...]
    computed: str
    locator: Locator
    periods: tuple[OptionGroup, ...]
    latest: bool
    kept: tuple[tuple[str, str], ...]
    deliveries: tuple[DeliveryLine, ...]
    legend: tuple[StateMark, ...]
    compared: bool
    groups: tuple[FigureGroup, ...]
    downloads: DownloadSection | None


def area_page(statistics: Statistics, region: str, query: PageQuery) -> AreaPage:
    """Read and word the page of one area or region.

    Raises:
        KimError: ``unknown_area``, ``unknown_period`` or ``not_found`` (release).
    """
    with statistics.reading(query.release) as reading:
        if region not in reading.tree.names or region not in {*areas_by_id(), *reading.tree.aggregates}:
            raise kim_error("unknown_area", pointer="area")
        title = reading.tree.name(region).in_(query.language)
        trail = (
            Link(layout.PAGE_AREAS.in_(query.language), query.to("/").url(anchor="gebiete")),
            Link(title, query.url(), current=True),
        )
        frame = frame_of(statistics, query, reading=reading, page="areas", trail=trail)
        wording = frame.wording
        overviews = region_overview(reading, region, query.period)
        periods = reading.release.all_periods if reading.release else ()
        single = region in areas_by_id()
        return AreaPage(
            frame=frame,
            region=region,
            title=title,
            facts=_facts(reading, region, wording),
            parents=_parents(reading, region, wording, query),
            members=() if single else _members(reading, region, query),
            computed="" if single else wording.say(texts.AREA_COMPUTED),
            locator=_locator(reading, region),
            periods=period_groups(periods, query.period, wording),
            latest=query.period is None,
            kept=tuple((n, v) for n, v in query.parameters().items() if n in ("release", "lang")),
            deliveries=_deliveries(reading, region, wording) if single or region == AACHEN_WHOLE else (),
            legend=legend(wording),
            compared=region != LAND,
            groups=tuple(_group(item, region, wording, query) for item in overviews),
            downloads=downloads(query, wording, tables=_TABLES if single else _TABLES[:2])
            if overviews
            else None,
        )


def _facts(reading: Reading, region: str, wording: Wording) -> tuple[str, ...]:
    own = areas_by_id().get(region)
    leaves = [areas_by_id()[leaf] for leaf in reading.tree.leaves_of(region)]
    people, foreign = (
        numbers.decimal(sum(getattr(leaf, name) for leaf in leaves), wording.language)
        for name in ("population", "foreign_population")
    )
    said = wording.say(texts.AREA_PEOPLE).format(people, foreign)
    if own is None:
        return wording.say(texts.AREA_MEMBERS).format(len(leaves)), said
    kind = texts.AREA_KINDS.get(own.kind)
    return wording.say(kind) if kind else own.kind, wording.say(texts.AREA_KEY).format(own.official_key), said


def _parents(reading: Reading, region: str, wording: Wording, query: PageQuery) -> tuple[Link, ...]:
    if region == LAND:
        return ()
    above = [r for r in reading.tree.aggregates if region != r and _inside(reading, region, r)]
    return tuple(Link(wording.say(reading.tree.name(r)), query.to(f"/gebiet/{r}").url()) for r in above)


def _inside(reading: Reading, region: str, other: str) -> bool:
    inner, outer = set(reading.tree.leaves_of(region)), set(reading.tree.leaves_of(other))
    return inner < outer


def _members(reading: Reading, region: str, query: PageQuery) -> tuple[Link, ...]:
    areas = [areas_by_id()[leaf] for leaf in reading.tree.leaves_of(region)]
    return tuple(
        Link(area.name, query.to(f"/gebiet/{area.id}").url())
        for area in sorted(areas, key=lambda area: sort_name(area.name))
    )


def _locator(reading: Reading, region: str) -> Locator:
    geometry = map_geometry()
    leaves = set(reading.tree.leaves_of(region))
    outline = "".join(shape.path for shape in geometry.shapes if shape.area in leaves)
    return Locator(geometry.width, geometry.height, geometry.district_lines, outline)


def _deliveries(reading: Reading, region: str, wording: Wording) -> tuple[DeliveryLine, ...]:
    return tuple(
        DeliveryLine(
            wording.say(dataset.name),
            tuple((numbers.period_mark(item.period), delivery_mark(item, wording)) for item in items),
        )
        for dataset, items in area_deliveries(reading, region)
    )


def _group(item: DataflowOverview, region: str, wording: Wording, query: PageQuery) -> FigureGroup:
    say = wording.say
    name, period = say(item.dataset.name), say(numbers.period_name(item.period))
    return FigureGroup(
        id=item.dataset.id.lower(),
        name=name,
        period=period,
        caption=say(texts.AREA_TABLE).format(name, period),
        columns=tuple(numbers.period_mark(p) for p in item.periods),
        lines=tuple(_line(line, region, wording, query) for line in item.lines),
    )


def _line(line: SubjectLine, region: str, wording: Wording, query: PageQuery) -> FigureLine:
    subject = line.cell.subject
    counts = wording.about(subject)
    rates = wording.about(subject, Measure.RATE) if subject.denominator else None
    own = region != LAND
    return FigureLine(
        name=subject_name(line, wording),
        url=query.to(f"/indikator/{subject.id}", area=region if own else None, period=line.period).url(),
        unit=unit_name(subject.unit, wording),
        per=wording.say(figures.PER_THOUSAND_SHORT[subject.denominator]) if subject.denominator else "",
        shown=counts.shown(line.figure),
        land=counts.shown(line.land) if own else None,
        rate=rates.shown(line.figure) if rates else None,
        land_rate=rates.shown(line.land) if rates and own else None,
        spark=draw_sparkline([counts.of(point.figure) for point in line.points]),
        series=tuple(counts.shown(point.figure) for point in line.points),
    )
