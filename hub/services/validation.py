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

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from aggregation.plausibility import KnownValues, PlausibilityFinding, check_plausibility
from hub.domain.ids import SubmissionId, is_sha256
from hub.domain.jobs import Job, JobName
from hub.domain.people import OPERATOR
from hub.domain.states import AuditVerdict, SubmissionState
from hub.sandbox.bundle import Item
from hub.sandbox.client import SandboxDownError
from hub.services.bounding import bounds_of, rule_bounds
from hub.services.context import HubContext
from hub.services.verification import cells_of, item_of
from hub.store.records import Finding, Submission
from hub.store.unit_of_work import UnitOfWork
from protocol.catalogue import AUDIT_RULE
from protocol.errors import kim_error
from protocol.grid import published_rows
from protocol.observations import STATE_NUMBER, CellState
from protocol.periods import Period
from protocol.statement import is_reason
from protocol.texts import Text
from protocol.transparency.events import EventKind, LogEvent

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
        SandboxDownError: no child can be started now.
        Exception: whatever else failed, before the last attempt; then what was not judged is not decided.
    """
    with context.database.read() as unit:
        heads = unit.submissions.accepted_of(area)
        known = unit.submissions.vintages_of(area)
    if all(head.validated_at is not None for head in heads):
        return
    try:
        findings, verdicts = _findings(context, heads), _verdicts(context, known)
    except SandboxDownError:
        raise
    except Exception as fault:
        if not _was_last_attempt(context, area, fault):
            raise
        findings = {}
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
            unit.log(_event(EventKind.FINDING_HELD, head, AUDIT_RULE, at=now))
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
    return item_of(one, cells, bounds=bounds, is_new=is_new)


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


def confirm(
    context: HubContext, submission: str, rule: str, *, reason: str, actor: str = OPERATOR
) -> Submission:
    """Write down that figures are right although they do not fit a rule.

    Args:
        context: the hub.
        submission: statement id.
        rule: id of the rule.
        reason: why they are right: one line of at most 500 characters.
        actor: who says so, for the audit trail.

    Returns:
        The submission; confirming again changes the reason.

    Raises:
        KimError: `bad_request` for a reason of another form, `not_found` if there is nothing to confirm.
    """
    if not is_reason(reason):
        raise kim_error(
            "bad_request",
            Text(
                "Die Begründung ist eine Zeile von höchstens 500 Zeichen.",
                "The reason is one line of at most 500 characters.",
            ),
        )
    with context.database.write() as unit:
        known = unit.submissions.get(SubmissionId(submission)) if is_sha256(submission) else None
        now = context.clock.now()
        if (
            known is None
            or known.state is not SubmissionState.ACCEPTED
            or not unit.findings.confirm(known.id, rule, reason=reason, at=now)
        ):
            raise kim_error(
                "not_found",
                Text(
                    "In dieser Lieferung ist zu dieser Regel nichts zu bestätigen.",
                    "There is nothing to confirm about this rule in this delivery.",
                ),
                remedy=Text(
                    "Kennung und Regel aus der Ausgabe von kim-hub status übernehmen.",
                    "Take id and rule from the output of kim-hub status.",
                ),
            )
        if rule == AUDIT_RULE:
            unit.submissions.set_audit(known.id, AuditVerdict.CONFIRMED)
        detail = {"rule": rule, "reason": reason}
        unit.audit("finding.confirmed", known.id, at=now, actor=actor, detail=detail)
        unit.log(_event(EventKind.FINDING_CONFIRMED, known, rule, at=now))
    return known


def _event(kind: EventKind, submission: Submission, rule: str, *, at: dt.datetime) -> LogEvent:
    """Say in the log what became of a finding (SPEC P-100); the reason stays in the audit trail."""
    return LogEvent(
        at=at,
        kind=kind,
        id=f"finding/{submission.id}",
        node=submission.node_id,
        area=submission.area,
        dataset=submission.dataset,
        period=submission.period,
        revision=submission.revision,
        code=rule.lower(),
    )
