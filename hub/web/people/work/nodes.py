"""The directory of nodes, and who may deliver."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response, request

from hub.domain.rights import Permission, needs
from hub.domain.states import NodeStatus
from hub.services.trust.suspending import suspend
from hub.web.answers import html_answer, strict_headers
from hub.web.frame import Frame
from hub.web.numbers import moment_of
from hub.web.people.contexts import Told, WorkFrame, page_query, told_done, told_refusal, work_frame
from hub.web.people.gate import visitor
from hub.web.people.work.naming import area_name, hub_context
from hub.web.texts import people as texts
from protocol.errors import kim_error
from protocol.statement import is_reason

blueprint = Blueprint("nodes", __name__, url_prefix="/arbeit")
blueprint.after_request(strict_headers)


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
    suspend(hub_context(), node, reason=reason, by=visitor().actor, lift=lift)
    return _nodes(told_done(texts.NODE_WAS_RESUMED if lift else texts.NODE_WAS_SUSPENDED, node))


def _nodes(told: Told | None, *, status: int = 200) -> Response:
    query, may = page_query("/arbeit/knoten"), visitor().may(Permission.NODES_SUSPEND)
    language = query.language
    with hub_context().database.read() as unit:
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
            areas=", ".join(area_name(area) for area in node.areas),
            state=states[node.status].in_(language),
            since=moment_of(node.registered_at, language),
            act=acts[node.status][0].in_(language),
            action=query.to(f"/arbeit/knoten/{node.id}/{acts[node.status][1]}").url() if may else "",
        )
        for node in nodes
    ]
    frame, work = work_frame(texts.WORK_NODES, told)
    return html_answer("nodes.html", NodesPage(frame, work, tuple(lines)), status=status, forms=True)
