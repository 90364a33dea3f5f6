"""One decision for each delivery: what waits, what is tried again, and what a decision leads to."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub.domain.ids import Sha256, SubmissionId
from hub.domain.jobs import Job, JobName
from hub.domain.states import AuditVerdict, SubmissionState
from hub.sandbox.client import Sandbox, SandboxDownError
from hub.services.intake.verification import MAX_ATTEMPTS, cells_of, verify
from hub.services.merging.publishing import close
from hub.store import models
from hub.store.files.blobs import BlobStore, DamagedBlobError
from hub.store.files.sealing_keys import SealingLockedError
from hub.store.records import Submission
from hub.tasks.celery_app import CeleryQueue
from protocol.periods import Period
from protocol.transparency.events import EventKind, hidden_digest
from tests.factories.log_checks import logged
from tests.factories.running_hub import Parcel, RunningHub, Sender, lasting_sandbox, running_hub
from tests.integration.test_hub_announce import assert_refused

FAILED = "submission.attempt_failed"
Q1 = Period(2026, 1)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningHub]:
    """A hub whose jobs nobody takes."""
    with running_hub(tmp_path, start=False, sandbox=lasting_sandbox()) as running:
        yield running


@pytest.fixture
def sender(running: RunningHub) -> Sender:
    return running.sender()


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """What is asked for after a commit."""
    found: list[Job] = []
    monkeypatch.setattr(CeleryQueue, "send", lambda _, job: found.append(job))
    return found


def _received(sender: Sender, **changes: object) -> Parcel:
    parcel = sender.parcel(**changes)
    assert sender.send(parcel).status_code == 202
    return parcel


def _decide(running: RunningHub, parcel: Parcel) -> Submission:
    verify(running.hub.context, SubmissionId(parcel.id))
    return _stored(running, parcel)


def _stored(running: RunningHub, parcel: Parcel) -> Submission:
    with running.hub.context.database.read() as unit:
        found = unit.submissions.get(SubmissionId(parcel.id))
    assert found is not None
    return found


def _failing(fault: Exception) -> Callable[..., bytes]:
    def fail(*_: object) -> bytes:
        raise fault

    return fail


SHORTAGES: dict[str, Exception] = {
    **{
        errno.errorcode[number]: OSError(number, os.strerror(number))
        for number in (
            *(errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE),
            *(errno.ENFILE, errno.ENOMEM, errno.EAGAIN),
        )
    },
    "memory": MemoryError(),
    "sandbox": SandboxDownError("none"),
    "keys": SealingLockedError("locked"),
}


@pytest.mark.parametrize("shortage", SHORTAGES)
def test_what_the_whole_machine_lacks_is_waited_out(
    running: RunningHub, sender: Sender, monkeypatch: pytest.MonkeyPatch, shortage: str
) -> None:
    parcel = _received(sender)
    monkeypatch.setattr(BlobStore, "get", _failing(SHORTAGES[shortage]))
    for _ in range(MAX_ATTEMPTS + 2):
        with pytest.raises(type(SHORTAGES[shortage])):
            verify(running.hub.context, SubmissionId(parcel.id))
    assert running.state(parcel) == "verifying"
    with running.hub.context.database.read() as unit:
        assert unit.audits(FAILED, parcel.id) == 0


@pytest.mark.parametrize("fault", [OSError(errno.EIO, "disk"), DamagedBlobError("lost"), RuntimeError("?")])
def test_what_fails_for_one_delivery_is_tried_ten_times(
    running: RunningHub, sender: Sender, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    parcel = _received(sender)
    monkeypatch.setattr(BlobStore, "get", _failing(fault))
    for _ in range(9):
        with pytest.raises(type(fault)):
            verify(running.hub.context, SubmissionId(parcel.id))
        assert running.state(parcel) == "verifying"
    row = _decide(running, parcel)
    assert (row.state, row.problem_code, row.decided_at) == ("rejected", "internal", running.clock.now())
    with running.hub.context.database.read() as unit:
        written = unit.connection.execute(
            sa.select(models.audit_event.c.actor, models.audit_event.c.detail)
            .where(models.audit_event.c.action == FAILED, models.audit_event.c.subject == parcel.id)
            .order_by(models.audit_event.c.id)
        )
        found = [(row.actor, row.detail) for row in written]
    assert found == [("hub", {"attempt": n, "fault": type(fault).__name__}) for n in range(1, 11)]


def test_bytes_that_were_damaged_here_are_no_fault_of_the_nodes(running: RunningHub, sender: Sender) -> None:
    parcel = _received(sender)
    file = running.hub.context.blobs.path(_stored(running, parcel).payload_sha256)
    file.chmod(0o600)
    file.write_bytes(parcel.payload[:-1])
    with pytest.raises(DamagedBlobError, match="lost or damaged"):
        verify(running.hub.context, SubmissionId(parcel.id))
    assert running.state(parcel) == "verifying"
    file.write_bytes(parcel.payload)
    assert _decide(running, parcel).state is SubmissionState.ACCEPTED


def test_what_is_not_received_is_not_decided(running: RunningHub, sender: Sender) -> None:
    parcel = sender.parcel()
    assert sender.announce(parcel).status_code == 201
    assert _decide(running, parcel).state is SubmissionState.ANNOUNCED
    verify(running.hub.context, SubmissionId("0" * 64))
    with pytest.raises(RuntimeError, match="accepted"):
        cells_of(running.hub.context, _stored(running, parcel))


def test_of_two_that_decide_at_a_moment_one_decides(
    running: RunningHub, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    parcel = _received(sender)
    put = BlobStore.put

    def slow(self: BlobStore, data: bytes) -> Sha256:
        monkeypatch.setattr(BlobStore, "put", put)
        verify(running.hub.context, SubmissionId(parcel.id))
        running.revoke(sender)  # it has no part in what is decided
        return put(self, data)

    monkeypatch.setattr(BlobStore, "put", slow)
    assert _decide(running, parcel).state is SubmissionState.ACCEPTED
    with running.hub.context.database.read() as unit:
        states = [event.state for event in unit.submissions.events(SubmissionId(parcel.id))]
    assert states == ["announced", "uploading", "received", "verifying", "accepted"]


@pytest.mark.parametrize("answer", [b"", b"junk", bytes(10_000)])
def test_cells_that_a_child_makes_up_are_no_cells(
    running: RunningHub, sender: Sender, monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    parcel = _received(sender)
    monkeypatch.setattr(Sandbox, "check", lambda *_: answer)
    row = _decide(running, parcel)
    assert (row.state, row.problem_code) == ("rejected", "decode_failed")


def test_a_refusal_is_the_contents_before_it_is_the_keys(running: RunningHub, sender: Sender) -> None:
    parcel = _received(sender, payload=b"no arrow at all")
    running.revoke(sender)
    assert _decide(running, parcel).problem_code == "decode_failed"
    assert running.hub.context.incoming.submissions() == []


def test_after_a_rejection_the_upload_stays_complete(running: RunningHub, sender: Sender) -> None:
    """Whoever lost the answer and asks again learns the decision, not how the upload went."""
    parcel = _received(sender, payload=b"no arrow at all")
    assert _decide(running, parcel).state is SubmissionState.REJECTED
    assert sender.put(parcel).status_code == 204
    assert running.hub.context.incoming.submissions() == []
    assert sender.complete(parcel).get_json() == {"id": parcel.id, "state": "rejected"}
    assert sender.announce(parcel).get_json()["missing"] == []


def test_a_correction_takes_the_place_of_what_it_names(running: RunningHub, sender: Sender) -> None:
    first = _received(sender)
    _decide(running, first)
    running.clock.advance(minutes=1)
    second = _received(sender, revision=2, supersedes=first.id)
    row = _decide(running, second)
    assert (row.state, row.supersedes) == ("accepted", first.id)
    assert (_stored(running, first).state, _stored(running, first).state_since) == (
        "superseded",
        running.clock.now(),
    )
    assert_refused(sender.announce(sender.parcel(revision=2, supersedes=first.id)), "revision_conflict")


def test_what_is_in_quarantine_stays_there_when_it_comes_again(running: RunningHub, sender: Sender) -> None:
    first = _received(sender)
    row = _decide(running, first)
    with running.hub.context.database.write() as unit:
        unit.submissions.move(row, SubmissionState.QUARANTINED, at=running.clock.now())
    second = _received(sender, revision=2, supersedes=first.id)
    assert _decide(running, second).state is SubmissionState.ACCEPTED
    assert _stored(running, first).state is SubmissionState.QUARANTINED


def test_a_key_that_was_withdrawn_before_the_decision_delivers_nothing(
    running: RunningHub, sender: Sender
) -> None:
    parcel = _received(sender)
    running.revoke(sender)
    assert _decide(running, parcel).problem_code == "key_revoked"


def test_a_rejection_lets_a_closed_period_be_compiled(
    running: RunningHub, sender: Sender, jobs: list[Job]
) -> None:
    before, after = (
        _received(sender, period=period, payload=b"no arrow") for period in (Period(2025, 4), Q1)
    )
    close(running.hub.context, [Q1], datasets=["CASES"])
    jobs.clear()
    assert _decide(running, before).state is SubmissionState.REJECTED
    assert jobs == []
    assert _decide(running, after).state is SubmissionState.REJECTED
    assert jobs == [Job(JobName.COMPILE, ("CASES", "2026-Q1"))]


def test_what_is_stored_of_an_accepted_delivery(running: RunningHub, sender: Sender) -> None:
    parcel = _received(sender, withheld=[3, 4])
    running.clock.advance(minutes=1)
    row, context = _decide(running, parcel), running.hub.context
    assert (row.state, row.decided_at, row.problem_code) == ("accepted", running.clock.now(), None)
    # The first of its area: there is no other beside which anything could follow from it.
    assert row.audit is AuditVerdict.SAFE
    assert row.canonical_sha256 is not None
    assert row.bounds_sha256 is not None
    assert cells_of(context, row).to_bytes() == context.blobs.get(row.canonical_sha256)
    assert context.blobs.has(row.bounds_sha256)
    # The log says which cells they are, to whoever knows the nonce of the statement (SPEC P-101).
    (event,) = (one for one in logged(context) if one.kind == EventKind.ACCEPTED)
    assert event.out_sha256 == hidden_digest(row.canonical_sha256, salt=parcel.statement.nonce)
    running.clock.advance(minutes=1)
    assert _decide(running, _received(sender, period=Period(2025, 4))).audit is None


def test_without_an_answer_about_its_limits_a_delivery_is_accepted_and_not_yet_judged(
    running: RunningHub, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    parcel = _received(sender)
    monkeypatch.setattr(Sandbox, "limits", lambda *_: None)
    row = _decide(running, parcel)
    assert (row.state, row.bounds_sha256, row.audit) == ("accepted", None, None)
    assert row.canonical_sha256 is not None
