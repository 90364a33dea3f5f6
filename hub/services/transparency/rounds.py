"""When the log is signed: soon after it has grown, and what happens when it must not be.

A round asks one cheap question first, so it may be run every second. If the signer refuses, the log is
halted: a mark in the database, which every append reads in passing, makes every process of this hub refuse
to log anything, and so to receive, accept, close or release, until a round finds the log whole again. The
mark lies in the database that is wrong: restoring the right one takes it away.
"""

import datetime as dt
from typing import Final

from hub import failpoints
from hub.services.context import HubContext
from hub.services.transparency.signer import LogSigner, check_contains, recompute
from hub.store.tables.log import LogHead
from hub.store.unit_of_work import UnitOfWork
from protocol.errors import KimError
from protocol.transparency.checkpoints import SignedCheckpoint
from protocol.transparency.events import EventKind, LogEvent, parse_event

#: A log in which nothing happens grows all the same, so that silence can be told from being cut off.
HEARTBEAT: Final = dt.timedelta(hours=12)
#: What came into the log is signed within seconds. What waits longer waits for somebody: the signer's disk is
#: full, or its key is not there.
UNSIGNED_AT_MOST: Final = dt.timedelta(minutes=10)


def run_round(context: HubContext) -> SignedCheckpoint:
    """Sign what has come since the last round, and serve it.

    Safe to run at any time, in any process that may read the signer's folder; whatever a process that died
    left undone is done here.

    Returns:
        The newest signed state.

    Raises:
        KimError: `log_inconsistent`, and the log is halted; `key_missing`, `key_unreadable`.
    """
    signer = signer_of(context)
    with signer.alone():
        head = _beat(context)
        try:
            with context.database.read() as unit:
                signed = signer.sign(unit.leaves)
                served = unit.leaves.checkpoint()
        except KimError as refusal:
            _halt(context, head, refusal)
            raise
        failpoints.passing("log.signed")
        # Also what an earlier process signed and could not write here any more.
        if served is None or served.size < signed.checkpoint.size or head.halted:
            with context.database.write() as unit:
                unit.leaves.add_checkpoint(
                    signed.checkpoint.size, signed.note.to_bytes(), at=context.clock.now()
                )
                unit.leaves.set_halted(halted=False)
    return signed


def is_due(context: HubContext) -> bool:
    """Whether a round would change anything; one query."""
    with context.database.read() as unit:
        head = unit.leaves.head()
        served = unit.leaves.checkpoint()
    return head.halted or served is None or served.size != head.size or _is_silent(context, head)


def waits_too_long(unit: UnitOfWork, *, now: dt.datetime) -> bool:
    """Whether the oldest entry that nobody has signed is older than `UNSIGNED_AT_MOST`."""
    served = unit.leaves.checkpoint()
    size = 0 if served is None else served.size
    waiting = next(unit.leaves.leaves(size, behind=min(size + 1, unit.leaves.size())), None)
    return waiting is not None and now - parse_event(waiting[0]).at > UNSIGNED_AT_MOST


def check_whole(context: HubContext) -> int:
    """Compute every hash of the log again and compare it with what was signed; return the number of leaves.

    Raises:
        KimError: `log_inconsistent`; `key_missing`, `key_unreadable`.
    """
    signer = signer_of(context)
    with signer.alone(), context.database.read() as unit:
        size = unit.leaves.size()
        recompute(unit.leaves, signer.nothing, behind=size)
        for state in signer.signed(unit.leaves):
            check_contains(unit.leaves, state.checkpoint)
    return size


def signer_of(context: HubContext) -> LogSigner:
    """Return the signer of this hub's log."""
    return LogSigner.of(context.settings)


def _beat(context: HubContext) -> LogHead:
    """Append a sign of life if nothing was logged for long; return the head before anything is signed."""
    with context.database.read() as unit:
        head = unit.leaves.head()
    if head.halted or not _is_silent(context, head):
        return head
    with context.database.write() as unit:
        unit.log(LogEvent(at=context.clock.now(), kind=EventKind.HEARTBEAT, id="log"))
        return unit.leaves.head()


def _is_silent(context: HubContext, head: LogHead) -> bool:
    return head.newest_at is None or context.clock.now() - head.newest_at >= HEARTBEAT


def _halt(context: HubContext, head: LogHead, refusal: KimError) -> None:
    if refusal.code == "log_inconsistent" and not head.halted:
        with context.database.write() as unit:
            unit.leaves.set_halted(halted=True)
            unit.audit("log.halted", "log", at=context.clock.now(), actor="hub")
