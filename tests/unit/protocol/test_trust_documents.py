"""The officers' documents (SPEC P-140 to P-149): one meaning, ids compared exactly, no key twice."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from protocol import strict_json
from protocol.errors import KimError
from protocol.keys import KeyPurpose, PrivateKey, PublicKey
from protocol.trust import (
    Directory,
    HubKeys,
    KeyEntry,
    KeyStatus,
    NodeEntry,
    NodeStatus,
    OutsideWitness,
    Policy,
    RevocationReason,
    SealingKey,
    parse_directory,
    parse_hub_keys,
    parse_policy,
)
from protocol.trust.directory import MAX_DIRECTORY_BYTES, MAX_KEY_LIFE, MAX_NODES
from protocol.trust.hub_keys import SEALING_KEY_BYTES

AUDIENCE = "kim-nrw/local"
DAY = dt.datetime(2026, 10, 1, tzinfo=dt.UTC)
YEAR = dt.timedelta(days=365)


def public(number: int, purpose: KeyPurpose = KeyPurpose.SIGN) -> PublicKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return PrivateKey(Ed25519PrivateKey.from_private_bytes(bytes([number] * 32)), purpose=purpose).public


def entry(number: int, purpose: KeyPurpose = KeyPurpose.SIGN, **facts: Any) -> KeyEntry:
    return KeyEntry(
        **{"public_key": public(number, purpose), "not_before": DAY, "not_after": DAY + YEAR, **facts}
    )


def node(number: int, *keys: KeyEntry, **facts: Any) -> NodeEntry:
    return NodeEntry(
        **{
            "node": f"node-{number:04}",
            "name": f"Kommune {number}",
            "areas": (f"NW{number:05}",),
            "keys": keys,
            **facts,
        }
    )


FULL = Directory(
    AUDIENCE,
    (
        node(
            1,
            entry(1, status=KeyStatus.RETIRING),
            entry(2, KeyPurpose.WITNESS),
            entry(
                3,
                status=KeyStatus.REVOKED,
                revoked_at=DAY + dt.timedelta(days=9),
                compromised_since=DAY + dt.timedelta(days=3),
                reason=RevocationReason.COMPROMISED,
            ),
        ),
        node(2, entry(4), status=NodeStatus.SUSPENDED),
    ),
)
KEYS = HubKeys(
    audience=AUDIENCE,
    log_vkey="kim-nrw/local+1a2b3c4d+" + strict_json.encode_base64(bytes(33)),
    quorum=3,
    outside_witnesses=(
        OutsideWitness("wit.example+00000000+" + strict_json.encode_base64(bytes(33)), "https://wit.example"),
    ),
    sealing_keys=(
        SealingKey(bytes(SEALING_KEY_BYTES), DAY, DAY + YEAR),
        SealingKey(bytes([1]) * SEALING_KEY_BYTES, DAY + YEAR / 2, DAY + YEAR),
    ),
)
POLICY = Policy(audience=AUDIENCE, sealed=False, statement_versions=(1, 2), oldest_client="1.4.2")


def members(document: Any) -> Any:
    return json.loads(document.to_bytes())


def refused(parse: Callable[[bytes], object], document: Any) -> KimError:
    data = document if isinstance(document, bytes) else strict_json.dumps(document)
    with pytest.raises(KimError) as caught:
        parse(data)
    return caught.value


@pytest.mark.parametrize(
    ("parse", "document"), [(parse_directory, FULL), (parse_hub_keys, KEYS), (parse_policy, POLICY)]
)
def test_what_is_written_is_read_again(parse: Callable[[bytes], object], document: Any) -> None:
    assert parse(document.to_bytes()) == document


def test_a_key_has_one_purpose_and_its_id_says_which() -> None:
    assert public(1).keyid != public(1, KeyPurpose.WITNESS).keyid
    assert public(1) != public(1, KeyPurpose.WITNESS)
    assert FULL.key(public(2, KeyPurpose.WITNESS).keyid) == (FULL.nodes[0], FULL.nodes[0].keys[1])
    assert FULL.key(public(2).keyid) is None


@pytest.mark.parametrize("twice", [entry(1), entry(1, KeyPurpose.WITNESS)])
def test_a_key_stands_once_for_whatever_node_and_purpose(twice: KeyEntry) -> None:  # SPEC P-143
    with pytest.raises(KimError) as caught:
        Directory(AUDIENCE, (node(1, entry(1)), node(2, twice)))
    assert (caught.value.code, caught.value.pointer) == ("duplicate_key", "/nodes/1/keys/0")
    document = members(FULL)
    document["nodes"][1]["keys"][0] = dict(twice.members())
    assert refused(parse_directory, document).code == "duplicate_key"


def test_a_key_id_of_another_key_is_refused() -> None:
    document = members(FULL)
    document["nodes"][0]["keys"][0]["keyid"] = public(9).keyid
    error = refused(parse_directory, document)
    assert (error.code, error.pointer) == ("keyid_mismatch", "/nodes/0/keys/0/keyid")
    document = members(KEYS)
    document["sealing_keys"][0]["kid"] = KEYS.sealing_keys[1].kid
    error = refused(parse_hub_keys, document)
    assert (error.code, error.pointer) == ("keyid_mismatch", "/sealing_keys/0/kid")


def test_the_id_of_a_key_for_another_purpose_is_refused() -> None:
    document = members(FULL)
    document["nodes"][0]["keys"][0]["use"] = "witness"
    assert refused(parse_directory, document).code == "keyid_mismatch"


def test_ids_are_compared_exactly() -> None:
    assert FULL.node("node-0001") is FULL.nodes[0]
    for near in ("NODE-0001", "node-0001 ", "node-0001\n", "node-0001\u200b", "nоde-0001"):
        assert FULL.node(near) is None
    assert FULL.key(public(1).keyid.upper()) is None
    for near in ("node-0001 ", "Node-0001", "node-0001\n", "nоde-0001"):
        document = members(FULL)
        document["nodes"][0]["node"] = near
        assert refused(parse_directory, document).pointer == "/nodes/0/node"


def test_nobody_stands_twice() -> None:
    with pytest.raises(KimError) as caught:
        Directory(AUDIENCE, (node(1), node(1, areas=("NW00009",))))
    assert caught.value.pointer == "/nodes/1/node"
    with pytest.raises(KimError) as caught:
        Directory(AUDIENCE, (node(1), node(2, areas=("NW00002", "NW00001"))))
    assert caught.value.pointer == "/nodes/1/areas"


def test_two_to_the_twenty_entries_are_refused_by_size_alone() -> None:  # SPEC P-142
    huge = b'{"v":1,"audience":"kim-nrw/local","nodes":[' + b",".join([b'{"node":"n"}'] * 2**20) + b"]}"
    assert refused(parse_directory, huge + b" " * MAX_DIRECTORY_BYTES).code == "too_large"
    small = b'{"v":1,"audience":"kim-nrw/local","nodes":[' + b",".join([b"0"] * 2**20) + b"]}"
    assert len(small) < MAX_DIRECTORY_BYTES
    error = refused(parse_directory, small)
    assert (error.code, error.pointer) == ("too_large", "/nodes")
    with pytest.raises(KimError) as caught:
        Directory(AUDIENCE, tuple(node(1) for _ in range(MAX_NODES + 1)))
    assert caught.value.code == "too_large"


@pytest.mark.parametrize(
    ("facts", "pointer"),
    [
        ({"not_after": DAY}, "/not_after"),
        ({"not_after": DAY + MAX_KEY_LIFE + dt.timedelta(seconds=1)}, "/not_after"),
        ({"status": KeyStatus.REVOKED}, "/revoked_at"),
        ({"revoked_at": DAY}, "/revoked_at"),
        ({"status": KeyStatus.REVOKED, "revoked_at": DAY}, "/reason"),
        (
            {"status": KeyStatus.REVOKED, "revoked_at": DAY, "reason": RevocationReason.COMPROMISED},
            "/compromised_since",
        ),
        (
            {
                "status": KeyStatus.REVOKED,
                "revoked_at": DAY,
                "reason": RevocationReason.SUPERSEDED,
                "compromised_since": DAY,
            },
            "/compromised_since",
        ),
        ({"not_before": DAY + dt.timedelta(microseconds=1)}, "/not_before"),
        ({"not_before": DAY.replace(tzinfo=None)}, "/not_before"),
    ],
)
def test_what_a_key_says_must_agree(facts: dict[str, Any], pointer: str) -> None:  # SPEC P-144
    with pytest.raises(KimError) as caught:
        entry(1, **facts)
    assert (caught.value.code, caught.value.pointer) == ("trust_document_invalid", pointer)


def test_a_key_holds_between_its_moments_unless_revoked() -> None:  # SPEC P-146
    second = dt.timedelta(seconds=1)
    key = entry(1)
    assert [key.holds_at(at) for at in (DAY - second, DAY, DAY + YEAR - second, DAY + YEAR)] == [
        False,
        True,
        True,
        False,
    ]
    assert replace(key, status=KeyStatus.RETIRING).holds_at(DAY)
    assert not FULL.nodes[0].keys[2].holds_at(DAY)


@pytest.mark.parametrize("document", [FULL, KEYS, POLICY])
def test_every_member_is_needed_and_none_is_unknown(document: Any) -> None:  # SPEC P-141
    parse = {Directory: parse_directory, HubKeys: parse_hub_keys, Policy: parse_policy}[type(document)]
    for name in members(document):
        without = members(document)
        del without[name]
        assert refused(parse, without).pointer == f"/{name}"
    error = refused(parse, {**members(document), "comment": "x"})
    assert (error.code, error.pointer) == ("trust_document_invalid", "")
    assert refused(parse, {**members(document), "v": 2}).code == "unsupported_version"
    assert refused(parse, document.to_bytes() + b"{}").code == "trust_document_invalid"
    assert refused(parse, document.to_bytes().replace(b'"v":1', b'"v":1,"v":1')).code == (
        "trust_document_invalid"
    )


def test_every_member_of_an_entry_is_needed_and_none_is_unknown() -> None:
    for pointer, pick in (
        ("/nodes/0", lambda document: document["nodes"][0]),
        ("/nodes/0/keys/0", lambda document: document["nodes"][0]["keys"][0]),
    ):
        for name in pick(members(FULL)):
            document = members(FULL)
            del pick(document)[name]
            assert refused(parse_directory, document).pointer == f"{pointer}/{name}"
            document = members(FULL)
            pick(document)[name] = {"not": ["of", "this", "kind"]}
            assert refused(parse_directory, document).pointer == f"{pointer}/{name}"
        document = members(FULL)
        pick(document)["x-note"] = 1
        assert refused(parse_directory, document).pointer == pointer


def test_the_nodes_stand_in_one_order() -> None:  # SPEC P-142
    document = members(FULL)
    document["nodes"].reverse()
    assert refused(parse_directory, document).pointer == "/nodes"


def test_a_public_key_of_small_order_is_no_key() -> None:
    document = members(FULL)
    document["nodes"][0]["keys"][0]["public_key"] = "00" * 32
    assert refused(parse_directory, document).pointer == "/nodes/0/keys/0/public_key"


def test_deliveries_are_sealed_with_the_newest_key_that_holds() -> None:  # SPEC P-148
    first, second = KEYS.sealing_keys
    assert KEYS.sealing_key_at(DAY) == first
    assert KEYS.sealing_key_at(DAY + YEAR * 0.75) == second
    assert KEYS.sealing_key_at(DAY + YEAR) is None
    assert KEYS.sealing_key(second.kid) == second
    assert KEYS.sealing_key(second.kid.upper()) is None
    with pytest.raises(KimError) as caught:
        replace(KEYS, sealing_keys=(first, first))
    assert caught.value.code == "duplicate_key"


@pytest.mark.parametrize(
    ("facts", "pointer"),
    [
        ({"log_vkey": "no key"}, "/log_vkey"),
        ({"log_vkey": KEYS.log_vkey.replace("kim-nrw", "kim\x9b2J\u202enrw")}, "/log_vkey"),
        ({"quorum": -1}, "/quorum"),
        ({"quorum": 101}, "/quorum"),
        ({"audience": "KIM"}, "/audience"),
    ],
)
def test_the_hubs_keys_are_checked_by_form(facts: dict[str, Any], pointer: str) -> None:  # SPEC P-147
    with pytest.raises(KimError) as caught:
        replace(KEYS, **facts)
    assert caught.value.pointer == pointer


@pytest.mark.parametrize("url", ["http://wit.example", "file:///etc/passwd", "https://", "https://a b"])
def test_a_witness_is_asked_by_https_only(url: str) -> None:
    with pytest.raises(KimError):
        OutsideWitness(KEYS.outside_witnesses[0].vkey, url)


@pytest.mark.parametrize(
    ("facts", "pointer"),
    [
        ({"statement_versions": ()}, "/statement_versions"),
        ({"statement_versions": (2, 1)}, "/statement_versions"),
        ({"statement_versions": (1, 1)}, "/statement_versions"),
        ({"statement_versions": (0,)}, "/statement_versions"),
        ({"oldest_client": "1.4"}, "/oldest_client"),
        ({"max_payload_bytes": 0}, "/max_payload_bytes"),
        ({"max_open_uploads": 0}, "/max_open_uploads"),
        ({"receipt_hours": 0}, "/receipt_hours"),
    ],
)
def test_the_policy_is_checked(facts: dict[str, Any], pointer: str) -> None:
    with pytest.raises(KimError) as caught:
        replace(POLICY, **facts)
    assert (caught.value.code, caught.value.pointer) == ("trust_document_invalid", pointer)


def test_releases_are_compared_as_numbers() -> None:
    assert POLICY.accepts_client("1.4.2")
    assert POLICY.accepts_client("1.10.0")
    assert not POLICY.accepts_client("1.4.1")
    assert not POLICY.accepts_client("1.4.2-rc1")
