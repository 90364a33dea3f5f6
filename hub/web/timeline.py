"""The time series as an SVG chart: guaranteed intervals as a band, exact figures as dots.

The axis holds zero; it starts there unless a figure is negative. An interval that is open upwards is drawn as
its lower limit with an arrow; a period without a delivery stays empty. The chart never invents a middle of an
interval: only where both limits meet there is a dot, and only such dots are joined by a line.

It deliberately formats no numbers: labels come in from the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final

from hub.services.statistics.figures import Interval

WIDTH: Final = 720
HEIGHT: Final = 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 80, 12, 30, 30


@dataclass(frozen=True, slots=True)
class Tick:
    """One grid line: its height and label."""

    y: float
    label: str


@dataclass(frozen=True, slots=True)
class Mark:
    """One period.

    Attributes:
        x: its place.
        label: its name below the axis.
        caption: its figure, written above the mark; empty where there is none.
        lower: height of the lower limit, or None without a figure.
        upper: height of the upper limit, or None where it is open or there is no figure.
        exact: whether both limits meet.
        sign: sign of a break in the series before this period, or empty.
    """

    x: float
    label: str
    caption: str
    lower: float | None
    upper: float | None
    exact: bool
    sign: str = ""

    @property
    def open(self) -> bool:
        """Whether a figure stands here whose upper side is open."""
        return self.lower is not None and self.upper is None


@dataclass(frozen=True, slots=True)
class Timeline:
    """A chart ready to be drawn.

    Attributes:
        width: units of the view box.
        height: units of the view box.
        left: where the plot begins.
        right: where it ends.
        base: height of the lowest tick.
        top: height of the largest tick.
        ticks: grid lines from below.
        marks: periods, oldest first.
        breaks: places between two periods where the series begins anew.
        bands: polygons (``points`` of SVG) over runs of intervals with both limits.
        lines: polylines through runs of exact figures.
    """

    width: int
    height: int
    left: int
    right: int
    base: float
    top: float
    ticks: tuple[Tick, ...]
    marks: tuple[Mark, ...]
    breaks: tuple[float, ...]
    bands: tuple[str, ...]
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TimelinePoint:
    """What a chart needs of one period: short name, limits (or None), how the figure reads, its sign."""

    label: str
    interval: Interval | None
    caption: str
    sign: str = ""


def draw_timeline(points: Sequence[TimelinePoint], *, tick_label: Callable[[Decimal], str]) -> Timeline:
    """Lay out a chart.

    Args:
        points: periods, oldest first; at least one.
        tick_label: how a value on the axis reads.
    """
    shown = [point.interval for point in points if point.interval]
    highest = max((_highest(interval) for interval in shown), default=Decimal(0))
    lowest = min((_lowest(interval) for interval in shown), default=Decimal(0))
    step, top_value = nice_axis(max(highest, -lowest))
    if lowest < 0:
        top_value = max(step * (highest / step).to_integral_value(rounding=ROUND_CEILING), Decimal(0))
    floor_value = step * (min(lowest, Decimal(0)) / step).to_integral_value(rounding=ROUND_FLOOR)
    base = HEIGHT - _BOTTOM
    span = top_value - floor_value

    def height_of(value: Decimal) -> float:
        return round(base - float((value - floor_value) / span) * (base - _TOP), 1)

    gap = (WIDTH - _LEFT - _RIGHT) / len(points)
    marks = tuple(
        _mark(point, round(_LEFT + gap * (number + 0.5), 1), height_of) for number, point in enumerate(points)
    )
    ticks = tuple(
        Tick(height_of(floor_value + step * n), tick_label(floor_value + step * n))
        for n in range(int(span / step) + 1)
    )
    return Timeline(
        width=WIDTH,
        height=HEIGHT,
        left=_LEFT,
        right=WIDTH - _RIGHT,
        base=base,
        top=_TOP,
        ticks=ticks,
        marks=marks,
        breaks=tuple(round(mark.x - gap / 2, 1) for mark in marks if mark.sign),
        bands=_bands(marks),
        lines=_lines(marks),
    )


def nice_axis(highest: Decimal) -> tuple[Decimal, Decimal]:
    """Return a round step and the smallest multiple of it that is not below ``highest``.

    At most five steps; steps are 1, 2, 2.5 or 5 times a power of ten, and never a fraction of a case
    where all values are whole and small.
    """
    if highest <= 0:
        return Decimal(1), Decimal(1)
    power = Decimal(10) ** (highest.adjusted() - 1)
    for factor in ("1", "2", "2.5", "5", "10", "20", "25", "50", "100"):
        step = power * Decimal(factor)
        if step * 5 >= highest:
            steps = (highest / step).to_integral_value(rounding=ROUND_CEILING)
            return step, step * steps
    return power * 100, power * 500


@dataclass(frozen=True, slots=True)
class Sparkline:
    """A chart of a few words' size: bands and lines as in the timeline, rings where it is open."""

    width: int
    height: int
    bands: tuple[str, ...]
    lines: tuple[str, ...]
    rings: tuple[tuple[float, float], ...]
    dot: tuple[float, float] | None


def draw_sparkline(points: Sequence[Interval | None], *, width: int = 120, height: int = 30) -> Sparkline:
    """Lay out a small chart from zero upwards, without axes; the dot marks an exact last figure."""
    top_value = max((_highest(point) for point in points if point), default=Decimal(0)) or Decimal(1)
    gap = (width - 8) / max(len(points) - 1, 1)

    def height_of(value: Decimal) -> float:
        return round(height - 4 - float(value / top_value) * (height - 8), 1)

    marks = tuple(
        _mark(TimelinePoint("", point, ""), round(4 + gap * number, 1), height_of)
        for number, point in enumerate(points)
    )
    last = marks[-1] if marks else None
    return Sparkline(
        width,
        height,
        _bands(marks),
        _lines(marks),
        tuple((mark.x, mark.lower) for mark in marks if mark.open and mark.lower is not None),
        (last.x, last.lower) if last and last.exact and last.lower is not None else None,
    )


def _highest(interval: Interval) -> Decimal:
    return (interval.lower if interval.upper is None else interval.upper) or Decimal(0)


def _lowest(interval: Interval) -> Decimal:
    return (interval.upper if interval.lower is None else interval.lower) or Decimal(0)


def _mark(point: TimelinePoint, x: float, height_of: Callable[[Decimal], float]) -> Mark:
    interval = point.interval
    if interval is None or interval.lower is None:
        return Mark(x, point.label, point.caption, None, None, exact=False, sign=point.sign)
    upper = None if interval.upper is None else height_of(interval.upper)
    return Mark(
        x, point.label, point.caption, height_of(interval.lower), upper, exact=interval.exact, sign=point.sign
    )


def _bands(marks: Sequence[Mark]) -> tuple[str, ...]:
    """Return a polygon per run of intervals: an open one has no place in a band."""
    return tuple(
        " ".join(
            [f"{mark.x},{mark.upper}" for mark in run] + [f"{mark.x},{mark.lower}" for mark in reversed(run)]
        )
        for run in _runs(marks, lambda mark: mark.upper is not None)
    )


def _lines(marks: Sequence[Mark]) -> tuple[str, ...]:
    """Return a polyline per run of exact figures: along one limit it would pass for the figure."""
    return tuple(
        " ".join(f"{mark.x},{mark.lower}" for mark in run) for run in _runs(marks, lambda mark: mark.exact)
    )


def _runs(marks: Sequence[Mark], belongs: Callable[[Mark], bool]) -> list[list[Mark]]:
    """Return the longest runs of at least two neighbouring periods that belong; none goes across a break."""
    runs: list[list[Mark]] = [[]]
    for mark in marks:
        if mark.sign or not belongs(mark):
            runs.append([])
        if belongs(mark):
            runs[-1].append(mark)
    return [run for run in runs if len(run) > 1]
