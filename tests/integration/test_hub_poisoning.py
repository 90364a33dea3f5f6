"""Whatever is sent meanwhile, and however requests overlap: a blob has the bytes of its name."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from hub.domain.ids import Sha256, SubmissionId
from hub.services.intake.verification import MAX_ATTEMPTS, verify
from hub.store.files.blobs import BlobStore, DamagedBlobError
from hub.store.files.incoming import Incoming
from tests.factories.patience import PATIENCE_SECONDS
from tests.factories.running_hub import Parcel, RunningHub, Sender, running_hub
from tests.factories.signing import signed_client
from tests.integration.test_hub_announce import assert_refused


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningHub]:
    with running_hub(tmp_path) as running:
        yield running


def _blob(running: RunningHub, parcel: Parcel) -> bytes:
    return running.hub.context.blobs.path(Sha256(parcel.statement.payload.sha256)).read_bytes()


def _again(sender: Sender, parcel: Parcel) -> Parcel:
    """The same bytes under a new statement."""
    return sender.signed(replace(parcel.statement, nonce=b"\x07" * 32), parcel.payload)


def _junk_between(
    running: RunningHub, sender: Sender, parcel: Parcel, patch: pytest.MonkeyPatch
) -> tuple[threading.Thread, threading.Event, list[int]]:
    """Start another PUT of chunk 0 that has passed its first look and waits before it writes."""
    junk = b"j" * len(parcel.chunks[0])
    gate, entered, answers = threading.Event(), threading.Event(), []
    put = Incoming.put

    def slow(self: Incoming, submission: SubmissionId, n: int, data: bytes) -> None:
        if data == junk:
            entered.set()
            assert gate.wait(PATIENCE_SECONDS)
        put(self, submission, n, data)

    patch.setattr(Incoming, "put", slow)

    def send() -> None:
        client = signed_client(running.client.application, sender.key)
        answer = client.put(f"/v1/submissions/{parcel.id}/chunks/0", data=junk)
        answers.append(answer.status_code)

    thread = threading.Thread(target=send)
    thread.start()
    assert entered.wait(PATIENCE_SECONDS)
    return thread, gate, answers


@pytest.mark.parametrize("moment", ["before completing", "while assembling", "before the rename"])
def test_a_chunk_replaced_under_an_upload_changes_nothing(
    running: RunningHub, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    sender = running.sender()
    parcel = sender.parcel(chunk=16 * 1024)
    assert len(parcel.chunks) > 1
    assert sender.announce(parcel).status_code == 201
    thread, gate, answers = _junk_between(running, sender, parcel, monkeypatch)
    for n in range(len(parcel.chunks)):
        assert sender.put(parcel, n).status_code == 204

    def strike() -> None:
        gate.set()
        thread.join()

    if moment == "before completing":
        strike()
    parts, chmod = Incoming.parts, Path.chmod

    def striking_parts(
        self: Incoming, submission: SubmissionId, chunks: Mapping[int, str]
    ) -> Iterator[bytes]:
        found = parts(self, submission, chunks)
        yield next(found)
        strike()
        yield from found

    def striking_chmod(self: Path, mode: int) -> None:
        strike()  # the digest is computed, the blob not yet in place
        chmod(self, mode)

    if moment == "while assembling":
        monkeypatch.setattr(Incoming, "parts", striking_parts)
    if moment == "before the rename":
        monkeypatch.setattr(Path, "chmod", striking_chmod)
    assert sender.complete(parcel).status_code == 202
    assert answers == [409]
    assert _blob(running, parcel) == parcel.payload
    assert sender.deliver(parcel)["state"] == "accepted"


def test_other_bytes_cannot_occupy_the_only_chunk(running: RunningHub) -> None:
    sender = running.sender()
    parcel = sender.parcel()
    assert len(parcel.chunks) == 1
    sender.announce(parcel)
    assert_refused(sender.put(parcel, 0, b"j" * len(parcel.payload)), "digest_mismatch")
    assert sender.put(parcel).status_code == 204
    assert sender.complete(parcel).status_code == 202
    assert sender.deliver(parcel)["state"] == "accepted"


@pytest.mark.parametrize("chunk", [16 * 1024, 1024 * 1024])
def test_a_poisoned_blob_is_replaced_by_the_next_delivery_of_its_bytes(
    running: RunningHub, chunk: int
) -> None:
    """As a release before this one, or a bad disk, may have left it."""
    sender = running.sender()
    parcel = sender.parcel(chunk=chunk)
    blob = running.hub.context.blobs.path(Sha256(parcel.statement.payload.sha256))
    blob.write_bytes(b"j" * len(parcel.payload))
    assert sender.deliver(parcel)["state"] == "accepted"
    assert _blob(running, parcel) == parcel.payload


def test_a_blob_damaged_between_completion_and_decision_is_no_fault_of_the_node(tmp_path: Path) -> None:
    with running_hub(tmp_path, start=False) as running:
        sender = running.sender()
        parcel = sender.parcel()
        sender.send(parcel)
        blob = running.hub.context.blobs.path(Sha256(parcel.statement.payload.sha256))
        blob.chmod(0o600)
        blob.write_bytes(b"j" * len(parcel.payload))
        running.hub.context.sandbox.start()
        for _ in range(MAX_ATTEMPTS - 1):
            with pytest.raises(DamagedBlobError):
                verify(running.hub.context, SubmissionId(parcel.id))
        verify(running.hub.context, SubmissionId(parcel.id))
        status = sender.look(parcel)
        assert (status["state"], status["problem"]["code"]) == ("rejected", "internal")
        again = _again(sender, parcel)
        assert sender.send(again).status_code == 202
        verify(running.hub.context, SubmissionId(again.id))
        assert running.state(again) == "accepted"
        assert hashlib.sha256(_blob(running, parcel)).hexdigest() == parcel.statement.payload.sha256


@pytest.mark.parametrize("chunk", [16 * 1024, 1024 * 1024])
def test_completing_at_the_same_moment_is_one_completion(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    requests = 6
    barrier = threading.Barrier(requests)
    intact = BlobStore.intact

    def together(self: BlobStore, name: Sha256) -> bool:
        answer = intact(self, name)
        if not local.met:
            local.met = True
            barrier.wait(PATIENCE_SECONDS)
        return answer

    class Local(threading.local):
        met = False

    with running_hub(tmp_path, start=False) as running:
        for area in ("NW05111", "NW05112", "NW05113", "NW05116"):
            local = Local()
            sender = running.sender(area)
            parcel = sender.parcel(chunk=chunk)
            sender.announce(parcel)
            for n in range(len(parcel.chunks)):
                sender.put(parcel, n)
            blob = running.hub.context.blobs.path(Sha256(parcel.statement.payload.sha256))
            answers: list[int] = []

            def complete(path: str, answers: list[int], sender: Sender = sender) -> None:
                client = signed_client(running.client.application, sender.key)
                answers.append(client.post(path).status_code)

            with monkeypatch.context() as patch:
                patch.setattr(BlobStore, "intact", together)
                path = f"/v1/submissions/{parcel.id}/complete"
                threads = [threading.Thread(target=complete, args=(path, answers)) for _ in range(requests)]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
            assert answers == [202] * requests
            assert blob.read_bytes() == parcel.payload
            states = [event["state"] for event in sender.look(parcel)["events"]]
            assert states == ["announced", "uploading", "received"]
