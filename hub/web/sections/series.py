"""The time series of the chosen figure: a chart and, beside it, the same as a table."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from hub.services.statistics.report import IndicatorReport, Series, SeriesPoint
from hub.web import numbers
from hub.web.page_query import PageQuery
from hub.web.sections.flags import Flag, break_words, flags_of
from hub.web.texts import deliveries as status_texts
from hub.web.texts import figures as texts
from hub.web.timeline import Timeline, TimelinePoint, draw_timeline
from hub.web.wording import Shown, Wording


@dataclass(frozen=True, slots=True)
class SeriesLine:
    """One period: its name and address, its figure, signs beside it, what a total rests on."""

    period: str
    url: str
    current: bool
    shown: Shown
    flags: tuple[Flag, ...]
    coverage: str


@dataclass(frozen=True, slots=True)
class SeriesView:
    """One region.

    Attributes:
        id: region id.
        title: region and figure.
        description: what the chart is, for those who do not see it.
        chart: the chart.
        caption: caption of the table.
        lines: periods, newest first.
        with_exact: whether an exact figure occurs.
        with_band: whether an interval occurs.
        with_open: whether an open one occurs.
        signs: signs that stand in for figures, with what they mean, in the order of the periods.
        partial: what brackets mean; empty without them.
        breaks: what a vertical line in the chart means, with the reasons; empty without one.
        with_coverage: whether lines say what they rest on (totals do, single areas do not).
    """

    id: str
    title: str
    description: str
    chart: Timeline
    caption: str
    lines: tuple[SeriesLine, ...]
    with_exact: bool
    with_band: bool
    with_open: bool
    signs: tuple[tuple[str, str], ...]
    partial: str
    breaks: str
    with_coverage: bool


def series_views(
    report: IndicatorReport, wording: Wording, query: PageQuery, *, subject: str
) -> tuple[SeriesView, ...]:
    """Lay out the series of the Land and, if one was chosen, of an area."""
    return tuple(_view(series, report, wording, query, subject=subject) for series in report.series)


def _view(
    series: Series, report: IndicatorReport, wording: Wording, query: PageQuery, *, subject: str
) -> SeriesView:
    say = wording.say
    name = say(series.name)
    intervals = [i for point in series.points if (i := wording.of(point.figure))]
    return SeriesView(
        id=series.region,
        title=say(texts.SERIES_TITLE).format(name, subject),
        description=say(texts.SERIES_DESCRIPTION).format(len(series.points)),
        chart=draw_timeline(
            [_point(point, wording) for point in series.points], tick_label=lambda v: _tick(v, wording)
        ),
        caption=say(texts.SERIES_CAPTION).format(name),
        lines=tuple(_line(point, report, wording, query) for point in reversed(series.points)),
        with_exact=any(i.exact for i in intervals),
        with_band=any(not i.exact and i.upper is not None and i.lower is not None for i in intervals),
        with_open=any(i.upper is None or i.lower is None for i in intervals),
        signs=tuple(
            dict.fromkeys(
                (shown.text, shown.spoken)
                for point in series.points
                if (shown := wording.shown(point.figure)).kind == "sign"
            )
        ),
        partial=say(texts.STATUS_PARTIAL) if any(p.figure.partial for p in series.points) else "",
        breaks=_breaks(series, wording),
        with_coverage=any(point.figure.coverage for point in series.points),
    )


def _breaks(series: Series, wording: Wording) -> str:
    own = [p.marks for p in series.points if p.marks.breaks and not p.marks.broken_areas]
    return "; ".join(break_words(marks, wording) for marks in own)


def _point(point: SeriesPoint, wording: Wording) -> TimelinePoint:
    shown = wording.shown(point.figure)
    # An interval is too wide to stand above a mark: there the band speaks, and the table gives the limits.
    caption = "" if shown.kind == "interval" else shown.text
    # A break in one of 54 areas does not cut the Land's course in two.
    own = point.marks.breaks and not point.marks.broken_areas
    sign = status_texts.MARK_BREAK[0] if own else ""
    return TimelinePoint(numbers.period_mark(point.period), wording.of(point.figure), caption, sign)


def _tick(value: Decimal, wording: Wording) -> str:
    exponent = int(value.normalize().as_tuple().exponent)
    return numbers.decimal(value, wording.language, digits=max(0, -exponent))


def _line(point: SeriesPoint, report: IndicatorReport, wording: Wording, query: PageQuery) -> SeriesLine:
    return SeriesLine(
        period=wording.say(numbers.period_name(point.period)),
        url=query.url(anchor="kennzahl", period=point.period),
        current=point.period == report.period,
        shown=wording.shown(point.figure),
        flags=flags_of(point.marks, wording),
        coverage=wording.basis(point.figure),
    )
