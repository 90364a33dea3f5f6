"""Say in the log which files belong to a release: nobody has to take the hub's word for a list of digests.

The event `extract` carries the digest of `SHA256SUMS`, which names every file (SPEC P-115). A folder that was
lost is made again with the same bytes, and enters nothing then; a newer version of this program may write
other bytes, and that stands in the log, too.
"""

import hashlib

from hub.services.context import HubContext
from hub.services.extracts.folder import SUMS, ReleaseExtract
from hub.store.tables.log import StoredLeaf
from hub.store.unit_of_work import UnitOfWork
from protocol.transparency.events import EventKind, LogEvent, parse_event


def is_entered(context: HubContext, made: ReleaseExtract) -> bool:
    """Whether the log names the list of files of this folder."""
    with context.database.read() as unit:
        return _names(newest_listing(unit, made.release), _digest(made))


def enter_listing(context: HubContext, made: ReleaseExtract) -> None:
    """Log the list of files of a folder, unless it stands there already.

    Raises:
        KimError: ``log_unavailable``.
    """
    digest = _digest(made)
    if is_entered(context, made):
        return
    with context.database.write() as unit:
        # Another process may have been faster.
        if not _names(newest_listing(unit, made.release), digest):
            subject = _subject(made.release)
            unit.log(LogEvent(at=context.clock.now(), kind=EventKind.EXTRACT, id=subject, out_sha256=digest))


def newest_listing(unit: UnitOfWork, number: int) -> StoredLeaf | None:
    """Return the newest event about the files of a release."""
    return unit.leaves.newest_of(_subject(number))


def _names(leaf: StoredLeaf | None, digest: str) -> bool:
    return leaf is not None and parse_event(leaf.entry).out_sha256 == digest


def _subject(number: int) -> str:
    return f"extract/{number}"


def _digest(made: ReleaseExtract) -> str:
    return hashlib.sha256((made.folder / SUMS).read_bytes()).hexdigest()
