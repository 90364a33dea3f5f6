"""TUF metadata as the officers' repository has them: read strictly, their signatures counted (SPEC P-150).

For whoever checks offline with nothing but `cryptography`; hub and nodes use the reference client. What is
read here is less than TUF allows: one form of every role, no delegations, consistent snapshots. A document
that parses has one meaning (SPEC P-03 to P-06), so its canonical bytes are those that were signed.

It deliberately decides nothing about versions and lifetimes; `protocol.verify.officers` does.

Source: TUF specification 1.0; canonical JSON of securesystemslib.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from protocol import strict_json
from protocol.errors import KimError, kim_error
from protocol.forms import SHA256_HEX
from protocol.keys import PublicKey
from protocol.strict_json import JsonValue
from protocol.texts import Text
from protocol.trust.fingerprints import root_fingerprint
from protocol.trust.members import Members, refusal
from protocol.trust.officers import ED25519, check_root

MAX_METADATA_BYTES: Final = 4 * 1024 * 1024
_MAX_ENTRIES: Final = 256
_MAX_TARGET_BYTES: Final = 16 * 1024 * 1024
_HEX: Final = re.compile(r"(?:[0-9a-f]{2}){1,128}")
_SPEC: Final = re.compile(r"1\.[0-9]{1,4}\.[0-9]{1,4}")
_PATH: Final = re.compile(r"(?:[a-z]{1,32}/)?[a-z][a-z0-9_-]{0,63}\.json")
_HASHES: Final = {
    ("ecdsa", "ecdsa-sha2-nistp256"): SHA256,
    ("ecdsa", "ecdsa-sha2-nistp384"): SHA384,
}


class Role(StrEnum):
    """The roles of the repository."""

    ROOT = "root"
    TARGETS = "targets"
    SNAPSHOT = "snapshot"
    TIMESTAMP = "timestamp"


@dataclass(frozen=True, slots=True)
class FileInfo:
    """What signed metadata say about a file: version of metadata, length and digest where they are named."""

    version: int | None = None
    length: int | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Metadata:
    """One document of the repository; nobody's signature is verified by that.

    Attributes:
        role: which.
        version: its version, from 1.
        expires: until when it holds.
        signed_bytes: what was signed.
        signatures: key id → signature, as they stand there.
        root: of a root: what it says, checked by :func:`protocol.trust.officers.check_root`.
        files: of the others: path → what is said about the file.
    """

    role: Role
    version: int
    expires: datetime
    signed_bytes: bytes = field(repr=False)
    signatures: Mapping[str, bytes] = field(repr=False)
    root: Mapping[str, JsonValue] = field(default_factory=dict, repr=False)
    files: Mapping[str, FileInfo] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """Of a root: what is printed in the enrolment letter."""
        return root_fingerprint(self.signed_bytes)


def parse_metadata(data: bytes, role: Role) -> Metadata:
    """Read one document of the repository.

    Raises:
        KimError: ``too_large``; ``trust_document_invalid`` for anything but this role in the form that the
            hub writes, a key id with two signatures included; of a root also what
            :func:`protocol.trust.officers.check_root` raises.
    """
    try:
        document = strict_json.loads(data, max_bytes=MAX_METADATA_BYTES)
    except KimError as error:
        if error.code == "too_large":
            raise
        raise refusal("") from None
    whole = Members(document)
    signatures: dict[str, bytes] = {}
    for item in whole.objects("signatures", most=_MAX_ENTRIES):
        keyid, signature = item.text("keyid", SHA256_HEX), item.text("sig", _HEX)
        item.finish()
        if keyid in signatures:
            raise refusal(item.pointer)
        signatures[keyid] = bytes.fromhex(signature)
    signed = whole.inner("signed")
    whole.finish()
    content = _object(document, "signed")
    signed.constant("_type", role)
    signed.text("spec_version", _SPEC)
    version = signed.integer("version", least=1, most=strict_json.MAX_INTEGER)
    expires = signed.instant("expires")
    root: Mapping[str, JsonValue] = {}
    files: dict[str, FileInfo] = {}
    if role is Role.ROOT:
        root = _root(signed, content)
    elif role is Role.TARGETS:
        files = _targets(signed.inner("targets"), _object(content, "targets"))
    else:
        files = _pointed(signed.inner("meta"), role)
    signed.finish()
    return Metadata(role, version, expires, _canonical(content).encode(), signatures, root, files)


def signers(metadata: Metadata, root: Metadata, role: Role) -> frozenset[str]:
    """Return the key ids of a root's role whose signatures hold, each once."""
    keys, (allowed, _) = _object(root.root, "keys"), _role(root, role)
    return frozenset(
        keyid
        for keyid, signature in metadata.signatures.items()
        if keyid in allowed and _holds(_object(keys, keyid), signature, metadata.signed_bytes)
    )


def require_signed(metadata: Metadata, root: Metadata, role: Role) -> None:
    """Refuse metadata that not enough keys of a role have signed.

    Args:
        metadata: what is to be believed.
        root: whose officers are asked.
        role: in which capacity.

    Raises:
        KimError: ``trust_threshold``.
    """
    (_, threshold), found = _role(root, role), len(signers(metadata, root, role))
    if found < threshold:
        what = f"{metadata.role} {metadata.version}"
        raise kim_error(
            "trust_threshold",
            Text(
                f"{what}: {found} von {threshold} nötigen Unterschriften halten.",
                f"{what}: {found} of {threshold} signatures needed hold.",
            ),
        )


def _root(signed: Members, content: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
    if not signed.flag("consistent_snapshot"):
        raise refusal(signed.at("consistent_snapshot"))
    keys, roles = signed.inner("keys"), signed.inner("roles")
    if not 0 < len(_object(content, "keys")) <= _MAX_ENTRIES:
        raise refusal(keys.pointer)
    for keyid in _object(content, "keys"):
        if SHA256_HEX.fullmatch(keyid) is None:
            raise refusal(keys.pointer)
        key = keys.inner(keyid)
        key.text("keytype")
        key.text("scheme")
        value = key.inner("keyval")
        value.text("public")
        value.finish()
        # Further members (an officer's name) are signed like the rest, and mean nothing here.
    for role in Role:
        entry = roles.inner(role)
        entry.texts("keyids", SHA256_HEX, most=_MAX_ENTRIES)
        entry.integer("threshold", least=1, most=_MAX_ENTRIES)
        entry.finish()
    roles.finish()
    check_root(content)
    return content


def _targets(targets: Members, content: Mapping[str, JsonValue]) -> dict[str, FileInfo]:
    found: dict[str, FileInfo] = {}
    for path in content:
        if len(found) >= _MAX_ENTRIES or _PATH.fullmatch(path) is None:
            raise refusal(targets.pointer)
        found[path] = _file(targets.inner(path), versioned=False)
    return found


def _pointed(meta: Members, role: Role) -> dict[str, FileInfo]:
    """Read what snapshot and timestamp point to: exactly one document each."""
    if role is Role.TIMESTAMP:
        found = {"snapshot.json": _file(meta.inner("snapshot.json"), versioned=True)}
    else:
        item = meta.inner("targets.json")
        version = item.integer("version", least=1, most=strict_json.MAX_INTEGER)
        item.finish()
        found = {"targets.json": FileInfo(version)}
    meta.finish()
    return found


def _file(item: Members, *, versioned: bool) -> FileInfo:
    version = item.integer("version", least=1, most=strict_json.MAX_INTEGER) if versioned else None
    length = item.integer("length", least=0, most=_MAX_TARGET_BYTES)
    hashes = item.inner("hashes")
    sha256 = hashes.text("sha256", SHA256_HEX)
    hashes.finish()
    item.finish()
    return FileInfo(version, length, sha256)


def _role(root: Metadata, role: Role) -> tuple[frozenset[str], int]:
    entry = Members(dict(_object(_object(root.root, "roles"), role)))
    keyids = entry.texts("keyids", SHA256_HEX, most=_MAX_ENTRIES)
    return frozenset(keyids), entry.integer("threshold", least=1, most=_MAX_ENTRIES)


def _holds(key: Mapping[str, JsonValue], signature: bytes, data: bytes) -> bool:
    form = str(key["keytype"]), str(key["scheme"])
    public = str(_object(key, "keyval")["public"])
    try:
        if form == ED25519:
            PublicKey.from_hex(public).verify(signature, data)
            return True
        loaded = load_pem_public_key(public.encode())
        if form not in _HASHES or not isinstance(loaded, EllipticCurvePublicKey):
            return False
        loaded.verify(signature, data, ECDSA(_HASHES[form]()))
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, KimError):
        return False
    return True


def _object(value: JsonValue | Mapping[str, JsonValue], name: str) -> Mapping[str, JsonValue]:
    """Return a member that is an object; the form of what is asked for was checked before."""
    member = value.get(name) if isinstance(value, Mapping) else None
    if not isinstance(member, dict):
        raise refusal(f"/{name}")
    return member


def _canonical(value: JsonValue | Mapping[str, JsonValue]) -> str:
    """Return the one spelling that is signed: sorted members, no blanks, two characters escaped."""
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, Mapping):
        parts = (f"{_canonical(name)}:{_canonical(value[name])}" for name in sorted(value))
        return "{" + ",".join(parts) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_canonical, value)) + "]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)
