"""`kim-node submit`: count, protect, audit, sign, spool, send, and learn what the hub decides.

May be repeated: what was signed is sent again as it is, what is unchanged is not signed again, what was
interrupted goes on. Sending begins when everything that can be signed is spooled.

Nothing is signed and nothing is sent by a node whose journal lacks what the hub holds (protocol 2.7). While
the hub cannot be asked, a node signs on if its journal is intact as far as this machine can tell; the hub is
asked before anything is sent.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from node.cli.delivering.outcomes import Delivery, delivery_of, exit_code_of, result_of, show_outcome
from node.cli.figures.run import Run, begin
from node.cli.frame.session import Session
from node.cli.identity.renewing import look_after_keys
from node.cli.identity.trusting import sealing_key, trusted
from node.cli.identity.witnessing import Watching, look_at_log, show_watching
from node.cli.terminal.grouping import in_order
from node.cli.terminal.progress import Progress, progress_bars
from node.dossier import make_dossier, render_html
from node.durable_files import PRIVATE_FOLDER_MODE, replace_private_file, write_error
from node.journal import FAILED, DeliveryRecord, DeliveryState, Journal
from node.outbox import HUB_IS_AWAY, Outbox, Outcome
from node.pipeline import Decision, Prospect, Prospects, seal
from node.settings import Settings
from node.trust import NodeTrust
from protocol.catalogue_file import load_catalogue
from protocol.errors import KimError, kim_error
from protocol.periods import Period
from protocol.texts import Text

if TYPE_CHECKING:
    from node.hub_client import HubClient

_TAKEN_OVER: Final = frozenset({DeliveryState.ACCEPTED, DeliveryState.SUPERSEDED})

_READING: Final = Text("Quellen lesen und zählen", "Read and count")
_PROTECTING: Final = Text("Schützen und prüfen", "Protect and audit")
_SENDING: Final = Text("Senden", "Send")
_WAITING: Final = Text("Entscheidung des Hubs", "Decision of the hub")
_LEFT_BEHIND: Final = Text(
    "Unter dossiers liegen Bögen von Lieferungen, die das Journal nicht kennt, und der Hub lässt sich nicht "
    "fragen. Es wird nichts unterschrieben. Ist das Journal verloren oder veraltet, bitte aus der "
    "Datensicherung wiederherstellen; sonst später noch einmal senden.",
    "The dossiers folder has papers of deliveries that the journal does not know, and the hub cannot be "
    "asked. Nothing is signed. If the journal is lost or out of date, please restore it from backup; "
    "otherwise submit again later.",
)


@dataclass(frozen=True, slots=True)
class Choices:
    """Options of the command.

    Attributes:
        periods: periods named on the command line.
        wait: wait for the hub's decision.
        redeliver: sign rejected deliveries anew even if nothing has changed.
        progress: show bars; None on a terminal only.
    """

    periods: tuple[str, ...] = ()
    wait: bool = True
    redeliver: bool = False
    progress: bool | None = None


@dataclass(slots=True)
class _Ready:
    """What is ready to be sent, and what stays."""

    records: dict[str, DeliveryRecord] = field(default_factory=dict)
    staying: list[Prospect] = field(default_factory=list)

    def send(self, record: DeliveryRecord) -> None:
        self.records.setdefault(record.statement_id, record)


def submit_deliveries(session: Session, choices: Choices) -> int:
    """Deliver everything that is due.

    Args:
        session: the configured node.
        choices: options.

    Returns:
        0 only if everything was accepted (without waiting: sent).

    Raises:
        KimError: whatever is in the way before anything can be sent.
    """
    with (
        session.journal() as journal,
        journal.exclusive,
        session.hub() as client,
        progress_bars(wanted=choices.progress, language=session.console.language) as progress,
    ):
        journal.sweep()
        # Before anything is counted: whom the officers do not vouch for any more gets nothing.
        trust = trusted(session, client)
        sealing = sealing_key(trust, session.clock.now())
        progress.stage(_READING, 1)
        run = begin(session, journal, periods=choices.periods, sealing=sealing)
        progress.advance()
        outbox = Outbox(journal, client, clock=session.clock)
        # Asked only if there is something to sign; sending asks for itself.
        obstacle = _obstacle_to_signing(session, journal, outbox) if run.figures.tables else None
        if obstacle is not None:
            outcomes, staying = _stop(session, run, journal, obstacle)
            calm = False
        else:
            ready = _make_ready(session, run, journal, redeliver=choices.redeliver, progress=progress)
            staying = ready.staying
            with run.workshop.stopwatch.measuring("send"):
                outcomes = _send(
                    session,
                    outbox,
                    ready.records.values(),
                    trust=trust,
                    wait=choices.wait,
                    progress=progress,
                )
            calm = all(_is_as_before(outcome, ready) for outcome in outcomes)
        watching = _look_at_log(session, journal, client, outcomes)
        look_after_keys(session, client)
    deliveries = [delivery_of(outcome) for outcome in outcomes]
    deliveries = _with_staying(deliveries, staying, own_area=session.settings.area)
    code = _conclude(session, run, deliveries, waited=choices.wait, news=not calm)
    if watching is not None and watching.alarms and not session.console.as_json:
        show_watching(session, watching)
    return code


def _look_at_log(
    session: Session, journal: Journal, client: HubClient, outcomes: Iterable[Outcome]
) -> Watching | None:
    """Look at the hub's log as well, unless the hub is away: nothing of that is in the way of a delivery."""
    away = any(outcome.problem is not None and outcome.problem.code in HUB_IS_AWAY for outcome in outcomes)
    return look_at_log(session, journal, None if away else client)


def _obstacle_to_signing(session: Session, journal: Journal, outbox: Outbox) -> KimError | None:
    try:
        outbox.require_history(session.settings.node)
    except KimError as error:
        if error.code not in HUB_IS_AWAY:
            return error
        return None if _intact(session, journal) else kim_error(error.code, _LEFT_BEHIND)
    return None


def _intact(session: Session, journal: Journal) -> bool:
    """Whether the journal knows every delivery of which this machine still has the paper."""
    settings = session.settings
    known = {_paper(settings, record) for record in journal.deliveries()}
    return known.issuperset(settings.dossiers.glob("*.html"))


def _stop(
    session: Session, run: Run, journal: Journal, obstacle: KimError
) -> tuple[tuple[Outcome, ...], list[Prospect]]:
    """Sign nothing and send nothing; say how everything stands."""
    session.logbook.write("submit.stopped", {"code": obstacle.code})
    outcomes = {record.statement_id: Outcome(record, obstacle) for record in journal.under_way()}
    staying: list[Prospect] = []
    for slot in run.figures.tables:
        record = journal.latest(slot.dataset_id, str(slot.period), area=slot.area)
        if record is None or record.state in FAILED:
            staying.append(Prospect(slot, Decision.BLOCKED, record=record, problem=obstacle))
        else:
            outcomes.setdefault(record.statement_id, Outcome(record, obstacle))
    return tuple(outcomes.values()), staying


def _make_ready(
    session: Session, run: Run, journal: Journal, *, redeliver: bool, progress: Progress
) -> _Ready:
    ready = _Ready()
    progress.stage(_PROTECTING, len(run.figures.tables))
    for prospect in Prospects(run.workshop, journal, run.key.public.keyid, redeliver).of(run.figures):
        if prospect.draft is not None:
            _keep_dossier(session, run, journal, prospect)
            record = journal.spool(seal(prospect.draft, run.key, workshop=run.workshop))
            _log(session, "delivery.signed", record)
            ready.send(record)
        elif prospect.decision is Decision.RESEND and prospect.record is not None:
            ready.send(prospect.record)
        else:
            ready.staying.append(prospect)
        if prospect.decision is not Decision.NOT_ENDED:
            _remember(journal, prospect)
            progress.advance()
    if not run.explicit:
        _forget_what_is_not_due(journal, run)
    # What was signed in an earlier run and has not arrived is sent too, whatever this run is about.
    for record in journal.under_way():
        ready.send(record)
    return ready


def _remember(journal: Journal, prospect: Prospect) -> None:
    """Keep in mind what stays and why, so that `status` can say it; forget what does not stay any more."""
    dataset, period, area = prospect.dataset_id, str(prospect.period), prospect.area
    if prospect.decision not in {Decision.HELD, Decision.BLOCKED}:
        journal.staying.let_go(dataset, period, area=area)
        return
    journal.staying.keep_back(
        dataset,
        period,
        area=area,
        decision=prospect.decision.value,
        code=prospect.problem.code if prospect.problem is not None else None,
        changed_cells=prospect.changed_cells,
    )


def _forget_what_is_not_due(journal: Journal, run: Run) -> None:
    """Forget what stayed for a delivery that the configuration or the sources do not ask for any more."""
    due = {(slot.dataset_id, str(slot.period), slot.area) for slot in run.figures.tables}
    for entry in journal.staying.all():
        if (entry.dataset, entry.period, entry.area) not in due:
            journal.staying.let_go(entry.dataset, entry.period, area=entry.area)


def _send(
    session: Session,
    outbox: Outbox,
    records: Iterable[DeliveryRecord],
    *,
    trust: NodeTrust | None,
    wait: bool,
    progress: Progress,
) -> tuple[Outcome, ...]:
    waiting = in_order(records, load_catalogue(), own_area=session.settings.area)
    if not waiting:
        return ()

    def observe(outcome: Outcome) -> None:
        _log(session, f"delivery.{outcome.record.state.value}", outcome.record, outcome=outcome)
        progress.advance()

    progress.stage(_SENDING, len(waiting))
    try:
        # A hub that answers everything but for its officers' documents may be holding back a newer state.
        if trust is not None:
            trust.require_fresh(session.clock.now())
        # Asked again even if it was asked before signing: that may have been long ago, or without an answer.
        outbox.require_history(session.settings.node)
    except KimError as error:
        kept = tuple(Outcome(record, error) for record in waiting)
        for outcome in kept:
            observe(outcome)
        return kept
    outcomes = outbox.send(waiting, observer=observe)
    if not wait:
        return outcomes
    if undecided := sum(not outcome.decided for outcome in outcomes):
        progress.stage(_WAITING, undecided)
    return outbox.await_decisions(
        outcomes,
        node=session.settings.node,
        timeout_seconds=session.settings.hub.decision_timeout_seconds,
        observer=observe,
    )


def _is_as_before(outcome: Outcome, ready: _Ready) -> bool:
    """Whether the hub had taken over a delivery before this run, and the run changed nothing about it."""
    before = ready.records[outcome.record.statement_id]
    return before == outcome.record and before.state in _TAKEN_OVER


def _keep_dossier(session: Session, run: Run, journal: Journal, prospect: Prospect) -> None:
    """Keep the paper of what is about to be signed; written first, so that nothing is signed without it."""
    doubts = tuple(doubt for doubt in run.doubts if doubt.slot == prospect.slot)
    dossier = make_dossier(
        [prospect], prepared=run.prepared, workshop=run.workshop, journal=journal, doubts=doubts
    )
    page = render_html(dossier, language=session.console.language)
    statement = prospect.draft.statement if prospect.draft is not None else None
    paper = session.settings.paper(
        prospect.period,
        prospect.dataset_id,
        area=prospect.area,
        revision=statement.revision if statement is not None else 1,
    )
    try:
        paper.parent.mkdir(mode=PRIVATE_FOLDER_MODE, exist_ok=True)
        replace_private_file(paper, page.encode("utf-8"))
    except OSError as error:
        raise write_error(error, paper) from error


def _paper(settings: Settings, record: DeliveryRecord) -> Path:
    period = Period.parse(record.period)
    return settings.paper(period, record.dataset, area=record.area, revision=record.revision)


def _with_staying(deliveries: list[Delivery], staying: list[Prospect], *, own_area: str) -> list[Delivery]:
    together = [*deliveries, *(delivery_of(prospect) for prospect in staying)]
    return in_order(together, load_catalogue(), own_area=own_area)


def _conclude(session: Session, run: Run, deliveries: list[Delivery], *, waited: bool, news: bool) -> int:
    session.console.result(result_of(session.settings, run, deliveries))
    show_outcome(session.console, run, deliveries, news=news)
    code, problems = exit_code_of(deliveries, waited=waited, explicit=run.explicit)
    for problem in problems:
        session.console.explain(problem)
    return code


def _log(session: Session, event: str, record: DeliveryRecord, *, outcome: Outcome | None = None) -> None:
    problem = outcome.problem.code if outcome is not None and outcome.problem is not None else record.code
    session.logbook.write(
        event,
        {
            "area": record.area,
            "dataset": record.dataset,
            "period": record.period,
            "revision": record.revision,
            "id": record.statement_id,
            "cells": record.cells,
            "withheld": record.withheld,
            "code": problem,
        },
    )
