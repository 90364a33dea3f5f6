"""A node comes to its keys: every way in which that can go wrong, over HTTP against a real hub.

The faults are those of SPEC P-151 to P-154; a test is named for the attack or the accident.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.doors import limiter
from protocol.dsse import PAYLOAD_TYPE_SUBMISSION, Envelope, sign
from protocol.enrolment import (
    PAYLOAD_TYPE_ENROL,
    PAYLOAD_TYPE_ROTATION,
    EnrolRequest,
    open_request,
    proof,
)
from protocol.errors import KimError
from tests.factories.enrolment import APPROVER, AUDIENCE, INVITER, NODE, Office, new_keys
from tests.factories.running_hub import running_hub


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with running_hub(tmp_path, start=False) as running:
        limiter.reset()  # one for all hubs of this process
        yield Office(running)
        limiter.reset()


def _code(answer: object) -> str:
    return answer.get_json()["code"]  # type: ignore[attr-defined]


def test_invited_enrolled_compared_and_active(office: Office) -> None:
    invited, keys = office.invite(), new_keys()
    envelope = office.request(invited.token, keys)
    answer = office.post(envelope)
    assert (answer.status_code, answer.get_json()["state"]) == (201, "pending")
    office.approve(answer.get_json()["id"], keys.sign.public.fingerprint())
    # The node asks by sending the same bytes again.
    again = office.post(envelope)
    assert (again.status_code, again.get_json()["state"]) == (200, "active")
    with office.running.hub.context.database.read() as unit:
        stored = {key.keyid: key for key in unit.nodes.keys_of(NODE)}
    assert set(stored) == {keys.sign.public.keyid, keys.witness.public.keyid}
    assert all(key.not_after is not None for key in stored.values())


def test_the_token_never_travels_and_is_nowhere_at_the_hub(office: Office, tmp_path: Path) -> None:
    invited, keys = office.invite(), new_keys()
    envelope = office.request(invited.token, keys)
    office.post(envelope)
    bare = invited.token.replace("-", "")
    everything = envelope.to_bytes() + envelope.payload
    everything += b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    for text in (invited.token, bare, bare[:32]):
        assert text.encode() not in everything
    from protocol.enrolment import read_token

    assert read_token(invited.token) not in everything


def test_a_token_is_good_once(office: Office) -> None:
    invited = office.invite()
    assert office.post(office.request(invited.token, new_keys())).status_code == 201
    second = office.post(office.request(invited.token, new_keys()))
    assert (second.status_code, _code(second)) == (403, "invitation_used")
    assert "enrolment.reused" in office.actions()


def test_a_token_of_another_node_is_like_a_wrong_one(office: Office) -> None:
    office.invite("node-1", "NW05112")
    other = office.invite("node-2", "NW05113")
    wrong = office.post(office.request(other.token, new_keys(), "node-1"))
    unknown = office.post(office.request(other.token, new_keys(), "node-never-heard-of"))
    assert _code(wrong) == _code(unknown) == "invitation_invalid"
    assert wrong.get_json() == unknown.get_json()


def test_an_invitation_ends_after_three_days(office: Office) -> None:
    invited = office.invite()
    office.running.clock.advance(hours=72)
    late = office.post(office.request(invited.token, new_keys()))
    assert (late.status_code, _code(late)) == (403, "invitation_expired")


def test_a_newer_invitation_ends_the_one_before(office: Office) -> None:
    first, second = office.invite(), office.invite()
    assert _code(office.post(office.request(first.token, new_keys()))) == "invitation_expired"
    assert office.post(office.request(second.token, new_keys())).status_code == 201


def test_whoever_guesses_keeps_nobody_out_and_is_noticed(office: Office) -> None:  # SPEC P-153
    invited, guessed = office.invite(), office.invite("node-other", "NW05112").token
    answers = [office.post(office.request(guessed, new_keys())) for _ in range(20)]
    assert {(answer.status_code, _code(answer)) for answer in answers} == {(403, "invitation_invalid")}
    # Noticed, and not for as long as somebody likes: five lines of the trail, the fifth an alarm.
    assert office.actions().count("enrolment.failed") == 4
    assert office.actions().count("enrolment.guessing") == 1
    assert office.post(office.request(invited.token, new_keys())).status_code == 201


def test_guesses_count_for_the_open_invitation_only(office: Office) -> None:
    office.invite()
    guessed = office.invite("node-other", "NW05112").token
    office.running.clock.advance(hours=72)
    office.post(office.request(guessed, new_keys()))
    assert "enrolment.failed" not in office.actions()
    office.invite()
    office.post(office.request(guessed, new_keys()))
    with office.running.hub.context.database.read() as unit:
        assert [one.wrong_tokens for one in unit.enrolments.invitations(NODE)] == [1, 0]


def test_the_door_is_limited_per_address_and_counts_what_it_refused(office: Office) -> None:
    invited, guessed = office.invite(), office.invite("node-other", "NW05112").token
    keys = new_keys()
    first = office.request(invited.token, keys)
    assert [office.post(first).status_code for _ in range(70)] == [201] + [200] * 69
    wrong = office.request(guessed, new_keys())
    assert [office.post(wrong).status_code for _ in range(60)] == [403] * 60
    refused = office.post(wrong)
    assert (refused.status_code, _code(refused)) == (429, "rate_limited")
    elsewhere = office.running.client.application.test_client()
    answer = elsewhere.post(
        "/v1/enrolments",
        data=wrong.to_bytes(),
        headers={"Content-Type": PAYLOAD_TYPE_ENROL},
        environ_base={"REMOTE_ADDR": "127.0.0.2"},
    )
    assert answer.status_code == 403


def test_of_many_at_once_one_gets_in(office: Office) -> None:
    invited = office.invite()
    requests = [office.request(invited.token, new_keys()).to_bytes() for _ in range(12)]
    codes: list[int] = []
    start = threading.Barrier(len(requests))

    def enrol(body: bytes) -> None:
        client = office.running.client.application.test_client()
        start.wait()
        answer = client.post("/v1/enrolments", data=body, headers={"Content-Type": PAYLOAD_TYPE_ENROL})
        codes.append(answer.status_code)

    threads = [threading.Thread(target=enrol, args=(body,)) for body in requests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [201] + [403] * 11


def test_wrong_tokens_at_once_count_one_by_one(office: Office) -> None:
    office.invite()
    guessed = office.invite("node-other", "NW05112").token
    requests = [office.request(guessed, new_keys()).to_bytes() for _ in range(10)]

    def guess(body: bytes) -> None:
        client = office.running.client.application.test_client()
        client.post("/v1/enrolments", data=body, headers={"Content-Type": PAYLOAD_TYPE_ENROL})

    threads = [threading.Thread(target=guess, args=(body,)) for body in requests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert office.actions().count("enrolment.failed") == 4
    assert office.actions().count("enrolment.guessing") == 1


def test_what_the_hub_keeps_of_a_token_gets_a_thief_no_further_than_the_telephone(office: Office) -> None:
    invited, thief, municipality = office.invite(), new_keys(), new_keys()
    honest = open_request(office.request(invited.token, thief))
    stolen = proof(
        bytes.fromhex(invited.invitation.verifier), audience=AUDIENCE, node=NODE, keys=thief.public
    )
    forged = EnrolRequest(
        aud=honest.aud,
        node=honest.node,
        instance=honest.instance,
        keys=thief.public,
        witness_signature=honest.witness_signature,
        created=honest.created,
        nonce=honest.nonce,
        proof=stolen,
    )
    answer = office.post(sign(PAYLOAD_TYPE_ENROL, forged.to_json(), thief.sign))
    assert answer.status_code == 201
    with pytest.raises(KimError) as refusal:
        office.approve(answer.get_json()["id"], municipality.sign.public.fingerprint())
    assert refusal.value.code == "fingerprint_mismatch"
    assert "enrolment.fingerprint_mismatch" in office.actions()
    with office.running.hub.context.database.read() as unit:
        assert unit.nodes.get(NODE) is None


def test_whoever_invited_does_not_approve(office: Office) -> None:
    keys = new_keys()
    answer = office.post(office.request(office.invite().token, keys))
    spelt = f" {INVITER.upper()}  "
    refused = "second_person_required"
    for by, code in ((INVITER, refused), (spelt, refused), (APPROVER, None)):
        if code is None:
            office.approve(answer.get_json()["id"], keys.sign.public.fingerprint(), by=by)
        else:
            with pytest.raises(KimError) as refusal:
                office.approve(answer.get_json()["id"], keys.sign.public.fingerprint(), by=by)
            assert refusal.value.code == code


def test_somebody_elses_keys_cannot_be_asked_for(office: Office) -> None:
    invited, mine, theirs = office.invite(), new_keys(), new_keys()
    request = open_request(office.request(invited.token, theirs))
    # The thief signs a request that names the keys of another.
    forged = sign(PAYLOAD_TYPE_ENROL, request.to_json(), mine.sign)
    assert _code(office.post(forged)) == "signature_invalid"


def test_keys_that_are_in_use_are_not_entered_again(office: Office) -> None:
    keys = office.enrolled()
    other = office.invite("node-other", "NW05112")
    answer = office.post(office.request(other.token, keys, "node-other"))
    assert (answer.status_code, _code(answer)) == (409, "already_exists")


@pytest.mark.parametrize("byte", range(0, 900, 41))
def test_no_altered_request_is_taken(office: Office, byte: int) -> None:
    body = bytearray(office.request(office.invite().token, new_keys()).to_bytes())
    body[byte % len(body)] ^= 1
    assert office.post(bytes(body)).status_code in (400, 401, 403)


def test_a_statement_of_another_kind_is_no_request(office: Office) -> None:
    invited, keys = office.invite(), new_keys()
    request = office.request(invited.token, keys)
    for kind in (PAYLOAD_TYPE_SUBMISSION, PAYLOAD_TYPE_ROTATION):
        other = sign(kind, request.payload, keys.sign)
        assert _code(office.post(other)) == "bad_envelope"
    wrong_label = Envelope(PAYLOAD_TYPE_ENROL, request.payload, request.keyid, request.signature)
    assert office.post(wrong_label).status_code == 201


def test_a_request_for_another_hub_is_refused(office: Office) -> None:
    answer = office.post(office.request(office.invite().token, new_keys(), audience="kim-nrw/prod"))
    assert _code(answer) == "wrong_audience"
