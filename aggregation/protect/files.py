"""The files of `kim-protect`: read whole or refused, written whole or not at all.

What is in them is the business of `formats` and `structure`; here are paths, bytes and YAML. Invariants: no
output takes the place of an input; an output is there with all its bytes or not at all; YAML is taken as
texts with their lines (no type is guessed, no object is built).
"""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from aggregation.protect.description import Entry, outline_of
from aggregation.protect.faults import Fault, Place, refusal
from aggregation.protect.formats.delimited import decoded
from aggregation.protect.formats.hierarchies import read_hierarchy
from aggregation.protect.structure import Structure
from protocol.errors import KimError, kim_error
from protocol.texts import Text

_DEEPEST: Final = 12
_BESIDE: Final = Text(
    "Dateien, die STRUCTURE.yaml nennt, liegen neben ihr: dort ablegen, oder den Namen berichtigen.",
    "Files that STRUCTURE.yaml names lie beside it: put the file there, or correct the name.",
)
_PUBLIC_MODE: Final = 0o644
_PRIVATE_MODE: Final = 0o600
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


def read_text(path: Path, *, remedy: Text | None = None) -> tuple[str, str]:
    """Return the text of a file and its encoding.

    Args:
        path: the file.
        remedy: what helps if it is missing, where that is something special.

    Raises:
        KimError: ``file_missing``, or ``file_unreadable`` if it is no text.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        text = Text(f"{path}: lässt sich nicht lesen.", f"{path}: cannot be read.")
        if isinstance(error, FileNotFoundError):
            text = Text(f"{path}: gibt es nicht.", f"{path}: is not there.")
        raise kim_error("file_missing", text, pointer=str(path), remedy=remedy) from error
    return decoded(content, file=str(path))


def read_structure(path: Path) -> Structure:
    """Read STRUCTURE.yaml and the hierarchies that it names; these lie beside it.

    Raises:
        KimError: ``file_missing``, ``structure_invalid``, ``hierarchy_invalid``.
    """
    text, _ = read_text(path)
    outline = outline_of(_entries(text, str(path)), file=str(path))
    hierarchies = {}
    for dimension, name in outline.files.items():
        file = path.parent / name
        content, _ = read_text(file, remedy=_BESIDE)
        hierarchies[dimension] = read_hierarchy(content, dimension=dimension, file=str(file))
    return outline.with_hierarchies(hierarchies)


def hierarchy_files(path: Path, structure: Structure) -> list[Path]:
    """Return the files of a structure's hierarchies."""
    return [path.parent / name for name in structure.files]


def require_outputs(inputs: Sequence[Path], outputs: Mapping[str, Path | None]) -> None:
    """Refuse outputs that would overwrite an input or each other, or that cannot be written.

    Args:
        inputs: files that are read.
        outputs: files that will be written, by the name of their option; those that are None are not asked
            for.

    Raises:
        KimError: ``input_overwritten``; ``cannot_write``, also for what is there already and no file.
    """
    taken = [path.resolve() for path in inputs]
    read = len(taken)
    for option, path in outputs.items():
        if path is None:
            continue
        for number, other in enumerate(taken):
            if path.resolve() == other or _same_file(path, other):
                text = Text(f"{option} {path}.", f"{option} {path}.")
                if number >= read:
                    text = Text(
                        f"{option} {path}: so heißt schon eine andere Ausgabe.",
                        f"{option} {path}: another output has that name already.",
                    )
                raise kim_error("input_overwritten", text)
        folder = path.resolve().parent
        # A device or a pipe would be replaced by a file: whoever has the rights would lose /dev/null.
        replaceable = path.is_file() or not path.exists()
        if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK) or not replaceable:
            raise kim_error("cannot_write", Text(f"{option} {path}.", f"{option} {path}."))
        taken.append(path.resolve())


def write_text(path: Path, text: str, *, private: bool = False, mark: bool = False) -> None:
    """Write a file whole: aside, then renamed over the old one, if there is one.

    Args:
        path: where to; a link stays one, and what it points to is replaced.
        text: its content, written as UTF-8.
        private: whether only this user may read it.
        mark: whether to begin with a byte order mark, as some spreadsheets want it.

    Raises:
        KimError: ``cannot_write`` or ``storage_full``; the old file is untouched then.
    """
    content = text.encode("utf-8-sig" if mark else "utf-8")
    temporary, target = None, path.resolve()
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        temporary = Path(name)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(_PRIVATE_MODE if private else _PUBLIC_MODE & ~_umask())
        temporary.replace(target)
    except OSError as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        if error.errno in _FULL:
            raise kim_error("storage_full") from error
        raise kim_error("cannot_write", Text(f"{path}.", f"{path}.")) from error


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _same_file(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:
        return False


# --------------------------------------------------------------------------------------------------- YAML


def _entries(text: str, file: str) -> Entry:
    """Take YAML apart into texts with their lines.

    Raises:
        KimError: ``structure_invalid``.
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise _no_yaml(file, 0 if mark is None else mark.line + 1) from error
    except (
        yaml.YAMLError,
        RecursionError,
    ) as error:  # characters that YAML does not know; brackets in thousands
        raise _no_yaml(file, 0) from error
    if node is None:
        raise refusal(Fault.MISSING_KEY, Place(file), Text("Die Datei ist leer.", "the file is empty."))
    return _Converter(file).entry(node)


def _no_yaml(file: str, line: int) -> KimError:
    what = Text(
        "Hier ist die YAML-Schreibweise falsch (Einrückung, Doppelpunkt, Klammer?).",
        "the YAML notation is wrong here (indentation, colon, bracket?).",
    )
    return refusal(Fault.YAML, Place(file, line), what)


class _Converter:
    """Turns YAML nodes into entries. Aliases are refused: a description needs none, and they can explode."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._seen: set[int] = set()

    def entry(self, node: Any, depth: int = 0) -> Entry:  # noqa: ANN401 -- yaml's nodes are untyped
        line = node.start_mark.line + 1
        if depth > _DEEPEST or (id(node) in self._seen and not isinstance(node, yaml.ScalarNode)):
            what = Text("Verweise (& und *) gibt es hier nicht.", "there are no aliases (& and *) here.")
            raise refusal(Fault.YAML, Place(self._file, line), what)
        self._seen.add(id(node))
        if isinstance(node, yaml.ScalarNode):
            return Entry(line, text=str(node.value))
        if isinstance(node, yaml.SequenceNode):
            return Entry(line, items=tuple(self.entry(item, depth + 1) for item in node.value))
        members: dict[str, Entry] = {}
        repeated: list[tuple[str, int]] = []
        for key, value in node.value:
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else ""
            if name in members:
                repeated.append((name, key.start_mark.line + 1))
            members[name] = self.entry(value, depth + 1)
        return Entry(line, members=members, repeated=tuple(repeated))
