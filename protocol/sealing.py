"""Deliveries that only the hub's inner zone can read: HPKE to the hub's key (SPEC P-130..P-135).

RFC 9180 base mode with one suite: MLKEM768-X25519, so that what is recorded today stays closed to whoever has
a quantum computer later and to whoever breaks lattices; HKDF-SHA256; AES-256-GCM. Everything is done by
`cryptography`; what is decided here is what goes in. In front of the table stand 32 random bytes: its digest
is in the statement, and without them whoever sees the statement could try small tables until one fits.

It deliberately authenticates no sender: the signed statement names the sealed bytes by their digest.
"""

from __future__ import annotations

import hashlib
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

from protocol.errors import kim_error
from protocol.statement import SALT_BYTES, SealedInfo, SubmissionStatement
from protocol.trust.hub_keys import SUITE, sealing_kid

#: Seed of the ML-KEM-768 key (FIPS 203) and X25519 private key, one behind the other.
SECRET_BYTES: Final = 64 + 32
_LATTICE_KEY_BYTES: Final = 1184
_LATTICE_SEED_BYTES: Final = 64
_PURPOSE: Final = b"kim/1 payload\x00"
_HPKE: Final = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


class SealingSecret:
    """The private half of a hub's sealing key. It prints as its key id and is never compared or pickled."""

    __slots__ = ("_lattice", "_pair", "_x25519", "kid", "public_key")

    def __init__(self, lattice: MLKEM768PrivateKey, x25519: X25519PrivateKey) -> None:
        """Join the two keys of the library."""
        self._lattice, self._x25519 = lattice, x25519
        self._pair = MLKEM768X25519PrivateKey(lattice, x25519)
        #: 1,216 bytes, as officers sign them.
        self.public_key = lattice.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()
        self.kid = sealing_kid(self.public_key)

    @classmethod
    def generate(cls) -> SealingSecret:
        """Make a new key from the operating system's randomness."""
        return cls(MLKEM768PrivateKey.generate(), X25519PrivateKey.generate())

    @classmethod
    def from_bytes(cls, data: bytes) -> SealingSecret:
        """Read what :meth:`to_bytes` gave.

        Raises:
            KimError: ``key_unreadable`` if it is anything else.
        """
        if len(data) != SECRET_BYTES:
            raise kim_error("key_unreadable")
        seed, scalar = data[:_LATTICE_SEED_BYTES], data[_LATTICE_SEED_BYTES:]
        return cls(MLKEM768PrivateKey.from_seed_bytes(seed), X25519PrivateKey.from_private_bytes(scalar))

    def to_bytes(self) -> bytes:
        """Return :data:`SECRET_BYTES` bytes; whoever stores them encrypts them."""
        return self._lattice.private_bytes_raw() + self._x25519.private_bytes_raw()

    def open(self, sealed: bytes, *, info: bytes) -> bytes:
        """Return what was sealed to this key for this purpose.

        Raises:
            KimError: ``sealed_unreadable`` for another key, another purpose or altered bytes.
        """
        try:
            return _HPKE.decrypt(sealed, self._pair, info=info)
        except (InvalidTag, ValueError):
            raise kim_error("sealed_unreadable") from None

    def __repr__(self) -> str:
        """Name the key without showing it."""
        return f"SealingSecret(kid={self.kid!r})"

    def __reduce__(self) -> tuple[object, ...]:
        """Refuse pickling.

        Raises:
            TypeError: always; a key leaves a process only through :meth:`to_bytes`.
        """
        raise TypeError("a private key is not pickled")


def purpose_of(*, audience: str, node: str, dataset: str, period: str, revision: int) -> bytes:
    """Return the `info` of HPKE: what these sealed bytes are and for whom (SPEC P-132).

    Sealed bytes that are put behind another statement do not open.
    """
    return _PURPOSE + b"\x00".join(
        part.encode("utf-8") for part in (audience, node, dataset, period, str(revision))
    )


def salted(table: bytes, salt: bytes) -> bytes:
    """Return what is sealed, and what the statement's `payload` is about: salt, then table (SPEC P-131).

    Raises:
        ValueError: if the salt is not 32 bytes.
    """
    if len(salt) != SALT_BYTES:
        raise ValueError("a salt has 32 bytes")
    return salt + table


def seal(content: bytes, *, public_key: bytes, info: bytes) -> bytes:
    """Seal bytes so that only the owner of a key reads them.

    Args:
        content: any bytes.
        public_key: 1,216 bytes, out of a document that officers have signed.
        info: as :func:`purpose_of` makes it.

    Returns:
        Encapsulated key and ciphertext, ``SEALING_OVERHEAD_BYTES`` longer than the content; other bytes every
        time.

    Raises:
        KimError: ``bad_public_key`` if the key is none.
    """
    return _HPKE.encrypt(content, _public(public_key), info=info)


def sealed_info(sealed: bytes, *, public_key: bytes) -> SealedInfo:
    """Return what a statement says about sealed bytes."""
    return SealedInfo(sealing_kid(public_key), SUITE, len(sealed), hashlib.sha256(sealed).hexdigest())


def open_payload(sealed: bytes, statement: SubmissionStatement, secret: SealingSecret) -> bytes:
    """Return salt and table of a sealed delivery.

    The caller must have verified the statement, and must still check the table, which is anybody's bytes.

    Args:
        sealed: the bytes that were received.
        statement: the one that names them.
        secret: the key that it names.

    Raises:
        KimError: ``sealed_unreadable`` if key, digest, purpose or bytes are not those of the statement,
            or what comes out is not its `payload`.
    """
    info = statement.sealed
    if info is None or info.kid != secret.kid:
        raise kim_error("sealed_unreadable")
    if len(sealed) != info.size or hashlib.sha256(sealed).hexdigest() != info.sha256:
        raise kim_error("sealed_unreadable")
    content = secret.open(sealed, info=purpose_of_statement(statement))
    if hashlib.sha256(content).hexdigest() != statement.payload.sha256:
        raise kim_error("sealed_unreadable")
    return content


def purpose_of_statement(statement: SubmissionStatement) -> bytes:
    """Return :func:`purpose_of` with the members of a statement."""
    return purpose_of(
        audience=statement.aud,
        node=statement.node,
        dataset=statement.dataset,
        period=statement.period,
        revision=statement.revision,
    )


def _public(data: bytes) -> MLKEM768X25519PublicKey:
    try:
        return MLKEM768X25519PublicKey(
            MLKEM768PublicKey.from_public_bytes(data[:_LATTICE_KEY_BYTES]),
            X25519PublicKey.from_public_bytes(data[_LATTICE_KEY_BYTES:]),
        )
    except ValueError:
        raise kim_error("bad_public_key") from None
