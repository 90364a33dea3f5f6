"""One visit to the hub's log: read what is new, verify, store, and only then sign (SPEC P-110, P-111).

The node does not ask for a consistency proof: it takes the hashes that make up the state it knows, checks
that they do, appends every new entry that it reads itself, and compares with the new state. So it has seen
every entry that it signs for, among them those that bear its own name.

Order, which is what the guarantee rests on: alarms and their proofs first, then the new state, durably, then
the cosignature. A crash anywhere leaves a node that reads the same entries again, and never one that has
signed more than it remembers.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from node.clock import Clock
from node.failpoints import passing
from node.witness.alarms import Alarm, AlarmKind
from node.witness.store import WitnessStore
from protocol import strict_json
from protocol.errors import KimError, kim_error
from protocol.keys import PrivateKey
from protocol.texts import Text
from protocol.transparency.checkpoints import Checkpoint, SignedCheckpoint, open_checkpoint
from protocol.transparency.cosignatures import cosign
from protocol.transparency.events import SUBMISSION_EVENTS, EventKind, LogEvent, parse_event
from protocol.transparency.merkle import (
    Node,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    peaks,
    root,
    root_of_peaks,
    verify_consistency,
    verify_inclusion,
)
from protocol.transparency.notes import NoteSignature, SignedNote, VerifierKey
from protocol.transparency.tiles import TILE_WIDTH, Tile, TileReader, entries_of, entry_tiles

_PROOF_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class WitnessKey:
    """What this node signs states of the log with; its name there is the node's id."""

    node: str
    key: PrivateKey = field(repr=False)


@dataclass(frozen=True, slots=True)
class Visit:
    """What a visit came to.

    Attributes:
        state: the newest verified state, or None if there is none yet.
        new_entries: how many entries were read.
        signed: whether the hub took this node's cosignature.
        problem: why the state is not the hub's newest one; None if it is.
    """

    state: SignedCheckpoint | None
    new_entries: int = 0
    signed: bool = False
    problem: KimError | None = None


class LogSource(Protocol):
    """Where the log is read: the hub, or a copy in a folder."""

    def log_file(self, path: str) -> bytes:
        """Return ``checkpoint`` or a tile; raises `KimError`."""

    def witness(self, note: bytes, /) -> None:
        """Hand over a checkpoint with this node's cosignature; raises `KimError`."""


class LogWatch:
    """Watches the log of one hub for one node."""

    def __init__(
        self,
        store: WitnessStore,
        client: LogSource,
        *,
        node: str,
        log: VerifierKey,
        clock: Clock,
        key: WitnessKey | None = None,
        served: bool = True,
    ) -> None:
        """Watch the log whose key is ``log``.

        Args:
            store: what this node remembers.
            client: where the log is read.
            node: this node.
            log: the key of the log.
            clock: for what is written down.
            key: without it nothing is signed.
            served: whether the hub itself answers. A copy may be old without that being anybody's fault.
        """
        self._store = store
        self._client = client
        self._served = served
        self._node = node
        self._log = log
        self._clock = clock
        self._key = key

    def visit(self, own: Callable[[], Collection[str]], *, keys: Callable[[], Collection[str]]) -> Visit:
        """Read what is new in the log, verify and keep it, and sign for it.

        A failure of the connection or of a check is part of the outcome: deliveries go on without it.

        Args:
            own: gives the ids of all statements that this node has signed, asked after the log was read.
            keys: gives the ids of all keys that this node has or has asked for, asked if there is a new one.

        Raises:
            KimError: ``storage_full``, ``spool_damaged`` if the state cannot be kept; ``node_locked``.
        """
        with self._store.alone():
            known = self._known()
            try:
                # Fetched inside the lock: what another process stores meanwhile is no older than this.
                newest = open_checkpoint(self._client.log_file("checkpoint"), self._log)
            except KimError as error:
                return Visit(known, problem=error)
            try:
                entries = self._verify(known, newest)
            except KimError as error:
                return Visit(known, problem=error)
            self._look_for_strangers(known, entries, own(), keys)
            self._note_time(known, newest, entries)
            if known is None or newest.checkpoint.size > known.checkpoint.size:
                passing("witness.verified")
                self._store.keep_checkpoint(newest.note.to_bytes())
            self._store.note_visit()
            passing("witness.stored")
            return Visit(newest, len(entries), signed=self._sign(newest))

    def contains(self, other: Checkpoint) -> None:
        """Check that a state of the log is an earlier state of the one in the store, or the same.

        Raises:
            KimError: ``log_contradicts`` if it is not; ``log_shrunk`` if it is newer than the store;
                ``proof_invalid`` if what is served says nothing about it; a failure of the connection, or
                ``file_missing`` where a copy does not hold enough to tell.
        """
        known = self._known()
        if known is None or other.size > known.checkpoint.size:
            raise kim_error("log_shrunk")
        state = known.checkpoint
        if other.size == state.size:
            if not hmac.compare_digest(other.root, state.root):
                raise kim_error("log_contradicts")
            return
        if other.size == 0:
            return
        proof = consistency_proof(self._reader(state.size), other.size, new=state.size)
        try:
            verify_consistency(other.size, state.size, old_root=other.root, new_root=state.root, proof=proof)
        except KimError as error:
            # What is read and does not even give the state in the store says nothing about the other one.
            raise kim_error("log_contradicts" if self._gives(state) else "proof_invalid") from error

    def _known(self) -> SignedCheckpoint | None:
        note = self._store.checkpoint()
        if note is None:
            return None
        try:
            return open_checkpoint(note, self._log)
        except KimError as error:
            # Another key than the one of the state in the store: officers changed it, or somebody else did.
            raise kim_error(
                "spool_damaged",
                Text(
                    "Der gemerkte Stand des Protokolls ist beschädigt, oder der Hub hat einen anderen "
                    "Schlüssel des Protokolls.",
                    "The remembered state of the log is damaged, or the hub has another key of its log.",
                ),
            ) from error

    def _verify(self, known: SignedCheckpoint | None, newest: SignedCheckpoint) -> list[bytes]:
        """Verify a state against the one that is known; return the entries that are new."""
        new = newest.checkpoint
        # 1. The first state that a node sees is the beginning of what it can vouch for. Older entries are not
        # read: none of them can be its own. A copy has to be whole: who carried it may have changed it, and
        # that accuses no hub.
        if (known is None or not self._served) and not self._gives(new):
            raise kim_error("proof_invalid")
        if known is None:
            return []
        old = known.checkpoint
        # 2. A log never gets shorter.
        if new.size < old.size:
            if self._served:
                self._accuse(AlarmKind.SHRUNK, known, newest)
            raise kim_error("log_shrunk")
        # 3. There is one state of every length.
        if new.size == old.size:
            if not hmac.compare_digest(new.root, old.root):
                self._accuse(AlarmKind.CONTRADICTION, known, newest)
                raise kim_error("log_contradicts")
            return []
        # 4. The new state is the old one with these entries behind it.
        reader = self._reader(new.size)
        edge = peaks(old.size)
        hashes = reader.read(edge)
        entries = self._entries(old.size, new.size)
        before, after = root_of_peaks([hashes[node] for node in edge]), _grown(edge, hashes, entries)
        if not (hmac.compare_digest(before, old.root) and hmac.compare_digest(after, new.root)):
            self._accuse(AlarmKind.CONTRADICTION, known, newest)
            raise kim_error("log_contradicts")
        return entries

    def _look_for_strangers(
        self,
        known: SignedCheckpoint | None,
        entries: Sequence[bytes],
        own: Collection[str],
        keys: Callable[[], Collection[str]],
    ) -> None:
        """Raise an alarm for every delivery and every key under this node's name that are not its own."""
        first = known.checkpoint.size if known is not None else 0
        for index, entry in enumerate(entries, start=first):
            event = _event(entry)
            if event is None or event.node != self._node:
                continue
            if event.kind in SUBMISSION_EVENTS and event.id not in own:
                self._report(AlarmKind.FOREIGN_EVENT, event, index, entry)
            if event.kind == EventKind.KEY_ADDED and event.id not in keys():
                self._report(AlarmKind.FOREIGN_KEY, event, index, entry)

    def _report(self, kind: AlarmKind, event: LogEvent, index: int, entry: bytes) -> None:
        """Write down an entry of the log that this node did not cause."""
        proof = strict_json.dumps(
            {"v": _PROOF_VERSION, "index": index, "leaf": strict_json.encode_base64(entry)}
        )
        self._store.raise_alarm(kind, subject=event.id, proof=proof)

    def _note_time(
        self, known: SignedCheckpoint | None, newest: SignedCheckpoint, entries: Sequence[bytes]
    ) -> None:
        """Remember the hub's time of the newest entry: a log that is alive grows twice a day (SPEC P-107)."""
        if known is None and newest.checkpoint.size:
            entries = [self._last_entry(newest.checkpoint)]
        event = _event(entries[-1]) if entries else None
        if event is not None:
            self._store.note_newest_entry(event.at)

    def _last_entry(self, state: Checkpoint) -> bytes:
        """Fetch the last entry of a state that was verified."""
        last = state.size - 1
        (entry,) = self._entries(last, state.size)
        proof = inclusion_proof(self._reader(state.size), last, size=state.size)
        verify_inclusion(leaf_hash(entry), last, size=state.size, proof=proof, root=state.root)
        return entry

    def _sign(self, newest: SignedCheckpoint) -> bool:
        if self._key is None or newest.checkpoint.size == 0:
            return False
        # SPEC P-111: what is in the store is at least this state; nothing smaller is ever signed.
        line = cosign(
            newest.note, name=self._key.node, key=self._key.key, at=int(self._clock.now().timestamp())
        )
        note = SignedNote(newest.note.text, (*_of_log(newest, self._log), line))
        try:
            self._client.witness(note.to_bytes())
        except KimError:
            # The hub has gone on, or is away: the next visit signs the next state.
            return False
        return True

    def _accuse(self, kind: AlarmKind, known: SignedCheckpoint, newest: SignedCheckpoint) -> Alarm:
        """Write down two states that the log has signed and that cannot both be true."""
        proof = strict_json.dumps(
            {
                "v": _PROOF_VERSION,
                "log": str(self._log),
                "known": known.note.to_bytes().decode(),
                "served": newest.note.to_bytes().decode(),
            }
        )
        subject = f"{known.checkpoint.size}/{newest.checkpoint.size}/{newest.checkpoint.root.hex()[:16]}"
        return self._store.raise_alarm(kind, subject=subject, proof=proof)

    def _gives(self, state: Checkpoint) -> bool:
        """Whether what is read is the tree of a state."""
        return hmac.compare_digest(root(self._reader(state.size), state.size), state.root)

    def _entries(self, start: int, size: int) -> list[bytes]:
        found: list[bytes] = []
        for tile in entry_tiles(start, size=size):
            entries = entries_of(tile, self._client.log_file(tile.path))
            found += entries[max(0, start - tile.index * TILE_WIDTH) :]
        return found

    def _reader(self, size: int) -> TileReader:
        def fetch(tile: Tile) -> bytes:
            return self._client.log_file(tile.path)

        return TileReader(fetch, size=size)


def _of_log(signed: SignedCheckpoint, log: VerifierKey) -> tuple[NoteSignature, ...]:
    own = (log.name, log.key_id)
    return tuple(item for item in signed.note.signatures if (item.name, item.key_id) == own)


def _grown(edge: Sequence[Node], hashes: Mapping[Node, bytes], entries: Sequence[bytes]) -> bytes:
    """Return the root after appending entries to a tree of which only the complete subtrees are known."""
    row = [(node.level, hashes[node]) for node in edge]
    for entry in entries:
        level, value = 0, leaf_hash(entry)
        while row and row[-1][0] == level:
            value = node_hash(row.pop()[1], value)
            level += 1
        row.append((level, value))
    return root_of_peaks([value for _, value in row])


def _event(entry: bytes) -> LogEvent | None:
    """Read an entry; a later version may write what this one cannot read."""
    try:
        return parse_event(entry)
    except KimError:
        return None
