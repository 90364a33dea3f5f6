"""One HTTP request to the hub, tried patiently, and the answer recognised as the hub's own.

Invariants: every attempt is signed anew, with a nonce of its own; nothing is taken for an answer of the hub
that does not say which hub it is; redirects are not followed; no password of the machine's ``.netrc`` is ever
sent; answers are read up to a limit, and one request and its answer have one deadline. Every request of the
protocol is idempotent, so repeating one is always safe.

The network is untrusted. If the hub says that this machine's clock is wrong, requests are signed by the hub's
time, if that is less than a day away; the clock itself is never touched.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

import requests
from requests.auth import AuthBase

from node.clock import Clock
from node.hub_client.answers import Notice, read_notice
from node.hub_client.deadline import DeadlineError, GivenUp, within
from node.hub_client.wording import refusal_of
from node.settings import HubSettings
from node.version import PROGRAM, program_version
from protocol import strict_json
from protocol.errors import KimError, kim_error
from protocol.keys import PrivateKey, new_nonce
from protocol.problems import MEDIA_TYPE
from protocol.request_signatures import OVERRIDE_HEADER, Request, sign_request
from protocol.strict_json import JsonValue
from protocol.texts import Text

HUB_HEADER: Final = "Kim-Hub"
NOTICE_HEADER: Final = "Kim-Notice"
MAX_ANSWER_BYTES: Final = 1 << 20
FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 60.0
#: A request and its answer may take this many times the patience for one read, all in all.
DEADLINE_IN_READS: Final = 4
_PIECE_BYTES: Final = 8_192

# Refusals that usually pass within the patience of one command. Others of the kind "later" (a period that is
# not open yet, a suspended node) do not, and are reported at once.
_PASSING: Final = frozenset(
    {
        "hub_unreachable",
        "busy",
        "rate_limited",
        "internal",
        "digest_mismatch",
        # A proxy altered or repeated a request; the next one has another signature.
        "request_signature_invalid",
        "nonce_replayed",
    }
)
_GATEWAY_FAILURES: Final = frozenset({502, 503, 504})
#: How a proxy answers that knows no other methods than GET and POST.
_METHOD_BLOCKED: Final = frozenset({403, 405, 501})
_OFTEN_BLOCKED: Final = frozenset({"PUT", "DELETE"})
#: Somebody on the way could answer with any time: requests signed far in the future could be kept for later.
_FARTHEST_CLOCK: Final = timedelta(hours=24)
_INSTANT: Final = re.compile(r"[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}Z", re.ASCII)


class _NoCredentials(AuthBase):
    """Keeps requests from looking up passwords for the host in ``.netrc``."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


@dataclass(frozen=True, slots=True)
class Call:
    """One request.

    Attributes:
        method: HTTP method.
        path: path below the hub's address, starting with a slash; made of our own ids only.
        body: content, or None.
        headers: further headers.
        most_bytes: longest answer that is read.
    """

    method: str
    path: str
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    most_bytes: int = MAX_ANSWER_BYTES


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
        key: PrivateKey,
        on_retry: OnRetry | None = None,
    ) -> None:
        """Prepare a session; nothing is sent yet.

        Args:
            settings: address, patience, certificates.
            node: identity of this node; only spreads its retries in time.
            clock: for waiting, and for the time of signatures.
            key: signs every request.
            on_retry: told before every further attempt.
        """
        self._settings = settings
        self._key = key
        self._ahead = timedelta(0)
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
                "Kim-Client": product,
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
                return self._send_patiently_signed(call)
            except _Postponed as postponed:
                pause = self._pause(call, attempt=attempt, at_least=postponed.after_seconds)
                if attempt >= self._settings.attempts or pause > LONGEST_PAUSE_SECONDS:
                    raise postponed.error from postponed.__cause__
                if self._on_retry is not None:
                    self._on_retry(postponed.error, attempt + 1, pause)
                self._clock.wait(pause)

    def _pause(self, call: Call, *, attempt: int, at_least: float) -> float:
        # Full jitter: anywhere between nothing and the doubled ceiling, so that 54 nodes do not come back
        # together. The spread is drawn from who asks what for the how-manieth time; it need not be secret.
        ceiling = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * (1 << attempt))
        seed = f"{self._node} {call.method} {call.path} {attempt}".encode()
        share = int.from_bytes(hashlib.sha256(seed).digest()[:4], "big") / 2**32
        return max(at_least, ceiling * share)

    def _send_patiently_signed(self, call: Call) -> bytes:
        """Send once; once more if the clock or a method that is blocked on the way was in the way."""
        try:
            return self._send_once(call)
        except _OtherTime as other:
            self._ahead = self._ahead_by(other)
        except _MethodBlocked as blocked:
            if self._blocked or call.method not in _OFTEN_BLOCKED:
                raise blocked.error from None
            self._blocked = True  # for every further call: the proxy will not change its mind
        try:
            return self._send_once(call)
        except (_OtherTime, _MethodBlocked) as again:
            raise again.error from None

    def _ahead_by(self, other: _OtherTime) -> timedelta:
        ahead = other.server_time - self._clock.now()
        if abs(ahead) > _FARTHEST_CLOCK:
            raise other.error
        return ahead

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
        except requests.RequestException as error:
            # The exception's text may name proxies and their users: it is kept as the cause, not shown.
            raise _Postponed(kim_error("hub_unreachable", _silent(self._settings.url))) from error
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
                **self._signature(call),
                **({OVERRIDE_HEADER: call.method} if overridden else {}),
            },
            timeout=(self._settings.connect_timeout_seconds, self._settings.read_timeout_seconds),
            allow_redirects=False,
            stream=True,
            verify=str(self._settings.ca_bundle) if self._settings.ca_bundle else None,
        ) as response:
            content = _content(response, given_up, most_bytes=call.most_bytes)
            self._recognise(response, content)
            return content

    def _signature(self, call: Call) -> dict[str, str]:
        # The path below the hub's address: what a proxy puts in front of it is the proxy's.
        path, _, query = call.path.partition("?")
        headers = {name.lower(): value for name, value in call.headers.items()}
        return sign_request(
            Request(call.method, path, query, headers, call.body or b""),
            self._key,
            audience=self._settings.audience,
            created=self._clock.now() + self._ahead,
            nonce=new_nonce(),
        )

    def _recognise(self, response: requests.Response, content: bytes) -> None:
        # 1. It says which hub it is. Everything else comes from a proxy, a portal or a stranger.
        hub = response.headers.get(HUB_HEADER)
        if hub is None:
            error = _stranger(self._settings.url, response.status_code)
            if isinstance(error, KimError) and response.status_code in _METHOD_BLOCKED:
                raise _MethodBlocked(error)
            raise error
        # 2. It is the hub that this node delivers to.
        if hub != self._settings.audience:
            raise kim_error("wrong_audience", _other_hub(self._settings.audience))
        self.notice = read_notice(response.headers.get(NOTICE_HEADER)) or self.notice
        # 3. A refusal is a problem document.
        if response.status_code >= 400:
            raise self._refusal(response, content)
        # 4. Anything but success has no meaning in the protocol.
        if not 200 <= response.status_code < 300:
            raise kim_error("not_a_hub")

    def _refusal(self, response: requests.Response, content: bytes) -> Exception:
        media = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        document = parse_json(content) if media == MEDIA_TYPE else None
        if not isinstance(document, dict):
            return kim_error("not_a_hub")
        error = refusal_of(document)
        server_time = document.get("server_time")
        if error.code == "clock_skew" and isinstance(server_time, str) and _INSTANT.fullmatch(server_time):
            return _other_time(error, server_time)
        if error.code in _PASSING:
            return _Postponed(error, after_seconds=self._retry_after(response))
        return error

    def _retry_after(self, response: requests.Response) -> float:
        raw = response.headers.get("Retry-After", "")
        if raw.isascii() and raw.isdigit():
            return float(raw)
        try:
            moment = parsedate_to_datetime(raw)
        except ValueError:
            return 0.0
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0.0, (moment - self._clock.now()).total_seconds())


def _content(response: requests.Response, given_up: GivenUp, *, most_bytes: int) -> bytes:
    content = bytearray()
    for piece in response.iter_content(_PIECE_BYTES):
        given_up.check()
        content += piece
        if len(content) > most_bytes:
            raise kim_error("not_a_hub", _too_long())
    return bytes(content)


class _Postponed(Exception):  # noqa: N818 - not an error by itself: the same call will be tried again
    """The call failed in a way that usually passes."""

    def __init__(self, error: KimError, *, after_seconds: float = 0.0) -> None:
        super().__init__(error.code)
        self.error = error
        self.after_seconds = after_seconds


class _OtherTime(Exception):  # noqa: N818 - not an error by itself: the call is signed by the hub's time
    """The hub's clock shows another time."""

    def __init__(self, error: KimError, server_time: datetime) -> None:
        super().__init__(error.code)
        self.error = error
        self.server_time = server_time


class _MethodBlocked(Exception):  # noqa: N818 - not an error by itself: the call goes another way
    """Somebody on the way answered who may only mind the method."""

    def __init__(self, error: KimError) -> None:
        super().__init__(error.code)
        self.error = error


def _other_time(error: KimError, server_time: str) -> Exception:
    try:
        return _OtherTime(error, datetime.fromisoformat(server_time))
    except ValueError:
        return error


def parse_json(content: bytes) -> JsonValue:
    """Read an answer of the hub strictly.

    Raises:
        KimError: ``not_a_hub`` if it is no JSON with one meaning.
    """
    try:
        return strict_json.loads(content, max_bytes=MAX_ANSWER_BYTES)
    except KimError as error:
        raise kim_error("not_a_hub") from error


def _stranger(url: str, status: int) -> KimError | _Postponed:
    if status in _GATEWAY_FAILURES:
        return _Postponed(
            kim_error(
                "hub_unreachable",
                Text(
                    f"Vor {url} antwortet ein Proxy, dass der Hub nicht da ist ({status}).",
                    f"A proxy in front of {url} answers that the hub is not there ({status}).",
                ),
            )
        )
    if status == 407:
        return kim_error(
            "not_a_hub",
            Text(
                "Der Proxy verlangt eine Anmeldung (407).",
                "The proxy asks for credentials (407).",
            ),
        )
    return kim_error(
        "not_a_hub",
        Text(
            f"Was unter {url} antwortet (Status {status}), trägt keine Kennung eines KIM-Hubs.",
            f"What answers at {url} (status {status}) does not carry the mark of a KIM hub.",
        ),
    )


def _other_hub(audience: str) -> Text:
    return Text(
        f"Unter der Adresse antwortet ein anderer Hub als „{audience}“.",
        f"Another hub than '{audience}' answers at this address.",
    )


def _too_long() -> Text:
    return Text("Die Antwort ist zu lang.", "The answer is too long.")


def _silent(url: str) -> Text:
    # The configured address holds no credentials: the settings see to that.
    return Text(f"Unter {url} antwortet niemand.", f"Nobody answers at {url}.")


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
