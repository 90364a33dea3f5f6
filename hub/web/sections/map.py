"""The map of the 54 areas: coloured areas for rates, circles for counts, hatching where no value stands.

Counts are not coloured: a large, thinly populated district would dominate the picture. Withheld and missing
areas differ by pattern as well as by colour, and every area says its value to a pointer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from hub.services.statistics.report import AreaFigure, IndicatorReport
from hub.web.classes import Classification, classify
from hub.web.geometry import Shape, map_geometry
from hub.web.page_query import Measure, PageQuery
from hub.web.texts import figures as texts
from hub.web.wording import Wording
from protocol.observations import CellState
from protocol.regions import areas_by_id, region_tree

_LARGEST_RADIUS: Final = 46
#: Height of a label in the key of circles at phone width.
_LABEL_HEIGHT: Final = 34
#: Cities that most readers know, far enough apart for their names.
_NAMED: Final = frozenset({"NW05111", "NW05315", "NW05334002", "NW05515", "NW05711", "NW05913", "NW05314"})


@dataclass(frozen=True, slots=True)
class MapShape:
    """One area: its id, its outline, its CSS class, what a pointer reads and where a click leads."""

    id: str
    path: str
    css: str
    title: str
    url: str


@dataclass(frozen=True, slots=True)
class MapCircle:
    """One count: a circle whose area is proportional to it."""

    x: int
    y: int
    radius: float
    title: str


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """One line of the legend: CSS class of its sample, and words."""

    css: str
    label: str
    note: str


@dataclass(frozen=True, slots=True)
class CircleSample:
    """One circle of the key inside the map, drawn at the map's own scale."""

    radius: float
    y: float
    label: str


@dataclass(frozen=True, slots=True)
class Place:
    """A city's name, for orientation."""

    x: int
    y: int
    name: str


@dataclass(frozen=True, slots=True)
class MapView:
    """The map.

    Attributes:
        title: what it shows.
        description: how many areas have a value, for those who do not see it.
        width: units of the view box.
        height: units of the view box.
        shapes: outlines in key order.
        circles: circles, large ones first so that small ones stay visible; empty for rates.
        lines: borders of the Regierungsbezirke.
        samples: key of the circles, large ones first.
        places: names of a few cities.
        chosen: outline of the chosen area, empty if none is.
        legend: from low to high, then withheld and missing.
        explanation: how to read it.
        coloured: whether areas are coloured by class.
    """

    title: str
    description: str
    width: int
    height: int
    shapes: tuple[MapShape, ...]
    circles: tuple[MapCircle, ...]
    lines: str
    samples: tuple[CircleSample, ...]
    places: tuple[Place, ...]
    chosen: str
    legend: tuple[LegendEntry, ...]
    explanation: str
    coloured: bool


def area_map(report: IndicatorReport, wording: Wording, query: PageQuery, *, subject: str) -> MapView:
    """Lay out the map of one figure.

    Args:
        report: the indicator.
        wording: language and measure.
        query: the reader's choices (classes, chosen area).
        subject: what the map shows.
    """
    geometry = map_geometry()
    # A joint authority's figure stands in each of its areas.
    figures = {leaf: item for item in report.areas for leaf in region_tree().leaves_of(item.area.id)}
    values = {name: v for name, item in figures.items() if (v := wording.exact(item.figure)) is not None}
    coloured = wording.measure is Measure.RATE or report.subject.relative
    classes = classify(tuple(values.values()) if coloured else (), query.scale, digits=wording.digits)
    outlines = {shape.area: shape.path for shape in geometry.shapes}
    signs = [_sign_class(i) for name, i in figures.items() if name not in values]
    hidden, missing = signs.count("withheld"), signs.count("missing")
    say = wording.say
    return MapView(
        title=say(texts.MAP_TITLE).format(subject),
        description=say(texts.MAP_DESCRIPTION).format(len(values), hidden, missing),
        width=geometry.width,
        height=geometry.height,
        shapes=tuple(
            _shape(shape, figures[shape.area], wording, query, classes=classes) for shape in geometry.shapes
        ),
        circles=() if coloured else _circles(geometry.shapes, figures, values, wording),
        lines=geometry.district_lines,
        samples=() if coloured else _samples(values, wording),
        places=tuple(
            Place(shape.x, shape.y, areas_by_id()[shape.area].name)
            for shape in geometry.shapes
            if shape.area in _NAMED
        ),
        chosen="".join(outlines[leaf] for leaf in _chosen_leaves(report)),
        legend=(
            *_class_entries(classes, wording),
            *_sign_entries(signs, wording),
        ),
        explanation=say(texts.MAP_RATES if coloured else texts.MAP_SYMBOLS),
        coloured=coloured,
    )


def _title(item: AreaFigure, wording: Wording) -> str:
    shown = wording.shown(item.figure)
    return f"{item.area.name}: {shown.spoken or shown.text}"


def _chosen_leaves(report: IndicatorReport) -> tuple[str, ...]:
    return () if report.chosen is None else region_tree().leaves_of(report.chosen.region)


def _shape(
    shape: Shape, item: AreaFigure, wording: Wording, query: PageQuery, *, classes: Classification
) -> MapShape:
    value = wording.exact(item.figure)
    if value is None:
        css = _sign_class(item)
    elif classes.classes:
        css = f"class-{classes.class_of(value)}"
    else:
        css = "plain"
    url = query.url(anchor="kennzahl", area=None if query.area == item.area.id else item.area.id)
    return MapShape(shape.area, shape.path, css, _title(item, wording), url)


def _sign_class(item: AreaFigure) -> str:
    """Return the pattern of an area without a value."""
    if item.figure.state is CellState.NOT_DELIVERED:
        return "missing"
    return "meaningless" if item.figure.state is CellState.NOT_APPLICABLE else "withheld"


def _circles(
    shapes: tuple[Shape, ...],
    figures: Mapping[str, AreaFigure],
    values: Mapping[str, Decimal],
    wording: Wording,
) -> tuple[MapCircle, ...]:
    largest = max(values.values(), default=Decimal(0))
    circles = [
        MapCircle(
            shape.x, shape.y, _radius(values[shape.area], largest), _title(figures[shape.area], wording)
        )
        for shape in shapes
        if values.get(shape.area, 0) > 0
    ]
    return tuple(sorted(circles, key=lambda circle: -circle.radius))


def _radius(value: Decimal, largest: Decimal) -> float:
    return round(_LARGEST_RADIUS * math.sqrt(value / largest), 1)


def _class_entries(classes: Classification, wording: Wording) -> tuple[LegendEntry, ...]:
    entries: list[LegendEntry] = []
    for number, item in enumerate(classes.classes):
        low, high = wording.number(item.lower), wording.number(item.upper)
        label = low if low == high else wording.say(texts.LEGEND_RANGE).format(low, high)
        entries.append(LegendEntry(f"class-{number}", label, _areas(item.areas, wording)))
    return tuple(entries)


def _samples(values: Mapping[str, Decimal], wording: Wording) -> tuple[CircleSample, ...]:
    """Return three round values (…, 20, 100, 500, …) whose circles stand on a common ground line."""
    largest = max(values.values(), default=Decimal(0))
    if not largest:
        return ()
    power = Decimal(10) ** largest.adjusted()
    top = max(power * factor for factor in (1, 2, 5) if power * factor <= largest)
    samples: list[CircleSample] = []
    for value in (top, top / 5, top / 25):
        radius = _radius(value, largest)
        # Labels stand at the tops of the circles and must not run into each other.
        apart = not samples or 2 * (samples[-1].radius - radius) >= _LABEL_HEIGHT
        if value == value.to_integral_value() and radius and apart:
            samples.append(CircleSample(radius, _LARGEST_RADIUS - radius, wording.number(value)))
    return tuple(samples)


def _sign_entries(signs: list[str], wording: Wording) -> tuple[LegendEntry, ...]:
    labels = {
        "withheld": texts.LEGEND_WITHHELD,
        "missing": texts.LEGEND_MISSING,
        "meaningless": texts.LEGEND_MEANINGLESS,
    }
    return tuple(
        LegendEntry(css, wording.say(label), _areas(signs.count(css), wording))
        for css, label in labels.items()
        if css in signs
    )


def _areas(count: int, wording: Wording) -> str:
    return wording.say(texts.LEGEND_AREA if count == 1 else texts.LEGEND_AREAS).format(count)
