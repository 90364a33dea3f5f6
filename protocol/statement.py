"""What a node says about one delivery: the statement that is signed (SPEC P-15..P-23, P-130).

It names sender, addressee, area, dataflow, period, place in the revision chain, the exact bytes of the
table and the rules they were made by. It is small, so a hub can judge all of it before it accepts a single
byte of payload. Parsing is strict: a member that this version does not know is refused unless it stands
under ``ext``, so nothing that is signed is silently ignored.

There are two forms. Version 1 names the table itself. Version 2 has one member more, ``sealed``: what travels
is the sealed table, and ``payload`` names what is inside, salt and table. Neither has members of the other.

It deliberately has no clock and no randomness: ``created`` and ``nonce`` are passed in. ``created`` is the
sender's claim and decides nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from protocol import strict_json
from protocol.dsse import MAX_PAYLOAD_BYTES
from protocol.errors import KimError, kim_error
from protocol.keys import NONCE_BYTES
from protocol.prescan import MAX_ROWS, MAX_TABLE_BYTES
from protocol.texts import Text
from protocol.trust.hub_keys import SUITE

#: Form of a statement whose table travels as it is, and of one whose table is sealed.
VERSION: Final = 1
VERSION_SEALED: Final = 2
VERSIONS: Final = (VERSION, VERSION_SEALED)
#: Random bytes in front of a sealed table.
SALT_BYTES: Final = 32
#: Encapsulated key of MLKEM768-X25519 and tag of AES-256-GCM.
SEALING_OVERHEAD_BYTES: Final = 1120 + 16
MEDIA_ARROW_STREAM: Final = "application/vnd.apache.arrow.stream"
CHUNK_BYTES: Final = 1_048_576
MIN_CHUNK_BYTES: Final = 1_024
#: Member of ``ext`` that says why a series begins anew with the period: one line for people (SPEC P-17).
SERIES_BREAK: Final = "series_break"
MAX_BREAK_CHARACTERS: Final = 500

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_AUDIENCE: Final = re.compile(r"(?=.{1,128}\Z)[a-z0-9][a-z0-9.-]*(?:/[a-z0-9][a-z0-9._-]*)*")
_NODE: Final = re.compile(r"node-[0-9a-z][0-9a-z-]{0,58}")
_INSTANCE: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_AREA: Final = re.compile(r"NW[0-9]{5}(?:X?[0-9]{3})?")
_DATASET: Final = re.compile(r"KIMNRW:(?P<id>[A-Z][A-Z0-9_]{0,31})\([0-9]{1,4}\.[0-9]{1,4}\.[0-9]{1,4}\)")
_PERIOD: Final = re.compile(r"(?:199|20[0-9]|21[0-9])[0-9](?:-Q[1-4])?")
_SCHEMA: Final = re.compile(r"[A-Z][A-Z0-9_]{0,31}/[1-9][0-9]{0,3}")
# Hours are named here because later versions of Python read 24:00 as midnight.
_CREATED: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}Z")
_LABEL: Final = re.compile(r"[!-~]{1,64}")
# One line for a person: no control characters, no direction marks that could disguise what it says.
_REASON: Final = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff]{1,500}")


@dataclass(frozen=True, slots=True)
class Software:
    """What made the delivery; information only.

    Attributes:
        name: program, for example ``kim-node``.
        version: its version.
        pyarrow: version of the Arrow library that wrote the table.
    """

    name: str
    version: str
    pyarrow: str

    def __post_init__(self) -> None:
        """Check the members (SPEC P-18).

        Raises:
            KimError: ``bad_envelope`` with the member's pointer.
        """
        for member in fields(self):
            _check_text(getattr(self, member.name), _LABEL, f"/software/{member.name}")


@dataclass(frozen=True, slots=True)
class PayloadInfo:
    """Which bytes the statement is about.

    Attributes:
        media: always :data:`MEDIA_ARROW_STREAM`.
        size: length in bytes.
        sha256: hex digest of the bytes.
        rows: rows of the table.
        chunk: size of an upload chunk in bytes; the last one may be shorter.
    """

    media: str
    size: int
    sha256: str
    rows: int
    chunk: int

    def __post_init__(self) -> None:
        """Check the members (SPEC P-18).

        Raises:
            KimError: ``bad_envelope`` with the member's pointer; ``too_large`` for the size.
        """
        if self.media != MEDIA_ARROW_STREAM:
            raise _refusal("/payload/media")
        _check_integer(self.size, 1, strict_json.MAX_INTEGER, "/payload/size")
        if self.size > MAX_TABLE_BYTES:
            raise kim_error("too_large", pointer="/payload/size")
        _check_text(self.sha256, _SHA256, "/payload/sha256")
        _check_integer(self.rows, 1, MAX_ROWS, "/payload/rows")
        _check_integer(self.chunk, MIN_CHUNK_BYTES, CHUNK_BYTES, "/payload/chunk")

    @property
    def chunks(self) -> int:
        """Number of chunks the bytes are sent in."""
        return -(-self.size // self.chunk)


@dataclass(frozen=True, slots=True)
class SealedInfo:
    """Which sealed bytes travel in place of the table (SPEC P-130).

    Attributes:
        kid: key id of the hub's key they are sealed with.
        suite: always :data:`protocol.trust.hub_keys.SUITE`.
        size: their length in bytes.
        sha256: hex digest of them.
    """

    kid: str
    suite: str
    size: int
    sha256: str

    def __post_init__(self) -> None:
        """Check the members (SPEC P-18).

        Raises:
            KimError: ``bad_envelope`` with the member's pointer; ``too_large`` for the size.
        """
        _check_text(self.kid, _SHA256, "/sealed/kid")
        if self.suite != SUITE:
            raise _refusal("/sealed/suite")
        _check_integer(self.size, 1, strict_json.MAX_INTEGER, "/sealed/size")
        if self.size > MAX_TABLE_BYTES + SEALING_OVERHEAD_BYTES:
            raise kim_error("too_large", pointer="/sealed/size")
        _check_text(self.sha256, _SHA256, "/sealed/sha256")


@dataclass(frozen=True, slots=True)
class Travelling:
    """The bytes that are sent for a statement: the table, or what it is sealed in.

    Attributes:
        size: length in bytes.
        sha256: hex digest.
    """

    size: int
    sha256: str


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
            _check_text(getattr(self, name), pattern, f"/{name}")
        _check_integer(self.revision, 1, 1_000_000, "/revision")
        _check_integer(self.min_contributors, 1, 1_000_000, "/min_contributors")
        # SPEC P-19: the first revision follows nothing, every other follows exactly one statement.
        if (self.revision == 1) != (self.supersedes is None):
            raise _refusal("/supersedes")
        if self.supersedes is not None:
            _check_text(self.supersedes, _SHA256, "/supersedes")
        if self.reason is not None:
            _check_text(self.reason, _REASON, "/reason")
        if not _is_instant(self.created):
            raise _refusal("/created")
        if len(self.nonce) != NONCE_BYTES:
            raise _refusal("/nonce")
        if self.sealed is not None and self.sealed.size != self.payload.size + SEALING_OVERHEAD_BYTES:
            raise _refusal("/sealed/size")
        if self.sealed is not None and self.payload.size <= SALT_BYTES:
            raise _refusal("/payload/size")
        if SERIES_BREAK in self.ext:
            _check_text(self.ext[SERIES_BREAK], _REASON, f"/ext/{SERIES_BREAK}")

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
    "aud": _AUDIENCE,
    "node": _NODE,
    "instance": _INSTANCE,
    "area": _AREA,
    "dataset": _DATASET,
    "period": _PERIOD,
    "schema": _SCHEMA,
    "schema_sha256": _SHA256,
    "catalogue_sha256": _SHA256,
    "created": _CREATED,
}
_PLAIN_MEMBERS: Final = tuple(
    member.name
    for member in fields(SubmissionStatement)
    if member.name not in {"payload", "sealed", "software", "nonce", "ext"}
)
_MEMBERS: Final = frozenset({*_PLAIN_MEMBERS, "v", "payload", "software", "nonce"})


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
        raise _refusal("")
    version = document.get("v", VERSION)
    if not isinstance(version, int) or isinstance(version, bool):
        raise _refusal("/v")
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
    members = _MEMBERS | {"sealed"} if version == VERSION_SEALED else _MEMBERS
    _check_members(document, members, optional=frozenset({"ext"}), pointer="")
    payload = _object(document["payload"], "/payload")
    _check_members(payload, frozenset(f.name for f in fields(PayloadInfo)), pointer="/payload")
    software = _object(document["software"], "/software")
    _check_members(software, frozenset(f.name for f in fields(Software)), pointer="/software")
    nonce = document["nonce"]
    if not isinstance(nonce, str):
        raise _refusal("/nonce")
    plain: dict[str, Any] = {name: document[name] for name in _PLAIN_MEMBERS}
    return SubmissionStatement(
        **plain,
        payload=PayloadInfo(**payload),
        sealed=_sealed(document["sealed"]) if version == VERSION_SEALED else None,
        software=Software(**software),
        nonce=strict_json.decode_base64(nonce, pointer="/nonce"),
        ext=MappingProxyType(_object(document.get("ext", {}), "/ext")),
    )


def is_reason(text: str) -> bool:
    """Whether a text is one line for people, as ``reason`` must be."""
    return _REASON.fullmatch(text) is not None


def _sealed(value: object) -> SealedInfo:
    members = _object(value, "/sealed")
    _check_members(members, frozenset(f.name for f in fields(SealedInfo)), pointer="/sealed")
    return SealedInfo(**members)


def _object(value: object, pointer: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _refusal(pointer)
    return value


def _check_members(
    value: Mapping[str, object],
    required: frozenset[str],
    *,
    optional: frozenset[str] = frozenset(),
    pointer: str,
) -> None:
    for name in sorted(required):
        if name not in value:
            raise _refusal(f"{pointer}/{name}")
    # SPEC P-18: the name of an unknown member is content and not repeated.
    if not value.keys() <= required | optional:
        raise _refusal(pointer)


def _check_text(value: object, pattern: re.Pattern[str], pointer: str) -> None:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise _refusal(pointer)


def _check_integer(value: object, smallest: int, largest: int, pointer: str) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not smallest <= value <= largest:
        raise _refusal(pointer)


def _is_instant(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _refusal(pointer: str) -> KimError:
    return kim_error(
        "bad_envelope",
        Text(
            "Die Erklärung hat an dieser Stelle nicht die vereinbarte Form.",
            "The statement does not have the agreed form at this place.",
        ),
        pointer=pointer,
    )
