"""The hub's private sealing keys: one file each in `home/sealing/`, encrypted, for the hub's account alone.

They are encrypted with one more secret, the *unlocking key*. By default it lies beside them; whoever wants
that a copy of the hub's folder opens nothing keeps it elsewhere (`sealing_unlock_file`, for example a
credential of systemd). A key that is retired opens what is kept as evidence, and nothing new.

Read only where a payload is handed to the sandbox: no view and no page needs a private key.
"""

import base64
import datetime as dt
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.domain.ids import is_sha256
from hub.store.files.private_files import replace_private_file
from protocol import strict_json
from protocol.errors import KimError, kim_error
from protocol.keys import CIPHER_NONCE_BYTES, new_cipher_nonce, new_secret_key
from protocol.sealing import SealingSecret
from protocol.texts import Text

UNLOCK_FILE: Final = "unlock.key"
_SUFFIX: Final = ".json"
_MEMBERS: Final = {"v", "kid", "public_key", "created", "retired", "locked"}
_PLACE: Final = b"kim/1 sealing key at rest\x00"
_HEX: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_MAX_BYTES: Final = 16_384


class SealingLockedError(RuntimeError):
    """Keys are there and cannot be read: the installation is at fault, no submission."""


@dataclass(frozen=True, slots=True)
class StoredSealingKey:
    """What is known of a key without opening it.

    Attributes:
        kid: its id.
        public_key: 1,216 bytes.
        created: when it was made.
        retired: from when on nothing new may be sealed with it, or None.
    """

    kid: str
    public_key: bytes
    created: dt.datetime
    retired: dt.datetime | None


class SealingKeys:
    """The folder of the keys."""

    def __init__(self, folder: Path, *, unlock_file: Path | None = None) -> None:
        """Use `folder`, which is made with the first key; `unlock_file` lies in it when omitted."""
        self._folder = folder
        self._unlock_file = unlock_file or folder / UNLOCK_FILE

    def all(self) -> list[StoredSealingKey]:
        """Return what keys there are, the oldest first.

        Raises:
            SealingLockedError: a file is not one of ours, or others can read it.
        """
        found = [self._stored(path)[0] for path in self._folder.glob(f"*{_SUFFIX}")]
        return sorted(found, key=lambda key: (key.created, key.kid))

    def accepts(self, kid: str) -> bool:
        """Whether something new may be sealed with this key: it is here and not retired."""
        return (
            is_sha256(kid) and self._path(kid).exists() and self._stored(self._path(kid))[0].retired is None
        )

    def add(self, *, at: dt.datetime) -> StoredSealingKey:
        """Make a key and keep it, durably; with the first one, the unlocking key is made if there is none.

        Raises:
            SealingLockedError: the unlocking key cannot be used.
            OSError: it cannot be written.
        """
        self._folder.mkdir(mode=0o700, exist_ok=True)
        secret = SealingSecret.generate()
        nonce = new_cipher_nonce()
        locked = nonce + AESGCM(self._unlocking(make=True)).encrypt(
            nonce, secret.to_bytes(), _PLACE + secret.kid.encode()
        )
        stored = StoredSealingKey(secret.kid, secret.public_key, at.replace(microsecond=0), None)
        self._write(stored, locked)
        return stored

    def retire(self, kid: str, *, at: dt.datetime) -> StoredSealingKey:
        """Let nothing new be sealed with a key; again, it changes nothing.

        Raises:
            KimError: `not_found`.
        """
        if not is_sha256(kid) or not self._path(kid).exists():
            raise kim_error("not_found")
        stored, locked = self._stored(self._path(kid))
        if stored.retired is None:
            stored = StoredSealingKey(kid, stored.public_key, stored.created, at.replace(microsecond=0))
            self._write(stored, locked)
        return stored

    def secret(self, kid: str) -> SealingSecret:
        """Return a private key, retired or not.

        Raises:
            FileNotFoundError: there is no such key among those that are here.
            SealingLockedError: it cannot be opened with the unlocking key; no key is here at all.
        """
        if not is_sha256(kid):
            raise ValueError("a sealing key is named by its SHA-256")
        if not self._folder.is_dir():
            raise SealingLockedError("the folder of the sealing keys is not there")
        _, locked = self._stored(self._path(kid))
        nonce, rest = locked[:CIPHER_NONCE_BYTES], locked[CIPHER_NONCE_BYTES:]
        try:
            opened = AESGCM(self._unlocking(make=False)).decrypt(nonce, rest, _PLACE + kid.encode())
            secret = SealingSecret.from_bytes(opened)
        except (InvalidTag, ValueError, KimError):
            raise SealingLockedError("the unlocking key does not fit") from None
        if secret.kid != kid:
            raise SealingLockedError("a file holds another key than its name says")
        return secret

    def _path(self, kid: str) -> Path:
        return self._folder / f"{kid}{_SUFFIX}"

    def _unlocking(self, *, make: bool) -> bytes:
        if make and not self._unlock_file.exists():
            replace_private_file(self._unlock_file, new_secret_key().hex().encode() + b"\n")
        try:
            text = _read_private(self._unlock_file).decode("ascii", "replace").strip()
        except OSError:
            raise SealingLockedError("the unlocking key cannot be read") from None
        if not _HEX.fullmatch(text):
            raise SealingLockedError("the unlocking key has 64 hexadecimal digits")
        return bytes.fromhex(text)

    def _stored(self, path: Path) -> tuple[StoredSealingKey, bytes]:
        data = _read_private(path)
        try:
            members: Any = strict_json.loads(data, max_bytes=_MAX_BYTES)
            if set(members) != _MEMBERS or members["v"] != 1:
                raise SealingLockedError("a file is no sealing key of this version")
            retired = members["retired"]
            stored = StoredSealingKey(
                kid=members["kid"],
                public_key=base64.b64decode(members["public_key"], validate=True),
                created=dt.datetime.fromisoformat(members["created"]),
                retired=dt.datetime.fromisoformat(retired) if retired else None,
            )
            locked = base64.b64decode(members["locked"], validate=True)
        except (KimError, ValueError, TypeError):
            raise SealingLockedError("a file is no sealing key") from None
        if path.name != f"{stored.kid}{_SUFFIX}":
            raise SealingLockedError("a file holds another key than its name says")
        return stored, locked

    def _write(self, stored: StoredSealingKey, locked: bytes) -> None:
        document = {
            "v": 1,
            "kid": stored.kid,
            "public_key": strict_json.encode_base64(stored.public_key),
            "created": stored.created.isoformat(),
            "retired": stored.retired.isoformat() if stored.retired else None,
            "locked": strict_json.encode_base64(locked),
        }
        replace_private_file(self._path(stored.kid), strict_json.dumps(document))


def locked_out(error: SealingLockedError) -> KimError:
    """Return what a person is told who wants to use the keys."""
    return kim_error(
        "key_unreadable",
        Text(
            "Die Siegelschlüssel des Hubs lassen sich nicht öffnen.",
            "The hub's sealing keys cannot be opened.",
        ),
        remedy=Text(
            "sealing_unlock_file in hub.toml prüfen; die Dateien in sealing/ darf nur das Konto des Hubs "
            f"lesen (chmod 600). Grund: {error}.",
            "Check sealing_unlock_file in hub.toml; the files in sealing/ may be readable for the hub's "
            f"account only (chmod 600). Reason: {error}.",
        ),
    )


def fingerprint(kid: str) -> str:
    """Return the first 128 bits of a key id as eight groups of four digits."""
    return " ".join(kid[start : start + 4] for start in range(0, 32, 4))


def _read_private(path: Path) -> bytes:
    try:
        file = path.open("rb")
    except PermissionError:
        raise SealingLockedError("a secret file cannot be read by this account") from None
    with file:
        if os.fstat(file.fileno()).st_mode & _OTHERS:
            raise SealingLockedError("others may read a secret file")
        return file.read(_MAX_BYTES)
