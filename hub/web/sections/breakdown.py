"""Breakdowns: one table per dimension, every code with its interval, and the catalogue's two-way tables."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from hub.services.statistics.figures import Interval
from hub.services.statistics.report import Breakdown, BreakdownRow, CrossTable, IndicatorReport
from hub.web.page_query import PageQuery
from hub.web.texts import figures as texts
from hub.web.wording import Shown, Wording
from protocol.codelists import TOTAL


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
        chosen: the chosen region's figure; None without one.
        hidden: number of areas that withhold it, empty if none does.
        bar: its size beside the others; None for the total and for signs.
    """

    name: str
    depth: int
    includes: str
    url: str
    current: bool
    shown: Shown
    chosen: Shown | None
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
        chosen: heading of the chosen region's column; empty without one.
        remark: that several answers are possible; empty otherwise.
        lines: codes in catalogue order.
    """

    id: str
    name: str
    caption: str
    within: str
    chosen: str
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
    parts = [row for row in item.rows if row.code.id != item.use.codelist.total]
    widest = max((_reach(i) for row in parts if (i := wording.of(row.figure))), default=Decimal(0))
    return BreakdownTable(
        id=item.use.id,
        name=say(item.use.codelist.name),
        caption=say(texts.BREAKDOWN_CAPTION).format(say(item.use.codelist.name), period),
        within=within,
        chosen=say(report.chosen.name) if report.chosen else "",
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
        url=query.url(anchor="kennzahl", codes=row.cell.codes),
        current=row.cell.key == report.cell.key,
        shown=wording.shown(row.figure),
        chosen=None if row.chosen is None else wording.shown(row.chosen),
        hidden=str(hidden) if hidden else "",
        bar=_bar(interval, widest) if interval and row.code.id != TOTAL and widest > 0 else None,
    )


def _reach(interval: Interval) -> Decimal:
    return (interval.lower if interval.upper is None else interval.upper) or Decimal(0)


def _bar(interval: Interval, widest: Decimal) -> RangeBar:
    sure = max(interval.lower or Decimal(0), Decimal(0))
    possible = max(_reach(interval) - sure, Decimal(0))
    return RangeBar(f"{sure * 100 / widest:.1f}", f"{possible * 100 / widest:.1f}")


@dataclass(frozen=True, slots=True)
class CrossLine:
    """One code down the side of a two-way table: name, depth, and a figure per column."""

    name: str
    depth: int
    figures: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class CrossView:
    """A two-way table.

    Attributes:
        id: both dimension ids.
        summary: what opens it.
        caption: caption of the table.
        columns: codes across the top.
        lines: codes down the side.
    """

    id: str
    summary: str
    caption: str
    columns: tuple[str, ...]
    lines: tuple[CrossLine, ...]


def cross_views(report: IndicatorReport, wording: Wording, *, period: str) -> tuple[CrossView, ...]:
    """Word the two-way tables; always counts."""
    counts = wording.counting()
    return tuple(_cross(item, counts, period=period) for item in report.crossings)


def _cross(item: CrossTable, wording: Wording, *, period: str) -> CrossView:
    say = wording.say
    down, across = (say(use.codelist.name).partition(" (")[0] for use in (item.rows, item.columns))
    codes = item.columns.codelist.published
    return CrossView(
        id=f"{item.columns.id}-{item.rows.id}".lower(),
        summary=say(texts.CROSS_SHOW).format(down, across),
        caption=say(texts.CROSS_CAPTION).format(down, across, say(item.name), period),
        columns=tuple(say(code.name) for code in codes),
        lines=tuple(
            CrossLine(
                say(code.name),
                len(item.rows.codelist.ancestors(code.id)),
                tuple(wording.shown(item.figures[code.id, other.id]) for other in codes),
            )
            for code in item.rows.codelist.published
        ),
    )
