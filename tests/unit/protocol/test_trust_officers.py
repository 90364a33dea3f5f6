"""A root has the people behind it that it says (SPEC P-150)."""

from __future__ import annotations

import copy
import hashlib
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    SECP384R1,
    SECP521R1,
    EllipticCurve,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from securesystemslib.formats import encode_canonical
from securesystemslib.signer import SSlibKey

from protocol.errors import KimError
from protocol.keys import PrivateKey
from protocol.trust.fingerprints import root_fingerprint, same_fingerprint
from protocol.trust.officers import check_root, fingerprint_of, is_officer_key, keyid_of


def ed25519() -> tuple[str, dict[str, Any]]:
    public = PrivateKey.generate().public.hex
    key = {"keytype": "ed25519", "scheme": "ed25519", "keyval": {"public": public}}
    return keyid_of(("ed25519", "ed25519"), public), key


def ecdsa(curve: EllipticCurve) -> str:
    key = generate_private_key(curve).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def root() -> dict[str, Any]:
    keys = dict(ed25519() for _ in range(4))
    *officers, online = keys
    return {
        "consistent_snapshot": True,
        "keys": keys,
        "roles": {
            "root": {"keyids": officers, "threshold": 2},
            "targets": {"keyids": list(officers), "threshold": 2},
            "snapshot": {"keyids": [online], "threshold": 1},
            "timestamp": {"keyids": [online], "threshold": 1},
        },
    }


def refusal_of(signed: dict[str, Any]) -> tuple[str, str | None]:
    with pytest.raises(KimError) as caught:
        check_root(signed)
    return caught.value.code, caught.value.pointer


def test_two_of_three_and_one_key_of_the_hub() -> None:
    signed = root()
    check_root(signed)


@pytest.mark.parametrize("role", ["root", "targets"])
@pytest.mark.parametrize("threshold", [1, 0, 4])
def test_nobody_decides_alone(role: str, threshold: int) -> None:
    signed = root()
    signed["roles"][role]["threshold"] = threshold
    assert refusal_of(signed) == ("trust_document_invalid", f"/roles/{role}/threshold")


@pytest.mark.parametrize("flag", [False, None, 1])
def test_files_stand_under_their_digests(flag: object) -> None:
    signed = root()
    signed["consistent_snapshot"] = flag
    assert refusal_of(signed) == ("trust_document_invalid", "/consistent_snapshot")


def test_one_key_in_two_spellings_is_one_key() -> None:
    signed = root()
    first = signed["roles"]["root"]["keyids"][0]
    twin = copy.deepcopy(signed["keys"][first])
    twin["keyval"]["public"] = twin["keyval"]["public"].upper()
    twin_id = keyid_of(("ed25519", "ed25519"), twin["keyval"]["public"])
    signed["keys"][twin_id] = twin
    signed["roles"]["root"]["keyids"].append(twin_id)
    assert refusal_of(signed) == ("trust_document_invalid", "/keys/4")


def test_one_key_under_two_ids_is_one_key() -> None:
    signed = root()
    first = signed["roles"]["root"]["keyids"][0]
    signed["keys"]["ab" * 32] = copy.deepcopy(signed["keys"][first])
    signed["roles"]["root"]["keyids"].append("ab" * 32)
    assert refusal_of(signed) == ("duplicate_key", "/keys/4")


def test_a_pem_with_other_line_ends_is_the_same_key() -> None:
    signed, pem = root(), ecdsa(SECP256R1())
    form = ("ecdsa", "ecdsa-sha2-nistp256")
    for text in (pem, pem.replace("\n", "\r\n")):
        keyid = keyid_of(form, text)
        signed["keys"][keyid] = {"keytype": form[0], "scheme": form[1], "keyval": {"public": text}}
        signed["roles"]["targets"]["keyids"].append(keyid)
    assert refusal_of(signed) == ("duplicate_key", "/keys/5")


def test_an_id_that_is_another_keys() -> None:
    signed = root()
    first, second, *_ = signed["roles"]["root"]["keyids"]
    signed["keys"][first], signed["keys"][second] = signed["keys"][second], signed["keys"][first]
    assert refusal_of(signed) == ("keyid_mismatch", "/keys/0")


@pytest.mark.parametrize("role", ["root", "targets"])
def test_the_hubs_key_is_no_officers(role: str) -> None:
    signed = root()
    signed["roles"][role]["keyids"].append(signed["roles"]["timestamp"]["keyids"][0])
    assert refusal_of(signed) == ("trust_document_invalid", "/roles/timestamp/keyids")


def test_a_role_that_is_missing_or_unknown() -> None:
    signed = root()
    del signed["roles"]["targets"]
    assert refusal_of(signed) == ("trust_document_invalid", "/roles")
    signed = root()
    signed["roles"]["mirrors"] = signed["roles"]["timestamp"]
    assert refusal_of(signed) == ("trust_document_invalid", "/roles")


ROLES = ["root", "targets", "snapshot", "timestamp"]


@pytest.mark.parametrize("role", ROLES)
def test_a_role_with_a_key_that_is_not_there(role: str) -> None:
    signed = root()
    signed["roles"][role]["keyids"].append("cd" * 32)
    assert refusal_of(signed) == ("trust_document_invalid", f"/roles/{role}/keyids")


@pytest.mark.parametrize("role", ROLES)
def test_the_same_id_twice_in_a_role(role: str) -> None:
    signed = root()
    signed["roles"][role]["keyids"].append(signed["roles"][role]["keyids"][0])
    assert refusal_of(signed) == ("duplicate_key", f"/roles/{role}/keyids")


def with_another_key() -> tuple[dict[str, Any], str]:
    signed = root()
    keyid, key = ed25519()
    signed["keys"][keyid] = key
    return signed, keyid


@pytest.mark.parametrize("role", ["snapshot", "timestamp"])
def test_the_hub_has_one_key(role: str) -> None:
    signed, keyid = with_another_key()
    signed["roles"][role]["keyids"].append(keyid)
    assert refusal_of(signed) == ("trust_document_invalid", f"/roles/{role}/keyids")


@pytest.mark.parametrize("role", ["snapshot", "timestamp"])
def test_the_hubs_key_is_the_same_for_both_of_its_roles(role: str) -> None:
    signed, keyid = with_another_key()
    signed["roles"][role]["keyids"] = [keyid]
    assert refusal_of(signed) == ("trust_document_invalid", "/roles/timestamp/keyids")


@pytest.mark.parametrize("role", ["snapshot", "timestamp"])
@pytest.mark.parametrize("threshold", [0, 2])
def test_the_hubs_one_key_is_asked_for_once(role: str, threshold: int) -> None:
    signed = root()
    signed["roles"][role]["threshold"] = threshold
    assert refusal_of(signed) == ("trust_document_invalid", f"/roles/{role}/threshold")


def test_officers_on_smartcards() -> None:
    signed = root()
    for curve, scheme in ((SECP256R1(), "ecdsa-sha2-nistp256"), (SECP384R1(), "ecdsa-sha2-nistp384")):
        public = ecdsa(curve)
        keyid = keyid_of(("ecdsa", scheme), public)
        signed["keys"][keyid] = {"keytype": "ecdsa", "scheme": scheme, "keyval": {"public": public}}
        signed["roles"]["root"]["keyids"].append(keyid)
    check_root(signed)


def test_which_keys_an_officer_may_have() -> None:
    assert is_officer_key(("ecdsa", "ecdsa-sha2-nistp256"), ecdsa(SECP256R1()))
    assert is_officer_key(("ecdsa", "ecdsa-sha2-nistp384"), ecdsa(SECP384R1()))
    assert not is_officer_key(("ecdsa", "ecdsa-sha2-nistp256"), ecdsa(SECP384R1()))
    assert not is_officer_key(("ecdsa", "ecdsa-sha2-nistp384"), ecdsa(SECP256R1()))
    assert not is_officer_key(("ecdsa", "ecdsa-sha2-nistp521"), ecdsa(SECP521R1()))
    assert not is_officer_key(
        ("ecdsa", "ecdsa-sha2-nistp256"), PrivateKey.generate().public.to_pem().decode()
    )
    assert not is_officer_key(("ecdsa", "ecdsa-sha2-nistp256"), "x")
    assert not is_officer_key(("ecdsa", "ed25519"), PrivateKey.generate().public.hex)
    assert not is_officer_key(("rsa", "rsassa-pss-sha256"), "x")
    assert not is_officer_key(("ed25519", "ed25519"), "00" * 32)


def test_key_ids_are_those_of_securesystemslib() -> None:
    for key in (
        SSlibKey.from_crypto(generate_private_key(SECP256R1()).public_key()),
        SSlibKey.from_crypto(PrivateKey.generate()._key.public_key()),
    ):
        assert keyid_of((key.keytype, key.scheme), key.keyval["public"]) == key.keyid
    # Whatever stands in front of a PEM is no part of the key, and a part of its id.
    public = 'of "Ä. \\ B."\n' + ecdsa(SECP256R1())
    members = {"keytype": "ecdsa", "scheme": "ecdsa-sha2-nistp256", "keyval": {"public": public}}
    canonical = encode_canonical(members)
    assert canonical is not None
    assert (
        keyid_of(("ecdsa", "ecdsa-sha2-nistp256"), public) == hashlib.sha256(canonical.encode()).hexdigest()
    )


def test_fingerprints_are_typed_in_any_spelling() -> None:
    fingerprint = root_fingerprint(b"signed")
    digits = hashlib.sha256(b"kim/1 trust root\0" + b"signed").hexdigest()[:32]
    assert fingerprint == " ".join(digits[place : place + 4] for place in range(0, 32, 4))
    assert same_fingerprint(fingerprint.upper().replace(" ", "-"), fingerprint)
    assert same_fingerprint(fingerprint.replace(" ", ""), fingerprint)
    assert same_fingerprint(f" {fingerprint.replace(' ', '  ')}\n", fingerprint)
    assert not same_fingerprint(fingerprint[:-1], fingerprint)
    assert not same_fingerprint(root_fingerprint(b"signed!"), fingerprint)
    assert fingerprint_of("0123456789abcdef" * 4) == "0123 4567 89ab cdef 0123 4567 89ab cdef"
