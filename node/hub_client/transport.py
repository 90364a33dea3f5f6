"""One HTTP request to the hub, tried patiently.

Invariants: every attempt of a node is signed anew (:mod:`node.hub_client.signing`) and its answer recognised
as the hub's own (:mod:`node.hub_client.recognition`); redirects are not followed; no password of the
machine's ``.netrc`` is ever sent; answers are read up to a limit, and one request and its answer have one
deadline. Every request of the protocol is idempotent, so repeating one is always safe.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final

import requests
from requests.auth import AuthBase

from node.clock import Clock
from node.hub_client.answers import Notice, read_notice
from node.hub_client.call import Call
from node.hub_client.deadline import DeadlineError, GivenUp, within
from node.hub_client.recognition import (
    NOTICE_HEADER,
    MethodBlocked,
    OtherTime,
    Postponed,
    parse_json,
    require_hub,
    require_success,
    require_whole,
)
from node.hub_client.signing import Signer
from node.settings import HubSettings
from node.version import PROGRAM, program_version
from protocol.errors import KimError, kim_error
from protocol.keys import PrivateKey
from protocol.problem_documents import MEDIA_TYPE
from protocol.request_signatures import CLIENT_HEADER, OVERRIDE_HEADER
from protocol.strict_json import JsonValue
from protocol.texts import Text

FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 60.0
#: A request and its answer may take this many times the patience for one read, all in all.
DEADLINE_IN_READS: Final = 4
_PIECE_BYTES: Final = 8_192
#: Methods that proxies refuse; they travel as POST then.
_OFTEN_BLOCKED: Final = frozenset({"PUT", "DELETE"})


class _NoCredentials(AuthBase):
    """Keeps requests from looking up passwords for the host in ``.netrc``."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


OnRetry = Callable[[KimError, int, float], None]
"""Told before a call is tried again: why, the number of the attempt to come, seconds until then."""


class Transport:
    """Sends calls to one hub."""

    def __init__(
        self,
        settings: HubSettings,
        *,
        node: str,
        clock: Clock,
        key: PrivateKey | None,
        on_retry: OnRetry | None = None,
    ) -> None:
        """Prepare a session; nothing is sent yet.

        Args:
            settings: address, patience, certificates.
            node: identity of this node; only spreads its retries in time.
            clock: for waiting, and for the time of signatures.
            key: signs every request; without one, only what is open to everybody is answered.
            on_retry: told before every further attempt.
        """
        self._settings = settings
        self._signer = None if key is None else Signer(key, audience=settings.audience, clock=clock)
        self._blocked = False
        self._on_retry = on_retry
        self._node = node
        self._clock = clock
        self._session = self._new_session()
        self.notice: Notice | None = None

    def _new_session(self) -> requests.Session:
        session = requests.Session()
        session.auth = _NoCredentials()
        # A proxy of the environment must not carry requests that never leave this machine.
        session.trust_env = not self._settings.loopback
        product = f"{PROGRAM}/{program_version()}"
        session.headers.update(
            {
                "User-Agent": product,
                CLIENT_HEADER: product,
                "Accept": f"application/json, {MEDIA_TYPE}",
                "Accept-Encoding": "identity",
            }
        )
        return session

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def send(self, call: Call) -> JsonValue:
        """Send a call until it is answered, at most as often as the settings say.

        Args:
            call: the request.

        Returns:
            The JSON value of the answer, None for an answer without content.

        Raises:
            KimError: the hub's refusal, ``hub_unreachable``, ``not_a_hub`` or ``wrong_audience``.
        """
        content = self.fetch(call)
        return parse_json(content) if content else None

    def fetch(self, call: Call) -> bytes:
        """Send a call like :meth:`send` and return the content of the answer as it came.

        Raises:
            KimError: as :meth:`send`.
        """
        attempt = 0
        while True:
            attempt += 1
            try:
                return self._send_signed(call)
            except Postponed as postponed:
                pause = self._pause(call, attempt=attempt, at_least=postponed.after_seconds)
                if attempt >= self._settings.attempts or pause > LONGEST_PAUSE_SECONDS:
                    raise postponed.error from postponed.__cause__
                if self._on_retry is not None:
                    self._on_retry(postponed.error, attempt + 1, pause)
                self._clock.wait(pause)

    def _pause(self, call: Call, *, attempt: int, at_least: float) -> float:
        # Full jitter: anywhere between nothing and the doubled ceiling, so that 54 nodes do not come back
        # together. The spread is drawn from who asks for what and how often so far; it need not be secret.
        ceiling = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * (1 << attempt))
        seed = f"{self._node} {call.method} {call.path} {attempt}".encode()
        share = int.from_bytes(hashlib.sha256(seed).digest()[:4], "big") / 2**32
        return max(at_least, ceiling * share)

    def _send_signed(self, call: Call) -> bytes:
        """Send once; once more if the clock or a method that is blocked on the way was in the way."""
        try:
            return self._send_once(call)
        except OtherTime as other:
            if self._signer is None or not self._signer.follow(other.server_time):
                raise other.error from None
        except MethodBlocked as blocked:
            if self._blocked or call.method not in _OFTEN_BLOCKED:
                raise blocked.error from None
            self._blocked = True  # for every further call: the proxy will not change its mind
        try:
            return self._send_once(call)
        except (OtherTime, MethodBlocked) as again:
            raise again.error from None

    def _send_once(self, call: Call) -> bytes:
        session, seconds = self._session, DEADLINE_IN_READS * self._settings.read_timeout_seconds
        try:
            return within(seconds, lambda given_up: self._exchange(session, call, given_up))
        except DeadlineError as error:
            # The work that was given up keeps its session. Not postponed: all patience for the call is spent.
            self._session = self._new_session()
            raise kim_error("hub_unreachable", _too_slow(self._settings.url, seconds)) from error
        except requests.exceptions.SSLError as error:
            raise _untrusted_certificate() from error
        except requests.exceptions.ProxyError as error:
            raise Postponed(kim_error("hub_unreachable", _no_way_out(self._settings.url))) from error
        except requests.RequestException as error:
            # The exception's text may name proxies and their users: it is kept as the cause, not shown.
            raise Postponed(kim_error("hub_unreachable", _silent(self._settings.url))) from error
        except OSError as error:
            raise _missing_certificates() from error

    def _exchange(self, session: requests.Session, call: Call, given_up: GivenUp) -> bytes:
        overridden = self._blocked and call.method in _OFTEN_BLOCKED
        with session.request(
            "POST" if overridden else call.method,
            self._settings.url + call.path,
            data=call.body,
            headers={
                **call.headers,
                **(self._signer.headers(call) if self._signer is not None else {}),
                **({OVERRIDE_HEADER: call.method} if overridden else {}),
            },
            timeout=(self._settings.connect_timeout_seconds, self._settings.read_timeout_seconds),
            allow_redirects=False,
            stream=True,
            verify=str(self._settings.ca_bundle) if self._settings.ca_bundle else None,
        ) as response:
            content = _content(response, given_up, most_bytes=call.most_bytes)
            require_whole(response, content, self._settings)
            require_hub(response, self._settings)
            self.notice = read_notice(response.headers.get(NOTICE_HEADER)) or self.notice
            require_success(response, content, now=self._clock.now())
            return content


def _content(response: requests.Response, given_up: GivenUp, *, most_bytes: int) -> bytes:
    content = bytearray()
    for piece in response.iter_content(_PIECE_BYTES):
        given_up.check()
        content += piece
        if len(content) > most_bytes:
            raise kim_error("not_a_hub", _too_long())
    return bytes(content)


def _too_long() -> Text:
    return Text("Die Antwort ist zu lang.", "The answer is too long.")


def _silent(url: str) -> Text:
    # The configured address holds no credentials: the settings see to that.
    return Text(f"Unter {url} antwortet niemand.", f"Nobody answers at {url}.")


def _no_way_out(url: str) -> Text:
    # Whether it refused the login or is not there at all stands in the exception's text alone.
    return Text(
        f"Der Proxy dieses Rechners stellt keine Verbindung zu {url} her: Er ist nicht da, verlangt eine "
        "Anmeldung (407) oder sperrt die Adresse. Er steht in der Umgebungsvariablen HTTPS_PROXY, eine "
        "Anmeldung als http://Name:Passwort@Proxy:Port.",
        f"This machine's proxy makes no connection to {url}: it is not there, asks for credentials (407) or "
        "blocks the address. It stands in the environment variable HTTPS_PROXY, credentials as "
        "http://name:password@proxy:port.",
    )


def _too_slow(url: str, seconds: float) -> Text:
    return Text(
        f"Die Antwort von {url} war nach {seconds:.0f} Sekunden nicht vollständig.",
        f"The answer of {url} was not complete after {seconds:.0f} seconds.",
    )


def _untrusted_certificate() -> KimError:
    return kim_error(
        "hub_unreachable",
        Text(
            "Das Zertifikat der Gegenstelle ist nicht vertrauenswürdig. Bricht ein Proxy die Verbindung auf, "
            "gehört sein Zertifikat in [hub] ca_bundle.",
            "The certificate of the other side is not trusted. If a proxy opens the connection, its "
            "certificate belongs in [hub] ca_bundle.",
        ),
    )


def _missing_certificates() -> KimError:
    return kim_error(
        "config_invalid",
        Text(
            "Die Datei unter [hub] ca_bundle ist nicht lesbar.",
            "The file named in [hub] ca_bundle cannot be read.",
        ),
        pointer="/hub/ca_bundle",
    )
