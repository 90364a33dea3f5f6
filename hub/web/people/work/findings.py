"""What does not fit in deliveries, and who says why it is right all the same."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response, request

from hub.domain.rights import Permission, needs
from hub.services.context import HubContext
from hub.services.operation.delivery_status import delivery_status
from hub.services.review.confirming import confirm
from hub.services.review.finding_words import finding_text, named_cells
from hub.services.statistics.finding_places import finding_places
from hub.store.records import OpenFinding, Voice
from hub.web.answers import html_answer, strict_headers
from hub.web.frame import Frame
from hub.web.page_query import PageQuery
from hub.web.people.contexts import Told, WorkFrame, page_query, told_done, told_refusal, work_frame
from hub.web.people.gate import visitor
from hub.web.people.work.finding_places import PlaceList, place_list
from hub.web.people.work.naming import area_name, flow_name, hub_context, period_text, statistics
from hub.web.texts import people as texts
from protocol.catalogue import AUDIT_RULE
from protocol.errors import KimError
from protocol.texts import Language

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
        rule: id of the rule, in words.
        says: what the rule expects.
        cells: how many cells.
        places: where they are.
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
    places: PlaceList
    key: str
    action: str


@dataclass(frozen=True, slots=True)
class HeldLine:
    """A delivery that the hub's audit holds back.

    Attributes:
        area: name of the area.
        area_url: its deliveries.
        flow: name of the dataflow.
        period: in words.
        rule: id of the audit's rule, in words.
        concerns: how many cells of the area, and the indicators of those in this delivery.
        key: unique on the page.
        first: who has confirmed already and why, or that nobody has; empty where one person is enough.
        action: where the form goes; empty for those who may not, and for who has confirmed.
        button: what its button says.
    """

    area: str
    area_url: str
    flow: str
    period: str
    rule: str
    concerns: str
    key: str
    first: str
    action: str
    button: str


@dataclass(frozen=True, slots=True)
class FindingsPage:
    """Context of `findings.html`: what is to be confirmed.

    Attributes:
        frame: what stands around the page.
        work: its title and what came of a form.
        reads_only: the reader may confirm nothing.
        held: what the audit holds back.
        findings: what does not fit.
    """

    frame: Frame
    work: WorkFrame
    reads_only: bool
    held: tuple[HeldLine, ...]
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
    place = f"{area_name(known.area)}: {flow_name(known.dataset)}, {period_text(known.period)}"
    if rule != AUDIT_RULE:
        return _findings(told_done(texts.FINDING_CONFIRMED, place))
    return _findings(told_done(texts.HELD_WAITS if done.waits else texts.HELD_CONFIRMED, place))


def _findings(told: Told | None, *, status: int = 200) -> Response:
    context, query = hub_context(), page_query("/arbeit/befunde")
    found = delivery_status(context).confirm
    fitting = [item for item in found if item.rule != AUDIT_RULE]
    with statistics().reading() as reading:
        places = finding_places(reading, fitting)
    lines = tuple(
        _line(context, query, item, place_list(where, cells=item.cells, area=item.area, query=query))
        for item, where in zip(fitting, places, strict=True)
    )
    held = tuple(_held(context, query, item) for item in found if item.rule == AUDIT_RULE)
    frame, work = work_frame(texts.WORK_FINDINGS, told)
    page = FindingsPage(frame, work, not visitor().may(Permission.FINDINGS_CONFIRM), held, lines)
    return html_answer("findings.html", page, status=status, forms=True)


def _line(context: HubContext, query: PageQuery, item: OpenFinding, places: PlaceList) -> FindingLine:
    language = query.language
    cells = texts.FINDING_ONE_CELL if item.cells == 1 else texts.FINDING_CELLS
    return FindingLine(
        area=area_name(item.area),
        area_url=query.to(f"/arbeit/gebiete/{item.area}").url(),
        flow=flow_name(item.dataset),
        period=period_text(item.period),
        rule=texts.FINDING_RULE.in_(language).format(item.rule),
        says=finding_text(context.catalogue, item.rule).in_(language),
        cells=cells.in_(language).format(item.cells),
        places=places,
        key=_key(item),
        action=_action(query, item),
    )


def _held(context: HubContext, query: PageQuery, item: OpenFinding) -> HeldLine:
    language, who = query.language, visitor()
    cells = (texts.HELD_ONE_CELL if item.cells == 1 else texts.HELD_CELLS).in_(language).format(item.cells)
    named = named_cells(context.catalogue, item.dataset, item.period, rule=item.rule, rows=item.rows)
    indicators = ", ".join(cell.text.in_(language) for cell in named)
    if who.bench:
        first, button = "", texts.HELD_CONFIRM
    elif item.first is None:
        first, button = texts.HELD_NOBODY.in_(language), texts.HELD_CONFIRM_FIRST
    else:
        first, button = _voice(context, item.first, language), texts.HELD_CONFIRM_SECOND
    is_first = item.first is not None and item.first.login == who.actor
    return HeldLine(
        area=area_name(item.area),
        area_url=query.to(f"/arbeit/gebiete/{item.area}").url(),
        flow=flow_name(item.dataset),
        period=period_text(item.period),
        rule=texts.FINDING_RULE.in_(language).format(item.rule),
        concerns=texts.HELD_CONCERNS.in_(language).format(cells, indicators) if indicators else f"{cells}.",
        key=_key(item),
        first=first,
        action="" if is_first else _action(query, item),
        button=button.in_(language),
    )


def _voice(context: HubContext, voice: Voice, language: Language) -> str:
    if voice.login == visitor().actor:
        return texts.HELD_FIRST_IS_YOU.in_(language).format(voice.reason)
    with context.database.read() as unit:
        person = unit.people.by_login(voice.login)
    name = voice.login if person is None else f"{person.name} ({voice.login})"
    return texts.HELD_FIRST.in_(language).format(name, voice.reason)


def _key(item: OpenFinding) -> str:
    return f"befund-{item.submission[:16]}-{item.rule}"


def _action(query: PageQuery, item: OpenFinding) -> str:
    may = visitor().may(Permission.FINDINGS_CONFIRM)
    return query.to(f"/arbeit/befunde/{item.submission}/{item.rule}").url() if may else ""
