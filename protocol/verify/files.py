"""Reads what is to be verified. Nothing is ever written, and nothing is read that was not named."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from protocol.errors import KimError, kim_error
from protocol.texts import Text
from protocol.trust.metadata import Role, parse_metadata

HUB: Final = "hub.json"
DIRECTORY: Final = "directory.json"
EVIDENCE: Final = "evidence.json"
SUMS: Final = "SHA256SUMS"
#: TUF's client keeps `keys/hub.json` in one folder, under its quoted name.
_KEPT: Final = "keys%2F"

_MOST_BYTES: Final = 1 << 30
_SUM: Final = re.compile(r"(?P<sha256>[0-9a-f]{64})  (?P<name>[A-Za-z0-9._-]{1,128})")
#: TUF's client keeps the roots it has followed in a folder of their own.
_HISTORY: Final = "root_history"
#: Made of signed numbers and digests, or fixed; keeps accidents out.
_IN_REPOSITORY: Final = re.compile(r"(?:metadata|targets)(?:/keys)?/[0-9a-z][0-9a-z.]*")
#: Paths of a copy of the log are made of our own numbers, so this only keeps accidents out.
_INSIDE: Final = re.compile(r"[a-z0-9./]+")


def read(path: Path) -> bytes:
    """Return the bytes of a file.

    Raises:
        KimError: ``file_missing`` if it cannot be read, ``too_large``.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise kim_error("too_large")
        return path.read_bytes()
    except OSError as error:
        raise kim_error(
            "file_missing",
            Text(f"{path} ist nicht lesbar.", f"{path} cannot be read."),
        ) from error


def trust_documents(place: Path, directory: Path | None) -> tuple[bytes, bytes | None]:
    """Return the officers' documents: hub keys and, if it is there, the directory of nodes.

    Args:
        place: ``hub.json``, or a folder that holds it: directly, under ``keys``, or as a node keeps its copy
            of the officers' repository.
        directory: the directory of nodes; the one beside ``hub.json`` if omitted.

    Raises:
        KimError: ``file_missing``.
    """
    if place.is_dir():
        copy = _current_copy(place)
        candidates = [place / HUB, place / "keys" / HUB, copy / "targets" / f"{_KEPT}{HUB}"]
        place = next((path for path in candidates if path.exists()), candidates[0])
    beside = directory or place.with_name(place.name.removesuffix(HUB) + DIRECTORY)
    known = directory is not None or beside.exists()
    return read(place), read(beside) if known else None


def _current_copy(place: Path) -> Path:
    """Return the copy that a node uses; the folder itself if it is no node's."""
    try:
        number = (place / "current").read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return place
    return place / "copies" / number if number.isdigit() else place


def trust_reader(place: Path) -> Callable[[str], bytes | None]:
    """Return what reads a copy of the officers' repository by paths below ``/trust/``.

    Args:
        place: a folder as ``kim-hub trust export`` writes it, or the folder in which a node keeps its copy.

    Raises:
        KimError: ``file_missing`` if there is no such folder.
    """
    copy = _current_copy(place)
    if not (copy / "metadata").is_dir():
        raise kim_error(
            "file_missing",
            Text(
                f"{place} ist kein Vertrauensverzeichnis (kim-hub trust export).",
                f"{place} is no trust repository (kim-hub trust export).",
            ),
        )
    kept_by_client = (copy / "metadata" / _HISTORY).is_dir()

    def reader(path: str) -> bytes | None:
        if not _IN_REPOSITORY.fullmatch(path):
            raise ValueError(path)
        return _of_client(copy, path) if kept_by_client else _existing(copy / path)

    return reader


def _of_client(copy: Path, path: str) -> bytes | None:
    """Read from the folder of TUF's client, which keeps one version of each role under its plain name."""
    folder, _, name = path.partition("/")
    number, _, rest = name.rpartition("/")[2].partition(".")
    if folder == "targets":
        inner = f"{name.rpartition('/')[0]}/{rest}".removeprefix("/")
        return _existing(copy / "targets" / inner.replace("/", "%2F"))
    if rest == "root.json":
        return _existing(copy / "metadata" / _HISTORY / name)
    data = _existing(copy / "metadata" / (rest if number.isdigit() else name))
    if data is not None and number.isdigit():
        found = parse_metadata(data, Role(rest.removesuffix(".json")))
        return data if found.version == int(number) else None
    return data


def _existing(path: Path) -> bytes | None:
    return read(path) if path.is_file() else None


def mirror_reader(folder: Path) -> Callable[[str], bytes | None]:
    """Return what reads files of a copy of the log; None for a file that is not there.

    Raises:
        KimError: ``file_missing`` if there is no such folder.
    """
    if not folder.is_dir():
        raise kim_error("file_missing", Text(f"{folder} ist kein Ordner.", f"{folder} is no folder."))

    def reader(path: str) -> bytes | None:
        if not _INSIDE.fullmatch(path) or ".." in path:
            raise ValueError(path)
        target = folder / path
        return read(target) if target.is_file() else None

    return reader


def evidence_of(place: Path) -> Path:
    """Return where the evidence lies: the file itself, or ``evidence.json`` in a folder."""
    return place / EVIDENCE if place.is_dir() else place


def sums_of(folder: Path) -> dict[str, str]:
    """Return what ``SHA256SUMS`` of a release's folder says; empty if it is not there.

    Raises:
        KimError: ``file_unreadable`` if it has another form.
    """
    path = folder / SUMS
    if not path.exists():
        return {}
    try:
        lines = read(path).decode("ascii").splitlines()
    except UnicodeDecodeError:
        lines = [""]
    found = [_SUM.fullmatch(line) for line in lines]
    sums = {match["name"]: match["sha256"] for match in found if match is not None}
    if len(sums) != len(found):
        raise _unreadable(path)
    return sums


def sha256_of(path: Path) -> str:
    """Return the digest of a file.

    Raises:
        KimError: ``file_missing``.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise kim_error(
            "file_missing", Text(f"{path} ist nicht lesbar.", f"{path} cannot be read.")
        ) from error


def _unreadable(path: Path) -> KimError:
    return kim_error(
        "file_unreadable",
        Text(f"{path.name} hat nicht die erwartete Form.", f"{path.name} does not have the expected form."),
    )
