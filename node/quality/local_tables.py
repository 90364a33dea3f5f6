"""The two tables that a node writes for the case workers, and that never leave the house.

Invariants: the files are readable by their owner alone, and no cell of them can act as a formula in a
spreadsheet (T27). Cells of the source stand in the quarantine only; the list of noted rows names lines.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from node.durable_files import replace_private_file
from node.quality.findings import HANDLINGS, NotedRow
from node.quality.quarantine import Quarantine

# OWASP "CSV Injection": a cell that starts with one of these may run when the file is opened.
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")


def write_quarantine(path: Path, quarantine: Quarantine) -> None:
    """Write the local file of quarantined rows, replacing an older one at once.

    Columns: source, line, trap, reason (German), then those of the source. Each source with rows set aside
    has its own header; an empty line stands between two sources.

    Args:
        path: the file; its folder exists.
        quarantine: the rows; none leaves a file with one header only.

    Raises:
        OSError: if the file cannot be written.
    """
    tables = [table for table in quarantine.tables if table.rows] or list(quarantine.tables[:1])
    lines: list[Sequence[str]] = []
    for table in tables:
        lines += [()] if lines else []
        lines.append(["Quelle", "Zeile", "Regel", "Grund", *table.header])
        lines += ([table.source, str(row.line), row.trap, row.reason.de, *row.cells] for row in table.rows)
    _write(path, lines)


def write_noted_rows(path: Path, noted: Iterable[NotedRow]) -> None:
    """Write the local list of rows that were left out or should be looked at, replacing an older one at once.

    Columns: source, line, trap, handling, finding (German); no cell of the source.

    Args:
        path: the file; its folder exists.
        noted: the rows; none leaves a file with a header only.

    Raises:
        OSError: if the file cannot be written.
    """
    lines: list[Sequence[str]] = [["Quelle", "Zeile", "Regel", "Behandlung", "Befund"]]
    lines += (
        [
            row.source,
            str(row.line),
            row.reason.trap,
            HANDLINGS[row.reason.handling].de,
            row.reason.text.de,
        ]
        for row in noted
    )
    _write(path, lines)


def formula_safe(cell: str) -> str:
    """Return the cell so that no spreadsheet takes it for a formula."""
    return "'" + cell if cell.lstrip(" \xa0").startswith(_FORMULA_STARTS) else cell


def _write(path: Path, rows: Iterable[Sequence[str]]) -> None:
    """Write UTF-8 with mark, ``;``, CRLF: what a spreadsheet in Germany opens by itself."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    for row in rows:
        writer.writerow([formula_safe(cell) for cell in row])
    replace_private_file(path, text.getvalue().encode("utf-8-sig"))
