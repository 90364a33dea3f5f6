"""Why a file could not be read, in words; the system knows English ones only."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from typing import Final

from protocol.texts import Text

_REASONS: Final[Mapping[int, Text]] = {
    errno.ENOENT: Text("nicht vorhanden", "it does not exist"),
    errno.EACCES: Text("kein Leserecht", "no permission to read"),
    errno.EPERM: Text("kein Leserecht", "no permission to read"),
    errno.EISDIR: Text("es ist ein Ordner", "it is a folder"),
    errno.ENOTDIR: Text("der Pfad führt durch eine Datei", "the path leads through a file"),
}


def reason_of(error: OSError) -> Text:
    """Return the reason; a rare one in the system's words."""
    said = error.strerror or type(error).__name__
    return _REASONS.get(error.errno or 0, Text(said, said))
