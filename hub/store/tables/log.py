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
from typing import Any, Final

import sqlalchemy as sa

from hub import failpoints
from hub.store import models
from protocol.errors import KimError, kim_error
from protocol.texts import Text
from protocol.transparency.events import LogEvent
from protocol.transparency.merkle import HASH_BYTES, Node, extend, leaf_hash, siblings_of

_HEAD, _LEAF = models.log_head, models.log_leaf
_CHECKPOINT, _COSIGNATURE = models.log_checkpoint, models.log_cosignature

# Built once: putting a statement together costs SQLAlchemy more than the database needs to run it.
_TAKE_HEAD = (
    _HEAD.update().values(size=_HEAD.c.size + 1).returning(_HEAD.c.size, _HEAD.c.newest_at, _HEAD.c.halted)
)
_NOTE_TIME = _HEAD.update().values(newest_at=sa.bindparam("newest"))
_SELECT_HEAD = sa.select(_HEAD.c.size, _HEAD.c.newest_at, _HEAD.c.halted)
_ROWS = sa.select(_LEAF.c.seq, _LEAF.c.hashes).where(_LEAF.c.seq.in_(sa.bindparam("rows")))
_INSERT = _LEAF.insert()
_ENTRIES = (
    sa.select(_LEAF.c.entry, _LEAF.c.hashes)
    .where(_LEAF.c.seq >= sa.bindparam("first"), _LEAF.c.seq < sa.bindparam("behind"))
    .order_by(_LEAF.c.seq)
)
_OF_SUBJECT = sa.select(_LEAF.c.seq, _LEAF.c.entry).where(_LEAF.c.subject == sa.bindparam("subject")).limit(1)
_ABOUT = (
    sa.select(_LEAF.c.subject, _LEAF.c.seq, _LEAF.c.entry)
    .where(_LEAF.c.subject.in_(sa.bindparam("subjects")))
    .order_by(_LEAF.c.seq)
)
_AMONG: sa.BindParameter[int] = sa.bindparam("among")
_BY_SIZE = sa.select(_CHECKPOINT).order_by(_CHECKPOINT.c.size.desc())
_NEWEST_STATE = _BY_SIZE.limit(1)
_RECENT = _BY_SIZE.limit(_AMONG).subquery()
_RECENT_STATE = sa.select(_RECENT).where(_RECENT.c.size == sa.bindparam("wanted"))
_HOLDING = _BY_SIZE.where(_CHECKPOINT.c.size > sa.bindparam("index")).limit(_AMONG).subquery()
_OUTSIDE: sa.BindParameter[list[str]] = sa.bindparam("outside")
_HOW_MANY = sa.select(sa.func.count()).where(_COSIGNATURE.c.size == _HOLDING.c.size)
_BY_OTHERS = _HOW_MANY.where(
    _COSIGNATURE.c.name != sa.bindparam("subject"), _COSIGNATURE.c.name.not_in(_OUTSIDE)
).scalar_subquery()
_FROM_OUTSIDE = _HOW_MANY.where(_COSIGNATURE.c.name.in_(_OUTSIDE)).scalar_subquery()
_COSIGNED_STATE = (
    sa.select(_HOLDING)
    .where(sa.bindparam("least") <= _BY_OTHERS, sa.bindparam("least_outside") <= _FROM_OUTSIDE)
    .order_by(_HOLDING.c.size.desc())
    .limit(1)
)
_COSIGNATURES = (
    sa.select(_COSIGNATURE.c.line)
    .where(_COSIGNATURE.c.size == sa.bindparam("size"))
    .order_by(_COSIGNATURE.c.received_at, _COSIGNATURE.c.name)
)
_FIRST_OF = _OF_SUBJECT.order_by(_LEAF.c.seq)
_NEWEST_OF = _OF_SUBJECT.order_by(_LEAF.c.seq.desc())

#: A clock that is put right by so much is no reason to stop.
CLOCK_TOLERANCE: Final = dt.timedelta(seconds=2)
_ENTRIES_AT_ONCE: Final = 4_096
#: SQLite takes some thousand bound values in one statement.
_SUBJECTS_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class LogHead:
    """How many leaves there are, the time of the newest, and whether the signer refuses what it found."""

    size: int
    newest_at: dt.datetime | None
    halted: bool


@dataclass(frozen=True, slots=True)
class StoredLeaf:
    """One leaf: its place and its bytes."""

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
            KimError: `log_unavailable` while the signer refuses (the log is halted), or if the hub's clock
                went back further than that: times in the log never go back. What cannot be logged must not
                happen, so the caller's transaction ends here.
        """
        size, newest_at, halted = self._connection.execute(_TAKE_HEAD).one()
        if halted:
            raise _halted()
        if newest_at is not None and event.at < newest_at:
            if event.at < newest_at - CLOCK_TOLERANCE:
                raise _clock_went_back()
            event = replace(event, at=newest_at)
        failpoints.passing("log.append")
        index, entry = int(size) - 1, event.to_bytes()
        hashes = extend(index, leaf_hash(entry), self.read(siblings_of(index)))
        self._connection.execute(
            _INSERT, {"seq": index, "subject": event.id, "entry": entry, "hashes": b"".join(hashes)}
        )
        if event.at != newest_at:
            self._connection.execute(_NOTE_TIME, {"newest": event.at})
        return index

    def head(self) -> LogHead:
        """Return where the log stands."""
        return LogHead(*self._connection.execute(_SELECT_HEAD).one())

    def size(self) -> int:
        """Return how many leaves there are."""
        return self.head().size

    def set_halted(self, *, halted: bool) -> None:
        """Let nothing be logged any more, or let it again."""
        self._connection.execute(_HEAD.update().values(halted=halted))

    def hash_of(self, index: int) -> bytes:
        """Return the stored hash of a leaf; `log_inconsistent` if it is not there."""
        return self.read([Node(0, index)])[Node(0, index)]

    def read(self, nodes: Sequence[Node]) -> Mapping[Node, bytes]:
        """Return the hashes of complete subtrees.

        Raises:
            KimError: `log_inconsistent` if one is not there, although the log is large enough for it.
        """
        if not nodes:
            return {}  # every other leaf completes nothing, and asks for nothing
        wanted = {node.last_leaf for node in nodes}
        rows = {row.seq: row.hashes for row in self._connection.execute(_ROWS, {"rows": list(wanted)})}
        found = {
            node: rows.get(node.last_leaf, b"")[node.level * HASH_BYTES :][:HASH_BYTES] for node in nodes
        }
        if any(len(item) != HASH_BYTES for item in found.values()):
            raise kim_error("log_inconsistent")
        return found

    def leaves(self, first: int, *, behind: int) -> Iterator[tuple[bytes, bytes]]:
        """Yield entry and stored hashes of the leaves from `first` to before `behind`, in order.

        The hashes are the leaf's own, then those of the subtrees that it completes, one behind the other.
        """
        for start in range(first, behind, _ENTRIES_AT_ONCE):
            span = {"first": start, "behind": min(behind, start + _ENTRIES_AT_ONCE)}
            for row in self._connection.execute(_ENTRIES, span):
                yield row.entry, row.hashes

    def first_of(self, subject: str) -> StoredLeaf | None:
        """Return the oldest leaf about a subject."""
        row = self._connection.execute(_FIRST_OF, {"subject": subject}).one_or_none()
        return None if row is None else StoredLeaf(*row)

    def newest_of(self, subject: str) -> StoredLeaf | None:
        """Return the newest leaf about a subject."""
        row = self._connection.execute(_NEWEST_OF, {"subject": subject}).one_or_none()
        return None if row is None else StoredLeaf(*row)

    def about(self, subjects: Sequence[str]) -> Iterator[tuple[str, StoredLeaf]]:
        """Yield all leaves about some subjects with their subject, oldest first within each batch of them."""
        for start in range(0, len(subjects), _SUBJECTS_AT_ONCE):
            batch = subjects[start : start + _SUBJECTS_AT_ONCE]
            for row in self._connection.execute(_ABOUT, {"subjects": list(batch)}):
                yield row.subject, StoredLeaf(row.seq, row.entry)

    def checkpoint(self) -> StoredCheckpoint | None:
        """Return the newest state that was signed and is served."""
        return _checkpoint(self._connection.execute(_NEWEST_STATE).one_or_none())

    def recent_checkpoint(self, size: int, *, among: int) -> StoredCheckpoint | None:
        """Return the served state of one size, if it is one of so many of the newest."""
        found = self._connection.execute(_RECENT_STATE, {"wanted": size, "among": among})
        return _checkpoint(found.one_or_none())

    def cosigned_state(
        self, index: int, *, least: int, among: int, subject: str | None = None, outside: Sequence[str] = ()
    ) -> StoredCheckpoint | None:
        """Return the newest state that holds a leaf and has so many cosignatures of others.

        Args:
            index: the leaf.
            least: how many cosignatures of nodes at least.
            among: how many of the newest states are looked through.
            subject: the witness whose own does not count, if there is one.
            outside: names of the witnesses that are no nodes; if there are any, one of them is asked for too.
        """
        values = {"index": index, "least": least, "among": among, "subject": subject or ""}
        values |= {"outside": list(outside), "least_outside": min(1, len(outside))}
        return _checkpoint(self._connection.execute(_COSIGNED_STATE, values).one_or_none())

    def add_checkpoint(self, size: int, note: bytes, *, at: dt.datetime) -> None:
        """Serve a state that was signed; one of this size may be there already, then nothing changes."""
        known = self._connection.execute(sa.select(_CHECKPOINT.c.size).where(_CHECKPOINT.c.size == size))
        if known.one_or_none() is None:
            self._connection.execute(
                _CHECKPOINT.insert(), {"size": size, "note": note.decode(), "signed_at": at}
            )

    def cosignatures(self, size: int) -> list[str]:
        """Return the lines of the witnesses under the state of one size, oldest first."""
        return [row.line for row in self._connection.execute(_COSIGNATURES, {"size": size})]

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


def _checkpoint(row: sa.Row[Any] | None) -> StoredCheckpoint | None:
    return None if row is None else StoredCheckpoint(row.size, row.note.encode(), row.signed_at)


def _halted() -> KimError:
    return kim_error(
        "log_unavailable",
        Text(
            "Das Protokoll ist angehalten: die Datenbank passt nicht zu dem, was unterschrieben wurde.",
            "The log is halted: the database does not fit what was signed.",
        ),
        remedy=Text(
            "Der Betreiber des Hubs spielt die neueste Sicherung ein (docs/hub.md).",
            "The operator of the hub restores the newest backup (docs/hub.md).",
        ),
    )


def _clock_went_back() -> KimError:
    return kim_error(
        "log_unavailable",
        Text("Die Uhr des Hubs geht nach.", "The clock of the hub has gone back."),
        remedy=Text("Die Uhr des Hubs stellen.", "Put the hub's clock right."),
    )
