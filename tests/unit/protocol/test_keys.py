"""Key pairs: names, forms and refusals (SPEC P-12 to P-14)."""

import copy
import hashlib
import pickle

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_public_key,
)

from protocol import keys
from protocol.errors import KimError
from protocol.keys import KeyPurpose, PrivateKey, PublicKey

# RFC 8032 section 7.1, TEST 2
SEED = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
PUBLIC = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
SIGNATURE = bytes.fromhex(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)


@pytest.fixture
def key():
    return PrivateKey(Ed25519PrivateKey.from_private_bytes(SEED))


def test_signature_of_rfc_8032(key):
    """P-12."""
    assert key.public.hex == PUBLIC
    assert key.sign(b"\x72") == SIGNATURE
    PublicKey.from_hex(PUBLIC).verify(SIGNATURE, b"\x72")


def test_keyid_is_the_digest_of_purpose_and_key(key):
    """P-13."""
    expected = hashlib.sha256(b"kim/1 ed25519 sign\x00" + bytes.fromhex(PUBLIC)).hexdigest()
    assert key.public.keyid == expected
    assert key.public.fingerprint() == " ".join(expected[i : i + 4] for i in range(0, 32, 4))
    assert len(key.public.fingerprint().split()) == 8


@pytest.mark.parametrize(
    "signature", [SIGNATURE[:-1], SIGNATURE + b"\x00", b"", b"\x00" * 64, SIGNATURE[::-1]]
)
def test_another_signature_is_refused(key, signature):
    """P-12."""
    with pytest.raises(KimError) as caught:
        key.public.verify(signature, b"\x72")
    assert caught.value.code == "signature_invalid"


def test_pem_goes_there_and_back(key):
    """P-14."""
    pem = key.to_pem()
    assert pem.startswith(b"-----BEGIN PRIVATE KEY-----\n")
    assert PrivateKey.from_pem(pem).public == key.public


def test_a_public_key_is_written_for_other_programs(key):
    """P-14: what OpenSSL writes for the private key of RFC 8032."""
    assert load_pem_public_key(key.public.to_pem()).public_bytes_raw().hex() == PUBLIC
    assert key.public.to_pem().startswith(b"-----BEGIN PUBLIC KEY-----\n")


def test_a_key_that_is_read_has_the_purpose_it_is_read_for():
    """P-140."""
    witness = PublicKey.from_hex(PUBLIC, purpose=KeyPurpose.WITNESS)
    assert witness.keyid == hashlib.sha256(b"kim/1 ed25519 witness\x00" + bytes.fromhex(PUBLIC)).hexdigest()
    assert PublicKey.from_hex(PUBLIC).purpose is KeyPurpose.SIGN


def _other_pems():
    curve = generate_private_key(SECP256R1())
    own = Ed25519PrivateKey.from_private_bytes(SEED)
    yield b""
    yield b"kein Schl\xc3\xbcssel"
    yield b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
    yield curve.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    yield own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"geheim"))
    yield own.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())


@pytest.mark.parametrize(
    "pem", list(_other_pems()), ids=["empty", "text", "damaged", "P-256", "encrypted", "raw"]
)
def test_another_private_key_file_is_refused(pem):
    """P-14."""
    with pytest.raises(KimError) as caught:
        PrivateKey.from_pem(pem)
    assert caught.value.code == "key_unreadable"


@pytest.mark.parametrize(
    "text",
    [
        "",
        PUBLIC[:-1],
        PUBLIC + "00",
        PUBLIC.upper(),
        "zz" * 32,
        f" {PUBLIC}",
        PUBLIC[:32] + " " + PUBLIC[32:],
    ],
)
def test_another_public_key_form_is_refused(text):
    """P-12."""
    with pytest.raises(KimError) as caught:
        PublicKey.from_hex(text)
    assert caught.value.code == "bad_public_key"


def _times_eight_is_neutral(encoded: bytes) -> bool:
    """Edwards arithmetic of RFC 8032 section 5.1, written out: does eight times the point vanish?"""
    p = 2**255 - 19
    d = -121665 * pow(121666, -1, p) % p
    y = int.from_bytes(encoded, "little") % p  # non-canonical forms are reduced, as lenient libraries do
    x2 = (y * y - 1) * pow(d * y * y + 1, -1, p) % p
    x = pow(x2, (p + 3) // 8, p)
    if (x * x - x2) % p:
        x = x * pow(2, (p - 1) // 4, p) % p
    assert (x * x - x2) % p == 0
    for _ in range(3):
        k = d * x * x * y * y
        x, y = 2 * x * y * pow(1 + k, -1, p) % p, (y * y + x * x) * pow(1 - k, -1, p) % p
    return (x, y) == (0, 1)


def test_small_order_keys_are_what_they_are_called():
    """P-12: the table of refused points, checked by arithmetic; an ordinary key does not vanish."""
    assert len(keys._SMALL_ORDER) == 7
    assert all(_times_eight_is_neutral(point) for point in keys._SMALL_ORDER)
    assert not _times_eight_is_neutral(bytes.fromhex("58" + "66" * 31))  # the base point


@pytest.mark.parametrize("point", sorted(keys._SMALL_ORDER), ids=lambda point: point.hex()[:8])
@pytest.mark.parametrize("sign_bit", [0, 0x80])
def test_a_key_of_small_order_is_refused(point, sign_bit):
    """P-12: with such a key one signature fits many messages."""
    with pytest.raises(KimError) as caught:
        PublicKey(point[:-1] + bytes([point[-1] | sign_bit]))
    assert caught.value.code == "bad_public_key"


def test_a_private_key_does_not_show_itself(key):
    """P-14."""
    shown = f"{key!r} {key}"
    assert SEED.hex() not in shown
    assert str(SEED) not in shown
    assert key.public.keyid in shown
    with pytest.raises(TypeError):
        pickle.dumps(key)
    with pytest.raises(TypeError):
        copy.deepcopy(key)


def test_what_is_made_fresh_is_fresh():
    """P-20."""
    assert len(keys.new_nonce()) == len(keys.new_secret_key()) == 32
    assert len(keys.new_cipher_nonce()) == 12
    assert len(keys.new_token()) == 20
    assert len(keys.new_passphrase()) == 64
    assert len(keys.new_secret_text()) == 43
    assert keys.new_nonce() != keys.new_nonce()
    assert keys.new_node_id() != keys.new_node_id()
    assert keys.new_node_id().startswith("node-")
    assert keys.new_instance_id() != keys.new_instance_id()
    assert PrivateKey.generate().public != PrivateKey.generate().public
