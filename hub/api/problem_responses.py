"""Every error of the hub as an answer with a stable code: problem documents (RFC 9457), pages for people.

Nothing else answers an error: not Flask's HTML, not a traceback. An unexpected exception is `internal`; the
log gets its class and place, never its message, which could quote a value.
"""

import errno
import json
import logging
from collections.abc import Callable, Mapping
from typing import Final

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as Answer

from hub.logs import place_of
from hub.services.context import EXTENSION, HubContext
from protocol.errors import KimError, kim_error
from protocol.problem_documents import MEDIA_TYPE, problem_document

_LOG: Final = logging.getLogger("kim.hub.http")
#: `extensions` key under which the web pages leave their renderer for errors.
ERROR_PAGE: Final = "kim.error_page"
#: Paths that machines read; everything else is a page.
MACHINE_PATHS: Final = ("/v1/", "/trust/", "/log/", "/api/", "/extracts/", "/healthz", "/readyz")
_CODES: Final = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    408: "bad_request",
    413: "too_large",
    414: "too_large",
    415: "unsupported_media_type",
    429: "rate_limited",
    431: "too_large",
    503: "busy",
}
_RETRY_AFTER_SECONDS: Final = 5
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)

ErrorPage = Callable[[KimError], Answer]


def install(app: Flask) -> None:
    """Make `app` answer every error through this module."""
    app.register_error_handler(KimError, _answer)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(OSError, _storage)
    app.register_error_handler(Exception, _unexpected)


def problem_response(
    error: KimError,
    *,
    language: str | None,
    instance: str | None = None,
    beside: Mapping[str, str] | None = None,
) -> Response:
    """Return the problem document of `error`; German unless `language` is `en`; with members `beside` it."""
    document = {**problem_document(error, instance=instance), **(beside or {})}
    if language == "en":
        _turn_english(document)
    response = Response(
        json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n",
        status=error.problem.status,
        mimetype=MEDIA_TYPE,
    )
    response.headers["Content-Language"] = "en" if language == "en" else "de"
    response.headers["Cache-Control"] = "no-store"
    if error.retryable and error.problem.status in (429, 503, 507):
        response.headers["Retry-After"] = str(_RETRY_AFTER_SECONDS)
    return response


def accepted_language() -> str:
    """Return `en` if the request prefers English, else `de`."""
    return request.accept_languages.best_match(["de", "en"], default="de")


def _turn_english(document: dict[str, object]) -> None:
    for member in ("title", "detail", "remedy"):
        document[member] = document[f"{member}_en"]
    items = document.get("errors")
    for item in items if isinstance(items, list) else []:
        item["detail"] = item["detail_en"]


def _answer(error: KimError) -> Answer:
    if request.path.startswith("/v1/"):
        _LOG.info("refused %s %.100s: %s", request.method, request.path, error.code)
    page: ErrorPage | None = current_app.extensions.get(ERROR_PAGE)
    if page is not None and not request.path.startswith(MACHINE_PATHS):
        return page(error)
    # SPEC P-125: a node whose clock is wrong learns by how much.
    beside = {"server_time": _server_time()} if error.code == "clock_skew" else None
    response = problem_response(error, language=accepted_language(), instance=request.path, beside=beside)
    response.headers["Vary"] = "Accept-Language"
    return response


def _server_time() -> str:
    context: HubContext = current_app.extensions[EXTENSION]
    return context.machine_clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")


def _http(error: HTTPException) -> Answer:
    if error.code is not None and error.code < 400:
        return Response(
            status=error.code, headers=[(k, v) for k, v in error.get_headers() if k == "Location"]
        )
    response = _answer(kim_error(_CODES.get(error.code or 500, "bad_request")))
    for name, value in error.get_headers():
        if name == "Allow":
            response.headers["Allow"] = value
    return response


def _storage(error: OSError) -> Answer:
    if error.errno in _FULL:
        _LOG.error("storage full")
        return _answer(kim_error("storage_full"))
    return _unexpected(error)


def _unexpected(error: Exception) -> Answer:
    _LOG.error("unexpected %s at %s", type(error).__name__, place_of(error))
    return _answer(kim_error("internal"))
