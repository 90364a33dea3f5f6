"""Signed requests: one form, one meaning, and not a bit that could be another (SPEC P-120 to P-126)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from protocol import dsse
from protocol.errors import KimError, kim_error
from protocol.keys import PrivateKey, PublicKey, new_nonce
from protocol.request_signatures import (
    CLIENT_HEADER,
    MAX_SECONDS,
    OVERRIDE_HEADER,
    REMEMBERED_SECONDS,
    Request,
    RequestSignature,
    sign_request,
    verify_request,
)
from protocol.strict_json import encode_base64
from tests.factories.submissions import submission

KEY = PrivateKey.generate()
HUB = "kim-nrw/local"
NOW = datetime(2026, 10, 9, 8, 15, 30, 123456, tzinfo=UTC)


def key_of(keyid: str) -> PublicKey:
    assert keyid == KEY.public.keyid
    return KEY.public


def signed(request: Request, **options: object) -> Request:
    named = {"audience": HUB, "created": NOW, "nonce": new_nonce(), **options}
    headers = sign_request(request, KEY, **named)  # type: ignore[arg-type]
    return replace(request, headers={name.lower(): value for name, value in headers.items()})


REQUEST = signed(Request("PUT", "/v1/submissions/abc/chunks/0", "a=b&c", {}, b"some bytes"))


def holds(request: Request) -> bool:
    try:
        verify_request(request, audience=HUB, key_of=lambda keyid: KEY.public)
    except KimError:
        return False
    return True


def test_what_is_signed_holds_and_says_when_and_by_whom() -> None:
    found = verify_request(REQUEST, audience=HUB, key_of=key_of)
    assert found.keyid == KEY.public.keyid
    assert found.created == NOW.replace(microsecond=0)
    assert found.expires - found.created == timedelta(seconds=MAX_SECONDS)
    assert len(found.nonce) == 44


def flipped(text: bytes) -> list[bytes]:
    """Every text that differs in one bit."""
    return [
        text[:place] + bytes([text[place] ^ 1 << bit]) + text[place + 1 :]
        for place in range(len(text))
        for bit in range(8)
    ]


@pytest.mark.parametrize("part", ["method", "path", "query"])
def test_no_bit_of_the_request_line_can_be_flipped(part: str) -> None:
    for text in flipped(getattr(REQUEST, part).encode()):
        assert not holds(replace(REQUEST, **{part: text.decode("latin-1")})), text


@pytest.mark.parametrize("name", sorted(REQUEST.headers))
def test_no_bit_of_a_header_can_be_flipped(name: str) -> None:
    for text in flipped(REQUEST.headers[name].encode()):
        headers = {**REQUEST.headers, name: text.decode("latin-1")}
        assert not holds(replace(REQUEST, headers=headers)), text


def test_no_bit_of_the_body_can_be_flipped() -> None:
    for body in flipped(REQUEST.body):
        assert not holds(replace(REQUEST, body=body)), body


AT = int(NOW.timestamp())
COMPONENTS = ("@method", "@path", "@query", "content-digest", "content-type", "kim-hub")
PARAMETERS = {
    "created": AT,
    "keyid": f'"{KEY.public.keyid}"',
    "expires": AT + 300,
    "nonce": f'"{encode_base64(bytes(32))}"',
    "tag": '"kim-req/1"',
}


def by_hand(
    components: tuple[str, ...] = COMPONENTS, parameters: dict[str, object] | None = None, blank: str = " "
) -> Request:
    """A request whose signature holds, over what it says that it covers (RFC 9421 section 2.5)."""
    headers = {**REQUEST.headers, "via": "1.1 proxy"}
    values = {"@method": REQUEST.method, "@path": REQUEST.path, "@query": f"?{REQUEST.query}", **headers}
    listed = " ".join(f'"{name}"' for name in components)
    said = "".join(f";{name}={value}" for name, value in (parameters or PARAMETERS).items())
    base = "".join(f'"{name}": {values[name]}\n' for name in components)
    base += f'"@signature-params": ({listed}){said}'
    headers = {
        **headers,
        "signature-input": f"kim=({listed.replace(' ', blank)}){said}",
        "signature": f"kim=:{encode_base64(KEY.sign(base.encode()))}:",
    }
    return replace(REQUEST, headers=headers)


def test_written_by_hand_it_holds() -> None:
    assert holds(by_hand())


@pytest.mark.parametrize(
    "components",
    [COMPONENTS[::-1], *(COMPONENTS[:at] + COMPONENTS[at + 1 :] for at in range(6)), (*COMPONENTS, "via")],
)
def test_exactly_our_components_are_covered_in_our_order(components: tuple[str, ...]) -> None:
    """P-121: a signature that holds is not enough."""
    assert not holds(by_hand(components))


@pytest.mark.parametrize(
    "parameters",
    [
        dict(reversed(PARAMETERS.items())),
        *({name: value for name, value in PARAMETERS.items() if name != without} for without in PARAMETERS),
        {**PARAMETERS, "alg": '"ed25519"'},
        {**PARAMETERS, "tag": '"kim-req/2"'},
        {**PARAMETERS, "created": f'"{AT}"'},
        {**PARAMETERS, "expires": f'"{AT + 300}"'},
        {**PARAMETERS, "keyid": f'"{KEY.public.keyid.upper()}"'},
        {**PARAMETERS, "keyid": f'"{KEY.public.keyid}0"'},
        {**PARAMETERS, "keyid": 5},
        {**PARAMETERS, "nonce": 5},
        {**PARAMETERS, "nonce": f'"{encode_base64(bytes(31))}"'},
        {**PARAMETERS, "nonce": f'"{encode_base64(bytes(33))}"'},
        {**PARAMETERS, "nonce": f'"{"A" * 42}B="'},  # unused bits of the last character
        {**PARAMETERS, "expires": AT},
        {**PARAMETERS, "expires": AT - 1},
        {**PARAMETERS, "expires": AT + 301},
        {**PARAMETERS, "created": 10**14, "expires": 10**14 + 1},
    ],
)
def test_exactly_our_parameters_stand_there_as_agreed(parameters: dict[str, object]) -> None:
    """P-121, P-123: a signature that holds is not enough."""
    with pytest.raises(KimError) as caught:
        verify_request(by_hand(parameters=parameters), audience=HUB, key_of=lambda keyid: KEY.public)
    assert caught.value.code == "request_signature_invalid"


@pytest.mark.parametrize("seconds", [1, 300])
def test_a_signature_may_be_used_for_up_to_five_minutes(seconds: int) -> None:
    """P-123."""
    found = verify_request(
        by_hand(parameters={**PARAMETERS, "expires": AT + seconds}), audience=HUB, key_of=key_of
    )
    assert found.expires - found.created == timedelta(seconds=seconds)


def test_the_list_of_components_has_one_spelling() -> None:
    """P-121: blanks more or fewer would be another text with the same meaning."""
    assert not holds(by_hand(blank="  "))


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:-1],
        lambda text: text + ", other=:AAAA:",
        lambda text: text + ";a=1",
        lambda text: " " + text,
        lambda text: text.replace("==:", "=:"),
        lambda text: "kim=:AAAA:",
        lambda text: "kim=::",
        lambda text: text.replace("kim", "Kim"),
    ],
)
def test_a_signature_has_one_spelling(change: Callable[[str], str]) -> None:
    """P-121."""
    headers = {**REQUEST.headers, "signature": change(REQUEST.headers["signature"])}
    assert headers["signature"] != REQUEST.headers["signature"]
    assert not holds(replace(REQUEST, headers=headers))


def test_a_request_for_another_hub_is_refused() -> None:
    """P-121: whoever passes requests on to another hub does not get through."""
    with pytest.raises(KimError) as caught:
        verify_request(REQUEST, audience="kim-nrw/other", key_of=key_of)
    assert (caught.value.code, caught.value.pointer) == ("wrong_audience", "/headers/Kim-Hub")


@pytest.mark.parametrize("name", ["signature", "signature-input"])
def test_without_a_signature_that_is_said(name: str) -> None:
    headers = {other: value for other, value in REQUEST.headers.items() if other != name}
    with pytest.raises(KimError) as caught:
        verify_request(replace(REQUEST, headers=headers), audience=HUB, key_of=key_of)
    assert caught.value.code == "request_signature_missing"


def test_the_headers_are_named_as_people_know_them() -> None:
    made = sign_request(Request("GET", "/v1/a"), KEY, audience=HUB, created=NOW, nonce=bytes(32))
    assert list(made) == ["Content-Digest", "Content-Type", "Kim-Hub", "Signature-Input", "Signature"]
    assert OVERRIDE_HEADER == "X-HTTP-Method-Override"  # P-126
    assert CLIENT_HEADER == "Kim-Client"  # P-149


@pytest.mark.parametrize("name", sorted(REQUEST.headers))
def test_no_header_can_be_missing(name: str) -> None:
    headers = {other: value for other, value in REQUEST.headers.items() if other != name}
    assert not holds(replace(REQUEST, headers=headers))


def test_what_is_not_covered_may_be_anything() -> None:
    """What proxies add and rewrite does not matter (SPEC P-121)."""
    headers = {**REQUEST.headers, "host": "elsewhere", "via": "1.1 proxy", "forwarded": "for=10.0.0.1"}
    assert holds(replace(REQUEST, headers=headers))


@pytest.mark.parametrize(
    ("seconds", "timely"),
    [(-301, False), (-300, True), (0, True), (299, True), (300, True), (301, False)],
)
def test_a_signature_is_timely_for_five_minutes_either_way(seconds: int, timely: bool) -> None:
    """P-123, in the hub's time relative to `created`."""
    created = NOW.replace(microsecond=0)
    found = RequestSignature("k", "n", created, created + timedelta(seconds=MAX_SECONDS))
    assert found.is_timely(created + timedelta(seconds=seconds)) is timely


def test_one_that_expires_early_is_over_early() -> None:
    found = RequestSignature("k", "n", NOW, NOW + timedelta(seconds=10))
    assert found.is_timely(NOW + timedelta(seconds=10))
    assert not found.is_timely(NOW + timedelta(seconds=11))


def test_a_nonce_is_remembered_for_longer_than_it_could_be_used() -> None:
    """P-124: from the earliest to the latest moment at which one signature is timely."""
    assert REMEMBERED_SECONDS == 15 * 60 > 2 * MAX_SECONDS


def test_a_statement_is_no_request_and_a_request_no_statement() -> None:
    """One key signs both: the bytes of one are never bytes of the other."""
    _, statement = submission("CASES")
    assert dsse.pae(dsse.PAYLOAD_TYPE_SUBMISSION, statement.to_json()).startswith(b"DSSEv1 ")
    assert REQUEST.headers["signature-input"].startswith('kim=("@method"')


@pytest.mark.parametrize("path", ["/v1/ä", "/v1/a b", "v1", "/v1/%zz", "/v1/\n"])
def test_a_path_that_is_not_encoded_is_not_signed(path: str) -> None:
    with pytest.raises(ValueError, match="cannot be signed"):
        signed(Request("GET", path))


def test_header_injection_is_not_signed() -> None:
    with pytest.raises(ValueError, match="cannot be signed"):
        signed(Request("GET", "/v1/a", "", {"content-type": "text/plain\r\nKim-Hub: other"}))


@pytest.mark.parametrize("gone", [kim_error("busy"), OSError(), ValueError(), LookupError()])
def test_a_key_that_cannot_be_looked_up_is_no_bad_signature(gone: Exception) -> None:
    """A node gives up what was refused for good, and repeats what the hub could not look up just now."""

    def nobody_answers(_keyid: str) -> PublicKey:
        raise gone

    with pytest.raises(type(gone)) as found:
        verify_request(REQUEST, audience=HUB, key_of=nobody_answers)
    assert found.value is gone
