"""The envelope: one signature over type and payload, nothing else (SPEC P-07 to P-11)."""

import base64
import hashlib
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from protocol import dsse
from protocol.errors import KimError
from protocol.keys import PrivateKey
from tests.factories.submissions import submission

KEY = PrivateKey(Ed25519PrivateKey.from_private_bytes(b"\x07" * 32))
OTHER = PrivateKey(Ed25519PrivateKey.from_private_bytes(b"\x08" * 32))
PAYLOAD = b'{"v":1}'


@pytest.fixture
def envelope():
    return dsse.sign(dsse.PAYLOAD_TYPE_SUBMISSION, PAYLOAD, KEY)


@pytest.fixture
def document(envelope):
    return json.loads(envelope.to_bytes())


def refusal(action, *args):
    with pytest.raises(KimError) as caught:
        action(*args)
    return caught.value


def test_pae_of_the_specification():
    """P-09: the example in protocol.md of DSSE v1.0, typed by hand."""
    expected = b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    assert dsse.pae("http://example.com/HelloWorld", b"hello world") == expected


def test_pae_counts_bytes_not_characters():
    """P-09."""
    assert dsse.pae("t", "ä\n".encode()) == b"DSSEv1 1 t 3 \xc3\xa4\n"
    assert dsse.pae("", b"") == b"DSSEv1 0  0 "


def test_an_envelope_goes_there_and_back(envelope):
    """P-07, P-08."""
    again = dsse.parse_envelope(envelope.to_bytes())
    assert again == envelope
    assert again.payload == PAYLOAD
    dsse.verify(again, KEY.public)


def test_the_wire_form_is_that_of_dsse(document):
    """P-07."""
    assert document == {
        "payload": base64.b64encode(PAYLOAD).decode(),
        "payloadType": "application/vnd.kim.submission.v1+json",
        "signatures": [
            {
                "keyid": KEY.public.keyid,
                "sig": base64.b64encode(
                    KEY.sign(b"DSSEv1 38 application/vnd.kim.submission.v1+json 7 " + PAYLOAD)
                ).decode(),
            }
        ],
    }


def test_statement_id_is_the_digest_of_what_is_signed(envelope):
    """P-11: it depends on type and payload, not on who signed."""
    expected = hashlib.sha256(b"DSSEv1 38 application/vnd.kim.submission.v1+json 7 " + PAYLOAD).hexdigest()
    assert dsse.statement_id(envelope) == expected
    assert dsse.statement_id(dsse.sign(dsse.PAYLOAD_TYPE_SUBMISSION, PAYLOAD, OTHER)) == expected
    assert dsse.statement_id(dsse.sign("other/type", PAYLOAD, KEY)) != expected


def test_another_key_does_not_verify(envelope):
    """P-09."""
    assert refusal(dsse.verify, envelope, OTHER.public).code == "signature_invalid"


def test_swapped_keyid_does_not_verify(envelope):
    """P-09: the right signature under another key's name."""
    swapped = dsse.Envelope(envelope.payload_type, PAYLOAD, OTHER.public.keyid, envelope.signature)
    assert refusal(dsse.verify, swapped, KEY.public).pointer == "/signatures/0/keyid"
    assert refusal(dsse.verify, swapped, OTHER.public).code == "signature_invalid"


def test_a_signature_does_not_carry_over_to_another_kind(envelope):
    """P-10."""
    moved = dsse.Envelope(
        "application/vnd.kim.withdrawal.v1+json", PAYLOAD, envelope.keyid, envelope.signature
    )
    assert refusal(dsse.verify, moved, KEY.public).code == "signature_invalid"


def test_every_flipped_bit_of_an_envelope_is_refused(envelope):
    """P-03 to P-10: an exhaustive sweep over one-bit errors."""
    data = envelope.to_bytes()
    for position in range(len(data)):
        for bit in range(8):
            changed = bytearray(data)
            changed[position] ^= 1 << bit
            with pytest.raises(KimError) as caught:
                dsse.verify(dsse.parse_envelope(bytes(changed)), KEY.public)
            assert caught.value.code in {"bad_envelope", "signature_invalid"}


def _without(document, *path):
    *parents, last = path
    for step in parents:
        document = document[step]
    del document[last]


@pytest.mark.parametrize(
    ("spoil", "pointer"),
    [
        (lambda d: d.update(extra=1), ""),
        (lambda d: _without(d, "payload"), ""),
        (lambda d: _without(d, "payloadType"), ""),
        (lambda d: _without(d, "signatures"), ""),
        (lambda d: d.update(signatures=[]), "/signatures"),
        (lambda d: d.update(signatures={}), "/signatures"),
        (lambda d: d["signatures"].append(d["signatures"][0]), "/signatures"),
        (lambda d: d["signatures"].append({"keyid": OTHER.public.keyid, "sig": "AA=="}), "/signatures"),
        (lambda d: d["signatures"][0].update(cert="x"), "/signatures/0"),
        (lambda d: _without(d, "signatures", 0, "keyid"), "/signatures/0"),
        (lambda d: d.update(signatures=["x"]), "/signatures/0"),
        (lambda d: d["signatures"][0].update(keyid=None), "/signatures/0/keyid"),
        (lambda d: d["signatures"][0].update(keyid=KEY.public.keyid.upper()), "/signatures/0/keyid"),
        (lambda d: d["signatures"][0].update(keyid=""), "/signatures/0/keyid"),
        (lambda d: d["signatures"][0].update(sig=5), "/signatures/0/sig"),
        (lambda d: d["signatures"][0].update(sig="AA=="), "/signatures/0/sig"),
        (lambda d: d["signatures"][0].update(sig=d["signatures"][0]["sig"].rstrip("=")), "/signatures/0/sig"),
        (lambda d: d.update(payload=[]), "/payload"),
        (lambda d: d.update(payload="e30"), "/payload"),
        (lambda d: d.update(payload=d["payload"] + "\n"), "/payload"),
        (lambda d: d.update(payloadType="application/vnd.kim.withdrawal.v1+json"), "/payloadType"),
        (lambda d: d.update(payloadType="application/vnd.kim.submission.v2+json"), "/payloadType"),
        (lambda d: d.update(payloadType=None), "/payloadType"),
    ],
)
def test_another_form_is_refused_at_its_place(document, spoil, pointer):
    """P-08."""
    spoil(document)
    error = refusal(dsse.parse_envelope, json.dumps(document).encode())
    assert (error.code, error.pointer) == ("bad_envelope", pointer)


@pytest.mark.parametrize("data", [b"[]", b"1", b'"x"', b"null", b"{}"])
def test_no_envelope_at_all_is_refused(data):
    """P-08."""
    assert refusal(dsse.parse_envelope, data).code == "bad_envelope"


def test_oversize_is_refused():
    """P-07: 64 KiB of payload, 128 KiB of envelope."""
    largest = dsse.sign(dsse.PAYLOAD_TYPE_SUBMISSION, b" " * 65_536, KEY)
    assert dsse.parse_envelope(largest.to_bytes()) == largest
    assert refusal(dsse.sign, dsse.PAYLOAD_TYPE_SUBMISSION, b" " * 65_537, KEY).code == "too_large"
    document = json.loads(largest.to_bytes())
    document["payload"] = base64.b64encode(b" " * 65_538).decode()
    error = refusal(dsse.parse_envelope, json.dumps(document).encode())
    assert (error.code, error.pointer) == ("too_large", "/payload")
    assert refusal(dsse.parse_envelope, b" " * 131_073).code == "too_large"


@pytest.mark.parametrize("kind", ["", "ä", "a b", "x" * 256, "a\n"])
def test_a_type_that_is_not_printable_ascii_is_not_signed(kind):
    """P-10."""
    assert refusal(dsse.sign, kind, b"", KEY).pointer == "/payloadType"
    assert refusal(dsse.Envelope, kind, b"", KEY.public.keyid, b"x" * 64).pointer == "/payloadType"


def test_no_bit_of_an_envelope_can_be_flipped():
    """Exhaustive: every bit of a real envelope; nothing that differs in one is accepted."""
    _, statement = submission("CASES")
    good = dsse.sign(dsse.PAYLOAD_TYPE_SUBMISSION, statement.to_json(), KEY).to_bytes()
    accepted = []
    for place in range(len(good)):
        for bit in range(8):
            bad = good[:place] + bytes([good[place] ^ 1 << bit]) + good[place + 1 :]
            try:
                dsse.verify(dsse.parse_envelope(bad), KEY.public)
            except KimError:
                continue
            accepted.append((place, bit))
    assert accepted == []
