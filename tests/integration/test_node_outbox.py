"""Sending what is spooled over real HTTP: whatever goes wrong in between, running again converges."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from node.hub_client import HubClient
from node.journal import DeliveryRecord, DeliveryState, Journal, NewDelivery
from node.outbox import Outbox, Outcome
from node.settings import HubSettings
from protocol import dsse
from protocol.keys import PrivateKey
from tests.fakes.hub_simulator import AUDIENCE, LOST, Answer, Faults, HubSimulator, problem_answer
from tests.fakes.node_clock import SteppedClock
from tests.fakes.served import served

KEY = PrivateKey.generate()


@dataclass
class Bench:
    """A journal, a simulated hub behind faults, and an outbox between them."""

    journal: Journal
    hub: HubSimulator
    faults: Faults
    outbox: Outbox
    clock: SteppedClock

    def spool(self, period: str, *, size: int = 20) -> DeliveryRecord:
        payload = (f"protected bytes of {period} " * size)[:size].encode()
        digest = hashlib.sha256(payload).hexdigest()
        statement = {"period": period, "payload": {"size": len(payload), "sha256": digest}}
        envelope = dsse.sign(dsse.PAYLOAD_TYPE_SUBMISSION, json.dumps(statement).encode(), KEY)
        return self.journal.spool(
            NewDelivery(
                statement_id=dsse.statement_id(envelope),
                dataset="CASES",
                period=period,
                revision=1,
                envelope=envelope.to_bytes(),
                payload=payload,
                payload_sha256=digest,
                audience=AUDIENCE,
                catalogue_sha256="c" * 64,
                grid_sha256="d" * 64,
                software="1.0",
                min_contributors=5,
                cells=1,
                withheld=0,
                sensitive=0,
                verdict="safe",
                values=b"\x01" * 8,
                withheld_mask=b"\x00",
            )
        )

    def send(self, *records: DeliveryRecord) -> tuple[Outcome, ...]:
        return self.outbox.send(records, observer=lambda outcome: None)

    def deliver(self, *records: DeliveryRecord) -> tuple[Outcome, ...]:
        return self.outbox.await_decisions(
            self.send(*records), timeout_seconds=30, observer=lambda outcome: None
        )

    def state(self, record: DeliveryRecord) -> DeliveryState:
        return self.journal.delivery(record.statement_id).state


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    clock = SteppedClock()
    hub = HubSimulator()
    faults = Faults(hub)
    with served(faults) as url, Journal(tmp_path / "journal", clock=clock) as journal:
        settings = HubSettings(url, AUDIENCE, None, 2, 5, 2, 10)
        with HubClient(settings, node="node-1", clock=clock) as client:
            yield Bench(journal, hub, faults, Outbox(journal, client, clock=clock), clock)


def test_deliveries_are_sent_in_order_and_decided(bench: Bench) -> None:
    bench.hub.looks_before_decision = 3
    records = [bench.spool(period) for period in ("2026-Q1", "2026-Q2")]

    outcomes = bench.deliver(*records)

    assert [outcome.record.state for outcome in outcomes] == [DeliveryState.ACCEPTED] * 2
    assert all(outcome.decided and outcome.problem is None for outcome in outcomes)
    assert (
        bench.hub.requests[:6]
        == [
            "POST /v1/submissions",
            "PUT /v1/submissions/ID/chunks/0",
            "POST /v1/submissions/ID/complete",
        ]
        * 2
    )
    assert bench.journal.under_way() == ()
    assert [event.state.value for event in bench.journal.events(records[0])] == [
        "spooled",
        "announced",
        "received",
        "accepted",
    ]


def test_large_payloads_go_in_chunks_and_only_missing_ones_are_sent(bench: Bench) -> None:
    bench.hub.chunk = 100
    record = bench.spool("2026-Q1", size=450)
    bench.faults.plan = [None, None, None, problem_answer("chunk_conflict")]

    first = bench.send(record)
    assert first[0].problem is not None
    assert first[0].problem.code == "chunk_conflict"
    assert sorted(bench.hub.submissions[record.statement_id].chunks) == [0, 1]
    bench.hub.requests.clear()
    second = bench.deliver(bench.journal.delivery(record.statement_id))

    assert second[0].record.state is DeliveryState.ACCEPTED
    assert [request for request in bench.hub.requests if "chunks" in request] == [
        f"PUT /v1/submissions/ID/chunks/{number}" for number in (2, 3, 4)
    ]


def test_sending_twice_changes_nothing(bench: Bench) -> None:
    record = bench.spool("2026-Q1")
    (first,) = bench.deliver(record)
    bench.hub.requests.clear()

    (second,) = bench.deliver(first.record)

    assert second == first
    assert bench.hub.requests == ["GET /v1/submissions/ID"]
    assert len(bench.journal.events(record)) == 4


@pytest.mark.parametrize("position", range(3))
def test_a_lost_answer_is_no_second_submission(bench: Bench, position: int) -> None:
    record = bench.spool("2026-Q1")
    bench.faults.plan = [*[None] * position, LOST, LOST]

    (interrupted,) = bench.send(record)
    assert interrupted.problem is not None
    assert interrupted.problem.code == "hub_unreachable"
    (finished,) = bench.deliver(bench.journal.delivery(record.statement_id))

    assert finished.record.state is DeliveryState.ACCEPTED
    assert len(bench.hub.submissions) == 1


def test_an_obstacle_on_the_way_leaves_the_rest_spooled(bench: Bench) -> None:
    records = [bench.spool(period) for period in ("2026-Q1", "2026-Q2", "2026-Q3")]
    page: Answer = (200, b"<html>", {"Content-Type": "text/html"})
    bench.faults.plan = [None, None, None, page]

    outcomes = bench.send(*records)

    assert [outcome.record.state.value for outcome in outcomes] == ["received", "spooled", "spooled"]
    assert [outcome.problem.code if outcome.problem else None for outcome in outcomes] == [
        None,
        "not_a_hub",
        "not_a_hub",
    ]
    assert bench.hub.requests == [
        "POST /v1/submissions",
        "PUT /v1/submissions/ID/chunks/0",
        "POST /v1/submissions/ID/complete",
    ]


def test_a_refused_statement_is_noted_and_the_next_one_sent(bench: Bench) -> None:
    first, second = bench.spool("2026-Q1"), bench.spool("2026-Q2")
    bench.hub.refuse = lambda name: "period_closed" if name == first.statement_id else None

    outcomes = bench.deliver(first, second)

    assert [outcome.record.state.value for outcome in outcomes] == ["refused", "accepted"]
    assert outcomes[0].record.code == "period_closed"
    assert outcomes[0].decided
    assert bench.journal.ledger("CASES")[0].period == "2026-Q2"


def test_a_refused_statement_may_be_sent_again_as_it_is(bench: Bench) -> None:
    record = bench.spool("2026-Q1")
    bench.hub.refuse = lambda name: "unknown_key"
    (refused,) = bench.deliver(record)
    assert refused.record.state is DeliveryState.REFUSED

    bench.hub.refuse = lambda name: None
    (accepted,) = bench.deliver(refused.record)

    assert accepted.record.state is DeliveryState.ACCEPTED
    assert accepted.record.code is None
    assert len(bench.journal.deliveries()) == 1


def test_a_rejection_carries_its_reason(bench: Bench) -> None:
    bench.hub.decide = lambda payload: "k_anonymity"

    (outcome,) = bench.deliver(bench.spool("2026-Q1"))

    assert outcome.record.state is DeliveryState.REJECTED
    assert outcome.record.code == "k_anonymity"
    assert outcome.problem is not None
    assert outcome.problem.code == "k_anonymity"


def test_a_hub_that_forgot_is_told_again(bench: Bench) -> None:
    (accepted,) = bench.deliver(bench.spool("2026-Q1"))
    bench.hub.submissions.clear()

    (again,) = bench.deliver(accepted.record)

    assert again.record.state is DeliveryState.ACCEPTED
    assert list(bench.hub.submissions) == [again.record.statement_id]


def test_patience_with_decisions_ends(bench: Bench) -> None:
    bench.hub.looks_before_decision = 1000

    (outcome,) = bench.deliver(bench.spool("2026-Q1"))

    assert outcome.record.state is DeliveryState.RECEIVED
    assert outcome.problem is None
    assert not outcome.decided
    assert 30 < sum(bench.clock.waits) < 40


def test_an_expired_upload_may_be_delivered_anew(bench: Bench) -> None:
    record = bench.spool("2026-Q1")
    bench.faults.plan = [None, problem_answer("upload_expired")]

    (outcome,) = bench.send(record)

    assert outcome.record.state is DeliveryState.REJECTED
    assert outcome.record.code == "upload_expired"


def test_a_hub_that_asks_for_chunks_that_do_not_exist(bench: Bench) -> None:
    record = bench.spool("2026-Q1")
    answer = {"id": record.statement_id, "state": "announced", "missing": [[0, 7]], "chunk": 1 << 20}
    bench.faults.plan = [(200, json.dumps(answer).encode(), {"Kim-Hub": AUDIENCE})]

    (outcome,) = bench.send(record)

    assert outcome.problem is not None
    assert outcome.problem.code == "unsupported_version"
    assert not bench.hub.submissions


def test_an_altered_blob_is_never_sent(bench: Bench, tmp_path: Path) -> None:
    record = bench.spool("2026-Q1")
    (tmp_path / "journal" / "blobs" / record.payload_sha256).write_bytes(b"other bytes")

    (outcome,) = bench.send(record)

    assert outcome.problem is not None
    assert outcome.problem.code == "spool_damaged"
    assert bench.hub.submissions[record.statement_id].chunks == {}
