"""Rows that cannot be counted: kept for the case workers, in the house, on one file only they can read.

Invariants: original cells live here and in the file, nowhere else: not in messages, logs or `repr`. The file
is readable by its owner alone, and no cell of it can act as a formula in a spreadsheet (T27).

It deliberately does not decide which rows those are: that is `screening`.
"""

from __future__ import annotations

import csv
import io
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from protocol.texts import Text

# OWASP "CSV Injection": a cell that starts with one of these may run when the file is opened.
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
_OWNER_ONLY: Final = 0o600


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


def formula_safe(cell: str) -> str:
    """Return the cell so that no spreadsheet takes it for a formula."""
    return "'" + cell if cell.lstrip(" \xa0").startswith(_FORMULA_STARTS) else cell


def write_quarantine(path: Path, quarantine: Quarantine) -> None:
    """Write the local file of quarantined rows, replacing an older one at once.

    Columns: line, trap, reason (German), then those of the source; UTF-8 with mark, ``;``, CRLF.

    Args:
        path: the file; its folder exists.
        quarantine: the rows; none leaves a file with a header only.

    Raises:
        OSError: if the file cannot be written.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(["Zeile", "Regel", "Grund", *map(formula_safe, quarantine.header)])
    for row in quarantine.rows:
        writer.writerow([row.line, row.trap, row.reason.de, *map(formula_safe, row.cells)])
    draft = path.with_name(path.name + ".part")
    draft.unlink(missing_ok=True)
    # Created with its final mode: the rows are at no moment readable for others.
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    with os.fdopen(handle, "wb") as file:
        file.write(text.getvalue().encode("utf-8-sig"))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
