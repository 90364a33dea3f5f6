"""What a release rests on, as a document that anybody can check offline (SPEC P-115, P-116).

Two layers. The **record** says which statewide tables a release consists of, and which signed statements each
of them was made from; the log's `release` event carries the digest of its bytes, so it cannot be changed
later. The **evidence** holds the record, the statements themselves, and proofs that they and the release
stand in the log under one checkpoint.

Invariants: the record's bytes are made from the release alone, so they are the same whenever they are made
    again;
an evidence document may leave statements out (somebody asked about one area only), never the record.

It deliberately verifies nothing (`protocol.verify` does) and holds no figure.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

from protocol import strict_json
from protocol.dsse import MAX_ENVELOPE_BYTES, Envelope, parse_envelope
from protocol.errors import KimError, kim_error
from protocol.forms import AREA, AUDIENCE, DATASET, INSTANT, PERIOD, SHA256_HEX
from protocol.strict_json import JsonValue
from protocol.texts import Text

VERSION: Final = 1
MEDIA_TYPE: Final = "application/vnd.kim.evidence.v1+json"
#: How a record marks what was granted, where another input is the id of a statement.
GRANTS: Final = "grants:"
#: How the log names the list of a year and the tables made of it.
_GRANTS_ID: Final = re.compile(rf"grants/[0-9]{{4}}/(?:{AREA.pattern})")
#: 54 areas, ten years of months, five dataflows: about 32,000 statements of 3 KB.
MAX_EVIDENCE_BYTES: Final = 256 << 20
_MAX_DEPTH: Final = 6
_SALT_BYTES: Final = 32

_INPUT: Final = re.compile(r"(?:grants:)?[0-9a-f]{64}")

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class TableRecord:
    """One statewide table of a release.

    Attributes:
        dataset: dataflow id.
        period: quarter or year, wire form.
        sha256: digest of the table.
        deliveries: area → statement id, or ``grants:`` and a digest for what the granting authority's list
            says.
        quarters: of a year that was computed: quarter → digest of its table.
    """

    dataset: str
    period: str
    sha256: str
    deliveries: Mapping[str, str]
    quarters: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the members.

        Raises:
            KimError: ``evidence_invalid``.
        """
        _require(DATASET, self.dataset)
        _require(PERIOD, self.period)
        _require(SHA256_HEX, self.sha256)
        for area, given in self.deliveries.items():
            _require(AREA, area)
            _require(_INPUT, given)
        for quarter, digest in self.quarters.items():
            _require(PERIOD, quarter)
            _require(SHA256_HEX, digest)

    @property
    def granted(self) -> Mapping[str, str]:
        """Area → digest of the table that was made of the granting authority's list."""
        return {
            area: given.removeprefix(GRANTS)
            for area, given in self.deliveries.items()
            if given.startswith(GRANTS)
        }

    @property
    def place(self) -> tuple[str, str]:
        """Dataflow and period."""
        return self.dataset, self.period

    @property
    def statements(self) -> Mapping[str, str]:
        """Area → statement id, without what was granted."""
        return {area: given for area, given in self.deliveries.items() if not given.startswith(GRANTS)}


@dataclass(frozen=True, slots=True)
class ReleaseRecord:
    """What a release consists of.

    Attributes:
        audience: the hub.
        number: number of the release, from 1.
        published: when, UTC, to the second.
        catalogue_sha256: digest of the catalogue that its figures follow.
        tables: by dataflow and period.
    """

    audience: str
    number: int
    published: str
    catalogue_sha256: str
    tables: tuple[TableRecord, ...]

    def __post_init__(self) -> None:
        """Check the members and that no table stands twice.

        Raises:
            KimError: ``evidence_invalid``.
        """
        _require(AUDIENCE, self.audience)
        _require(INSTANT, self.published)
        _require(SHA256_HEX, self.catalogue_sha256)
        places = [table.place for table in self.tables]
        if self.number < 1 or places != sorted(set(places)):
            raise _refusal()

    def to_bytes(self) -> bytes:
        """Return the bytes whose digest stands in the log."""
        return strict_json.dumps(
            {
                "v": VERSION,
                "aud": self.audience,
                "release": self.number,
                "published": self.published,
                "catalogue_sha256": self.catalogue_sha256,
                "tables": [
                    {
                        "dataset": table.dataset,
                        "period": table.period,
                        "sha256": table.sha256,
                        "deliveries": table.deliveries,
                        "quarters": table.quarters,
                    }
                    for table in self.tables
                ],
            }
        )

    @property
    def sha256(self) -> str:
        """Digest that the log's ``release`` event carries."""
        return hashlib.sha256(self.to_bytes()).hexdigest()

    def table(self, dataset: str, period: str) -> TableRecord | None:
        """Return the table of a dataflow and period, or None."""
        return next((table for table in self.tables if table.place == (dataset, period)), None)

    def behind(self, dataset: str, period: str) -> tuple[TableRecord, ...]:
        """Return the tables that the figures of a place are made of: its own, and those of its quarters."""
        own = self.table(dataset, period)
        if own is None:
            return ()
        quarters = (self.table(dataset, quarter) for quarter in own.quarters)
        return (own, *(table for table in quarters if table is not None))


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """One event of the log with the proof that it is in the tree of the evidence's checkpoint.

    Attributes:
        index: number of the leaf.
        leaf: its bytes.
        proof: hashes of the inclusion proof, from the leaf's sibling upwards.
    """

    index: int
    leaf: bytes
    proof: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class StatementEvidence:
    """A signed statement, and the log's events that the hub received and that it accepted it."""

    envelope: Envelope
    received: LoggedEvent
    accepted: LoggedEvent


@dataclass(frozen=True, slots=True)
class GrantEvidence:
    """The log's event that a table was made of a list of grants, and the salt that hides its digest there."""

    salt: bytes
    table: LoggedEvent


@dataclass(frozen=True, slots=True)
class Evidence:
    """A record and what it rests on; nothing is verified.

    Attributes:
        record: bytes of a :class:`ReleaseRecord`, exactly as the log has their digest.
        checkpoint: signed note of the log, with cosignatures.
        release: the log's event of the publication.
        statements: by statement id. That an id is its envelope's is for the verifier to find out.
        files: the log's event that names the list of the release's files; None if there is none yet.
        grants: by the id of the log's event, :func:`grants_name`.
    """

    record: bytes
    checkpoint: bytes
    release: LoggedEvent
    statements: Mapping[str, StatementEvidence]
    files: LoggedEvent | None = None
    grants: Mapping[str, GrantEvidence] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """Return the document; :func:`parse_evidence` gives the same evidence back."""
        return strict_json.dumps(
            {
                "v": VERSION,
                "record": strict_json.encode_base64(self.record),
                "checkpoint": self.checkpoint.decode("utf-8"),
                "release": _event_members(self.release),
                "files": None if self.files is None else _event_members(self.files),
                "statements": {
                    identity: {
                        "envelope": strict_json.loads(item.envelope.to_bytes(), max_bytes=MAX_ENVELOPE_BYTES),
                        "received": _event_members(item.received),
                        "accepted": _event_members(item.accepted),
                    }
                    for identity, item in self.statements.items()
                },
                "grants": {
                    name: {
                        "salt": strict_json.encode_base64(item.salt),
                        "table": _event_members(item.table),
                    }
                    for name, item in self.grants.items()
                },
            }
        )


def parse_evidence(data: bytes) -> Evidence:
    """Read an evidence document.

    Raises:
        KimError: ``evidence_invalid`` for any other form; ``too_large``; ``bad_envelope`` for a statement.
    """
    document = _members(
        _strict(data, MAX_EVIDENCE_BYTES),
        {"v", "record", "checkpoint", "release", "files", "statements", "grants"},
    )
    _require_version(document["v"])
    statements, files = _object(document["statements"]), document["files"]
    return Evidence(
        record=_bytes(document["record"]),
        checkpoint=_text(document["checkpoint"]).encode(),
        release=_event(document["release"]),
        files=None if files is None else _event(files),
        statements={
            _matching(SHA256_HEX, identity): _statement(item) for identity, item in statements.items()
        },
        grants={
            _matching(_GRANTS_ID, name): _grant(item) for name, item in _object(document["grants"]).items()
        },
    )


def parse_record(data: bytes) -> ReleaseRecord:
    """Read the bytes of a record.

    Raises:
        KimError: ``evidence_invalid`` for any other form; ``unsupported_version``.
    """
    document = _members(
        _strict(data, MAX_EVIDENCE_BYTES),
        {"v", "aud", "release", "published", "catalogue_sha256", "tables"},
    )
    _require_version(document["v"])
    return ReleaseRecord(
        audience=_text(document["aud"]),
        number=_number(document["release"]),
        published=_text(document["published"]),
        catalogue_sha256=_text(document["catalogue_sha256"]),
        tables=tuple(_table(item) for item in _list(document["tables"])),
    )


def tables_of(record: ReleaseRecord, wanted: Callable[[TableRecord], bool]) -> Iterator[TableRecord]:
    """Yield the tables somebody asks for and those of the quarters behind them, each once."""
    places = {
        table.place
        for chosen in record.tables
        if wanted(chosen)
        for table in record.behind(chosen.dataset, chosen.period)
    }
    return (table for table in record.tables if table.place in places)


def grants_name(period: str, area: str | None = None) -> str:
    """Return the id of the log's event about the list of grants of a year, or about an area's table of it."""
    return f"grants/{period}" if area is None else f"grants/{period}/{area}"


# ------------------------------------------------------------------------------------------- reading


def _grant(item: JsonValue) -> GrantEvidence:
    members = _members(item, {"salt", "table"})
    salt = _bytes(members["salt"])
    if len(salt) != _SALT_BYTES:
        raise _refusal()
    return GrantEvidence(salt, _event(members["table"]))


def _statement(item: JsonValue) -> StatementEvidence:
    members = _members(item, {"envelope", "received", "accepted"})
    return StatementEvidence(
        envelope=parse_envelope(strict_json.dumps(members["envelope"])),
        received=_event(members["received"]),
        accepted=_event(members["accepted"]),
    )


def _event_members(event: LoggedEvent) -> dict[str, JsonValue]:
    return {
        "index": event.index,
        "leaf": strict_json.encode_base64(event.leaf),
        "proof": [strict_json.encode_base64(item) for item in event.proof],
    }


def _event(item: JsonValue) -> LoggedEvent:
    members = _members(item, {"index", "leaf", "proof"})
    proof = tuple(_bytes(entry) for entry in _list(members["proof"]))
    return LoggedEvent(_number(members["index"]), _bytes(members["leaf"]), proof)


def _table(item: JsonValue) -> TableRecord:
    members = _members(item, {"dataset", "period", "sha256", "deliveries", "quarters"})
    return TableRecord(
        dataset=_text(members["dataset"]),
        period=_text(members["period"]),
        sha256=_text(members["sha256"]),
        deliveries={area: _text(given) for area, given in _object(members["deliveries"]).items()},
        quarters={quarter: _text(given) for quarter, given in _object(members["quarters"]).items()},
    )


def _strict(data: bytes, most: int) -> JsonValue:
    try:
        return strict_json.loads(data, max_bytes=most, max_depth=_MAX_DEPTH)
    except KimError as error:
        if error.code == "too_large":
            raise
        raise _refusal() from error


def _members(item: JsonValue, names: Iterable[str]) -> dict[str, JsonValue]:
    if not isinstance(item, dict) or item.keys() != set(names):
        raise _refusal()
    return item


def _object(item: JsonValue) -> dict[str, JsonValue]:
    return _typed(item, dict)


def _list(item: JsonValue) -> list[JsonValue]:
    return _typed(item, list)


def _text(item: JsonValue) -> str:
    return _typed(item, str)


def _number(item: JsonValue) -> int:
    if isinstance(item, bool):
        raise _refusal()
    return _typed(item, int)


def _bytes(item: JsonValue) -> bytes:
    try:
        return strict_json.decode_base64(_text(item))
    except KimError as error:
        raise _refusal() from error


def _typed(item: JsonValue, kind: type[_T]) -> _T:
    if not isinstance(item, kind):
        raise _refusal()
    return item


def _require_version(version: JsonValue) -> None:
    if version != VERSION or isinstance(version, bool):
        raise kim_error("unsupported_version")


def _require(pattern: re.Pattern[str], text: str) -> None:
    if not pattern.fullmatch(text):
        raise _refusal()


def _matching(pattern: re.Pattern[str], text: str) -> str:
    _require(pattern, text)
    return text


def _refusal() -> KimError:
    return kim_error(
        "evidence_invalid",
        Text(
            "Das Dokument hat nicht die Form eines Nachweises.",
            "The document does not have the form of evidence.",
        ),
    )
