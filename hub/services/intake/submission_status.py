"""Show where a submission or a node's chain of submissions stands. Metadata only: no figure leaves here."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from hub.domain.ids import SubmissionId
from hub.services.context import HubContext
from hub.services.intake.announcing import missing_chunks
from hub.services.intake.uploading import owned_upload
from hub.store.records import Finding, Submission, SubmissionEvent


@dataclass(frozen=True, slots=True)
class SubmissionStatus:
    """A submission, the chunks it misses, what happened to it, oldest first, and what is to be confirmed."""

    submission: Submission
    missing: list[list[int]]
    events: list[SubmissionEvent]
    confirm: list[Finding]


def status_of(context: HubContext, submission_id: SubmissionId, *, node_id: str) -> SubmissionStatus:
    """Return the status of one submission of a node, or raise `not_found`."""
    with context.database.read() as unit:
        upload = owned_upload(unit, submission_id, node_id=node_id)
        return SubmissionStatus(
            upload.submission,
            missing_chunks(upload),
            unit.submissions.events(submission_id),
            unit.findings.of(submission_id, unconfirmed=True),
        )


def status_document(status: SubmissionStatus) -> dict[str, Any]:
    """Return a status as it is answered and as it travels in a file (SPEC P-65, P-128)."""
    return {
        "id": status.submission.id,
        "state": str(status.submission.state),
        "missing": status.missing,
        "events": [{"state": str(e.state), "at": _moment(e.at), "code": e.code} for e in status.events],
        "confirm": [{"rule": finding.rule, "cells": finding.cells} for finding in status.confirm],
        "problem": status.submission.problem,
    }


def _moment(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def heads_of(context: HubContext, node_id: str) -> list[tuple[Submission, list[Finding]]]:
    """Return the newest submission of each of a node's chains, and what is to be confirmed in it."""
    with context.database.read() as unit:
        unconfirmed = unit.findings.unconfirmed(node_id)
        return [(head, unconfirmed.get(head.id, [])) for head in unit.submissions.heads(node_id)]
