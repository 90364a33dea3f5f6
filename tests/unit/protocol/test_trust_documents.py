"""The officers' documents (SPEC P-140 to P-149): one meaning, ids compared exactly, no key twice."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from protocol import strict_json
from protocol.errors import KimError, kim_error
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
from protocol.trust.directory import MAX_DIRECTORY_BYTES, MAX_KEY_LIFE
from protocol.trust.hub_keys import SEALING_KEY_BYTES
from protocol.trust.members import placed

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


PARSERS: dict[type, Callable[[bytes], object]] = {
    Directory: parse_directory,
    HubKeys: parse_hub_keys,
    Policy: parse_policy,
}


def members(document: Any) -> Any:
    return json.loads(document.to_bytes())


def refused(parse: Callable[[bytes], object], document: Any) -> KimError:
    data = document if isinstance(document, bytes) else strict_json.dumps(document)
    with pytest.raises(KimError) as caught:
        parse(data)
    return caught.value


def place_of(error: KimError) -> str | None:
    """The place of a refusal of the form, which says what is wrong there."""
    assert error.code == "trust_document_invalid"
    assert error.detail != error.problem.title
    return error.pointer


@pytest.mark.parametrize(
    ("parse", "document"), [(parse_directory, FULL), (parse_hub_keys, KEYS), (parse_policy, POLICY)]
)
def test_what_is_written_is_read_again(parse: Callable[[bytes], object], document: Any) -> None:
    assert parse(document.to_bytes()) == document


def test_a_key_has_one_purpose_and_its_id_says_which() -> None:
    assert public(1).keyid != public(1, KeyPurpose.WITNESS).keyid
    assert public(1) != public(1, KeyPurpose.WITNESS)
    directory = Directory(AUDIENCE, FULL.nodes)
    assert directory.key(public(2, KeyPurpose.WITNESS).keyid) == (FULL.nodes[0], FULL.nodes[0].keys[1])
    assert directory.key(public(2).keyid) is None


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
    assert place_of(caught.value) == "/nodes/1/node"
    document = members(FULL)
    document["nodes"][1]["node"] = "node-0001"
    assert place_of(refused(parse_directory, document)) == "/nodes/1/node"
    with pytest.raises(KimError) as caught:
        Directory(AUDIENCE, (node(1), node(2, areas=("NW00002", "NW00001"))))
    assert place_of(caught.value) == "/nodes/1/areas"


def test_two_to_the_twenty_entries_are_refused_by_size_alone() -> None:  # SPEC P-142
    huge = b'{"v":1,"audience":"kim-nrw/local","nodes":[' + b",".join([b'{"node":"n"}'] * 2**20) + b"]}"
    assert refused(parse_directory, huge + b" " * MAX_DIRECTORY_BYTES).code == "too_large"
    small = b'{"v":1,"audience":"kim-nrw/local","nodes":[' + b",".join([b"0"] * 2**20) + b"]}"
    assert len(small) < MAX_DIRECTORY_BYTES
    error = refused(parse_directory, small)
    assert (error.code, error.pointer) == ("too_large", "/nodes")
    nodes = tuple(node(number) for number in range(20_001))
    assert len(Directory(AUDIENCE, nodes[1:]).nodes) == 20_000
    with pytest.raises(KimError) as caught:
        Directory(AUDIENCE, nodes)
    assert (caught.value.code, caught.value.pointer) == ("too_large", "/nodes")


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
        ({"reason": RevocationReason.SUPERSEDED}, "/reason"),
        ({"compromised_since": DAY}, "/compromised_since"),
        ({"not_before": DAY + dt.timedelta(microseconds=1)}, "/not_before"),
        ({"not_before": DAY.replace(tzinfo=None)}, "/not_before"),
        ({"not_after": DAY + dt.timedelta(days=1, microseconds=1)}, "/not_after"),
        ({"revoked_at": DAY.replace(tzinfo=None)}, "/revoked_at"),
        ({"compromised_since": DAY.replace(microsecond=1)}, "/compromised_since"),
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
    parse = PARSERS[type(document)]
    for name in members(document):
        without = members(document)
        del without[name]
        assert place_of(refused(parse, without)) == f"/{name}"
    error = refused(parse, {**members(document), "comment": "x"})
    assert (error.code, error.pointer) == ("trust_document_invalid", "")
    error = refused(parse, {**members(document), "v": 2})
    assert (error.code, error.pointer) == ("unsupported_version", "/v")
    assert refused(parse, document.to_bytes() + b"{}").code == "trust_document_invalid"
    assert refused(parse, document.to_bytes().replace(b'"v":1', b'"v":1,"v":1')).code == (
        "trust_document_invalid"
    )


NESTED: list[tuple[Any, str]] = [
    (FULL, "/nodes/0"),
    (FULL, "/nodes/0/keys/0"),
    (KEYS, "/outside_witnesses/0"),
    (KEYS, "/sealing_keys/1"),
]
#: What may be missing, as a `null`.
OPTIONAL = {"log_vkey", "url", "revoked_at", "compromised_since", "reason"}


def at(document: Any, pointer: str) -> Any:
    for step in pointer.split("/")[1:]:
        document = document[int(step) if step.isdigit() else step]
    return document


@pytest.mark.parametrize(("document", "pointer"), NESTED)
def test_every_member_of_an_entry_is_needed_and_none_is_unknown(document: Any, pointer: str) -> None:
    parse = PARSERS[type(document)]
    for name in at(members(document), pointer):
        changed = members(document)
        del at(changed, pointer)[name]
        assert place_of(refused(parse, changed)) == f"{pointer}/{name}"
    changed = members(document)
    at(changed, pointer)["x-note"] = 1
    assert place_of(refused(parse, changed)) == pointer


@pytest.mark.parametrize(
    ("document", "pointer"),
    [(FULL, ""), (KEYS, ""), (POLICY, ""), *NESTED],
    ids=lambda value: str(value)[:20],
)
def test_every_member_is_of_its_kind(document: Any, pointer: str) -> None:
    parse = PARSERS[type(document)]
    for name in at(members(document), pointer):
        for other in ({"not": ["of", "this", "kind"]}, None):
            if other is None and name in OPTIONAL:
                continue
            changed = members(document)
            at(changed, pointer)[name] = other
            assert place_of(refused(parse, changed)) == f"{pointer}/{name}"


@pytest.mark.parametrize(
    ("document", "pointer", "value"),
    [
        (FULL, "/audience", "KIM"),
        (FULL, "/nodes/1", 0),
        (FULL, "/nodes/0/areas/0", 5),
        (FULL, "/nodes/0/areas/0", "NW1"),
        (FULL, "/nodes/0/status", "retiring"),
        (FULL, "/nodes/0/name", ""),
        (FULL, "/nodes/0/name", "zwei\nZeilen"),
        (FULL, "/nodes/0/keys/1", []),
        (FULL, "/nodes/0/keys/1/keyid", public(2, KeyPurpose.WITNESS).keyid.upper()),
        (FULL, "/nodes/0/keys/1/public_key", public(2).hex.upper()),
        (FULL, "/nodes/0/keys/1/alg", "ed448"),
        (FULL, "/nodes/0/keys/1/use", "encrypt"),
        (FULL, "/nodes/0/keys/1/not_before", "2026-02-30T00:00:00Z"),
        (FULL, "/nodes/0/keys/1/not_before", "2026-10-01T00:00:00+00:00"),
        (FULL, "/nodes/0/keys/1/not_before", "2026-10-01"),
        (FULL, "/nodes/0/keys/2/revoked_at", "2026-10-01T00:00:60Z"),
        (FULL, "/nodes/0/keys/2/revoked_at", "2026-10-01T00:00:00+00:00"),
        (FULL, "/nodes/0/keys/2/compromised_since", "2026-13-01T00:00:00Z"),
        (FULL, "/nodes/0/keys/2/reason", "lost"),
        (KEYS, "/audience", "KIM"),
        (KEYS, "/log_vkey", "no key"),
        (KEYS, "/quorum", "3"),
        (KEYS, "/quorum", True),
        (KEYS, "/outside_witnesses/0", "https://wit.example"),
        (KEYS, "/outside_witnesses/0/url", "http://wit.example"),
        (KEYS, "/sealing_keys/0", None),
        (KEYS, "/sealing_keys/0/kid", KEYS.sealing_keys[0].kid.upper()),
        (KEYS, "/sealing_keys/0/suite", "X25519"),
        (KEYS, "/sealing_keys/0/public_key", "AAAA"),
        (KEYS, "/sealing_keys/0/public_key", "no base64"),
        (POLICY, "/audience", "KIM"),
        (POLICY, "/sealed", 1),
        (POLICY, "/statement_versions/0", True),
        (POLICY, "/statement_versions/1", "2"),
        (POLICY, "/max_open_uploads", True),
        (POLICY, "/oldest_client", "1.4.2.1"),
    ],
)
def test_a_value_out_of_form_is_told_by_its_place(document: Any, pointer: str, value: object) -> None:
    changed = members(document)
    inside, _, name = pointer.rpartition("/")
    at(changed, inside)[int(name) if name.isdigit() else name] = value
    assert place_of(refused(PARSERS[type(document)], changed)) == pointer


def test_what_is_no_object_is_no_document() -> None:
    for parse in PARSERS.values():
        assert place_of(refused(parse, [1])) == ""
        error = refused(parse, b"{")
        assert (error.code, error.pointer, error.detail.en) == (
            "trust_document_invalid",
            "",
            "No valid JSON from character 1 on.",
        )


def with_keys(count: int) -> NodeEntry:
    return node(1, *(entry(number) for number in range(1, count + 1)))


def with_areas(count: int) -> NodeEntry:
    return node(1, areas=tuple(f"NW{number:05}" for number in range(count)))


@pytest.mark.parametrize(("make", "name"), [(with_keys, "keys"), (with_areas, "areas")])
def test_a_node_has_64_keys_and_areas_at_most(make: Callable[[int], NodeEntry], name: str) -> None:
    full = Directory(AUDIENCE, (make(64),))  # SPEC P-142
    assert parse_directory(full.to_bytes()) == full
    with pytest.raises(KimError) as caught:
        make(65)
    assert (caught.value.code, caught.value.pointer) == ("too_large", f"/{name}")
    document = members(full)
    document["nodes"][0][name] *= 2
    error = refused(parse_directory, document)
    assert (error.code, error.pointer) == ("too_large", f"/nodes/0/{name}")
    assert "64" in error.detail.de


@pytest.mark.parametrize(
    ("name", "entries"),
    [
        ("sealing_keys", [SealingKey(bytes([n]) * SEALING_KEY_BYTES, DAY, DAY + YEAR) for n in range(17)]),
        ("outside_witnesses", [OutsideWitness(f"wit-{n}.example+00000000+AAAA") for n in range(17)]),
    ],
)
def test_a_hub_has_16_sealing_keys_and_outside_witnesses_at_most(name: str, entries: list[Any]) -> None:
    full = replace(KEYS, **{name: tuple(entries[:16])})
    assert parse_hub_keys(full.to_bytes()) == full
    with pytest.raises(KimError) as caught:
        replace(KEYS, **{name: tuple(entries)})
    assert (caught.value.code, caught.value.pointer) == ("too_large", f"/{name}")
    document = members(full)
    document[name].append(0)
    error = refused(parse_hub_keys, document)
    assert (error.code, error.pointer) == ("too_large", f"/{name}")


def test_a_policy_names_16_versions_of_statements_at_most() -> None:
    full = replace(POLICY, statement_versions=tuple(range(1, 17)))
    assert parse_policy(full.to_bytes()) == full
    document = members(full) | {"statement_versions": list(range(1, 18))}
    error = refused(parse_policy, document)
    assert (error.code, error.pointer) == ("too_large", "/statement_versions")


@pytest.mark.parametrize(("document", "most"), [(KEYS, 256 * 1024), (POLICY, 64 * 1024)])
def test_a_document_has_a_largest_size(document: Any, most: int) -> None:  # SPEC P-147, P-149
    parse, data = PARSERS[type(document)], document.to_bytes()
    assert parse(data.ljust(most)) == document
    assert refused(parse, data.ljust(most + 1)).code == "too_large"


def test_the_limits_of_the_directory_are_those_of_the_specification() -> None:  # SPEC P-142, P-144
    assert MAX_DIRECTORY_BYTES == 16 * 1024 * 1024
    assert entry(1, not_after=DAY + dt.timedelta(days=400)).not_after - DAY == MAX_KEY_LIFE
    assert node(1, name="ü" * 200).name == "ü" * 200
    with pytest.raises(KimError) as caught:
        node(1, name="ü" * 201)
    assert caught.value.pointer == "/name"


def test_the_nodes_stand_in_one_order() -> None:  # SPEC P-142
    document = members(FULL)
    document["nodes"].reverse()
    assert refused(parse_directory, document).pointer == "/nodes"


def test_a_public_key_of_small_order_is_no_key() -> None:
    document = members(FULL)
    document["nodes"][0]["keys"][0]["public_key"] = "00" * 32
    error = refused(parse_directory, document)
    assert (error.code, error.pointer) == ("trust_document_invalid", "/nodes/0/keys/0/public_key")
    with pytest.raises(KimError) as caught:
        PublicKey.from_hex("00" * 32)
    assert error.detail == caught.value.detail


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


def test_the_id_of_a_sealing_key_says_what_it_is_for() -> None:  # SPEC P-148
    key = KEYS.sealing_keys[1]
    suite = b"MLKEM768X25519/HKDF-SHA256/A256GCM"
    assert key.kid == hashlib.sha256(b"kim/1 sealing\0" + suite + b"\0" + bytes([1]) * 1216).hexdigest()
    assert key.suite.encode() == suite


def test_a_sealing_key_holds_between_its_moments() -> None:
    second = dt.timedelta(seconds=1)
    key = KEYS.sealing_keys[0]
    assert [key.holds_at(at) for at in (DAY - second, DAY, DAY + YEAR - second, DAY + YEAR)] == [
        False,
        True,
        True,
        False,
    ]


def test_of_two_sealing_keys_of_one_day_everybody_takes_the_same() -> None:
    twins = [SealingKey(bytes([n]) * SEALING_KEY_BYTES, DAY, DAY + YEAR) for n in range(5)]
    chosen = {replace(KEYS, sealing_keys=tuple(order)).sealing_key_at(DAY) for order in (twins, twins[::-1])}
    assert chosen == {max(twins, key=lambda key: key.kid)}


@pytest.mark.parametrize(
    ("facts", "pointer"),
    [
        ({"public_key": bytes(SEALING_KEY_BYTES - 1)}, "/public_key"),
        ({"public_key": bytes(SEALING_KEY_BYTES + 1)}, "/public_key"),
        ({"not_before": DAY.replace(tzinfo=None)}, "/not_before"),
        ({"not_after": DAY.replace(microsecond=1) + YEAR}, "/not_before"),
        ({"not_after": DAY}, "/not_after"),
    ],
)
def test_what_a_sealing_key_says_must_agree(facts: dict[str, Any], pointer: str) -> None:
    with pytest.raises(KimError) as caught:
        replace(KEYS.sealing_keys[0], **facts)
    assert place_of(caught.value) == pointer


@pytest.mark.parametrize(
    ("facts", "pointer"),
    [
        ({"log_vkey": "no key"}, "/log_vkey"),
        ({"log_vkey": KEYS.log_vkey.replace("kim-nrw", "kim\x9b2J\u202enrw")}, "/log_vkey"),
        ({"log_vkey": "a b+1a2b3c4d+AAAA"}, "/log_vkey"),
        ({"log_vkey": "a+b+1a2b3c4d+AAAA"}, "/log_vkey"),
        ({"log_vkey": "a+1A2B3C4D+AAAA"}, "/log_vkey"),
        ({"log_vkey": "a+1a2b3c4d+AAAA\n"}, "/log_vkey"),
        ({"quorum": -1}, "/quorum"),
        ({"quorum": 101}, "/quorum"),
        ({"audience": "KIM"}, "/audience"),
    ],
)
def test_the_hubs_keys_are_checked_by_form(facts: dict[str, Any], pointer: str) -> None:  # SPEC P-147
    with pytest.raises(KimError) as caught:
        replace(KEYS, **facts)
    assert place_of(caught.value) == pointer


@pytest.mark.parametrize(
    "facts",
    [{"quorum": 0}, {"quorum": 100}, {"log_vkey": None}, {"outside_witnesses": ()}, {"sealing_keys": ()}],
)
def test_what_a_hub_may_have(facts: dict[str, Any]) -> None:
    keys = replace(KEYS, **facts)
    assert parse_hub_keys(keys.to_bytes()) == keys


@pytest.mark.parametrize("name", ["outside_witnesses", "sealing_keys"])
def test_the_hubs_keys_stand_there_once(name: str) -> None:
    first = getattr(KEYS, name)[0]
    with pytest.raises(KimError) as caught:
        replace(KEYS, **{name: (first, first)})
    assert (caught.value.code, caught.value.pointer) == ("duplicate_key", f"/{name}")


@pytest.mark.parametrize("url", ["http://wit.example", "file:///etc/passwd", "https://", "https://a b"])
def test_a_witness_is_asked_by_https_only(url: str) -> None:
    with pytest.raises(KimError) as caught:
        OutsideWitness(KEYS.outside_witnesses[0].vkey, url)
    assert place_of(caught.value) == "/url"


def test_a_witness_has_a_key() -> None:
    assert OutsideWitness("wit.example+00000000+AAAA").url is None
    with pytest.raises(KimError) as caught:
        OutsideWitness("wit.example")
    assert place_of(caught.value) == "/vkey"


@pytest.mark.parametrize(
    ("facts", "pointer"),
    [
        ({"audience": "KIM"}, "/audience"),
        ({"statement_versions": ()}, "/statement_versions"),
        ({"statement_versions": (2, 1)}, "/statement_versions"),
        ({"statement_versions": (1, 1)}, "/statement_versions"),
        ({"statement_versions": (0,)}, "/statement_versions"),
        ({"statement_versions": (1, 1000)}, "/statement_versions"),
        ({"oldest_client": "1.4"}, "/oldest_client"),
    ],
)
def test_the_policy_is_checked(facts: dict[str, Any], pointer: str) -> None:
    with pytest.raises(KimError) as caught:
        replace(POLICY, **facts)
    assert place_of(caught.value) == pointer


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("max_payload_bytes", 1024, 64 * 1024 * 1024),
        ("max_open_uploads", 1, 10_000),
        ("receipt_hours", 1, 24 * 366),
    ],
)
def test_a_policy_keeps_its_numbers_within_bounds(name: str, least: int, most: int) -> None:
    for good in (least, most):
        policy = replace(POLICY, **{name: good})
        assert parse_policy(policy.to_bytes()) == policy
    for bad in (least - 1, most + 1):
        with pytest.raises(KimError) as caught:
            replace(POLICY, **{name: bad})
        assert place_of(caught.value) == f"/{name}"
        assert place_of(refused(parse_policy, members(POLICY) | {name: bad})) == f"/{name}"


def test_a_policy_may_name_one_version_alone() -> None:
    for version in (1, 999):
        assert replace(POLICY, statement_versions=(version,)).statement_versions == (version,)


def test_releases_are_compared_as_numbers() -> None:
    assert POLICY.accepts_client("1.4.2")
    assert POLICY.accepts_client("1.10.0")
    assert POLICY.accepts_client("2.0.0")
    for other in ("1.4.1", "0.9.9", "1.4.2-rc1", "1.4", "", "1.4.2\n", "12345.0.0"):
        assert not POLICY.accepts_client(other)


def test_the_directory_is_in_order_whoever_wrote_it() -> None:
    assert Directory(AUDIENCE, FULL.nodes[::-1]).to_bytes() == FULL.to_bytes()
    assert Directory(AUDIENCE, FULL.nodes[::-1]) == FULL
    with pytest.raises(KimError) as caught:
        Directory("KIM", ())
    assert place_of(caught.value) == "/audience"


def test_the_keys_for_one_purpose_whatever_their_status() -> None:
    first, second = FULL.nodes
    directory = Directory(AUDIENCE, FULL.nodes)
    assert list(directory.keys(KeyPurpose.WITNESS)) == [(first, first.keys[1])]
    assert list(directory.keys(KeyPurpose.SIGN)) == [
        (first, first.keys[0]),
        (first, first.keys[2]),
        (second, second.keys[0]),
    ]


def test_moments_are_written_in_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    summer = dt.timezone(dt.timedelta(hours=2))
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "Europe/Berlin")
        time.tzset()
        written = entry(1, not_before=DAY.astimezone(summer)).members()
    time.tzset()
    assert written["not_before"] == "2026-10-01T00:00:00Z"
    read = parse_directory(FULL.to_bytes()).nodes[0].keys[0]
    assert (read.not_before, read.not_before.utcoffset()) == (DAY, dt.timedelta(0))


@pytest.mark.parametrize(
    ("facts", "pointer"),
    [
        ({"node": "Node-1"}, "/node"),
        ({"name": ""}, "/name"),
        ({"areas": ()}, "/areas"),
        ({"areas": ("NW00001", "NW00001")}, "/areas"),
        ({"areas": ("NW00001", "NW1")}, "/areas/1"),
    ],
)
def test_a_node_is_checked_by_form(facts: dict[str, Any], pointer: str) -> None:
    with pytest.raises(KimError) as caught:
        node(1, **facts)
    assert place_of(caught.value) == pointer


def test_what_two_members_disagree_about_is_told_by_its_place_in_the_document() -> None:
    document = members(FULL)
    document["nodes"][0]["keys"][1]["not_after"] = document["nodes"][0]["keys"][1]["not_before"]
    assert place_of(refused(parse_directory, document)) == "/nodes/0/keys/1/not_after"
    document = members(FULL)
    document["nodes"][1]["areas"] = []
    assert place_of(refused(parse_directory, document)) == "/nodes/1/areas"
    document = members(FULL)
    document["nodes"][0]["areas"] *= 2
    assert place_of(refused(parse_directory, document)) == "/nodes/0/areas/1"
    document = members(KEYS)
    document["sealing_keys"][1]["not_after"] = "2026-10-02T00:00:00Z"
    assert place_of(refused(parse_hub_keys, document)) == "/sealing_keys/1/not_after"


def test_a_part_without_a_place_is_the_whole_part() -> None:
    with pytest.raises(KimError) as caught, placed("/nodes/0"):
        raise kim_error("too_large")
    assert (caught.value.code, caught.value.pointer) == ("too_large", "/nodes/0")
