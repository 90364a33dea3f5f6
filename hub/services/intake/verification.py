"""Decide about a received submission: the sandbox decodes and checks, this module records what it says.

A delivery that the rules accept is examined beyond them (SPEC P-75): the limits of its withheld cells are
worked out, for every later merge, and where they meet at a value that a rule keeps secret, the node's
protection has failed and the delivery is refused. What it gives away beside others is `validation`.

Invariants: decision, event, problem and the superseding of the previous head are one transaction; the
received bytes stay, whatever the decision; running it again, or twice at once, decides once.

A fault of this machine is no decision. One that hits every submission alike (no sandbox, a full disk, a busy
database) is waited out. One that hits this submission (its stored bytes are lost or damaged, or its child is
killed from outside) is tried `MAX_ATTEMPTS` times, each a record in the audit trail, and then ends in a
rejection as `internal`: the node can deliver again, also after the period was closed, and the publication of
all periods does not wait for one lost file. A child that the kernel kills for want of memory is counted too,
for nobody can tell whether the machine was short of it already or the submission has made it so.
"""

import errno
import logging
import time
from dataclasses import dataclass
from typing import Final

from hub.domain.cell_columns import Cells, MalformedColumnsError
from hub.domain.ids import Sha256, SubmissionId
from hub.domain.jobs import Job, JobName
from hub.domain.states import AuditVerdict, KeyStatus, SubmissionState
from hub.sandbox.bundle import Examined, Exposure, Item
from hub.sandbox.client import ChildKilledError, SandboxDownError
from hub.services.context import HubContext
from hub.services.intake.sealed import payload_of
from hub.services.intake.uploading import reject
from hub.store.files.blobs import DamagedBlobError
from hub.store.files.sealing_keys import SealingLockedError
from hub.store.records import Submission
from hub.store.unit_of_work import UnitOfWork
from protocol import columns
from protocol.dsse import parse_envelope
from protocol.errors import ErrorItem, KimError, kim_error
from protocol.grid import CellGrid, delivery_grid
from protocol.periods import Period
from protocol.statement import parse_statement
from protocol.texts import Text
from protocol.transparency.events import hidden_digest

#: One per `stale_seconds`: an operator has some minutes to restore a file before the node is asked again.
MAX_ATTEMPTS: Final = 10
_LOG: Final = logging.getLogger("kim.hub.verification")
_FAILED: Final = "submission.attempt_failed"
_GIVES_AWAY: Final = Text(
    "Eine gesperrte Zelle, die eine Regel schützt, folgt genau aus dem, was diese Lieferung veröffentlicht.",
    "A withheld cell that a rule protects follows exactly from what this delivery publishes.",
)
#: Shortages of the machine, not losses of one file.
_SHORTAGES: Final = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN}
)


@dataclass(frozen=True, slots=True)
class _Found:
    """What is stored of a delivery that is not refused: cells, and their limits unless these come later."""

    cells: Sha256
    bounds: Sha256 | None


def verify(context: HubContext, submission_id: SubmissionId) -> None:
    """Verify one submission, if it waits for it.

    Raises:
        SandboxDownError, OSError, MemoryError: a fault of this machine; the submission keeps waiting.
        Exception: whatever else failed for this submission, before the last attempt.
    """
    submission = _begin(context, submission_id)
    if submission is None:
        return
    started = time.perf_counter()
    found: _Found | KimError
    try:
        found = _examined(context, submission)
    except KimError as error:
        found = error
    except Exception as fault:
        if hits_every_submission(fault) or not _was_last_attempt(context, submission_id, fault):
            raise
        found = kim_error("internal")
    with context.database.write() as unit:
        current = unit.submissions.get(submission_id)
        if current is None or current.state is not SubmissionState.VERIFYING:
            return
        if not isinstance(found, KimError):
            found = _withdrawn_key(unit, current) or found
        if isinstance(found, KimError):
            reject(unit, current, found, at=context.clock.now())
            # A closed period may have waited for this decision.
            if unit.periods.is_closed(current.dataset, current.period):
                unit.after_commit(Job(JobName.COMPILE, (current.dataset, current.period)))
        else:
            _accept(context, unit, current, found)
    context.incoming.clear(submission_id)
    _LOG.info(
        "submission %s %s in %.0f ms",
        submission_id,
        found.code if isinstance(found, KimError) else SubmissionState.ACCEPTED,
        (time.perf_counter() - started) * 1000,
    )


def _begin(context: HubContext, submission_id: SubmissionId) -> Submission | None:
    with context.database.write() as unit:
        submission = unit.submissions.get(submission_id)
        if submission is None or submission.state is SubmissionState.VERIFYING:
            return submission  # taken before by a process that died, or that still works on it
        if submission.state is not SubmissionState.RECEIVED:
            return None
        unit.submissions.move(submission, SubmissionState.VERIFYING, at=context.clock.now())
        return unit.submissions.get(submission_id)


def hits_every_submission(fault: Exception) -> bool:
    """Whether a fault is one of this machine, to be waited out, and says nothing about what was worked on."""
    if isinstance(fault, OSError):
        return fault.errno in _SHORTAGES
    return isinstance(fault, SandboxDownError | SealingLockedError | MemoryError)


def _was_last_attempt(context: HubContext, submission_id: SubmissionId, fault: Exception) -> bool:
    with context.database.write() as unit:
        attempt = unit.audits(_FAILED, submission_id) + 1
        detail = {"attempt": attempt, "fault": type(fault).__name__}
        unit.audit(_FAILED, submission_id, at=context.clock.now(), actor="hub", detail=detail)
    return attempt >= MAX_ATTEMPTS


def cells_of(context: HubContext, submission: Submission) -> Cells:
    """Return the cells of an accepted submission, derived again from its payload if their blob is damaged.

    Raises:
        OSError: cells and evidence are lost or damaged.
        KimError, SandboxDownError, ChildKilledError: the payload cannot be checked now.
    """
    if submission.canonical_sha256 is None:
        raise RuntimeError("only an accepted submission has cells")
    data = context.blobs.get_derived(submission.canonical_sha256, lambda: _checked_cells(context, submission))
    return Cells.from_bytes(data, rows=len(grid_of_submission(context, submission)))


def grid_of_submission(context: HubContext, submission: Submission) -> CellGrid:
    """Return the cells that a submission holds, by its dataset and frequency."""
    freq = Period.parse(submission.period).freq
    return delivery_grid(context.catalogue, submission.dataset, freq)


def _checked_cells(context: HubContext, submission: Submission) -> bytes:
    envelope = parse_envelope(context.blobs.get(submission.envelope_sha256))
    # The child would refuse damaged bytes too, but as the node's fault.
    if not context.blobs.intact(submission.payload_sha256):
        raise DamagedBlobError(f"blob {submission.payload_sha256} is lost or damaged")
    payload = payload_of(context, submission, envelope.payload)
    cells = context.sandbox.check(envelope.payload, payload)
    try:
        Cells.from_bytes(cells, rows=len(grid_of_submission(context, submission)))
    except MalformedColumnsError:
        raise kim_error("decode_failed") from None
    return cells


def _examined(context: HubContext, submission: Submission) -> _Found:
    """Store cells and limits of a delivery that is not refused."""
    cells = _checked_cells(context, submission)
    try:
        examined = examined_alone(context, submission, cells)
    except ChildKilledError:
        examined = None  # its cells are known; their limits are tried again by themselves
    if examined is None:
        return _Found(context.blobs.put(cells), None)
    if examined.exposure.cells:
        raise _gives_away(examined.exposure)
    return _Found(context.blobs.put(cells), context.blobs.put(examined.bounds.to_bytes()))


def examined_alone(context: HubContext, submission: Submission, cells: bytes) -> Examined | None:
    """Return the limits of a delivery's cells and what it gives away by itself; None without an answer.

    Raises:
        SandboxDownError: no child can be started.
        ChildKilledError: it was ended from outside.
    """
    rows = len(grid_of_submission(context, submission))
    return context.sandbox.limits(item_of(submission, Cells.from_bytes(cells, rows=rows)))


def item_of(submission: Submission, cells: Cells) -> Item:
    """Return a delivery in the form in which a child examines it."""
    return Item(submission.dataset, submission.period, submission.min_contributors, cells)


def _gives_away(exposure: Exposure) -> KimError:
    """Return the refusal of a delivery whose withheld cells can be computed (SPEC P-75)."""
    places = [f"/rows/{row}/{columns.OBS_VALUE}" for row in exposure.rows]
    items = [ErrorItem(pointer=place, code="interval", text=_GIVES_AWAY) for place in places]
    return kim_error("k_anonymity", _GIVES_AWAY, pointer=places[0], errors=items)


def _withdrawn_key(unit: UnitOfWork, submission: Submission) -> KimError | None:
    key = unit.nodes.key(submission.keyid)
    return kim_error("key_revoked") if key is None or key.status is KeyStatus.REVOKED else None


def _nonce_of(context: HubContext, submission: Submission) -> bytes:
    """Return the 32 random bytes of the signed statement: nobody knows them before a release cites it."""
    envelope = parse_envelope(context.blobs.get(submission.envelope_sha256))
    return parse_statement(envelope.payload).nonce


def _accept(context: HubContext, unit: UnitOfWork, submission: Submission, found: _Found) -> None:
    # Without bounds whoever took the VERIFY job tries again; else the sweeper does.
    now = context.clock.now()
    # The first delivery of an area has no other beside which anything could follow from it.
    is_first = found.bounds is not None and not unit.submissions.vintages_of(submission.area)
    if submission.supersedes is not None:
        previous = unit.submissions.get(SubmissionId(submission.supersedes))
        if previous is not None and previous.state is SubmissionState.ACCEPTED:
            unit.submissions.move(previous, SubmissionState.SUPERSEDED, at=now)
    unit.submissions.move(
        submission,
        SubmissionState.ACCEPTED,
        at=now,
        facts={
            "decided_at": now,
            "canonical_sha256": found.cells,
            "bounds_sha256": found.bounds,
            "audit": AuditVerdict.SAFE if is_first else None,
        },
        made=hidden_digest(found.cells, salt=_nonce_of(context, submission)),
    )
