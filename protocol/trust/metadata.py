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
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.hashes import SHA256, SHA384

from protocol import strict_json
from protocol.errors import KimError, kim_error
from protocol.forms import SHA256_HEX
from protocol.keys import PublicKey
from protocol.strict_json import JsonValue
from protocol.texts import Text
from protocol.trust.fingerprints import root_fingerprint
from protocol.trust.members import Members, placed, refusal
from protocol.trust.officers import OfficerKey, check_root, officer_key

MAX_METADATA_BYTES: Final = 4 * 1024 * 1024
_MAX_ENTRIES: Final = 256
_MAX_TARGET_BYTES: Final = 16 * 1024 * 1024
_HEX: Final = re.compile(r"(?:[0-9a-f]{2}){1,128}")
_SPEC: Final = re.compile(r"1\.[0-9]{1,4}\.[0-9]{1,4}")
_PATH: Final = re.compile(r"(?:[a-z]{1,32}/)?[a-z][a-z0-9_-]{0,63}\.json")
#: What is hashed with what, by the curve of the key.
_HASHES: Final = {"secp256r1": SHA256, "secp384r1": SHA384}


class Role(StrEnum):
    """The roles of the repository."""

    ROOT = "root"
    TARGETS = "targets"
    SNAPSHOT = "snapshot"
    TIMESTAMP = "timestamp"


@dataclass(frozen=True, slots=True)
class FileInfo:
    """What signed metadata say about the bytes of a file."""

    length: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Holders:
    """Who signs in a role: their keys by key id, and how many of them have to."""

    keys: Mapping[str, OfficerKey]
    threshold: int


@dataclass(frozen=True, slots=True)
class Metadata:
    """One document of the repository; nobody's signature is verified by that.

    Attributes:
        role: which.
        version: its version, from 1.
        expires: until when it holds.
        signed_bytes: what was signed.
        signatures: key id → signature, as they stand there.
        roles: of a root: who signs what, checked by :func:`protocol.trust.officers.check_root`.
        pointed: of snapshot and timestamp: version of the one document that they point to.
        files: of targets and timestamp: path → what is said about the file.
    """

    role: Role
    version: int
    expires: datetime
    signed_bytes: bytes = field(repr=False)
    signatures: Mapping[str, bytes] = field(repr=False)
    roles: Mapping[Role, Holders] = field(default_factory=dict, repr=False)
    pointed: int = 0
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
    signed.constant("_type", role)
    signed.text("spec_version", _SPEC)
    version = signed.integer("version", least=1, most=strict_json.MAX_INTEGER)
    expires = signed.instant("expires")
    found = Metadata(role, version, expires, _canonical(signed.whole).encode(), signatures)
    if role is Role.ROOT:
        found = replace(found, roles=_root(signed))
    elif role is Role.TARGETS:
        found = replace(found, files=_targets(signed.inner("targets")))
    else:
        pointed, files = _pointed(signed.inner("meta"), role)
        found = replace(found, pointed=pointed, files=files)
    signed.finish()
    return found


def signers(metadata: Metadata, root: Metadata, role: Role) -> frozenset[str]:
    """Return the key ids of a root's role whose signatures hold, each once."""
    keys = root.roles[role].keys
    return frozenset(
        keyid
        for keyid, signature in metadata.signatures.items()
        if keyid in keys and _holds(keys[keyid], signature, metadata.signed_bytes)
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
    threshold, found = root.roles[role].threshold, len(signers(metadata, root, role))
    if found < threshold:
        what = f"{metadata.role} {metadata.version}"
        raise kim_error(
            "trust_threshold",
            Text(
                f"{what}: {found} von {threshold} nötigen Unterschriften halten.",
                f"{what}: {found} of {threshold} signatures needed hold.",
            ),
        )


def _root(signed: Members) -> dict[Role, Holders]:
    signed.flag("consistent_snapshot")
    keys, roles = signed.inner("keys"), signed.inner("roles")
    known: dict[str, OfficerKey] = {}
    for keyid in keys.whole:
        if len(known) >= _MAX_ENTRIES or SHA256_HEX.fullmatch(keyid) is None:
            raise refusal(keys.pointer)
        known[keyid] = _key(keys.inner(keyid))
    entries: dict[Role, tuple[tuple[str, ...], int]] = {}
    for role in Role:
        entry = roles.inner(role)
        keyids = entry.texts("keyids", SHA256_HEX, most=_MAX_ENTRIES)
        entries[role] = keyids, entry.integer("threshold", least=1, most=_MAX_ENTRIES)
        entry.finish()
    with placed(signed.pointer):  # further roles are refused there as well
        check_root(signed.whole)
    return {
        role: Holders({keyid: known[keyid] for keyid in keyids}, threshold)
        for role, (keyids, threshold) in entries.items()
    }


def _key(key: Members) -> OfficerKey:
    # Further members (an officer's name) are signed like the rest, and mean nothing here.
    form = key.text("keytype"), key.text("scheme")
    value = key.inner("keyval")
    found = officer_key(form, value.text("public"))
    value.finish()
    if found is None:
        raise refusal(key.pointer)
    return found


def _targets(targets: Members) -> dict[str, FileInfo]:
    found: dict[str, FileInfo] = {}
    for path in targets.whole:
        if len(found) >= _MAX_ENTRIES or _PATH.fullmatch(path) is None:
            raise refusal(targets.pointer)
        found[path] = _file(targets.inner(path))
    return found


def _pointed(meta: Members, role: Role) -> tuple[int, dict[str, FileInfo]]:
    """Read what snapshot and timestamp point to: exactly one document each, the latter with its digest."""
    name = "snapshot.json" if role is Role.TIMESTAMP else "targets.json"
    item = meta.inner(name)
    meta.finish()
    version = item.integer("version", least=1, most=strict_json.MAX_INTEGER)
    if role is Role.TIMESTAMP:
        return version, {name: _file(item)}
    item.finish()
    return version, {}


def _file(item: Members) -> FileInfo:
    length = item.integer("length", least=0, most=_MAX_TARGET_BYTES)
    hashes = item.inner("hashes")
    sha256 = hashes.text("sha256", SHA256_HEX)
    hashes.finish()
    item.finish()
    return FileInfo(length, sha256)


def _holds(key: OfficerKey, signature: bytes, data: bytes) -> bool:
    try:
        if isinstance(key, PublicKey):
            key.verify(signature, data)
        else:
            key.verify(signature, data, ECDSA(_HASHES[key.curve.name]()))
    except (InvalidSignature, KimError):
        return False
    return True


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
