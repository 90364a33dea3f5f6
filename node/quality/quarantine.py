"""Rows that cannot be counted: kept for the case workers, in the house, on one file only they can read.

Invariants: original cells live here and in the file, nowhere else: not in messages, logs or `repr`. The file
is written by `local_tables`.

It deliberately does not decide which rows those are: that is `screening`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from protocol.texts import Text


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """One row that was set aside.

    Attributes:
        line: line of the source file on which it starts.
        trap: ``T`` and two digits.
        reason: why, for a person.
        cells: the original cells in file order.
    """

    line: int
    trap: str
    reason: Text
    cells: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Quarantine:
    """All rows that were set aside.

    Attributes:
        header: column names of the source file.
        rows: in file order.
    """

    header: tuple[str, ...]
    rows: tuple[QuarantinedRow, ...]

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.rows)
