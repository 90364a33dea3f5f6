"""Writes the rows of one area as a profile-A file: banner, header, trailing delimiters, footer, encoding.

Purpose: the file-level part of the mess. Windows-1252 or UTF-8, with or without byte order mark and
``sep=;``, columns renamed, moved and added, total rows, blank rows and repeated headers between the data.

Invariants: every line ends with the delimiter and CRLF; cells are quoted where CSV needs it; the returned
counts say how many lines must be dropped.
"""

from __future__ import annotations

import csv
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from hub.demo.lists.plans import AreaPlan
from hub.demo.lists.records import Entry, Findings
from hub.demo.words.columns import COLUMNS

BANNER: Final = "KIM-Fallverwaltung - Falluebersicht"
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
    header = (*plan.names, *plan.extra)
    extra = [""] * len(plan.extra)
    dropped = rows = 0
    with path.open("w", encoding=plan.encoding, newline="") as file:
        banner = ["sep=;"] if plan.separator_line else []
        banner += [f"{BANNER} {plan.region.name}", f"Export vom {plan.export_day:%d.%m.%Y} 08:15"]
        file.writelines(f"{line}\r\n" for line in banner)
        table = csv.writer(file, delimiter=";", lineterminator=";\r\n")
        table.writerow(header)
        for entry in entries:
            table.writerows([row.cells[column] for column in plan.columns] + extra for row in entry)
            rows += len(entry)
            if rng.random() < _INTERRUPTION:
                table.writerow(_interruption(rng, header))
                dropped += 1
        table.writerow(_total_line("Summe", rows, width=len(header)))
    return Counter(
        {
            ("T02", "N"): len(banner),
            ("T03", "D"): dropped + 1,
            ("T26", "N"): sum(name not in COLUMNS for name in plan.names),
            ("T26", "W"): len(plan.extra),
        }
    )


def _interruption(rng: random.Random, header: Sequence[str]) -> Sequence[str]:
    kind = rng.randrange(3)
    if kind == 0:
        return _total_line(rng.choice(_TOTAL_LABELS), rng.randrange(20, 400), width=len(header))
    return [""] * len(header) if kind == 1 else header


def _total_line(label: str, rows: int, *, width: int) -> list[str]:
    return [label, *[""] * (width - 2), str(rows)]
