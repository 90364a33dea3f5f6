"""Rows that cannot be counted: kept for the case workers, in the house, in one file only they can read.

Invariants: original cells live here and in the file, nowhere else: not in messages, logs or `repr`. The file
is written by `local_tables`.

It deliberately does not decide which rows those are: that is `sorting`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from protocol.texts import Text


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """One row that was set aside.

    Attributes:
        line: line of the source on which it starts.
        trap: ``T`` and two digits.
        reason: why, for a person.
        cells: the original cells in file order.
    """

    line: int
    trap: str
    reason: Text
    cells: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class QuarantinedTable:
    """The rows of one source that were set aside.

    Attributes:
        source: name of the source.
        header: column names of the source.
        rows: in the order of the source.
    """

    source: str
    header: tuple[str, ...]
    rows: tuple[QuarantinedRow, ...]


@dataclass(frozen=True, slots=True)
class Quarantine:
    """All rows that were set aside.

    Attributes:
        tables: one for each source, in the order of the configuration.
    """

    tables: tuple[QuarantinedTable, ...]

    @property
    def rows(self) -> tuple[QuarantinedRow, ...]:
        """The rows of all sources."""
        return tuple(row for table in self.tables for row in table.rows)

    def __len__(self) -> int:
        """Number of rows."""
        return sum(len(table.rows) for table in self.tables)
