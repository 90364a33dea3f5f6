"""Reads JSON lines: one object per line, its members are the cells.

Invariants: UTF-8 (RFC 8259 section 8.1); a member that an object lacks, or that is null, is an empty cell; a
list of texts is understood where the profile allows several (fields of action). Everything else that a table
cannot hold is refused with its line: nested objects, other lists, a member twice, a line that is no object.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import numpy as np

from node.sources.table.cell_texts import NoTextError, text_of, texts_of
from node.sources.table.columns import BLOCK_ROWS, TextColumn
from node.sources.table.limits import SourceLimits, damaged, empty_source, other_format, too_large
from node.sources.table.magic import require_text
from node.sources.table.profile import ProfileNames
from node.sources.table.raw_table import RawTable, plain_table
from node.sources.text.encoding import unreadable
from protocol.errors import KimError
from protocol.texts import Text

_MAX_LINE_BYTES: Final = 1 << 20
_ONE_OBJECT: Final = Text("kein JSON-Objekt je Zeile", "not one JSON object per line")


class _RepeatedMemberError(ValueError):
    """An object has a member twice."""


def read_json_lines(path: Path, names: ProfileNames, limits: SourceLimits) -> RawTable:
    """Read a file of JSON lines.

    Args:
        path: the file; neither missing nor empty.
        names: names of the profile's columns.
        limits: how large it may be.

    Returns:
        One row per object; `lines` are those of the file.

    Raises:
        KimError: ``source_damaged`` with the line, ``wrong_format``, ``wrong_encoding``, ``wrong_type``,
            ``source_too_large``, ``empty_source``, ``missing_column``.
        OSError: if it cannot be read.
    """
    require_text(path)
    table = _Table(path, names, limits)
    number = 0
    with path.open("rb") as file:
        while line := file.readline(_MAX_LINE_BYTES + 1):
            number += 1
            if len(line) > _MAX_LINE_BYTES:
                raise damaged(path, f"Zeile {number} ist zu lang.", f"line {number} is too long.")
            if number == 1:
                line = line.removeprefix(b"\xef\xbb\xbf")
                _require_objects(path, line)
            if line.strip():
                table.add(number, _parsed(path, number, line))
    return table.finished()


def _require_objects(path: Path, first: bytes) -> None:
    if first.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in first:
        raise unreadable()
    if first.strip() and not first.lstrip().startswith(b"{"):
        raise other_format(path, _ONE_OBJECT, remedy=_LINES)


_LINES: Final = Text(
    "Die Datei als JSON lines erzeugen: ein Objekt je Zeile, ohne Klammer um das Ganze.",
    "Create the file as JSON lines: one object per line, without brackets around the whole.",
)


def _parsed(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(
            line.decode("utf-8"),
            object_pairs_hook=_members,
            parse_float=Decimal,
            parse_constant=_no_constant,
        )
    except UnicodeDecodeError:
        raise unreadable() from None
    except _RepeatedMemberError:
        raise damaged(
            path,
            f"In Zeile {number} steht ein Name zweimal in einem Objekt.",
            f"In line {number} an object has a name twice.",
        ) from None
    except (ValueError, RecursionError):
        # The parser's message may repeat what stands there.
        raise damaged(
            path, f"Zeile {number} ist kein gültiges JSON.", f"line {number} is not valid JSON."
        ) from None
    if not isinstance(found, dict):
        raise damaged(path, f"Zeile {number} ist kein Objekt.", f"line {number} is no object.")
    return found


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _RepeatedMemberError
    return members


def _no_constant(_: str) -> Any:  # noqa: ANN401  (never returns)
    raise ValueError


class _Table:
    """Columns that grow as objects name them."""

    def __init__(self, path: Path, names: ProfileNames, limits: SourceLimits) -> None:
        self._path, self._names, self._limits = path, names, limits
        self._several = {column.name for column in names.profile.columns if column.several}
        self._columns: dict[str, TextColumn] = {}
        self._waiting: list[dict[str, Any]] = []
        self._lines: list[int] = []

    def add(self, line: int, members: dict[str, Any]) -> None:
        self._lines.append(line)
        self._waiting.append(members)
        if len(self._waiting) == BLOCK_ROWS:
            self._flush()

    def finished(self) -> RawTable:
        self._flush()
        if not self._lines:
            raise empty_source()
        layout = self._names.layout_of(tuple(self._columns))
        self._names.require_columns(layout)
        columns = tuple(column.array() for column in self._columns.values())
        return plain_table(
            layout, columns, np.array(self._lines, dtype=np.int32), numbering="line", encoding="utf-8"
        )

    def _flush(self) -> None:
        if len(self._lines) > self._limits.max_rows:
            raise too_large()
        done = len(self._lines) - len(self._waiting)
        for name in dict.fromkeys(name for members in self._waiting for name in members):
            if name not in self._columns:
                self._begin(name, done)
        for name, column in self._columns.items():
            column.extend(self._texts(name, [members.get(name) for members in self._waiting], done))
        self._waiting = []

    def _begin(self, name: str, rows_before: int) -> None:
        if len(self._columns) >= self._limits.max_columns:
            raise too_large()
        standard = self._names.canonical(name)
        known = None if standard is None else self._names.profile.column(standard)
        repeating = known is not None and not (known.identifying or known.free_text)
        column = self._columns[name] = TextColumn(repeating=repeating)
        column.extend([""] * rows_before)

    def _texts(self, name: str, values: Sequence[object], done: int) -> list[str]:
        to_text = texts_of if self._names.canonical(name) in self._several else text_of
        texts: list[str] = []
        for value in values:
            try:
                texts.append(to_text(value))
            except NoTextError:
                raise self._nested(self._lines[done + len(texts)], name) from None
        return texts

    def _nested(self, line: int, name: str) -> KimError:
        # A name that no profile has could be anything, a value among it.
        known = self._names.canonical(name) is not None
        german, english = (f" (Spalte {name})", f" (column {name})") if known else ("", "")
        return damaged(
            self._path,
            f"In Zeile {line}{german} steht eine Liste oder ein Objekt statt eines Werts.",
            f"In line {line}{english} there is a list or an object instead of a value.",
        )
