"""The key of the accounts: `people.key` in the hub's folder, from which every other secret here follows.

What the database holds about people is of little use without it: secrets of authenticators are encrypted
(AES-256-GCM), recovery codes and what counts failed logins are HMACs. It is made once, readable for the
account of the hub only, and belongs into another backup than the database. Several machines that serve one
hub share it.
"""

import base64
import contextlib
import hashlib
import hmac
import os
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from protocol.errors import kim_error
from protocol.keys import (
    CIPHER_NONCE_BYTES,
    SECRET_KEY_BYTES,
    new_cipher_nonce,
    new_secret_key,
    new_secret_text,
)
from protocol.texts import Text

FILE_NAME: Final = "people.key"


class Vault:
    """Keys for one purpose each, and what is done with them. It prints as nothing."""

    def __init__(self, key: bytes) -> None:
        """Derive everything from the 32 bytes of the file."""
        self._cipher = AESGCM(_derived(key, b"seal"))
        self._mac_key = _derived(key, b"mac")
        #: Signs the tokens in forms.
        self.form_key = _derived(key, b"form").hex()

    def __repr__(self) -> str:
        """Show nothing."""
        return "Vault(…)"

    def seal(self, data: bytes, purpose: str) -> str:
        """Encrypt; only the same purpose opens it again."""
        nonce = new_cipher_nonce()
        sealed = nonce + self._cipher.encrypt(nonce, data, purpose.encode())
        return base64.urlsafe_b64encode(sealed).decode()

    def open(self, sealed: str, purpose: str) -> bytes | None:
        """Decrypt, or return None if it was not sealed for this purpose with this key."""
        try:
            raw = base64.urlsafe_b64decode(sealed.encode())
            return self._cipher.decrypt(raw[:CIPHER_NONCE_BYTES], raw[CIPHER_NONCE_BYTES:], purpose.encode())
        except (ValueError, InvalidTag):
            return None

    def mac(self, *parts: str) -> str:
        """Return an HMAC-SHA-256 over several texts, as hex; no two lists of texts look alike."""
        data = b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)
        return hmac.new(self._mac_key, data, hashlib.sha256).hexdigest()


def digest(token: str) -> str:
    """Return under what a random token is stored. It has 256 bits: no salt, no key is needed."""
    return hashlib.sha256(token.encode()).hexdigest()


def load_vault(home: Path, *, may_make: bool) -> Vault:
    """Read the key of a hub, or make it.

    Args:
        home: the hub's folder.
        may_make: False if something was encrypted before, which a new key could not open.

    Raises:
        KimError: `people_key_missing` if there is no usable key and none may be made.
    """
    path = home / FILE_NAME
    if may_make and not path.exists():
        _write(path, new_secret_key())
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (FileNotFoundError, ValueError):
        key = b""
    if len(key) != SECRET_KEY_BYTES:
        raise kim_error(
            "people_key_missing",
            Text(f"{path} fehlt oder ist beschädigt.", f"{path} is missing or damaged."),
        )
    return Vault(key)


def _write(path: Path, key: bytes) -> None:
    """Put a whole file there, or leave the one that another process has put there meanwhile."""
    part = path.with_name(f"{path.name}.{new_secret_text()[:8]}")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(key.hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(part, path)
    finally:
        part.unlink()


def _derived(key: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=b"kim/1 people " + purpose).derive(key)
