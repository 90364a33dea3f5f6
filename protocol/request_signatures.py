"""Who is calling, for this request and no other: HTTP message signatures (SPEC P-120..P-126).

RFC 9421 with Ed25519 over exactly one set of components, and RFC 9530 for the body. There is one spelling of
a signature and nothing to choose: another component, parameter, label, tag or order is refused, so no two
requests share a signature and no bit of one is free to change. `@authority` and `@target-uri` stay outside,
because proxies rewrite them; the header `Kim-Hub` names the hub instead, and `@path` is the path as the hub
knows it, below its address.

Needs `http-message-signatures` beside the base install: only who speaks HTTP imports this module. It has no
clock and no memory: the caller judges time with :meth:`RequestSignature.is_timely`, remembers nonces for
:data:`REMEMBERED_SECONDS`, and decides whose key may do what.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from http_message_signatures import (
    HTTPMessageSignaturesException,
    HTTPMessageSigner,
    HTTPMessageVerifier,
    HTTPSignatureAlgorithm,
    HTTPSignatureKeyResolver,
)

from protocol.errors import KimError, kim_error
from protocol.forms import SHA256_HEX
from protocol.keys import SIGNATURE_BYTES, PrivateKey, PublicKey
from protocol.strict_json import decode_base64, encode_base64
from protocol.texts import Text

TAG: Final = "kim-req/1"
LABEL: Final = "kim"
COMPONENTS: Final = ("@method", "@path", "@query", "content-digest", "content-type", "kim-hub")
#: Longest validity, and largest difference between the clocks of caller and hub.
MAX_SECONDS: Final = 300
#: How long a hub remembers a nonce: longer than a signature can be timely (SPEC P-124).
REMEMBERED_SECONDS: Final = 900
#: What a request without a body says it contains: every component is there in every request.
NO_CONTENT: Final = "application/octet-stream"
#: The method that is meant, of a `POST` that a proxy lets through (SPEC P-126).
OVERRIDE_HEADER: Final = "X-HTTP-Method-Override"
#: Name and release of the program that sends a request, as it says itself (SPEC P-149).
CLIENT_HEADER: Final = "Kim-Client"

#: In the order in which the library writes them.
_PARAMETERS: Final = ("created", "keyid", "expires", "nonce", "tag")
_SIGNATURE: Final = re.compile(rf"{LABEL}=:([A-Za-z0-9+/=]{{1,100}}):")
_NONCE: Final = re.compile(r"[A-Za-z0-9+/]{43}=")
# The library wants an absolute address; no component that is covered depends on this part of it.
_BASE: Final = "https://hub.invalid"


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it is signed: what the hub will see of it.

    Attributes:
        method: upper case; the one that is meant (SPEC P-126).
        path: absolute and percent-encoded, as the hub knows it.
        query: without the question mark; empty if there is none.
        headers: lower-case name -> value; those that are not covered may be left out.
        body: the content, byte for byte.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class RequestSignature:
    """What a signature that holds says.

    Attributes:
        keyid: the key it was made with.
        nonce: 32 random bytes in base64; once per key.
        created: when it was made, by the caller's clock.
        expires: until when it may be used.
    """

    keyid: str
    nonce: str
    created: datetime
    expires: datetime

    def is_timely(self, now: datetime) -> bool:
        """Whether it may be used at this moment (SPEC P-123)."""
        return abs(now - self.created) <= timedelta(seconds=MAX_SECONDS) and now <= self.expires


def content_digest(body: bytes) -> str:
    """Return the one accepted `Content-Digest` of a body (RFC 9530 section 2)."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode('ascii')}:"


def sign_request(
    request: Request, key: PrivateKey, *, audience: str, created: datetime, nonce: bytes
) -> dict[str, str]:
    """Return the headers that make a request one of this key's owner.

    Args:
        request: method, path, query and body; of its headers only `content-type` is looked at.
        key: the caller's key.
        audience: the hub it is meant for.
        created: now, by the clock that the hub agrees with.
        nonce: 32 fresh random bytes.

    Returns:
        `Content-Digest`, `Content-Type`, `Kim-Hub`, `Signature-Input`, `Signature`, to be sent as they are.

    Raises:
        ValueError: if the request cannot be signed: its path is not encoded, a header holds control
            characters.
    """
    headers = {
        "Content-Digest": content_digest(request.body),
        "Content-Type": request.headers.get("content-type", NO_CONTENT),
        "Kim-Hub": audience,
    }
    message = _Message(request.method, _url(request), headers)
    signer = HTTPMessageSigner(signature_algorithm=_Ed25519)
    moment = created.replace(microsecond=0)
    try:
        prepared = signer.prepare(
            message,
            key_id=key.public.keyid,
            created=moment,
            expires=moment + timedelta(seconds=MAX_SECONDS),
            nonce=encode_base64(nonce),
            label=LABEL,
            tag=TAG,
            include_alg=False,
            covered_component_ids=COMPONENTS,
            use_existing_digest=True,
        )
        signer.apply(message, prepared, key.sign(prepared.signature_base))
    except HTTPMessageSignaturesException as error:
        raise ValueError("this request cannot be signed") from error
    return headers


def verify_request(
    request: Request, *, audience: str, key_of: Callable[[str], PublicKey]
) -> RequestSignature:
    """Check that a request is, byte for byte, one that the owner of a key has signed.

    The caller must still judge the time, refuse a nonce that it knows, and decide what the owner may do.

    Args:
        request: as received; `headers` has every covered field and the two of the signature.
        audience: the hub that received it.
        key_of: gives the key for a key id. It is asked once the form is right; for an unknown key id it gives
            one that nobody signs with, so that the answer takes as long.

    Returns:
        What the signature says.

    Raises:
        KimError: `request_signature_missing`; `wrong_audience` for a request that was signed for another hub;
            `request_signature_invalid` for everything else, whatever it is.
        Exception: whatever `key_of` raises, as it is.
    """
    # 1. There is a signature.
    written = request.headers.get("signature-input"), request.headers.get("signature")
    if written[0] is None or written[1] is None:
        raise kim_error("request_signature_missing")
    # 2. It is 64 bytes in their only spelling, under the one label (SPEC P-121).
    _require_one_spelling(written[1])
    # 3. It holds over the components that it lists; the library builds the base (RFC 9421 section 2.5).
    resolver = _Resolver(key_of)
    verifier = _Verifier(signature_algorithm=_Ed25519, key_resolver=resolver)
    try:
        (result,) = verifier.verify(_Message(request.method, _url(request), request.headers))
    except (HTTPMessageSignaturesException, ValueError) as error:
        # The library calls everything a bad signature; a key that could not be looked up is none.
        if resolver.fault is not None:
            raise resolver.fault from None
        raise _invalid() from error
    # 4. It lists exactly ours, in our order, with exactly our parameters, spelt as we spell them.
    covered = dict(result.covered_components)
    serialized = covered.pop('"@signature-params"')
    if tuple(covered) != _QUOTED or written[0] != f"{LABEL}={serialized}":
        raise _invalid()
    signature = _signature(result.parameters)
    # 5. The body is the one whose digest was signed (RFC 9530).
    if not hmac.compare_digest(request.headers["content-digest"], content_digest(request.body)):
        raise _invalid()
    # 6. It is meant for this hub.
    if not hmac.compare_digest(request.headers["kim-hub"].encode(), audience.encode()):
        raise kim_error("wrong_audience", pointer="/headers/Kim-Hub")
    return signature


_QUOTED: Final = tuple(f'"{name}"' for name in COMPONENTS)


def _signature(parameters: Mapping[str, int | str]) -> RequestSignature:
    created, expires = parameters.get("created"), parameters.get("expires")
    keyid, nonce = parameters.get("keyid"), parameters.get("nonce")
    if not (
        tuple(parameters) == _PARAMETERS
        and parameters["tag"] == TAG
        and isinstance(created, int)
        and isinstance(expires, int)
        and isinstance(keyid, str)
        and isinstance(nonce, str)
        and SHA256_HEX.fullmatch(keyid)
        and _NONCE.fullmatch(nonce)
        # SPEC P-123: what can be used for long can be stolen for long.
        and 0 < expires - created <= MAX_SECONDS
    ):
        raise _invalid()
    try:
        decode_base64(nonce)
        return RequestSignature(
            keyid, nonce, datetime.fromtimestamp(created, UTC), datetime.fromtimestamp(expires, UTC)
        )
    except (KimError, ValueError, OverflowError, OSError):
        raise _invalid() from None


def _require_one_spelling(text: str) -> None:
    form = _SIGNATURE.fullmatch(text)
    try:
        signature = decode_base64(form[1]) if form else b""
    except KimError:
        signature = b""
    if len(signature) != SIGNATURE_BYTES:
        raise _invalid()


def _url(request: Request) -> str:
    if not request.path.startswith("/"):
        raise ValueError("this request cannot be signed: its path is not absolute")
    return f"{_BASE}{request.path}?{request.query}"


def _invalid() -> KimError:
    return kim_error(
        "request_signature_invalid",
        Text(
            "Die Anfrage kam anders an, als sie unterschrieben wurde, oder ihre Signatur hat nicht die "
            "vereinbarte Form.",
            "The request did not arrive as it was signed, or its signature does not have the agreed form.",
        ),
    )


@dataclass(frozen=True, slots=True)
class _Message:
    """What the library asks of a request."""

    method: str
    url: str
    headers: Mapping[str, str]


class _Ed25519(HTTPSignatureAlgorithm):
    """The keys of :mod:`protocol.keys` for the library; nothing else is accepted."""

    algorithm_id = "ed25519"

    def __init__(self, public_key: PublicKey) -> None:
        """Verify with this key."""
        self._public_key = public_key

    def verify(self, signature: bytes, message: bytes) -> None:
        """Raise `KimError` unless the signature holds; the library makes its own refusal of it."""
        self._public_key.verify(signature, message)


class _Resolver(HTTPSignatureKeyResolver):
    """Asks the caller for a key, and keeps what went wrong there."""

    def __init__(self, key_of: Callable[[str], PublicKey]) -> None:
        """Ask `key_of`."""
        self._key_of = key_of
        self.fault: Exception | None = None

    def resolve_public_key(self, key_id: str) -> PublicKey:
        """Return the key for a key id."""
        try:
            return self._key_of(key_id)
        except Exception as fault:
            self.fault = fault
            raise


class _Verifier(HTTPMessageVerifier):
    """The library's verifier, with the times left to whoever has a clock."""

    def validate_created_and_expires(self, sig_input: Any, max_age: timedelta | None = None) -> None:  # noqa: ANN401
        """Judge nothing: :meth:`RequestSignature.is_timely` does, by the caller's clock."""
