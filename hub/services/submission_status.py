"""Show where a submission or a node's chain of submissions stands. Metadata only: no figure leaves here."""

from dataclasses import dataclass

from hub.domain.ids import SubmissionId
from hub.services.announcing import missing_chunks
from hub.services.context import HubContext
from hub.store.records import Finding, Submission, SubmissionEvent
from protocol.errors import kim_error


@dataclass(frozen=True, slots=True)
class SubmissionStatus:
    """A submission, the chunks it misses, what happened to it, oldest first, and what is to be confirmed."""

    submission: Submission
    missing: list[list[int]]
    events: list[SubmissionEvent]
    confirm: list[Finding]


def status_of(context: HubContext, submission_id: SubmissionId) -> SubmissionStatus:
    """Return the status of one submission, or raise `not_found`."""
    with context.database.read() as unit:
        submission = unit.submissions.get(submission_id)
        if submission is None:
            raise kim_error("not_found")
        return SubmissionStatus(
            submission,
            missing_chunks(unit, submission),
            unit.submissions.events(submission_id),
            unit.submissions.findings(submission_id, unconfirmed=True),
        )


def heads_of(context: HubContext, node_id: str) -> list[tuple[Submission, list[Finding]]]:
    """Return the newest submission of each of a node's chains, and what is to be confirmed in it.

    Raises:
        KimError: `not_found` for an unknown node.
    """
    with context.database.read() as unit:
        if unit.nodes.get(node_id) is None:
            raise kim_error("not_found")
        unconfirmed = unit.submissions.unconfirmed(node_id)
        return [(head, unconfirmed.get(head.id, [])) for head in unit.submissions.heads(node_id)]
