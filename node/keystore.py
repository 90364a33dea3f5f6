"""Where the node's secret keys lie: PEM files that only the node's user may read, encrypted.

Invariants: an existing key is never overwritten, but for the change to the key that follows it; a key that
others could read is not used; every key that is written is encrypted with a passphrase that lies elsewhere.
A key never leaves this machine; what is handed out is the public half and its fingerprint.

A key that an earlier version has written without a passphrase is encrypted where it lies, as soon as there is
one. It deliberately knows no hub: how a public key is entered is the business of `node.enrolment`.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from node.durable_files import create_private_file, replace_private_file, sync_folder, write_error
from node.settings import KeyFile
from protocol.errors import KimError, kim_error
from protocol.keys import KeyPurpose, PrivateKey, new_passphrase
from protocol.texts import Text

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_MAX_KEY_BYTES: Final = 16_384
_MAX_PASSPHRASE_BYTES: Final = 4_096
#: The format's own derivation is quick: the passphrase has to be strong by itself.
_SHORTEST_PASSPHRASE: Final = 20
_PASSPHRASE_REMEDY: Final = Text(
    "Das Kennwort aus der Verwahrung holen und in diese Datei schreiben, als eine Zeile (chmod 600). Ist es "
    "verloren, das Ministerium um einen neuen Brief bitten: kim-node enrol --new-keys.",
    "Fetch the passphrase from where it is kept and write it into this file, as one line (chmod 600). If it "
    "is lost, ask the ministry for a new letter: kim-node enrol --new-keys.",
)
_ENCRYPTED: Final = b"-----BEGIN ENCRYPTED PRIVATE KEY-----"


def create_key(place: KeyFile, *, purpose: KeyPurpose = KeyPurpose.SIGN) -> PrivateKey:
    """Make a key pair and keep its secret half, durably and encrypted.

    Args:
        place: file that must not exist; its folder must. The passphrase is made if there is none.
        purpose: what the key is for.

    Returns:
        The new key.

    Raises:
        KimError: ``already_exists``; ``cannot_write`` or ``storage_full`` if the file cannot be written;
            ``key_unreadable`` if the passphrase cannot be used.
    """
    passphrase = _passphrase(place, make=True)
    key = PrivateKey.generate(purpose=purpose)
    try:
        create_private_file(place.path, key.to_pem(passphrase=passphrase))
    except FileExistsError as error:
        raise kim_error(
            "already_exists",
            Text(
                "Es gibt schon einen geheimen Schlüssel; er wird nicht überschrieben.",
                "There is a secret key already; it is not overwritten.",
            ),
        ) from error
    except OSError as error:
        raise write_error(error, place.path) from error
    return key


def load_key(place: KeyFile, *, purpose: KeyPurpose = KeyPurpose.SIGN) -> PrivateKey:
    """Read a secret key.

    Args:
        place: the PEM file and the passphrase.
        purpose: what the key is for.

    Returns:
        The key.

    Raises:
        KimError: ``key_missing``; ``key_unreadable`` if it is no key, the passphrase does not fit or is not
            there, or others could read one of them.
    """
    content = _private(place.path, _MAX_KEY_BYTES)
    if content is None:
        raise kim_error("key_missing")
    if content.startswith(_ENCRYPTED):
        return PrivateKey.from_pem(content, passphrase=_passphrase(place, make=False), purpose=purpose)
    key = PrivateKey.from_pem(content, purpose=purpose)
    if place.passphrase.exists():
        try:
            replace_private_file(place.path, key.to_pem(passphrase=_passphrase(place, make=False)))
        except OSError as error:
            raise write_error(error, place.path) from error
    return key


def ensure_key(place: KeyFile, *, purpose: KeyPurpose = KeyPurpose.SIGN) -> PrivateKey:
    """Read a secret key, or make it if there is none; errors as of the two."""
    return load_key(place, purpose=purpose) if place.path.exists() else create_key(place, purpose=purpose)


def promote_key(place: KeyFile) -> None:
    """Let the key that was to follow take the place of the one before, which is gone then.

    Done already, it changes nothing.

    Raises:
        KimError: ``cannot_write``.
    """
    try:
        place.next.path.replace(place.path)
        sync_folder(place.path.parent)
    except FileNotFoundError:
        return
    except OSError as error:
        raise write_error(error, place.path) from error


def _passphrase(place: KeyFile, *, make: bool) -> bytes:
    path = place.passphrase
    content = _private(path, _MAX_PASSPHRASE_BYTES)
    if content is None and make:
        try:
            create_private_file(path, f"{new_passphrase()}\n".encode("ascii"))
        except FileExistsError:
            pass  # another process was faster
        except OSError as error:
            raise _unwritable(error, path) from error
        content = _private(path, _MAX_PASSPHRASE_BYTES)
    if content is None:
        raise kim_error(
            "key_unreadable",
            Text(
                f"Der geheime Schlüssel ist verschlüsselt, und das Kennwort in {path} fehlt.",
                f"The secret key is encrypted, and the passphrase in {path} is missing.",
            ),
            remedy=_PASSPHRASE_REMEDY,
        )
    passphrase = content.partition(b"\n")[0].rstrip(b"\r")
    if len(passphrase) < _SHORTEST_PASSPHRASE:
        raise kim_error(
            "key_unreadable",
            Text(
                f"Das Kennwort in {path} hat weniger als {_SHORTEST_PASSPHRASE} Zeichen.",
                f"The passphrase in {path} has fewer than {_SHORTEST_PASSPHRASE} characters.",
            ),
            remedy=Text(
                f"Eine Zeile mit mindestens {_SHORTEST_PASSPHRASE} Zeichen hineinschreiben; gibt es den "
                "Schlüssel schon, genau die, mit der er verschlüsselt ist.",
                f"Write one line of at least {_SHORTEST_PASSPHRASE} characters into it; if the key exists "
                "already, exactly that with which it is encrypted.",
            ),
        )
    return passphrase


def _private(path: Path, most: int) -> bytes | None:
    try:
        with path.open("rb") as file:
            if os.name == "posix" and os.fstat(file.fileno()).st_mode & _OTHERS:
                raise _too_open(path)
            return file.read(most)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise kim_error("key_unreadable") from error


def _unwritable(error: OSError, path: Path) -> KimError:
    refusal = write_error(error, path)
    return kim_error(
        refusal.code,
        refusal.detail,
        remedy=Text(
            "Für das Kennwort einen Ort außerhalb des Knotens nennen, den dieser Benutzer lesen darf "
            "(kim-node init --passphrase-file), oder es dort von der Verwaltung anlegen lassen.",
            "Name a place outside the node for the passphrase which this user may read (kim-node init "
            "--passphrase-file), or have the administration put it there.",
        ),
    )


def _too_open(path: Path) -> KimError:
    return kim_error(
        "key_unreadable",
        Text(
            f"{path.name} ist für andere Benutzer lesbar und wird deshalb nicht benutzt.",
            f"{path.name} is readable for other users and is therefore not used.",
        ),
    )
