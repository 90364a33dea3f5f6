"""Sending what is spooled: announce, fill in missing chunks, complete, learn the decision.

Invariants: only stored bytes are sent; every step may be repeated, so that a run which died anywhere is
simply run again; what the hub says is written into the journal before anything else happens.

It deliberately computes and signs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from node.clock import Clock
from node.failpoints import passing
from node.hub_client import DECIDED, HubClient, SubmissionView
from node.journal import FAILED, UNDER_WAY, DeliveryRecord, DeliveryState, Journal
from protocol.errors import KimError, kim_error
from protocol.texts import Text

_UPLOAD_ROUNDS: Final = 3
_FIRST_LOOK_SECONDS: Final = 0.1
_LONGEST_LOOK_SECONDS: Final = 2.0

# Failures of the connection or of the hub as a whole: they say nothing about the statement at hand, and the
# next statement would meet them too.
_NOT_ABOUT_THE_STATEMENT: Final = frozenset(
    {
        "hub_unreachable",
        "not_a_hub",
        "busy",
        "rate_limited",
        "internal",
        "log_unavailable",
        "storage_full",
        "spool_damaged",
        "config_invalid",
        "unsupported_version",
    }
)


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

    def send(self, records: Iterable[DeliveryRecord], *, observer: Observer) -> tuple[Outcome, ...]:
        """Bring deliveries to the hub, in the order given, without waiting for its decisions.

        A failure of the connection ends the attempt: what is left stays spooled and is reported with it.

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
                if outcome.problem is not None and outcome.problem.code in _NOT_ABOUT_THE_STATEMENT:
                    obstacle = outcome.problem
            else:
                outcome = Outcome(record, obstacle)
            outcomes.append(outcome)
            observer(outcome)
        return tuple(outcomes)

    def await_decisions(
        self, outcomes: Iterable[Outcome], *, timeout_seconds: float, observer: Observer
    ) -> tuple[Outcome, ...]:
        """Ask until the hub has decided about everything it has received.

        Args:
            outcomes: as returned by :meth:`send`.
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
            # Asking costs the hub: while answers are quick to come, one undecided delivery speaks for those
            # behind it. When they are slow, all are asked, so that a stuck one hides nobody.
            all_of_them = pause >= _LONGEST_LOOK_SECONDS
            if self._look_around(latest, observer=observer, all_of_them=all_of_them):
                pause = _FIRST_LOOK_SECONDS
            else:
                pause = min(_LONGEST_LOOK_SECONDS, pause * 1.5)
        return tuple(latest)

    def _look_around(self, latest: list[Outcome], *, observer: Observer, all_of_them: bool) -> bool:
        """Ask about awaited deliveries in order; return whether anything was decided."""
        decided = False
        for number, outcome in enumerate(latest):
            if not _is_awaited(outcome):
                continue
            latest[number] = self._look(outcome.record)
            if not _is_awaited(latest[number]):
                decided = True
                observer(latest[number])
            elif not all_of_them:
                break
        return decided

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
        payload = self._journal.payload(record)
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
        for first, last in view.missing:
            if last >= count:
                raise kim_error(
                    "unsupported_version",
                    Text(
                        "Der Hub fragt nach Abschnitten, die die Lieferung nicht hat.",
                        "The hub asks for chunks that the delivery does not have.",
                    ),
                )
            for number in range(first, last + 1):
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
        about_the_statement = error.code not in _NOT_ABOUT_THE_STATEMENT
        if about_the_statement and record.state in {DeliveryState.SPOOLED, DeliveryState.REFUSED}:
            # Turned away before it was recorded: no figure has left, and the hub holds nothing of it.
            record = self._journal.observe(record, DeliveryState.REFUSED, code=error.code)
        elif error.code == "upload_expired":
            record = self._journal.observe(record, DeliveryState.REJECTED, code=error.code)
        return Outcome(record, error)


def _is_awaited(outcome: Outcome) -> bool:
    """Whether the hub has everything and has not decided yet."""
    return outcome.problem is None and outcome.record.state in UNDER_WAY - {DeliveryState.SPOOLED}
