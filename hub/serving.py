"""Serve a hub with waitress: on loopback, or behind a proxy that ends TLS (docs/adr/0032).

Waitress reads a request completely before a view runs: a connection that breaks off mid-body never reaches
the hub. Its own refusals (body too large, malformed request) are problem documents here, like every other.
"""

import errno
import logging
import socket
from collections.abc import Callable
from typing import Any, Final

import waitress.server
from flask import Flask
from waitress.channel import HTTPChannel
from waitress.task import ErrorTask

from hub.api.problem_responses import problem_response
from hub.services.people import EXTENSION as PEOPLE
from hub.services.people import PeopleDesk
from hub.services.registry.governance import is_governed
from hub.settings import HubSettings, is_loopback
from protocol.errors import kim_error
from protocol.texts import Text

_LOG: Final = logging.getLogger("kim.hub.serving")
_CONNECTIONS: Final = 500
_IDLE_SECONDS: Final = 30
_CODES: Final = {413: "too_large", 431: "too_large", 500: "internal"}


#: What the proxy, and nobody else, may say about who asked it for what.
_FROM_PROXY: Final = frozenset({"x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"})


def require_guarded(settings: HubSettings, *, has_accounts: bool) -> None:
    """Raise `not_loopback` for a hub that others reach, unless officers decide and people log in, by https.

    Others reach it at an address beyond loopback, or through a proxy on this machine (`public_url`). Keys for
    which nobody but the operator vouches are for a test bench (SPEC P-139). TLS ends at a proxy, so it must
    be said which one: what anybody else claims in `X-Forwarded-*` is dropped.
    """
    by_proxy = settings.public_url.startswith("https:")
    beyond = not is_loopback(settings.host)
    missing = [
        what
        for what, needed, there in (
            (
                Text(
                    "ein Vertrauensverzeichnis (kim-hub trust init)",
                    "a trust repository (kim-hub trust init)",
                ),
                beyond or by_proxy,
                is_governed(settings.home),
            ),
            (Text("Konten", "accounts"), beyond, has_accounts),
            (Text("public_url mit https", "public_url with https"), beyond, by_proxy),
            (Text("trusted_proxy", "trusted_proxy"), beyond, bool(settings.trusted_proxy)),
        )
        if needed and not there
    ]
    if missing:
        place = settings.host if beyond else settings.public_url
        raise kim_error(
            "not_loopback",
            Text(
                f"Unter {place} dürfen andere den Hub erst erreichen, wenn es gibt: "
                f"{', '.join(what.de for what in missing)}.",
                f"At {place} others may reach the hub only once there is: "
                f"{', '.join(what.en for what in missing)}.",
            ),
        )


def make_server(app: Flask, settings: HubSettings) -> Any:  # noqa: ANN401 -- waitress ships no annotations
    """Return a listening server; `run()` serves, `close()` ends it. Port 0 takes a free one.

    Raises:
        KimError: `not_loopback`, `port_in_use`, or `config_invalid` if the port or address is not allowed.
    """
    desk: PeopleDesk = app.extensions[PEOPLE]
    require_guarded(settings, has_accounts=desk.has_accounts())
    proxy = (
        {"trusted_proxy": settings.trusted_proxy, "trusted_proxy_headers": set(_FROM_PROXY)}
        if settings.trusted_proxy
        else {}
    )
    server = waitress.server.create_server(
        app,
        sockets=[listening(settings.host, settings.port)],
        threads=settings.threads,
        ident="kim-hub",
        max_request_body_size=2 * settings.chunk_bytes,
        max_request_header_size=16 * 1024,
        connection_limit=_CONNECTIONS,
        channel_timeout=_IDLE_SECONDS,
        cleanup_interval=10,
        clear_untrusted_proxy_headers=True,
        **proxy,
    )
    server.channel_class = _channel_class(settings.audience)
    return server


def listening(host: str, port: int) -> socket.socket:
    """Return the hub's one socket. Waitress opens one per address of a name, and leaks one that failed.

    Raises:
        KimError: as `make_server`.
    """
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    if is_loopback(host) and not is_loopback(str(address[0])):  # whatever the machine means by "localhost"
        raise kim_error("not_loopback")
    try:
        return socket.create_server(address[:2], family=family)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise kim_error(
                "port_in_use",
                Text(f"Port {port} auf {host}.", f"Port {port} on {host}."),
                pointer="/hub/port",
            ) from None
        raise kim_error(
            "config_invalid",
            Text(f"Port {port} auf {host} ist nicht erlaubt.", f"Port {port} on {host} is not allowed."),
            pointer="/hub/port",
            remedy=Text(
                "Mit --port oder in hub.toml einen anderen Port wählen (0: ein freier).",
                "Choose another port with --port or in hub.toml (0: a free one).",
            ),
        ) from None


def _channel_class(audience: str) -> type[HTTPChannel]:
    class ProblemTask(ErrorTask):  # type: ignore[misc]  # waitress ships no annotations
        """Answers what waitress refuses itself."""

        def execute(self) -> None:
            response = problem_response(
                kim_error(_CODES.get(self.request.error.code, "bad_request")), language=None
            )
            self.status = response.status
            self.response_headers = [
                *response.headers.items(),
                ("Kim-Hub", audience),
                ("Connection", "close"),
            ]
            self.set_close_on_finish()
            self.content_length = response.content_length
            self.write(response.get_data())

    class Channel(HTTPChannel):  # type: ignore[misc]
        """A connection with our error answers."""

        error_task_class = ProblemTask

    return Channel


def serve(app: Flask, settings: HubSettings, *, on_ready: Callable[[str], None]) -> None:
    """Serve until interrupted.

    Args:
        app: the application.
        settings: where to listen.
        on_ready: called with the URL once the port is open.
    """
    server = make_server(app, settings)
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    on_ready(f"http://{host}:{server.effective_port}")
    try:
        server.run()
    finally:
        server.close()
