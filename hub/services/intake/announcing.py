"""Announce a submission: what the signed statement says is checked before any byte of payload.

The same statement gets the same answer, however often and however late it comes: a replay changes nothing.
"""

import datetime as dt
import logging
from dataclasses import dataclass
from typing import Final

from hub.domain.ids import Sha256, SubmissionId
from hub.domain.states import OPEN_UPLOAD, UNDECIDED, SubmissionState
from hub.services.context import HubContext
from hub.services.intake.authentication import Signed, authenticate
from hub.services.intake.opening import require_open
from hub.services.intake.sealed import require_agreed_form
from hub.store.records import Chain, Node, Submission
from hub.store.tables.uploads import Upload
from hub.store.unit_of_work import UnitOfWork
from protocol.catalogue import Dataset, RuleKind
from protocol.dsse import PAYLOAD_TYPE_SUBMISSION, parse_envelope, statement_id
from protocol.errors import ErrorItem, KimError, kim_error
from protocol.request_signatures import CLIENT_HEADER
from protocol.statement import SubmissionStatement
from protocol.submission_rules import agreed_dataset
from protocol.texts import Text

_LOG: Final = logging.getLogger("kim.hub.intake")
_DAY: Final = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Announced:
    """The answer: the submission as it stands, what is missing, and whether it is new."""

    submission: Submission
    missing: list[list[int]]
    created: bool


def announce(context: HubContext, body: bytes, *, sender: Node | None, program: str = "") -> Announced:
    """Take the announcement of a submission.

    Args:
        context: the hub.
        body: the signed envelope, as received.
        sender: who signed the request that brought it; None if somebody brought it as a file.
        program: name and release of the program that sends it, as it says itself.

    Raises:
        KimError: the refusal; nothing is stored then.
    """
    # 1. Size.
    if len(body) > context.settings.max_envelope_bytes:
        raise kim_error("too_large")
    # 2. A strict envelope of the one payload type, with one signature.
    envelope = parse_envelope(body, payload_type=PAYLOAD_TYPE_SUBMISSION)
    submission_id = SubmissionId(statement_id(envelope))
    with context.database.read() as unit:
        # 3. Key, signature, statement, audience, node, area.
        signed = authenticate(unit, envelope, audience=context.settings.audience, at=context.clock.now())
        # SPEC P-127: what somebody else has signed and lost, a node cannot pass on.
        if sender is not None and sender.id != signed.node.id:
            raise kim_error("sender_mismatch")
        # 4. A statement that is known already: its state, and nothing else happens.
        known = _known(unit, submission_id)
        if known:
            return known
        # 5. to 11. What it announces can be taken.
        if sender is not None:
            _check_program(unit, program)
        require_agreed_form(context, unit, signed.statement)
        dataset = _check_content(context, signed.statement)
        _check_period(context, unit, dataset, signed)
        _check_chain(context, unit, dataset, signed)
    envelope_sha256 = context.blobs.put(body)
    submission = _new(context, submission_id, dataset, signed, envelope_sha256)
    with context.database.write() as unit:
        # The same questions once more, now that no other writer can change the answers.
        known = _known(unit, submission_id)
        if known:
            return known
        _check_period(context, unit, dataset, signed)
        _check_chain(context, unit, dataset, signed)
        unit.submissions.add(submission)
    _LOG.info(
        "submission %s announced: %s %s revision %d for %s by %s",
        submission.id,
        submission.dataset,
        submission.period,
        submission.revision,
        submission.area,
        submission.node_id,
    )
    return Announced(submission, submission.plan.missing(()), created=True)


def _known(unit: UnitOfWork, submission_id: SubmissionId) -> Announced | None:
    upload = unit.uploads.get(submission_id)
    if upload is None:
        return None
    return Announced(upload.submission, missing_chunks(upload), created=False)


def missing_chunks(upload: Upload) -> list[list[int]]:
    """Return the chunks that the node still owes; none once the upload is over."""
    if upload.submission.state not in OPEN_UPLOAD:
        return []
    return upload.submission.plan.missing(upload.chunks)


def _check_program(unit: UnitOfWork, program: str) -> None:
    # SPEC P-149: the node asks itself before it signs; one that is too old may not know how.
    trust = unit.trust.current()
    if trust is not None and not trust.policy.accepts_client(program.rpartition("/")[2]):
        oldest = trust.policy.oldest_client
        raise kim_error(
            "unsupported_version",
            Text(f"Der Hub verlangt kim-node ab {oldest}.", f"The hub demands kim-node {oldest} or later."),
            pointer=f"/headers/{CLIENT_HEADER}",
        )


def _check_content(context: HubContext, statement: SubmissionStatement) -> Dataset:
    # 5. Node and hub mean the same dataflow, columns and catalogue.
    dataset = agreed_dataset(statement, context.catalogue)
    # 6. Its size is within the limit, and so are the chunks it is cut into.
    payload, travelling = statement.payload, statement.travelling
    if travelling.size > context.settings.max_payload_bytes:
        raise kim_error("too_large", pointer="/payload/size")
    if payload.chunk > context.settings.chunk_bytes:
        raise kim_error("too_large", pointer="/payload/chunk")
    # 7. The node's threshold is at least the catalogue's.
    minimum = min(i.rule.min_contributors for i in dataset.indicators if i.rule.kind is not RuleKind.NONE)
    if statement.min_contributors < minimum:
        raise kim_error("k_anonymity", pointer="/min_contributors")
    return dataset


def _chain(dataset: Dataset, signed: Signed) -> Chain:
    return Chain(signed.node.id, signed.statement.area, dataset.id, signed.statement.period)


def _check_period(context: HubContext, unit: UnitOfWork, dataset: Dataset, signed: Signed) -> None:
    # 8. The period has ended and is not closed.
    require_open(context, unit, _chain(dataset, signed), revision=signed.statement.revision)


def _check_chain(context: HubContext, unit: UnitOfWork, dataset: Dataset, signed: Signed) -> None:
    # 9. It continues the chain of this node, area, dataset and period, and there is no other unfinished link.
    statement = signed.statement
    head = unit.submissions.head(_chain(dataset, signed))
    expected = (1, None) if head is None else (head.revision + 1, head.id)
    unfinished = head is not None and head.state in OPEN_UPLOAD | UNDECIDED
    if unfinished or (statement.revision, statement.supersedes) != expected:
        raise _conflict(head)
    # 10. The node has not begun more uploads than it may.
    trust = unit.trust.current()
    allowed = [context.settings.max_open_uploads, *([trust.policy.max_open_uploads] if trust else [])]
    if unit.submissions.open_uploads(signed.node.id) >= min(allowed):
        raise kim_error(
            "rate_limited",
            Text("Zu viele angefangene Lieferungen.", "Too many deliveries begun and not finished."),
        )
    # 11. Nor more within a day than the disk is meant for: what is rejected stays as evidence.
    since = context.clock.now() - _DAY
    number, taken = unit.submissions.announced_since(signed.node.id, since=since)
    own = statement.travelling.size + (number + 1) * context.settings.max_envelope_bytes
    if taken + own > context.settings.node_day_bytes:
        raise kim_error(
            "rate_limited",
            Text("Zu viel an einem Tag angekündigt.", "Too much announced within a day."),
        )


def _conflict(head: Submission | None) -> KimError:
    if head is None:
        return kim_error(
            "revision_conflict",
            Text(
                "Der Hub kennt noch keine Fassung dieser Lieferung.",
                "The hub has no revision of this delivery.",
            ),
            pointer="/revision",
        )
    stands = Text(
        f"Der Hub hat Fassung {head.revision} im Stand {head.state}, Kennung {head.id}.",
        f"The hub has revision {head.revision} in state {head.state}, id {head.id}.",
    )
    return kim_error(
        "revision_conflict",
        stands,
        pointer="/revision",
        errors=[ErrorItem("/supersedes", "revision_conflict", Text(head.id, head.id))],
    )


def _new(
    context: HubContext,
    submission_id: SubmissionId,
    dataset: Dataset,
    signed: Signed,
    envelope_sha256: Sha256,
) -> Submission:
    statement, now = signed.statement, context.clock.now()
    return Submission(
        id=submission_id,
        node_id=signed.node.id,
        keyid=signed.key.keyid,
        area=statement.area,
        dataset=dataset.id,
        period=statement.period,
        revision=statement.revision,
        supersedes=statement.supersedes,
        state=SubmissionState.ANNOUNCED,
        envelope_sha256=envelope_sha256,
        payload_sha256=Sha256(statement.travelling.sha256),
        payload_size=statement.travelling.size,
        payload_rows=statement.payload.rows,
        chunk_bytes=statement.payload.chunk,
        min_contributors=statement.min_contributors,
        canonical_sha256=None,
        bounds_sha256=None,
        announced_at=now,
        state_since=now,
        received_at=None,
        decided_at=None,
        problem_code=None,
        problem=None,
        series_break=statement.series_break,
        validated_at=None,
    )
