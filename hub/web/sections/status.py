"""The state of deliveries: a summary, a matrix of areas and dataflows, signs with their meaning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from hub.domain.states import AuditVerdict
from hub.services.statistics.deliveries import AreaStatus, DatasetDelivery, DeliveryReport, DeliveryState
from hub.web import numbers
from hub.web.frame import Link
from hub.web.page_query import PageQuery, StatusOrder
from hub.web.sections.ordering import OrderLink, order_links, sort_name
from hub.web.sections.remarks import names_of
from hub.web.texts import deliveries as texts
from hub.web.texts import figures as figure_texts
from hub.web.texts import layout
from hub.web.wording import Wording
from protocol.texts import Text

_BY_ATTENTION: Final = tuple(reversed(DeliveryState))
#: Lines of what needs attention that are shown at once.
_LISTED: Final = 10
_ORDERS: Final[dict[StatusOrder, Text]] = {
    StatusOrder.KEY: layout.ORDER_KEY,
    StatusOrder.NAME: layout.ORDER_NAME,
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
class DeliveryMark:
    """One delivery in a table.

    Attributes:
        mark: its state.
        flags: signs beside it (revised, break, to confirm) with their meaning.
        remark: why it was rejected, since when it is late; empty otherwise.
        audit: what the hub's own audit says; empty before it has looked.
    """

    mark: StateMark
    flags: tuple[StateMark, ...]
    remark: str
    audit: str


@dataclass(frozen=True, slots=True)
class StatusLine:
    """One area.

    Attributes:
        name: its name.
        key: its official key.
        url: its page.
        deliveries: per dataflow of the table; None where it delivers none.
        withheld: share of withheld cells, or a sign.
        history: name of the period and state, oldest first.
    """

    name: str
    key: str
    url: str
    deliveries: tuple[DeliveryMark | None, ...]
    withheld: str
    history: tuple[tuple[str, StateMark], ...]


@dataclass(frozen=True, slots=True)
class StateCount:
    """How many areas are in a state, and which, unless it is the normal one."""

    mark: StateMark
    count: int
    names: str


@dataclass(frozen=True, slots=True)
class StatusSummary:
    """The state of deliveries in short.

    Attributes:
        period: name of the period.
        sentence: "53 von 54 Gebieten haben alles geliefert, Deckung 98,7 % der Bevölkerung".
        withheld: "12,4 % der gelieferten Tabellenfelder sind geheim".
        audited: "Prüfung der Geheimhaltung durch den Hub: 268 ohne Befund"; empty before it has looked.
        counts: states that occur, the normal one first.
        meter: width (of 100) of the delivered part, for a small bar.
    """

    period: str
    sentence: str
    withheld: str
    audited: str
    counts: tuple[StateCount, ...]
    meter: str


@dataclass(frozen=True, slots=True)
class StatusTable:
    """The matrix of areas and dataflows.

    Attributes:
        caption: caption of the table.
        flows: names of the dataflows.
        due: until when they are due.
        columns: short names of the periods at a glance.
        lines: the areas in the chosen order.
        orders: by key, name, state, withheld share.
        legend: every state and sign that can occur, with its meaning.
    """

    caption: str
    flows: tuple[str, ...]
    due: str
    columns: tuple[str, ...]
    lines: tuple[StatusLine, ...]
    orders: dict[str, OrderLink]
    legend: tuple[StateMark, ...]


@dataclass(frozen=True, slots=True)
class OpenItem:
    """Deliveries of an area that need attention: its page, dataflows (empty: all), state and why."""

    area: str
    url: str
    flow: str
    delivery: DeliveryMark


@dataclass(frozen=True, slots=True)
class AreaGroup:
    """What waits for the ministry, not for an area: often the same in many areas, hence counted.

    Attributes:
        flow: name of the dataflow.
        what: the rule that figures do not fit, or the state.
        count: number of areas in words.
        areas: the areas.
    """

    flow: str
    what: str
    count: str
    areas: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class OpenList:
    """Deliveries that need attention.

    Attributes:
        first: what is rejected, late or being checked, most urgent first.
        more: the rest of it, where it is too long to read.
        more_label: "und 12 weitere"; empty without any.
        accepted: what is accepted and not released yet.
    """

    first: tuple[OpenItem, ...]
    more: tuple[OpenItem, ...]
    more_label: str
    accepted: tuple[AreaGroup, ...]


def status_summary(report: DeliveryReport, wording: Wording) -> StatusSummary:
    """Word the state of deliveries in short."""
    say, language = wording.say, wording.language
    share = numbers.percent(report.population_share, language)
    sentence = texts.STATUS_SENTENCE_ONE if report.delivered == 1 else texts.STATUS_SENTENCE
    return StatusSummary(
        period=say(numbers.period_name(report.period)) if report.period else "",
        sentence=say(sentence).format(report.delivered, share),
        withheld=say(texts.STATUS_WITHHELD).format(numbers.percent(report.withheld_share, language)),
        audited=_audited(report, wording),
        counts=_counts(report, wording),
        meter=f"{Decimal(report.delivered) * 100 / 54:.1f}",
    )


def status_table(report: DeliveryReport, wording: Wording, query: PageQuery) -> StatusTable:
    """Word the matrix of areas and dataflows."""
    say = wording.say
    return StatusTable(
        caption=say(texts.STATUS_CAPTION).format(
            say(numbers.period_name(report.period)) if report.period else ""
        ),
        flows=tuple(say(dataset.name) for dataset, _ in report.datasets),
        due=_due(report, wording),
        columns=tuple(numbers.period_mark(period) for period in report.periods),
        lines=tuple(_line(row, report, wording, query) for row in _ordered(report, query.status)),
        orders=order_links(
            _ORDERS,
            current=query.status,
            url=lambda order: query.url(anchor="gebiete", status=order),
            wording=wording,
        ),
        legend=legend(wording),
    )


def open_list(report: DeliveryReport, wording: Wording, query: PageQuery) -> OpenList:
    """List what is late, rejected or being checked, then count what is accepted and not released yet."""
    urgent: list[tuple[DeliveryState, OpenItem]] = []
    accepted: dict[tuple[str, str], list[Link]] = {}
    for row in report.rows:
        page = _area_page(row, query)
        alike: dict[tuple[DeliveryState, DeliveryMark], list[str]] = {}
        for item in row.deliveries:
            mark, flow = delivery_mark(item, wording), wording.say(item.dataset.name)
            if item.state is DeliveryState.ACCEPTED:
                accepted.setdefault((flow, mark.mark.label), []).append(page)
            elif item.state not in (DeliveryState.DELIVERED, DeliveryState.NOT_DUE):
                alike.setdefault((item.state, mark), []).append(flow)
        urgent += [
            (state, OpenItem(page.label, page.url, _of_several(flows, row), mark))
            for (state, mark), flows in alike.items()
        ]
    items = tuple(item for _, item in sorted(urgent, key=lambda pair: _BY_ATTENTION.index(pair[0])))
    more = items[_LISTED:] if len(items) > _LISTED + 1 else ()  # folding a single line saves none
    return OpenList(
        first=items[: len(items) - len(more)],
        more=more,
        more_label=wording.say(texts.STATUS_MORE).format(len(more)) if more else "",
        accepted=_area_groups(accepted, wording),
    )


def finding_groups(report: DeliveryReport, wording: Wording, query: PageQuery) -> tuple[AreaGroup, ...]:
    """List what is to be confirmed by dataflow and rule, with the areas concerned."""
    groups: dict[tuple[str, str], list[Link]] = {}
    for row in report.rows:
        for item in row.deliveries:
            for finding in item.findings:
                key = (wording.say(item.dataset.name), wording.say(finding))
                groups.setdefault(key, []).append(_area_page(row, query))
    return _area_groups(groups, wording)


def _of_several(flows: Sequence[str], row: AreaStatus) -> str:
    return "" if len(flows) == len(row.deliveries) > 1 else ", ".join(flows)


def _area_page(row: AreaStatus, query: PageQuery) -> Link:
    return Link(row.area.name, query.to(f"/gebiet/{row.area.id}").url())


def _area_groups(groups: Mapping[tuple[str, str], Sequence[Link]], wording: Wording) -> tuple[AreaGroup, ...]:
    return tuple(
        AreaGroup(flow, what, _area_count(len(areas), wording), tuple(areas))
        for (flow, what), areas in groups.items()
    )


def _area_count(count: int, wording: Wording) -> str:
    return wording.say(figure_texts.LEGEND_AREA if count == 1 else figure_texts.LEGEND_AREAS).format(count)


def legend(wording: Wording) -> tuple[StateMark, ...]:
    """Return every state and sign with its meaning."""
    states = tuple(mark_of(state, wording) for state in DeliveryState)
    signs = tuple(
        StateMark(symbol, wording.say(text), "flag")
        for symbol, text in (
            texts.LEGEND_REVISED,
            texts.LEGEND_BREAK,
            texts.MARK_GRANTED,
            texts.LEGEND_CONFIRM,
            texts.MARK_UNDECIDED,
        )
    )
    return states + signs


def mark_of(state: DeliveryState, wording: Wording) -> StateMark:
    """Return a state as symbol and words."""
    symbol, label = texts.STATES[state]
    return StateMark(symbol, wording.say(label), f"state-{state.value.replace('_', '-')}")


def delivery_mark(item: DatasetDelivery, wording: Wording) -> DeliveryMark:
    """Return a delivery as state, signs and remark."""
    say = wording.say
    flags: list[StateMark] = []
    if item.revision > 1 and item.state is DeliveryState.DELIVERED:
        symbol, label = texts.MARK_REVISED
        flags.append(StateMark(symbol, say(label).format(item.revision), "flag"))
    if item.series_break:
        symbol, label = texts.MARK_BREAK
        flags.append(StateMark(symbol, say(label).format(item.series_break), "flag"))
    if item.granted:
        symbol, label = texts.MARK_GRANTED
        flags.append(StateMark(symbol, say(label), "flag"))
    if item.findings:
        symbol, label = texts.MARK_CONFIRM
        flags.append(StateMark(symbol, say(label).format("; ".join(map(say, item.findings))), "flag"))
    if item.audit in (AuditVerdict.UNKNOWN, AuditVerdict.BY_RULE):
        symbol, label = texts.MARK_UNDECIDED
        flags.append(StateMark(symbol, say(label), "flag"))
    remark = ""
    if item.problem is not None:
        remark = say(item.problem.title).removesuffix(".")
    elif item.state in (DeliveryState.MISSING, DeliveryState.NOT_DUE):
        late = texts.LATE_SINCE if item.state is DeliveryState.MISSING else texts.STATUS_DUE
        remark = say(late).format(numbers.day(item.due, wording.language))
    audit = "" if item.audit is None else say(texts.AUDIT).format(say(texts.AUDITS[item.audit]))
    return DeliveryMark(mark_of(item.state, wording), tuple(flags), remark, audit)


def _audited(report: DeliveryReport, wording: Wording) -> str:
    audits = report.audits
    said = [
        f"{audits[verdict]} {wording.say(texts.AUDITS[verdict])}"
        for verdict in AuditVerdict
        if verdict in audits
    ]
    return wording.say(texts.AUDIT_SUMMARY).format(", ".join(said)) if said else ""


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


def _due(report: DeliveryReport, wording: Wording) -> str:
    by_day: dict[str, list[str]] = {}
    for dataset, due in report.datasets:
        by_day.setdefault(numbers.day(due, wording.language), []).append(wording.say(dataset.name))
    parts = [f"{', '.join(names)} {day}" for day, names in by_day.items()]
    return wording.say(texts.STATUS_DUE_DAYS).format("; ".join(parts)) if parts else ""


def _line(row: AreaStatus, report: DeliveryReport, wording: Wording, query: PageQuery) -> StatusLine:
    share = row.withheld_share
    by_dataset = {item.dataset.id: item for item in row.deliveries}
    return StatusLine(
        name=row.area.name,
        key=row.area.official_key,
        url=query.to(f"/gebiet/{row.area.id}").url(),
        deliveries=tuple(
            delivery_mark(by_dataset[dataset.id], wording) if dataset.id in by_dataset else None
            for dataset, _ in report.datasets
        ),
        withheld="…" if share is None else numbers.percent(share, wording.language),
        history=tuple(
            (wording.say(numbers.period_name(period)), mark_of(state, wording))
            for period, state in row.history
        ),
    )


def _ordered(report: DeliveryReport, order: StatusOrder) -> Sequence[AreaStatus]:
    rows = list(report.rows)
    if order is StatusOrder.NAME:
        rows.sort(key=lambda row: sort_name(row.area.name))
    elif order is StatusOrder.STATE:
        rows.sort(key=lambda row: _BY_ATTENTION.index(row.state))
    elif order is StatusOrder.WITHHELD:
        rows.sort(key=lambda row: -(row.withheld_share if row.withheld_share is not None else Decimal(-1)))
    return rows
