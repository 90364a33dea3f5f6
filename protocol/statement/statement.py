"""The statement of one delivery: its members, how they are written, and how they are read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from protocol import strict_json
from protocol.dsse import MAX_PAYLOAD_BYTES
from protocol.errors import kim_error
from protocol.forms import AREA, AUDIENCE, INSTANCE, INSTANT, NODE, PERIOD, SHA256_HEX, one_line
from protocol.keys import NONCE_BYTES
from protocol.statement.checking import check_integer, check_members, check_text, object_at, refusal
from protocol.statement.contents import (
    SALT_BYTES,
    SEALING_OVERHEAD_BYTES,
    PayloadInfo,
    SealedInfo,
    Software,
    Travelling,
)
from protocol.texts import Text

#: Form of a statement whose table travels as it is, and of one whose table is sealed.
VERSION: Final = 1
VERSION_SEALED: Final = 2
VERSIONS: Final = (VERSION, VERSION_SEALED)
#: Member of ``ext`` that says why a series begins anew with the period: one line for people (SPEC P-17).
SERIES_BREAK: Final = "series_break"
MAX_BREAK_CHARACTERS: Final = 500

_DATASET: Final = re.compile(r"KIMNRW:(?P<id>[A-Z][A-Z0-9_]{0,31})\([0-9]{1,4}\.[0-9]{1,4}\.[0-9]{1,4}\)")
_SCHEMA: Final = re.compile(r"[A-Z][A-Z0-9_]{0,31}/[1-9][0-9]{0,3}")
_REASON: Final = one_line(500)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionStatement:
    """One delivery of one dataflow for one area and one period.

    Attributes:
        aud: the hub it is meant for; separates hubs and test from production.
        node: the sender.
        instance: the installation that sent it (a restored backup has the same, a clone must not).
        area: region id the figures are about.
        dataset: dataflow reference, for example ``KIMNRW:CASES(1.0.0)``.
        period: ``2026-Q3`` or ``2026``.
        revision: 1 for the first delivery, then one more each time.
        supersedes: statement id of the revision before; None exactly for revision 1.
        reason: why there is a correction, one line for people; None if nothing is to be said.
        schema: form of the table, for example ``CASES/1``.
        schema_sha256: digest of that form (:func:`protocol.columns.schema_sha256`).
        catalogue_sha256: digest of the catalogue the figures were made by.
        payload: the bytes of the table; of a sealed one, of salt and table together.
        sealed: the sealed bytes, or None if the table travels as it is.
        min_contributors: smallest count the node publishes; it may only be stricter than the catalogue.
        software: what made the delivery.
        created: the sender's clock in UTC, ``2026-10-09T08:15:00Z``; decides nothing.
        nonce: 32 random bytes; makes the statement's id unguessable.
        ext: members of later versions and other products, signed but not interpreted.
    """

    aud: str
    node: str
    instance: str
    area: str
    dataset: str
    period: str
    revision: int
    supersedes: str | None
    reason: str | None
    schema: str
    schema_sha256: str
    catalogue_sha256: str
    payload: PayloadInfo
    min_contributors: int
    software: Software
    created: str
    nonce: bytes
    sealed: SealedInfo | None = None
    ext: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}), hash=False)

    def __post_init__(self) -> None:
        """Check every member by itself and the revision chain (SPEC P-18, P-19).

        Raises:
            KimError: ``bad_envelope`` with the member's pointer.
        """
        for name, pattern in _PATTERNS.items():
            check_text(getattr(self, name), pattern, f"/{name}")
        check_integer(self.revision, 1, 1_000_000, "/revision")
        check_integer(self.min_contributors, 1, 1_000_000, "/min_contributors")
        # SPEC P-19: the first revision follows nothing, every other follows exactly one statement.
        if (self.revision == 1) != (self.supersedes is None):
            raise refusal("/supersedes")
        if self.supersedes is not None:
            check_text(self.supersedes, SHA256_HEX, "/supersedes")
        if self.reason is not None:
            check_text(self.reason, _REASON, "/reason")
        if not _is_instant(self.created):
            raise refusal("/created")
        if len(self.nonce) != NONCE_BYTES:
            raise refusal("/nonce")
        if self.sealed is not None and self.sealed.size != self.payload.size + SEALING_OVERHEAD_BYTES:
            raise refusal("/sealed/size")
        if self.sealed is not None and self.payload.size <= SALT_BYTES:
            raise refusal("/payload/size")
        if SERIES_BREAK in self.ext:
            check_text(self.ext[SERIES_BREAK], _REASON, f"/ext/{SERIES_BREAK}")

    @property
    def version(self) -> int:
        """The form it has: 1, or 2 if the table is sealed."""
        return VERSION if self.sealed is None else VERSION_SEALED

    @property
    def travelling(self) -> Travelling:
        """The bytes that are sent."""
        sent = self.payload if self.sealed is None else self.sealed
        return Travelling(sent.size, sent.sha256)

    @property
    def dataset_id(self) -> str:
        """Id of the dataflow, for example ``CASES``."""
        match = _DATASET.fullmatch(self.dataset)
        return match["id"] if match else ""

    @property
    def series_break(self) -> str | None:
        """Why the series begins anew with this period, or None if it goes on."""
        said: str | None = self.ext.get(SERIES_BREAK)
        return said

    def to_json(self) -> bytes:
        """Return the payload to be signed.

        Raises:
            KimError: ``too_large`` beyond 64 KiB (only ``ext`` can be so long).
            ValueError: if ``ext`` holds what strict JSON has no form for.
        """
        members = {name: getattr(self, name) for name in _PLAIN_MEMBERS}
        members |= {
            "v": self.version,
            "payload": {member.name: getattr(self.payload, member.name) for member in fields(self.payload)},
            "software": {
                member.name: getattr(self.software, member.name) for member in fields(self.software)
            },
            "nonce": strict_json.encode_base64(self.nonce),
        }
        if self.sealed is not None:
            members["sealed"] = {
                member.name: getattr(self.sealed, member.name) for member in fields(self.sealed)
            }
        if self.ext:
            members["ext"] = self.ext
        data = strict_json.dumps(members)
        if len(data) > MAX_PAYLOAD_BYTES:
            raise kim_error("too_large", pointer="/ext")
        return data


_PATTERNS: Final = {
    "aud": AUDIENCE,
    "node": NODE,
    "instance": INSTANCE,
    "area": AREA,
    "dataset": _DATASET,
    "period": PERIOD,
    "schema": _SCHEMA,
    "schema_sha256": SHA256_HEX,
    "catalogue_sha256": SHA256_HEX,
    "created": INSTANT,
}
_PLAIN_MEMBERS: Final = tuple(
    member.name
    for member in fields(SubmissionStatement)
    if member.name not in {"payload", "sealed", "software", "nonce", "ext"}
)
_MEMBERS: Final = frozenset({*_PLAIN_MEMBERS, "v", "payload", "software", "nonce"})
_MEMBERS_SEALED: Final = _MEMBERS | {"sealed"}
_OPTIONAL: Final = frozenset({"ext"})
_PAYLOAD_MEMBERS, _SEALED_MEMBERS, _SOFTWARE_MEMBERS = (
    frozenset(member.name for member in fields(part)) for part in (PayloadInfo, SealedInfo, Software)
)


def parse_statement(data: bytes) -> SubmissionStatement:
    """Read the payload of a verified envelope.

    The caller must have verified the signature over exactly these bytes, and must still decide whether
    sender, addressee, area, period, revision and digests are the right ones.

    Args:
        data: ``envelope.payload``.

    Returns:
        The statement, every member well formed.

    Raises:
        KimError: ``unsupported_version`` for another ``v``; ``too_large``; ``bad_envelope`` with the pointer
            of the first member that is missing, unknown (the pointer is the object then) or malformed.
    """
    document = strict_json.loads(data, max_bytes=MAX_PAYLOAD_BYTES)
    if not isinstance(document, dict):
        raise refusal("")
    version = document.get("v", VERSION)
    if not isinstance(version, int) or isinstance(version, bool):
        raise refusal("/v")
    if version not in VERSIONS:
        raise kim_error(
            "unsupported_version",
            Text(
                f"Unterstützt werden die Fassungen {VERSION} und {VERSION_SEALED}.",
                f"Versions {VERSION} and {VERSION_SEALED} are supported.",
            ),
            pointer="/v",
        )
    # SPEC P-130: exactly version 2 is sealed, so that nobody can take the seal off or leave it open.
    members = _MEMBERS_SEALED if version == VERSION_SEALED else _MEMBERS
    check_members(document, members, optional=_OPTIONAL, pointer="")
    payload = object_at(document["payload"], "/payload")
    check_members(payload, _PAYLOAD_MEMBERS, pointer="/payload")
    software = object_at(document["software"], "/software")
    check_members(software, _SOFTWARE_MEMBERS, pointer="/software")
    nonce = document["nonce"]
    if not isinstance(nonce, str):
        raise refusal("/nonce")
    plain: dict[str, Any] = {name: document[name] for name in _PLAIN_MEMBERS}
    return SubmissionStatement(
        **plain,
        payload=PayloadInfo(**payload),
        sealed=_sealed(document["sealed"]) if version == VERSION_SEALED else None,
        software=Software(**software),
        nonce=strict_json.decode_base64(nonce, pointer="/nonce"),
        ext=MappingProxyType(object_at(document.get("ext", {}), "/ext")),
    )


def is_reason(text: str) -> bool:
    """Whether a text is one line for people, as ``reason`` must be."""
    return _REASON.fullmatch(text) is not None


def _sealed(value: object) -> SealedInfo:
    members = object_at(value, "/sealed")
    check_members(members, _SEALED_MEMBERS, pointer="/sealed")
    return SealedInfo(**members)


def _is_instant(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
