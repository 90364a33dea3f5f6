"""Sending what is spooled over real HTTP to a real hub: whatever goes wrong, running again converges."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from hub.services.merging.publishing import close
from hub.services.registry.registration import Registration, register
from node.clock import Clock, SystemClock
from node.hub_client import HubClient
from node.journal import DeliveryRecord, DeliveryState, Journal
from node.outbox import Outbox, Outcome
from node.settings import HubSettings
from protocol.errors import KimError
from protocol.keys import PrivateKey
from protocol.periods import Period
from tests.factories.running_hub import RunningHub, Sender, lasting_sandbox, running_hub
from tests.factories.spooled import spooled
from tests.fakes.faults import AUDIENCE, LOST, Answer, Faults, problem_answer
from tests.fakes.node_clock import SteppedClock
from tests.fakes.served import served

AREA = "NW05111"
NO_ARROW = bytes(range(256)) * 18


@dataclass
class Bench:
    """A journal, a hub behind faults, and an outbox between them."""

    journal: Journal
    running: RunningHub
    sender: Sender
    faults: Faults
    outbox: Outbox
    clock: Clock
    settings: HubSettings

    def spool(self, period: str, *, payload: bytes | None = None, chunk: int = 1 << 20) -> DeliveryRecord:
        parcel = self.sender.parcel(period=Period.parse(period), payload=payload, chunk=chunk)
        return self.journal.spool(spooled(parcel))

    def send(self, *records: DeliveryRecord) -> tuple[Outcome, ...]:
        return self.outbox.send(records, observer=lambda outcome: None)

    def deliver(self, *records: DeliveryRecord) -> tuple[Outcome, ...]:
        return self.outbox.await_decisions(
            self.send(*records), node=self.sender.node, timeout_seconds=30, observer=lambda outcome: None
        )

    def now(self, record: DeliveryRecord) -> DeliveryRecord:
        return self.journal.delivery(record.statement_id)


@contextmanager
def a_bench(folder: Path, *, decides: bool) -> Iterator[Bench]:
    """Set up a bench; a hub that does not decide meets a clock that does not pass time."""
    clock: Clock = SystemClock() if decides else SteppedClock()
    with ExitStack() as stack:
        running = stack.enter_context(
            running_hub(folder / "hub", start=decides, machine_clock=clock, sandbox=lasting_sandbox())
        )
        sender = running.sender(AREA)
        faults = Faults(running.client.application)
        settings = HubSettings(stack.enter_context(served(faults)), AUDIENCE, None, 2, 5, 2, 10)
        journal = stack.enter_context(Journal(folder / "journal", clock=clock))
        client = stack.enter_context(HubClient(settings, node="node-1", clock=clock, key=sender.key))
        outbox = Outbox(journal, client, clock=clock)
        yield Bench(journal, running, sender, faults, outbox, clock, settings)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path, decides=True) as bench:
        yield bench


@pytest.fixture
def idle(tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path, decides=False) as bench:
        yield bench


def test_deliveries_are_sent_in_order_and_decided(bench: Bench) -> None:
    records = [bench.spool(period) for period in ("2026-Q1", "2026-Q2")]

    outcomes = bench.deliver(*records)

    assert [outcome.record.state for outcome in outcomes] == [DeliveryState.ACCEPTED] * 2
    assert all(outcome.decided and outcome.problem is None for outcome in outcomes)
    sent = [
        "POST /v1/submissions",
        "PUT /v1/submissions/ID/chunks/0",
        "POST /v1/submissions/ID/complete",
    ]
    assert bench.faults.requests[:6] == sent * 2
    assert bench.journal.under_way() == ()
    states = [event.state.value for event in bench.journal.events(records[0])]
    assert states[:3] == ["spooled", "announced", "received"]
    assert states[-1] == "accepted"


def test_large_payloads_go_in_chunks_and_only_missing_ones_are_sent(idle: Bench) -> None:
    record = idle.spool("2026-Q1", payload=NO_ARROW, chunk=1024)
    idle.faults.plan = [None, None, None, problem_answer("chunk_conflict")]

    (interrupted,) = idle.send(record)
    assert interrupted.problem is not None
    assert interrupted.problem.code == "chunk_conflict"
    idle.faults.requests.clear()
    (complete,) = idle.send(idle.now(record))

    assert complete.record.state is DeliveryState.RECEIVED
    assert [request for request in idle.faults.requests if "chunks" in request] == [
        f"PUT /v1/submissions/ID/chunks/{number}" for number in (2, 3, 4)
    ]


def test_sending_twice_changes_nothing(bench: Bench) -> None:
    (first,) = bench.deliver(bench.spool("2026-Q1"))
    events = bench.journal.events(first.record)
    bench.faults.requests.clear()

    (second,) = bench.deliver(first.record)

    assert second == first
    assert bench.faults.requests == ["GET /v1/submissions/ID"]
    assert bench.journal.events(first.record) == events


@pytest.mark.parametrize("position", range(3))
def test_a_lost_answer_is_no_second_submission(idle: Bench, position: int) -> None:
    record = idle.spool("2026-Q1")
    idle.faults.plan = [*[None] * position, LOST, LOST]

    (interrupted,) = idle.send(record)
    assert interrupted.problem is not None
    assert interrupted.problem.code == "hub_unreachable"
    (finished,) = idle.send(idle.now(record))

    assert finished.record.state is DeliveryState.RECEIVED
    assert len(idle.sender.client.get(f"/v1/nodes/{idle.sender.node}/heads").get_json()) == 1


def test_an_obstacle_on_the_way_leaves_the_rest_spooled(idle: Bench) -> None:
    records = [idle.spool(period) for period in ("2026-Q1", "2026-Q2", "2026-Q3")]
    page: Answer = (200, b"<html>", {"Content-Type": "text/html"})
    idle.faults.plan = [None, None, None, page]

    outcomes = idle.send(*records)

    assert [outcome.record.state.value for outcome in outcomes] == ["received", "spooled", "spooled"]
    assert [outcome.problem.code if outcome.problem else None for outcome in outcomes] == [
        None,
        "not_a_hub",
        "not_a_hub",
    ]
    assert len(idle.faults.requests) == 4


def test_a_refused_statement_is_noted_and_the_next_one_sent(bench: Bench) -> None:
    first, second = bench.spool("2026-Q1"), bench.spool("2026-Q2")
    close(bench.running.hub.context, [Period(2026, 1)], datasets=("CASES",))

    outcomes = bench.deliver(first, second)

    assert [outcome.record.state.value for outcome in outcomes] == ["refused", "accepted"]
    assert outcomes[0].record.code == "period_closed"
    assert outcomes[0].decided
    assert [entry.period for entry in bench.journal.ledger("NW05111")] == ["2026-Q2"]


def test_a_refused_statement_may_be_sent_again_as_it_is(bench: Bench) -> None:
    stranger = Sender("node-stranger", "NW05112", PrivateKey.generate(), bench.sender.client)
    bench.sender = stranger
    with HubClient(bench.settings, node=stranger.node, clock=bench.clock, key=stranger.key) as client:
        bench.outbox = Outbox(bench.journal, client, clock=bench.clock)
        (refused,) = bench.deliver(bench.spool("2026-Q1"))
        assert refused.record.state is DeliveryState.REFUSED
        assert refused.record.code == "unknown_key"

        entry = Registration(stranger.node, (stranger.area,), stranger.key.public.hex, "Duisburg")
        register(bench.running.hub.context, [entry])
        (accepted,) = bench.deliver(refused.record)

    assert accepted.record.state is DeliveryState.ACCEPTED
    assert accepted.record.code is None
    assert len(bench.journal.deliveries()) == 1


def test_a_rejection_carries_its_reason(bench: Bench) -> None:
    (outcome,) = bench.deliver(bench.spool("2026-Q1", payload=NO_ARROW))

    assert outcome.record.state is DeliveryState.REJECTED
    assert outcome.record.code == "decode_failed"
    assert outcome.problem is not None
    assert outcome.problem.code == "decode_failed"


def test_a_hub_that_forgot_is_told_again(bench: Bench, tmp_path: Path) -> None:
    (accepted,) = bench.deliver(bench.spool("2026-Q1"))
    with running_hub(tmp_path / "restored") as restored:
        restored.sender(AREA, key=bench.sender.key)
        bench.faults.app = restored.client.application

        (again,) = bench.deliver(accepted.record)

    assert again.record.state is DeliveryState.ACCEPTED
    assert again.record.statement_id == accepted.record.statement_id
    assert [event.state.value for event in bench.journal.events(again.record)].count("accepted") == 2


def test_patience_with_decisions_ends(idle: Bench) -> None:
    outcomes = idle.deliver(idle.spool("2026-Q1"), idle.spool("2026-Q2"))

    assert [outcome.record.state for outcome in outcomes] == [DeliveryState.RECEIVED] * 2
    assert not any(outcome.problem or outcome.decided for outcome in outcomes)
    assert 30 < idle.clock.elapsed() < 40
    # One question for all that is awaited, less and less often.
    looks = idle.faults.requests[6:]
    assert set(looks) == {f"GET /v1/nodes/{idle.sender.node}/heads"}
    assert len(looks) < 30


def test_an_expired_upload_may_be_delivered_anew(idle: Bench) -> None:
    record = idle.spool("2026-Q1")
    idle.faults.plan = [None, problem_answer("upload_expired")]

    (outcome,) = idle.send(record)

    assert outcome.record.state is DeliveryState.REJECTED
    assert outcome.record.code == "upload_expired"


@pytest.mark.parametrize(("times", "expected"), [(1, "received"), (3, "uploading")])
def test_a_hub_that_still_misses_chunks_gets_them_again(idle: Bench, times: int, expected: str) -> None:
    record = idle.spool("2026-Q1")
    idle.faults.plan = [None, None, *[problem_answer("incomplete_upload"), None] * times]

    (outcome,) = idle.send(record)
    (finished,) = idle.send(outcome.record)

    assert (outcome.problem is None) == (expected == "received")
    assert outcome.problem is None or outcome.problem.code == "incomplete_upload"
    assert finished.record.state is DeliveryState.RECEIVED


def test_absurd_wishes_for_chunks_are_cut_to_what_there_is(idle: Bench) -> None:
    record = idle.spool("2026-Q1", payload=NO_ARROW, chunk=1024)
    missing = [[0, 10**15], *[[0, 4], [3, 3], [7, 9]] * 5_000]
    answer = {"id": record.statement_id, "state": "announced", "missing": missing, "chunk": 1024}
    idle.faults.plan = [LOST, (200, json.dumps(answer).encode(), {"Kim-Hub": AUDIENCE})]

    (outcome,) = idle.send(record)

    assert outcome.record.state is DeliveryState.RECEIVED
    assert [request for request in idle.faults.requests if "chunks" in request] == [
        f"PUT /v1/submissions/ID/chunks/{number}" for number in range(5)
    ]


def test_a_revision_conflict_ends_the_run_and_stays_in_the_ledger(idle: Bench) -> None:
    records = [idle.spool(period) for period in ("2026-Q1", "2026-Q2")]
    idle.journal.observe(records[0], DeliveryState.REFUSED, code="period_closed")
    idle.faults.plan = [problem_answer("revision_conflict")]

    outcomes = idle.send(idle.now(records[0]), records[1])

    assert [outcome.record.state.value for outcome in outcomes] == ["spooled", "spooled"]
    assert [outcome.problem.code for outcome in outcomes if outcome.problem] == ["revision_conflict"] * 2
    assert idle.now(records[0]).code == "revision_conflict"
    assert [entry.period for entry in idle.journal.ledger("NW05111")] == ["2026-Q1", "2026-Q2"]
    assert len(idle.faults.requests) == 1


def test_history_is_what_the_hub_holds(idle: Bench) -> None:
    node = idle.sender.node
    idle.outbox.require_history(node)
    idle.send(idle.spool("2026-Q1"))
    idle.outbox.require_history(node)
    with pytest.raises(KimError) as caught:  # SPEC P-127: who is not answered does not know what is out
        idle.outbox.require_history("node-nobody-registered")
    assert caught.value.code == "unknown_key"
    assert "node-nobody-registered" in caught.value.detail.en

    idle.sender.announce(idle.sender.parcel(period=Period.parse("2026-Q2")))
    with pytest.raises(KimError) as caught:
        idle.outbox.require_history(node)

    assert caught.value.code == "revision_conflict"
    assert "CASES 2026-Q2." in caught.value.detail.en


def test_another_delivery_in_the_place_of_a_refused_one_is_a_conflict(idle: Bench) -> None:
    (sent,) = idle.send(idle.spool("2026-Q1"))
    idle.journal.observe(sent.record, DeliveryState.REFUSED)
    idle.spool("2026-Q1")

    with pytest.raises(KimError) as caught:
        idle.outbox.require_history(idle.sender.node)

    assert caught.value.code == "revision_conflict"


def test_a_journal_in_use_refuses_nothing(idle: Bench, tmp_path: Path) -> None:
    """What the hub has taken and the journal could not write down is no refusal of the hub."""
    first, second = idle.spool("2026-Q1"), idle.spool("2026-Q2")
    idle.journal._connection.execute("PRAGMA busy_timeout=0")
    with closing(sqlite3.connect(tmp_path / "journal" / "journal.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        outcomes = idle.send(first, second)
    assert [outcome.problem.code for outcome in outcomes if outcome.problem] == ["node_locked"] * 2
    assert idle.faults.requests == ["POST /v1/submissions"]
    assert {idle.now(record).state for record in (first, second)} == {DeliveryState.SPOOLED}
    again = idle.send(first, second)
    assert [outcome.record.state for outcome in again] == [DeliveryState.RECEIVED] * 2


def test_an_altered_blob_is_never_sent(idle: Bench, tmp_path: Path) -> None:
    record = idle.spool("2026-Q1")
    (tmp_path / "journal" / "blobs" / record.payload_sha256).write_bytes(b"other bytes")

    (outcome,) = idle.send(record)

    assert outcome.problem is not None
    assert outcome.problem.code == "spool_damaged"
    assert idle.faults.requests == ["POST /v1/submissions"]
