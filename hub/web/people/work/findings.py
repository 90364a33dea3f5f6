"""What does not fit in deliveries, and who says why it is right all the same."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response, request

from hub.domain.rights import Permission, needs
from hub.services.delivery_status import delivery_status
from hub.services.finding_words import finding_text
from hub.services.validation import confirm
from hub.web.answers import html_answer, strict_headers
from hub.web.frame import Frame
from hub.web.people.contexts import Told, WorkFrame, page_query, told_done, told_refusal, work_frame
from hub.web.people.gate import visitor
from hub.web.people.work.naming import area_name, flow_name, hub_context, period_text
from hub.web.texts import people as texts
from protocol.errors import KimError

blueprint = Blueprint("findings", __name__, url_prefix="/arbeit")
blueprint.after_request(strict_headers)


@dataclass(frozen=True, slots=True)
class FindingLine:
    """What does not fit in one delivery.

    Attributes:
        area: name of the area.
        area_url: its deliveries.
        flow: name of the dataflow.
        period: in words.
        rule: id of the rule.
        says: what the rule expects.
        cells: how many cells.
        key: unique on the page.
        action: where the form goes; empty for those who may not.
    """

    area: str
    area_url: str
    flow: str
    period: str
    rule: str
    says: str
    cells: str
    key: str
    action: str


@dataclass(frozen=True, slots=True)
class FindingsPage:
    """Context of `findings.html`: what is to be confirmed."""

    frame: Frame
    work: WorkFrame
    findings: tuple[FindingLine, ...]


@blueprint.get("/befunde")
@needs(Permission.DELIVERIES_READ)
def findings_page() -> Response:
    """What is to be confirmed."""
    return _findings(None)


@blueprint.post("/befunde/<submission>/<rule>")
@needs(Permission.FINDINGS_CONFIRM)
def post_confirm(submission: str, rule: str) -> Response:
    """Confirm that figures are right although they do not fit a rule."""
    reason = request.form.get("reason", "").strip()
    try:
        known = confirm(hub_context(), submission, rule, reason=reason, actor=visitor().actor)
    except KimError as error:
        if error.code != "bad_request":
            raise
        return _findings(told_refusal(error), status=error.problem.status)
    place = f"{rule}, {flow_name(known.dataset)} {known.period}, {area_name(known.area)}"
    return _findings(told_done(texts.FINDING_CONFIRMED, place))


def _findings(told: Told | None, *, status: int = 200) -> Response:
    context, query = hub_context(), page_query("/arbeit/befunde")
    may = visitor().may(Permission.FINDINGS_CONFIRM)
    lines = [
        FindingLine(
            area=area_name(item.area),
            area_url=query.to(f"/arbeit/gebiete/{item.area}").url(),
            flow=flow_name(item.dataset),
            period=period_text(item.period),
            rule=item.rule,
            says=finding_text(context.catalogue, item.rule).in_(query.language),
            cells=(texts.FINDING_ONE_CELL if item.cells == 1 else texts.FINDING_CELLS)
            .in_(query.language)
            .format(item.cells),
            key=f"befund-{number}",
            action=query.to(f"/arbeit/befunde/{item.submission}/{item.rule}").url() if may else "",
        )
        for number, item in enumerate(delivery_status(context).confirm, start=1)
    ]
    frame, work = work_frame(texts.WORK_FINDINGS, told)
    return html_answer("findings.html", FindingsPage(frame, work, tuple(lines)), status=status, forms=True)
