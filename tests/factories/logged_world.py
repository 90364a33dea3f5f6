"""A small network on paper: nodes with keys, officers' documents, a log, receipts, a release's evidence.

Everything is made with the real formats; only the hub that would make them is missing. Two worlds that begin
the same and part later are what a hub that keeps two histories shows to two of its nodes.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from protocol.dsse import PAYLOAD_TYPE_SUBMISSION, Envelope, sign, statement_id
from protocol.evidence import (
    Evidence,
    GrantEvidence,
    LoggedEvent,
    ReleaseRecord,
    StatementEvidence,
    TableRecord,
    grants_name,
)
from protocol.keys import KeyPurpose, PrivateKey
from protocol.statement import (
    MEDIA_ARROW_STREAM,
    PayloadInfo,
    Software,
    SubmissionStatement,
    parse_statement,
)
from protocol.transparency.checkpoints import Checkpoint
from protocol.transparency.cosignatures import Witness, cosign
from protocol.transparency.events import EventKind, LogEvent, hidden_digest
from protocol.transparency.merkle import (
    EMPTY_ROOT,
    Node,
    extend,
    inclusion_proof,
    leaf_hash,
    root,
    siblings_of,
)
from protocol.transparency.notes import SignedNote, VerifierKey
from protocol.transparency.receipts import Receipt
from protocol.transparency.tiles import Tile, bundle, entry_tiles, tile_at
from protocol.trust import Directory, HubKeys, KeyEntry, NodeEntry
from protocol.verify.anchors import Anchors, anchors_of_documents

AUDIENCE = "kim-nrw/local"
LOG_NAME = "kim-nrw/local"
START = dt.datetime(2026, 10, 9, 8, 0, tzinfo=dt.UTC)
AREAS = ("NW05111", "NW05112", "NW05113", "NW05114")
CATALOGUE = "c" * 64


def key_of(seed: str, purpose: KeyPurpose = KeyPurpose.SIGN) -> PrivateKey:
    """A key that is the same in every run."""
    raw = hashlib.sha256(f"{seed} {purpose}".encode()).digest()
    return PrivateKey(Ed25519PrivateKey.from_private_bytes(raw), purpose=purpose)


@dataclass(frozen=True)
class PaperNode:
    """One node: its area and its keys."""

    area: str

    @property
    def id(self) -> str:
        return f"node-{self.area.lower()}"

    @property
    def sign(self) -> PrivateKey:
        return key_of(self.id)

    @property
    def witness(self) -> PrivateKey:
        return key_of(self.id, KeyPurpose.WITNESS)

    def entry(self, **changes: Any) -> NodeEntry:
        """Its entry in the directory; `changes` go into the entry of its signing key."""
        span: dict[str, Any] = {
            "not_before": START - dt.timedelta(days=30),
            "not_after": START + dt.timedelta(days=300),
        }
        keys = (
            KeyEntry(public_key=self.sign.public, **{**span, **changes}),
            KeyEntry(public_key=self.witness.public, **span),
        )
        return NodeEntry(node=self.id, name=f"Kommune {self.area}", areas=(self.area,), keys=keys)


@dataclass
class PaperLog:
    """A log in memory; it reads hashes like a hub's and writes the same files."""

    key: PrivateKey = field(default_factory=lambda: key_of("log"))
    entries: list[bytes] = field(default_factory=list)
    hashes: dict[Node, bytes] = field(default_factory=dict)

    @property
    def vkey(self) -> VerifierKey:
        return VerifierKey(LOG_NAME, self.key.public)

    @property
    def size(self) -> int:
        return len(self.entries)

    def copy(self) -> PaperLog:
        """The same log, to go another way from here on."""
        return PaperLog(self.key, list(self.entries), dict(self.hashes))

    def append(self, event: LogEvent) -> int:
        return self.append_bytes(event.to_bytes())

    def append_bytes(self, entry: bytes) -> int:
        index = len(self.entries)
        hashes = extend(index, leaf_hash(entry), self.hashes)
        nodes = [Node(0, index), *(Node(s.level + 1, s.index >> 1) for s in siblings_of(index))]
        self.hashes |= dict(zip(nodes, hashes, strict=True))
        self.entries.append(entry)
        return index

    def read(self, nodes: Sequence[Node]) -> dict[Node, bytes]:
        return {node: self.hashes[node] for node in nodes}

    def state(self, size: int | None = None) -> Checkpoint:
        size = self.size if size is None else size
        return Checkpoint(LOG_NAME, size, root(self, size) if size else EMPTY_ROOT)

    def note(self, witnesses: Sequence[PaperNode] = (), *, size: int | None = None) -> SignedNote:
        """The signed state of one size, with cosignatures."""
        note = self.state(size).sign(self.key)
        at = int(START.timestamp())
        return note.with_signatures([cosign(note, name=w.id, key=w.witness, at=at) for w in witnesses])

    def logged(self, index: int, size: int | None = None) -> LoggedEvent:
        size = self.size if size is None else size
        return LoggedEvent(index, self.entries[index], tuple(inclusion_proof(self, index, size=size)))

    def receipt(self, index: int, witnesses: Sequence[PaperNode] = (), *, size: int | None = None) -> Receipt:
        found = self.logged(index, size)
        return Receipt(found.leaf, index, found.proof, self.note(witnesses, size=size))

    def file(self, path: str, size: int | None = None) -> bytes | None:
        """What the hub serves under `/log/`, without the checkpoint."""
        size = self.size if size is None else size
        _, level, place = path.split("/", 2)
        tile = Tile.parse(level, place)
        if not tile.is_in(size):
            return None
        if tile.level is None:
            first = tile.nodes[0].index
            return bundle(self.entries[first : first + tile.width])
        return b"".join(self.hashes[node] for node in tile.nodes)

    def write_mirror(self, folder: Path, witnesses: Sequence[PaperNode] = ()) -> None:
        """Write a complete copy."""
        paths = [tile.path for tile in entry_tiles(0, size=self.size)]
        level = 0
        while (filled := self.size >> (8 * level)) > 0:
            paths += [tile_at(level, n, size=self.size).path for n in range(-(-filled // 256))]
            level += 1
        for path in paths:
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(self.file(path) or b"")
        (folder / "checkpoint").write_bytes(self.note(witnesses).to_bytes())


@dataclass
class PaperNetwork:
    """Nodes, their log, and what they delivered."""

    nodes: tuple[PaperNode, ...] = tuple(PaperNode(area) for area in AREAS)
    log: PaperLog = field(default_factory=PaperLog)
    quorum: int = 3
    delivered: dict[str, tuple[Envelope, int, int]] = field(default_factory=dict)
    granted: dict[str, tuple[bytes, int]] = field(default_factory=dict)
    clock: dt.datetime = START

    def statement(self, node: PaperNode, period: str = "2026-Q2", **changes: object) -> SubmissionStatement:
        """What a node says about a delivery of CASES."""
        nonce = hashlib.sha256(f"{node.id} {period} {len(self.delivered)}".encode()).digest()
        members: dict[str, object] = {
            "aud": AUDIENCE,
            "node": node.id,
            "instance": "0b3f1c5e-2a4d-4b6f-8c7e-9d0a1b2c3d4e",
            "area": node.area,
            "dataset": "KIMNRW:CASES(1.0.0)",
            "period": period,
            "revision": 1,
            "supersedes": None,
            "reason": None,
            "schema": "CASES/1",
            "schema_sha256": "a" * 64,
            "catalogue_sha256": CATALOGUE,
            "payload": PayloadInfo(
                media=MEDIA_ARROW_STREAM, size=1000, sha256=nonce.hex(), rows=10, chunk=1024
            ),
            "min_contributors": 5,
            "software": Software("kim-node", "0.1.0", "26.0.1"),
            "created": "2026-10-09T08:15:00Z",
            "nonce": nonce,
        }
        return SubmissionStatement(**{**members, **changes})  # type: ignore[arg-type]

    def deliver(self, node: PaperNode, period: str = "2026-Q2", **changes: object) -> str:
        """A node delivers, the hub accepts; returns the statement id."""
        statement = self.statement(node, period, **changes)
        envelope = sign(PAYLOAD_TYPE_SUBMISSION, statement.to_json(), node.sign)
        received = self.log.append(self.event(envelope, statement, EventKind.RECEIVED))
        accepted = self.log.append(self.event(envelope, statement, EventKind.ACCEPTED))
        self.delivered[statement_id(envelope)] = envelope, received, accepted
        return statement_id(envelope)

    def event(self, envelope: Envelope, statement: SubmissionStatement, kind: EventKind) -> LogEvent:
        self.clock += dt.timedelta(seconds=1)
        return LogEvent(
            at=self.clock,
            kind=kind,
            id=statement_id(envelope),
            node=statement.node,
            area=statement.area,
            dataset=statement.dataset_id,
            period=statement.period,
            revision=statement.revision,
            payload_sha256=statement.payload.sha256,
        )

    def grant(self, place: str, cells: str, *, year: str = "2025", **changes: Any) -> int:
        """The hub makes a table of a list of grants for an area; returns its place in the log.

        Args:
            place: the area.
            cells: digest of the table.
            year: of the list.
            changes: what the log says otherwise.
        """
        name = grants_name(year, place)
        salt = hashlib.sha256(name.encode()).digest()
        event = LogEvent(
            at=self.clock,
            kind=EventKind.GRANTS_TABLE,
            id=name,
            area=place,
            dataset="FUNDS",
            period=year,
            payload_sha256="e" * 64,
            out_sha256=hidden_digest(cells, salt=salt),
        )
        self.granted[name] = salt, self.log.append(replace(event, **changes))
        return self.granted[name][1]

    def directory(self, **changes: object) -> Directory:
        """The officers' directory; `changes` go into the entry of the first node's signing key."""
        first, *others = self.nodes
        return Directory(AUDIENCE, (first.entry(**changes), *(node.entry() for node in others)))

    @property
    def hub_keys(self) -> HubKeys:
        return HubKeys(audience=AUDIENCE, log_vkey=str(self.log.vkey), quorum=self.quorum)

    def anchors(self, **changes: object) -> Anchors:
        """What an auditor believes."""
        return anchors_of_documents(self.hub_keys.to_bytes(), self.directory(**changes).to_bytes())

    def write_trust(self, folder: Path) -> Path:
        """Write `hub.json` and `directory.json`."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "hub.json").write_bytes(self.hub_keys.to_bytes())
        (folder / "directory.json").write_bytes(self.directory().to_bytes())
        return folder

    def record(self) -> ReleaseRecord:
        """A release of everything that was delivered."""
        tables: dict[str, dict[str, str]] = {}
        for identity, (envelope, _, _) in self.delivered.items():
            said = parse_statement(envelope.payload)
            tables.setdefault(said.period, {})[said.area] = identity
        return ReleaseRecord(
            audience=AUDIENCE,
            number=1,
            published="2026-10-09T12:00:00Z",
            catalogue_sha256=CATALOGUE,
            tables=tuple(
                TableRecord("CASES", period, hashlib.sha256(period.encode()).hexdigest(), deliveries)
                for period, deliveries in sorted(tables.items())
            ),
        )

    def publish(self, record: ReleaseRecord | None = None, *, sums: bytes | None = None) -> Evidence:
        """Log a release, and the list of its files if there is one.

        Returns:
            Its evidence, confirmed by as many nodes as are asked for.
        """
        record = record or self.record()
        index = self.log.append(
            LogEvent(
                at=self.clock + dt.timedelta(hours=1),
                kind=EventKind.RELEASE,
                id=f"release/{record.number}",
                out_sha256=record.sha256,
            )
        )
        listed = None
        if sums is not None:
            listed = self.log.append(
                LogEvent(
                    at=self.clock + dt.timedelta(hours=1),
                    kind=EventKind.EXTRACT,
                    id=f"extract/{record.number}",
                    out_sha256=hashlib.sha256(sums).hexdigest(),
                )
            )
        return Evidence(
            record=record.to_bytes(),
            checkpoint=self.log.note(self.nodes[-self.quorum :]).to_bytes(),
            release=self.log.logged(index),
            files=None if listed is None else self.log.logged(listed),
            statements={
                identity: StatementEvidence(envelope, self.log.logged(received), self.log.logged(accepted))
                for identity, (envelope, received, accepted) in self.delivered.items()
            },
            grants={
                name: GrantEvidence(salt, self.log.logged(place))
                for name, (salt, place) in self.granted.items()
            },
        )


def witness_of(node: PaperNode) -> Witness:
    """A node as a witness."""
    return Witness(node.id, node.witness.public)
