"""How deliveries ended: as JSON, as a table, and as an exit code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from node.amounts import CORRECTION
from node.cli.figures.doubting import doubts_member, doubts_note
from node.cli.figures.run import STAGES, Run
from node.cli.figures.source_report import (
    findings_member,
    not_collected_member,
    rows_member,
    say_not_collected,
    say_not_ended,
    say_without_year,
    sources_member,
)
from node.cli.terminal.console import Console, problem_member
from node.cli.terminal.grouping import gathered, label, periods_of, waiting
from node.cli.terminal.states import STATES, outbox_note
from node.dossier import VERDICTS
from node.outbox import Outcome
from node.pipeline import Decision, Prospect
from node.settings import Settings
from protocol.errors import KimError
from protocol.nouns import DELIVERY, whole
from protocol.periods import Period
from protocol.texts import Text

#: A decision that did not come in time: sysexits' EX_TEMPFAIL, as for every "try again later".
_UNDECIDED: Final = 75
_ARRIVED: Final = frozenset({"received", "verifying", "accepted", "superseded"})
_TAKEN_OVER: Final = frozenset({"accepted", "superseded"})
_AUDIT_OF_BLOCKED: Final = {"disclosure_unsafe": "unsafe", "disclosure_unknown": "unknown"}

_UNCHANGED: Final = Text("Unverändert; nichts neu gesendet.", "Unchanged; nothing new was sent.")
_NOTHING_SENT: Final = Text("Nichts neu gesendet.", "Nothing new was sent.")

_HEADS: Final = (
    Text("Bestand", "Dataset"),
    Text("Zeitraum", "Period"),
    Text("Lieferungen", "Deliveries"),
    Text("Zellen", "Cells"),
    Text("gesperrt", "withheld"),
    Text("Prüfung", "Audit"),
    Text("Stand", "Standing"),
    Text("Grund", "Reason"),
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """How one delivery stands at the end of a run; the members of the JSON result.

    Attributes:
        state: the hub's state, ``spooled`` or ``refused``; ``held``, ``blocked`` or ``not_ended`` for what
            was not sent.
        problem: why it is not accepted, or why the hub could not be asked about it.
        changed_cells: for ``held``, number of cells whose value differs from the delivered one.
        in_force: whether the hub has taken over its figures; for ``held``, those to be corrected.
    """

    area: str
    dataset: str
    period: str
    state: str
    cells: int = 0
    withheld: int = 0
    sensitive: int = 0
    audit: str | None = None
    id: str | None = None
    revision: int | None = None
    changed_cells: int = 0
    in_force: bool = False
    problem: KimError | None = None


def delivery_of(source: Outcome | Prospect) -> Delivery:
    """Describe what was sent, or what stayed."""
    if isinstance(source, Prospect):
        return _stayed(source)
    record = source.record
    return Delivery(
        area=record.area,
        dataset=record.dataset,
        period=record.period,
        state=record.state.value,
        cells=record.cells,
        withheld=record.withheld,
        sensitive=record.sensitive,
        audit=record.verdict,
        id=record.statement_id,
        revision=record.revision,
        in_force=record.state.value in _TAKEN_OVER,
        problem=source.problem,
    )


def _stayed(prospect: Prospect) -> Delivery:
    record = prospect.record
    code = prospect.problem.code if prospect.problem is not None else ""
    return Delivery(
        area=prospect.area,
        dataset=prospect.dataset_id,
        period=str(prospect.period),
        state=prospect.decision.value,
        cells=record.cells if record is not None else 0,
        withheld=record.withheld if record is not None else 0,
        sensitive=record.sensitive if record is not None else 0,
        audit=record.verdict if record is not None else _AUDIT_OF_BLOCKED.get(code),
        id=record.statement_id if record is not None else None,
        revision=record.revision if record is not None else None,
        changed_cells=prospect.changed_cells,
        in_force=record is not None and record.state.value in _TAKEN_OVER,
        problem=prospect.problem,
    )


def result_of(settings: Settings, run: Run, deliveries: Sequence[Delivery]) -> dict[str, Any]:
    """Compile the JSON result of a run."""
    return {
        "node": settings.node,
        "area": settings.area,
        "rows": rows_member(run.prepared),
        "sources": sources_member(run.prepared),
        "findings": findings_member(run.prepared.findings),
        "deliveries": [_member(delivery) for delivery in deliveries if delivery.state != "not_ended"],
        "not_ended": waiting(Period.parse(d.period) for d in deliveries if d.state == "not_ended"),
        "not_collected": not_collected_member(run.workshop.catalogue, run.facts),
        "doubts": doubts_member(run.doubts),
        "seconds": run.workshop.stopwatch.seconds(*STAGES),
    }


def _member(delivery: Delivery) -> dict[str, Any]:
    return {
        "area": delivery.area,
        "dataset": delivery.dataset,
        "period": delivery.period,
        "cells": delivery.cells,
        "withheld": delivery.withheld,
        "sensitive": delivery.sensitive,
        "audit": delivery.audit,
        "state": delivery.state,
        "id": delivery.id,
        "revision": delivery.revision,
        "changed_cells": delivery.changed_cells,
        "problem": problem_member(delivery.problem),
    }


def show_outcome(console: Console, run: Run, deliveries: Sequence[Delivery], *, news: bool) -> None:
    """Print the table of deliveries, and what it comes to.

    Args:
        console: where it goes.
        run: catalogue, settings, and what somebody should confirm.
        deliveries: how they stand, in order.
        news: whether this run has changed the standing of any of them.
    """
    due = [delivery for delivery in deliveries if delivery.state != Decision.NOT_ENDED.value]
    catalogue = run.workshop.catalogue
    groups = gathered(due, catalogue, alike=lambda d: (d.audit, d.state, _reason(d)))
    console.table(_HEADS, [_row(console, run, group) for group in groups], numbers=(2, 3, 4))
    console.say()
    console.say(_summary(due))
    if due and not news:
        unchanged = all(delivery.state in _TAKEN_OVER for delivery in due)
        console.say(_UNCHANGED if unchanged else _NOTHING_SENT)
    note = outbox_note(delivery.state for delivery in due)
    if note is not None:
        console.say(note)
    say_not_ended(console, waiting(Period.parse(d.period) for d in deliveries if d not in due))
    if not run.explicit:
        say_without_year(console, catalogue, run.facts, due=(d.dataset for d in deliveries))
    say_not_collected(console, catalogue, run.facts)
    if run.doubts:
        console.say(doubts_note(run.doubts))


def _row(console: Console, run: Run, group: Sequence[Delivery]) -> list[str]:
    language, first = console.language, group[0]
    return [
        label(first, run.workshop.catalogue, own_area=run.workshop.settings.area).in_(language),
        periods_of(group),
        whole(len(group), language),
        whole(sum(delivery.cells for delivery in group), language),
        whole(sum(delivery.withheld for delivery in group), language),
        VERDICTS[first.audit].in_(language) if first.audit is not None else "–",
        STATES[first.state].in_(language),
        _reason(first),
    ]


def _summary(due: Sequence[Delivery]) -> Text:
    # A statement under way whose correction is held has two rows, and is one delivery.
    every = DELIVERY.counted(len({(d.area, d.period, d.dataset) for d in due}))
    taken = len({(d.area, d.period, d.dataset) for d in due if d.in_force})
    held = sum(d.state == Decision.HELD.value for d in due)
    corrections = CORRECTION.counted(held)
    return Text(
        f"{taken} von {every.de} angenommen{f', {corrections.de} zurückgehalten' if held else ''}.",
        f"{taken} of {every.en} accepted{f', {corrections.en} held back' if held else ''}.",
    )


def _reason(delivery: Delivery) -> str:
    """Why it is not accepted; that the hub could not be asked is no reason of what is accepted."""
    if delivery.problem is None or delivery.state in _TAKEN_OVER:
        return ""
    return delivery.problem.code


def exit_code_of(
    deliveries: Sequence[Delivery], *, waited: bool, explicit: bool
) -> tuple[int, tuple[KimError, ...]]:
    """Decide how the command ends.

    Args:
        deliveries: how they stand.
        waited: whether the hub's decisions were waited for.
        explicit: whether the periods were named on the command line; only then a period that has not ended
            is a failure.

    Returns:
        Exit code, and one problem of each kind to explain to a person.
    """
    counted = [d for d in deliveries if explicit or d.state != Decision.NOT_ENDED.value]
    problems: dict[str, KimError] = {}
    for problem in (d.problem for d in counted if d.problem is not None):
        problems.setdefault(problem.code, problem)
    if problems:
        return next(iter(problems.values())).exit_code, tuple(problems.values())
    enough = _TAKEN_OVER if waited else _ARRIVED
    late = any(d.state not in enough for d in counted if d.state != Decision.NOT_ENDED.value)
    return (_UNDECIDED if late else 0), ()
