"""The announcement: every refusal has its code, says what to do in two languages, and stores nothing."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from hub.domain.ids import Sha256, SubmissionId
from hub.domain.states import NodeStatus, SubmissionState
from hub.services.intake.announcing import announce
from hub.services.merging.publishing import close
from hub.store.files.blobs import BlobStore
from hub.store.records import Submission
from protocol import strict_json
from protocol.dsse import Envelope, sign
from protocol.errors import KimError
from protocol.keys import PrivateKey
from protocol.periods import Period
from protocol.problem_documents import MEDIA_TYPE
from protocol.problems import PROBLEMS
from tests.factories.running_hub import Parcel, RunningHub, Sender, running_hub


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningHub]:
    with running_hub(tmp_path, start=False) as running:
        yield running


@pytest.fixture
def sender(running: RunningHub) -> Sender:
    return running.sender()


def assert_refused(answer: TestResponse, code: str, *, pointer: str | None = None) -> dict:
    """Check that an answer is the refusal `code`, complete in both languages."""
    assert answer.mimetype == MEDIA_TYPE, answer.text
    document = json.loads(answer.get_data())
    assert document["code"] == code, document
    assert answer.status_code == document["status"] == PROBLEMS[code].status
    assert document["type"] == f"urn:kim:problem:{code}"
    for member in ("title", "detail", "remedy", "title_en", "detail_en", "remedy_en"):
        assert document[member], member
    assert document["retry"] == PROBLEMS[code].retry
    assert answer.headers["Kim-Hub"] == "kim-nrw/local"
    if pointer is not None:
        assert document["pointer"] == pointer
    return document


def assert_nothing_stored(running: RunningHub) -> None:
    with running.hub.context.database.read() as unit:
        rows = {
            table: unit.connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()
            for table in ("submission", "submission_event", "submission_chunk")
        }
    assert set(rows.values()) == {0}
    blobs = running.hub.settings.home / "blobs"
    assert [path for path in blobs.rglob("*") if path.is_file()] == []


def test_a_new_statement_is_announced_and_the_same_one_again(running: RunningHub, sender: Sender) -> None:
    # SPEC P-61
    parcel = sender.parcel()
    first, again = sender.announce(parcel), sender.announce(parcel)
    assert (first.status_code, again.status_code) == (201, 200)
    assert (
        first.get_json()
        == again.get_json()
        == {
            "id": parcel.id,
            "state": "announced",
            "missing": [[0, 0]],
            "chunk": 524_288,
            "problem": None,
        }
    )


STATEMENTS: dict[str, tuple[str, dict[str, object]]] = {
    "another hub": ("wrong_audience", {"aud": "kim-nrw/prod"}),
    "another node's name": ("unknown_key", {"node": "node-someone-else"}),
    "an area nobody registered": ("area_not_registered", {"area": "NW05116"}),
    "another node's area": ("area_not_registered", {"area": "NW05112"}),
    "an unknown dataset": ("schema_unknown", {"urn": "KIMNRW:CASES(2.0.0)"}),
    "another form of the table": ("schema_unknown", {"schema": "CASES/2"}),
    "other columns": ("schema_mismatch", {"schema_sha256": "0" * 64}),
    "another catalogue": ("schema_unknown", {"catalogue_sha256": "0" * 64}),
    "a period that has not ended": ("period_not_open", {"period": Period(2026, 4)}),
    "a period before the programme": ("period_not_open", {"period": Period(2019, 4)}),
    "a year": ("schema_unknown", {"period": Period(2025)}),
    "a milder threshold": ("k_anonymity", {"min_contributors": 4}),
    "a second revision without a first": ("revision_conflict", {"revision": 2, "supersedes": "0" * 64}),
}


POINTERS = {
    "k_anonymity": "/min_contributors",
    "revision_conflict": "/revision",
    "period_not_open": "/period",
}


def test_of_several_faults_the_first_is_named(running: RunningHub, sender: Sender) -> None:
    """SPEC P-22: one order, so that whoever mends one fault after the other learns something every time."""
    faults: list[tuple[str, dict[str, object]]] = [
        ("wrong_audience", {"aud": "kim-nrw/prod"}),
        ("unknown_key", {"node": "node-someone-else"}),
        ("area_not_registered", {"area": "NW05116"}),
        ("schema_mismatch", {"schema_sha256": "0" * 64}),
        ("k_anonymity", {"min_contributors": 4}),
        ("period_not_open", {"period": Period(2019, 4)}),
        ("revision_conflict", {"revision": 2, "supersedes": "0" * 64}),
    ]
    parcels = [
        sender.parcel(**{name: value for _, changes in faults[number:] for name, value in changes.items()})
        for number in range(len(faults))
    ]
    for (code, _), parcel in zip(faults, parcels, strict=True):
        assert_refused(sender.announce(parcel), code)
    # In front of all of them stands the signature.
    forged = replace(parcels[0], envelope=replace(parcels[0].envelope, signature=bytes(64)))
    assert_refused(sender.announce(forged), "signature_invalid")
    assert_nothing_stored(running)


@pytest.mark.parametrize("case", STATEMENTS)
def test_a_statement_that_cannot_be_taken(running: RunningHub, sender: Sender, case: str) -> None:
    running.sender("NW05112")
    code, changes = STATEMENTS[case]
    document = assert_refused(sender.announce(sender.parcel(**changes)), code)
    if code in POINTERS:
        assert document["pointer"] == POINTERS[code]
    assert_nothing_stored(running)


def test_a_dataset_in_a_frequency_that_nobody_delivers_is_unknown(
    running: RunningHub, sender: Sender
) -> None:
    assert_refused(sender.announce(sender.parcel("FUNDS")), "schema_unknown", pointer="/period")


def test_oversize_is_refused_before_any_byte(tmp_path: Path) -> None:
    with running_hub(tmp_path, start=False, max_payload_bytes=50_000, chunk_bytes=20_000) as running:
        sender = running.sender()
        for payload, chunk, pointer in (
            (50_001, 20_000, "/payload/size"),
            (50_000, 20_001, "/payload/chunk"),
        ):
            parcel = sender.parcel(payload=bytes(payload), chunk=chunk)
            assert_refused(sender.announce(parcel), "too_large", pointer=pointer)
        assert_nothing_stored(running)
        assert sender.announce(sender.parcel(payload=bytes(50_000), chunk=20_000)).status_code == 201


def test_an_envelope_that_somebody_brought_has_a_largest_size_too(
    running: RunningHub, sender: Sender, tmp_path: Path
) -> None:
    envelope = sender.parcel().envelope.to_bytes()
    for spare, taken in ((0, True), (-1, False)):
        limit = len(envelope) + spare
        with running_hub(tmp_path / str(spare), start=False, max_envelope_bytes=limit) as other:
            other.sender(key=sender.key)
            if taken:
                assert announce(other.hub.context, envelope, sender=None).created
                continue
            with pytest.raises(KimError) as caught:
                announce(other.hub.context, envelope, sender=None)
            assert caught.value.code == "too_large"
            assert_nothing_stored(other)


@pytest.mark.parametrize(
    ("begins", "ends", "code"),
    [(-1, 1, None), (0, 1, None), (1, 2, "key_not_yet_valid"), (-1, 0, "key_expired")],
)
def test_what_counts_is_the_moment_at_which_the_hub_receives_it(
    running: RunningHub, sender: Sender, begins: int, ends: int, code: str | None
) -> None:
    """SPEC P-155, also for what somebody brings as a file, long after it was signed."""
    context, envelope = running.hub.context, sender.parcel().envelope.to_bytes()
    now, hour = running.clock.now(), dt.timedelta(hours=1)
    with context.database.write() as unit:
        key = unit.nodes.key(sender.key.public.keyid)
        assert key is not None
        unit.nodes.replace_key(replace(key, not_before=now + begins * hour, not_after=now + ends * hour))
    if code is None:
        assert announce(context, envelope, sender=None).created
        return
    with pytest.raises(KimError) as caught:
        announce(context, envelope, sender=None)
    assert caught.value.code == code
    assert_nothing_stored(running)


def test_an_announcement_is_kept_as_it_was_signed(running: RunningHub, sender: Sender) -> None:
    parcel = sender.parcel(chunk=16_384, min_contributors=7, ext={"series_break": "Neue Software"})
    assert sender.announce(parcel).status_code == 201
    statement, now = parcel.statement, running.clock.now()
    with running.hub.context.database.read() as unit:
        found = unit.submissions.get(SubmissionId(parcel.id))
    assert found == Submission(
        id=SubmissionId(parcel.id),
        node_id=sender.node,
        keyid=sender.key.public.keyid,
        area=sender.area,
        dataset="CASES",
        period="2026-Q1",
        revision=1,
        supersedes=None,
        state=SubmissionState.ANNOUNCED,
        envelope_sha256=Sha256(hashlib.sha256(parcel.envelope.to_bytes()).hexdigest()),
        payload_sha256=Sha256(statement.payload.sha256),
        payload_size=len(parcel.payload),
        payload_rows=statement.payload.rows,
        chunk_bytes=16_384,
        min_contributors=7,
        canonical_sha256=None,
        bounds_sha256=None,
        announced_at=now,
        state_since=now,
        received_at=None,
        decided_at=None,
        problem_code=None,
        problem=None,
        series_break="Neue Software",
        validated_at=None,
    )


def test_nobody_sends_what_another_node_signed(running: RunningHub, sender: Sender) -> None:
    other = running.sender("NW05112")
    parcel = sender.parcel()
    assert_refused(other.announce(parcel), "sender_mismatch")
    assert_nothing_stored(running)
    # Not even what is known is told to another node.
    assert sender.announce(parcel).status_code == 201
    assert_refused(other.announce(parcel), "sender_mismatch")


def _meanwhile(patch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Let something happen once a statement was looked at, and before it is taken."""
    put = BlobStore.put

    def slow(self: BlobStore, data: bytes) -> Sha256:
        patch.setattr(BlobStore, "put", put)
        act()
        return put(self, data)

    patch.setattr(BlobStore, "put", slow)


def test_the_same_statement_at_the_same_moment_is_announced_once(
    running: RunningHub, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    parcel = sender.parcel()
    first: list[TestResponse] = []
    _meanwhile(monkeypatch, lambda: first.append(sender.announce(parcel)))
    second = sender.announce(parcel)
    assert (first[0].status_code, second.status_code) == (201, 200)
    assert second.get_json() == first[0].get_json()


def test_what_changed_while_a_statement_was_looked_at_is_noticed(
    running: RunningHub, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    _meanwhile(monkeypatch, lambda: sender.announce(sender.parcel()))
    assert_refused(sender.announce(sender.parcel()), "revision_conflict", pointer="/revision")
    _meanwhile(monkeypatch, lambda: close(running.hub.context, [Period(2026, 1)], datasets=["PERSONS"]))
    assert_refused(sender.announce(sender.parcel("PERSONS")), "period_closed")


def _flip(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


def _twice(parcel: Parcel) -> bytes:
    document = json.loads(parcel.envelope.to_bytes())
    document["signatures"] *= 2
    return strict_json.dumps(document)


def _other_kind(parcel: Parcel) -> bytes:
    document = json.loads(parcel.envelope.to_bytes())
    document["payloadType"] = "application/vnd.kim.withdrawal.v1+json"
    return strict_json.dumps(document)


def _other_payload(parcel: Parcel) -> bytes:
    e = parcel.envelope
    return Envelope(
        e.payload_type, e.payload.replace(b'"revision":1', b'"revision":2'), e.keyid, e.signature
    ).to_bytes()


def _bad_signature(parcel: Parcel) -> bytes:
    e = parcel.envelope
    return Envelope(e.payload_type, e.payload, e.keyid, _flip(e.signature)).to_bytes()


def _strange_key(parcel: Parcel) -> bytes:
    return sign(parcel.envelope.payload_type, parcel.envelope.payload, PrivateKey.generate()).to_bytes()


def _keyid(parcel: Parcel, keyid: str) -> bytes:
    e = parcel.envelope
    return Envelope(e.payload_type, e.payload, keyid, e.signature).to_bytes()


ENVELOPES: dict[str, tuple[str, Callable[[Parcel], bytes]]] = {
    "no JSON": ("bad_envelope", lambda parcel: b"\x00\xff"),
    "empty": ("bad_envelope", lambda parcel: b""),
    "cut off": ("bad_envelope", lambda parcel: parcel.envelope.to_bytes()[:-20]),
    "a member more": ("bad_envelope", lambda parcel: parcel.envelope.to_bytes()[:-1] + b',"x":1}'),
    "a member twice": ("bad_envelope", lambda parcel: parcel.envelope.to_bytes()[:-1] + b',"payload":""}'),
    "two signatures": ("bad_envelope", _twice),
    "another kind of statement": ("bad_envelope", _other_kind),
    "too long": ("too_large", lambda parcel: b" " * 131_073),
    "another payload under the signature": ("signature_invalid", _other_payload),
    "a flipped bit in the signature": ("signature_invalid", _bad_signature),
    "an unknown key": ("unknown_key", _strange_key),
    "an unknown key's id over a good signature": ("unknown_key", lambda parcel: _keyid(parcel, "0" * 64)),
}


@pytest.mark.parametrize("case", ENVELOPES)
def test_an_envelope_that_cannot_be_believed(running: RunningHub, sender: Sender, case: str) -> None:
    code, forge = ENVELOPES[case]
    parcel = sender.parcel()
    answer = sender.client.post(
        "/v1/submissions",
        data=forge(parcel),
        headers={"Content-Type": "application/vnd.kim.submission.v1+json"},
    )
    assert_refused(answer, code)
    assert_nothing_stored(running)


def test_no_bit_of_an_envelope_can_be_flipped(running: RunningHub, sender: Sender) -> None:
    good = sender.parcel().envelope.to_bytes()
    for place in range(0, len(good), 7):
        bad = good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :]
        answer = sender.client.post(
            "/v1/submissions",
            data=bad,
            headers={"Content-Type": "application/vnd.kim.submission.v1+json"},
        )
        assert answer.status_code in (400, 401, 403), (place, answer.text)
    assert_nothing_stored(running)


def test_a_revoked_key_looks_unknown_to_whoever_cannot_sign_with_it(
    running: RunningHub, sender: Sender
) -> None:
    parcel = sender.parcel()
    running.revoke(sender)
    headers = {"Content-Type": "application/vnd.kim.submission.v1+json"}
    post = sender.client.post
    strange = post("/v1/submissions", data=_keyid(parcel, "0" * 64), headers=headers)
    revoked = post("/v1/submissions", data=_bad_signature(parcel), headers=headers)
    assert strange.get_data() == revoked.get_data()
    assert strange.status_code == revoked.status_code == 403
    assert_refused(sender.announce(parcel), "key_revoked")
    assert_nothing_stored(running)


def test_a_suspended_node_waits(running: RunningHub, sender: Sender) -> None:
    with running.hub.context.database.write() as unit:
        unit.nodes.set_status(sender.node, NodeStatus.SUSPENDED)
    assert_refused(sender.announce(sender.parcel()), "node_suspended")
    assert_nothing_stored(running)


def test_an_unfinished_revision_has_no_rival(running: RunningHub, sender: Sender) -> None:
    first, rival = sender.parcel(), sender.parcel()
    assert sender.announce(first).status_code == 201
    document = assert_refused(sender.announce(rival), "revision_conflict", pointer="/revision")
    assert first.id in document["detail"]
    assert document["errors"] == [
        {"pointer": "/supersedes", "code": "revision_conflict", "detail": first.id, "detail_en": first.id}
    ]
    # Nor has it a successor yet.
    following = sender.parcel(revision=2, supersedes=first.id)
    assert_refused(sender.announce(following), "revision_conflict", pointer="/revision")


def test_too_many_unfinished_uploads(tmp_path: Path) -> None:
    with running_hub(tmp_path, start=False, max_open_uploads=2) as running:
        sender, other = running.sender(), running.sender("NW05112")
        for period in (Period(2026, 1), Period(2026, 2)):
            assert sender.announce(sender.parcel(period=period)).status_code == 201
        answer = sender.announce(sender.parcel(period=Period(2025, 4)))
        assert_refused(answer, "rate_limited")
        assert int(answer.headers["Retry-After"]) > 0
        assert other.announce(other.parcel()).status_code == 201


def test_a_node_cannot_fill_the_disk_with_what_is_rejected(tmp_path: Path) -> None:
    """What is rejected is kept, and its revision may be sent again: without a limit, for ever."""
    three = 3 * (1_000 + 64_000)
    with running_hub(tmp_path, start=False, node_day_bytes=three, max_envelope_bytes=64_000) as running:
        sender, other = running.sender(), running.sender("NW05112")
        for _ in range(3):
            parcel = sender.parcel(payload=bytes(1_000))
            assert sender.announce(parcel).status_code == 201
            assert sender.client.delete(f"/v1/submissions/{parcel.id}").status_code == 204
        running.clock.advance(hours=23)
        assert_refused(sender.announce(sender.parcel(payload=bytes(1_000))), "rate_limited")
        # Whatever was taken gets the same answer as ever, others are free, and the next day there is room.
        assert sender.announce(parcel).status_code == 200
        assert other.announce(other.parcel(payload=bytes(1_000))).status_code == 201
        running.clock.advance(hours=1, seconds=1)
        assert_refused(sender.announce(sender.parcel(payload=bytes(three - 63_999))), "rate_limited")
        assert sender.announce(sender.parcel(payload=bytes(three - 64_000))).status_code == 201


def test_the_language_can_be_switched(running: RunningHub, sender: Sender) -> None:
    parcel = sender.parcel(aud="kim-nrw/prod")
    german = sender.announce(parcel)
    english = sender.announce(parcel, **{"Accept-Language": "en-GB,en;q=0.9"})
    problem = PROBLEMS["wrong_audience"]
    assert german.headers["Content-Language"] == "de"
    assert json.loads(german.get_data())["title"] == problem.title.de
    assert english.headers["Content-Language"] == "en"
    assert json.loads(english.get_data())["title"] == problem.title.en
    assert json.loads(english.get_data())["remedy"] == problem.remedy.en


def test_another_media_type_is_refused(running: RunningHub, sender: Sender) -> None:  # SPEC P-70
    answer = sender.announce(sender.parcel(), **{"Content-Type": "application/json"})
    assert_refused(answer, "unsupported_media_type")
    answer = sender.announce(sender.parcel(), **{"Content-Encoding": "gzip"})
    assert_refused(answer, "unsupported_media_type", pointer="/headers/Content-Encoding")
    assert_nothing_stored(running)


def test_revisions_are_counted_for_each_area_of_a_node(running: RunningHub) -> None:
    both = running.sender("NW05334X002", "NW05334002")
    first, second = both.parcel(), both.parcel(area="NW05334002")
    assert [both.announce(parcel).status_code for parcel in (first, second)] == [201, 201]
    heads = both.client.get(f"/v1/nodes/{both.node}/heads").get_json()
    assert [(head["area"], head["revision"]) for head in heads] == [("NW05334002", 1), ("NW05334X002", 1)]
    assert_refused(both.announce(both.parcel(area="NW05334")), "area_not_registered", pointer="/area")
