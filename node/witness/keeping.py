"""Receipts of the node's own deliveries: fetched, verified, kept for ever (SPEC P-112, P-113).

There are two per delivery: that the hub *received* exactly these bytes, and what it *decided*. A receipt is
kept as soon as it proves that; until enough witnesses have confirmed it, it is fetched again at every contact
and replaced by the one that is final.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

from node.clock import Clock, timestamp
from node.hub_client import HubClient
from node.journal import DeliveryRecord, DeliveryState, Journal
from node.witness.alarms import Alarm, AlarmKind
from node.witness.store import WitnessStore
from node.witness.watching import LogWatch
from protocol.dsse import parse_envelope
from protocol.errors import KimError, kim_error
from protocol.statement import parse_statement
from protocol.submission_states import DECIDED, UNDECIDED
from protocol.transparency.events import EventKind
from protocol.transparency.receipts import (
    MAX_RECEIPT_BYTES,
    SUFFIX,
    VerifiedReceipt,
    parse_receipt,
    verify_receipt,
)
from protocol.verify.anchors import Anchors

#: A state of the log that nobody could look at for longer is worth an alarm (protocol 2.8).
STALE_AFTER: Final = timedelta(hours=24)


class ReceiptStage(StrEnum):
    """What a receipt is about."""

    RECEIVED = "received"
    DECIDED = "decided"


_KINDS: Final = {
    ReceiptStage.RECEIVED: frozenset({EventKind.RECEIVED}),
    ReceiptStage.DECIDED: frozenset(
        {
            EventKind.ACCEPTED,
            EventKind.REJECTED,
            EventKind.SUPERSEDED,
            EventKind.WITHDRAWN,
            EventKind.QUARANTINED,
        }
    ),
}
#: Deliveries of which the hub has every byte, and those that it has decided about.
_COMPLETE: Final = frozenset(map(DeliveryState, UNDECIDED | DECIDED))
_DECIDED: Final = frozenset(map(DeliveryState, DECIDED))
#: Refusals of a receipt that say that the hub has none yet; everything else it sends has to stand up.
_NOT_THERE_YET: Final = frozenset({"not_found", "log_unavailable"})


@dataclass(frozen=True, slots=True)
class StoredReceipt:
    """A receipt in the store.

    Attributes:
        statement_id: the delivery.
        stage: what it is about.
        receipt: what it proves.
        final: whether enough witnesses have confirmed it.
        file: its name in the folder of receipts.
        compared: whether the state that it is proven under is one of the history that this node watches; of
            a receipt that was brought, that shows once there is a line or a copy of the log.
    """

    statement_id: str
    stage: ReceiptStage
    receipt: VerifiedReceipt
    final: bool
    file: str
    compared: bool


class ReceiptKeeper:
    """Keeps the receipts of one node."""

    def __init__(
        self,
        store: WitnessStore,
        journal: Journal,
        *,
        node: str,
        anchors: Anchors,
        clock: Clock,
        patience: timedelta,
        judge_time: bool = True,
    ) -> None:
        """Keep receipts in ``store``.

        Args:
            store: the witness's folder.
            journal: the deliveries.
            node: this node.
            anchors: what is believed.
            clock: for alarms.
            patience: how long a receipt may be missing before that is an alarm.
            judge_time: whether entries of the log have to be of today; a test bench may live in another day.
        """
        self._store = store
        self._journal = journal
        self._node = node
        self._anchors = anchors
        self._clock = clock
        self._patience = patience
        self._judge_time = judge_time
        self._checked: dict[tuple[str, bytes], VerifiedReceipt | None] = {}

    def collect(self, client: HubClient, watch: LogWatch) -> tuple[KimError, ...]:
        """Fetch the receipts that are missing or not final yet; to be called after a visit to the log.

        Args:
            client: the hub.
            watch: has just visited the log.

        Returns:
            What kept receipts from being fetched; a failure of the connection ends the attempt.

        Raises:
            KimError: ``storage_full``, ``spool_damaged``.
        """
        problems = list(self.compare(watch))
        for record, stage in self._wanted():
            try:
                data = client.receipt(
                    record.statement_id, stage=stage.value if stage is ReceiptStage.RECEIVED else None
                )
            except KimError as error:
                if error.code in _NOT_THERE_YET:
                    continue
                problems.append(error)
                break
            try:
                self._take(record, stage, data, watch)
            except KimError as error:
                problems.append(error)
        return tuple(problems)

    def bring(self, record: DeliveryRecord, folder: Path) -> int:
        """Keep the receipts that came as files, beside the answer of the hub.

        They are verified like those that are fetched; whether they stand under the history that this node
        watches, :meth:`compare` has to find out.

        Args:
            record: a delivery of this node.
            folder: where the files are.

        Returns:
            How many were kept.

        Raises:
            KimError: what does not hold; an alarm is written down.
        """
        kept = 0
        for stage in ReceiptStage:
            path = folder / _name(record.statement_id, stage)
            if not path.is_file():
                continue
            with path.open("rb") as file:
                data = file.read(MAX_RECEIPT_BYTES + 1)
            found = self._held_up(record, stage, data)
            known = self._stored(record, stage)
            if found is not None and (known is None or not known.final):
                self._store.keep_receipt(_name(record.statement_id, stage), data, compared=False)
                kept += 1
        return kept

    def compare(self, watch: LogWatch) -> tuple[KimError, ...]:
        """Compare what was brought with the history that this node watches (SPEC P-113).

        Args:
            watch: has just visited the hub's log, or a copy of it.

        Returns:
            What does not hold; an alarm is written down, and the receipt is not kept. A receipt that cannot
            be compared yet stays marked as such.

        Raises:
            KimError: ``storage_full``, ``spool_damaged``.
        """
        problems: list[KimError] = []
        for record in self._journal.deliveries():
            for item in self.stored(record):
                if item.compared:
                    continue
                try:
                    watch.contains(item.receipt.checkpoint)
                except KimError as error:
                    if error.code != "log_contradicts":
                        continue
                    self._store.raise_alarm(
                        AlarmKind.WRONG_RECEIPT,
                        subject=item.statement_id,
                        proof=self._store.receipt(item.file),
                    )
                    self._store.drop_receipt(item.file)
                    problems.append(error)
                else:
                    self._store.note_compared(item.file)
        return tuple(problems)

    def stored(self, record: DeliveryRecord) -> tuple[StoredReceipt, ...]:
        """Return the receipts of a delivery, verified again.

        Raises:
            KimError: ``spool_damaged`` if one in the store does not stand up any more.
        """
        return tuple(found for stage in ReceiptStage if (found := self._stored(record, stage)) is not None)

    def alarms(self) -> tuple[Alarm, ...]:
        """Return all alarms: those written down, and those that follow from how things stand now.

        Raises:
            KimError: ``spool_damaged`` if a receipt or the list of alarms is damaged.
        """
        return (*self._store.alarms(), *self._standing_alarms())

    def _standing_alarms(self) -> Iterator[Alarm]:
        now = self._clock.now()
        for record in self._journal.deliveries():
            since = datetime.fromisoformat(record.changed)
            if record.state not in _COMPLETE or now - since <= self._patience:
                continue
            stages = {item.stage for item in self.stored(record)}
            if ReceiptStage.RECEIVED not in stages:
                yield Alarm(AlarmKind.NO_RECEIPT, record.changed, record.statement_id)
            elif record.state in _DECIDED and ReceiptStage.DECIDED not in stages:
                yield Alarm(AlarmKind.EVENT_MISSING, record.changed, record.statement_id)
        # When it was last looked at, and how old it was then: a hub may be away, or serve an old state.
        times = [self._store.verified_at(), self._store.newest_entry_at() if self._judge_time else None]
        oldest = min((moment for moment in times if moment is not None), default=now)
        if now - oldest > STALE_AFTER:
            yield Alarm(AlarmKind.STALE, timestamp(oldest))

    def _wanted(self) -> Iterator[tuple[DeliveryRecord, ReceiptStage]]:
        for record in self._journal.deliveries():
            for stage, states in ((ReceiptStage.RECEIVED, _COMPLETE), (ReceiptStage.DECIDED, _DECIDED)):
                if record.state not in states:
                    continue
                found = self._stored(record, stage)
                if found is None or not found.final:
                    yield record, stage

    def _take(self, record: DeliveryRecord, stage: ReceiptStage, data: bytes, watch: LogWatch) -> None:
        """Verify a receipt and keep it.

        Raises:
            KimError: what does not hold; an alarm is written down. A failure of the connection, or of this
                machine, accuses nobody.
        """
        found = self._held_up(record, stage, data)
        if found is None:
            return
        try:
            # SPEC P-113: under the same history that this node watches, not under one made for it.
            watch.contains(found.checkpoint)
        except KimError as error:
            if error.code == "log_contradicts":
                self._store.raise_alarm(AlarmKind.WRONG_RECEIPT, subject=record.statement_id, proof=data)
            raise
        known = self._stored(record, stage)
        if known is None or not known.final:
            self._store.keep_receipt(_name(record.statement_id, stage), data, compared=True)

    def _held_up(self, record: DeliveryRecord, stage: ReceiptStage, data: bytes) -> VerifiedReceipt | None:
        """Check what a receipt says, as :meth:`_verified`, and write an alarm down if it does not hold."""
        try:
            return self._verified(record, stage, data)
        except KimError as error:
            # What this machine has lost of its own delivery says nothing about the hub.
            if error.code != "spool_damaged":
                self._store.raise_alarm(AlarmKind.WRONG_RECEIPT, subject=record.statement_id, proof=data)
            raise

    def _verified(self, record: DeliveryRecord, stage: ReceiptStage, data: bytes) -> VerifiedReceipt | None:
        """Check what a receipt says; None if it is about an earlier event than the one asked for.

        1. signatures, place in the log, form (`protocol.transparency.receipts`);
        2. it is about this statement of this node; 3. and about these bytes; 4. and about this stage.

        Raises:
            KimError: what does not hold.
        """
        found = verify_receipt(parse_receipt(data), log=self._anchors.log, witnesses=self._anchors.witnesses)
        event = found.event
        if (event.id, event.node) != (record.statement_id, self._node):
            raise kim_error("proof_invalid")
        statement = parse_statement(parse_envelope(self._journal.envelope(record)).payload)
        if event.payload_sha256 != statement.travelling.sha256:
            raise kim_error("digest_mismatch")
        if event.kind not in _KINDS[stage]:
            if stage is ReceiptStage.DECIDED and event.kind == EventKind.RECEIVED:
                return None
            raise kim_error("proof_invalid")
        return found

    def _stored(self, record: DeliveryRecord, stage: ReceiptStage) -> StoredReceipt | None:
        name = _name(record.statement_id, stage)
        data = self._store.receipt(name)
        if data is None:
            return None
        # One run asks for the same receipts several times: the same bytes are verified once.
        if (name, data) not in self._checked:
            try:
                self._checked[name, data] = self._verified(record, stage, data)
            except KimError as error:
                raise kim_error("spool_damaged") from error
        found = self._checked[name, data]
        if found is None:
            return None
        final = self._anchors.quorum.met_by(found.cosigners, subject=self._node)
        return StoredReceipt(
            record.statement_id, stage, found, final, name, compared=self._store.is_compared(name)
        )


def _name(statement_id: str, stage: ReceiptStage) -> str:
    return f"{statement_id}.{stage.value}{SUFFIX}"
