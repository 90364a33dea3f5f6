"""Chunks and completion: any order, any number of times, never half; and the hub's decision afterwards."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator, Mapping
from itertools import permutations
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from hub import failpoints
from hub.domain.ids import Sha256, SubmissionId
from hub.domain.jobs import Job, JobName
from hub.domain.states import NodeStatus, SubmissionState
from hub.services.intake.uploading import complete
from hub.services.intake.verification import verify
from hub.services.merging.publishing import close
from hub.services.operation.sweeping import expire_uploads, find_undecided
from hub.store.files.incoming import Incoming
from protocol.errors import KimError
from protocol.periods import Period
from protocol.request_signatures import content_digest
from tests.factories.running_hub import Parcel, RunningHub, Sender, running_hub
from tests.integration.test_hub_announce import assert_refused

Q1 = Period(2026, 1)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningHub]:
    """A hub whose jobs nobody takes."""
    with running_hub(tmp_path, start=False) as running:
        yield running


@pytest.fixture
def sender(running: RunningHub) -> Sender:
    return running.sender()


@pytest.fixture(scope="module")
def working(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    """A hub that decides; each test takes an area of its own."""
    with running_hub(tmp_path_factory.mktemp("hub")) as running:
        yield running


def _small(sender: Sender, **changes: object) -> Parcel:
    """A parcel of three chunks; its bytes are no Arrow, which nobody looks at before completion."""
    payload = bytes(range(256)) * 10
    return sender.parcel(payload=payload, chunk=1024, **changes)


def _announced(sender: Sender, parcel: Parcel) -> Parcel:
    assert sender.announce(parcel).status_code == 201
    return parcel


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_chunks_come_in_any_order_and_again(sender: Sender, order: tuple[int, ...]) -> None:  # SPEC P-63
    parcel = _announced(sender, _small(sender))
    for n in (*order, *order):
        assert sender.put(parcel, n).status_code == 204
    answer = sender.complete(parcel)
    assert (answer.status_code, answer.get_json()) == (202, {"id": parcel.id, "state": "received"})


def test_what_is_missing_is_said(running: RunningHub, sender: Sender) -> None:  # SPEC P-65
    parcel = _announced(sender, _small(sender))
    sender.put(parcel, 1)
    assert sender.look(parcel)["missing"] == [[0, 0], [2, 2]]
    assert sender.announce(parcel).get_json()["missing"] == [[0, 0], [2, 2]]
    document = assert_refused(sender.complete(parcel), "incomplete_upload")
    assert [item["pointer"] for item in document["errors"]] == ["/chunks/0-0", "/chunks/2-2"]
    assert running.state(parcel) == "uploading"


def test_of_many_gaps_the_first_twenty_are_said(running: RunningHub, sender: Sender) -> None:
    parcel = _announced(sender, sender.parcel(payload=bytes(43 * 1024), chunk=1024))
    for n in range(1, 43, 2):
        assert sender.put(parcel, n).status_code == 204
    document = assert_refused(sender.complete(parcel), "incomplete_upload")
    assert [item["pointer"] for item in document["errors"]] == [f"/chunks/{n}-{n}" for n in range(0, 40, 2)]
    assert {item["code"] for item in document["errors"]} == {"incomplete_upload"}
    assert document["detail"] == document["errors"][0]["detail"]


def test_other_bytes_for_a_chunk_are_a_conflict(sender: Sender) -> None:
    parcel = _announced(sender, _small(sender))
    sender.put(parcel, 0)
    assert_refused(sender.put(parcel, 0, b"\x01" + parcel.chunks[0][1:]), "chunk_conflict")
    sender.put(parcel, 1)
    sender.put(parcel, 2)
    assert sender.complete(parcel).status_code == 202


def test_a_chunk_that_lost_bytes_on_the_way(running: RunningHub, sender: Sender) -> None:
    parcel = _announced(sender, _small(sender))
    whole = content_digest(parcel.chunks[0])
    assert_refused(
        sender.put(parcel, 0, parcel.chunks[0][:-1], **{"Content-Digest": whole}), "request_signature_invalid"
    )
    assert_refused(sender.put(parcel, 0, parcel.chunks[0][:-1]), "digest_mismatch")
    assert_refused(sender.put(parcel, 2, parcel.chunks[2] + b"x"), "digest_mismatch")
    assert running.state(parcel) == "announced"
    assert running.hub.context.incoming.submissions() == []


def test_the_only_chunk_is_the_whole_and_its_bytes_are_those_signed(sender: Sender) -> None:
    parcel = _announced(sender, sender.parcel(payload=bytes(1000)))
    assert_refused(sender.put(parcel, 0, b"x" * 1000), "digest_mismatch")
    assert sender.look(parcel)["missing"] == [[0, 0]]
    assert sender.put(parcel).status_code == 204


def _assert_not_there(answer: TestResponse) -> None:
    """A path with two spellings is not the one that was signed, or names nothing: it never finds anything."""
    assert answer.get_json(force=True)["code"] in {"not_found", "request_signature_invalid"}, answer.text
    assert answer.status_code in {401, 404}


@pytest.mark.parametrize("n", ["3", "999999", "-1", "9" * 30, "0x1", "٣", "1.0", "%2e%2e"])
def test_a_chunk_outside_the_plan_is_not_found(sender: Sender, n: str) -> None:
    parcel = _announced(sender, _small(sender))
    _assert_not_there(sender.client.put(f"/v1/submissions/{parcel.id}/chunks/{n}", data=b"x"))


def test_a_chunk_that_is_too_large(running: RunningHub, sender: Sender) -> None:
    parcel = _announced(sender, _small(sender))
    assert_refused(sender.put(parcel, 0, bytes(1025)), "too_large")
    assert_refused(sender.put(parcel, 0, bytes(1_048_577)), "too_large")
    assert_refused(sender.put(parcel, 0, bytes(3_000_000)), "too_large")


@pytest.mark.parametrize("identity", ["0" * 64, "..%2f..%2fetc%2fpasswd", "A" * 64, "a" * 63, "%00" * 20])
def test_an_id_nobody_announced_is_not_found(sender: Sender, identity: str) -> None:
    client = sender.client
    _assert_not_there(client.get(f"/v1/submissions/{identity}"))
    _assert_not_there(client.post(f"/v1/submissions/{identity}/complete"))
    _assert_not_there(client.put(f"/v1/submissions/{identity}/chunks/0", data=b"x"))


def test_bytes_that_are_not_the_signed_ones_can_be_sent_again(running: RunningHub, sender: Sender) -> None:
    parcel = _announced(sender, _small(sender))
    for n in range(3):
        wrong = bytes(len(parcel.chunks[n]))
        assert sender.put(parcel, n, wrong).status_code == 204
    assert_refused(sender.complete(parcel), "digest_mismatch")
    assert running.state(parcel) == "uploading"
    assert sender.look(parcel)["missing"] == [[0, 2]]
    assert not running.hub.context.blobs.has(Sha256(hashlib.sha256(bytes(len(parcel.payload))).hexdigest()))
    for n in range(3):
        assert sender.put(parcel, n).status_code == 204
    assert sender.complete(parcel).status_code == 202


def test_a_chunk_file_that_vanished_is_asked_for_again(running: RunningHub, sender: Sender) -> None:
    parcel = _announced(sender, _small(sender))
    for n in range(3):
        sender.put(parcel, n)
    digest = hashlib.sha256(parcel.chunks[1]).hexdigest()
    running.hub.context.incoming.path(SubmissionId(parcel.id), 1, sha256=digest).unlink()
    assert_refused(sender.complete(parcel), "digest_mismatch")
    for n in range(3):
        sender.put(parcel, n)
    assert sender.complete(parcel).status_code == 202


def _while_a_chunk_is_written(patch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    put = Incoming.put

    def slow(self: Incoming, submission: SubmissionId, n: int, data: bytes) -> None:
        patch.setattr(Incoming, "put", put)
        act()
        put(self, submission, n, data)

    patch.setattr(Incoming, "put", slow)


def test_a_chunk_that_is_sent_twice_at_a_moment_is_in_once(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    parcel = _announced(sender, _small(sender))
    _while_a_chunk_is_written(monkeypatch, lambda: sender.put(parcel, 0))
    assert sender.put(parcel, 0).status_code == 204
    assert sender.look(parcel)["missing"] == [[1, 2]]
    assert [event["state"] for event in sender.look(parcel)["events"]] == ["announced", "uploading"]


def test_an_upload_that_ends_while_a_chunk_is_written_takes_it_no_more(
    running: RunningHub, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    parcel = _announced(sender, _small(sender))
    _while_a_chunk_is_written(monkeypatch, lambda: sender.client.delete(f"/v1/submissions/{parcel.id}"))
    assert_refused(sender.put(parcel, 0), "upload_cancelled")
    with running.hub.context.database.read() as unit:
        upload = unit.uploads.get(SubmissionId(parcel.id))
    assert upload is not None
    assert upload.chunks == {}


def test_a_chunk_whose_folder_goes_while_it_is_written_is_to_be_sent_again(
    running: RunningHub, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    parcel = _announced(sender, _small(sender))
    folder = running.hub.settings.home / "incoming" / parcel.id

    def passing(place: str) -> None:
        if place == "chunk.rename":
            shutil.rmtree(folder)

    with monkeypatch.context() as patch:
        patch.setattr(failpoints, "passing", passing)
        assert_refused(sender.put(parcel, 0), "busy")
    assert sender.look(parcel)["missing"] == [[0, 2]]
    assert sender.put(parcel, 0).status_code == 204


def _while_it_is_assembled(patch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    parts = Incoming.parts

    def slow(self: Incoming, submission: SubmissionId, chunks: Mapping[int, str]) -> Iterator[bytes]:
        patch.setattr(Incoming, "parts", parts)
        found = list(parts(self, submission, chunks))
        act()
        yield from found

    patch.setattr(Incoming, "parts", slow)


def _with_wrong_bytes(sender: Sender) -> Parcel:
    parcel = _announced(sender, _small(sender))
    for n in range(3):
        assert sender.put(parcel, n, bytes(len(parcel.chunks[n]))).status_code == 204
    return parcel


def test_chunks_that_were_sent_again_meanwhile_are_not_dropped(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    parcel = _with_wrong_bytes(sender)

    def mend() -> None:
        assert_refused(sender.complete(parcel), "digest_mismatch")
        for n in range(3):
            assert sender.put(parcel, n).status_code == 204

    _while_it_is_assembled(monkeypatch, mend)
    assert_refused(sender.complete(parcel), "digest_mismatch")
    assert sender.look(parcel)["missing"] == []
    assert sender.complete(parcel).status_code == 202


def test_an_upload_that_is_taken_back_while_it_is_assembled_is_no_longer_one(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    parcel = _with_wrong_bytes(sender)
    _while_it_is_assembled(monkeypatch, lambda: sender.client.delete(f"/v1/submissions/{parcel.id}"))
    assert_refused(sender.complete(parcel), "upload_cancelled")


def test_a_refusal_of_a_later_release_of_the_hub_is_told_as_a_fault(
    running: RunningHub, sender: Sender
) -> None:
    parcel = _announced(sender, _small(sender))
    assert sender.client.delete(f"/v1/submissions/{parcel.id}").status_code == 204
    with running.hub.context.database.write() as unit:
        unit.connection.exec_driver_sql("UPDATE submission SET problem_code = 'of_tomorrow'")
    with pytest.raises(KimError) as caught:
        complete(running.hub.context, SubmissionId(parcel.id), node_id=sender.node)
    assert caught.value.code == "internal"


def test_completion_is_idempotent_and_keeps_the_bytes(running: RunningHub, sender: Sender) -> None:
    # SPEC P-01, P-64
    parcel = _announced(sender, _small(sender))
    for n in range(3):
        sender.put(parcel, n)
    answers = [sender.complete(parcel) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {202}
    context = running.hub.context
    assert context.blobs.get(Sha256(hashlib.sha256(parcel.payload).hexdigest())) == parcel.payload
    assert context.blobs.get(Sha256(hashlib.sha256(parcel.envelope.to_bytes()).hexdigest()))
    assert [event["state"] for event in sender.look(parcel)["events"]] == [
        "announced",
        "uploading",
        "received",
    ]
    # a chunk that comes late is a no-op, other bytes are a conflict
    assert sender.put(parcel, 0).status_code == 204
    assert_refused(sender.put(parcel, 0, bytes(1024)), "chunk_conflict")


def test_verification_is_asked_for_only_after_the_commit(running: RunningHub, sender: Sender) -> None:
    parcel = _announced(sender, _small(sender))
    for n in range(3):
        sender.put(parcel, n)
    assert find_undecided(running.hub.context, patience_seconds=None) == []
    sender.complete(parcel)
    assert find_undecided(running.hub.context, patience_seconds=None) == [Job(JobName.VERIFY, (parcel.id,))]


def test_what_is_stored_whole_needs_no_chunks_any_more(running: RunningHub, sender: Sender) -> None:
    parcel = _announced(sender, _small(sender))
    for n in range(3):
        sender.put(parcel, n)
    running.hub.context.blobs.put(parcel.payload)  # the hub ended when it had put them together
    shutil.rmtree(running.hub.settings.home / "incoming" / parcel.id)
    assert sender.complete(parcel).get_json()["state"] == "received"


def test_a_fault_behind_the_decision_takes_nothing_back(running: RunningHub, sender: Sender) -> None:
    parcel = _announced(sender, _small(sender))
    for n in range(3):
        sender.put(parcel, n)
    failpoints.arm("upload.clear:eio:1")
    try:
        assert sender.complete(parcel).status_code == 500
    finally:
        failpoints.arm(None)
    assert sender.look(parcel)["state"] == "received"
    assert sender.complete(parcel).get_json()["state"] == "received"


def test_a_period_closed_meanwhile_ends_the_upload(running: RunningHub, sender: Sender) -> None:
    parcel = _announced(sender, _small(sender))
    for n in range(3):
        sender.put(parcel, n)
    close(running.hub.context, [Q1], datasets=["CASES"])
    for _ in range(2):
        assert_refused(sender.complete(parcel), "period_closed")
    assert sender.look(parcel)["state"] == "rejected"
    assert sender.look(parcel)["problem"]["code"] == "period_closed"
    assert_refused(sender.announce(sender.parcel()), "period_closed")
    assert sender.announce(sender.parcel("PERSONS")).status_code == 201


def test_a_key_revoked_meanwhile_ends_the_upload(running: RunningHub, sender: Sender) -> None:
    parcel = _announced(sender, _small(sender))
    for n in range(3):
        sender.put(parcel, n)
    running.revoke(sender)
    # Who holds the key learns it at once; the upload itself ends when its time is up.
    assert_refused(sender.complete(parcel), "key_revoked")


def test_a_suspended_node_cannot_complete(running: RunningHub, sender: Sender) -> None:
    parcel = _announced(sender, _small(sender))
    for n in range(3):
        sender.put(parcel, n)
    with running.hub.context.database.write() as unit:
        unit.nodes.set_status(sender.node, NodeStatus.SUSPENDED)
    assert_refused(sender.complete(parcel), "node_suspended")


@pytest.mark.parametrize("code", ["key_revoked", "node_suspended"])
def test_what_is_brought_as_a_file_is_asked_once_more_when_it_is_complete(
    running: RunningHub, sender: Sender, code: str
) -> None:
    """Nobody has signed a request then, with a key that would have been asked for."""
    parcel = _announced(sender, _small(sender))
    for n in range(3):
        sender.put(parcel, n)
    context, identity = running.hub.context, SubmissionId(parcel.id)
    if code == "key_revoked":
        running.revoke(sender)
    else:
        with context.database.write() as unit:
            unit.nodes.set_status(sender.node, NodeStatus.SUSPENDED)
    for _ in range(2):
        with pytest.raises(KimError) as caught:
            complete(context, identity, node_id=sender.node)
        assert caught.value.code == code
    with context.database.read() as unit:
        row = unit.submissions.get(identity)
    assert row is not None
    assert (row.state, row.problem_code, row.decided_at) == ("rejected", code, context.clock.now())
    assert row.problem["instance"] == f"/v1/submissions/{parcel.id}"
    assert context.incoming.submissions() == []
    assert find_undecided(context, patience_seconds=None) == []


def test_a_period_that_the_hub_has_given_up_meanwhile_ends_the_upload(tmp_path: Path) -> None:
    with running_hub(tmp_path, start=False) as running:
        sender = running.sender()
        parcel = _announced(sender, _small(sender))
        for n in range(3):
            sender.put(parcel, n)
    with running_hub(tmp_path, start=False, first_period="2026-Q2") as running:
        with pytest.raises(KimError) as caught:
            complete(running.hub.context, SubmissionId(parcel.id), node_id=sender.node)
        assert caught.value.code == "period_not_open"
        assert running.state(parcel) == "rejected"


def test_completion_returns_what_is_stored(running: RunningHub, sender: Sender) -> None:
    parcel = _announced(sender, _small(sender))
    for n in range(3):
        sender.put(parcel, n)
    context, identity = running.hub.context, SubmissionId(parcel.id)
    running.clock.advance(minutes=1)
    found = [complete(context, identity, node_id=sender.node) for _ in range(2)]
    with context.database.read() as unit:
        assert found == [unit.submissions.get(identity)] * 2
    assert found[0].received_at == running.clock.now()
    with pytest.raises(KimError) as caught:
        complete(context, identity, node_id="node-someone-else")
    assert caught.value.code == "not_found"


def test_an_upload_that_is_never_finished_expires(running: RunningHub, sender: Sender) -> None:
    parcel = _announced(sender, _small(sender))
    running.clock.advance(days=12)
    sender.put(parcel, 0)  # a chunk does not prolong it
    running.clock.advance(days=1)
    assert expire_uploads(running.hub.context) == 0
    running.clock.advance(days=2)
    assert expire_uploads(running.hub.context) == 1
    assert running.hub.context.incoming.submissions() == []
    assert_refused(sender.put(parcel, 1), "upload_expired")
    assert_refused(sender.complete(parcel), "upload_expired")
    assert sender.announce(sender.parcel()).status_code == 201


# ---------------------------------------------------------------------------------------- decisions


def test_a_delivery_is_accepted_and_a_replay_changes_nothing(working: RunningHub) -> None:
    sender = working.sender("NW05113")
    parcel = sender.parcel(withheld=[3, 4])
    status = sender.deliver(parcel)
    assert status["state"] == "accepted"
    assert [event["state"] for event in status["events"]] == [
        "announced",
        "uploading",
        "received",
        "verifying",
        "accepted",
    ]
    for _ in range(3):
        again = sender.announce(parcel)
        assert (again.status_code, again.get_json()["state"]) == (200, "accepted")
        assert again.get_json()["missing"] == []
        assert sender.put(parcel).status_code == 204
        assert sender.complete(parcel).get_json()["state"] == "accepted"
    assert sender.look(parcel) == status


def test_a_correction_supersedes_and_the_old_statement_stays_old(working: RunningHub) -> None:
    sender = working.sender("NW05114")
    first = sender.parcel()
    sender.deliver(first)
    assert_refused(sender.announce(sender.parcel()), "revision_conflict")
    assert_refused(sender.announce(sender.parcel(revision=3, supersedes=first.id)), "revision_conflict")
    assert_refused(sender.announce(sender.parcel(revision=2, supersedes="0" * 64)), "revision_conflict")
    second = sender.parcel(revision=2, supersedes=first.id, withheld=[5])
    assert sender.deliver(second)["state"] == "accepted"
    assert sender.look(first)["state"] == "superseded"
    # the replay of revision 1 after revision 2: its old state, nothing changes
    assert sender.announce(first).get_json()["state"] == "superseded"
    heads = sender.client.get(f"/v1/nodes/{sender.node}/heads").get_json()
    assert heads == [
        {
            "area": "NW05114",
            "dataset": "CASES",
            "period": "2026-Q1",
            "revision": 2,
            "id": second.id,
            "state": "accepted",
            "confirm": [],
        }
    ]


def test_heads_of_another_node_are_not_found(working: RunningHub) -> None:  # SPEC P-67
    sender, other = working.sender("NW05315"), working.sender("NW05316")
    assert sender.client.get(f"/v1/nodes/{sender.node}/heads").get_json() == []
    assert_refused(sender.client.get(f"/v1/nodes/{other.node}/heads"), "not_found")
    assert_refused(sender.client.get("/v1/nodes/node-nobody/heads"), "not_found")
    _assert_not_there(sender.client.get("/v1/nodes/'%20OR%201=1--/heads"))


def test_a_rejected_correction_leaves_the_head(working: RunningHub) -> None:
    sender = working.sender("NW05116")
    first = sender.parcel()
    sender.deliver(first)
    bad = sender.parcel(payload=b"no arrow at all", revision=2, supersedes=first.id)
    status = sender.deliver(bad)
    assert (status["state"], status["problem"]["code"]) == ("rejected", "decode_failed")
    assert sender.look(first)["state"] == "accepted"
    assert sender.deliver(sender.parcel(revision=2, supersedes=first.id))["state"] == "accepted"


def test_a_small_count_is_refused_by_place_and_never_by_value(working: RunningHub) -> None:
    sender = working.sender("NW05117")
    context = working.hub.context
    values = _with_small_count()
    parcel = sender.parcel("PERSONS", values=values)
    status = sender.deliver(parcel)
    assert status["state"] == "rejected"
    assert status["problem"]["code"] in ("k_anonymity", "value_rule")
    assert status["problem"]["pointer"].startswith("/rows/")
    # the evidence is kept, nothing of it counts
    assert context.blobs.has(Sha256(parcel.statement.payload.sha256))
    with context.database.read() as unit:
        row = unit.submissions.get(SubmissionId(parcel.id))
        assert row is not None
        assert row.canonical_sha256 is None
    assert sender.deliver(sender.parcel("PERSONS"))["state"] == "accepted"


def _with_small_count() -> list[int]:
    from protocol.catalogue_file import load_catalogue
    from protocol.grid import grid_of
    from tests.factories.submissions import consistent_values

    values = consistent_values(grid_of(load_catalogue(), "PERSONS")).tolist()
    values[7] = 3
    return values


def test_a_key_revoked_before_the_decision_is_noticed(running: RunningHub, sender: Sender) -> None:
    parcel = sender.parcel()
    sender.send(parcel)
    running.revoke(sender)
    running.hub.context.sandbox.start()
    verify(running.hub.context, SubmissionId(parcel.id))
    with running.hub.context.database.read() as unit:
        decided = unit.submissions.get(SubmissionId(parcel.id))
    assert (decided.state, decided.problem_code) == (SubmissionState.REJECTED, "key_revoked")
    # Whoever has only this key left learns nothing more.
    assert sender.client.get(f"/v1/submissions/{parcel.id}").status_code == 403


def test_deciding_twice_decides_once(running: RunningHub, sender: Sender) -> None:
    parcel = sender.parcel()
    sender.send(parcel)
    running.hub.context.sandbox.start()
    for _ in range(3):
        verify(running.hub.context, SubmissionId(parcel.id))
    assert [event["state"] for event in sender.look(parcel)["events"]][-2:] == ["verifying", "accepted"]
    assert running.hub.context.incoming.submissions() == []
