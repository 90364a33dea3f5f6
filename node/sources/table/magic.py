"""What a file is by its first bytes: an ending can be wrong, and a person should hear what the file is."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from node.sources.table.limits import other_format
from protocol.texts import Text

ZIP: Final = b"PK\x03\x04"
PARQUET: Final = b"PAR1"
# Compound File Binary: old .xls, and every Office file that is protected by a password.
COMPOUND: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_KINDS: Final = (
    (ZIP, Text("eine gepackte Datei (vielleicht .xlsx)", "a packed file (perhaps .xlsx)")),
    (PARQUET, Text("eine Parquet-Datei", "a Parquet file")),
    (COMPOUND, Text("eine alte oder verschlüsselte Office-Datei", "an old or encrypted Office file")),
    (b"%PDF", Text("ein PDF", "a PDF")),
    (b"SQLite format 3\0", Text("eine SQLite-Datenbank", "an SQLite database")),
)
_UNKNOWN: Final = Text("etwas anderes", "something else")
_HTML: Final = Text("eine Webseite", "a web page")
_TEXT: Final = Text("eine Textdatei", "a text file")
_UNPACK: Final = Text(
    "Die Tabelle öffnen und als .xlsx ohne Kennwort speichern.",
    "Open the table and save it as .xlsx without a password.",
)


def head_of(path: Path) -> bytes:
    """Return the first bytes of a file.

    Raises:
        OSError: if it cannot be read.
    """
    with path.open("rb") as file:
        return file.read(4096)


def require_text(path: Path) -> None:
    """Refuse a text file that is a file of another well-known kind.

    Raises:
        KimError: ``wrong_format``.
        OSError: if it cannot be read.
    """
    head = head_of(path)
    for magic, found in _KINDS:
        if head.startswith(magic):
            raise other_format(path, found)


def require_magic(path: Path, magic: bytes) -> None:
    """Refuse a file that does not start as its kind does, and say what it is instead.

    Raises:
        KimError: ``wrong_format``.
        OSError: if it cannot be read.
    """
    head = head_of(path)
    if head.startswith(magic):
        return
    for other, found in _KINDS:
        if head.startswith(other):
            raise other_format(path, found, remedy=_UNPACK if other == COMPOUND else None)
    if head.lstrip(b"\xef\xbb\xbf \r\n\t")[:5].lower() in {b"<html", b"<!doc"}:
        raise other_format(path, _HTML)
    raise other_format(path, _TEXT if b"\0" not in head else _UNKNOWN)
