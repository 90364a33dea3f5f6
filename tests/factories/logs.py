"""Logs in memory: leaves, their hashes as a reader, keys, and receipts made from them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from protocol.errors import KimError
from protocol.keys import KeyPurpose, PrivateKey, PublicKey
from protocol.transparency.checkpoints import Checkpoint
from protocol.transparency.cosignatures import Witness, cosign
from protocol.transparency.events import LogEvent
from protocol.transparency.merkle import (
    Hash,
    Node,
    completed_by,
    extend,
    inclusion_proof,
    leaf_hash,
    root,
)
from protocol.transparency.notes import SignedNote, VerifierKey
from protocol.transparency.receipts import Receipt
from protocol.transparency.tiles import Tile, bundle

ORIGIN = "hub.example/kim-test/log"
_KEYS: dict[int, PrivateKey] = {}
NOON = dt.datetime(2026, 10, 5, 12, 0, tzinfo=dt.UTC)


class MemoryLog:
    """A log whose every hash is at hand. It is a `HashReader`."""

    def __init__(self, entries: Sequence[bytes] = (), *, key: PrivateKey | None = None) -> None:
        self.key = key or PrivateKey.generate()
        self.entries: list[bytes] = []
        self.hashes: dict[Node, Hash] = {}
        for entry in entries:
            self.append(entry)

    def append(self, entry: bytes) -> int:
        index = len(self.entries)
        self.entries.append(entry)
        fresh = extend(index, leaf_hash(entry), self.hashes)
        self.hashes |= dict(zip([Node(0, index), *completed_by(index)], fresh, strict=True))
        return index

    def read(self, nodes: Sequence[Node]) -> Mapping[Node, Hash]:
        return {node: self.hashes[node] for node in nodes}

    @property
    def verifier_key(self) -> VerifierKey:
        return VerifierKey(ORIGIN, self.key.public)

    def checkpoint(self, size: int | None = None) -> Checkpoint:
        size = len(self.entries) if size is None else size
        return Checkpoint(ORIGIN, size, root(self, size))

    def note(self, size: int | None = None) -> SignedNote:
        return self.checkpoint(size).sign(self.key)

    def tile(self, tile: Tile) -> bytes:
        """Serve a tile, as a hub does."""
        if tile.level is None:
            return bundle(self.entries[node.index] for node in tile.nodes)
        return b"".join(self.hashes[node] for node in tile.nodes)

    def receipt(self, index: int, *, note: SignedNote | None = None) -> Receipt:
        proof = inclusion_proof(self, index, size=len(self.entries))
        return Receipt(self.entries[index], index, tuple(proof), note or self.note())


def witness_key(number: int) -> PrivateKey:
    """The same key for the same number."""
    if number not in _KEYS:
        _KEYS[number] = PrivateKey.generate()
    return _KEYS[number]


def witness(number: int, *, outside: bool = False) -> Witness:
    """A node that witnesses, or somebody from outside."""
    name = f"witness.example/w{number}" if outside else f"node-{number}"
    public = PublicKey(witness_key(number).public.raw, KeyPurpose.WITNESS)
    return Witness(name, public, outside=outside)


def cosigned(note: SignedNote, *witnesses: int, outside: bool = False, at: int = 1_790_000_000) -> SignedNote:
    """The note with lines of these witnesses."""
    return note.with_signatures(
        cosign(note, name=witness(n, outside=outside).name, key=witness_key(n), at=at) for n in witnesses
    )


def event(kind: str = "received", **members: Any) -> LogEvent:
    """An event about a submission of node-1."""
    values = {"at": NOON, "kind": kind, "id": "ab" * 32, "node": "node-1", "revision": 1, **members}
    return LogEvent(**values)


def refusal_of(call: Callable[[], object]) -> str | None:
    """The code with which a call is refused; None if it is not."""
    try:
        call()
    except KimError as error:
        return error.code
    return None
