"""The programme at a glance: every figure of the Land, the state of deliveries, what is new, the areas."""

from __future__ import annotations

from dataclasses import dataclass

from hub.services.statistics import Reading, Statistics
from hub.services.statistics.deliveries import delivery_report
from hub.services.statistics.overviews import region_overview
from hub.web import numbers
from hub.web.frame import Frame, Link, frame_of
from hub.web.geometry import map_geometry
from hub.web.page_query import PageQuery
from hub.web.pages.choosing import area_links
from hub.web.sections.cards import CardGroup, card_groups
from hub.web.sections.downloads import DownloadSection, downloads
from hub.web.sections.status import StatusSummary, status_summary
from hub.web.texts import overviews as texts
from hub.web.wording import Wording
from protocol.periods import Period
from protocol.regions import LAND, areas_by_id


@dataclass(frozen=True, slots=True)
class NewsLine:
    """One release: name, day, what it added, remark, address as of it, whether it is the current one."""

    name: str
    day: str
    added: str
    note: str
    url: str
    current: bool


@dataclass(frozen=True, slots=True)
class MapLink:
    """One area of the map to choose from: outline, name and address."""

    path: str
    name: str
    url: str


@dataclass(frozen=True, slots=True)
class ChoiceMap:
    """The map to choose an area from: its view box, the areas, borders of the Regierungsbezirke."""

    width: int
    height: int
    areas: tuple[MapLink, ...]
    lines: str


@dataclass(frozen=True, slots=True)
class OverviewPage:
    """Context of `overview.html`.

    Attributes:
        frame: what stands around the page.
        status: the state of deliveries in short; None if nothing was ever delivered.
        deliveries: address of the page of deliveries.
        groups: cards by dataflow; empty before the first release.
        news: the latest releases, newest first.
        suggestions: names that the search field offers.
        map: the areas to choose from.
        areas: the same as links.
        regions: Land and Regierungsbezirke.
        downloads: the cards as files; None before the first release.
    """

    frame: Frame
    status: StatusSummary | None
    deliveries: str
    groups: tuple[CardGroup, ...]
    news: tuple[NewsLine, ...]
    suggestions: tuple[str, ...]
    map: ChoiceMap
    areas: tuple[Link, ...]
    regions: tuple[Link, ...]
    downloads: DownloadSection | None


def overview_page(statistics: Statistics, query: PageQuery) -> OverviewPage:
    """Read and word the overview.

    Raises:
        KimError: ``not_found`` for a release that does not exist.
    """
    with statistics.reading(query.release) as reading:
        frame = frame_of(statistics, query, reading=reading, page="overview")
        wording = frame.wording
        overviews = region_overview(reading, LAND)
        report = delivery_report(reading)
        return OverviewPage(
            frame=frame,
            status=status_summary(report, wording) if report.period else None,
            deliveries=query.to("/lieferungen").url(),
            groups=card_groups(overviews, wording, query),
            news=_news(reading, wording, query),
            suggestions=(
                *(wording.say(subject.name) for subject in reading.subjects),
                *(area.name for area in areas_by_id().values()),
            ),
            map=_map(query),
            areas=area_links(query),
            regions=tuple(
                Link(wording.say(reading.tree.name(region)), query.to(f"/gebiet/{region}").url())
                for region in reading.tree.aggregates
            ),
            downloads=downloads(
                query, wording, tables=(("figures", texts.CARDS_TITLE), ("series", texts.SERIES_ALL))
            )
            if overviews
            else None,
        )


def _news(reading: Reading, wording: Wording, query: PageQuery, most: int = 4) -> tuple[NewsLine, ...]:
    current = reading.store.published_release()
    rows = reading.store.releases()[: most + 1]
    lines: list[NewsLine] = []
    for row, before in list(zip(rows, [*rows[1:], None], strict=False))[:most]:
        held = {(cube.dataset, cube.period): cube.sha256 for cube in reading.store.cubes_of(row.id)}
        known = (
            {(cube.dataset, cube.period): cube.sha256 for cube in reading.store.cubes_of(before.id)}
            if before
            else {}
        )
        lines.append(
            NewsLine(
                name=wording.say(texts.NEWS_RELEASE).format(row.number),
                day=numbers.day_of(row.created_at, wording.language),
                added=_added(reading, wording, held.keys() - known.keys(), _changed(held, known)),
                note=row.note,
                url=query.to("/", release=row.number).url(),
                current=current is not None and row.number == current.number,
            )
        )
    return tuple(lines)


def _changed(held: dict[tuple[str, str], str], known: dict[tuple[str, str], str]) -> set[tuple[str, str]]:
    return {place for place, digest in held.items() if place in known and known[place] != digest}


def _added(
    reading: Reading, wording: Wording, new: set[tuple[str, str]], changed: set[tuple[str, str]]
) -> str:
    parts: list[str] = []
    for label, places in ((texts.NEWS_ADDED, new), (texts.NEWS_CHANGED, changed)):
        periods = sorted({Period.parse(period) for _, period in places}, key=lambda p: p.last_day)
        if not periods:
            continue
        there = {dataset for dataset, _ in places}
        names = [wording.say(d.name) for d in reading.catalogue.datasets.values() if d.id in there]
        first, last = (wording.say(numbers.period_name(p)) for p in (periods[0], periods[-1]))
        span = first if first == last else wording.say(texts.NEWS_SPAN).format(first, last)
        parts.append(wording.say(label).format(f"{', '.join(names)} ({span})"))
    return "; ".join(parts)


def _map(query: PageQuery) -> ChoiceMap:
    geometry = map_geometry()
    areas = areas_by_id()
    return ChoiceMap(
        width=geometry.width,
        height=geometry.height,
        areas=tuple(
            MapLink(shape.path, areas[shape.area].name, query.to(f"/gebiet/{shape.area}").url())
            for shape in geometry.shapes
        ),
        lines=geometry.district_lines,
    )
