"""`kim-node status`: what the journal knows and what the hub says, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from node.cli.console import problem_member
from node.cli.session import Session
from node.cli.states import STATES, outbox_note
from node.clock import local
from node.hub_client import Head
from node.journal import DeliveryRecord
from node.outbox import missing_history, unknown_heads
from protocol.errors import KimError, kim_error
from protocol.texts import Language, Text

_HEADS: Final = (
    Text("Zeitraum", "Period"),
    Text("Bestand", "Dataset"),
    Text("Fassung", "Revision"),
    Text("Stand hier", "Here"),
    Text("seit", "since"),
    Text("beim Hub", "At the hub"),
    Text("Grund", "Reason"),
)

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
        0, or the exit code of what is wrong: the hub does not answer, or it holds deliveries that this
        journal does not know.

    Raises:
        KimError: ``spool_damaged`` if the journal cannot be read.
    """
    with session.journal() as journal:
        records = journal.deliveries()
    heads: tuple[Head, ...] = ()
    problem: KimError | None = None
    if ask_hub:
        try:
            heads = _ask(session)
        except KimError as error:
            problem = error
    foreign = unknown_heads(records, heads)
    if problem is None and foreign:
        problem = missing_history(foreign)
    _report(session, records, heads, foreign, problem=problem, asked=ask_hub)
    return problem.exit_code if problem is not None else 0


def _ask(session: Session) -> tuple[Head, ...]:
    settings = session.settings
    with session.hub(most_attempts=_ATTEMPTS) as client:
        try:
            return client.heads(settings.node)
        except KimError as error:
            if error.code != "not_found":
                raise
            raise kim_error("unknown_key", _NOT_REGISTERED) from error


def _report(
    session: Session,
    records: Sequence[DeliveryRecord],
    heads: Sequence[Head],
    foreign: Sequence[Head],
    *,
    problem: KimError | None,
    asked: bool,
) -> None:
    console, settings = session.console, session.settings
    there = {head.id: head.state for head in heads}
    console.result(
        {
            "node": settings.node,
            "area": settings.area,
            "deliveries": [_member(record, there.get(record.statement_id)) for record in records],
            "hub": {
                "url": settings.hub.url,
                "asked": asked,
                "heads": len(heads),
                "unknown_here": [
                    {"dataset": head.dataset, "period": head.period, "id": head.id} for head in foreign
                ],
            },
            "problem": problem_member(problem),
        }
    )
    if records:
        rows = [_row(record, there.get(record.statement_id), console.language) for record in records]
        console.table(_HEADS, rows, numbers=(2,))
    else:
        console.say(Text("Noch nichts unterschrieben.", "Nothing signed yet."))
    note = outbox_note(record.state.value for record in records)
    if note is not None:
        console.say()
        console.say(note)
    if problem is not None:
        console.explain(problem)


def _row(record: DeliveryRecord, at_hub: str | None, language: Language) -> list[str]:
    since = local(datetime.fromisoformat(record.changed))
    return [
        record.period,
        record.dataset,
        str(record.revision),
        STATES[record.state].in_(language),
        f"{since:%Y-%m-%d %H:%M}" if language == "en" else f"{since:%d.%m.%Y %H:%M}",
        STATES[at_hub].in_(language) if at_hub is not None else "–",
        record.code or "",
    ]


def _member(record: DeliveryRecord, at_hub: str | None) -> dict[str, Any]:
    return {
        "dataset": record.dataset,
        "period": record.period,
        "revision": record.revision,
        "id": record.statement_id,
        "state": record.state.value,
        "code": record.code,
        "changed": record.changed,
        "at_hub": at_hub,
        "cells": record.cells,
        "withheld": record.withheld,
        "audit": record.verdict,
    }
