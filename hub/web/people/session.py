"""The session of a browser: a random token in a cookie, everything else in the database.

Flask's own signed cookie is not used: it cannot be ended by the server. What stands in this session object is
only what Flask-WTF needs, derived from the token: the secret of the forms. Before a login the token is known
to nobody but the browser, and a login replaces it (no fixation).

The cookie is called `__Host-…` where browsers come by https: they refuse it then without `Secure`, with a
domain or from another path (RFC 6265bis 4.1.3.2).
"""

from __future__ import annotations

import re
from typing import Any, Final, cast

from flask import Flask, Request, Response, session
from flask.sessions import SessionInterface, SessionMixin
from werkzeug.wrappers import Response as AnyResponse

from hub.domain.people import DEVICE_LIFE
from hub.services.people import EXTENSION, PeopleDesk
from protocol.keys import new_secret_text

_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_FORM_SECRET: Final = "csrf_token"  # noqa: S105 -- where Flask-WTF looks for it


class BrowserSession(dict[str, Any], SessionMixin):
    """One browser's session, during one request."""

    def __init__(self, desk: PeopleDesk, token: str | None, device: str | None) -> None:
        """Take what the cookies say.

        Args:
            desk: where people log in.
            token: the session's token, or None.
            device: the token of a browser that was known once, or None.
        """
        super().__init__()
        self._desk = desk
        self.token: str | None = None
        self.device = device
        self.sends: str | None = None
        self.sends_device: str | None = None
        if token is not None:
            self._take(token)

    def begin(self) -> None:
        """Make sure that there is a token, so that forms can carry their secret."""
        if self.token is None:
            self.replace(new_secret_text())

    def replace(self, token: str, device: str | None = None) -> None:
        """Go on under another token, and tell the browser."""
        self._take(token)
        self.sends = token
        self.sends_device = device or self.sends_device

    def end(self) -> None:
        """Go on as nobody: a new token that belongs to no account."""
        self.replace(new_secret_text())

    def _take(self, token: str) -> None:
        self.token = token
        self[_FORM_SECRET] = self._desk.vault.mac("form", token)


class Sessions(SessionInterface):
    """Reads and writes the cookies."""

    def open_session(self, app: Flask, request: Request) -> BrowserSession:
        """Return the session of a request; a malformed token is no token."""
        desk: PeopleDesk = app.extensions[EXTENSION]
        return BrowserSession(
            desk,
            _well_formed(request.cookies.get(cookie_name(desk, "session"))),
            _well_formed(request.cookies.get(cookie_name(desk, "device"))),
        )

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Send the cookies that are new."""
        desk: PeopleDesk = app.extensions[EXTENSION]
        if not isinstance(session, BrowserSession):
            raise TypeError("another kind of session")
        if session.sends:
            set_cookie(response, desk, "session", session.sends)
        if session.sends_device:
            seconds = int(DEVICE_LIFE.total_seconds())
            set_cookie(response, desk, "device", session.sends_device, seconds=seconds)


def cookie_name(desk: PeopleDesk, what: str) -> str:
    """Return the name of a cookie: bound to this host where that is possible."""
    return f"__Host-kim-{what}" if desk.is_https else f"kim-{what}"


def set_cookie(
    response: AnyResponse,
    desk: PeopleDesk,
    what: str,
    value: str,
    *,
    seconds: int | None = None,
    same_site: str = "Strict",
) -> None:
    """Send a cookie that no script reads and that goes to this host only."""
    response.set_cookie(
        cookie_name(desk, what),
        value,
        max_age=seconds,
        path="/",
        secure=desk.is_https,
        httponly=True,
        samesite=same_site,
    )


def browser() -> BrowserSession:
    """Return the session of the present request."""
    return cast(BrowserSession, session)


def _well_formed(token: str | None) -> str | None:
    return token if token is not None and _TOKEN.fullmatch(token) else None
