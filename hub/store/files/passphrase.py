"""The passphrase that encrypts the hub's own signing keys at rest: of the log, and of snapshot and timestamp.

A service that runs unattended has nobody to type one. It comes from systemd (the credential
`kim-hub.passphrase`), or from a file outside the hub's folder, so that a copy of that folder (a backup, a
disk that is replaced) holds no key that can be used (SPEC P-14). It does not help against somebody who is the
hub's account or root on the running machine: what the hub can read, they can.

A key that an earlier version has written without a passphrase is encrypted where it lies, as soon as there is
one.
"""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

from hub.store.files.private_files import sync_folder
from protocol.errors import KimError, kim_error
from protocol.keys import PrivateKey, new_passphrase
from protocol.texts import Text

_MAX_BYTES: Final = 4_096
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
#: The format's own derivation is quick: the passphrase has to be strong by itself.
_SHORTEST: Final = 20
_ENCRYPTED: Final = b"-----BEGIN ENCRYPTED PRIVATE KEY-----"


class Passphrase:
    """The file of the passphrase; nothing is read or made yet."""

    def __init__(self, path: Path) -> None:
        """Use the first line of a file."""
        self.path = path

    def ensure(self) -> None:
        """Make a passphrase if there is none.

        Raises:
            KimError: `cannot_write`.
        """
        if self.path.exists():
            return
        try:
            handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            return  # another process was faster
        except OSError:
            raise _unwritable(self.path) from None
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(f"{new_passphrase()}\n")
            file.flush()
            os.fsync(file.fileno())
        sync_folder(self.path.parent)

    def lock(self, key: PrivateKey) -> bytes:
        """Return a key as PEM (PKCS #8), encrypted; the passphrase is made if there is none.

        Raises:
            KimError: `cannot_write`, `key_unreadable`.
        """
        self.ensure()
        return key.to_pem(passphrase=self._read())

    def unlock(self, pem: bytes, *, keep: Callable[[bytes], None]) -> PrivateKey:
        """Return a key.

        Args:
            pem: as it lies there, encrypted or of an earlier version.
            keep: takes the encrypted form of one that is not, to be written in its place.

        Raises:
            KimError: `key_unreadable` if the passphrase is missing, too short, readable for others or does
                not fit, or if this is no key.
        """
        is_locked = pem.startswith(_ENCRYPTED)
        try:
            key = PrivateKey.from_pem(pem, passphrase=self._read() if is_locked else None)
        except KimError as error:
            raise _unreadable(error.detail) from None
        if not is_locked and self.path.exists():
            keep(self.lock(key))
        return key

    def _read(self) -> bytes:
        try:
            with self.path.open("rb") as file:
                if os.fstat(file.fileno()).st_mode & _OTHERS:
                    raise _unreadable(
                        Text(f"Auch andere dürfen {self.path} lesen.", f"Others may read {self.path} too.")
                    )
                passphrase = file.read(_MAX_BYTES).partition(b"\n")[0].rstrip(b"\r")
        except OSError:
            raise _unreadable(
                Text(
                    f"Die Schlüssel des Hubs sind verschlüsselt, und das Kennwort in {self.path} fehlt "
                    "oder ist für dieses Konto nicht lesbar.",
                    f"The hub's keys are encrypted, and the passphrase in {self.path} is missing, or "
                    "this account may not read it.",
                )
            ) from None
        if len(passphrase) < _SHORTEST:
            raise _unreadable(
                Text(
                    f"Das Kennwort in {self.path} hat weniger als {_SHORTEST} Zeichen.",
                    f"The passphrase in {self.path} has fewer than {_SHORTEST} characters.",
                )
            )
        return passphrase


def _unreadable(detail: Text) -> KimError:
    return kim_error(
        "key_unreadable",
        detail,
        remedy=Text(
            "key_passphrase_file in hub.toml prüfen, oder das Kennwort aus der Sicherung holen; die Datei "
            "darf nur das Konto des Hubs lesen (chmod 600).",
            "Check key_passphrase_file in hub.toml, or get the passphrase from the backup; only the hub's "
            "account may read the file (chmod 600).",
        ),
    )


def _unwritable(path: Path) -> KimError:
    return kim_error(
        "cannot_write",
        Text(f"{path} lässt sich nicht anlegen.", f"{path} cannot be made."),
        remedy=Text(
            "In hub.toml mit key_passphrase_file einen Ort außerhalb des Hubs nennen, den sein Konto lesen "
            "darf, oder das Kennwort dort von der Verwaltung anlegen lassen.",
            "Name a place outside the hub in hub.toml (key_passphrase_file) which its account may read, or "
            "have the administration put the passphrase there.",
        ),
    )
