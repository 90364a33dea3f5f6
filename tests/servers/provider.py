"""A real OpenID Connect provider for tests, as a process of its own: Authlib's server on loopback.

    python -m tests.servers.provider PORT CLIENT_ID CLIENT_SECRET REDIRECT_URI

Who "logs in" there is said before with `POST /become` (`sub`), and so is what is wrong with the next token
(`fault`). Everything else is the protocol: discovery, keys, authorization code with PKCE, id token.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar
from urllib.request import Request, urlopen

from tests.factories.patience import PATIENCE_SECONDS, assert_soon
from tests.servers import bound, free_port

CLIENT_ID, CLIENT_SECRET = "kim-hub", "a secret between the two"
FAULTS = (
    "nonce",
    "audience",
    "authorized party",
    "expired",
    "issuer",
    "another key",
    "no signature",
    "our own secret as key",
    "another access token",
    "no subject",
    "no id token",
)


class Provider:
    """A provider that runs."""

    def __init__(self, port: int) -> None:
        self.issuer = f"http://127.0.0.1:{port}"

    def become(self, sub: str, fault: str = "") -> None:
        """Say who logs in next, and what is wrong with the token."""
        body = json.dumps({"sub": sub, "fault": fault}).encode()
        request = Request(f"{self.issuer}/become", body, {"Content-Type": "application/json"})
        with urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            assert answer.status == 204

    def answers(self) -> bool:
        try:
            with urlopen(f"{self.issuer}/.well-known/openid-configuration") as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


@contextmanager
def running_provider(redirect_uri: str) -> Iterator[Provider]:
    """Run a provider that knows one client."""
    port = free_port()
    process = subprocess.Popen(
        bound([sys.executable, "-m", __name__, str(port), CLIENT_ID, CLIENT_SECRET, redirect_uri]),
        cwd=Path(__file__).parents[2],
        env={**os.environ, "AUTHLIB_INSECURE_TRANSPORT": "1"},  # loopback only
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    provider = Provider(port)
    try:
        assert_soon(provider.answers, "the provider answers")
        yield provider
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)


def _serve(port: int, client_id: str, client_secret: str, redirect_uri: str) -> None:
    from authlib.integrations.flask_oauth2 import AuthorizationServer
    from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
    from authlib.oauth2.rfc7636 import CodeChallenge
    from authlib.oidc.core import UserInfo
    from authlib.oidc.core.grants import OpenIDCode
    from flask import Flask, Response, jsonify, request
    from joserfc import jwt
    from joserfc.jwk import OctKey, RSAKey
    from waitress import serve

    issuer = f"http://127.0.0.1:{port}"
    key, other = (RSAKey.generate_key(2048, parameters={"kid": kid}) for kid in ("one", "one"))
    now: dict[str, str] = {"sub": "nobody", "fault": ""}
    codes: dict[str, Any] = {}

    class Client:
        def get_client_id(self) -> str:
            return client_id

        def get_default_redirect_uri(self) -> str:
            return redirect_uri

        def get_allowed_scope(self, scope: str) -> str:
            return scope

        def check_redirect_uri(self, uri: str) -> bool:
            return uri == redirect_uri

        def check_client_secret(self, secret: str) -> bool:
            return secret == client_secret

        def check_endpoint_auth_method(self, method: str, _endpoint: str) -> bool:
            return method == "client_secret_basic"

        def check_response_type(self, response_type: str) -> bool:
            return response_type == "code"

        def check_grant_type(self, grant_type: str) -> bool:
            return grant_type == "authorization_code"

    class Code:
        def __init__(self, code: str, data: dict[str, str]) -> None:
            self.code, self.data, self.user = code, data, now["sub"]
            self.code_challenge = data.get("code_challenge")
            self.code_challenge_method = data.get("code_challenge_method")

        def get_redirect_uri(self) -> str:
            return self.data.get("redirect_uri", "")

        def get_scope(self) -> str:
            return self.data.get("scope", "")

        def get_nonce(self) -> str | None:
            return "another" if now["fault"] == "nonce" else self.data.get("nonce")

        def get_auth_time(self) -> int:
            return int(time.time())

        def get_acr(self) -> None:
            return None

        def get_amr(self) -> None:
            return None

    class Grant(AuthorizationCodeGrant):  # type: ignore[misc]  # Authlib ships no types
        TOKEN_ENDPOINT_AUTH_METHODS: ClassVar = ["client_secret_basic"]

        def save_authorization_code(self, code: str, request: Any) -> None:
            codes[code] = Code(code, dict(request.payload.data))

        def query_authorization_code(self, code: str, client: Any) -> Any:
            return codes.get(code)

        def delete_authorization_code(self, authorization_code: Any) -> None:
            codes.pop(authorization_code.code, None)

        def authenticate_user(self, authorization_code: Any) -> str:
            return str(authorization_code.user)

    class Token(OpenIDCode):  # type: ignore[misc]
        def exists_nonce(self, nonce: str, request: Any) -> bool:
            return any(code.data.get("nonce") == nonce for code in codes.values())

        def resolve_client_private_key(self, client: Any) -> Any:
            return other if now["fault"] == "another key" else key

        def get_encode_header(self, client: Any) -> dict[str, str]:
            return {"alg": "RS256", "kid": "one"}

        def get_client_claims(self, client: Any) -> dict[str, Any]:
            found: dict[str, Any] = {"iss": issuer, "aud": [client_id], "exp": int(time.time()) + 300}
            if now["fault"] == "audience":
                found["aud"] = ["another hub"]
            elif now["fault"] == "authorized party":
                found |= {"aud": [client_id, "another hub"], "azp": "another hub"}
            elif now["fault"] == "expired":
                found |= {"exp": int(time.time()) - 3600, "iat": int(time.time()) - 7200}
            elif now["fault"] == "issuer":
                found["iss"] = "http://127.0.0.1:1"
            return found

        def generate_user_info(self, user: str, scope: str) -> UserInfo:
            return UserInfo() if now["fault"] == "no subject" else UserInfo(sub=user)

        def encode_id_token(self, token: Any, request: Any) -> str:
            if now["fault"] == "another access token":
                token = {**token, "access_token": "another"}
            made: str = super().encode_id_token(token, request)
            claims = json.loads(base64.urlsafe_b64decode(made.split(".")[1] + "=="))
            if now["fault"] == "no signature":
                head = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
                return f"{head}.{made.split('.')[1]}."
            if now["fault"] == "our own secret as key":
                secret = OctKey.import_key(hashlib.sha256(client_secret.encode()).digest())
                return jwt.encode({"alg": "HS256"}, claims, secret)
            return "" if now["fault"] == "no id token" else made

    app = Flask("provider")
    server = AuthorizationServer(app, query_client=lambda name: Client() if name == client_id else None,
                                 save_token=lambda *_: None)  # fmt: skip
    server.register_grant(Grant, [Token(require_nonce=True), CodeChallenge(required=True)])

    @app.get("/.well-known/openid-configuration")
    def configuration() -> Response:
        return jsonify(
            issuer=issuer,
            authorization_endpoint=f"{issuer}/authorize",
            token_endpoint=f"{issuer}/token",
            jwks_uri=f"{issuer}/keys",
        )

    @app.get("/keys")
    def keys() -> Response:
        return jsonify(keys=[key.as_dict(private=False)])

    @app.post("/become")
    def become() -> tuple[str, int]:
        now.update(request.get_json())
        return "", 204

    @app.get("/authorize")
    def authorize() -> Any:
        grant = server.get_consent_grant(end_user=now["sub"])
        return server.create_authorization_response(grant_user=now["sub"], grant=grant)

    @app.post("/token")
    def token() -> Any:
        return server.create_token_response()

    serve(app, host="127.0.0.1", port=port, threads=2)


if __name__ == "__main__":
    _serve(int(sys.argv[1]), *sys.argv[2:5])
