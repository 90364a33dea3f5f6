"""What every request must satisfy before a view sees it, and what every answer carries.

The hub listens on loopback only until logins exist. A web page in somebody's browser can still send
requests to 127.0.0.1, so the Host header must name this machine (DNS rebinding), and nothing may frame or
script the pages.
"""

from typing import Final

from flask import Flask, Response, request

from protocol.errors import kim_error
from protocol.texts import Text

_LOCAL_NAMES: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def install(app: Flask, *, audience: str) -> None:
    """Guard every request of `app`; every answer says which hub gave it."""

    @app.before_request
    def check_request() -> None:
        name = request.headers.get("Host", "").rpartition(":")
        host = name[0] if name[1] and name[2].isdigit() else request.headers.get("Host", "")
        if host.lower() not in _LOCAL_NAMES:
            raise kim_error(
                "bad_request",
                Text(
                    "Dieser Hub antwortet nur unter 127.0.0.1 oder localhost.",
                    "This hub answers only as 127.0.0.1 or localhost.",
                ),
                pointer="/headers/Host",
            )
        # A compressed body is refused unread: it could be a bomb, and digests are over the bytes sent.
        if request.headers.get("Content-Encoding", "identity").lower() not in ("identity", ""):
            raise kim_error("unsupported_media_type", pointer="/headers/Content-Encoding")

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers["Kim-Hub"] = audience
        for header, value in _HEADERS.items():
            response.headers.setdefault(header, value)
        return response
