"""Whether an answer is the hub's own, and what it refuses.

Invariant: nothing is taken for an answer of the hub that does not say which hub it is.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

import requests

from node.hub_client.call import MAX_ANSWER_BYTES
from node.hub_client.wording import refusal_of
from node.settings import HubSettings
from protocol import strict_json
from protocol.errors import KimError, kim_error
from protocol.problem_documents import MEDIA_TYPE
from protocol.strict_json import JsonValue
from protocol.texts import Text

HUB_HEADER: Final = "Kim-Hub"
NOTICE_HEADER: Final = "Kim-Notice"

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
_INSTANT: Final = re.compile(r"[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}Z", re.ASCII)


class Postponed(Exception):  # noqa: N818 - not an error by itself: the same call will be tried again
    """The call failed in a way that usually passes."""

    def __init__(self, error: KimError, *, after_seconds: float = 0.0) -> None:
        super().__init__(error.code)
        self.error = error
        self.after_seconds = after_seconds


class OtherTime(Exception):  # noqa: N818 - not an error by itself: the call is signed by the hub's time
    """The hub's clock shows another time."""

    def __init__(self, error: KimError, server_time: datetime) -> None:
        super().__init__(error.code)
        self.error = error
        self.server_time = server_time


class MethodBlocked(Exception):  # noqa: N818 - not an error by itself: the call goes another way
    """Somebody on the way answered who may only mind the method."""

    def __init__(self, error: KimError) -> None:
        super().__init__(error.code)
        self.error = error


def require_whole(response: requests.Response, content: bytes, settings: HubSettings) -> None:
    """Make sure that an answer was not cut off in its headers: what is left of it looks like an empty answer.

    One that is cut off later has less content than it announced, and was noticed where it was read.

    Raises:
        Postponed: nothing came, and nothing said that nothing would.
    """
    says_so = any(name in response.headers for name in ("Content-Length", "Transfer-Encoding"))
    is_empty = response.status_code == HTTPStatus.NO_CONTENT and HUB_HEADER in response.headers
    if not (content or says_so or is_empty):
        raise Postponed(
            kim_error(
                "hub_unreachable",
                Text(
                    f"Die Antwort von {settings.url} ist unterwegs abgerissen.",
                    f"The answer of {settings.url} was cut off on the way.",
                ),
            )
        )


def require_hub(response: requests.Response, settings: HubSettings) -> None:
    """Make sure that the hub of ``settings`` answered; what it says is the caller's to read.

    Raises:
        KimError: ``not_a_hub`` or ``wrong_audience``.
        Postponed: a proxy says that the hub is not there.
        MethodBlocked: a proxy refused what may be the method alone.
    """
    # 1. It says which hub it is. Everything else comes from a proxy, a portal or a stranger.
    hub = response.headers.get(HUB_HEADER)
    if hub is None:
        error = _stranger(settings.url, response.status_code)
        if isinstance(error, KimError) and response.status_code in _METHOD_BLOCKED:
            raise MethodBlocked(error)
        raise error
    # 2. It is the hub that this node delivers to.
    if hub != settings.audience:
        raise kim_error("wrong_audience", _other_hub(settings.audience))


def require_success(response: requests.Response, content: bytes, *, now: datetime) -> None:
    """Make sure that the hub did what it was asked for.

    Args:
        response: of the hub, see :func:`require_hub`.
        content: what was read of it.
        now: by this machine's clock, for a pause that ends at a moment.

    Raises:
        KimError: the hub's refusal, or ``not_a_hub``.
        Postponed: a refusal that usually passes.
        OtherTime: the hub's clock shows another time.
    """
    # 3. A refusal is a problem document.
    if response.status_code >= 400:
        raise _refusal(response, content, now)
    # 4. Anything but success has no meaning in the protocol.
    if not 200 <= response.status_code < 300:
        raise kim_error("not_a_hub")


def _refusal(response: requests.Response, content: bytes, now: datetime) -> Exception:
    media = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    document = parse_json(content) if media == MEDIA_TYPE else None
    if not isinstance(document, dict):
        return kim_error("not_a_hub")
    error = refusal_of(document)
    server_time = document.get("server_time")
    if error.code == "clock_skew" and isinstance(server_time, str) and _INSTANT.fullmatch(server_time):
        return _other_time(error, server_time)
    if error.code in _PASSING:
        return Postponed(error, after_seconds=_retry_after(response, now))
    return error


def _retry_after(response: requests.Response, now: datetime) -> float:
    raw = response.headers.get("Retry-After", "")
    if raw.isascii() and raw.isdigit():
        return float(raw)
    try:
        moment = parsedate_to_datetime(raw)
    except ValueError:
        return 0.0
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


def _other_time(error: KimError, server_time: str) -> Exception:
    try:
        return OtherTime(error, datetime.fromisoformat(server_time))
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


def _stranger(url: str, status: int) -> KimError | Postponed:
    if status in _GATEWAY_FAILURES:
        return Postponed(
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
