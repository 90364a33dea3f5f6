"""What the disclosure audit said of every delivery: counted in a line, and listed in a file.

A person who watches wants to see that nothing left without "safe"; whoever wants to know it of one delivery
finds it in ``audits.csv`` in the demo's folder. It is what the nodes themselves reported; the hub checks its
own rules again, but the true figures stay at the nodes.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from hub.demo.course.progress import number
from protocol.texts import Language, Text

FILE_NAME: Final = "audits.csv"

#: What audits say; "none" of an area without deliveries.
VERDICTS: Final = {
    "safe": Text("sicher", "safe"),
    "unsafe": Text("UNSICHER", "UNSAFE"),
    "unknown": Text("UNGEKLÄRT", "UNSETTLED"),
    "none": Text("keine Lieferung", "no delivery"),
}

_COLUMNS: Final = ("area", "dataset", "period", "revision", "cells", "sensitive", "withheld", "audit")

Delivery = Mapping[str, Any]


def worst_verdict(deliveries: Iterable[Delivery]) -> str:
    """Return the worst verdict of some deliveries, a key of :data:`VERDICTS`."""
    verdicts = {str(delivery["audit"]) for delivery in deliveries}
    if "unsafe" in verdicts or not verdicts:
        return "unsafe" if verdicts else "none"
    # Whatever else an audit may come to say is not "safe".
    return "safe" if verdicts == {"safe"} else "unknown"


def told(deliveries: Sequence[Delivery]) -> Text:
    """Say how many deliveries the audit found how."""
    verdicts = Counter(worst_verdict([delivery]) for delivery in deliveries)

    def said(language: Language) -> str:
        return ", ".join(
            f"{number(times, language)} {VERDICTS[verdict].in_(language)}"
            for verdict, times in sorted(verdicts.items(), key=lambda item: -item[1])
        )

    return Text(f"Prüfung: {said('de') or '–'}", f"audit: {said('en') or '–'}")


def write_verdicts(path: Path, deliveries: Iterable[Delivery]) -> None:
    """List every delivery with its verdict, one a line, by area, dataflow and period."""
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(_COLUMNS)
        rows.writerows(sorted(tuple(str(delivery[c]) for c in _COLUMNS) for delivery in deliveries))
