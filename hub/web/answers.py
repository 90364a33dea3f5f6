"""A page as an answer: its headers, its caching, and who is reading it.

Every answer forbids scripts, frames and foreign resources; style and images come from this host only. What
somebody who has logged in sees is kept by nobody.
"""

from __future__ import annotations

import hashlib
from typing import Final

from flask import Response, request

from hub.web.people.reader import nobody, reader_of
from hub.web.rendering import Page, render

_SECURITY_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    # Nothing leaves for other sites; our own forms are checked to come from our own pages.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def strict_headers(response: Response) -> Response:
    """Set the security headers of pages."""
    for name, value in _SECURITY_HEADERS.items():
        response.headers[name] = value
    return response


def html_answer(template: str, page: Page, *, status: int = 200, forms: bool = False) -> Response:
    """Return a page.

    Args:
        template: file name in `templates/`.
        page: its context.
        status: HTTP status.
        forms: the page holds forms that act, so it gets a token for them, and nobody keeps it.
    """
    # Where the hub itself fails, who is reading may be what cannot be found out.
    reader = nobody() if status >= 500 and not forms else reader_of(page.frame.query, forms=forms)
    response = Response(render(template, page, reader), status=status, mimetype="text/html")
    response.headers["Content-Language"] = page.frame.wording.language
    response.vary.add("Cookie")
    if forms or reader.name:
        response.headers["Cache-Control"] = "private, no-store"
        return response
    # Deliveries change between releases: caches may keep the page but must ask whether it still holds.
    response.headers["Cache-Control"] = "no-cache"
    if status == 200:
        response.set_etag(hashlib.sha256(response.get_data()).hexdigest()[:32])
        response.make_conditional(request)
    return response
