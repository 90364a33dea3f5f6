"""The password of a database: the first line of a file that nobody but its owner can read.

Invariant: it goes from the file into the connection and nowhere else; no message holds it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from node.sources.table.limits import reason_of
from protocol.errors import KimError, kim_error
from protocol.texts import Text

_OTHERS: Final = 0o077
_MAX_BYTES: Final = 4096


def read_password(path: Path) -> str:
    """Read a password.

    Args:
        path: the file; UTF-8, one line.

    Returns:
        The password, without the line end.

    Raises:
        KimError: ``password_unreadable`` if the file is missing, empty, no text, or open to others.
    """
    try:
        with path.open("rb") as file:
            if os.name == "posix" and os.fstat(file.fileno()).st_mode & _OTHERS:
                raise _refusal(path, Text("ist für andere Benutzer lesbar", "is readable for other users"))
            content = file.read(_MAX_BYTES)
        password = content.decode("utf-8-sig").partition("\n")[0].rstrip("\r")
    except OSError as error:
        reason = reason_of(error)
        raise _refusal(
            path, Text(f"ist nicht lesbar ({reason.de})", f"cannot be read ({reason.en})")
        ) from None
    except UnicodeDecodeError:
        raise _refusal(path, Text("ist kein UTF-8", "is not UTF-8")) from None
    if not password:
        raise _refusal(path, Text("ist leer", "is empty"))
    return password


def _refusal(path: Path, fault: Text) -> KimError:
    return kim_error("password_unreadable", Text(f"{path.name} {fault.de}.", f"{path.name} {fault.en}."))
