"""Compare the figures of an area with each other, and let somebody confirm what does not fit.

Nothing is refused here: late registrations break identities, and what is unlikely may be right
(`aggregation.plausibility`). Looked at are delivered values of accepted submissions only, all of the area at
once, because a delivery can be contradicted by one that comes later. So an area is compared once it has
delivered nothing for a moment, not after every delivery. A confirmation holds for the cells it was given for:
where others do not fit later, it is asked for again.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from aggregation.plausibility import KnownValues, PlausibilityFinding, check_plausibility
from hub.domain.ids import SubmissionId, is_sha256
from hub.domain.states import SubmissionState
from hub.services.context import HubContext
from hub.services.verification import cells_of
from hub.store.records import Finding, Submission
from protocol.errors import kim_error
from protocol.grid import published_rows
from protocol.observations import STATE_NUMBER, CellState
from protocol.periods import Period
from protocol.statement import is_reason
from protocol.texts import Text

#: Cells named per rule and delivery: enough to see what it is about.
MAX_ROWS: Final = 20
_WITH_VALUE: Final = [STATE_NUMBER[state] for state in CellState if state.has_value]


def validate(context: HubContext, area: str) -> None:
    """Compare the deliveries of an area that count, unless that was done for all of them.

    Raises:
        OSError, KimError, SandboxDownError: the cells of a delivery cannot be read now; try again later.
    """
    with context.database.read() as unit:
        heads = unit.submissions.accepted_of(area)
    if all(head.validated_at is not None for head in heads):
        return
    findings = _findings(context, heads)
    with context.database.write() as unit:
        for head in heads:
            current = unit.submissions.get(head.id)
            if current is not None and current.state is SubmissionState.ACCEPTED:
                unit.submissions.set_findings(head.id, findings.get(head.id, ()), at=context.clock.now())


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


def confirm(context: HubContext, submission: str, rule: str, *, reason: str) -> Submission:
    """Write down that figures are right although they do not fit a rule.

    Args:
        context: the hub.
        submission: statement id.
        rule: id of the rule.
        reason: why they are right: one line of at most 500 characters.

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
            or not unit.submissions.confirm(known.id, rule, reason=reason, at=now)
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
        unit.audit("finding.confirmed", known.id, at=now, detail={"rule": rule, "reason": reason})
    return known
