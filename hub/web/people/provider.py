"""The login at the ministry's provider: there, and back.

The way back comes from another site, so the browser does not send its `SameSite=Strict` cookies: the flow has
a `Lax` cookie of its own, for ten minutes, and the answer is a page that leads on, because a redirect would
still count as coming from there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from flask import Blueprint, Response, current_app, redirect, request
from flask.sansio.blueprints import BlueprintSetupState
from werkzeug.wrappers import Response as Redirect

from hub.domain.people import Stage
from hub.domain.rights import Permission, needs
from hub.doors import DOOR_LIMIT, limiter
from hub.services.people import EXTENSION
from hub.services.people.provider import FLOW_SECONDS, Flow, Provider
from hub.web.answers import html_answer, strict_headers
from hub.web.frame import Frame
from hub.web.people.contexts import page_query, plain_frame
from hub.web.people.gate import desk
from hub.web.people.session import browser, cookie_name, set_cookie
from hub.web.texts import people as texts

blueprint = Blueprint("provider", __name__)
blueprint.after_request(strict_headers)

_EXTENSION: Final = "kim.provider"


@dataclass(frozen=True, slots=True)
class MovedPage:
    """Context of `moved.html`: a title, and where it goes on."""

    frame: Frame
    title: str
    onward: str


@blueprint.record
def _prepare(state: BlueprintSetupState) -> None:
    state.app.extensions[_EXTENSION] = Provider(state.app.extensions[EXTENSION])


@blueprint.get("/anmelden/ministerium")
@needs(Permission.SIGN_IN)
@limiter.limit(DOOR_LIMIT)
def go() -> Redirect:
    """Go to the provider."""
    return _gone("")


@blueprint.get("/einladung/<token>/ministerium")
@needs(Permission.SIGN_IN)
@limiter.limit(DOOR_LIMIT)
def bind(token: str) -> Redirect:
    """Go to the provider, to bind an account with a one-time link."""
    return _gone(token)


@blueprint.get("/anmelden/zurueck")
@needs(Permission.SIGN_IN)
@limiter.limit(DOOR_LIMIT)
def back() -> Response:
    """Come back from the provider."""
    sealed = request.cookies.get(cookie_name(desk(), "flow"), "")
    flow = Flow.opened(desk().vault, sealed, now=int(desk().wall.now().timestamp()))
    session = browser()
    admission = _provider().finish(flow, request.args, old=session.token, device=session.device)
    session.replace(admission.token, admission.device)
    path = "/arbeit"
    if admission.stage is Stage.PASSWORD:
        path = "/anmelden/code" if admission.person.has_second_factor else "/anmelden/faktor"
    onward = page_query(path).url()
    title = texts.MOVED_TITLE.in_(page_query().language)
    response = html_answer("moved.html", MovedPage(plain_frame(title), title, onward), forms=True)
    response.headers["Refresh"] = f"0; url={onward}"
    response.delete_cookie(cookie_name(desk(), "flow"), path="/", secure=desk().is_https, httponly=True)
    return response


def _gone(ticket: str) -> Redirect:
    address, flow = _provider().begin(ticket=ticket)
    response = redirect(address, 303)
    sealed = flow.sealed(desk().vault)
    set_cookie(response, desk(), "flow", sealed, seconds=FLOW_SECONDS, same_site="Lax")
    return response


def _provider() -> Provider:
    provider: Provider = current_app.extensions[_EXTENSION]
    return provider
