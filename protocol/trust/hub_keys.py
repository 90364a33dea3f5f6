"""The hub's own keys: its log, who must witness it, what deliveries are sealed with (SPEC P-147, P-148).

Officers sign these too, so that a hub that was broken into cannot give a node another log or another sealing
key. The private halves never appear here.

It deliberately computes nothing with the keys: notes are checked by `protocol.transparency`, deliveries
sealed by `protocol.sealing`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from protocol import strict_json
from protocol.errors import KimError, kim_error
from protocol.forms import AUDIENCE, SHA256_HEX
from protocol.trust.members import (
    Members,
    is_whole_second,
    placed,
    read_document,
    refusal,
    write_document,
    write_instant,
)

MAX_HUB_KEYS_BYTES: Final = 256 * 1024
MAX_OUTSIDE_WITNESSES: Final = 16
MAX_SEALING_KEYS: Final = 16
MAX_QUORUM: Final = 100
#: The one suite of this version, as a statement names it.
SUITE: Final = "MLKEM768X25519/HKDF-SHA256/A256GCM"
#: ML-KEM-768 encapsulation key and X25519 public key, one behind the other.
SEALING_KEY_BYTES: Final = 1184 + 32

# C2SP signed-note: name, "+", four bytes of key hash, "+", base64 of algorithm byte and key.
_VKEY: Final = re.compile(r"[!-*,-~]{1,128}\+[0-9a-f]{8}\+[A-Za-z0-9+/]{1,4000}={0,2}")
_ADDRESS: Final = re.compile(r"https://[!-~]{1,500}")
_KID_DOMAIN: Final = b"kim/1 sealing\x00"


@dataclass(frozen=True, slots=True)
class OutsideWitness:
    """A witness of the log that is no node.

    Attributes:
        vkey: its verifier key (C2SP signed-note).
        url: where the hub asks it for a cosignature, or None if it asks the hub.
    """

    vkey: str
    url: str | None = None

    def __post_init__(self) -> None:
        """Check the members.

        Raises:
            KimError: ``trust_document_invalid``.
        """
        if not _VKEY.fullmatch(self.vkey):
            raise refusal("/vkey")
        if self.url is not None and not _ADDRESS.fullmatch(self.url):
            raise refusal("/url")


@dataclass(frozen=True, slots=True)
class SealingKey:
    """A public key that deliveries are sealed with.

    Attributes:
        public_key: 1,216 bytes of :data:`SUITE`.
        not_before: it is used from this moment on.
        not_after: and no longer at this one.
    """

    public_key: bytes
    not_before: datetime
    not_after: datetime

    def __post_init__(self) -> None:
        """Check the members (SPEC P-148).

        Raises:
            KimError: ``trust_document_invalid``.
        """
        if len(self.public_key) != SEALING_KEY_BYTES:
            raise refusal("/public_key")
        if not (is_whole_second(self.not_before) and is_whole_second(self.not_after)):
            raise refusal("/not_before")
        if not self.not_before < self.not_after:
            raise refusal("/not_after")

    @property
    def kid(self) -> str:
        """Hex SHA-256 over purpose, suite and key (SPEC P-148)."""
        return sealing_kid(self.public_key)

    @property
    def suite(self) -> str:
        """The suite of the key, always :data:`SUITE`."""
        return SUITE

    def holds_at(self, moment: datetime) -> bool:
        """Whether a delivery may be sealed with the key at ``moment``."""
        return self.not_before <= moment < self.not_after

    def members(self) -> Mapping[str, object]:
        """Return the entry as it stands in the document."""
        return {
            "kid": self.kid,
            "suite": self.suite,
            "public_key": strict_json.encode_base64(self.public_key),
            "not_before": write_instant(self.not_before),
            "not_after": write_instant(self.not_after),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class HubKeys:
    """The keys of one hub.

    Attributes:
        audience: the hub.
        log_vkey: verifier key of its log (C2SP signed-note); None for a hub that has no log yet.
        quorum: how many witnesses other than the submitter a final receipt needs. Witnesses are the nodes
            (their keys for this purpose in the directory; one vote each) and those below.
        outside_witnesses: witnesses that are no nodes.
        sealing_keys: keys that deliveries are sealed with, the newest last.
    """

    audience: str
    log_vkey: str | None = None
    quorum: int = 0
    outside_witnesses: tuple[OutsideWitness, ...] = ()
    sealing_keys: tuple[SealingKey, ...] = ()

    def __post_init__(self) -> None:
        """Check the members (SPEC P-147).

        Raises:
            KimError: ``trust_document_invalid``, ``duplicate_key`` or ``too_large`` with the pointer.
        """
        if not AUDIENCE.fullmatch(self.audience):
            raise refusal("/audience")
        if self.log_vkey is not None and not _VKEY.fullmatch(self.log_vkey):
            raise refusal("/log_vkey")
        if not 0 <= self.quorum <= MAX_QUORUM:
            raise refusal("/quorum")
        for pointer, keys, most in (
            ("/outside_witnesses", [w.vkey for w in self.outside_witnesses], MAX_OUTSIDE_WITNESSES),
            ("/sealing_keys", [key.kid for key in self.sealing_keys], MAX_SEALING_KEYS),
        ):
            if len(keys) > most:
                raise kim_error("too_large", pointer=pointer)
            if len({*keys}) != len(keys):
                raise kim_error("duplicate_key", pointer=pointer)

    def sealing_key_at(self, moment: datetime) -> SealingKey | None:
        """Return the newest key that a delivery may be sealed with at ``moment``."""
        holding = [key for key in self.sealing_keys if key.holds_at(moment)]
        return max(holding, key=lambda key: (key.not_before, key.kid), default=None)

    def sealing_key(self, kid: str) -> SealingKey | None:
        """Return the key with exactly this id."""
        return next((key for key in self.sealing_keys if key.kid == kid), None)

    def to_bytes(self) -> bytes:
        """Return the document; :func:`parse_hub_keys` gives the same keys back."""
        return write_document(
            {
                "audience": self.audience,
                "log_vkey": self.log_vkey,
                "quorum": self.quorum,
                "outside_witnesses": [{"vkey": w.vkey, "url": w.url} for w in self.outside_witnesses],
                "sealing_keys": [dict(key.members()) for key in self.sealing_keys],
            }
        )


def sealing_kid(public_key: bytes) -> str:
    """Return the key id of a sealing key of :data:`SUITE` (SPEC P-148)."""
    return hashlib.sha256(_KID_DOMAIN + SUITE.encode("ascii") + b"\x00" + public_key).hexdigest()


def parse_hub_keys(data: bytes) -> HubKeys:
    """Read the target ``keys/hub.json``.

    Args:
        data: its bytes, out of a verified repository.

    Returns:
        The keys. The caller compares ``audience`` with the hub it means.

    Raises:
        KimError: ``too_large``, ``unsupported_version``, ``duplicate_key``, ``keyid_mismatch`` or
            ``trust_document_invalid``, with the pointer of the first offender.
    """
    members = read_document(data, max_bytes=MAX_HUB_KEYS_BYTES)
    values: dict[str, Any] = {
        "audience": members.text("audience"),
        "log_vkey": members.optional_text("log_vkey"),
        "quorum": members.integer("quorum", least=0, most=MAX_QUORUM),
        "outside_witnesses": tuple(
            _read_witness(entry) for entry in members.objects("outside_witnesses", most=MAX_OUTSIDE_WITNESSES)
        ),
        "sealing_keys": tuple(
            _read_sealing_key(entry) for entry in members.objects("sealing_keys", most=MAX_SEALING_KEYS)
        ),
    }
    members.finish()
    return HubKeys(**values)


def _read_witness(members: Members) -> OutsideWitness:
    vkey, url = members.text("vkey"), members.optional_text("url")
    members.finish()
    with placed(members.pointer):
        return OutsideWitness(vkey, url)


def _read_sealing_key(members: Members) -> SealingKey:
    kid = members.text("kid", SHA256_HEX)
    members.constant("suite", SUITE)
    public_key = members.data("public_key")
    not_before, not_after = members.instant("not_before"), members.instant("not_after")
    members.finish()
    with placed(members.pointer):
        key = SealingKey(public_key, not_before, not_after)
        if key.kid != kid:
            raise _other_key()
    return key


def _other_key() -> KimError:
    return kim_error("keyid_mismatch", pointer="/kid")
