"""A table on its way into a file: named columns, rows of plain values, and the notes that go with it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from protocol.texts import Text

Value = str | int | Decimal | None

#: What makes a spreadsheet take a text for a formula.
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name for programmes, which never changes, and for people."""

    id: str
    label: Text


@dataclass(frozen=True, slots=True)
class ExportTable:
    """One table.

    Attributes:
        id: short name, also of the file and of the sheet.
        title: what it holds.
        columns: columns.
        rows: one value per column.
    """

    id: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]


@dataclass(frozen=True, slots=True)
class ExportFile:
    """Everything a page gives to a file.

    Attributes:
        name: name of the file without suffix.
        tables: the tables, the main one first.
        notes: label and text: release, coverage, signs, sources.
    """

    name: str
    tables: tuple[ExportTable, ...]
    notes: tuple[tuple[str, str], ...]

    def table(self, table_id: str) -> ExportTable | None:
        """Return a table by its id, the main one for an empty id, or None."""
        if not table_id:
            return self.tables[0]
        return next((table for table in self.tables if table.id == table_id), None)


def harmless(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
