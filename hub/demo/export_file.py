"""Writes the rows of one area as a profile-A file: banner, header, trailing delimiters, footer, encoding.

Purpose: the file-level part of the mess. Windows-1252 or UTF-8, with or without byte order mark and
``sep=;``, columns renamed, moved and added, total rows, blank rows and repeated headers between the data.

Invariants: every line ends with the delimiter and CRLF; cells are quoted where CSV needs it; the returned
counts say how many lines must be dropped.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from hub.demo.columns import COLUMNS
from hub.demo.plans import AreaPlan
from hub.demo.records import Entry, Findings

BANNER: Final = ("KIM-Fallverwaltung - Falluebersicht", "Export vom 05.10.2026 08:15")
_TOTAL_LABELS: Final = ("Zwischensumme", "  Gesamt", "SUMME", "Total")
#: Share of entries after which a line stands that is no data.
_INTERRUPTION: Final = 0.002


def write_export(path: Path, plan: AreaPlan, entries: Iterable[Entry]) -> Findings:
    """Write the file of one area.

    Args:
        path: where to.
        plan: the area's peculiarities.
        entries: rows by case or contact, in file order.

    Returns:
        Findings about the file: lines before the header, lines that are no data and must be dropped (totals,
        blank lines, repeated headers, the footer), columns renamed and added; zeros included.
    """
    rng = random.Random(f"kim-demo/1/file/{plan.region.id}")
    header = _line((*plan.names, *plan.extra))
    lines = ["sep=;"] if plan.separator_line else []
    lines += [f"{BANNER[0]} {plan.region.name}", BANNER[1], header]
    extra = [""] * len(plan.extra)
    dropped = rows = 0
    for entry in entries:
        for row in entry:
            lines.append(_line([row.cells[column] for column in plan.columns] + extra))
        rows += len(entry)
        if rng.random() < _INTERRUPTION:
            lines.append(_interruption(rng, header, width=len(plan.names) + len(extra)))
            dropped += 1
    lines.append(_total_line("Summe", rows, width=len(plan.names) + len(extra)))
    path.write_bytes("".join(f"{line}\r\n" for line in lines).encode(plan.encoding))
    return Counter(
        {
            ("T02", "N"): len(BANNER) + plan.separator_line,
            ("T03", "D"): dropped + 1,
            ("T26", "N"): sum(name not in COLUMNS for name in plan.names),
            ("T26", "W"): len(plan.extra),
        }
    )


def _interruption(rng: random.Random, header: str, *, width: int) -> str:
    kind = rng.randrange(3)
    if kind == 0:
        return _total_line(rng.choice(_TOTAL_LABELS), rng.randrange(20, 400), width=width)
    return ";" * width if kind == 1 else header


def _total_line(label: str, rows: int, *, width: int) -> str:
    return _line([label, *[""] * (width - 2), str(rows)])


def _line(cells: Sequence[str]) -> str:
    return ";".join(_quoted(cell) for cell in cells) + ";"


def _quoted(cell: str) -> str:
    if ";" in cell or '"' in cell or "\n" in cell:
        return '"' + cell.replace('"', '""') + '"'
    return cell
