"""Requests to enter keys: what a token, a proof and a signature say, and that no altered one says it."""

from __future__ import annotations

import hashlib
import hmac
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import strict_json
from protocol.dsse import Envelope, parse_envelope, sign
from protocol.enrolment import (
    PAYLOAD_TYPE_ENROL,
    PAYLOAD_TYPE_ROTATION,
    NodeKeys,
    SecretKeys,
    Speaker,
    make_request,
    make_rotation,
    open_request,
    open_rotation,
    proof,
    read_token,
    verifier,
    write_token,
)
from protocol.errors import KimError
from protocol.keys import TOKEN_BYTES, KeyPurpose, PrivateKey, new_token

AUDIENCE, NODE = "kim-nrw/local", "node-7f3a9c"
TOKEN = bytes(range(TOKEN_BYTES))
TOKENS = st.binary(min_size=TOKEN_BYTES, max_size=TOKEN_BYTES)
COMMON = ["aud", "node", "sign", "witness", "nonce"]


def keys() -> SecretKeys:
    return SecretKeys(PrivateKey.generate(), PrivateKey.generate(purpose=KeyPurpose.WITNESS))


def speaker(**changes: str) -> Speaker:
    members = {
        "audience": AUDIENCE,
        "node": NODE,
        "instance": "0b3f1c5e-2a4d-4b6f-8c7e-9d0a1b2c3d4e",
        "created": "2026-10-05T10:00:00Z",
    }
    return Speaker(**{**members, **changes}, nonce=bytes(range(32)))


@given(TOKENS)
def test_a_token_is_read_as_it_was_written_whatever_hand_wrote_it(token: bytes) -> None:
    text = write_token(token)
    assert [len(group) for group in text.split("-")] == [4] * 9
    for hand in (text, text.lower(), text.replace("-", " "), f" {text}\n", text.replace("-", "")):
        assert read_token(hand) == token


@given(
    st.binary(min_size=TOKEN_BYTES, max_size=TOKEN_BYTES), st.integers(0, 43), st.sampled_from("ABXYZ2357")
)
def test_a_slip_of_the_pen_is_noticed(token: bytes, place: int, sign_: str) -> None:
    text = write_token(token)
    if text[place] in ("-", sign_):
        return
    with pytest.raises(KimError) as caught:
        read_token(text[:place] + sign_ + text[place + 1 :])
    assert (caught.value.code, "letter" in caught.value.remedy.en) == ("bad_request", True)


@pytest.mark.parametrize("text", ["", "A", "0" * 36, "ABCD-EFGH", "é" * 36, write_token(TOKEN) + "A"])
def test_what_is_no_token(text: str) -> None:
    with pytest.raises(KimError) as caught:
        read_token(text)
    assert caught.value.code == "bad_request"


def test_tokens_are_new_each_time() -> None:
    assert len({new_token() for _ in range(100)}) == 100


def test_what_a_hub_keeps_is_hkdf_and_bound_to_hub_and_node() -> None:  # SPEC P-152
    # RFC 5869 by hand: extract with a salt of zeros, one block of expand.
    info = b"kim/1 invitation\x00" + AUDIENCE.encode() + b"\x00" + NODE.encode()
    extracted = hmac.digest(bytes(32), TOKEN, "sha256")
    expected = hmac.digest(extracted, info + b"\x01", "sha256")
    kept = verifier(TOKEN, audience=AUDIENCE, node=NODE)
    assert kept == expected
    assert kept != verifier(TOKEN, audience="kim-nrw/prod", node=NODE)
    assert kept != verifier(TOKEN, audience=AUDIENCE, node="node-7f3a9d")


def test_the_proof_is_an_hmac_over_hub_node_and_both_keys() -> None:  # SPEC P-153
    asked, key = keys().public, hashlib.sha256(b"K").digest()
    said = b"kim/1 enrol-request\x00" + AUDIENCE.encode() + b"\x00" + NODE.encode() + b"\x00"
    expected = hmac.digest(key, said + asked.sign.raw + asked.witness.raw, "sha256")
    assert proof(key, audience=AUDIENCE, node=NODE, keys=asked) == expected


def test_a_request_is_opened_and_its_proof_holds_for_this_invitation_alone() -> None:
    mine = keys()
    envelope = make_request(speaker(), mine, token=TOKEN)
    request = open_request(parse_envelope(envelope.to_bytes(), payload_type=PAYLOAD_TYPE_ENROL))
    assert request.keys == mine.public
    assert request.knows(verifier(TOKEN, audience=AUDIENCE, node=NODE))
    assert not request.knows(verifier(TOKEN, audience=AUDIENCE, node="node-other"))
    assert not request.knows(bytes(32))
    assert TOKEN not in envelope.payload


def test_no_single_bit_of_a_request_can_be_changed() -> None:
    body = make_request(speaker(), keys(), token=TOKEN).to_bytes()
    kept = verifier(TOKEN, audience=AUDIENCE, node=NODE)
    accepted = []
    for place in range(len(body)):
        for bit in range(8):
            altered = bytearray(body)
            altered[place] ^= 1 << bit
            try:
                request = open_request(parse_envelope(bytes(altered), payload_type=PAYLOAD_TYPE_ENROL))
            except KimError:
                continue
            if request.knows(kept):
                accepted.append((place, bit))
    assert accepted == []


def test_a_change_of_keys_is_signed_by_the_old_and_by_both_new_keys() -> None:
    old, new = PrivateKey.generate(), keys()
    rotation = open_rotation(make_rotation(speaker(), new, old=old), old=old.public)
    assert (rotation.old, rotation.keys) == (old.public.keyid, new.public)


@pytest.mark.parametrize(
    "member", ["sign", "witness", "sign_signature", "witness_signature", "nonce", "node", "aud"]
)
def test_a_part_of_another_change_does_not_fit(member: str) -> None:
    old, new = PrivateKey.generate(), keys()
    mine = json.loads(make_rotation(speaker(), new, old=old).payload)
    foreign = speaker(node="node-other", audience="kim-nrw/prod")
    theirs = json.loads(make_rotation(foreign, keys(), old=old).payload)
    theirs["nonce"] = strict_json.encode_base64(bytes(32))
    # Re-signed by the holder of the old key: without the new keys it can name no others.
    mixed = sign(PAYLOAD_TYPE_ROTATION, strict_json.dumps({**mine, member: theirs[member]}), old)
    with pytest.raises(KimError) as caught:
        open_rotation(mixed, old=old.public)
    assert caught.value.code == "signature_invalid"


@pytest.mark.parametrize(
    "member", ["v", "aud", "node", "instance", "sign", "witness", "proof", "created", "nonce"]
)
def test_a_missing_member_is_named(member: str) -> None:
    mine = keys()
    members = json.loads(make_request(speaker(), mine, token=TOKEN).payload)
    del members[member]
    with pytest.raises(KimError) as caught:
        open_request(sign(PAYLOAD_TYPE_ENROL, strict_json.dumps(members), mine.sign))
    assert (caught.value.code, caught.value.pointer) == ("bad_envelope", f"/{member}")


@pytest.mark.parametrize(
    ("member", "value", "code"),
    [
        ("v", 2, "unsupported_version"),
        ("v", True, "bad_envelope"),
        ("node", "node-7F3A9C", "bad_envelope"),
        ("aud", "KIM-nrw/local", "bad_envelope"),
        ("created", "2026-02-30T00:00:00Z", "bad_envelope"),
        ("nonce", "AAAA", "bad_envelope"),
        ("proof", "AAAA", "bad_envelope"),
        ("sign", "00" * 32, "bad_public_key"),
        ("witness_signature", 1, "bad_envelope"),
        ("more", 1, "bad_envelope"),
    ],
)
def test_a_member_of_another_form_is_refused(member: str, value: object, code: str) -> None:
    mine = keys()
    members = json.loads(make_request(speaker(), mine, token=TOKEN).payload) | {member: value}
    with pytest.raises(KimError) as caught:
        open_request(sign(PAYLOAD_TYPE_ENROL, strict_json.dumps(members), mine.sign))
    assert caught.value.code == code


def test_one_key_for_two_purposes_is_refused() -> None:
    one = PrivateKey.generate().public
    with pytest.raises(KimError) as caught:
        NodeKeys.from_hex(one.hex, one.hex)
    assert caught.value.code == "bad_public_key"


def test_a_request_is_no_change_of_keys_and_the_other_way_round() -> None:
    mine, old = keys(), PrivateKey.generate()
    request, rotation = make_request(speaker(), mine, token=TOKEN), make_rotation(speaker(), mine, old=old)
    for envelope, kind in ((request, PAYLOAD_TYPE_ROTATION), (rotation, PAYLOAD_TYPE_ENROL)):
        with pytest.raises(KimError) as caught:
            parse_envelope(envelope.to_bytes(), payload_type=kind)
        assert caught.value.code == "bad_envelope"
    relabelled = Envelope(PAYLOAD_TYPE_ENROL, rotation.payload, rotation.keyid, rotation.signature)
    with pytest.raises(KimError):
        open_request(relabelled)
