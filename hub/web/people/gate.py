"""The one place that decides whether a request is answered, from the table of rights and the view's mark.

In this order:

1. an address that does not exist is answered as such;
2. a view that is open (public, login, node protocol) is reached by everybody;
3. any other is reached by who may: an account whose login is complete, or anybody on a test bench;
   a view without a mark by nobody, except on a test bench;
4. a request that changes something and is not a node's must carry the form's token, from our own page.

What belongs to an area is decided by the view, with `Visitor.sees`: foreign is answered like missing.
"""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Flask, current_app, g, redirect, request
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.wrappers import Response

from hub.domain.people import Stage, Visitor
from hub.domain.rights import OPEN, Permission, needed_by
from hub.doors import limiter
from hub.services.people import EXTENSION, PeopleDesk
from hub.services.people.sessions import visitor_of
from hub.web.people.session import Sessions, browser
from protocol.errors import KimError, kim_error

_CSRF = CSRFProtect()
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN = frozenset({"same-origin", "none"})


def install(app: Flask) -> None:
    """Put the gate in front of every view of `app`."""
    desk: PeopleDesk = app.extensions[EXTENSION]
    app.config.update(
        SECRET_KEY=desk.vault.form_key,
        WTF_CSRF_CHECK_DEFAULT=False,  # step 4 below; a node sends no form
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session
        RATELIMIT_HEADERS_ENABLED=False,
    )
    app.session_interface = Sessions()
    _CSRF.init_app(app)
    limiter.init_app(app)
    app.before_request(_check)


def desk() -> PeopleDesk:
    """Return where people log in."""
    found: PeopleDesk = current_app.extensions[EXTENSION]
    return found


def visitor() -> Visitor:
    """Return who sends the present request; asked once."""
    if "kim_visitor" not in g:
        g.kim_visitor = visitor_of(desk(), browser().token)
    found: Visitor = g.kim_visitor
    return found


def _check() -> Response | None:
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None or request.endpoint == "web.static":  # 1.
        return None
    needed = needed_by(view)
    if needed is None or needed not in OPEN:  # 2.
        refused = _refused(needed)  # 3.
        if refused is not None:
            return refused
    if request.method not in _SAFE and needed is not Permission.NODE:  # 4.
        if request.headers.get("Sec-Fetch-Site", "same-origin") not in _OWN:
            raise kim_error("form_expired")
        try:
            _CSRF.protect()
        except CSRFError:
            raise kim_error("form_expired") from None
    return None


def _refused(needed: Permission | None) -> Response | None:
    who = visitor()
    if needed is None:
        if who.bench:
            return None
        raise kim_error("forbidden")
    if who.may(needed):
        return None
    if who.person is not None and who.stage is Stage.FULL:
        raise kim_error("forbidden")
    if request.method not in _SAFE or who.bench:
        raise kim_error("login_required")
    language = {"lang": "en"} if request.args.get("lang") == "en" else {}
    if who.person is not None:
        return redirect(f"{next_step(who)}?{urlencode(language)}".rstrip("?"), 303)
    return redirect(f"/anmelden?{urlencode({'weiter': request.path, **language})}", 303)


def next_step(who: Visitor) -> str:
    """Return where a login goes on: to the code, to setting one up first, or to the work."""
    if who.person is None or who.stage is Stage.FULL:
        return "/arbeit"
    return "/anmelden/code" if who.person.has_second_factor else "/anmelden/faktor"


#: Refusals that a page shows beside its form.
_BESIDE_FORM = frozenset(
    {
        "login_refused",
        "login_paused",
        "busy",
        "code_refused",
        "bad_request",
        "already_exists",
        "unknown_area",
        "last_admin",
    }
)


def refusal_of(error: KimError) -> KimError:
    """Return a refusal that a page shows beside its form; any other is raised again."""
    if error.code not in _BESIDE_FORM:
        raise error
    return error
