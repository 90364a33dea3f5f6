"""Where the node's secret key lies: one PEM file that only the node's user may read.

Invariants: an existing key is never overwritten; a key that others could read is not used. The key never
leaves this machine; what is handed out is the public half and its fingerprint.

It deliberately knows no hub: registering the public key is done by people, on a second way.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from node.durable_files import create_private_file, write_error
from protocol.errors import KimError, kim_error
from protocol.keys import PrivateKey
from protocol.texts import Text

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_MAX_KEY_BYTES: Final = 16_384


def create_key(path: Path) -> PrivateKey:
    """Make a key pair and keep its secret half in ``path``, durably.

    Args:
        path: file that must not exist; its folder must.

    Returns:
        The new key.

    Raises:
        KimError: ``already_exists``; ``cannot_write`` or ``storage_full`` if the file cannot be written.
    """
    key = PrivateKey.generate()
    try:
        create_private_file(path, key.to_pem())
    except FileExistsError as error:
        raise kim_error(
            "already_exists",
            Text(
                "Es gibt schon einen geheimen Schlüssel; er wird nicht überschrieben.",
                "There is a secret key already; it is not overwritten.",
            ),
        ) from error
    except OSError as error:
        raise write_error(error, path) from error
    return key


def load_key(path: Path) -> PrivateKey:
    """Read the secret key.

    Args:
        path: the PEM file.

    Returns:
        The key.

    Raises:
        KimError: ``key_missing``; ``key_unreadable`` if it is no key or others could read it.
    """
    try:
        with path.open("rb") as file:
            if os.name == "posix" and os.fstat(file.fileno()).st_mode & _OTHERS:
                raise _too_open()
            content = file.read(_MAX_KEY_BYTES)
    except FileNotFoundError as error:
        raise kim_error("key_missing") from error
    except OSError as error:
        raise kim_error("key_unreadable") from error
    return PrivateKey.from_pem(content)


def _too_open() -> KimError:
    return kim_error(
        "key_unreadable",
        Text(
            "Der geheime Schlüssel ist für andere Benutzer lesbar und wird deshalb nicht benutzt.",
            "The secret key is readable for other users and is therefore not used.",
        ),
    )
