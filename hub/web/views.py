"""The page's address: parse the query, ask one use case, render.

Every answer forbids scripts, frames and foreign resources; style and images come from this host only.
"""

from __future__ import annotations

import hashlib
from typing import Final

from flask import Blueprint, Response, current_app, request

from hub.services.statistics import EXTENSION, Statistics
from hub.web.page_query import PageQuery, parse_page_query
from hub.web.pages import problem_page, start_page
from hub.web.rendering import ASSETS, compile_templates, render
from protocol.errors import KimError, kim_error

blueprint = Blueprint("web", __name__, static_folder="static", static_url_path=ASSETS)
blueprint.record_once(lambda _state: compile_templates())

_SECURITY_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def _statistics() -> Statistics:
    statistics: Statistics = current_app.extensions[EXTENSION]
    return statistics


@blueprint.get("/")
def start() -> Response:
    """The page: state of deliveries, and every indicator from all sides."""
    page = start_page(_statistics(), parse_page_query(request.args))
    response = _html(render("start.html", page), page.query)
    response.set_etag(hashlib.sha256(response.get_data()).hexdigest()[:32])
    response.make_conditional(request)
    return response


@blueprint.errorhandler(KimError)
def refused(error: KimError) -> Response:
    """Answer a refusal with a page for people."""
    return render_problem(error)


def render_problem(error: KimError) -> Response:
    """Return a refusal as an HTML page; also for addresses that no blueprint knows."""
    try:
        language = parse_page_query({"lang": request.args.get("lang", "")}).language
    except KimError:
        language = "de"
    query = PageQuery(language=language)
    response = _html(render("problem.html", problem_page(error, query, demo=_statistics().demo)), query)
    response.status_code = error.problem.status
    return response


def page_not_found() -> Response:
    """Return the page for an address that does not exist."""
    return render_problem(kim_error("not_found"))


@blueprint.after_request
def secure(response: Response) -> Response:
    """Set the security headers on every answer of the page and its assets."""
    for name, value in _SECURITY_HEADERS.items():
        response.headers[name] = value
    if request.endpoint == "web.static" and "v" in request.args:
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


def _html(body: str, query: PageQuery) -> Response:
    response = Response(body, mimetype="text/html")
    response.headers["Content-Language"] = query.language
    # Deliveries change between releases: caches may keep the page but must ask whether it still holds.
    response.headers["Cache-Control"] = "no-cache"
    return response
