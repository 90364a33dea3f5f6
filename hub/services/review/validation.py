"""Look at the deliveries of an area side by side: what does not fit, and what they give away together.

*What does not fit.* Nothing is refused here: late registrations break identities, and what is unlikely may be
right (`aggregation.plausibility`). Looked at are delivered values of accepted submissions only, all of the
area at once, because a delivery can be contradicted by one that comes later. So an area is compared once it
has delivered nothing for a moment, not after every delivery.

*What they give away.* The hub's audit (`aggregation.disclosure.arrivals`) asks whether a withheld cell
follows from the deliveries of the area together, and whether its value is one that a rule keeps secret. The
relations between deliveries hold in most, not in all; whether they do in a withheld cell only the node knows.
So a delivery with which a cell becomes known is not refused but held back: it is in no cube until somebody
has asked the area and confirmed it, or until it is replaced. Where there is no answer within the limits of a
child the delivery counts and is marked as not decided: its node's audit has proven it, this one is a second.

A confirmation holds for the cells it was given for: where others do not fit later, it is asked for again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from aggregation.plausibility import KnownValues, PlausibilityFinding, check_plausibility
from hub.domain.ids import SubmissionId
from hub.domain.jobs import Job, JobName
from hub.domain.states import AuditVerdict, SubmissionState
from hub.sandbox.bundle import Item
from hub.services.context import HubContext
from hub.services.intake.verification import cells_of, hits_every_submission, item_of
from hub.services.merging.bounding import bounds_of, rule_bounds
from hub.services.review.confirming import finding_event
from hub.store.records import Finding, Submission
from hub.store.unit_of_work import UnitOfWork
from protocol.catalogue import AUDIT_RULE
from protocol.grid import published_rows
from protocol.observations import STATE_NUMBER, CellState
from protocol.periods import Period
from protocol.transparency.events import EventKind

#: Cells named per rule and delivery: enough to see what it is about.
MAX_ROWS: Final = 20
#: Of an area; then what could not be judged counts without.
MAX_ATTEMPTS: Final = 3
_FAILED: Final = "area.attempt_failed"
_Verdict = tuple[AuditVerdict, Finding | None]
_WITH_VALUE: Final = [STATE_NUMBER[state] for state in CellState if state.has_value]


def validate(context: HubContext, area: str) -> None:
    """Look at the deliveries of an area that count, unless that was done for all of them.

    Raises:
        SandboxDownError, OSError, MemoryError: a fault of this machine; it is looked at again.
        Exception: whatever else failed, before the last attempt; then what was not judged is not decided.
    """
    with context.database.read() as unit:
        heads = unit.submissions.accepted_of(area)
        known = unit.submissions.vintages_of(area)
    if all(head.validated_at is not None for head in heads):
        return
    findings: Mapping[SubmissionId, Sequence[Finding]] = {}
    try:
        findings = _findings(context, heads)
        verdicts = _verdicts(context, known)
    except Exception as fault:
        if hits_every_submission(fault) or not _was_last_attempt(context, area, fault):
            raise
        verdicts = {head.id: (AuditVerdict.UNKNOWN, None) for head in heads if head.audit is None}
    with context.database.write() as unit:
        for head in heads:
            current = unit.submissions.get(head.id)
            if current is not None and current.state is SubmissionState.ACCEPTED:
                _write(context, unit, current, findings.get(head.id, ()), verdicts.get(head.id))


def _write(
    context: HubContext,
    unit: UnitOfWork,
    head: Submission,
    findings: Sequence[Finding],
    verdict: _Verdict | None,
) -> None:
    """Store what was found in one delivery; a verdict is given once."""
    kept = [finding for finding in unit.findings.of(head.id) if finding.rule == AUDIT_RULE]
    if verdict is not None and head.audit is None:
        said, found = verdict
        kept += [found] if found else []
        unit.submissions.set_audit(head.id, said)
        if said is AuditVerdict.OPEN:
            now = context.clock.now()
            unit.audit("submission.held", head.id, at=now, actor="hub", detail={"area": head.area})
            unit.log(finding_event(EventKind.FINDING_HELD, head, AUDIT_RULE, at=now))
        # A closed period waits for it.
        if unit.periods.is_closed(head.dataset, head.period):
            unit.after_commit(Job(JobName.COMPILE, (head.dataset, head.period)))
    unit.findings.replace(head.id, [*findings, *kept], at=context.clock.now())


def _verdicts(context: HubContext, known: Sequence[Submission]) -> Mapping[SubmissionId, _Verdict]:
    """Judge what was not judged yet beside everything else; what is held back says nothing about others."""
    beside = [one for one in known if one.audit is not AuditVerdict.OPEN]
    new = [one for one in beside if one.audit is None and one.state is SubmissionState.ACCEPTED]
    if not new:
        return {}
    items = [_item(context, one, is_new=one in new) for one in beside]
    judged = context.sandbox.judged(items)
    if judged is None:
        return {one.id: (AuditVerdict.UNKNOWN, None) for one in new}
    verdicts: dict[SubmissionId, _Verdict] = {}
    for number, one in enumerate(beside):
        exposure = judged.exposures.get(number)
        if exposure is not None:
            freq = Period.parse(one.period).freq
            rows = published_rows(context.catalogue, one.dataset, freq)
            places = tuple(rows[row] for row in exposure.rows)
            verdicts[one.id] = AuditVerdict.OPEN, Finding(AUDIT_RULE, exposure.cells, places)
        elif one in new:
            verdict = AuditVerdict.UNKNOWN if number in judged.undecided else AuditVerdict.SAFE
            verdicts[one.id] = verdict, None
    return verdicts


def _item(context: HubContext, one: Submission, *, is_new: bool) -> Item:
    cells = cells_of(context, one)
    # Without bounds: replaced before they were worked out, or they are still to be.
    bounds = (rule_bounds if one.bounds_sha256 is None else bounds_of)(context, one, cells)
    return replace(item_of(one, cells), bounds=bounds, is_new=is_new)


def _was_last_attempt(context: HubContext, area: str, fault: Exception) -> bool:
    with context.database.write() as unit:
        newest = max((head.id for head in unit.submissions.accepted_of(area)), default="")
        subject = f"{area} {newest}"
        attempt = unit.audits(_FAILED, subject) + 1
        detail = {"attempt": attempt, "fault": type(fault).__name__}
        unit.audit(_FAILED, subject, at=context.clock.now(), actor="hub", detail=detail)
    return attempt >= MAX_ATTEMPTS


def _findings(context: HubContext, heads: Sequence[Submission]) -> Mapping[SubmissionId, list[Finding]]:
    by_place = {(head.dataset, Period.parse(head.period)): head for head in heads}
    history = {place: _known(context, head) for place, head in by_place.items()}
    breaks = {period for (_, period), head in by_place.items() if head.series_break is not None}
    rows: dict[tuple[SubmissionId, str], list[int]] = {}
    for found in check_plausibility(context.catalogue, history, breaks=breaks):
        head = by_place[found.dataset_id, found.period]
        rows.setdefault((head.id, found.rule), []).append(_published_row(context, found))
    findings: dict[SubmissionId, list[Finding]] = {}
    for (submission, rule), cells in rows.items():
        findings.setdefault(submission, []).append(Finding(rule, len(cells), tuple(cells[:MAX_ROWS])))
    return findings


def _known(context: HubContext, head: Submission) -> KnownValues:
    cells = cells_of(context, head)
    return KnownValues(cells.values, np.isin(cells.states, _WITH_VALUE))


def _published_row(context: HubContext, found: PlausibilityFinding) -> int:
    return published_rows(context.catalogue, found.dataset_id, found.period.freq)[found.row]
