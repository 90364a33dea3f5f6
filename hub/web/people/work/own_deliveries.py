"""What came from an area, for those who deliver for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from flask import Blueprint, Response

from hub.domain.rights import Permission, needs
from hub.domain.states import AuditVerdict, SubmissionState
from hub.services.review.finding_words import finding_text, named_cells
from hub.store.records import Finding, Submission
from hub.web.answers import html_answer, strict_headers
from hub.web.frame import Frame
from hub.web.numbers import moment_of
from hub.web.people.contexts import WorkFrame, page_query, work_frame
from hub.web.people.gate import visitor
from hub.web.people.work.naming import area_name, flow_name, hub_context, period_text
from hub.web.texts import people as texts
from protocol.catalogue import AUDIT_RULE
from protocol.errors import kim_error
from protocol.periods import Period
from protocol.problems import PROBLEMS
from protocol.regions import AUTHORITY_AREAS, areas_by_id
from protocol.texts import Text

blueprint = Blueprint("own_deliveries", __name__, url_prefix="/arbeit")
blueprint.after_request(strict_headers)

#: Deliveries of an area that a page shows: eight years of everything.
_MOST: Final = 200
#: Cells of a finding that a remark names.
_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """The newest delivery of a dataflow and period.

    Attributes:
        flow: name of the dataflow.
        period: in words.
        revision: its number.
        state: in words.
        since: when it came into that state.
        remarks: why it was rejected, what is to be confirmed.
        id: the statement's id.
    """

    flow: str
    period: str
    revision: int
    state: str
    since: str
    remarks: tuple[str, ...]
    id: str


@dataclass(frozen=True, slots=True)
class OwnPage:
    """Context of `own_deliveries.html`: what one area has delivered."""

    frame: Frame
    work: WorkFrame
    deliveries: tuple[DeliveryLine, ...]


@blueprint.get("/gebiete/<region>")
@needs(Permission.DELIVERIES_OWN)
def own_page(region: str) -> Response:
    """What an area has delivered; a foreign area is answered like one that does not exist."""
    if not visitor().sees(region) or region not in {*areas_by_id(), *AUTHORITY_AREAS}:
        raise kim_error("not_found")
    with hub_context().database.read() as unit:
        newest: dict[tuple[str, str], Submission] = {}
        for submission in unit.submissions.of_area(region):
            newest.setdefault((submission.dataset, submission.period), submission)
        order = sorted(newest.values(), key=lambda one: (Period.parse(one.period), one.dataset), reverse=True)
        shown = [(one, unit.findings.of(one.id, unconfirmed=True)) for one in order[:_MOST]]
    title = texts.OWN_TITLE.in_(page_query().language).format(area_name(region))
    frame, work = work_frame(title)
    lines = tuple(_delivery(one, findings) for one, findings in shown)
    return html_answer("own_deliveries.html", OwnPage(frame, work, lines), forms=True)


def _delivery(one: Submission, findings: Sequence[Finding]) -> DeliveryLine:
    language = page_query().language
    state = texts.SUBMISSION_STATES[one.state].in_(language)
    held = one.state is SubmissionState.ACCEPTED and one.audit is AuditVerdict.OPEN
    problem = PROBLEMS.get(one.problem_code or "")
    remarks: list[Text] = [problem.title] if problem else []
    remarks += [_remark(one, finding) for finding in findings]
    return DeliveryLine(
        flow=flow_name(one.dataset),
        period=period_text(one.period),
        revision=one.revision,
        state=texts.OWN_HELD.in_(language).format(state) if held else state,
        since=moment_of(one.state_since, language),
        remarks=tuple(remark.in_(language) for remark in remarks),
        id=one.id,
    )


def _remark(one: Submission, finding: Finding) -> Text:
    """Say what a finding is about, and where it is."""
    catalogue = hub_context().catalogue
    says = finding_text(catalogue, finding.rule)
    cells = named_cells(catalogue, one.dataset, one.period, rule=finding.rule, rows=finding.rows)
    named, more = [cell.text for cell in cells[:_NAMED]], finding.cells - min(len(cells), _NAMED)
    if more > 0 and finding.rule != AUDIT_RULE:
        named.append(Text(texts.OWN_MORE.de.format(more), texts.OWN_MORE.en.format(more)))
    if not named:
        return says
    return Text(
        f"{says.de}: {'; '.join(text.de for text in named)}",
        f"{says.en}: {'; '.join(text.en for text in named)}",
    )
