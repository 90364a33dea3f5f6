"""Receive the bytes of an announced submission: chunk by chunk, in any order, as often as it takes.

Invariants: a chunk counts once its bytes are durable and its row is committed, never before; a repeated chunk
changes nothing; bytes that differ from what is in are a conflict; the submission is `received` only when the
whole has the digest that the node signed, computed over the very copy that is kept. Then, and only then, its
verification is asked for.
"""

import datetime as dt
import hashlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Final

from hub import failpoints
from hub.domain.ids import SubmissionId
from hub.domain.jobs import Job, JobName
from hub.domain.states import OPEN_UPLOAD, KeyStatus, NodeStatus, SubmissionState
from hub.services.context import HubContext
from hub.services.intake.opening import require_open, require_taken
from hub.store.records import Submission
from hub.store.tables.uploads import Standing, Upload
from hub.store.unit_of_work import UnitOfWork
from protocol.errors import ErrorItem, KimError, kim_error
from protocol.periods import Period
from protocol.problem_documents import problem_document
from protocol.problems import PROBLEMS
from protocol.texts import Text

_CANCELLED: Final = "upload_cancelled"


def receive_chunk(
    context: HubContext, submission_id: SubmissionId, n: int, *, body: bytes, node_id: str
) -> None:
    """Store chunk `n`.

    Args:
        context: the hub.
        submission_id: of the announced submission.
        n: number of the chunk.
        body: its bytes, as the sender signed them.
        node_id: whose submission it has to be.

    Raises:
        KimError: `not_found`, `digest_mismatch`, `too_large`, `chunk_conflict`, `busy`, or the code with
            which the submission was rejected meanwhile.
    """
    with context.database.read() as unit:
        upload = owned_upload(unit, submission_id, node_id=node_id)
        submission = upload.submission
        # 1. The chunk exists in the announced plan.
        if not submission.plan.holds(n):
            raise kim_error("not_found")
        # 2. It is as long as the plan says; that its bytes are the sender's was checked with the request.
        if len(body) > submission.chunk_bytes:
            raise kim_error("too_large")
        actual = hashlib.sha256(body)
        if len(body) != submission.plan.length_of(n):
            raise kim_error("digest_mismatch")
        # 3. Known already, or no longer wanted.
        if _is_repeat(upload, n, sha256=actual.hexdigest()):
            return
        # 4. A single chunk is the whole, whose digest is signed: a stranger cannot occupy its place.
        if submission.plan.count == 1 and actual.hexdigest() != submission.payload_sha256:
            raise kim_error("digest_mismatch")
    stored = True
    try:
        context.incoming.put(submission_id, n, body)
    except FileNotFoundError:
        stored = False  # another request ended the upload at this moment: the state says how
    with context.database.write() as unit:
        upload = _upload(unit, submission_id)
        submission = upload.submission
        if _is_repeat(upload, n, sha256=actual.hexdigest()):
            return
        if not stored:
            raise kim_error("busy")
        now = context.clock.now()
        unit.chunks.add(submission_id, n, size=len(body), sha256=actual.hexdigest(), at=now)
        if submission.state is SubmissionState.ANNOUNCED:
            unit.submissions.move(submission, SubmissionState.UPLOADING, at=now)


def complete(context: HubContext, submission_id: SubmissionId, *, node_id: str) -> Submission:
    """Finish an upload: all bytes are in and are the signed ones.

    Args:
        context: the hub.
        submission_id: of the announced submission.
        node_id: whose submission it has to be.

    Returns:
        The submission as it stands now; asking again changes nothing.

    Raises:
        KimError: `not_found`, `incomplete_upload`, `digest_mismatch` (send the chunks again), `key_revoked`,
            `node_suspended`, `period_closed`.
    """
    with context.database.read() as unit:
        upload = owned_upload(unit, submission_id, node_id=node_id)
    submission = upload.submission
    if submission.state not in OPEN_UPLOAD:
        return _unless_refused(submission)
    missing = submission.plan.missing(upload.chunks)
    if missing:
        raise _incomplete(missing)
    _assemble(context, submission, upload.chunks)
    with context.database.write() as unit:
        # State, key, node and period are asked again: they may have changed since the announcement.
        standing = unit.uploads.standing(submission_id)
        if standing.state not in OPEN_UPLOAD:
            return _unless_refused(_upload(unit, submission_id).submission)
        now = context.clock.now()
        refusal = _refusal_by_now(context, unit, submission, standing)
        if refusal is None:
            unit.submissions.move(submission, SubmissionState.RECEIVED, at=now, facts={"received_at": now})
            unit.after_commit(Job(JobName.VERIFY, (submission_id,)))
        else:
            reject(unit, submission, refusal, at=now)
    failpoints.passing("upload.clear")
    if refusal is not None:
        context.incoming.clear(submission_id)
        raise refusal
    # The chunks of what is complete go with the decision: the sender does not wait for it.
    return replace(submission, state=SubmissionState.RECEIVED, state_since=now, received_at=now)


def cancel(context: HubContext, submission_id: SubmissionId, *, node_id: str) -> None:
    """Take an upload back that is not complete yet; again and again, it is taken back once.

    Args:
        context: the hub.
        submission_id: of the announced submission.
        node_id: whose submission it has to be.

    Raises:
        KimError: `not_found`; `already_received` once the upload is over in another way.
    """
    with context.database.write() as unit:
        submission = owned_upload(unit, submission_id, node_id=node_id).submission
        if submission.problem_code == _CANCELLED:
            return
        if submission.state not in OPEN_UPLOAD:
            raise kim_error("already_received")
        reject(unit, submission, kim_error(_CANCELLED), at=context.clock.now())
        unit.chunks.drop(submission_id)
    context.incoming.clear(submission_id)


def owned_upload(unit: UnitOfWork, submission_id: SubmissionId, *, node_id: str) -> Upload:
    """Return an upload of a node; another node's is `not_found`, as is one that nobody announced."""
    upload = _upload(unit, submission_id)
    if upload.submission.node_id != node_id:
        raise kim_error("not_found")
    return upload


def reject(unit: UnitOfWork, submission: Submission, error: KimError, *, at: dt.datetime) -> None:
    """Move a submission to `rejected`, with its problem for the node to read."""
    unit.submissions.move(
        submission,
        SubmissionState.REJECTED,
        at=at,
        code=error.code,
        facts={
            "decided_at": at,
            "problem": problem_document(error, instance=f"/v1/submissions/{submission.id}"),
        },
    )


def _refusal_by_now(
    context: HubContext, unit: UnitOfWork, submission: Submission, standing: Standing
) -> KimError | None:
    """Return why a submission that was announced rightly can no longer be taken, if so."""
    if standing.key_status in (None, KeyStatus.REVOKED):
        return kim_error("key_revoked")
    if standing.node_status is not NodeStatus.ACTIVE:
        return kim_error("node_suspended")
    try:
        if standing.is_closed:
            require_open(context, unit, submission.chain, revision=submission.revision)
        else:
            require_taken(context, Period.parse(submission.period))
    except KimError as error:
        return error
    return None


def _assemble(context: HubContext, submission: Submission, chunks: Mapping[int, str]) -> None:
    """Put the chunks together as a blob with the signed digest; chunks that do not fit are dropped.

    Several requests may do so at once: the decision that follows the first removes the chunks, which is no
    failure of the others.
    """
    signed = submission.payload_sha256
    if context.blobs.intact(signed):
        return
    with suppress(FileNotFoundError):  # a chunk was lost, or went with a decision made meanwhile
        if context.blobs.put_parts(context.incoming.parts(submission.id, chunks), expected=signed) == signed:
            return
    with context.database.write() as unit:
        upload = _upload(unit, submission.id)
        if upload.submission.state not in OPEN_UPLOAD:
            return  # over already; the caller reads how it ended
        if upload.chunks == chunks:  # else they were sent again meanwhile
            unit.chunks.drop(submission.id)
    raise kim_error("digest_mismatch")


def _upload(unit: UnitOfWork, submission_id: SubmissionId) -> Upload:
    upload = unit.uploads.get(submission_id)
    if upload is None:
        raise kim_error("not_found")
    return upload


def _is_repeat(upload: Upload, n: int, *, sha256: str) -> bool:
    present = upload.chunks.get(n)
    if present is not None and present != sha256:
        raise kim_error("chunk_conflict")
    # What is complete has all of its chunks: one that is missing now belongs to what was refused before.
    if present is None and upload.submission.state not in OPEN_UPLOAD:
        raise _refusal_of(upload.submission)
    return present is not None


def _unless_refused(submission: Submission) -> Submission:
    """Return the submission, or raise the refusal it got before its bytes were complete."""
    if submission.state is SubmissionState.REJECTED and submission.received_at is None:
        raise _refusal_of(submission)
    return submission


def _refusal_of(submission: Submission) -> KimError:
    code = submission.problem_code
    return kim_error("internal" if code is None or code not in PROBLEMS else code)


def _incomplete(missing: list[list[int]]) -> KimError:
    code = "incomplete_upload"
    text = Text("Diese Teile fehlen noch.", "These chunks are still missing.")
    items = [ErrorItem(f"/chunks/{first}-{last}", code, text) for first, last in missing[:20]]
    return kim_error(code, text, errors=items)
