"""Signed requests for tests: a Flask client that signs whatever it sends, and the headers alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any
from urllib.parse import quote

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from protocol.keys import PrivateKey, new_nonce
from protocol.request_signatures import Request, sign_request

AUDIENCE = "kim-nrw/local"


def signed_headers(
    key: PrivateKey,
    method: str,
    path: str,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    *,
    audience: str = AUDIENCE,
    at: dt.datetime | None = None,
) -> dict[str, str]:
    """Return `headers` with those that make the request one of `key`; `path` with its query, if any."""
    given = {**(headers or {})}
    place, _, query = path.partition("?")
    request = Request(method, place, query, {name.lower(): value for name, value in given.items()}, body)
    created = at or dt.datetime.now(dt.UTC)
    return given | sign_request(request, key, audience=audience, created=created, nonce=new_nonce())


class SignedClient(FlaskClient):
    """A Flask client whose requests are signed as they are sent; headers given win over those made."""

    key: PrivateKey
    audience: str
    clock: Callable[[], dt.datetime]

    def open(
        self, *args: Any, buffered: bool = False, follow_redirects: bool = False, **options: Any
    ) -> TestResponse:
        environ = self._request_from_builder_args(args, options).environ
        body = environ["wsgi.input"].read()
        environ["wsgi.input"] = BytesIO(body)
        # On the wire a path is ASCII, which Flask's own client does not see to.
        environ["REQUEST_URI"] = quote(environ["REQUEST_URI"].encode("latin-1"), safe="/?%=&'+!*(),;:@~")
        method: str = environ.get("HTTP_X_HTTP_METHOD_OVERRIDE") or environ["REQUEST_METHOD"]
        environ.setdefault("HTTP_KIM_CLIENT", "kim-node/0.1.0")
        given = {"Content-Type": environ["CONTENT_TYPE"]} if environ.get("CONTENT_TYPE") else {}
        made = signed_headers(
            self.key,
            method,
            environ["REQUEST_URI"],
            body,
            given,
            audience=self.audience,
            at=self.clock(),
        )
        for name, value in made.items():
            variable = name.upper().replace("-", "_")
            variable = variable if variable == "CONTENT_TYPE" else f"HTTP_{variable}"
            environ[variable] = environ.get(variable) or value
        return super().open(environ, buffered=buffered, follow_redirects=follow_redirects)


def signed_client(
    app: Flask,
    key: PrivateKey,
    *,
    audience: str = AUDIENCE,
    clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
) -> SignedClient:
    """Return a client that calls `app` as the owner of `key`, by this clock."""
    client = SignedClient(app, app.response_class, use_cookies=False)
    client.key, client.audience, client.clock = key, audience, clock
    return client
