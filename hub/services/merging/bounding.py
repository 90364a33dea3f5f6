"""Work out the limits of the withheld cells of an accepted submission, if its verification could not.

Limits are derived from one delivery alone (published cells and the relations that hold in every delivery), so
they do not change when others are delivered. They are no decision: a submission counts before they are known,
only a compilation waits for them. It does not wait for ever: after `MAX_ATTEMPTS` without an answer
(`MAX_KILLED` if somebody else ended the child) the cells keep the limits that the rules alone give them (a
withheld count is at least 1, and that is all), and the delivery is marked as one of which no more is known.
"""

from typing import Final

from aggregation.disclosure.arrivals import limits_by_rule
from aggregation.disclosure.relations import structure_of
from hub.domain.cell_columns import Bounds, Cells
from hub.domain.ids import SubmissionId
from hub.domain.jobs import Job, JobName
from hub.domain.states import AuditVerdict, SubmissionState
from hub.sandbox.client import ChildKilledError
from hub.sandbox.examination import arrival_of
from hub.services.context import HubContext
from hub.services.intake.verification import cells_of, examined_alone
from hub.store.records import Submission
from protocol.periods import Period

MAX_ATTEMPTS: Final = 3
#: Time for a machine that is short of memory to come to itself: as long as a verification waits for it.
MAX_KILLED: Final = 10
_FAILED: Final = "submission.bounding_failed"


def bound(context: HubContext, submission_id: SubmissionId) -> None:
    """Compute and store the limits of one submission, if it is accepted and has none yet.

    Raises:
        OSError, SandboxDownError: a fault of this machine; it is tried again.
    """
    with context.database.read() as unit:
        submission = unit.submissions.get(submission_id)
    if submission is None or submission.state is not SubmissionState.ACCEPTED:
        return
    if submission.bounds_sha256 is None:
        cells = cells_of(context, submission)
        examined, most = None, MAX_ATTEMPTS
        try:
            examined = examined_alone(context, submission, cells.to_bytes())
        except ChildKilledError:
            most = MAX_KILLED
        if examined is None and not _was_last_attempt(context, submission_id, most=most):
            return
        bounds = rule_bounds(context, submission, cells) if examined is None else examined.bounds
        blob = context.blobs.put(bounds.to_bytes())
        with context.database.write() as unit:
            unit.submissions.set_bounds(submission_id, blob)
            if examined is None:
                unit.submissions.set_audit(submission_id, AuditVerdict.BY_RULE)
            # The last missing bounds of a closed period: now it can be compiled.
            if unit.periods.is_closed(submission.dataset, submission.period):
                unit.after_commit(Job(JobName.COMPILE, (submission.dataset, submission.period)))


def bounds_of(context: HubContext, submission: Submission, cells: Cells) -> Bounds:
    """Return the limits of a bounded submission, worked out again from its cells if their blob is damaged.

    Raises:
        OSError: the blob is damaged and its bytes do not come out again.
        SandboxDownError, ChildKilledError: they cannot be worked out now.
    """
    if submission.bounds_sha256 is None:
        raise RuntimeError("the bounds are not known yet")

    def derived() -> bytes:
        examined = (
            None
            if submission.audit is AuditVerdict.BY_RULE
            else examined_alone(context, submission, cells.to_bytes())
        )
        bounds = rule_bounds(context, submission, cells) if examined is None else examined.bounds
        return bounds.to_bytes()

    return Bounds.from_bytes(
        context.blobs.get_derived(submission.bounds_sha256, derived), rows=len(cells.values)
    )


def _was_last_attempt(context: HubContext, submission_id: SubmissionId, *, most: int) -> bool:
    with context.database.write() as unit:
        attempt = unit.audits(_FAILED, submission_id) + 1
        unit.audit(_FAILED, submission_id, at=context.clock.now(), actor="hub", detail={"attempt": attempt})
    return attempt >= most


def rule_bounds(context: HubContext, submission: Submission, cells: Cells) -> Bounds:
    """Return the limits that the rules alone give the cells of a submission."""
    freq = Period.parse(submission.period).freq
    structure = structure_of(context.catalogue, submission.dataset, freq)
    arrival = arrival_of(cells, min_contributors=submission.min_contributors)
    return Bounds(*limits_by_rule(structure, arrival))
