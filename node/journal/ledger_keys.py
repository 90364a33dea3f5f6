"""The secret keys of the ledger: one text file beside the node's own key, readable for its user only.

True figures are kept encrypted (AES-256-GCM), so that a copy of the journal (a backup, a disk that is
replaced) tells nothing by itself. The key does not depend on the node's signing key: either can be changed
without the other. The first key of the file is the one to write with; the others are still needed to read,
until everything is written anew.

It deliberately knows no figures: :class:`LedgerKeys` seals bytes and opens them.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from node.durable_files import create_private_file, journal_error, replace_private_file
from protocol.errors import kim_error
from protocol.keys import CIPHER_NONCE_BYTES, new_cipher_nonce, new_secret_key
from protocol.texts import Text

KEY_FILE_NAME: Final = "ledger.key"
_HEAD: Final = "kim ledger keys 1"
_LINE: Final = re.compile(r"[0-9a-f]{64}")
_MAX_BYTES: Final = 16_384
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_DOMAIN: Final = b"kim/1 ledger key\x00"


@dataclass(frozen=True, slots=True, repr=False)
class LedgerKeys:
    """The keys of one ledger, the current one first. It prints nothing of them."""

    secrets: tuple[bytes, ...]

    @property
    def current(self) -> str:
        """Id of the key that is written with."""
        return key_id(self.secrets[0])

    def seal(self, content: bytes, *, place: bytes) -> bytes:
        """Encrypt with the current key.

        Args:
            content: what nobody else may read.
            place: what it belongs to; it is opened there only.

        Returns:
            Nonce, ciphertext and tag.
        """
        nonce = new_cipher_nonce()
        return nonce + AESGCM(self.secrets[0]).encrypt(nonce, content, place)

    def open(self, sealed: bytes, *, key: str, place: bytes) -> bytes:
        """Decrypt.

        Raises:
            KimError: ``ledger_key_missing`` if the key is not among these; ``ledger_damaged`` if the bytes
                are not those that were sealed at this place.
        """
        secret = next((secret for secret in self.secrets if key_id(secret) == key), None)
        if secret is None:
            raise kim_error("ledger_key_missing")
        try:
            nonce, rest = sealed[:CIPHER_NONCE_BYTES], sealed[CIPHER_NONCE_BYTES:]
            return AESGCM(secret).decrypt(nonce, rest, place)
        except (InvalidTag, ValueError):
            raise kim_error("ledger_damaged") from None

    def fingerprint(self, content: bytes) -> str:
        """Return a keyed digest: content is recognised by it, and cannot be guessed from it."""
        return hmac.digest(self.secrets[0], _DOMAIN + b"fingerprint\x00" + content, "sha256").hex()

    def renewed(self) -> LedgerKeys:
        """Return the keys with a new one in front."""
        return LedgerKeys((new_secret_key(), *self.secrets))

    def only_current(self) -> LedgerKeys:
        """Return the current key alone."""
        return LedgerKeys(self.secrets[:1])


def key_id(secret: bytes) -> str:
    """Return the public name of a key: it does not give the key away."""
    return hashlib.sha256(_DOMAIN + secret).hexdigest()[:16]


def create_ledger_keys(path: Path) -> LedgerKeys:
    """Make a key and keep it durably; the file must not exist.

    Raises:
        KimError: ``storage_full`` or ``spool_damaged`` if it cannot be written.
    """
    keys = LedgerKeys((new_secret_key(),))
    try:
        create_private_file(path, _written(keys))
    except FileExistsError:
        return load_ledger_keys(path)  # another process was faster
    except OSError as error:
        raise journal_error(error) from error
    return keys


def load_ledger_keys(path: Path) -> LedgerKeys:
    """Read the keys.

    Raises:
        KimError: ``ledger_key_missing``; ``key_unreadable`` if it is no such file or others could read it.
    """
    try:
        with path.open("rb") as file:
            if os.name == "posix" and os.fstat(file.fileno()).st_mode & _OTHERS:
                raise kim_error("key_unreadable", _too_open(path))
            head, *lines = file.read(_MAX_BYTES).decode("ascii", "replace").split("\n")
    except FileNotFoundError:
        raise kim_error("ledger_key_missing") from None
    except OSError as error:
        raise kim_error("key_unreadable") from error
    keys = [line for line in lines if line]
    if head != _HEAD or not keys or not all(_LINE.fullmatch(line) for line in keys):
        raise kim_error("key_unreadable", _no_keys(path))
    return LedgerKeys(tuple(bytes.fromhex(line) for line in keys))


def replace_ledger_keys(path: Path, keys: LedgerKeys) -> None:
    """Write the file anew, as a whole or not at all.

    Raises:
        KimError: ``storage_full`` or ``spool_damaged`` if it cannot be written.
    """
    try:
        replace_private_file(path, _written(keys))
    except OSError as error:
        raise journal_error(error) from error


def _written(keys: LedgerKeys) -> bytes:
    return "\n".join([_HEAD, *(secret.hex() for secret in keys.secrets), ""]).encode("ascii")


def _too_open(path: Path) -> Text:
    return Text(
        f"{path.name} ist für andere Benutzer lesbar und wird deshalb nicht benutzt.",
        f"{path.name} is readable for other users and is therefore not used.",
    )


def _no_keys(path: Path) -> Text:
    return Text(f"{path.name} enthält keine Ledger-Schlüssel.", f"{path.name} holds no ledger keys.")
