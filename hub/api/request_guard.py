"""Every request of the node protocol is signed (SPEC P-120): who does not sign gets no answer but that.

A view behind the guard finds its caller with :func:`caller`. A view that answers anybody says so itself, with
:func:`unsigned`: forgetting it closes a door, it never opens one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import quote

from flask import Flask, Response, current_app, g, request

from hub.services.context import EXTENSION, HubContext
from hub.services.enrolment.notices import HEADER as NOTICE_HEADER
from hub.services.enrolment.notices import notice
from hub.services.intake.calling import Caller, identify
from protocol.request_signatures import OVERRIDE_HEADER, Request

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

#: Below this, everything is the node protocol's.
PREFIX: Final = "/v1/"
_SIGNED: Final = ("content-digest", "content-type", "kim-hub", "signature-input", "signature")
_OVERRIDDEN: Final = frozenset({"PUT", "DELETE"})
_UNSIGNED: Final = "kim_unsigned"

View = TypeVar("View", bound=Callable[..., Any])


def unsigned(view: View) -> View:
    """Let anybody call this view of the node protocol: what it takes proves itself."""
    setattr(view, _UNSIGNED, True)
    return view


def caller() -> Caller:
    """Return who signed the present request; only views behind the guard ask."""
    found: Caller = g.kim_caller
    return found


def install(app: Flask) -> None:
    """Guard the node protocol of `app`."""
    app.wsgi_app = _method_meant(app.wsgi_app)  # type: ignore[method-assign,assignment]  # as Flask documents it

    @app.before_request
    def identify_caller() -> None:
        # What no view answers (404, 405) needs no caller.
        if not request.path.startswith(PREFIX) or request.endpoint is None:
            return
        if getattr(app.view_functions[request.endpoint], _UNSIGNED, False):
            return
        context: HubContext = current_app.extensions[EXTENSION]
        g.kim_caller = identify(context, _received())

    @app.after_request
    def warn_of_end(response: Response) -> Response:
        """Tell a node in every answer that its key ends soon (SPEC P-157)."""
        found: Caller | None = g.get("kim_caller")
        if found is not None:
            context: HubContext = current_app.extensions[EXTENSION]
            said = notice(found.key, at=context.clock.now())
            if said is not None:
                response.headers[NOTICE_HEADER] = said
        return response


def _received() -> Request:
    headers = {name: value for name in _SIGNED if (value := request.headers.get(name)) is not None}
    return Request(
        method=request.method,
        path=_raw_path(),
        query=request.query_string.decode("latin-1"),
        headers=headers,
        body=request.get_data(cache=True),
    )


def _raw_path() -> str:
    """Return the path as it was sent: percent-encoded, where a proxy may have sent it whole with a host."""
    raw: str = request.environ.get("REQUEST_URI", "")
    path = raw.partition("?")[0]
    return path if path.startswith("/") else quote(request.path)


def _method_meant(app: WSGIApplication) -> WSGIApplication:
    """Take a `POST` for the method that it stands for, where a proxy blocks that one (SPEC P-126)."""
    header = f"HTTP_{OVERRIDE_HEADER.upper().replace('-', '_')}"

    def overridden(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        meant = environ.get(header)
        if (
            meant in _OVERRIDDEN
            and environ["REQUEST_METHOD"] == "POST"
            and environ.get("PATH_INFO", "").startswith(PREFIX)
        ):
            # The signature covers the method that is meant: who adds or removes the header breaks it.
            environ["REQUEST_METHOD"] = meant
        return app(environ, start_response)

    return overridden
