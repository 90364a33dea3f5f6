"""The officers' metadata as `kim-verify` reads them, written and signed by the reference library (P-150)."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP384R1, derive_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp

from protocol.errors import KimError
from protocol.trust.fingerprints import root_fingerprint
from protocol.trust.metadata import (
    MAX_METADATA_BYTES,
    FileInfo,
    Role,
    parse_metadata,
    require_signed,
    signers,
)

END = dt.datetime(2026, 12, 1, 8, 0, tzinfo=dt.UTC)
#: As officers have them: in a file, and on smartcards of both kinds. The same each time: ids name the tests.
OFFICERS = {
    "ed25519": CryptoSigner(Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32)),
    "nistp256": CryptoSigner(derive_private_key(2, SECP256R1())),
    "nistp384": CryptoSigner(derive_private_key(3, SECP384R1())),
}
HUB = CryptoSigner(Ed25519PrivateKey.from_private_bytes(bytes([4]) * 32))
SHA256 = hashlib.sha256(b"{}").hexdigest()


def _root(*more: CryptoSigner) -> Metadata[Root]:
    root = Root(version=3, expires=END)
    for officer in (*OFFICERS.values(), *more):
        root.add_key(officer.public_key, "root")
        root.add_key(officer.public_key, "targets")
    for role in ("snapshot", "timestamp"):
        root.add_key(HUB.public_key, role)
    for role in ("root", "targets"):
        root.roles[role].threshold = 2
    return Metadata(root)


def _targets() -> Metadata[Targets]:
    files = {
        "policy.json": TargetFile(2, {"sha256": SHA256}, "policy.json"),
        "keys/hub.json": TargetFile(0, {"sha256": SHA256}, "keys/hub.json"),
    }
    return Metadata(Targets(version=4, expires=END, targets=files))


def _snapshot() -> Metadata[Snapshot]:
    return Metadata(Snapshot(version=5, expires=END, meta={"targets.json": MetaFile(4)}))


def _timestamp() -> Metadata[Timestamp]:
    return Metadata(Timestamp(version=6, expires=END, snapshot_meta=MetaFile(5, 2, {"sha256": SHA256})))


DOCUMENTS = {Role.ROOT: _root, Role.TARGETS: _targets, Role.SNAPSHOT: _snapshot, Role.TIMESTAMP: _timestamp}


def _signed(role: Role, *by: CryptoSigner) -> bytes:
    made = DOCUMENTS[role]()
    for signer in by:
        made.sign(signer, append=True)
    return made.to_bytes()


def _refusal(act: Callable[[], object]) -> tuple[str, str | None]:
    with pytest.raises(KimError) as caught:
        act()
    return caught.value.code, caught.value.pointer


_GONE = object()


def _changed(role: Role, pointer: str, value: object) -> tuple[str, str | None]:
    """How a document is refused in which one member has another value, is one too many, or is gone."""
    document = json.loads(_signed(role, HUB))
    *way, last = pointer.removeprefix("/").split("/")
    place = document
    for name in way:
        place = place[int(name) if isinstance(place, list) else name]
    if value is _GONE:
        del place[last]
    else:
        place[last] = value
    return _refusal(lambda: parse_metadata(json.dumps(document).encode(), role))


# ------------------------------------------------------------------------------------------- reading


@pytest.mark.parametrize("role", Role)
def test_what_the_reference_library_wrote_is_read_and_what_was_signed_are_its_bytes(role: Role) -> None:
    theirs = DOCUMENTS[role]()
    theirs.sign(HUB)
    found = parse_metadata(theirs.to_bytes(), role)
    assert (found.role, found.version, found.expires) == (role, theirs.signed.version, END)
    assert found.signed_bytes == theirs.signed_bytes
    assert found.signatures == {
        HUB.public_key.keyid: bytes.fromhex(next(iter(theirs.signatures.values())).signature)
    }
    assert found.pointed == {Role.SNAPSHOT: 4, Role.TIMESTAMP: 5}.get(role, 0)
    assert found.files == {
        Role.TARGETS: {"policy.json": FileInfo(2, SHA256), "keys/hub.json": FileInfo(0, SHA256)},
        Role.TIMESTAMP: {"snapshot.json": FileInfo(2, SHA256)},
    }.get(role, {})


def test_a_root_says_who_signs_what() -> None:
    found = parse_metadata(_signed(Role.ROOT), Role.ROOT).roles
    officers = {officer.public_key.keyid for officer in OFFICERS.values()}
    assert {role: (set(found[role].keys), found[role].threshold) for role in Role} == {
        Role.ROOT: (officers, 2),
        Role.TARGETS: (officers, 2),
        Role.SNAPSHOT: ({HUB.public_key.keyid}, 1),
        Role.TIMESTAMP: ({HUB.public_key.keyid}, 1),
    }


def test_the_fingerprint_is_that_of_what_the_officers_signed() -> None:
    assert parse_metadata(_signed(Role.ROOT), Role.ROOT).fingerprint == root_fingerprint(_root().signed_bytes)


def test_texts_of_any_kind_are_signed_as_the_library_writes_them() -> None:
    """An officer's name stands beside his key, and means nothing to this reader but to the signature."""
    named = _root()
    key = named.signed.keys[HUB.public_key.keyid]
    key.unrecognized_fields["x-name"] = 'Ä. "B" \\ C, \u2028 D'
    key.unrecognized_fields["x-more"] = [None, True, False, -7, [], {}, {"b": "", "a": [1, 2]}]
    assert parse_metadata(named.to_bytes(), Role.ROOT).signed_bytes == named.signed_bytes


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("/signed", _GONE),
        ("/signed", []),
        ("/signatures", _GONE),
        ("/signatures", {}),
        *(("/signatures/0/keyid", value) for value in ("ab", "AB" * 32, 5)),
        *(("/signatures/0/sig", value) for value in ("", "a", "AB", "ab" * 129)),
        ("/signed/_type", "mirrors"),
        *(("/signed/spec_version", value) for value in ("2.0.0", "1.0", "1.0.0\n")),
        *(("/signed/version", value) for value in (0, -1, True, "1", _GONE)),
        ("/signed/expires", "2026-12-01"),
    ],
)
def test_the_form_that_every_role_has(role: Role, pointer: str, value: object) -> None:
    assert _changed(role, pointer, value) == ("trust_document_invalid", pointer)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("place", ["", "/signed", "/signatures/0"])
def test_no_role_has_a_member_that_nobody_reads(role: Role, place: str) -> None:
    assert _changed(role, f"{place}/more", 1) == ("trust_document_invalid", place)


@pytest.mark.parametrize("role", Role)
def test_a_key_id_stands_once_among_the_signatures(role: Role) -> None:
    document = json.loads(_signed(role, HUB))
    document["signatures"] *= 2
    refused = _refusal(lambda: parse_metadata(json.dumps(document).encode(), role))
    assert refused == ("trust_document_invalid", "/signatures/1")


@pytest.mark.parametrize("role", Role)
def test_a_document_of_one_role_is_none_of_another(role: Role) -> None:
    for other in set(Role) - {role}:
        code, pointer = _refusal(lambda other=other: parse_metadata(_signed(role), other))
        assert (code, pointer) == ("trust_document_invalid", "/signed/_type")


_KEY = f"/signed/keys/{HUB.public_key.keyid}"


@pytest.mark.parametrize(
    ("role", "pointer", "value"),
    [
        (Role.TARGETS, "/signed/targets", []),
        *((Role.TARGETS, "/signed/targets/policy.json/length", value) for value in (-1, 2**24 + 1, _GONE)),
        *((Role.TARGETS, "/signed/targets/policy.json/hashes/sha256", value) for value in ("AB" * 32, _GONE)),
        (Role.SNAPSHOT, "/signed/meta/targets.json", _GONE),
        *((Role.SNAPSHOT, "/signed/meta/targets.json/version", value) for value in (0, True, _GONE)),
        (Role.TIMESTAMP, "/signed/meta/snapshot.json", _GONE),
        *((Role.TIMESTAMP, "/signed/meta/snapshot.json/version", value) for value in (0, True, _GONE)),
        (Role.TIMESTAMP, "/signed/meta/snapshot.json/length", _GONE),
        (Role.TIMESTAMP, "/signed/meta/snapshot.json/hashes", _GONE),
        *((Role.ROOT, "/signed/consistent_snapshot", value) for value in (False, 1, _GONE)),
        (Role.ROOT, "/signed/keys", []),
        *((Role.ROOT, f"{_KEY}/{name}", value) for name in ("keytype", "scheme") for value in (1, _GONE)),
        *((Role.ROOT, f"{_KEY}/keyval/public", value) for value in (1, _GONE)),
        (Role.ROOT, _KEY, {"keytype": "rsa", "scheme": "rsassa-pss-sha256", "keyval": {"public": "x"}}),
        (Role.ROOT, _KEY, {"keytype": "ed25519", "scheme": "ed25519", "keyval": {"public": "00" * 32}}),
        *((Role.ROOT, f"/signed/roles/{role}", _GONE) for role in Role),
        *((Role.ROOT, f"/signed/roles/{Role.ROOT}/threshold", value) for value in (0, 1, 4, 257, _GONE)),
        (Role.ROOT, f"/signed/roles/{Role.ROOT}/keyids", _GONE),
    ],
)
def test_the_form_that_each_role_has(role: Role, pointer: str, value: object) -> None:
    assert _changed(role, pointer, value) == ("trust_document_invalid", pointer)


@pytest.mark.parametrize(
    ("role", "place"),
    [
        *((Role.TARGETS, f"/signed/targets/policy.json{inner}") for inner in ("", "/hashes")),
        *((Role.SNAPSHOT, f"/signed/meta{inner}") for inner in ("", "/targets.json")),
        *(
            (Role.TIMESTAMP, f"/signed/meta{inner}")
            for inner in ("", "/snapshot.json", "/snapshot.json/hashes")
        ),
        *((Role.ROOT, place) for place in (f"{_KEY}/keyval", "/signed/roles", "/signed/roles/root")),
    ],
)
def test_what_was_signed_has_no_member_that_nobody_reads(role: Role, place: str) -> None:
    """But for a key, which its officer's name may stand beside."""
    assert _changed(role, f"{place}/more", 1) == ("trust_document_invalid", place)


@pytest.mark.parametrize("path", ["..", "keys", ".json", "a.txt", "A.json", "a.json\n", "a b.json", "ä.json"])
def test_a_document_has_a_path_that_no_system_reads_in_another_way(path: str) -> None:
    """And a refusal names nothing that a stranger chose."""
    file = {"length": 2, "hashes": {"sha256": SHA256}}
    assert _changed(Role.TARGETS, f"/signed/targets/{path}", file) == (
        "trust_document_invalid",
        "/signed/targets",
    )
    document = json.loads(_signed(Role.TARGETS))
    for folder in ("../", "/", "a/b/", "A/"):
        document["signed"]["targets"] = {f"{folder}policy.json": file}
        refused = _refusal(lambda: parse_metadata(json.dumps(document).encode(), Role.TARGETS))
        assert refused == ("trust_document_invalid", "/signed/targets")


@pytest.mark.parametrize("keyid", ["A. Meier", "ab", "AB" * 32])
def test_a_key_has_an_id_that_says_nothing(keyid: str) -> None:
    key = HUB.public_key.to_dict()
    assert _changed(Role.ROOT, f"/signed/keys/{keyid}", key) == ("trust_document_invalid", "/signed/keys")


def test_a_root_without_keys_has_no_officers() -> None:
    assert _changed(Role.ROOT, "/signed/keys", {}) == (
        "trust_document_invalid",
        f"/signed/roles/{Role.ROOT}/keyids",
    )


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'"\xff"', b'{"signed": {}, "signed": {}}'])
def test_what_is_no_document(data: bytes) -> None:
    assert _refusal(lambda: parse_metadata(data, Role.TARGETS)) == ("trust_document_invalid", "")


# -------------------------------------------------------------------------------------------- limits


def test_the_longest_document() -> None:
    assert MAX_METADATA_BYTES == 4 * 1024 * 1024
    longest = _signed(Role.TARGETS).ljust(MAX_METADATA_BYTES)
    assert parse_metadata(longest, Role.TARGETS).version == 4
    assert _refusal(lambda: parse_metadata(longest + b" ", Role.TARGETS))[0] == "too_large"


def test_the_largest_numbers_and_the_longest_signature() -> None:
    document = json.loads(_signed(Role.TARGETS, HUB))
    document["signed"]["version"] = 2**53 - 1
    document["signed"]["targets"]["policy.json"]["length"] = 16 * 1024 * 1024
    document["signatures"][0]["sig"] = "ab" * 128
    found = parse_metadata(json.dumps(document).encode(), Role.TARGETS)
    assert (found.version, found.files["policy.json"].length) == (2**53 - 1, 16 * 1024 * 1024)
    pointer = json.loads(_signed(Role.SNAPSHOT))
    pointer["signed"]["meta"]["targets.json"]["version"] = 2**53 - 1
    assert parse_metadata(json.dumps(pointer).encode(), Role.SNAPSHOT).pointed == 2**53 - 1


def test_the_most_signatures_files_and_keys() -> None:
    document = json.loads(_signed(Role.TARGETS))
    document["signatures"] = [{"keyid": f"{number:064x}", "sig": "ab"} for number in range(256)]
    (file, *_) = document["signed"]["targets"].values()
    document["signed"]["targets"] = {f"f{number}.json": file for number in range(256)}
    found = parse_metadata(json.dumps(document).encode(), Role.TARGETS)
    assert (len(found.signatures), len(found.files)) == (256, 256)
    document["signed"]["targets"]["more.json"] = file
    refused = _refusal(lambda: parse_metadata(json.dumps(document).encode(), Role.TARGETS))
    assert refused == ("trust_document_invalid", "/signed/targets")
    document["signatures"].append({"keyid": f"{256:064x}", "sig": "ab"})
    refused = _refusal(lambda: parse_metadata(json.dumps(document).encode(), Role.TARGETS))
    assert refused == ("too_large", "/signatures")


def test_the_most_officers() -> None:
    root = _root(*(CryptoSigner.generate_ed25519() for _ in range(255 - len(OFFICERS))))
    root.signed.roles["root"].threshold = 255
    assert len(parse_metadata(root.to_bytes(), Role.ROOT).roles[Role.ROOT].keys) == 255
    root.signed.add_key(CryptoSigner.generate_ed25519().public_key, "root")
    assert _refusal(lambda: parse_metadata(root.to_bytes(), Role.ROOT)) == (
        "trust_document_invalid",
        "/signed/keys",
    )


# ---------------------------------------------------------------------------------------- signatures


@pytest.mark.parametrize("kind", OFFICERS)
def test_a_signature_of_every_kind_of_key_holds_and_only_over_what_was_signed(kind: str) -> None:
    root = parse_metadata(_signed(Role.ROOT), Role.ROOT)
    officer = OFFICERS[kind]
    data = _signed(Role.TARGETS, officer)
    assert signers(parse_metadata(data, Role.TARGETS), root, Role.TARGETS) == {officer.public_key.keyid}
    # The same signature under another version; another's signature under this key; a broken one.
    (other,) = [signer for name, signer in OFFICERS.items() if name != kind][:1]
    document = json.loads(data)
    theirs = json.loads(_signed(Role.TARGETS, other))["signatures"][0]["sig"]
    for change in (
        lambda: document["signed"].update(version=5),
        lambda: document["signatures"][0].update(sig=theirs),
        lambda: document["signatures"][0].update(sig="00"),
    ):
        change()
        altered = parse_metadata(json.dumps(document).encode(), Role.TARGETS)
        assert signers(altered, root, Role.TARGETS) == frozenset()


def test_a_signature_counts_for_the_role_that_its_key_has() -> None:
    root = parse_metadata(_signed(Role.ROOT), Role.ROOT)
    officers = {officer.public_key.keyid for officer in OFFICERS.values()}
    stranger = CryptoSigner.generate_ed25519()
    everybody = parse_metadata(_signed(Role.TARGETS, *OFFICERS.values(), HUB, stranger), Role.TARGETS)
    assert signers(everybody, root, Role.ROOT) == signers(everybody, root, Role.TARGETS) == officers
    assert signers(everybody, root, Role.TIMESTAMP) == {HUB.public_key.keyid}


def test_enough_are_as_many_as_the_root_says_and_a_refusal_says_how_many_hold() -> None:
    root = parse_metadata(_signed(Role.ROOT), Role.ROOT)
    one, two, _ = OFFICERS.values()
    require_signed(parse_metadata(_signed(Role.TARGETS, one, two), Role.TARGETS), root, Role.TARGETS)
    for by in ((), (one,), (one, HUB)):
        with pytest.raises(KimError) as caught:
            require_signed(parse_metadata(_signed(Role.TARGETS, *by), Role.TARGETS), root, Role.TARGETS)
        held = len([signer for signer in by if signer is not HUB])
        assert caught.value.code == "trust_threshold"
        assert caught.value.detail.de == f"targets 4: {held} von 2 nötigen Unterschriften halten."
        assert caught.value.detail.en == f"targets 4: {held} of 2 signatures needed hold."
