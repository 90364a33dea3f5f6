"""Sealed payloads open for one key, one purpose and one statement, and for nothing else (P-130 to P-134)."""

from __future__ import annotations

import hashlib
import json
import pickle
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.errors import KimError
from protocol.keys import new_nonce
from protocol.sealing import (
    SealingSecret,
    open_payload,
    purpose_of,
    purpose_of_statement,
    salted,
    seal,
    sealed_info,
)
from protocol.statement import (
    SALT_BYTES,
    SEALING_OVERHEAD_BYTES,
    SealedInfo,
    SubmissionStatement,
    parse_statement,
)
from protocol.trust.hub_keys import SEALING_KEY_BYTES, SUITE
from tests.factories.submissions import submission

SECRET, OTHER = SealingSecret.generate(), SealingSecret.generate()
_, OPEN = submission("CASES")
TABLE = b"no table, but nobody looks inside here"


def sealed_statement(**changes: object) -> tuple[SubmissionStatement, bytes]:
    content = salted(TABLE, new_nonce())
    payload = replace(OPEN.payload, size=len(content), sha256=hashlib.sha256(content).hexdigest())
    sent = seal(content, public_key=SECRET.public_key, info=purpose_of_statement(OPEN))
    info = replace(sealed_info(sent, public_key=SECRET.public_key), **changes)
    return replace(OPEN, payload=payload, sealed=info), sent


def code(work: object, *arguments: object, **named: object) -> tuple[str, str | None]:
    with pytest.raises(KimError) as caught:
        work(*arguments, **named)  # type: ignore[operator]
    return caught.value.code, caught.value.pointer


def test_sealed_and_opened() -> None:
    statement, sent = sealed_statement()
    opened = open_payload(sent, statement, SECRET)
    assert opened[SALT_BYTES:] == TABLE
    assert hashlib.sha256(opened).hexdigest() == statement.payload.sha256
    assert len(sent) == len(TABLE) + SALT_BYTES + SEALING_OVERHEAD_BYTES
    assert TABLE not in sent
    # The same table is other bytes every time, outside and inside.
    again, sent_again = sealed_statement()
    assert (again.payload.sha256, sent_again) != (statement.payload.sha256, sent)


def test_the_purpose_is_spelt_as_agreed() -> None:
    """P-132, by hand."""
    assert purpose_of(
        audience="hub.example/kim-prod",
        node="node-7f3a",
        dataset="KIMNRW:CASES(1.0.0)",
        period="2026-Q3",
        revision=3,
    ) == (b"kim/1 payload\x00hub.example/kim-prod\x00node-7f3a\x00KIMNRW:CASES(1.0.0)\x002026-Q3\x003")


@pytest.mark.parametrize(
    "change",
    [
        {"aud": "kim-nrw/other"},
        {"node": "node-other"},
        {"dataset": "KIMNRW:PERSONS(1.0.0)"},
        {"period": "2026-Q2"},
        {"revision": 2, "supersedes": "0" * 64},
    ],
)
def test_put_behind_another_statement_it_does_not_open(change: dict[str, object]) -> None:
    statement, sent = sealed_statement()
    assert code(open_payload, sent, replace(statement, **change), SECRET)[0] == "sealed_unreadable"


def test_another_key_does_not_open_it() -> None:
    statement, sent = sealed_statement()
    assert code(open_payload, sent, statement, OTHER)[0] == "sealed_unreadable"
    # Nor if the statement lies about which key it was.
    lying, _ = sealed_statement(kid=OTHER.kid, size=len(sent), sha256=hashlib.sha256(sent).hexdigest())
    assert code(open_payload, sent, lying, OTHER)[0] == "sealed_unreadable"


def test_what_was_sealed_with_another_suite_does_not_open() -> None:
    statement, _ = sealed_statement()
    x25519 = X25519PrivateKey.generate()
    classic = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
    content = salted(TABLE, new_nonce())
    sent = classic.encrypt(content, x25519.public_key(), info=purpose_of_statement(OPEN))
    assert code(SECRET.open, sent, info=purpose_of_statement(OPEN))[0] == "sealed_unreadable"
    assert code(open_payload, sent, statement, SECRET)[0] == "sealed_unreadable"


def test_the_bytes_are_those_that_the_statement_names() -> None:  # SPEC P-131
    """P-133: also where other bytes would open, and hold the same table."""
    statement, sent = sealed_statement()
    content = open_payload(sent, statement, SECRET)
    again = seal(content, public_key=SECRET.public_key, info=purpose_of_statement(statement))
    assert SECRET.open(again, info=purpose_of_statement(statement)) == content
    assert code(open_payload, again, statement, SECRET)[0] == "sealed_unreadable"
    payload = replace(statement.payload, sha256="0" * 64)
    assert code(open_payload, sent, replace(statement, payload=payload), SECRET)[0] == "sealed_unreadable"


def test_the_key_is_the_one_that_the_statement_names() -> None:
    """P-133: also where the bytes would open."""
    statement, sent = sealed_statement(kid=OTHER.kid)
    assert code(open_payload, sent, statement, SECRET)[0] == "sealed_unreadable"


def test_an_open_statement_opens_nothing() -> None:
    _, sent = sealed_statement()
    assert code(open_payload, sent, OPEN, SECRET)[0] == "sealed_unreadable"


@settings(max_examples=60, deadline=None)
@given(place=st.integers(min_value=0), bit=st.integers(0, 7))
def test_no_bit_can_be_altered(place: int, bit: int) -> None:
    purpose = purpose_of_statement(OPEN)
    sent = bytearray(seal(TABLE, public_key=SECRET.public_key, info=purpose))
    sent[place % len(sent)] ^= 1 << bit
    assert code(SECRET.open, bytes(sent), info=purpose)[0] == "sealed_unreadable"


@pytest.mark.parametrize("length", [0, 1, 1119, 1120, SEALING_OVERHEAD_BYTES - 1])
def test_too_short_to_be_sealed(length: int) -> None:
    assert code(SECRET.open, bytes(length), info=b"x")[0] == "sealed_unreadable"


def test_a_secret_goes_to_bytes_and_back_and_shows_nothing() -> None:
    again = SealingSecret.from_bytes(SECRET.to_bytes())
    assert (again.kid, again.public_key) == (SECRET.kid, SECRET.public_key)
    assert SealingSecret.generate().kid not in (SECRET.kid, OTHER.kid)
    assert len(SECRET.public_key) == SEALING_KEY_BYTES
    assert again.open(seal(b"x", public_key=SECRET.public_key, info=b"i"), info=b"i") == b"x"
    assert repr(SECRET) == f"SealingSecret(kid={SECRET.kid!r})"
    with pytest.raises(TypeError):
        pickle.dumps(SECRET)
    assert code(SealingSecret.from_bytes, bytes(95))[0] == "key_unreadable"


@pytest.mark.parametrize("key", [b"", bytes(1215), bytes(1217), b"\xff" * 1216])
def test_what_is_no_key_seals_nothing(key: bytes) -> None:
    assert code(seal, b"x", public_key=key, info=b"")[0] == "bad_public_key"


def test_a_salt_has_its_length() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        salted(TABLE, bytes(31))


# ------------------------------------------------------------------------------------- the statement


def document() -> dict[str, object]:
    read: dict[str, object] = json.loads(sealed_statement()[0].to_json())
    return read


def refused(members: dict[str, object]) -> tuple[str, str | None]:
    return code(parse_statement, json.dumps(members).encode())


def test_version_2_has_exactly_one_member_more() -> None:
    """P-130."""
    statement, sent = sealed_statement()
    wire = json.loads(statement.to_json())
    assert wire["v"] == 2
    assert wire.keys() - json.loads(OPEN.to_json()).keys() == {"sealed"}
    assert parse_statement(statement.to_json()) == statement
    assert statement.travelling.size == len(sent)
    assert OPEN.travelling.sha256 == OPEN.payload.sha256
    assert wire["sealed"] == {
        "kid": SECRET.kid,
        "suite": "MLKEM768X25519/HKDF-SHA256/A256GCM",
        "size": len(sent),
        "sha256": hashlib.sha256(sent).hexdigest(),
    }


def test_no_version_has_members_of_the_other() -> None:
    wire = document()
    assert refused({**wire, "v": 1}) == ("bad_envelope", "")
    del wire["sealed"]
    assert refused(wire) == ("bad_envelope", "/sealed")
    assert refused({**wire, "sealed": None}) == ("bad_envelope", "/sealed")
    assert refused({**json.loads(OPEN.to_json()), "sealed": None}) == ("bad_envelope", "")


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("kid", "A" * 64),
        ("kid", "0" * 63),
        ("kid", 5),
        ("suite", "X25519/HKDF-SHA256/A256GCM"),
        ("suite", SUITE.lower()),
        ("size", 0),
        ("size", True),
        ("size", "9"),
        ("sha256", "0" * 65),
        ("sha256", None),
    ],
)
def test_each_member_has_its_form(member: str, value: object) -> None:
    wire = document()
    sealed = wire["sealed"]
    assert isinstance(sealed, dict)
    sealed[member] = value
    assert refused(wire) == ("bad_envelope", f"/sealed/{member}")


def test_its_size_follows_from_that_of_the_payload() -> None:
    wire = document()
    sealed = wire["sealed"]
    assert isinstance(sealed, dict)
    sealed["size"] += 1
    assert refused(wire) == ("bad_envelope", "/sealed/size")
    sealed["size"] = 2**40
    assert refused(wire) == ("too_large", "/sealed/size")
    del sealed["size"]
    assert refused(wire) == ("bad_envelope", "/sealed/size")
    sealed |= {"size": 5, "more": 1}
    assert refused(wire) == ("bad_envelope", "/sealed")


def test_a_sealed_payload_holds_more_than_its_salt() -> None:
    payload = replace(OPEN.payload, size=SALT_BYTES)
    info = SealedInfo(SECRET.kid, SUITE, SALT_BYTES + SEALING_OVERHEAD_BYTES, "0" * 64)
    assert code(replace, OPEN, payload=payload, sealed=info) == ("bad_envelope", "/payload/size")
