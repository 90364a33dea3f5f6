"""RFC 9421, Appendix B.2.6: the specification's own Ed25519 example, typed in by hand.

The signature there covers other components under another label, so our hub refuses it; what is checked is
that base, key and signature are the specification's, byte for byte.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from http_message_signatures import HTTPMessageSigner, HTTPSignatureAlgorithm

from protocol.errors import KimError
from protocol.keys import PrivateKey, PublicKey
from protocol.request_signatures import Request, content_digest, sign_request, verify_request

#: B.1.4
KEY = b"""-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF
-----END PRIVATE KEY-----
"""
PUBLIC = "JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs="
#: B.2.6
BASE = (
    '"date": Tue, 20 Apr 2021 02:07:55 GMT\n'
    '"@method": POST\n'
    '"@path": /foo\n'
    '"@authority": example.com\n'
    '"content-type": application/json\n'
    '"content-length": 18\n'
    '"@signature-params": ("date" "@method" "@path" "@authority" "content-type" "content-length")'
    ';created=1618884473;keyid="test-key-ed25519"'
)
SIGNATURE = "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="
BODY = b'{"hello": "world"}'


@dataclass
class Message:
    """The request of section B.2."""

    method: str = "POST"
    url: str = "https://example.com/foo?param=Value&Pet=dog"
    headers: dict[str, str] = field(
        default_factory=lambda: {
            "Host": "example.com",
            "Date": "Tue, 20 Apr 2021 02:07:55 GMT",
            "Content-Type": "application/json",
            "Content-Length": "18",
        }
    )


class Named(HTTPSignatureAlgorithm):
    """Only a name: the base is what is compared."""

    algorithm_id = "ed25519"


def key() -> PrivateKey:
    loaded = load_pem_private_key(KEY, password=None)
    assert isinstance(loaded, Ed25519PrivateKey)
    return PrivateKey(loaded)


def test_the_key_is_the_specifications() -> None:
    assert base64.b64encode(key().public.raw).decode() == PUBLIC


def test_the_library_builds_the_specifications_base_and_our_key_signs_it() -> None:
    prepared = HTTPMessageSigner(signature_algorithm=Named).prepare(
        Message(),
        key_id="test-key-ed25519",
        created=datetime.fromtimestamp(1618884473, UTC),
        include_alg=False,
        covered_component_ids=("date", "@method", "@path", "@authority", "content-type", "content-length"),
    )
    assert prepared.signature_base.decode() == BASE
    signature = base64.b64decode(SIGNATURE)
    assert key().sign(prepared.signature_base) == signature
    PublicKey(base64.b64decode(PUBLIC)).verify(signature, BASE.encode())


def test_a_request_that_covers_other_components_is_refused() -> None:
    """The specification's example itself, sent to a hub."""
    request = Request(
        "POST",
        "/foo",
        "param=Value&Pet=dog",
        {
            "date": "Tue, 20 Apr 2021 02:07:55 GMT",
            "content-type": "application/json",
            "content-length": "18",
            "content-digest": content_digest(BODY),
            "kim-hub": "kim-nrw/local",
            "signature-input": 'sig-b26=("date" "@method" "@path" "@authority" "content-type" '
            '"content-length");created=1618884473;keyid="test-key-ed25519"',
            "signature": f"sig-b26=:{SIGNATURE}:",
        },
        BODY,
    )
    with pytest.raises(KimError) as caught:
        verify_request(request, audience="kim-nrw/local", key_of=lambda keyid: key().public)
    assert caught.value.code == "request_signature_invalid"


def test_the_digest_of_a_body_is_that_of_rfc_9530() -> None:
    """RFC 9530 appendix B.1, body with the line feed of its figure; and of no body."""
    assert content_digest(b'{"hello": "world"}\n') == "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"
    empty = base64.b64encode(hashlib.sha256(b"").digest()).decode()
    assert content_digest(b"") == f"sha-256=:{empty}:"


def test_what_we_sign_by_hand() -> None:
    """Our base, spelt out: RFC 9421 section 2.5 with the components of SPEC P-121."""
    created = datetime(2026, 10, 9, 8, 15, tzinfo=UTC)
    request = Request("PUT", "/v1/submissions/abc/chunks/0", "", {}, b"some bytes")
    signed = sign_request(request, key(), audience="kim-nrw/local", created=created, nonce=bytes(range(32)))
    at, until = int(created.timestamp()), int((created + timedelta(seconds=300)).timestamp())
    parameters = (
        '("@method" "@path" "@query" "content-digest" "content-type" "kim-hub")'
        f';created={at};keyid="{key().public.keyid}";expires={until}'
        ';nonce="AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";tag="kim-req/1"'
    )
    base = (
        '"@method": PUT\n'
        '"@path": /v1/submissions/abc/chunks/0\n'
        '"@query": ?\n'
        f'"content-digest": {content_digest(b"some bytes")}\n'
        '"content-type": application/octet-stream\n'
        '"kim-hub": kim-nrw/local\n'
        f'"@signature-params": {parameters}'
    )
    expected = base64.b64encode(key().sign(base.encode())).decode()
    assert signed["Signature-Input"] == f"kim={parameters}"
    assert signed["Signature"] == f"kim=:{expected}:"
