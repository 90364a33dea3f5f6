"""Log in through the ministry's OpenID Connect provider (authorization code flow with PKCE, Authlib).

Checked of an answer, in this order:

1. `state` is the one of the flow that this very browser began (a sealed cookie, ten minutes);
2. `iss` of the answer, where the provider sends it, is the provider asked (RFC 9207);
3. the code is exchanged with the verifier of the flow (RFC 7636), over https;
4. the id token is signed with an asymmetric key of the provider, for this hub (`aud`, `azp`), now (`exp`,
   `iat`), in answer to this flow (`nonce`);
5. its subject is bound to an account: by the person, with a one-time link. Nothing else in the token counts:
   no address, no group makes somebody an officer.

The caller must still ask for the second factor where the role demands one: the provider's word is not enough.
"""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from hub.domain.people import Stage
from hub.services.people.accounts import invited, use_ticket
from hub.services.people.desk import PeopleDesk
from hub.services.people.sessions import Admission, begin_session
from hub.services.people.vault import Vault
from protocol.errors import KimError, kim_error
from protocol.keys import new_secret_text
from protocol.texts import Text

FLOW_SECONDS: Final = 600
_PURPOSE: Final = "provider flow"
_ALGORITHMS: Final = ["RS256", "PS256", "ES256", "EdDSA", "Ed25519"]
_TIMEOUT_SECONDS: Final = 10
_LEEWAY_SECONDS: Final = 60
_KEPT_SECONDS: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Flow:
    """A login that was begun at the provider.

    Attributes:
        state: comes back with the answer.
        nonce: comes back in the id token.
        verifier: proves at the provider that we began it.
        ticket: the one-time link whose account is to be bound, or empty for a login.
        expires: second (Unix time) after which it is over.
    """

    state: str
    nonce: str
    verifier: str
    ticket: str
    expires: int

    def __repr__(self) -> str:
        """Show nothing."""
        return "Flow(…)"

    def sealed(self, vault: Vault) -> str:
        """Return it for the browser's cookie: nobody else can read or make one."""
        members = (self.state, self.nonce, self.verifier, self.ticket, self.expires)
        return vault.seal(json.dumps(members).encode(), _PURPOSE)

    @classmethod
    def opened(cls, vault: Vault, sealed: str, *, now: int) -> Flow | None:
        """Return what a cookie holds, or None if it is not ours or too old."""
        raw = vault.open(sealed, _PURPOSE)
        flow = None if raw is None else cls(*json.loads(raw))
        return flow if flow is not None and now < flow.expires else None


class Provider:
    """The provider of the settings; its description and keys are kept for an hour."""

    def __init__(self, desk: PeopleDesk) -> None:
        """Ask nothing yet.

        Args:
            desk: where people log in; its settings name the provider.
        """
        self._desk = desk
        self._issuer = desk.settings.oidc_issuer.rstrip("/")
        self._kept: dict[str, tuple[float, Mapping[str, Any]]] = {}

    @property
    def redirect_uri(self) -> str:
        """Where the provider sends people back to."""
        return f"{self._desk.settings.public_url.rstrip('/')}/anmelden/zurueck"

    def begin(self, *, ticket: str = "") -> tuple[str, Flow]:
        """Return where to send the browser, and the flow to keep in its cookie.

        Raises:
            KimError: `not_found` if no provider is set, `provider_failed`, `link_expired`.
        """
        if not self._issuer:
            raise kim_error("not_found")
        if ticket:
            invited(self._desk, ticket)
        expires = int(self._desk.wall.now().timestamp()) + FLOW_SECONDS
        flow = Flow(new_secret_text(), new_secret_text(), new_secret_text(), ticket, expires)
        with self._client() as client:
            address, _ = client.create_authorization_url(
                self._member("authorization_endpoint"),
                state=flow.state,
                nonce=flow.nonce,
                code_verifier=flow.verifier,
            )
        return str(address), flow

    def finish(
        self, flow: Flow | None, answer: Mapping[str, str], *, old: str | None, device: str | None
    ) -> Admission:
        """Log in with what the provider sent back, or bind an account to it.

        Args:
            flow: what the browser's cookie held, or None.
            answer: query of the address that the provider sent the browser to.
            old: token of the session that the browser has, or None.
            device: token of the browser, or None.

        Raises:
            KimError: `provider_failed`; `login_refused` if no account is bound to that subject, or a disabled
                one; `link_expired`; `already_exists` if another account is bound to it.
        """
        if flow is None or not hmac.compare_digest(
            flow.state.encode(), answer.get("state", "").encode()
        ):  # 1.
            raise _failed("state")
        if answer.get("iss", self._issuer) != self._issuer:  # 2.
            raise _failed("iss")
        if not answer.get("code"):
            raise _failed("code")  # the person, or the provider, said no
        subject = self._subject(flow, answer["code"])  # 3. and 4.
        return self._admit(flow, subject, old=old, device=device)  # 5.

    def _subject(self, flow: Flow, code: str) -> str:
        try:
            with self._client() as client:
                token = client.fetch_token(
                    self._member("token_endpoint"),
                    code=code,
                    code_verifier=flow.verifier,
                    timeout=_TIMEOUT_SECONDS,
                    allow_redirects=False,
                )
            decoded = self._decoded(str(token.get("id_token", "")))
            claims = CodeIDToken(
                decoded.claims,
                decoded.header,
                options={
                    "iss": {"essential": True, "value": self._issuer},
                    "aud": {"essential": True, "value": self._desk.settings.oidc_client_id},
                },
                params={
                    "nonce": flow.nonce,
                    "client_id": self._desk.settings.oidc_client_id,
                    "access_token": token.get("access_token"),
                },
            )
            claims.validate(now=int(self._desk.wall.now().timestamp()), leeway=_LEEWAY_SECONDS)
        except (AuthlibBaseError, JoseError, requests.RequestException, ValueError, KeyError, TypeError) as e:
            raise _failed(type(e).__name__) from None
        subject = claims["sub"]
        if not isinstance(subject, str) or not 0 < len(subject) <= 255:
            raise _failed("sub")
        return subject

    def _decoded(self, id_token: str) -> jwt.Token:
        """Check the signature; a key that is not known yet may be a new one."""
        try:
            return jwt.decode(id_token, self._keys(), algorithms=_ALGORITHMS)
        except (JoseError, ValueError):
            self._kept.pop(self._member("jwks_uri"), None)
            return jwt.decode(id_token, self._keys(), algorithms=_ALGORITHMS)

    def _admit(self, flow: Flow, subject: str, *, old: str | None, device: str | None) -> Admission:
        desk = self._desk
        with desk.database.write() as unit:
            bound = unit.people.by_subject(self._issuer, subject)
            at = desk.clock.now()
            if flow.ticket:
                person = use_ticket(desk, unit, flow.ticket)
                if bound is not None and bound.id != person.id:
                    raise kim_error(
                        "already_exists",
                        Text(
                            "Mit diesem Konto des Anbieters ist schon ein anderes Konto verbunden.",
                            "Another account is bound to this account of the provider already.",
                        ),
                        remedy=Text(
                            "Wer zwei Aufgaben hat, wählt für das zweite Konto ein Kennwort.",
                            "Who has two tasks chooses a password for the second account.",
                        ),
                    )
                unit.people.change(person.id, oidc_issuer=self._issuer, oidc_subject=subject)
                unit.people.drop_sessions(person.id)
                unit.audit("person.provider_bound", person.login, at=at, actor=person.login)
            elif bound is None or not bound.active:
                if bound is not None:
                    unit.audit("login.refused", bound.login, at=at, actor="anonymous")
                raise kim_error("login_refused", _UNBOUND)
            else:
                person = bound
            stage = Stage.PASSWORD if person.needs_second_factor else Stage.FULL
            if stage is Stage.FULL:
                detail = {"by": "provider"}
                unit.audit("login.succeeded", person.login, at=at, actor=person.login, detail=detail)
            return begin_session(desk, unit, person, stage, old=old, device=device)

    def _client(self) -> OAuth2Session:
        settings = self._desk.settings
        try:
            secret = Path(settings.oidc_secret_file).read_text(encoding="utf-8").strip()
        except (OSError, ValueError):
            raise _failed("oidc_secret_file") from None
        return OAuth2Session(
            settings.oidc_client_id,
            secret,
            scope="openid",
            redirect_uri=self.redirect_uri,
            code_challenge_method="S256",
        )

    def _member(self, name: str) -> str:
        """Return an address of the provider's description; https, as the issuer itself."""
        description = self._fetched(f"{self._issuer}/.well-known/openid-configuration")
        address = description.get(name)
        scheme = self._issuer.partition("://")[0]
        if description.get("issuer") != self._issuer or not str(address).startswith(f"{scheme}://"):
            raise _failed(name)
        return str(address)

    def _keys(self) -> KeySet:
        return KeySet.import_key_set(dict(self._fetched(self._member("jwks_uri"))))  # type: ignore[arg-type]

    def _fetched(self, address: str) -> Mapping[str, Any]:
        kept = self._kept.get(address)
        if kept is not None and time.monotonic() - kept[0] < _KEPT_SECONDS:
            return kept[1]
        fetch = partial(requests.get, timeout=_TIMEOUT_SECONDS, allow_redirects=False)
        try:
            answer = fetch(address, headers={"Accept": "application/json"})
            document = answer.json() if answer.status_code == 200 else None
        except (requests.RequestException, ValueError):
            document = None
        if not isinstance(document, dict):
            raise _failed("unreachable")
        self._kept[address] = (time.monotonic(), document)
        return document


_UNBOUND: Final = Text(
    "Mit diesem Konto des Anbieters ist kein Konto hier verbunden, oder es ist gesperrt.",
    "No account here is bound to this account of the provider, or it is disabled.",
)


def _failed(where: str) -> KimError:
    """Return the refusal; `where` is the name of a step or a class, never a value."""
    return kim_error(
        "provider_failed",
        Text(
            f"Die Anmeldung beim Anbieter ist nicht gelungen ({where}).",
            f"The login at the provider did not succeed ({where}).",
        ),
    )
