"""Breakdowns of the statewide figure: one table per dimension, every code with its interval."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from hub.services.statistics.figures import Interval
from hub.services.statistics.report import Breakdown, BreakdownRow, IndicatorReport
from hub.web import texts
from hub.web.page_query import PageQuery
from hub.web.wording import Shown, Wording


@dataclass(frozen=True, slots=True)
class RangeBar:
    """A bar of 0…100: certain up to ``sure``, possible from there for ``possible``."""

    sure: str
    possible: str


@dataclass(frozen=True, slots=True)
class CodeLine:
    """One code.

    Attributes:
        name: its name.
        depth: level below the total, from 0.
        includes: codes published under it, empty if none.
        url: the page with this cell chosen.
        current: whether it is.
        shown: the statewide figure.
        hidden: number of areas that withhold it, empty if none does.
        bar: its size beside the others; None for the total and for signs.
    """

    name: str
    depth: int
    includes: str
    url: str
    current: bool
    shown: Shown
    hidden: str
    bar: RangeBar | None


@dataclass(frozen=True, slots=True)
class BreakdownTable:
    """One dimension.

    Attributes:
        id: dimension id.
        name: its name.
        caption: caption of the table.
        within: the codes held fixed, or that the chosen breakdown does not apply; empty otherwise.
        remark: that several answers are possible; empty otherwise.
        lines: codes in catalogue order.
    """

    id: str
    name: str
    caption: str
    within: str
    remark: str
    lines: tuple[CodeLine, ...]


def breakdown_tables(
    report: IndicatorReport, wording: Wording, query: PageQuery, *, period: str
) -> tuple[BreakdownTable, ...]:
    """Word all breakdowns of the chosen indicator.

    Always counts: a category's share of a population that is not broken down alike would say little, and
    limits of small rates hide behind their rounding.
    """
    counts = wording.counting()
    return tuple(_table(item, report, counts, query, period=period) for item in report.breakdowns)


def _table(
    item: Breakdown, report: IndicatorReport, wording: Wording, query: PageQuery, *, period: str
) -> BreakdownTable:
    say = wording.say
    fixed = ", ".join(say(code) for _, code in item.within)
    others = set(report.cell.codes) - {item.use.id}
    within = ""
    if fixed:
        within = say(texts.BREAKDOWN_WITHIN).format(fixed)
    elif others:
        within = say(texts.BREAKDOWN_ALL)
    parts = [row for row in item.rows if row.depth > 0]
    widest = max((_reach(i) for row in parts if (i := wording.of(row.figure))), default=Decimal(0))
    return BreakdownTable(
        id=item.use.id,
        name=say(item.use.codelist.name),
        caption=say(texts.BREAKDOWN_CAPTION).format(say(item.use.codelist.name), period),
        within=within,
        remark="" if item.use.additive else say(texts.BREAKDOWN_MULTI),
        lines=tuple(_line(row, report, wording, query, widest=widest) for row in item.rows),
    )


def _line(
    row: BreakdownRow, report: IndicatorReport, wording: Wording, query: PageQuery, *, widest: Decimal
) -> CodeLine:
    interval = wording.of(row.figure)
    hidden = row.figure.coverage.withheld if row.figure.coverage else 0
    includes = ", ".join(wording.say(name) for name in row.includes)
    return CodeLine(
        name=wording.say(row.code.name),
        depth=row.depth,
        includes=wording.say(texts.BREAKDOWN_INCLUDES).format(includes) if includes else "",
        url=query.url(anchor="kennzahl", indicator=report.cell.indicator.id, codes=row.cell.codes),
        current=dict(row.cell.codes) == dict(report.cell.codes),
        shown=wording.shown(row.figure),
        hidden=str(hidden) if hidden else "",
        bar=_bar(interval, widest) if interval and row.depth > 0 and widest else None,
    )


def _reach(interval: Interval) -> Decimal:
    return interval.lower if interval.upper is None else interval.upper


def _bar(interval: Interval, widest: Decimal) -> RangeBar:
    sure = interval.lower * 100 / widest
    possible = (_reach(interval) - interval.lower) * 100 / widest
    return RangeBar(f"{sure:.1f}", f"{possible:.1f}")
