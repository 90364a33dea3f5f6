"""The addresses of the public pages: parse the query, ask one use case, render."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, redirect, request
from werkzeug.wrappers import Response as Redirect

from hub.domain.rights import Permission, needs
from hub.services.context import EXTENSION as CONTEXT
from hub.services.context import HubContext
from hub.services.extracts import find_extract
from hub.services.statistics import EXTENSION, Statistics
from hub.web import file_views
from hub.web.answers import html_answer, strict_headers
from hub.web.page_query import PageQuery, identifier, parse_page_query, refused_parameter
from hub.web.pages.area import area_page
from hub.web.pages.choosing import fitting_query, search_page
from hub.web.pages.data import data_page
from hub.web.pages.deliveries import deliveries_page
from hub.web.pages.evidence import evidence_page
from hub.web.pages.indicator import indicator_page
from hub.web.pages.overview import overview_page
from hub.web.pages.problem import accessibility_page, problem_page
from hub.web.rendering import ASSETS, compile_templates
from protocol.errors import KimError

blueprint = Blueprint("web", __name__, static_folder="static", static_url_path=ASSETS)
file_views.install(blueprint)
blueprint.record_once(lambda _state: compile_templates())


def _statistics() -> Statistics:
    statistics: Statistics = current_app.extensions[EXTENSION]
    return statistics


def _query() -> PageQuery:
    return parse_page_query(request.args, request.path)


@blueprint.get("/")
@needs(Permission.PUBLIC)
def overview() -> Response | Redirect:
    """The programme at a glance."""
    if request.args.get("indicator"):
        # Addresses of the one page that came before this one.
        return _to_indicator()
    return html_answer("overview.html", overview_page(_statistics(), _query()))


@blueprint.get("/suche")
@needs(Permission.PUBLIC)
def search() -> Response | Redirect:
    """Figures and areas by name; a single hit is shown at once."""
    found = search_page(_statistics(), _query(), request.args.get("q", ""))
    if found.only is not None:
        return redirect(found.only, 303)
    return html_answer("search.html", found)


@blueprint.get("/indikator")
@needs(Permission.PUBLIC)
def choose_indicator() -> Redirect:
    """The form's answer: to the page of the chosen figure, with what it cannot show left out."""
    return _to_indicator()


@blueprint.get("/indikator/<subject>")
@needs(Permission.PUBLIC)
def indicator(subject: str) -> Response:
    """One indicator from all sides."""
    return html_answer("indicator.html", indicator_page(_statistics(), subject, _query()))


@blueprint.get("/nachweis/<subject>")
@needs(Permission.PUBLIC)
def evidence(subject: str) -> Response:
    """From a figure to the signed statements behind it."""
    context: HubContext = current_app.extensions[CONTEXT]
    return html_answer("evidence.html", evidence_page(_statistics(), context, subject, _query()))


@blueprint.get("/gebiet")
@needs(Permission.PUBLIC)
def choose_area() -> Redirect:
    """The form's answer: to the page of the chosen area."""
    query = _query()
    if query.area is None:
        raise refused_parameter("area")
    return redirect(query.to(f"/gebiet/{query.area}", period=query.period).url(), 303)


@blueprint.get("/gebiet/<region>")
@needs(Permission.PUBLIC)
def area(region: str) -> Response:
    """Everything about one area or region."""
    return html_answer("area.html", area_page(_statistics(), region, _query()))


@blueprint.get("/lieferungen")
@needs(Permission.PUBLIC)
def deliveries() -> Response:
    """The state of deliveries."""
    return html_answer("deliveries.html", deliveries_page(_statistics(), _query()))


@blueprint.get("/daten")
@needs(Permission.PUBLIC)
def data() -> Response:
    """Downloads, formats, licence, citation."""
    context: HubContext = current_app.extensions[CONTEXT]
    page = data_page(_statistics(), _query(), lambda number: find_extract(context.settings.home, number))
    return html_answer("data.html", page)


@blueprint.get("/barrierefreiheit")
@needs(Permission.PUBLIC)
def accessibility() -> Response:
    """The accessibility statement."""
    return html_answer("statement.html", accessibility_page(_statistics(), _query()))


def _to_indicator() -> Redirect:
    try:
        subject = identifier(request.args.get("indicator", ""))
    except ValueError:
        raise refused_parameter("indicator") from None
    query = parse_page_query(request.args, f"/indikator/{subject}")
    return redirect(fitting_query(_statistics(), subject, query).url(), 303)


@blueprint.errorhandler(KimError)
def refused(error: KimError) -> Response | Redirect:
    """Answer a refusal with a page for people."""
    return render_problem(error)


def render_problem(error: KimError) -> Response | Redirect:
    """Return a refusal as an HTML page; also for addresses that no blueprint knows.

    What came of a form stands at the form's address. Whoever opens that again is led to the page that has it.
    """
    form_page = _page_of_form() if error.code == "method_not_allowed" else None
    if form_page is not None:
        return redirect(form_page, 303)
    try:
        language = parse_page_query({"lang": request.args.get("lang", "")}).language
    except KimError:
        language = "de"
    page = problem_page(_statistics(), error, PageQuery(language=language))
    return html_answer("problem.html", page, status=error.problem.status)


def _page_of_form() -> str | None:
    if request.method not in {"GET", "HEAD"}:
        return None
    pages = current_app.create_url_adapter(request)
    above = request.path
    while pages is not None and (above := above.rpartition("/")[0]):
        if pages.test(above, "GET"):
            return f"{above}?lang=en" if request.args.get("lang") == "en" else above
    return None


@blueprint.after_request
def secure(response: Response) -> Response:
    """Set the security headers on every answer of the pages and their assets."""
    strict_headers(response)
    if request.endpoint == "web.static" and "v" in request.args:
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response
