"""How large a source may be, and the refusals that every format shares.

Invariant: no refusal quotes anything that stands in a source.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from protocol.errors import KimError, kim_error
from protocol.texts import Text


@dataclass(frozen=True, slots=True)
class SourceLimits:
    """How large a source may be.

    Attributes:
        max_bytes: size of the file.
        max_rows: rows behind the header.
        max_columns: columns.
        max_unpacked_bytes: size of a packed file (XLSX, Parquet) once it is unpacked.
        max_ratio: unpacked size of an XLSX file in terms of its packed size, once it is beyond
            `free_unpacked_bytes`. Sheets shrink to a tenth or so; a zip bomb shrinks to a thousandth.
        free_unpacked_bytes: unpacked size for which no ratio is asked.
    """

    max_bytes: int = 2 << 30
    max_rows: int = 5_000_000
    max_columns: int = 1000
    max_unpacked_bytes: int = 3 << 30
    max_ratio: int = 100
    free_unpacked_bytes: int = 64 << 20


DEFAULT_LIMITS: Final = SourceLimits()
_REASONS: Final[Mapping[int, Text]] = {
    errno.ENOENT: Text("nicht vorhanden", "it does not exist"),
    errno.EACCES: Text("kein Leserecht", "no permission to read"),
    errno.EPERM: Text("kein Leserecht", "no permission to read"),
    errno.EISDIR: Text("es ist ein Ordner", "it is a folder"),
    errno.ENOTDIR: Text("der Pfad führt durch eine Datei", "the path leads through a file"),
}


def empty_source() -> KimError:
    """Build the refusal of a source without a row."""
    return kim_error("empty_source")


def too_large() -> KimError:
    """Build the refusal of a source beyond its limits."""
    return kim_error(
        "source_too_large",
        Text("Die Quelle ist größer, als dieser Knoten liest.", "The source is larger than this node reads."),
    )


def damaged(path: Path, german: str, english: str) -> KimError:
    """Build the refusal of a file that is broken, with what was found."""
    return kim_error("source_damaged", Text(f"{path.name}: {german}", f"{path.name}: {english}"))


def other_format(path: Path, found: Text, *, remedy: Text | None = None) -> KimError:
    """Build the refusal of a file that is not what its ending says."""
    return kim_error(
        "wrong_format",
        Text(
            f"{path.name} ist keine Datei der Art {path.suffix.lower()}, sondern {found.de}.",
            f"{path.name} is no file of the kind {path.suffix.lower()} but {found.en}.",
        ),
        remedy=remedy,
    )


def wrong_type(column: str, type_name: str) -> KimError:
    """Build the refusal of a column whose values have no text."""
    return kim_error(
        "wrong_type",
        Text(
            f"Die Spalte {column} hat den Typ {type_name}; gelesen werden Texte, Zahlen und Datumsangaben.",
            f"The column {column} has the type {type_name}; texts, numbers and dates are read.",
        ),
    )


def reason_of(error: OSError) -> Text:
    """Say why a file could not be read; the system knows English only, so a rare reason is in its words."""
    said = error.strerror or type(error).__name__
    return _REASONS.get(error.errno or 0, Text(said, said))
