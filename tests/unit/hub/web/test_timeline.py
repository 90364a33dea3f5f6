"""The time series as a chart: an axis from zero that holds everything, bands only over closed intervals."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.services.statistics.figures import Interval
from hub.web.timeline import TimelinePoint, draw_sparkline, draw_timeline, nice_axis


def interval(lower: int, upper: int | None) -> Interval:
    return Interval(Decimal(lower), None if upper is None else Decimal(upper))


def chart(*intervals: Interval | None):
    points = [TimelinePoint(f"Q{n}", found, "") for n, found in enumerate(intervals)]
    return draw_timeline(points, tick_label=str)


@pytest.mark.parametrize(
    ("highest", "step", "top"),
    [
        ("9.08", "2", "10"),
        ("10", "2", "10"),
        ("0.29", "0.1", "0.3"),
        ("21977", "5000", "25000"),
        ("1", "0.2", "1"),
    ],
)
def test_the_axis_has_round_steps_and_reaches_the_highest_value(highest, step, top) -> None:
    assert nice_axis(Decimal(highest)) == (Decimal(step), Decimal(top))


@given(st.decimals(min_value="0.0001", max_value=10**9, places=4))
def test_the_axis_always_holds_the_highest_value_in_at_most_five_steps(highest: Decimal) -> None:
    step, top = nice_axis(highest)
    assert top >= highest
    assert top / step <= 5
    assert top - step < highest


def test_nothing_at_all_still_has_an_axis() -> None:
    assert nice_axis(Decimal(0)) == (1, 1)
    assert chart(None, None).marks[0].lower is None


def test_exact_figures_are_dots_on_a_line() -> None:
    found = chart(interval(5, 5), interval(10, 10))
    assert [mark.exact for mark in found.marks] == [True, True]
    assert found.marks[0].lower > found.marks[1].lower  # larger values stand higher, y grows downwards
    assert len(found.lines) == 1


def test_an_open_interval_breaks_band_and_line() -> None:
    found = chart(interval(5, 7), interval(6, 8), interval(4, None), interval(6, 6), interval(6, 6))
    assert [mark.open for mark in found.marks] == [False, False, True, False, False]
    assert len(found.bands) == 2
    assert all(str(found.marks[2].x) not in band for band in found.bands)


def test_only_exact_figures_are_joined_by_a_line() -> None:
    found = chart(interval(5, 5), interval(6, 6), interval(4, 8), interval(7, 7), interval(3, 9))
    assert len(found.bands) == 1
    assert found.lines == (
        " ".join(f"{mark.x},{mark.lower}" for mark in found.marks[:2]),
    )  # a line along the lower limits of a band would pass for the figure


def test_a_missing_period_leaves_a_gap() -> None:
    found = chart(interval(5, 5), None, interval(5, 5))
    assert found.bands == ()
    assert found.marks[1].lower is None
    assert not found.marks[1].open


def test_marks_lie_inside_the_plot() -> None:
    found = chart(*(interval(n, n + 3) for n in range(8)))
    for mark in found.marks:
        assert found.left < mark.x < found.right
        assert found.top <= mark.upper <= mark.lower <= found.base


def test_a_sparkline_marks_open_ends_with_rings_and_an_exact_end_with_a_dot() -> None:
    closed = draw_sparkline([interval(1, 1), interval(2, 2)])
    assert closed.dot is not None
    assert closed.rings == ()
    ended_open = draw_sparkline([interval(1, 1), interval(2, 2), interval(2, None)])
    assert ended_open.dot is None
    assert len(ended_open.rings) == 1
    assert draw_sparkline([None, None]).lines == ()


def test_a_negative_figure_has_its_place_below_zero() -> None:
    chart = draw_timeline(
        [TimelinePoint("a", _interval(-30, -30), ""), TimelinePoint("b", _interval(50, 50), "")],
        tick_label=str,
    )
    zero = next(tick.y for tick in chart.ticks if tick.label == "0")
    assert chart.marks[0].lower > zero > chart.marks[1].lower
    assert chart.ticks[0].y == chart.base


def test_no_line_and_no_band_goes_across_a_break() -> None:
    points = [TimelinePoint(str(n), _interval(n, n), "", "B" if n == 2 else "") for n in range(5)]
    chart = draw_timeline(points, tick_label=str)
    assert [line.count(",") for line in chart.lines] == [2, 3]
    assert len(chart.breaks) == 1
    assert chart.marks[1].x < chart.breaks[0] < chart.marks[2].x


def test_a_figure_without_a_lower_limit_has_no_mark() -> None:
    chart = draw_timeline([TimelinePoint("a", Interval(None, Decimal(5)), "")], tick_label=str)
    assert chart.marks[0].lower is None


def _interval(lower: int, upper: int) -> Interval:
    return Interval(Decimal(lower), Decimal(upper))
