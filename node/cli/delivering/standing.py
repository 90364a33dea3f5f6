"""`kim-node status`: what the journal knows and what the hub says, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from node.cli.frame.session import Session
from node.cli.identity.renewing import show_notice
from node.cli.identity.witnessing import Watching, look_at_log, show_watching
from node.cli.terminal.console import problem_member
from node.cli.terminal.grouping import gathered, in_order, label, periods_of
from node.cli.terminal.states import HELD_BACK, HELD_BACK_REMEDY, STATES, held_back_note, outbox_note
from node.clock import local
from node.hub_client import Head
from node.journal import DeliveryRecord, Journal, StayingDelivery
from node.outbox import missing_history, unknown_heads
from protocol.catalogue import AUDIT_RULE
from protocol.catalogue_file import load_catalogue
from protocol.errors import KimError, kim_error
from protocol.texts import Language, Text

_HEADS: Final = (
    Text("Bestand", "Dataset"),
    Text("Zeitraum", "Period"),
    Text("Fassung", "Revision"),
    Text("Stand hier", "Here"),
    Text("seit", "since"),
    Text("beim Hub", "At the hub"),
    Text("Grund", "Reason"),
)
_STAYING_HEADS: Final = (
    Text("Bestand", "Dataset"),
    Text("Zeitraum", "Period"),
    Text("Stand", "Standing"),
    Text("Zellen anders", "Cells changed"),
    Text("seit", "since"),
    Text("Grund", "Reason"),
)
_STAYING: Final = Text("Im Haus geblieben beim letzten submit:", "Stayed in the house at the last submit:")

#: Who looks wants an answer now; only what is to be delivered is worth the patience of the settings.
_ATTEMPTS: Final = 2

_NOT_REGISTERED: Final = Text(
    "Der Hub kennt diesen Knoten noch nicht.", "The hub does not know this node yet."
)


def show_status(session: Session, *, ask_hub: bool) -> int:
    """Show how deliveries stand.

    Args:
        session: the configured node.
        ask_hub: whether to ask the hub.

    Returns:
        0, or the exit code of what is wrong: the hub's log has given grave cause for alarm (before all else:
        that does not pass when the hub answers again), the hub does not answer, or it holds deliveries that
        this journal does not know.

    Raises:
        KimError: ``spool_damaged`` if the journal cannot be read.
    """
    heads: tuple[Head, ...] = ()
    problem: KimError | None = None
    with session.journal() as journal:
        records = journal.deliveries()
        staying = journal.staying.all()
        if ask_hub:
            try:
                heads = _ask(session)
            except KimError as error:
                problem = error
        watching = _look_at_log(session, journal, ask_hub=ask_hub and problem is None)
    foreign = unknown_heads(records, heads)
    if problem is None and foreign:
        problem = missing_history(foreign)
    standing = _Standing(records, staying, heads, foreign, watching)
    _report(session, standing, problem=problem, asked=ask_hub)
    if problem is not None and not (watching is not None and watching.is_grave):
        return problem.exit_code
    return watching.exit_code if watching is not None else 0


def _look_at_log(session: Session, journal: Journal, *, ask_hub: bool) -> Watching | None:
    if not ask_hub:
        return look_at_log(session, journal, None)
    with session.hub(most_attempts=_ATTEMPTS) as client:
        return look_at_log(session, journal, client)


def _ask(session: Session) -> tuple[Head, ...]:
    settings = session.settings
    with session.hub(most_attempts=_ATTEMPTS) as client:
        try:
            heads = client.heads(settings.node)
        except KimError as error:
            if error.code != "unknown_key":
                raise
            raise kim_error("unknown_key", _NOT_REGISTERED) from error
        show_notice(session, client.notice)
        return heads


@dataclass(frozen=True, slots=True)
class _Standing:
    """What the journal knows, what the hub says, and what its log shows."""

    records: Sequence[DeliveryRecord]
    staying: Sequence[StayingDelivery]
    heads: Sequence[Head]
    foreign: Sequence[Head]
    watching: Watching | None

    def at_hub(self) -> Mapping[str, Head]:
        return {head.id: head for head in self.heads}


def _report(session: Session, standing: _Standing, *, problem: KimError | None, asked: bool) -> None:
    console, settings = session.console, session.settings
    there = standing.at_hub()
    console.result(
        {
            "node": settings.node,
            "area": settings.area,
            "deliveries": [_member(record, there.get(record.statement_id)) for record in standing.records],
            "staying": [asdict(entry) for entry in standing.staying],
            "hub": {
                "url": settings.hub.url,
                "asked": asked,
                "heads": len(standing.heads),
                "unknown_here": [
                    {"area": head.area, "dataset": head.dataset, "period": head.period, "id": head.id}
                    for head in standing.foreign
                ],
            },
            "log": standing.watching.members if standing.watching is not None else None,
            "problem": problem_member(problem),
        }
    )
    if not console.as_json:
        _show(session, standing)
    if problem is not None:
        console.explain(problem)


def _show(session: Session, standing: _Standing) -> None:
    console, area, catalogue = session.console, session.settings.area, load_catalogue()
    there = standing.at_hub()

    def alike(record: DeliveryRecord) -> tuple[int, str, Text | None, str | None]:
        at_hub = _state_there(there.get(record.statement_id))
        return record.revision, record.state.value, at_hub, record.code

    records = in_order(standing.records, catalogue, own_area=area)
    if records:
        rows = [
            [
                label(group[0], catalogue, own_area=area).in_(console.language),
                *_columns(group, there.get(group[0].statement_id), console.language),
            ]
            for group in gathered(records, catalogue, alike=alike)
        ]
        console.table(_HEADS, rows, numbers=(2,))
    else:
        console.say(Text("Noch nichts unterschrieben.", "Nothing signed yet."))
    if standing.staying:
        console.say()
        console.say(_STAYING)
        console.table(_STAYING_HEADS, _staying_rows(session, standing.staying), numbers=(3,))
    held_back = sum(
        record.statement_id in there and there[record.statement_id].held_back for record in records
    )
    if held_back:
        console.say()
        console.say(held_back_note(held_back))
        console.say(Text(f"  → {HELD_BACK_REMEDY.de}", f"  → {HELD_BACK_REMEDY.en}"))
    note = outbox_note(record.state.value for record in records)
    if note is not None:
        console.say()
        console.say(note)
    if standing.watching is not None:
        show_watching(session, standing.watching)


def _state_there(head: Head | None) -> Text | None:
    if head is None:
        return None
    state = STATES[head.state]
    return Text(f"{state.de}, {HELD_BACK.de}", f"{state.en}, {HELD_BACK.en}") if head.held_back else state


def _columns(group: Sequence[DeliveryRecord], head: Head | None, language: Language) -> list[str]:
    first = group[0]
    at_hub = _state_there(head)
    return [
        periods_of(group),
        str(first.revision),
        STATES[first.state].in_(language),
        _moment(max(record.changed for record in group), language),
        at_hub.in_(language) if at_hub is not None else "–",
        first.code or (AUDIT_RULE if head is not None and head.held_back else ""),
    ]


def _staying_rows(session: Session, staying: Sequence[StayingDelivery]) -> list[list[str]]:
    language, area, catalogue = session.console.language, session.settings.area, load_catalogue()
    ordered = in_order(staying, catalogue, own_area=area)
    return [
        [
            label(group[0], catalogue, own_area=area).in_(language),
            periods_of(group),
            STATES[group[0].decision].in_(language),
            str(sum(entry.changed_cells for entry in group) or "–"),
            _moment(min(entry.since for entry in group), language),
            group[0].code or "",
        ]
        for group in gathered(ordered, catalogue, alike=lambda e: (e.decision, e.code))
    ]


def _moment(instant: str, language: Language) -> str:
    since = local(datetime.fromisoformat(instant))
    return f"{since:%Y-%m-%d %H:%M}" if language == "en" else f"{since:%d.%m.%Y %H:%M}"


def _member(record: DeliveryRecord, head: Head | None) -> dict[str, Any]:
    return {
        "area": record.area,
        "dataset": record.dataset,
        "period": record.period,
        "revision": record.revision,
        "id": record.statement_id,
        "state": record.state.value,
        "code": record.code,
        "changed": record.changed,
        "at_hub": head.state if head is not None else None,
        "confirm": list(head.confirm) if head is not None else [],
        "cells": record.cells,
        "withheld": record.withheld,
        "audit": record.verdict,
    }
