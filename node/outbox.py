"""Sending what is spooled: announce, fill in missing chunks, complete, learn the decision.

Invariants: only stored bytes are sent; every step may be repeated, so that a run which died anywhere is
simply run again; what the hub says is written into the journal before anything else happens. A journal that
does not know what the hub holds ends everything (:meth:`Outbox.require_history`), for its owner would protect
new figures without those that are out already.

It deliberately computes and signs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from node.clock import Clock
from node.failpoints import passing
from node.hub_client import Head, HubClient, SubmissionView
from node.journal import FAILED, UNDER_WAY, DeliveryRecord, DeliveryState, Journal
from protocol.errors import KimError, kim_error
from protocol.submission_states import DECIDED
from protocol.texts import Text

_UPLOAD_ROUNDS: Final = 3
_FIRST_LOOK_SECONDS: Final = 0.1
_LONGEST_LOOK_SECONDS: Final = 2.0

HUB_IS_AWAY: Final = frozenset(
    {
        "hub_unreachable",
        "not_a_hub",
        "busy",
        "rate_limited",
        "internal",
        "storage_full",
        "spool_damaged",
        "config_invalid",
        "unsupported_version",
    }
)
"""Failures of the connection or of the hub as a whole.

They say nothing about the statement at hand, and the next statement would meet them too.
"""

#: Failures of this machine, while it writes down what the hub says: they say no more about the statement.
_OWN_FAULTS: Final = frozenset({"cannot_write", "node_locked"})
_WITHOUT_HISTORY: Final = "revision_conflict"
_ENDS_THE_RUN: Final = HUB_IS_AWAY | _OWN_FAULTS | {_WITHOUT_HISTORY}
_UPLOAD_BEGUN: Final = frozenset({"announced", "uploading"})
_MOST_NAMED: Final = 6


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one delivery stands after an attempt to send it.

    Attributes:
        record: the delivery as the journal knows it now.
        problem: why it is not accepted, or None.
    """

    record: DeliveryRecord
    problem: KimError | None = None

    @property
    def decided(self) -> bool:
        """Whether the hub has nothing more to say about it."""
        return self.record.state.value in DECIDED or self.record.state in FAILED


Observer = Callable[[Outcome], None]


class Outbox:
    """Carries deliveries from the journal to the hub."""

    def __init__(self, journal: Journal, client: HubClient, *, clock: Clock) -> None:
        """Use these; the caller holds the journal's lock while sending."""
        self._journal = journal
        self._client = client
        self._clock = clock

    def require_history(self, node: str) -> None:
        """Make sure that the journal knows every delivery that the hub holds for this node.

        To be asked before anything new is signed, and again before anything is sent. What the hub took over
        although the journal has it as failed is written down: from now on it counts as known outside.

        Args:
            node: identity of this node.

        Raises:
            KimError: ``revision_conflict`` if the journal lacks something; ``unknown_key`` or a failure of
                the connection if the hub does not say: who is not answered does not know what is out.
        """
        heads = self._client.heads(node)
        records = self._journal.deliveries()
        foreign = unknown_heads(records, heads)
        if foreign:
            raise missing_history(foreign)
        known = {record.statement_id: record for record in records}
        for head in heads:
            record = known[head.id]
            # What the hub has set aside since it was accepted is to be signed again (SPEC P-158).
            set_aside = (
                head.state == DeliveryState.QUARANTINED.value and record.state is DeliveryState.ACCEPTED
            )
            if set_aside or _taken_over_unnoticed(record, head):
                self._journal.observe(record, DeliveryState(head.state))

    def send(self, records: Iterable[DeliveryRecord], *, observer: Observer) -> tuple[Outcome, ...]:
        """Bring deliveries to the hub, in the order given, without waiting for its decisions.

        A failure of the connection ends the attempt, and so does a revision that the hub has and the journal
        has not: what is left stays spooled and is reported with it.

        Args:
            records: deliveries of the journal.
            observer: told about each outcome as it happens.

        Returns:
            One outcome per delivery, in order.
        """
        outcomes: list[Outcome] = []
        obstacle: KimError | None = None
        for record in records:
            if obstacle is None:
                outcome = self._send_one(record)
                if outcome.problem is not None and outcome.problem.code in _ENDS_THE_RUN:
                    obstacle = outcome.problem
            else:
                outcome = Outcome(record, obstacle)
            outcomes.append(outcome)
            observer(outcome)
        return tuple(outcomes)

    def await_decisions(
        self, outcomes: Iterable[Outcome], *, node: str, timeout_seconds: float, observer: Observer
    ) -> tuple[Outcome, ...]:
        """Ask until the hub has decided about everything it has received.

        Args:
            outcomes: as returned by :meth:`send`.
            node: identity of this node.
            timeout_seconds: patience for all of them together.
            observer: told about each decision.

        Returns:
            One outcome per delivery, in order; undecided ones keep their state.
        """
        latest = list(outcomes)
        started = self._clock.elapsed()
        pause = _FIRST_LOOK_SECONDS
        while any(_is_awaited(outcome) for outcome in latest):
            if self._clock.elapsed() - started > timeout_seconds:
                break
            self._clock.wait(pause)
            if self._look_around(latest, node=node, observer=observer):
                pause = _FIRST_LOOK_SECONDS
            else:
                pause = min(_LONGEST_LOOK_SECONDS, pause * 1.5)
        return tuple(latest)

    def _look_around(self, latest: list[Outcome], *, node: str, observer: Observer) -> bool:
        """Ask once about all that is awaited; return whether anything was decided."""
        standing: Mapping[str, str] = {}
        away: KimError | None = None
        try:
            standing = {head.id: head.state for head in self._client.heads(node)}
        except KimError as error:
            # Of a hub that is away nobody asks for each delivery again.
            away = error if error.code in HUB_IS_AWAY else None
        decided = False
        for number, outcome in enumerate(latest):
            if not _is_awaited(outcome):
                continue
            latest[number] = (
                self._looked_up(outcome.record, standing) if away is None else Outcome(outcome.record, away)
            )
            if not _is_awaited(latest[number]):
                decided = True
                observer(latest[number])
        return decided

    def _looked_up(self, record: DeliveryRecord, standing: Mapping[str, str]) -> Outcome:
        state = standing.get(record.statement_id)
        if state is None:
            # Refused, or not known any more: the hub says which of them, and why.
            return self._look(record)
        if state in DECIDED:
            passing("send.decided")
            record = self._journal.observe(record, DeliveryState(state))
        return Outcome(record)

    def _send_one(self, record: DeliveryRecord) -> Outcome:
        try:
            view = self._introduce(record)
            record = self._note(record, view)
            if record.state in {DeliveryState.ANNOUNCED, DeliveryState.UPLOADING}:
                view = self._upload(record, view)
                record = self._note(record, view)
        except KimError as error:
            return self._failed(record, error)
        return Outcome(record, view.problem)

    def _introduce(self, record: DeliveryRecord) -> SubmissionView:
        """Ask about a delivery that the hub should know; announce it if the hub does not."""
        if record.state not in {DeliveryState.SPOOLED, DeliveryState.REFUSED}:
            try:
                known = self._client.submission(record.statement_id)
            except KimError as error:
                # A hub restored from a backup may have forgotten: the same bytes introduce it again.
                if error.code != "not_found":
                    raise
            else:
                if known.chunk_bytes is not None or known.state not in {"announced", "uploading"}:
                    return known
        envelope = self._journal.envelope(record)
        passing("send.announce")
        view = self._client.announce(envelope, statement_id=record.statement_id)
        passing("send.announced")
        return view

    def _upload(self, record: DeliveryRecord, view: SubmissionView) -> SubmissionView:
        payload = self._journal.parcel(record)
        for _ in range(_UPLOAD_ROUNDS):
            self._send_chunks(record, view, payload=payload)
            passing("send.complete")
            try:
                done = self._client.complete(record.statement_id)
            except KimError as error:
                if error.code != "incomplete_upload":
                    raise
                view = self._client.announce(self._journal.envelope(record), statement_id=record.statement_id)
                continue
            passing("send.completed")
            return done
        raise kim_error("incomplete_upload")

    def _send_chunks(self, record: DeliveryRecord, view: SubmissionView, *, payload: bytes) -> None:
        size = view.chunk_bytes
        if size is None:
            raise kim_error("unsupported_version")
        count = max(1, -(-len(payload) // size))
        # The ranges are disjoint, so no chunk goes twice; what the delivery does not have is left out.
        for first, last in view.missing:
            for number in range(first, min(last + 1, count)):
                passing("send.chunk")
                chunk = payload[number * size : (number + 1) * size]
                self._client.put_chunk(record.statement_id, number, content=chunk)

    def _look(self, record: DeliveryRecord) -> Outcome:
        try:
            view = self._client.submission(record.statement_id)
        except KimError as error:
            return Outcome(record, error)
        passing("send.decided")
        return Outcome(self._note(record, view), view.problem)

    def _note(self, record: DeliveryRecord, view: SubmissionView) -> DeliveryRecord:
        code = view.problem.code if view.problem is not None else None
        return self._journal.observe(record, DeliveryState(view.state), code=code)

    def _failed(self, record: DeliveryRecord, error: KimError) -> Outcome:
        not_recorded = record.state in {DeliveryState.SPOOLED, DeliveryState.REFUSED}
        if error.code == _WITHOUT_HISTORY and not_recorded:
            # The hub holds something for this period: it may be this very statement's figures, sent by the
            # node before its journal was lost. It counts as known outside.
            record = self._journal.observe(record, DeliveryState.SPOOLED, code=error.code)
        elif error.code not in HUB_IS_AWAY | _OWN_FAULTS and not_recorded:
            # Turned away before it was recorded: no figure has left, and the hub holds nothing of it.
            record = self._journal.observe(record, DeliveryState.REFUSED, code=error.code)
        elif error.code == "upload_expired":
            record = self._journal.observe(record, DeliveryState.REJECTED, code=error.code)
        return Outcome(record, error)


def unknown_heads(records: Sequence[DeliveryRecord], heads: Sequence[Head]) -> tuple[Head, ...]:
    """Return what the hub holds and a journal does not know, or has another delivery in place of."""
    known = {record.statement_id: record for record in records}
    standing = {
        (record.area, record.dataset, record.period) for record in records if record.state not in FAILED
    }
    return tuple(
        head
        for head in heads
        if head.id not in known
        or (
            _taken_over_unnoticed(known[head.id], head) and (head.area, head.dataset, head.period) in standing
        )
    )


def missing_history(foreign: Sequence[Head]) -> KimError:
    """Say what a journal lacks, and that it has to be brought back before anything is delivered."""
    named = sorted({f"{head.dataset} {head.period}" for head in foreign})
    periods = ", ".join([*named[:_MOST_NAMED], *(["…"] if len(named) > _MOST_NAMED else [])])
    return kim_error(
        _WITHOUT_HISTORY,
        Text(
            f"Der Hub hat Lieferungen dieses Knotens, die dieses Journal nicht kennt: {periods}. Ohne sie "
            "lässt sich nichts Neues schützen; es wird nichts unterschrieben und nichts gesendet. Bitte das "
            "Journal aus der Datensicherung wiederherstellen.",
            f"The hub holds deliveries of this node that this journal does not know: {periods}. Without them "
            "nothing new can be protected; nothing is signed and nothing is sent. Please restore the journal "
            "from backup.",
        ),
    )


def _taken_over_unnoticed(record: DeliveryRecord, head: Head) -> bool:
    """Whether the hub holds what the journal has as failed."""
    if record.state is DeliveryState.REJECTED:
        # An upload that has expired may be listed for a while.
        return head.state not in _UPLOAD_BEGUN | {"rejected"}
    return record.state is DeliveryState.REFUSED


def _is_awaited(outcome: Outcome) -> bool:
    """Whether the hub has everything and has not decided yet."""
    return outcome.problem is None and outcome.record.state in UNDER_WAY - {DeliveryState.SPOOLED}
