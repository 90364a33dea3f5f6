"""Faults of the machine and of the program: said with a code, logged without a value, survived."""

from __future__ import annotations

import errno
import json
import logging
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery.exceptions import WorkerShutdown

from hub import logs
from hub.domain.ids import Sha256, SubmissionId
from hub.sandbox.client import Sandbox, SandboxDownError
from hub.services.intake.verification import MAX_ATTEMPTS, verify
from hub.services.merging.compiling import compile_cube
from hub.services.merging.publishing import close, publish
from hub.store.files.blobs import DamagedBlobError
from hub.wiring import Hub
from protocol.periods import Period
from protocol.problem_documents import MEDIA_TYPE
from protocol.problems import PROBLEMS, Retry
from tests.factories.patience import PATIENCE_SECONDS, assert_soon
from tests.factories.running_hub import RunningHub, running_hub
from tests.integration.test_hub_announce import assert_nothing_stored, assert_refused

SECRET = "Ayşe Yılmaz 4711"


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningHub]:
    with running_hub(tmp_path, start=False) as running:
        yield running


def test_an_unexpected_error_is_internal_and_its_message_stays_inside(
    running: RunningHub, caplog: pytest.LogCaptureFixture
) -> None:
    app = running.client.application

    def fail() -> None:
        raise ValueError(SECRET)

    app.view_functions["submissions.get_heads"] = lambda node_id: fail()
    client = running.sender().client
    with caplog.at_level(logging.INFO):
        answer = client.get("/v1/nodes/node-x/heads")
    document = assert_refused(answer, "internal")
    assert SECRET not in json.dumps(document, ensure_ascii=False)
    assert SECRET not in caplog.text
    assert "ValueError" in caplog.text
    assert "test_hub_faults.py" in caplog.text  # where it happened


def test_a_page_gets_a_page_and_a_machine_a_document(running: RunningHub) -> None:
    assert running.client.get("/gibt-es-nicht").mimetype == "text/html"
    for path in ("/v1/nothing", "/api/v1/nothing", "/healthz/nothing"):
        answer = running.client.get(path)
        assert (answer.status_code, answer.mimetype) == (404, MEDIA_TYPE), path


def test_a_full_disk_takes_nothing_and_works_again(
    running: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender = running.sender()
    parcel = sender.parcel()

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        answer = sender.announce(parcel)
        assert_refused(answer, "storage_full")
        assert answer.headers["Retry-After"]
    assert_nothing_stored(running)
    assert sender.announce(parcel).status_code == 201
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        assert_refused(sender.put(parcel), "storage_full")
    assert sender.look(parcel)["missing"] == [[0, 0]]
    assert [event["state"] for event in sender.look(parcel)["events"]] == ["announced"]
    assert sender.put(parcel).status_code == 204
    assert sender.complete(parcel).status_code == 202


def test_readiness_names_what_is_missing(running: RunningHub) -> None:
    answer = running.client.get("/readyz")
    assert (answer.status_code, answer.get_json()["failing"]) == (503, ["sandbox"])
    running.hub.context.sandbox.start()
    assert running.client.get("/readyz").get_json() == {"status": "ready", "failing": []}
    with running.hub.context.database.write() as unit:
        unit.connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    assert running.client.get("/readyz").get_json()["failing"] == ["schema"]
    assert running.client.get("/healthz").status_code == 200


def test_a_damaged_blob_is_never_decided_upon(running: RunningHub) -> None:
    running.hub.context.sandbox.start()
    sender = running.sender()
    parcel = sender.parcel()
    sender.send(parcel)
    with running.hub.context.database.read() as unit:
        row = unit.submissions.get(SubmissionId(parcel.id))
    assert row is not None
    file = running.hub.context.blobs.path(row.envelope_sha256)
    whole = file.read_bytes()
    file.chmod(0o600)
    file.write_bytes(whole[:-1])
    with pytest.raises(OSError, match="damaged"):
        verify(running.hub.context, SubmissionId(parcel.id))
    assert running.state(parcel) == "verifying"
    file.write_bytes(whole)
    verify(running.hub.context, SubmissionId(parcel.id))
    assert running.state(parcel) == "accepted"


def test_a_job_that_fails_is_done_again_and_its_message_is_not_logged(
    running: RunningHub, caplog: pytest.LogCaptureFixture
) -> None:
    sender = running.sender()
    parcel = sender.parcel()
    sender.send(parcel)
    # evidence that vanishes between completion and decision, and is restored later
    payload = running.hub.context.blobs.path(Sha256(parcel.statement.payload.sha256))
    payload.rename(payload.with_name("hidden"))
    with caplog.at_level(logging.INFO, logger="kim"):
        running.hub.start()
        running.assert_becomes(parcel, "verifying")
        assert_soon(lambda: "DamagedBlobError" in caplog.text, "a line about the failed job")
    assert str(payload) not in caplog.text
    payload.with_name("hidden").rename(payload)
    running.clock.advance(minutes=5)
    running.assert_becomes(parcel, "accepted")


def test_a_submission_that_cannot_be_decided_does_not_hold_up_publication_for_ever(
    running: RunningHub,
) -> None:
    context = running.hub.context
    context.sandbox.start()
    lost, fine = (running.sender(area) for area in ("NW05111", "NW05112"))
    parcel, other = lost.parcel(), fine.parcel()
    lost.send(parcel)
    fine.send(other)
    verify(context, SubmissionId(other.id))
    close(context, [Period(2026, 1)])
    with context.database.read() as unit:
        row = unit.submissions.get(SubmissionId(parcel.id))
    assert row is not None
    context.blobs.path(row.envelope_sha256).unlink()
    for _ in range(MAX_ATTEMPTS - 1):
        with pytest.raises(FileNotFoundError):
            verify(context, SubmissionId(parcel.id))
        compile_cube(context, "CASES", "2026-Q1")
        assert publish(context) is None
    verify(context, SubmissionId(parcel.id))
    assert lost.look(parcel)["problem"]["code"] == "internal"
    assert PROBLEMS["internal"].retry is Retry.AFTER
    assert compile_cube(context, "CASES", "2026-Q1") is not None
    assert publish(context) == 1
    # What came in time may come again: the next release has it. Nothing else is taken any more.
    again = lost.parcel()
    assert lost.send(again).status_code == 202
    verify(context, SubmissionId(again.id))
    assert compile_cube(context, "CASES", "2026-Q1") is not None
    assert publish(context) == 2
    assert_refused(lost.announce(lost.parcel(revision=2, supersedes=again.id)), "period_closed")
    assert_refused(fine.announce(fine.parcel(revision=2, supersedes=other.id)), "period_closed")
    stranger = running.sender("NW05113")
    assert_refused(stranger.announce(stranger.parcel()), "period_closed")


@pytest.mark.parametrize("fault", ["lost", "damaged"])
def test_what_was_derived_is_derived_again(running: RunningHub, fault: str) -> None:
    context = running.hub.context
    sender = running.sender()
    parcel = sender.parcel(withheld=[3, 4])
    sender.send(parcel)
    verify(context, SubmissionId(parcel.id))
    with context.database.read() as unit:
        row = unit.submissions.get(SubmissionId(parcel.id))
    assert row is not None
    files = [context.blobs.path(name) for name in (row.canonical_sha256, row.bounds_sha256)]
    whole = [file.read_bytes() for file in files]
    for file in files:
        file.unlink()
        if fault == "damaged":
            file.write_bytes(b"junk")
    close(context, [Period(2026, 1)])
    assert compile_cube(context, "CASES", "2026-Q1") is not None
    assert [file.read_bytes() for file in files] == whole


def test_what_was_derived_is_lost_with_its_evidence(running: RunningHub) -> None:
    context = running.hub.context
    sender = running.sender()
    parcel = sender.parcel()
    sender.send(parcel)
    verify(context, SubmissionId(parcel.id))
    with context.database.read() as unit:
        row = unit.submissions.get(SubmissionId(parcel.id))
    assert row is not None
    for name in (row.canonical_sha256, row.payload_sha256):
        context.blobs.path(name).unlink()
    close(context, [Period(2026, 1)])
    with pytest.raises(DamagedBlobError):
        compile_cube(context, "CASES", "2026-Q1")


def test_a_full_disk_is_waited_out(running: RunningHub, monkeypatch: pytest.MonkeyPatch) -> None:
    context = running.hub.context
    context.sandbox.start()
    sender = running.sender()
    parcel = sender.parcel()
    sender.send(parcel)

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        for _ in range(MAX_ATTEMPTS + 2):
            with pytest.raises(OSError, match="space"):
                verify(context, SubmissionId(parcel.id))
    verify(context, SubmissionId(parcel.id))
    assert running.state(parcel) == "accepted"


def _worker_thread(hub: Hub) -> threading.Thread:
    assert hub._worker is not None
    assert hub._worker._thread is not None
    return hub._worker._thread


def test_a_worker_that_ended_is_replaced(running: RunningHub) -> None:
    hub: Hub = running.hub

    def die() -> None:
        raise WorkerShutdown(0)

    hub.celery.task(name="kim.die", shared=False)(die)
    hub.start()
    sender = running.sender()
    first = _worker_thread(hub)
    hub.celery.send_task("kim.die")
    assert_soon(lambda: _worker_thread(hub) is not first, "another worker")
    assert not first.is_alive()
    parcel = sender.parcel()
    assert sender.send(parcel).status_code == 202
    running.assert_becomes(parcel, "accepted")


def test_a_sandbox_that_cannot_start_is_no_refusal(
    running: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender = running.sender()
    parcel = sender.parcel()
    sender.send(parcel)
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(SandboxDownError):
        verify(running.hub.context, SubmissionId(parcel.id))
    assert running.state(parcel) == "verifying"
    monkeypatch.undo()
    verify(running.hub.context, SubmissionId(parcel.id))
    assert running.state(parcel) == "accepted"


def test_limits_that_leave_no_room_are_noticed_at_the_start() -> None:
    """A sandbox in which nothing can work refuses to start instead of refusing every delivery."""
    sandbox = Sandbox(memory_bytes=1, cpu_seconds=20, wall_seconds=PATIENCE_SECONDS)
    try:
        with pytest.raises(SandboxDownError):
            sandbox.start()
        assert not sandbox.alive
    finally:
        sandbox.close()


def test_log_lines_are_json_without_quoting_exceptions() -> None:
    record = logging.makeLogRecord(
        {"msg": "job %s", "args": ("verify",), "levelname": "ERROR", "name": "kim"}
    )
    try:
        raise ValueError(SECRET)
    except ValueError as error:
        record.exc_info = (ValueError, error, None)
    line = logs.JsonFormatter().format(record)
    assert json.loads(line)["message"] == "job verify"
    assert json.loads(line)["exception"] == "ValueError"
    assert SECRET not in line


def test_every_code_the_hub_answers_is_in_the_catalogue() -> None:
    from hub.api import problem_responses

    assert set(problem_responses._CODES.values()) <= set(PROBLEMS)
