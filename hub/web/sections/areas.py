"""The 54 areas of one figure: a map and, beside it, the table that says the same in numbers."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from hub.services.statistics.figures import Figure
from hub.services.statistics.report import AreaFigure, IndicatorReport, RegionFigure
from hub.services.statistics.subjects import Subject
from hub.web.page_query import AreaOrder, PageQuery
from hub.web.sections.flags import Flag, flags_of
from hub.web.sections.map import MapView, area_map
from hub.web.sections.ordering import OrderLink, order_links, sort_name
from hub.web.texts import figures as texts
from hub.web.texts import layout
from hub.web.wording import Shown, Wording
from protocol.texts import Text

_ORDERS: Final[dict[AreaOrder, Text]] = {
    AreaOrder.KEY: layout.ORDER_KEY,
    AreaOrder.NAME: layout.ORDER_NAME,
    AreaOrder.VALUE: texts.ORDER_VALUE,
}


@dataclass(frozen=True, slots=True)
class AreaLine:
    """One area in the table: count, rate (None if there is none), signs beside it, bar of 0…100 or None."""

    name: str
    key: str
    url: str
    current: bool
    count: Shown
    rate: Shown | None
    flags: tuple[Flag, ...]
    bar: str | None


@dataclass(frozen=True, slots=True)
class DistrictLine:
    """One Regierungsbezirk: its totals with what they rest on."""

    name: str
    url: str
    current: bool
    count: Shown
    rate: Shown | None
    coverage: str


@dataclass(frozen=True, slots=True)
class AreaGroup:
    """A block of the table: areas below their Regierungsbezirk, or all of them without one."""

    district: DistrictLine | None
    lines: tuple[AreaLine, ...]


@dataclass(frozen=True, slots=True)
class AreaSection:
    """Map and table of the areas.

    Attributes:
        map: the map.
        caption: caption of the table.
        groups: blocks in the chosen order.
        districts: totals of the Regierungsbezirke where the blocks do not carry them.
        count_label: heading of the column of counts.
        rate_label: heading of the rate column, empty without one.
        orders: by key, name, value.
    """

    map: MapView
    caption: str
    groups: tuple[AreaGroup, ...]
    districts: tuple[DistrictLine, ...]
    count_label: str
    rate_label: str
    orders: dict[str, OrderLink]


def area_section(
    report: IndicatorReport, wording: Wording, query: PageQuery, *, subject: str, period: str
) -> AreaSection:
    """Word map and table of one figure.

    Args:
        report: the indicator.
        wording: language and measure.
        query: the reader's choices.
        subject: name of the chosen cell.
        period: name of the period.
    """
    denominator = report.subject.denominator
    say = wording.say
    with_rate = denominator is not None
    districts = tuple(_district(item, wording, query, with_rate=with_rate) for item in report.districts)
    by_district = query.order is AreaOrder.KEY
    return AreaSection(
        map=area_map(report, wording, query, subject=f"{subject}, {period}"),
        caption=say(texts.AREAS_CAPTION).format(subject, period),
        groups=_groups(report, wording, query, districts),
        districts=() if by_district else districts,
        count_label=count_label(report.subject, wording),
        rate_label=say(texts.PER_THOUSAND_SHORT[denominator]) if denominator else "",
        orders=order_links(
            _ORDERS,
            current=query.order,
            url=lambda order: query.url(anchor="gebiete", order=order),
            wording=wording,
        ),
    )


def count_label(subject: Subject, wording: Wording) -> str:
    """Heading of a column of counts: the unit where it is more than a number of something."""
    return wording.say(texts.UNIT_COLUMN.get(subject.unit, texts.CHOICE_COUNT))


# ------------------------------------------------------------------------------------------ table


def _groups(
    report: IndicatorReport, wording: Wording, query: PageQuery, districts: tuple[DistrictLine, ...]
) -> tuple[AreaGroup, ...]:
    values = [v for item in report.areas if (v := wording.exact(item.figure)) is not None]
    largest = max(values, default=Decimal(0))
    with_rate = report.denominator is not None

    def line(item: AreaFigure) -> AreaLine:
        return _area(item, wording, query, largest=largest, with_rate=with_rate)

    if query.order is AreaOrder.KEY:
        return tuple(
            AreaGroup(shown, tuple(line(item) for item in report.areas if item.district == total.region))
            for shown, total in zip(districts, report.districts, strict=True)
        )
    ordered = sorted(report.areas, key=lambda item: sort_name(item.area.name))
    if query.order is AreaOrder.VALUE:
        # Areas without a value follow, in key order; sorting is stable.
        ordered = sorted(report.areas, key=lambda item: _by_value(item, wording))
    return (AreaGroup(None, tuple(line(item) for item in ordered)),)


def _by_value(item: AreaFigure, wording: Wording) -> tuple[bool, Decimal]:
    value = wording.exact(item.figure)
    return value is None, -(value or Decimal(0))


def _area(
    item: AreaFigure, wording: Wording, query: PageQuery, *, largest: Decimal, with_rate: bool
) -> AreaLine:
    value = wording.exact(item.figure)
    return AreaLine(
        name=item.area.name,
        key=item.area.official_key,
        url=_choose(item.area.id, query),
        current=query.area == item.area.id,
        count=wording.counting().shown(item.figure),
        rate=_rate(item.figure, wording) if with_rate else None,
        flags=flags_of(item.marks, wording),
        bar=f"{value * 100 / largest:.1f}" if value is not None and value > 0 and largest else None,
    )


def _district(item: RegionFigure, wording: Wording, query: PageQuery, *, with_rate: bool) -> DistrictLine:
    return DistrictLine(
        name=wording.say(item.name),
        url=_choose(item.region, query),
        current=query.area == item.region,
        count=wording.counting().shown(item.figure),
        rate=_rate(item.figure, wording) if with_rate else None,
        coverage=wording.basis(item.figure),
    )


def _rate(figure: Figure, wording: Wording) -> Shown:
    return wording.rating().shown(figure)


def _choose(region: str, query: PageQuery) -> str:
    return query.url(anchor="kennzahl", area=None if query.area == region else region)
