"""Which periods are open, and the question before one is closed."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response, request

from hub.domain.rights import Permission, needs
from hub.services.merging.publishing import close
from hub.services.operation.delivery_status import PlaceStatus, delivery_status
from hub.web.answers import html_answer, strict_headers
from hub.web.frame import Frame
from hub.web.people.contexts import Told, WorkFrame, page_query, told_done, told_refusal, work_frame
from hub.web.people.gate import visitor
from hub.web.people.work.naming import area_name, flow_name, hub_context, period_text
from hub.web.texts import people as texts
from protocol.errors import KimError, kim_error
from protocol.periods import Period
from protocol.texts import Language

blueprint = Blueprint("periods", __name__, url_prefix="/arbeit")
blueprint.after_request(strict_headers)


@dataclass(frozen=True, slots=True)
class PlaceLine:
    """One dataflow and period.

    Attributes:
        period: in words.
        flow: name of the dataflow.
        accepted: areas whose delivery counts.
        missing: areas of which nothing counts.
        waiting: deliveries in the hub's hands, or on the way.
        state: open or closed, and how many deliveries the audit holds back, in words.
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
    """Context of `close.html`: what is missing and what is held back, where the form goes, the way back."""

    frame: Frame
    work: WorkFrame
    missing: str
    held: str
    action: str
    back: str


@blueprint.get("/zeitraeume")
@needs(Permission.DELIVERIES_READ)
def periods_page() -> Response:
    """Which periods are open."""
    return _periods(None)


def _periods(told: Told | None) -> Response:
    query, may = page_query("/arbeit/zeitraeume"), visitor().may(Permission.PERIODS_CLOSE)
    lines = [
        PlaceLine(
            period=period_text(place.period),
            flow=flow_name(place.dataset),
            accepted=place.accepted,
            missing=len(place.missing),
            waiting=place.undecided + place.open,
            state=_state(place, query.language),
            url=query.to(f"/arbeit/zeitraeume/{place.dataset}/{place.period}").url()
            if may and not place.closed
            else "",
        )
        for place in reversed(delivery_status(hub_context()).places)
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
        close(hub_context(), [Period.parse(period)], datasets=[dataset], actor=visitor().actor)
    except KimError as error:
        return _ask(place, told_refusal(error), status=error.problem.status)
    return _periods(told_done(texts.CLOSE_DONE, flow_name(dataset), period_text(period)))


def _open_place(dataset: str, period: str) -> PlaceStatus:
    """Return an open place, or raise `not_found`."""
    try:
        found = delivery_status(hub_context(), [Period.parse(period)]).places
    except KimError:
        raise kim_error("not_found") from None
    for place in found:
        if (place.dataset, place.period, place.closed) == (dataset, period, False):
            return place
    raise kim_error("not_found")


def _ask(place: PlaceStatus, told: Told | None, *, status: int = 200) -> Response:
    query = page_query()
    names = ", ".join(area_name(area) for area in place.missing)
    missing = (texts.CLOSE_MISSING if names else texts.CLOSE_COMPLETE).in_(query.language).format(names)
    waiting = ", ".join(area_name(area) for area in place.held)
    held = texts.CLOSE_HELD.in_(query.language).format(waiting) if waiting else ""
    title = texts.CLOSE_TITLE.in_(query.language).format(flow_name(place.dataset), period_text(place.period))
    frame, work = work_frame(title, told)
    page = ClosePage(frame, work, missing, held, query.url(), query.to("/arbeit/zeitraeume").url())
    return html_answer("close.html", page, status=status, forms=True)


def _state(place: PlaceStatus, language: Language) -> str:
    state = (texts.PERIOD_IS_CLOSED if place.closed else texts.PERIOD_IS_OPEN).in_(language)
    return texts.PERIOD_HELD.in_(language).format(state, len(place.held)) if place.held else state
