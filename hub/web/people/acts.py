"""The work on deliveries: what is to be confirmed, which periods are open, what came from an area, nodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from flask import Blueprint, Response, current_app, request

from hub.domain.rights import Permission, needs
from hub.domain.states import NodeStatus
from hub.services.context import EXTENSION, HubContext
from hub.services.delivery_status import PlaceStatus, delivery_status
from hub.services.enrolment.suspending import suspend
from hub.services.finding_words import finding_text
from hub.services.publishing import close
from hub.services.validation import confirm
from hub.store.records import Submission
from hub.web.answers import html_answer, strict_headers
from hub.web.frame import Frame, Link
from hub.web.numbers import moment_of, period_name
from hub.web.people.contexts import Told, WorkFrame, page_query, told_done, told_refusal, work_frame
from hub.web.people.gate import visitor
from hub.web.texts import people as texts
from protocol.errors import KimError, kim_error
from protocol.periods import Period
from protocol.problems import PROBLEMS
from protocol.regions import AUTHORITY_AREAS, areas_by_id
from protocol.statement import is_reason
from protocol.texts import Text

blueprint = Blueprint("acts", __name__, url_prefix="/arbeit")
blueprint.after_request(strict_headers)

#: Deliveries of an area that a page shows: eight years of everything.
_MOST: Final = 200


@dataclass(frozen=True, slots=True)
class WorkPage:
    """Context of `work.html`: what is to be done, with the way there, and the areas the account sees."""

    frame: Frame
    work: WorkFrame
    tasks: tuple[Link, ...]
    areas: tuple[Link, ...]


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


@dataclass(frozen=True, slots=True)
class PlaceLine:
    """One dataflow and period.

    Attributes:
        period: in words.
        flow: name of the dataflow.
        accepted: areas whose delivery counts.
        missing: areas of which nothing counts.
        waiting: deliveries in the hub's hands, or on the way.
        state: open or closed, in words.
        url: page that asks before it is closed; empty if it is closed or the reader may not.
    """

    period: str
    flow: str
    accepted: int
    missing: int
    waiting: int
    state: str
    url: str


@dataclass(frozen=True, slots=True)
class PeriodsPage:
    """Context of `periods.html`: all dataflows and periods with deliveries, the newest first."""

    frame: Frame
    work: WorkFrame
    places: tuple[PlaceLine, ...]


@dataclass(frozen=True, slots=True)
class ClosePage:
    """Context of `close.html`: what is missing, where the form goes, the way back."""

    frame: Frame
    work: WorkFrame
    missing: str
    action: str
    back: str


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


@dataclass(frozen=True, slots=True)
class NodeLine:
    """A node.

    Attributes:
        id: its id.
        name: of the municipality.
        areas: names of what it delivers for.
        state: in words.
        since: when it was registered.
        act: what the form does, in words.
        action: where the form goes; empty for those who may not.
    """

    id: str
    name: str
    areas: str
    state: str
    since: str
    act: str
    action: str


@dataclass(frozen=True, slots=True)
class NodesPage:
    """Context of `nodes.html`: the directory."""

    frame: Frame
    work: WorkFrame
    nodes: tuple[NodeLine, ...]


def _context() -> HubContext:
    context: HubContext = current_app.extensions[EXTENSION]
    return context


@blueprint.get("")
@needs(Permission.WORK)
def work_page() -> Response:
    """What is to be done."""
    query, who = page_query(), visitor()
    language = query.language
    tasks: list[Link] = []
    if who.may(Permission.DELIVERIES_READ):
        status = delivery_status(_context())
        still_open = sum(not place.closed and place.accepted > 0 for place in status.places)
        counted = (
            (texts.WORK_CONFIRM_COUNT, len(status.confirm), "/arbeit/befunde"),
            (texts.WORK_OPEN_PERIODS, still_open, "/arbeit/zeitraeume"),
        )
        tasks = [
            Link(text.in_(language).format(number), query.to(path).url()) for text, number, path in counted
        ]
    own = who.person.areas if who.person else ()
    areas = tuple(Link(_area_name(area), query.to(f"/arbeit/gebiete/{area}").url()) for area in own)
    frame, work = work_frame(texts.WORK)
    return html_answer("work.html", WorkPage(frame, work, tuple(tasks), areas), forms=True)


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
        known = confirm(_context(), submission, rule, reason=reason, actor=visitor().actor)
    except KimError as error:
        if error.code != "bad_request":
            raise
        return _findings(told_refusal(error), status=error.problem.status)
    place = f"{rule}, {_flow(known.dataset)} {known.period}, {_area_name(known.area)}"
    return _findings(told_done(texts.FINDING_CONFIRMED, place))


def _findings(told: Told | None, *, status: int = 200) -> Response:
    context, query = _context(), page_query("/arbeit/befunde")
    may = visitor().may(Permission.FINDINGS_CONFIRM)
    lines = [
        FindingLine(
            area=_area_name(item.area),
            area_url=query.to(f"/arbeit/gebiete/{item.area}").url(),
            flow=_flow(item.dataset),
            period=_period(item.period),
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


@blueprint.get("/zeitraeume")
@needs(Permission.DELIVERIES_READ)
def periods_page() -> Response:
    """Which periods are open."""
    return _periods(None)


def _periods(told: Told | None) -> Response:
    query, may = page_query("/arbeit/zeitraeume"), visitor().may(Permission.PERIODS_CLOSE)
    lines = [
        PlaceLine(
            period=_period(place.period),
            flow=_flow(place.dataset),
            accepted=place.accepted,
            missing=len(place.missing),
            waiting=place.undecided + place.open,
            state=(texts.PERIOD_IS_CLOSED if place.closed else texts.PERIOD_IS_OPEN).in_(query.language),
            url=query.to(f"/arbeit/zeitraeume/{place.dataset}/{place.period}").url()
            if may and not place.closed
            else "",
        )
        for place in reversed(delivery_status(_context()).places)
    ]
    frame, work = work_frame(texts.WORK_PERIODS, told)
    return html_answer("periods.html", PeriodsPage(frame, work, tuple(lines)), forms=True)


@blueprint.get("/zeitraeume/<dataset>/<period>")
@needs(Permission.PERIODS_CLOSE)
def close_page(dataset: str, period: str) -> Response:
    """Ask before a period is closed."""
    return _ask(_open_place(dataset, period), None)


@blueprint.post("/zeitraeume/<dataset>/<period>")
@needs(Permission.PERIODS_CLOSE)
def post_close(dataset: str, period: str) -> Response:
    """Close a period of one dataflow."""
    place = _open_place(dataset, period)
    try:
        if request.form.get("sure") != "yes":
            raise kim_error("bad_request", texts.CLOSE_NOT_SURE, remedy=texts.CLOSE_NOT_SURE)
        close(_context(), [Period.parse(period)], datasets=[dataset], actor=visitor().actor)
    except KimError as error:
        return _ask(place, told_refusal(error), status=error.problem.status)
    return _periods(told_done(texts.CLOSE_DONE, _flow(dataset), _period(period)))


def _open_place(dataset: str, period: str) -> PlaceStatus:
    """Return an open place, or raise `not_found`."""
    try:
        found = delivery_status(_context(), [Period.parse(period)]).places
    except KimError:
        raise kim_error("not_found") from None
    for place in found:
        if (place.dataset, place.period, place.closed) == (dataset, period, False):
            return place
    raise kim_error("not_found")


def _ask(place: PlaceStatus, told: Told | None, *, status: int = 200) -> Response:
    query = page_query()
    names = ", ".join(_area_name(area) for area in place.missing)
    missing = (texts.CLOSE_MISSING if names else texts.CLOSE_COMPLETE).in_(query.language).format(names)
    title = texts.CLOSE_TITLE.in_(query.language).format(_flow(place.dataset), _period(place.period))
    frame, work = work_frame(title, told)
    page = ClosePage(frame, work, missing, query.url(), query.to("/arbeit/zeitraeume").url())
    return html_answer("close.html", page, status=status, forms=True)


@blueprint.get("/gebiete/<region>")
@needs(Permission.DELIVERIES_OWN)
def own_page(region: str) -> Response:
    """What an area has delivered; a foreign area is answered like one that does not exist."""
    if not visitor().sees(region) or region not in {*areas_by_id(), *AUTHORITY_AREAS}:
        raise kim_error("not_found")
    with _context().database.read() as unit:
        newest: dict[tuple[str, str], Submission] = {}
        for submission in unit.submissions.of_area(region):
            newest.setdefault((submission.dataset, submission.period), submission)
        order = sorted(newest.values(), key=lambda one: (Period.parse(one.period), one.dataset), reverse=True)
        shown = [
            (one, [finding.rule for finding in unit.submissions.findings(one.id, unconfirmed=True)])
            for one in order[:_MOST]
        ]
    title = texts.OWN_TITLE.in_(page_query().language).format(_area_name(region))
    frame, work = work_frame(title)
    lines = tuple(_delivery(one, rules) for one, rules in shown)
    return html_answer("own_deliveries.html", OwnPage(frame, work, lines), forms=True)


def _delivery(one: Submission, rules: Sequence[str]) -> DeliveryLine:
    language = page_query().language
    problem = PROBLEMS.get(one.problem_code or "")
    remarks: list[Text] = [problem.title] if problem else []
    remarks += [finding_text(_context().catalogue, rule) for rule in rules]
    return DeliveryLine(
        flow=_flow(one.dataset),
        period=_period(one.period),
        revision=one.revision,
        state=texts.SUBMISSION_STATES[one.state].in_(language),
        since=moment_of(one.state_since, language),
        remarks=tuple(remark.in_(language) for remark in remarks),
        id=one.id,
    )


@blueprint.get("/knoten")
@needs(Permission.NODES_READ)
def nodes_page() -> Response:
    """The directory of nodes."""
    return _nodes(None)


@blueprint.post("/knoten/<node>/<any(sperren, freigeben):act>")
@needs(Permission.NODES_SUSPEND)
def post_suspend(node: str, act: str) -> Response:
    """Stop a node at once, or let it deliver again."""
    reason, lift = request.form.get("reason", "").strip(), act == "freigeben"
    if not is_reason(reason):
        refused = kim_error("bad_request", texts.NODE_REASON_NEEDED, remedy=texts.NODE_REASON_NEEDED)
        return _nodes(told_refusal(refused), status=400)
    suspend(_context(), node, reason=reason, by=visitor().actor, lift=lift)
    return _nodes(told_done(texts.NODE_WAS_RESUMED if lift else texts.NODE_WAS_SUSPENDED, node))


def _nodes(told: Told | None, *, status: int = 200) -> Response:
    query, may = page_query("/arbeit/knoten"), visitor().may(Permission.NODES_SUSPEND)
    language = query.language
    with _context().database.read() as unit:
        nodes = unit.nodes.all()
    states = {NodeStatus.ACTIVE: texts.NODE_ACTIVE, NodeStatus.SUSPENDED: texts.NODE_SUSPENDED}
    acts = {
        NodeStatus.ACTIVE: (texts.NODE_SUSPEND, "sperren"),
        NodeStatus.SUSPENDED: (texts.NODE_RESUME, "freigeben"),
    }
    lines = [
        NodeLine(
            id=node.id,
            name=node.name,
            areas=", ".join(_area_name(area) for area in node.areas),
            state=states[node.status].in_(language),
            since=moment_of(node.registered_at, language),
            act=acts[node.status][0].in_(language),
            action=query.to(f"/arbeit/knoten/{node.id}/{acts[node.status][1]}").url() if may else "",
        )
        for node in nodes
    ]
    frame, work = work_frame(texts.WORK_NODES, told)
    return html_answer("nodes.html", NodesPage(frame, work, tuple(lines)), status=status, forms=True)


def _area_name(area: str) -> str:
    found = areas_by_id().get(area)
    return f"{found.name} ({area})" if found else area


def _flow(dataset: str) -> str:
    return _context().catalogue.dataset(dataset).name.in_(page_query().language)


def _period(period: str) -> str:
    return period_name(Period.parse(period)).in_(page_query().language)
