"""What does not fit in deliveries, and who says why it is right all the same."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response, request

from hub.domain.rights import Permission, needs
from hub.services.context import HubContext
from hub.services.operation.delivery_status import delivery_status
from hub.services.review.confirming import confirm
from hub.services.review.finding_words import finding_text
from hub.store.records import OpenFinding
from hub.web.answers import html_answer, strict_headers
from hub.web.frame import Frame
from hub.web.page_query import PageQuery
from hub.web.people.contexts import Told, WorkFrame, page_query, told_done, told_refusal, work_frame
from hub.web.people.gate import visitor
from hub.web.people.work.naming import area_name, flow_name, hub_context, period_text
from hub.web.texts import people as texts
from protocol.errors import KimError

#: Refusals that the page shows above its forms.
_BESIDE_FORM = frozenset({"bad_request", "second_person_required"})

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
        first: who has confirmed already and why, where that takes two people; empty if nobody has.
        action: where the form goes; empty for those who may not, and for who has confirmed.
    """

    area: str
    area_url: str
    flow: str
    period: str
    rule: str
    says: str
    cells: str
    key: str
    first: str
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
        done = confirm(hub_context(), submission, rule, reason=reason, actor=visitor().actor)
    except KimError as error:
        if error.code not in _BESIDE_FORM:
            raise
        return _findings(told_refusal(error), status=error.problem.status)
    known = done.submission
    place = f"{rule}, {flow_name(known.dataset)} {known.period}, {area_name(known.area)}"
    return _findings(told_done(texts.FINDING_WAITS if done.waits else texts.FINDING_CONFIRMED, place))


def _findings(told: Told | None, *, status: int = 200) -> Response:
    context, query = hub_context(), page_query("/arbeit/befunde")
    found = delivery_status(context).confirm
    lines = tuple(
        _line(context, query, item, key=f"befund-{number}") for number, item in enumerate(found, start=1)
    )
    frame, work = work_frame(texts.WORK_FINDINGS, told)
    return html_answer("findings.html", FindingsPage(frame, work, lines), status=status, forms=True)


def _line(context: HubContext, query: PageQuery, item: OpenFinding, *, key: str) -> FindingLine:
    language, who = query.language, visitor()
    may = who.may(Permission.FINDINGS_CONFIRM) and (item.first is None or item.first.login != who.actor)
    cells = texts.FINDING_ONE_CELL if item.cells == 1 else texts.FINDING_CELLS
    first = (
        ""
        if item.first is None
        else texts.FINDING_FIRST.in_(language).format(item.first.login, item.first.reason)
    )
    return FindingLine(
        area=area_name(item.area),
        area_url=query.to(f"/arbeit/gebiete/{item.area}").url(),
        flow=flow_name(item.dataset),
        period=period_text(item.period),
        rule=item.rule,
        says=finding_text(context.catalogue, item.rule).in_(language),
        cells=cells.in_(language).format(item.cells),
        key=key,
        first=first,
        action=query.to(f"/arbeit/befunde/{item.submission}/{item.rule}").url() if may else "",
    )
