"""The state of deliveries: one sentence for everybody, one line per area."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from hub.services.statistics.deliveries import AreaStatus, DeliveryReport, DeliveryState
from hub.web import numbers, texts
from hub.web.page_query import PageQuery, StatusOrder
from hub.web.sections.ordering import OrderLink, order_links, sort_name
from hub.web.wording import Wording
from protocol.texts import Text

_BY_ATTENTION: Final = tuple(reversed(DeliveryState))
_ORDERS: Final[dict[StatusOrder, Text]] = {
    StatusOrder.KEY: texts.ORDER_KEY,
    StatusOrder.NAME: texts.ORDER_NAME,
    StatusOrder.STATE: texts.ORDER_STATE,
    StatusOrder.WITHHELD: texts.ORDER_WITHHELD,
}


@dataclass(frozen=True, slots=True)
class StateMark:
    """A delivery state as symbol and words; ``css`` only repeats it in colour."""

    symbol: str
    label: str
    css: str


@dataclass(frozen=True, slots=True)
class StatusLine:
    """One area.

    Attributes:
        name: its name.
        key: its official key.
        mark: state in the period in detail.
        remark: why a delivery was rejected, or which dataflows are missing; empty otherwise.
        withheld: share of withheld cells, or a sign.
        changed: day of the last change, empty without a submission.
        history: name of the period and state, oldest first.
    """

    name: str
    key: str
    mark: StateMark
    remark: str
    withheld: str
    changed: str
    history: tuple[tuple[str, StateMark], ...]


@dataclass(frozen=True, slots=True)
class StateCount:
    """How many areas are in a state, and which, unless it is the normal one."""

    mark: StateMark
    count: int
    names: str


@dataclass(frozen=True, slots=True)
class StatusSection:
    """The state of deliveries.

    Attributes:
        sentence: "53 von 54 Gebieten haben geliefert, Deckung 98,7 % der Bevölkerung".
        withheld: "12,4 % der gelieferten Tabellenfelder sind geheim".
        period: name of the period in detail, empty if no delivery is known.
        counts: states that occur, the normal one first.
        columns: short names of the periods at a glance.
        lines: the 54 areas in the chosen order.
        orders: by key, name, state, withheld share.
        meter: width (of 100) of the delivered part, for a small bar.
    """

    sentence: str
    withheld: str
    period: str
    counts: tuple[StateCount, ...]
    columns: tuple[str, ...]
    lines: tuple[StatusLine, ...]
    orders: dict[str, OrderLink]
    meter: str


def status_section(report: DeliveryReport, wording: Wording, query: PageQuery) -> StatusSection:
    """Word the state of deliveries."""
    say, language = wording.say, wording.language
    share = numbers.percent(report.population_share, language)
    sentence = texts.STATUS_SENTENCE_ONE if report.delivered == 1 else texts.STATUS_SENTENCE
    return StatusSection(
        sentence=say(sentence).format(report.delivered, share),
        withheld=say(texts.STATUS_WITHHELD).format(numbers.percent(report.withheld_share, language)),
        period=say(numbers.quarter_name(report.period)) if report.period else "",
        counts=_counts(report, wording),
        columns=tuple(numbers.quarter_mark(period) for period in report.periods),
        lines=tuple(_line(row, wording) for row in _ordered(report, query.status)),
        orders=order_links(
            _ORDERS,
            current=query.status,
            url=lambda order: query.url(anchor="lieferstand", status=order),
            wording=wording,
        ),
        meter=f"{Decimal(report.delivered) * 100 / len(report.rows):.1f}",
    )


def mark_of(state: DeliveryState, wording: Wording) -> StateMark:
    """Return a state as symbol and words."""
    symbol, label = texts.STATES[state]
    return StateMark(symbol, wording.say(label), f"state-{state.value.replace('_', '-')}")


def names_of(names: list[str], wording: Wording, *, most: int = 6) -> str:
    """Return a list of names; beyond ``most`` only how many more there are."""
    if len(names) <= most:
        return ", ".join(names)
    return wording.say(texts.AND_MORE).format(", ".join(names[: most - 1]), len(names) - most + 1)


def _counts(report: DeliveryReport, wording: Wording) -> tuple[StateCount, ...]:
    found: list[StateCount] = []
    for state in DeliveryState:
        rows = report.in_state(state)
        if rows:
            names = [] if state is DeliveryState.DELIVERED else [row.area.name for row in rows]
            mark = mark_of(state, wording)
            if state is DeliveryState.MISSING and len(rows) > 1:
                mark = replace(mark, label=wording.say(texts.MISSING_MANY))
            found.append(StateCount(mark, len(rows), names_of(names, wording)))
    return tuple(found)


def _line(row: AreaStatus, wording: Wording) -> StatusLine:
    share = row.withheld_share
    moments = [d.since for d in row.deliveries if d.since is not None]
    return StatusLine(
        name=row.area.name,
        key=row.area.official_key,
        mark=mark_of(row.state, wording),
        remark=_remark(row, wording),
        withheld="…" if share is None else numbers.percent(share, wording.language),
        changed=numbers.day_of(max(moments), wording.language) if moments else "",
        history=tuple(
            (wording.say(numbers.quarter_name(period)), mark_of(state, wording))
            for period, state in row.history
        ),
    )


def _remark(row: AreaStatus, wording: Wording) -> str:
    if len({delivery.state for delivery in row.deliveries}) == 1 and not any(
        delivery.problem for delivery in row.deliveries
    ):
        return ""
    parts: list[str] = []
    for delivery in row.deliveries:
        label = mark_of(delivery.state, wording).label
        if delivery.problem is not None:
            label = wording.say(delivery.problem.title).removesuffix(".")
        parts.append(f"{wording.say(delivery.name)}: {label}")
    return "; ".join(parts)


def _ordered(report: DeliveryReport, order: StatusOrder) -> list[AreaStatus]:
    rows = list(report.rows)
    if order is StatusOrder.NAME:
        rows.sort(key=lambda row: sort_name(row.area.name))
    elif order is StatusOrder.STATE:
        rows.sort(key=lambda row: _BY_ATTENTION.index(row.state))
    elif order is StatusOrder.WITHHELD:
        rows.sort(key=lambda row: -(row.withheld_share if row.withheld_share is not None else Decimal(-1)))
    return rows
