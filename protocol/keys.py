"""Key pairs of nodes: Ed25519, named by the digest of the public key (SPEC P-12..P-14, P-140).

A key has one purpose, and its key id is bound to that by a domain prefix: a key registered to witness the
hub's log can never be looked up as one that signs submissions, nor the other way round. Nonces and
identifiers are made here as well: this is the one place of the product in which randomness is allowed,
because everything made here must be unpredictable.

It deliberately does not touch files: where a private key lies and who may read it is the node's business.
"""

from __future__ import annotations

import hashlib
import secrets
import uuid
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from protocol.errors import KimError, kim_error
from protocol.texts import Text

KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
NONCE_BYTES: Final = 32
SECRET_KEY_BYTES: Final = 32
CIPHER_NONCE_BYTES: Final = 12
TOKEN_BYTES: Final = 20
_ANOTHER_PASSPHRASE: Final = Text(
    "Prüfen, ob das Kennwort zu dieser Datei gehört; sonst beide zusammen aus der Sicherung holen.",
    "Check that the passphrase belongs to this file; else fetch both from the backup, together.",
)


class KeyPurpose(StrEnum):
    """What a key is for; the same 32 bytes never serve two purposes (SPEC P-140).

    `sign`: statements and requests of a node. `witness`: cosignatures under the hub's log.
    """

    SIGN = "sign"
    WITNESS = "witness"

    @property
    def domain(self) -> bytes:
        """The prefix that binds a key id to this purpose."""
        return f"kim/1 ed25519 {self.value}".encode("ascii") + b"\x00"


# Encodings of the points of small order, sign bit cleared (two of them also in their non-canonical form,
# y + p). With such a "public key" one signature fits many messages; OpenSSL accepts it, we do not.
_SMALL_ORDER: Final = frozenset(
    bytes.fromhex(point)
    for point in (
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    )
)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The public half: 32 bytes that the hub has registered for a node, and what they are registered for."""

    raw: bytes
    purpose: KeyPurpose = KeyPurpose.SIGN

    def __post_init__(self) -> None:
        """Refuse what can never identify one signer (SPEC P-12).

        Raises:
            KimError: ``bad_public_key`` for a wrong length or a point of small order.
        """
        if len(self.raw) != KEY_BYTES or self.raw[:-1] + bytes([self.raw[-1] & 0x7F]) in _SMALL_ORDER:
            raise _unreadable_public_key()

    @classmethod
    def from_hex(cls, text: str, *, purpose: KeyPurpose = KeyPurpose.SIGN) -> PublicKey:
        """Read the form in which a key is registered: 64 lower-case hexadecimal digits.

        Raises:
            KimError: ``bad_public_key`` if it is anything else.
        """
        try:
            raw = bytes.fromhex(text)
        except ValueError:
            raise _unreadable_public_key() from None
        if raw.hex() != text:
            raise _unreadable_public_key()
        return cls(raw, purpose)

    @property
    def hex(self) -> str:
        """The key as 64 lower-case hexadecimal digits."""
        return self.raw.hex()

    @property
    def keyid(self) -> str:
        """Hex SHA-256 over purpose and key (SPEC P-13, P-140)."""
        return hashlib.sha256(self.purpose.domain + self.raw).hexdigest()

    def to_pem(self) -> bytes:
        """Return the key as SubjectPublicKeyInfo, the form of other programs."""
        key = Ed25519PublicKey.from_public_bytes(self.raw)
        return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def fingerprint(self) -> str:
        """The first 128 bits of the key id as eight groups of four digits, to be read out by telephone."""
        return " ".join(self.keyid[start : start + 4] for start in range(0, 32, 4))

    def verify(self, signature: bytes, data: bytes) -> None:
        """Check an Ed25519 signature over ``data`` (RFC 8032 section 5.1.7).

        Raises:
            KimError: ``signature_invalid`` if it does not fit, for whatever reason.
        """
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, data)
        except (InvalidSignature, ValueError):
            raise kim_error("signature_invalid") from None


class PrivateKey:
    """The private half. It prints as its key id and is never compared, hashed or pickled."""

    __slots__ = ("_key", "public")

    def __init__(self, key: Ed25519PrivateKey, *, purpose: KeyPurpose = KeyPurpose.SIGN) -> None:
        """Wrap a key of the cryptography library."""
        self._key = key
        self.public = PublicKey(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw), purpose)

    @classmethod
    def generate(cls, *, purpose: KeyPurpose = KeyPurpose.SIGN) -> PrivateKey:
        """Make a new key from the operating system's randomness."""
        return cls(Ed25519PrivateKey.generate(), purpose=purpose)

    @classmethod
    def from_pem(
        cls, data: bytes, *, passphrase: bytes | None = None, purpose: KeyPurpose = KeyPurpose.SIGN
    ) -> PrivateKey:
        """Read a PKCS #8 key (SPEC P-14).

        Args:
            data: the PEM file.
            passphrase: what it is encrypted with; None for a key that is not.
            purpose: what the key is for; the file does not say.

        Raises:
            KimError: ``key_unreadable`` if it is anything else or encrypted with another passphrase; the
                content is never repeated.
        """
        try:
            key = load_pem_private_key(data, password=passphrase)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, Ed25519PrivateKey):
            raise kim_error(
                "key_unreadable",
                Text(
                    "Die Datei enthält keinen privaten Ed25519-Schlüssel (PEM, PKCS #8, ohne Kennwort).",
                    "The file holds no private Ed25519 key (PEM, PKCS #8, no passphrase).",
                )
                if passphrase is None
                else Text(
                    "Das Kennwort passt nicht, oder die Datei enthält keinen privaten Ed25519-Schlüssel "
                    "(PEM, PKCS #8).",
                    "The passphrase does not fit, or the file holds no private Ed25519 key (PEM, PKCS #8).",
                ),
                remedy=None if passphrase is None else _ANOTHER_PASSPHRASE,
            )
        return cls(key, purpose=purpose)

    def to_pem(self, *, passphrase: bytes | None = None) -> bytes:
        """Return the key as PKCS #8, encrypted if there is a passphrase.

        Whoever stores it restricts who may read it, encrypted or not.
        """
        encryption = NoEncryption() if passphrase is None else BestAvailableEncryption(passphrase)
        return self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)

    def sign(self, data: bytes) -> bytes:
        """Return the 64-byte Ed25519 signature over ``data``; the same data always give the same bytes."""
        return self._key.sign(data)

    def __repr__(self) -> str:
        """Name the key without showing it."""
        return f"PrivateKey(keyid={self.public.keyid!r})"

    def __reduce__(self) -> tuple[object, ...]:
        """Refuse pickling.

        Raises:
            TypeError: always; a key leaves a process only through :meth:`to_pem`.
        """
        raise TypeError("a private key is not pickled")


def new_nonce() -> bytes:
    """Return 32 fresh random bytes; they make a statement's id unguessable (SPEC P-20)."""
    return secrets.token_bytes(NONCE_BYTES)


def new_secret_key() -> bytes:
    """Return a fresh key for AES-256: what only this machine should be able to read."""
    return secrets.token_bytes(SECRET_KEY_BYTES)


def new_cipher_nonce() -> bytes:
    """Return 12 fresh random bytes for one message (NIST SP 800-38D 8.2.2: fewer than 2^32 for one key)."""
    return secrets.token_bytes(CIPHER_NONCE_BYTES)


def new_token() -> bytes:
    """Return the token of an invitation, 160 bits: shown once, kept nowhere (SPEC P-151)."""
    return secrets.token_bytes(TOKEN_BYTES)


def new_passphrase() -> str:
    """Return 256 bits as 64 hexadecimal digits: what encrypts private keys where they lie."""
    return secrets.token_hex(SECRET_KEY_BYTES)


def new_secret_text() -> str:
    """Return 256 fresh random bits as 43 characters that may stand in an address or a cookie."""
    return secrets.token_urlsafe(32)


def new_node_id() -> str:
    """Return a fresh opaque node id: it says nothing about the municipality."""
    return f"node-{secrets.token_hex(8)}"


def new_instance_id() -> str:
    """Return a fresh id for one installation of a node."""
    return str(uuid.uuid4())


def _unreadable_public_key() -> KimError:
    return kim_error(
        "bad_public_key",
        Text(
            "Ein öffentlicher Schlüssel hat 64 Zeichen, 0 bis 9 und a bis f; einige wenige sind gesperrt.",
            "A public key has 64 characters, 0 to 9 and a to f; a few of them are barred.",
        ),
    )
