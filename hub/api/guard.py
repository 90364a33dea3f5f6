"""What every request must satisfy before a view sees it, and what every answer carries.

The Host header must name this machine, for requests that come from it, or the host of `public_url`, by https:
a web page in somebody's browser can send requests to 127.0.0.1 under any name (DNS rebinding). Nothing may
frame or script the pages. Who is behind the proxy, under which name and by which scheme, is known from the
proxy in `trusted_proxy` alone (`hub.serving`).
"""

from typing import Final
from urllib.parse import urlsplit

from flask import Flask, Response, request

from hub.settings import HubSettings, is_loopback
from protocol.errors import KimError, kim_error
from protocol.texts import Text

_LOCAL_NAMES: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})
_HSTS: Final = "max-age=31536000"
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


def install(app: Flask, *, settings: HubSettings) -> None:
    """Guard every request of `app`; every answer says which hub gave it."""
    public = urlsplit(settings.public_url)
    public_host, needs_https = (public.hostname or "").lower(), public.scheme == "https"

    @app.before_request
    def check_request() -> None:
        host = _host_of(request.headers.get("Host", ""))
        if host in _LOCAL_NAMES:
            # Under a local name only from this machine, or the name would be a way past https.
            if not is_loopback(request.remote_addr or "127.0.0.1"):
                raise _refused_host()
        elif host != public_host or not public_host:
            raise _refused_host()
        elif needs_https and not request.is_secure:
            raise kim_error(
                "bad_request",
                Text(
                    "Dieser Hub antwortet nur über https. Der Proxy davor muss X-Forwarded-Proto setzen, und "
                    "seine Adresse muss als trusted_proxy eingetragen sein.",
                    "This hub answers by https only. The proxy in front must set X-Forwarded-Proto, and its "
                    "address must be set as trusted_proxy.",
                ),
                pointer="/headers/X-Forwarded-Proto",
            )
        # A compressed body is refused unread: it could be a bomb, and digests are over the bytes sent.
        if request.headers.get("Content-Encoding", "identity").lower() not in ("identity", ""):
            raise kim_error("unsupported_media_type", pointer="/headers/Content-Encoding")

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers["Kim-Hub"] = settings.audience
        if request.is_secure:
            response.headers["Strict-Transport-Security"] = _HSTS
        for header, value in _HEADERS.items():
            response.headers.setdefault(header, value)
        return response


def _host_of(header: str) -> str:
    """Return the host of a Host header, without its port, lower case."""
    name, colon, port = header.rpartition(":")
    return (name if colon and port.isdigit() else header).lower()


def _refused_host() -> KimError:
    return kim_error(
        "bad_request",
        Text(
            "Unter diesem Namen antwortet der Hub nicht: auf diesem Rechner unter 127.0.0.1 oder localhost, "
            "sonst unter public_url.",
            "The hub does not answer by this name: on this machine as 127.0.0.1 or localhost, else as "
            "public_url.",
        ),
        pointer="/headers/Host",
    )
