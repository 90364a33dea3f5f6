"""What is to be done, with the way there."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response

from hub.domain.rights import Permission, needs
from hub.services.operation.delivery_status import delivery_status
from hub.web.answers import html_answer, strict_headers
from hub.web.frame import Frame, Link
from hub.web.people.contexts import WorkFrame, page_query, work_frame
from hub.web.people.gate import visitor
from hub.web.people.work.naming import area_name, hub_context
from hub.web.texts import people as texts

blueprint = Blueprint("work", __name__, url_prefix="/arbeit")
blueprint.after_request(strict_headers)


@dataclass(frozen=True, slots=True)
class WorkPage:
    """Context of `work.html`: what is to be done, with the way there, and the areas the account sees."""

    frame: Frame
    work: WorkFrame
    tasks: tuple[Link, ...]
    areas: tuple[Link, ...]


@blueprint.get("")
@needs(Permission.WORK)
def work_page() -> Response:
    """What is to be done."""
    query, who = page_query(), visitor()
    language = query.language
    tasks: list[Link] = []
    if who.may(Permission.DELIVERIES_READ):
        status = delivery_status(hub_context())
        still_open = sum(
            not place.closed and (place.accepted > 0 or bool(place.held)) for place in status.places
        )
        counted = (
            (texts.WORK_CONFIRM_COUNT, len(status.confirm), "/arbeit/befunde"),
            (
                texts.WORK_ONE_OPEN_PERIOD if still_open == 1 else texts.WORK_OPEN_PERIODS,
                still_open,
                "/arbeit/zeitraeume",
            ),
        )
        tasks = [
            Link(text.in_(language).format(number), query.to(path).url()) for text, number, path in counted
        ]
    own = who.person.areas if who.person else ()
    areas = tuple(Link(area_name(area), query.to(f"/arbeit/gebiete/{area}").url()) for area in own)
    frame, work = work_frame(texts.WORK)
    return html_answer("work.html", WorkPage(frame, work, tuple(tasks), areas), forms=True)
