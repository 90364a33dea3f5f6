"""The transparency log's leaves: appended in the transaction of what they report, never changed.

Row n is leaf n. It also holds the hashes of the subtrees that leaf n completes, so every hash of a complete
subtree is in exactly one row that never changes: a proof is one query for some 20 rows whatever the size, and
tiles are read, not computed.

Who appends holds the row `log_head` until its transaction ends, so leaves have no gaps and the order of the
leaves is the order of the commits, on every database. That the hashes are right is not believed here: the
signer computes them again from the entries (`hub.services.transparency.signer`).
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import sqlalchemy as sa

from hub.store import models
from protocol.errors import KimError, kim_error
from protocol.texts import Text
from protocol.transparency.events import LogEvent
from protocol.transparency.merkle import HASH_BYTES, Node, extend, siblings_of

_HEAD, _LEAF = models.log_head, models.log_leaf
_CHECKPOINT, _COSIGNATURE = models.log_checkpoint, models.log_cosignature

# Built once: putting a statement together costs SQLAlchemy more than the database needs to run it.
_TAKE_HEAD = _HEAD.update().values(size=_HEAD.c.size + 1).returning(_HEAD.c.size, _HEAD.c.newest_at)
_NOTE_TIME = _HEAD.update().values(newest_at=sa.bindparam("newest"))
_SIZE = sa.select(_HEAD.c.size)
_ROWS = sa.select(_LEAF.c.seq, _LEAF.c.hashes).where(_LEAF.c.seq.in_(sa.bindparam("rows", expanding=True)))
_INSERT = _LEAF.insert()
_ENTRIES = (
    sa.select(_LEAF.c.entry, _LEAF.c.hashes)
    .where(_LEAF.c.seq >= sa.bindparam("first"), _LEAF.c.seq < sa.bindparam("behind"))
    .order_by(_LEAF.c.seq)
)
_OF_SUBJECT = sa.select(_LEAF.c.seq, _LEAF.c.entry).where(_LEAF.c.subject == sa.bindparam("subject")).limit(1)
_FIRST_OF, _NEWEST_OF = _OF_SUBJECT.order_by(_LEAF.c.seq), _OF_SUBJECT.order_by(_LEAF.c.seq.desc())

#: A clock that is put right by so much is no reason to stop.
CLOCK_TOLERANCE: Final = dt.timedelta(seconds=2)
_ENTRIES_AT_ONCE: Final = 4_096


@dataclass(frozen=True, slots=True)
class StoredLeaf:
    """One leaf: its place, its bytes and the hashes that stand with it."""

    index: int
    entry: bytes


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    """A state of the log that was signed: the note as bytes, without cosignatures."""

    size: int
    note: bytes
    signed_at: dt.datetime


class LogLeaves:
    """The log on one connection. It is a :class:`protocol.transparency.merkle.HashReader`."""

    def __init__(self, connection: sa.Connection) -> None:
        """Work inside the transaction of `connection`."""
        self._connection = connection

    def append(self, event: LogEvent) -> int:
        """Append one event; it is in the log exactly if this transaction is committed.

        A time up to :data:`CLOCK_TOLERANCE` before that of the leaf in front is written as that one.

        Returns:
            Its index.

        Raises:
            KimError: `log_unavailable` if the hub's clock went back further than that: times in the log never
                go back, so nothing is logged, and nothing happens, until somebody has put the clock right.
        """
        size, newest_at = self._connection.execute(_TAKE_HEAD).one()
        if newest_at is not None and event.at < newest_at:
            if event.at < newest_at - CLOCK_TOLERANCE:
                raise _clock_went_back()
            event = replace(event, at=newest_at)
        index, entry = int(size) - 1, event.to_bytes()
        hashes = extend(index, event.leaf_hash, self.read(siblings_of(index)))
        self._connection.execute(
            _INSERT, {"seq": index, "subject": event.id, "entry": entry, "hashes": b"".join(hashes)}
        )
        if event.at != newest_at:
            self._connection.execute(_NOTE_TIME, {"newest": event.at})
        return index

    def size(self) -> int:
        """Return how many leaves there are."""
        return int(self._connection.execute(_SIZE).scalar_one())

    def read(self, nodes: Sequence[Node]) -> Mapping[Node, bytes]:
        """Return the hashes of complete subtrees.

        Raises:
            KimError: `log_inconsistent` if one is not there, although the log is large enough for it.
        """
        wanted = {node.last_leaf for node in nodes}
        rows: dict[int, bytes] = {}
        if wanted:
            rows = {row.seq: row.hashes for row in self._connection.execute(_ROWS, {"rows": list(wanted)})}
        found = {node: _part(rows.get(node.last_leaf, b""), node.level) for node in nodes}
        if any(len(item) != HASH_BYTES for item in found.values()):
            raise kim_error("log_inconsistent")
        return found

    def leaves(self, first: int, *, behind: int) -> Iterator[tuple[bytes, bytes]]:
        """Yield entry and stored leaf hash of the leaves from `first` to before `behind`, in order."""
        for start in range(first, behind, _ENTRIES_AT_ONCE):
            span = {"first": start, "behind": min(behind, start + _ENTRIES_AT_ONCE)}
            for entry, hashes in self._connection.execute(_ENTRIES, span):
                yield entry, _part(hashes, 0)

    def first_of(self, subject: str) -> StoredLeaf | None:
        """Return the oldest leaf about a subject."""
        row = self._connection.execute(_FIRST_OF, {"subject": subject}).one_or_none()
        return None if row is None else StoredLeaf(*row)

    def newest_of(self, subject: str) -> StoredLeaf | None:
        """Return the newest leaf about a subject."""
        row = self._connection.execute(_NEWEST_OF, {"subject": subject}).one_or_none()
        return None if row is None else StoredLeaf(*row)

    def checkpoint(self) -> StoredCheckpoint | None:
        """Return the newest state that was signed and is served."""
        row = self._connection.execute(
            sa.select(_CHECKPOINT).order_by(_CHECKPOINT.c.size.desc()).limit(1)
        ).one_or_none()
        return None if row is None else StoredCheckpoint(row.size, row.note.encode(), row.signed_at)

    def add_checkpoint(self, size: int, note: bytes, *, at: dt.datetime) -> None:
        """Serve a state that was signed; one of this size may be there already, then nothing changes."""
        known = self._connection.execute(sa.select(_CHECKPOINT.c.size).where(_CHECKPOINT.c.size == size))
        if known.one_or_none() is None:
            self._connection.execute(
                _CHECKPOINT.insert(), {"size": size, "note": note.decode(), "signed_at": at}
            )

    def cosignatures(self, size: int) -> list[str]:
        """Return the lines of the witnesses under the state of one size, oldest first."""
        c = _COSIGNATURE.c
        found = sa.select(c.line).where(c.size == size).order_by(c.received_at, c.name)
        return [row.line for row in self._connection.execute(found)]

    def cosigned_sizes(self, *, least: int) -> list[int]:
        """Return the sizes of states with at least so many cosignatures, the newest first."""
        c = _COSIGNATURE.c
        found = sa.select(c.size).group_by(c.size).having(sa.func.count() >= least).order_by(c.size.desc())
        return [row.size for row in self._connection.execute(found)]

    def add_cosignature(self, size: int, name: str, line: str, *, at: dt.datetime) -> bool:
        """Keep a witness's line; its first one for a state stays. Return whether it is new."""
        c = _COSIGNATURE.c
        known = self._connection.execute(sa.select(c.name).where(c.size == size, c.name == name))
        if known.one_or_none() is not None:
            return False
        self._connection.execute(
            _COSIGNATURE.insert(), {"size": size, "name": name, "line": line, "received_at": at}
        )
        return True


def _part(hashes: bytes, level: int) -> bytes:
    return hashes[level * HASH_BYTES : (level + 1) * HASH_BYTES]


def _clock_went_back() -> KimError:
    return kim_error(
        "log_unavailable",
        Text("Die Uhr des Hubs geht nach.", "The clock of the hub has gone back."),
        remedy=Text("Die Uhr des Hubs stellen.", "Put the hub's clock right."),
    )
