"""Receive the bytes of an announced submission: chunk by chunk, in any order, as often as it takes.

Invariants: a chunk counts once its bytes are durable and its row is committed, never before; a repeated chunk
changes nothing; bytes that differ from what is in are a conflict; the submission is `received` only when the
whole has the digest that the node signed, computed over the very copy that is kept. Then, and only then, its
verification is asked for.
"""

import base64
import binascii
import datetime as dt
import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Final

from hub.domain.ids import SubmissionId
from hub.domain.jobs import Job, JobName
from hub.domain.states import OPEN_UPLOAD, KeyStatus, NodeStatus, SubmissionState
from hub.services.context import HubContext
from hub.services.opening import require_open
from hub.store.records import Submission
from hub.store.unit_of_work import UnitOfWork
from protocol.errors import ErrorItem, KimError, kim_error
from protocol.problems import PROBLEMS, problem_document
from protocol.texts import Text

_CONTENT_DIGEST: Final = re.compile(r"sha-256=:([A-Za-z0-9+/=]{1,64}):", re.ASCII)


def parse_content_digest(header: str | None) -> bytes:
    """Return the SHA-256 of a `Content-Digest` field (RFC 9530).

    Raises:
        KimError: `bad_request` if the field is missing or not a single sha-256 digest.
    """
    form = _CONTENT_DIGEST.fullmatch((header or "").strip())
    try:
        digest = base64.b64decode(form[1], validate=True) if form else b""
    except binascii.Error:
        digest = b""
    if len(digest) != hashlib.sha256().digest_size:
        raise kim_error(
            "bad_request",
            Text(
                "Content-Digest fehlt oder ist keine Angabe der Form sha-256=:…:.",
                "Content-Digest is missing or not of the form sha-256=:…:.",
            ),
            pointer="/headers/Content-Digest",
        )
    return digest


def receive_chunk(
    context: HubContext, submission_id: SubmissionId, n: int, *, body: bytes, digest: bytes
) -> None:
    """Store chunk `n`.

    Args:
        context: the hub.
        submission_id: of the announced submission.
        n: number of the chunk.
        body: its bytes, as received.
        digest: SHA-256 that the sender computed.

    Raises:
        KimError: `not_found`, `digest_mismatch`, `too_large`, `chunk_conflict`, `busy`, or the code with
            which the submission was rejected meanwhile.
    """
    with context.database.read() as unit:
        submission = _get(unit, submission_id)
        # 1. The chunk exists in the announced plan.
        if not submission.plan.holds(n):
            raise kim_error("not_found")
        # 2. Length and digest: a connection that broke off, or a proxy that changed bytes.
        if len(body) > submission.chunk_bytes:
            raise kim_error("too_large")
        actual = hashlib.sha256(body)
        if len(body) != submission.plan.length_of(n) or not hmac.compare_digest(actual.digest(), digest):
            raise kim_error("digest_mismatch")
        # 3. Known already, or no longer wanted.
        if _is_repeat(unit, submission, n, sha256=actual.hexdigest()):
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
        submission = _get(unit, submission_id)
        if _is_repeat(unit, submission, n, sha256=actual.hexdigest()):
            return
        if not stored:
            raise kim_error("busy")
        now = context.clock.now()
        unit.submissions.add_chunk(submission_id, n, size=len(body), sha256=actual.hexdigest(), at=now)
        if submission.state is SubmissionState.ANNOUNCED:
            unit.submissions.move(submission, SubmissionState.UPLOADING, at=now)


def complete(context: HubContext, submission_id: SubmissionId) -> Submission:
    """Finish an upload: all bytes are in and are the signed ones.

    Returns:
        The submission as it stands now; asking again changes nothing.

    Raises:
        KimError: `not_found`, `incomplete_upload`, `digest_mismatch` (send the chunks again), `key_revoked`,
            `node_suspended`, `period_closed`.
    """
    with context.database.read() as unit:
        submission = _get(unit, submission_id)
        if submission.state not in OPEN_UPLOAD:
            return _unless_refused(submission)
        chunks = unit.submissions.chunks(submission_id)
        missing = submission.plan.missing(chunks)
    if missing:
        raise _incomplete(missing)
    _assemble(context, submission, chunks)
    refusal: KimError | None = None
    with context.database.write() as unit:
        submission = _get(unit, submission_id)
        if submission.state not in OPEN_UPLOAD:
            return _unless_refused(submission)
        now = context.clock.now()
        # Key, node and period are asked again: they may have changed since the announcement.
        refusal = refusal_by_now(context, unit, submission)
        if refusal is None:
            unit.submissions.move(submission, SubmissionState.RECEIVED, at=now, facts={"received_at": now})
            unit.after_commit(Job(JobName.VERIFY, (submission_id,)))
        else:
            reject(unit, submission, refusal, at=context.clock.now())
        done = _get(unit, submission_id)
    context.incoming.clear(submission_id)
    if refusal is not None:
        raise refusal
    return done


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


def refusal_by_now(context: HubContext, unit: UnitOfWork, submission: Submission) -> KimError | None:
    """Return why a submission that was announced rightly can no longer be taken, if so."""
    key, node = unit.nodes.key(submission.keyid), unit.nodes.get(submission.node_id)
    if key is None or key.status is KeyStatus.REVOKED:
        return kim_error("key_revoked")
    if node is None or node.status is not NodeStatus.ACTIVE:
        return kim_error("node_suspended")
    try:
        require_open(context, unit, submission.chain, revision=submission.revision)
    except KimError as error:
        return error
    return None


def _assemble(context: HubContext, submission: Submission, chunks: Mapping[int, str]) -> None:
    """Put the chunks together as a blob with the signed digest; chunks that do not fit are dropped.

    Several requests may do so at once: the first one to finish removes the chunks, which is no failure of the
    others.
    """
    signed = submission.payload_sha256
    if context.blobs.intact(signed):
        return
    try:
        if context.blobs.put_parts(context.incoming.parts(submission.id, chunks), expected=signed) == signed:
            return
    except FileNotFoundError:
        # Either a chunk was lost, or somebody else completed the same upload while this one was reading.
        if context.blobs.intact(signed):
            return
    with context.database.write() as unit:
        if _get(unit, submission.id).state not in OPEN_UPLOAD:
            return  # over already; the caller reads how it ended
        if unit.submissions.chunks(submission.id) == chunks:  # else they were sent again meanwhile
            unit.submissions.drop_chunks(submission.id)
    raise kim_error("digest_mismatch")


def _get(unit: UnitOfWork, submission_id: SubmissionId) -> Submission:
    submission = unit.submissions.get(submission_id)
    if submission is None:
        raise kim_error("not_found")
    return submission


def _is_repeat(unit: UnitOfWork, submission: Submission, n: int, *, sha256: str) -> bool:
    present = unit.submissions.chunks(submission.id).get(n)
    if present is not None and present != sha256:
        raise kim_error("chunk_conflict")
    if present is None and submission.state not in OPEN_UPLOAD:
        _unless_refused(submission)
        raise kim_error("chunk_conflict")
    return present is not None


def _unless_refused(submission: Submission) -> Submission:
    """Return the submission, or raise the refusal it got before its bytes were complete."""
    if submission.state is SubmissionState.REJECTED and submission.received_at is None:
        code = submission.problem_code or ""
        raise kim_error(code if code in PROBLEMS else "internal")
    return submission


def _incomplete(missing: list[list[int]]) -> KimError:
    code = "incomplete_upload"
    text = Text("Diese Teile fehlen noch.", "These chunks are still missing.")
    items = [ErrorItem(f"/chunks/{first}-{last}", code, text) for first, last in missing[:20]]
    return kim_error(code, text, errors=items)
