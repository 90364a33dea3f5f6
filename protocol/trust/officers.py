"""The officers behind a root: enough of them, each once, and none of them on the hub's machine (SPEC P-150).

TUF counts key ids. It does not ask whether two ids are two spellings of one key, nor whether one signature is
enough: a root that lets one person sign alone would be followed like any other. So the hub before it
publishes, officers before they sign and nodes before they believe ask here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP384R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from protocol.errors import KimError, kim_error
from protocol.keys import PublicKey
from protocol.trust.members import refusal

#: Roles whose keys lie with officers, offline, and roles whose one key lies with the hub.
OFFLINE: Final = ("root", "targets")
ONLINE: Final = ("snapshot", "timestamp")
MIN_THRESHOLD: Final = 2
ED25519: Final = ("ed25519", "ed25519")
_CURVES: Final = {
    ("ecdsa", "ecdsa-sha2-nistp256"): SECP256R1,
    ("ecdsa", "ecdsa-sha2-nistp384"): SECP384R1,
}

#: A public key of an officer or of the hub, as a root may have it.
OfficerKey: TypeAlias = PublicKey | EllipticCurvePublicKey


def check_root(signed: Mapping[str, Any]) -> None:
    """Refuse a root under which fewer people decide than it says.

    Args:
        signed: what the officers have signed, as JSON members; its form was checked by TUF.

    Raises:
        KimError: `duplicate_key` for a key that stands there twice, under whatever id; `keyid_mismatch`;
            `trust_document_invalid` for a threshold below two or above the number of keys, online roles
            with more than one key, a key that is an officer's and the hub's, or files under plain names.
    """
    keys, roles = signed["keys"], signed["roles"]
    # Nobody is told of it, and readers would look for every file elsewhere.
    if signed.get("consistent_snapshot") is not True:
        raise refusal("/consistent_snapshot")
    if {*roles} != {*OFFLINE, *ONLINE}:
        raise refusal("/roles")
    material: set[bytes] = set()
    for number, (keyid, key) in enumerate(keys.items()):
        form = (key["keytype"], key["scheme"])
        public = key["keyval"]["public"]
        found = officer_key(form, public)
        if found is None:
            raise refusal(f"/keys/{number}")
        canonical = _material(found)
        if canonical in material:
            raise kim_error("duplicate_key", pointer=f"/keys/{number}")
        material.add(canonical)
        if keyid_of(form, public) != keyid:
            raise kim_error("keyid_mismatch", pointer=f"/keys/{number}")
    for name in OFFLINE:
        _check_role(roles[name], f"/roles/{name}", keys=keys, threshold=MIN_THRESHOLD)
    for name in ONLINE:
        _check_role(roles[name], f"/roles/{name}", keys=keys, threshold=1)
        if len(roles[name]["keyids"]) != 1:
            raise refusal(f"/roles/{name}/keyids")
    snapshot, timestamp = (roles[name]["keyids"] for name in ONLINE)
    if timestamp != snapshot or any(timestamp[0] in roles[name]["keyids"] for name in OFFLINE):
        raise refusal("/roles/timestamp/keyids")


def _check_role(role: Mapping[str, Any], pointer: str, *, keys: Mapping[str, Any], threshold: int) -> None:
    keyids: Sequence[str] = role["keyids"]
    if len({*keyids}) != len(keyids):
        raise kim_error("duplicate_key", pointer=f"{pointer}/keyids")
    if not {*keyids} <= keys.keys():
        raise refusal(f"{pointer}/keyids")
    if not threshold <= role["threshold"] <= len(keyids):
        raise refusal(f"{pointer}/threshold")


def keyid_of(form: tuple[str, str], public: str) -> str:
    """Return the key id of an officer's key: hex SHA-256 of its canonical JSON (securesystemslib's rule).

    Args:
        form: key type and scheme.
        public: the public key as it stands in the root.
    """
    escaped = public.replace("\\", "\\\\").replace('"', '\\"')
    text = f'{{"keytype":"{form[0]}","keyval":{{"public":"{escaped}"}},"scheme":"{form[1]}"}}'
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def fingerprint_of(keyid: str) -> str:
    """Return the first 128 bits of a key id as eight groups of four digits, to be read out."""
    return " ".join(keyid[start : start + 4] for start in range(0, 32, 4))


def is_officer_key(form: tuple[str, str], public: str) -> bool:
    """Whether this is a public key of a kind that officers may have: Ed25519, or ECDSA on a smartcard."""
    return officer_key(form, public) is not None


def officer_key(form: tuple[str, str], public: str) -> OfficerKey | None:
    """Return a public key of a kind that officers may have; None for any other text."""
    if form == ED25519:
        try:
            return PublicKey.from_hex(public)
        except KimError:
            return None
    curve = _CURVES.get(form)
    try:
        key = load_pem_public_key(public.encode("utf-8"))
    except (ValueError, UnsupportedAlgorithm):
        return None
    if curve is None or not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, curve):
        return None
    return key


def _material(key: OfficerKey) -> bytes:
    """Return one and the same bytes for one key, whatever its spelling."""
    if isinstance(key, PublicKey):
        return key.raw
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
