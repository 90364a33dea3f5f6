"""The areas side by side: every published value a dot on one axis, the chosen area and the Land marked.

It shows where most areas lie and how far they spread, without an order that could be read as a ranking.
Withheld values have no dot; how many there are is said in words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final

from hub.services.statistics.figures import Figure, Interval
from hub.services.statistics.report import IndicatorReport
from hub.web import numbers
from hub.web.page_query import Measure
from hub.web.texts import figures as texts
from hub.web.timeline import nice_axis
from hub.web.wording import Wording
from protocol.observations import CellState

WIDTH: Final = 720
_LEFT, _RIGHT, _RADIUS, _TOP = 46, 46, 6, 46
#: Width of one stack of dots.
_BIN: Final = 2 * _RADIUS + 1


@dataclass(frozen=True, slots=True)
class Dot:
    """One area: where it stands and what a pointer reads."""

    x: float
    y: float
    title: str


@dataclass(frozen=True, slots=True)
class AxisTick:
    """One mark on the axis."""

    x: float
    label: str


@dataclass(frozen=True, slots=True)
class Marker:
    """A figure beside the dots: its limits on the axis, a label and how the label is anchored."""

    x: float
    width: float
    label: str
    anchor: str


@dataclass(frozen=True, slots=True)
class DistributionView:
    """The chart.

    Attributes:
        title: what it shows.
        description: number of areas and their span, for those who do not see it.
        width: units of the view box.
        height: units of the view box.
        base: height of the axis.
        dots: the areas but the chosen one.
        chosen: the chosen area's dot, or None.
        chosen_label: its name and value, or its sign; empty without a chosen area.
        anchor: where the label of the chosen dot is anchored.
        land: the Land's range where it compares with areas (rates), or None.
        ticks: marks on the axis.
        note: how to read it.
    """

    title: str
    description: str
    width: int
    height: int
    base: int
    dots: tuple[Dot, ...]
    chosen: Dot | None
    chosen_label: str
    anchor: str
    land: Marker | None
    ticks: tuple[AxisTick, ...]
    note: str


def distribution_view(report: IndicatorReport, wording: Wording, *, unit: str) -> DistributionView | None:
    """Lay out the chart; None with fewer than three published values, where it would say nothing."""
    values = [(item, v) for item in report.areas if (v := wording.exact(item.figure)) is not None]
    if len(values) < 3:
        return None
    say = wording.say
    comparable = wording.measure is Measure.RATE or report.subject.relative
    land = wording.of(report.headline.figure) if comparable else None
    low, high = min(v for _, v in values), max(v for _, v in values)
    step, _ = nice_axis(high - min(low, Decimal(0)))
    start = step * (min(low, Decimal(0)) / step).to_integral_value(rounding=ROUND_FLOOR)
    # Far from zero all dots would crowd at one end; they show no length, so the axis may start later.
    if low > (high - low) and low > 0:
        step, _ = nice_axis(high - low)
        start = step * (low / step).to_integral_value(rounding=ROUND_FLOOR)
    end = max(step * (high / step).to_integral_value(rounding=ROUND_CEILING), start + step)

    def place(value: Decimal) -> float:
        share = min(max((value - start) / (end - start), Decimal(0)), Decimal(1))
        return round(_LEFT + float(share) * (WIDTH - _LEFT - _RIGHT), 1)

    stacks: dict[int, int] = {}
    dots: dict[str, Dot] = {}
    for item, value in sorted(values, key=lambda pair: pair[1]):
        column = round(place(value) / _BIN)
        level = stacks.get(column, 0)
        stacks[column] = level + 1
        title = f"{item.area.name}: {wording.number(value)}"
        dots[item.area.id] = Dot(round(column * _BIN, 1), -level * _BIN, title)
    base = _TOP + (max(stacks.values()) - 1) * _BIN + 2 * _RADIUS
    placed = {name: Dot(dot.x, base - _RADIUS - 3 + dot.y, dot.title) for name, dot in dots.items()}
    chosen_id = report.chosen.region if report.chosen else ""
    chosen = placed.pop(chosen_id, None)
    signs = [item.figure for item in report.areas if wording.exact(item.figure) is None]
    count = int((end - start) / step) + 1
    return DistributionView(
        title=f"{say(texts.DISTRIBUTION_TITLE)}, {unit}",
        description=say(texts.DISTRIBUTION_DESCRIPTION).format(
            len(values), wording.number(low), wording.number(high)
        ),
        width=WIDTH,
        height=base + 34,
        base=base,
        dots=tuple(placed.values()),
        chosen=chosen,
        chosen_label=_label(report, wording),
        anchor=_anchor(chosen.x) if chosen else "middle",
        land=_marker(land, place, wording, report.headline.figure) if land else None,
        ticks=tuple(
            AxisTick(place(start + step * n), _tick(start + step * n, wording)) for n in range(count)
        ),
        note=_note(signs, wording),
    )


def _label(report: IndicatorReport, wording: Wording) -> str:
    if report.chosen is None:
        return ""
    shown = wording.shown(report.chosen.figure)
    return f"{wording.say(report.chosen.name)}: {shown.spoken or shown.text}"


def _marker(
    interval: Interval, place: Callable[[Decimal], float], wording: Wording, figure: Figure
) -> Marker | None:
    if interval.lower is None or interval.upper is None:
        return None
    left, right = place(interval.lower), place(interval.upper)
    label = f"{wording.say(texts.DISTRIBUTION_LAND)}: {wording.shown(figure).text}"
    return Marker(left, max(round(right - left, 1), 2), label, _anchor((left + right) / 2))


def _anchor(x: float) -> str:
    if x < WIDTH / 4:
        return "start"
    return "end" if x > WIDTH * 3 / 4 else "middle"


def _tick(value: Decimal, wording: Wording) -> str:
    exponent = int(value.normalize().as_tuple().exponent)
    return numbers.decimal(value, wording.language, digits=max(0, -exponent))


def _note(signs: list[Figure], wording: Wording) -> str:
    missing = sum(1 for figure in signs if figure.state is CellState.NOT_DELIVERED)
    note = wording.say(texts.DISTRIBUTION_NOTE)
    parts = [
        wording.say(text).format(count)
        for text, count in (
            (texts.DISTRIBUTION_HIDDEN, len(signs) - missing),
            (texts.DISTRIBUTION_MISSING, missing),
        )
        if count
    ]
    return " ".join([note, *parts])
