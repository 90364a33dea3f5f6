"""The directory: which nodes there are, what they deliver for, and which keys are theirs (SPEC P-142..P-146).

It is a signed document of the officers, and ids in it are compared exactly, byte for byte: no folding of
case, no trimming, no normalisation. A key belongs to one node and one purpose for ever; two entries for one
key are refused, whatever they say, since two readers could choose differently.

It deliberately has no clock: whether a key holds is asked for a moment, the hub's time of receipt.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from protocol.errors import KimError, kim_error
from protocol.forms import AREA, AUDIENCE, NODE, SHA256_HEX
from protocol.keys import KeyPurpose, PublicKey
from protocol.texts import Text
from protocol.trust.members import (
    LINE,
    Members,
    is_whole_second,
    placed,
    read_document,
    refusal,
    write_document,
    write_instant,
)

#: 11,000 municipalities with four keys each take 15.8 MB.
MAX_DIRECTORY_BYTES: Final = 16 * 1024 * 1024
MAX_NODES: Final = 20_000
MAX_AREAS: Final = 64
MAX_KEYS: Final = 64
#: A year, and the month in which the old and the new key hold (SPEC P-144).
MAX_KEY_LIFE: Final = timedelta(days=400)


class KeyStatus(StrEnum):
    """`retiring` keys still finish and make deliveries during a rotation; `revoked` ones do not."""

    ACTIVE = "active"
    RETIRING = "retiring"
    REVOKED = "revoked"


class NodeStatus(StrEnum):
    """`suspended` blocks new deliveries and changes nothing that was accepted."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


class RevocationReason(StrEnum):
    """`superseded`: another key took its place. `compromised`: somebody else may have held it."""

    SUPERSEDED = "superseded"
    COMPROMISED = "compromised"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyEntry:
    """One key of a node.

    Attributes:
        public_key: the key and what it is for.
        not_before: it holds from this moment on.
        not_after: and no longer at this one.
        status: where it stands.
        revoked_at: when it was withdrawn; None exactly if it was not.
        compromised_since: from when on somebody else may have held it; None exactly if that is not why.
        reason: why it was withdrawn; None exactly if it was not.
    """

    public_key: PublicKey
    not_before: datetime
    not_after: datetime
    status: KeyStatus = KeyStatus.ACTIVE
    revoked_at: datetime | None = None
    compromised_since: datetime | None = None
    reason: RevocationReason | None = None

    def __post_init__(self) -> None:
        """Check that the members agree (SPEC P-144, P-145).

        Raises:
            KimError: ``trust_document_invalid`` with the member's pointer, relative to the entry.
        """
        for name in ("not_before", "not_after", "revoked_at", "compromised_since"):
            moment = getattr(self, name)
            if moment is not None and not is_whole_second(moment):
                raise refusal(f"/{name}")
        if not self.not_before < self.not_after <= self.not_before + MAX_KEY_LIFE:
            raise refusal("/not_after")
        revoked = self.status is KeyStatus.REVOKED
        if revoked != (self.revoked_at is not None):
            raise refusal("/revoked_at")
        if revoked != (self.reason is not None):
            raise refusal("/reason")
        if (self.reason is RevocationReason.COMPROMISED) != (self.compromised_since is not None):
            raise refusal("/compromised_since")

    @property
    def keyid(self) -> str:
        """Hex SHA-256 over purpose and key (SPEC P-140)."""
        return self.public_key.keyid

    @property
    def use(self) -> KeyPurpose:
        """What the key is for."""
        return self.public_key.purpose

    def holds_at(self, moment: datetime) -> bool:
        """Whether what is signed with the key and received at ``moment`` is accepted (SPEC P-146)."""
        return self.status is not KeyStatus.REVOKED and self.not_before <= moment < self.not_after

    def members(self) -> Mapping[str, object]:
        """Return the entry as it stands in the document."""
        return {
            "keyid": self.keyid,
            "use": self.use.value,
            "alg": "ed25519",
            "public_key": self.public_key.hex,
            "not_before": write_instant(self.not_before),
            "not_after": write_instant(self.not_after),
            "status": self.status.value,
            "revoked_at": write_instant(self.revoked_at),
            "compromised_since": write_instant(self.compromised_since),
            "reason": None if self.reason is None else self.reason.value,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeEntry:
    """One node.

    Attributes:
        node: its id.
        name: the municipality, for people.
        areas: what it delivers for; it is listed under the first.
        status: whether it may deliver.
        keys: its keys, past ones too: they still verify what was accepted.
    """

    node: str
    name: str
    areas: tuple[str, ...]
    status: NodeStatus = NodeStatus.ACTIVE
    keys: tuple[KeyEntry, ...] = ()

    def __post_init__(self) -> None:
        """Check the members (SPEC P-142).

        Raises:
            KimError: ``trust_document_invalid`` or ``too_large`` with the member's pointer, relative to the
                entry.
        """
        if not NODE.fullmatch(self.node):
            raise refusal("/node")
        if not LINE.fullmatch(self.name):
            raise refusal("/name")
        if not self.areas or len({*self.areas}) != len(self.areas):
            raise refusal("/areas")
        for number, area in enumerate(self.areas):
            if not AREA.fullmatch(area):
                raise refusal(f"/areas/{number}")
        for name, most in (("areas", MAX_AREAS), ("keys", MAX_KEYS)):
            if len(getattr(self, name)) > most:
                raise kim_error("too_large", pointer=f"/{name}")

    def members(self) -> Mapping[str, object]:
        """Return the entry as it stands in the document."""
        return {
            "node": self.node,
            "name": self.name,
            "areas": list(self.areas),
            "status": self.status.value,
            "keys": [key.members() for key in self.keys],
        }


@dataclass(frozen=True, slots=True)
class Directory:
    """All nodes of one hub.

    Attributes:
        audience: the hub.
        nodes: its nodes, in ascending order of their ids; the constructor sorts them.
    """

    audience: str
    nodes: tuple[NodeEntry, ...] = ()
    _by_id: Mapping[str, NodeEntry] = field(init=False, repr=False, compare=False)
    _by_key: Mapping[str, tuple[NodeEntry, KeyEntry]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check what no entry can check by itself (SPEC P-142, P-143).

        Raises:
            KimError: ``trust_document_invalid`` for a node or an area that stands twice, ``duplicate_key``
                for a key that does, ``too_large``; with the pointer of the second one, in the sorted order.
        """
        if not AUDIENCE.fullmatch(self.audience):
            raise refusal("/audience")
        if len(self.nodes) > MAX_NODES:
            raise kim_error("too_large", pointer="/nodes")
        # Exact order of code points, the same for everybody.
        object.__setattr__(self, "nodes", tuple(sorted(self.nodes, key=lambda entry: entry.node)))
        by_id: dict[str, NodeEntry] = {}
        by_key: dict[str, tuple[NodeEntry, KeyEntry]] = {}
        areas: set[str] = set()
        raw: set[bytes] = set()
        for number, node in enumerate(self.nodes):
            pointer = f"/nodes/{number}"
            if node.node in by_id:
                raise _twice(f"{pointer}/node", Text("Der Knoten", "The node"))
            if not areas.isdisjoint(node.areas):
                raise _twice(f"{pointer}/areas", Text("Das Gebiet", "The area"))
            by_id[node.node] = node
            areas.update(node.areas)
            for place, key in enumerate(node.keys):
                # SPEC P-143: also for another purpose. What one node witnesses another must not sign.
                if key.public_key.raw in raw:
                    raise kim_error("duplicate_key", pointer=f"{pointer}/keys/{place}")
                raw.add(key.public_key.raw)
                by_key[key.keyid] = (node, key)
        object.__setattr__(self, "_by_id", MappingProxyType(by_id))
        object.__setattr__(self, "_by_key", MappingProxyType(by_key))

    def node(self, node_id: str) -> NodeEntry | None:
        """Return the node with exactly this id."""
        return self._by_id.get(node_id)

    def key(self, keyid: str) -> tuple[NodeEntry, KeyEntry] | None:
        """Return the key with exactly this id, and whose it is."""
        return self._by_key.get(keyid)

    def keys(self, use: KeyPurpose) -> Iterator[tuple[NodeEntry, KeyEntry]]:
        """Go through all keys for one purpose, whatever their status."""
        return (found for found in self._by_key.values() if found[1].use is use)

    def to_bytes(self) -> bytes:
        """Return the document; :func:`parse_directory` gives the same directory back."""
        return write_document(
            {"audience": self.audience, "nodes": [dict(node.members()) for node in self.nodes]}
        )


def parse_directory(data: bytes) -> Directory:
    """Read the target ``keys/directory.json``.

    Args:
        data: its bytes, out of a verified repository.

    Returns:
        The directory. The caller compares ``audience`` with the hub it means.

    Raises:
        KimError: ``too_large``, ``unsupported_version``, ``duplicate_key``, ``keyid_mismatch`` for a key id
            that is another key's, or ``trust_document_invalid``; with the pointer of the first offender.
    """
    members = read_document(data, max_bytes=MAX_DIRECTORY_BYTES)
    audience = members.text("audience")
    nodes = [read_node(entry) for entry in members.objects("nodes", most=MAX_NODES)]
    members.finish()
    if any(first.node > second.node for first, second in itertools.pairwise(nodes)):
        # One order only: the pointers of a refusal are those of the document, and changes easy to see.
        raise refusal(
            "/nodes", Text("Die Knoten stehen nicht in ihrer Reihenfolge.", "The nodes are out of order.")
        )
    return Directory(audience, tuple(nodes))


def read_node(members: Members) -> NodeEntry:
    """Read one entry of the list of nodes; errors as of :func:`parse_directory`."""
    values: dict[str, Any] = {
        "node": members.text("node"),
        "name": members.text("name"),
        "areas": members.texts("areas", AREA, most=MAX_AREAS),
        "status": members.choice("status", NodeStatus),
        "keys": tuple(read_key(entry) for entry in members.objects("keys", most=MAX_KEYS)),
    }
    members.finish()
    with placed(members.pointer):
        return NodeEntry(**values)


def read_key(members: Members) -> KeyEntry:
    """Read one entry of the list of a node's keys; errors as of :func:`parse_directory`."""
    keyid = members.text("keyid", SHA256_HEX)
    use = members.choice("use", KeyPurpose)
    members.constant("alg", "ed25519")
    text = members.text("public_key")
    try:
        public_key = PublicKey.from_hex(text, purpose=use)
    except KimError as error:
        raise refusal(members.at("public_key"), error.detail) from None
    # SPEC P-140: the id follows from the key; an entry that says otherwise is a trap for its readers.
    if public_key.keyid != keyid:
        raise kim_error("keyid_mismatch", pointer=members.at("keyid"))
    values: dict[str, Any] = {
        "public_key": public_key,
        "not_before": members.instant("not_before"),
        "not_after": members.instant("not_after"),
        "status": members.choice("status", KeyStatus),
        "revoked_at": members.optional_instant("revoked_at"),
        "compromised_since": members.optional_instant("compromised_since"),
        "reason": members.optional_choice("reason", RevocationReason),
    }
    members.finish()
    with placed(members.pointer):
        return KeyEntry(**values)


def _twice(pointer: str, what: Text) -> KimError:
    return refusal(pointer, Text(f"{what.de} steht zweimal im Verzeichnis.", f"{what.en} is listed twice."))
