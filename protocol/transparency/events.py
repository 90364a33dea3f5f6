"""What stands in a leaf of the log: one event, in exactly one spelling (SPEC P-101).

Every decision of the hub about a submission, a finding in one, a key, a node, a list of grants, a period or a
release is one leaf, written in the transaction that decides. A leaf holds identifiers, digests and codes,
never a figure, so the log can be public while a release is under embargo.

It deliberately does not say which events may follow each other; that is the hub's state machine.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from protocol import strict_json
from protocol.errors import KimError
from protocol.forms import AREA, DATASET, NODE, PERIOD, SHA256_HEX
from protocol.transparency.faults import bad_document
from protocol.transparency.merkle import leaf_hash

VERSION: Final = 1
MAX_EVENT_BYTES: Final = 4_096

_HIDDEN: Final = b"kim/1 hidden digest\x00"
_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"
_KIND: Final = re.compile(r"[a-z]{1,16}(?:-[a-z]{1,16}){0,3}")
_FORMS: Final = {
    "kind": _KIND,
    "id": re.compile(r"[!-~]{1,128}"),
    "keyid": SHA256_HEX,
    "node": NODE,
    "area": AREA,
    "dataset": DATASET,
    "period": PERIOD,
    "prev": SHA256_HEX,
    "code": re.compile(r"[0-9a-z][0-9a-z._-]{0,63}"),
    "payload_sha256": SHA256_HEX,
    "out_sha256": SHA256_HEX,
}


class EventKind(StrEnum):
    """The events that this version writes. Readers pass over others: a log outlives programs."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"
    QUARANTINED = "quarantined"
    NODE_ADDED = "node-added"
    NODE_CHANGED = "node-changed"
    NODE_SUSPENDED = "node-suspended"
    NODE_RESUMED = "node-resumed"
    NODE_REMOVED = "node-removed"
    KEY_ADDED = "key-added"
    KEY_CHANGED = "key-changed"
    KEY_RETIRING = "key-retiring"
    KEY_REVOKED = "key-revoked"
    ENROLMENT_INVITED = "enrolment-invited"
    ENROLMENT_REQUESTED = "enrolment-requested"
    ENROLMENT_REFUSED = "enrolment-refused"
    ENROLMENT_COMPLETED = "enrolment-completed"
    TRUST_PUBLISHED = "trust-published"
    PERIOD_CLOSED = "period-closed"
    PERIOD_REOPENED = "period-reopened"
    FINDING_HELD = "finding-held"
    FINDING_CONFIRMED = "finding-confirmed"
    GRANTS_IMPORTED = "grants-imported"
    GRANTS_TABLE = "grants-table"
    RELEASE = "release"
    EXTRACT = "extract"
    HEARTBEAT = "heartbeat"


#: Events whose ``id`` is a statement id.
SUBMISSION_EVENTS: Final = frozenset(
    {
        EventKind.RECEIVED,
        EventKind.ACCEPTED,
        EventKind.REJECTED,
        EventKind.SUPERSEDED,
        EventKind.WITHDRAWN,
        EventKind.QUARANTINED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEvent:
    """One event. Members that do not apply are None and do not appear in the leaf.

    Attributes:
        at: the hub's time, in whole seconds UTC; fractions are cut off.
        kind: an :class:`EventKind`, or that of a later version.
        id: what it is about: statement id, key id, node id, dataset and period, ``release/<number>``,
            ``extract/<number>``, ``finding/<statement id>``, ``grants/<year>``, …
        node: the node it concerns.
        keyid: of a submission, the key that signed it.
        area: region id.
        dataset: short id, for example ``CASES``.
        period: wire form.
        revision: place in the revision chain, or version of what was published.
        prev: statement id of the revision before.
        code: problem code of a rejection, reason of a revocation, rule of a finding in lower case.
        payload_sha256: digest of the payload, as the statement signs it; of a list of grants, hidden.
        out_sha256: digest of what the hub made of it: cells of a delivery (hidden, :func:`hidden_digest`) or
            of grants, record of a release, list of its files.
    """

    at: datetime
    kind: str
    id: str
    node: str | None = None
    keyid: str | None = None
    area: str | None = None
    dataset: str | None = None
    period: str | None = None
    revision: int | None = None
    prev: str | None = None
    code: str | None = None
    payload_sha256: str | None = None
    out_sha256: str | None = None

    def __post_init__(self) -> None:
        """Check the members' forms.

        Raises:
            KimError: ``bad_log_document``.
            ValueError: ``at`` has no offset: a fault of the program.
        """
        if self.at.tzinfo is None:
            raise ValueError("a moment without an offset is not logged")
        object.__setattr__(self, "at", self.at.astimezone(UTC).replace(microsecond=0))
        object.__setattr__(self, "kind", str(self.kind))
        for name, form in _FORMS.items():
            value = getattr(self, name)
            if value is not None and (not isinstance(value, str) or form.fullmatch(value) is None):
                raise _bad_event()
        number = self.revision
        if number is not None and (type(number) is not int or not 1 <= number <= strict_json.MAX_INTEGER):
            raise _bad_event()

    def to_bytes(self) -> bytes:
        """Return the leaf: :func:`parse_event` gives the same event back, and no other bytes do."""
        members: dict[str, Any] = {"v": VERSION, "t": self.at.strftime(_TIME)}
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name != "at" and value is not None:
                members[item.name] = value
        return strict_json.dumps(members)

    @property
    def leaf_hash(self) -> bytes:
        """Its hash as a leaf of the tree."""
        return leaf_hash(self.to_bytes())


def hidden_digest(sha256: str, *, salt: bytes) -> str:
    """Return what the log says of data that is not public (SPEC P-101).

    Who has data and salt can check it. With a plain digest, somebody who knows all of a table but one cell
    could try values until it fits.

    Args:
        sha256: hex SHA-256 of the data.
        salt: 32 bytes that are as secret as the data: of a delivery, the nonce of its statement.
    """
    return hashlib.sha256(_HIDDEN + salt + bytes.fromhex(sha256)).hexdigest()


def parse_event(data: bytes) -> LogEvent:
    """Read a leaf.

    Raises:
        KimError: ``bad_log_document`` for anything but what :meth:`LogEvent.to_bytes` writes;
            ``unsupported_version`` never: a leaf of a later version is a ``bad_log_document`` here.
    """
    try:
        members = strict_json.loads(data, max_bytes=MAX_EVENT_BYTES, max_depth=1)
    except KimError:
        raise _bad_event() from None
    if not isinstance(members, dict) or members.pop("v", None) != VERSION:
        raise _bad_event()
    known = {item.name for item in fields(LogEvent)} - {"at"}
    moment = members.pop("t", None)
    if not isinstance(moment, str) or not {"kind", "id"} <= members.keys() <= known:
        raise _bad_event()
    try:
        at = datetime.strptime(moment, _TIME).replace(tzinfo=UTC)
    except ValueError:
        raise _bad_event() from None
    event = LogEvent(at=at, **members)  # type: ignore[arg-type]  # checked member by member there
    if event.to_bytes() != data:
        raise _bad_event()
    return event


def _bad_event() -> KimError:
    return bad_document("Kein Eintrag in der Form des Protokolls.", "No entry in the form of the log.")
