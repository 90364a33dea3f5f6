"""One table protected by ours, or one pattern attacked: what a process of its own does for `protection`.

    python -m tests.bench.one_pattern protect b_region unit S1 10 withheld.npy
    python -m tests.bench.one_pattern attack b_region withheld.npy

The result stands on standard output as JSON. Time is processor time, of this process alone.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Final

import numpy as np

from aggregation.sdc.audit.attack import Examination, examine
from aggregation.sdc.demands import Demands
from aggregation.sdc.levels import Level
from aggregation.sdc.linear_system import BoolArray
from aggregation.sdc.publication import Publication
from aggregation.sdc.suppression import Effort, suppress
from aggregation.sdc.views import View
from tests.bench.plain_attack import PlainAttack
from tests.factories.sdc_tables import AMOUNTS, Measured, MeasuredTable, read_amounts, read_table

SAMPLE: Final = 24
"""Cells that the plain attack looks at too: exposed ones and others, spread over the table."""

_PLAIN_CELLS: Final = 12_000
"""Beyond this many cells two full programs per cell take longer than anybody waits."""


def measured(name: str) -> Measured:
    """Return a table of counts or of amounts by its name."""
    return read_amounts(name) if name in AMOUNTS else read_table(name)


def protect(name: str, cost: str, level: str, seconds: float, out: Path) -> dict[str, object]:
    """Protect a table, improving the pattern for so many seconds; write which cells are withheld."""
    table = measured(name)
    task = table.task(cost, Level(level))
    start = time.process_time()
    # A round is far below a second; what is left after the budget is at most one of them.
    effort = Effort(rounds=10**9, stop=lambda: time.process_time() - start > seconds)
    pattern = suppress(task, effort=effort if seconds else Effort())
    spent = time.process_time() - start
    np.save(out, pattern.withheld)
    return {
        "seconds": spent,
        "bound": pattern.bound,
        "optimal": pattern.optimal,
        "rounds": pattern.rounds,
        "unmet": len(pattern.unmet),
        "undecided": pattern.undecided,
    }


def attack(name: str, withheld: BoolArray) -> dict[str, object]:
    """Attack a pattern as an outsider, as everybody who is alone somewhere, and for the full interval."""
    table = measured(name)
    publication = table.publication(withheld)
    start = time.process_time()
    outsider, *insiders = table.views(Level.S2)
    outside = examine(outsider.of(publication), outsider.demands)
    lone = _open_to_any(publication, insiders)
    found: dict[str, object] = {
        "S1": len(outside.exposed),
        "S2": int((lone | _cells(outside, withheld)).sum()),
        "undecided": len(outside.undecided),
    }
    if isinstance(table, MeasuredTable):
        (wide,) = table.views(Level.S3)
        narrow = examine(publication, wide.demands)
        found["S3"] = len(narrow.exposed)
        found["undecided"] = len(outside.undecided) + len(narrow.undecided)
    found["seconds"] = time.process_time() - start
    return found | compare_with_plain(table, outsider.of(publication), outside, outsider.demands)


def compare_with_plain(
    table: Measured, publication: Publication, audit: Examination, demands: Demands
) -> dict[str, object]:
    """Attack a sample of sensitive cells in the plain way too.

    Returns:
        How many cells it looked at, and how many contradict the audit: cells that it knows, or knows too
        closely, and the audit calls protected; and cells that the audit calls computable by linear means,
        for which it finds room.
    """
    if len(table.values) > _PLAIN_CELLS:
        return {"plain": 0, "contradictions": 0}
    exposed = {each.cell: each.route for each in audit.exposed}
    sensitive = np.flatnonzero(table.sensitive & publication.withheld)
    wanted = [cell for cell in sensitive.tolist() if cell in exposed][: SAMPLE // 2]
    others = [cell for cell in sensitive.tolist() if cell not in exposed]
    wanted += others[:: max(1, len(others) // (SAMPLE // 2))][: SAMPLE // 2]
    plain, contradictions = PlainAttack(publication), 0
    for cell in wanted:
        lowest, largest = plain.interval(cell)
        value = int(publication.values[cell])
        known = bool(demands.differ[cell]) and lowest == largest
        known |= bool(largest - value < demands.rise[cell] or value - lowest < demands.fall[cell])
        by_integers = cell in exposed and exposed[cell] == "integers"
        contradictions += known != (cell in exposed) and not by_integers
    return {"plain": len(wanted), "contradictions": contradictions}


def _open_to_any(publication: Publication, insiders: list[View]) -> BoolArray:
    found = np.zeros(len(publication.values), dtype=np.bool_)
    for view in insiders:
        examination = examine(view.of(publication), view.demands)
        found |= _cells(examination, found)
    return found


def _cells(examination: Examination, like: BoolArray) -> BoolArray:
    cells = np.zeros_like(like)
    cells[[each.cell for each in examination.exposed]] = True
    return cells


def main(arguments: list[str]) -> int:
    """Do one of the two."""
    kind, name, *rest = arguments
    if kind == "protect":
        cost, level, seconds, out = rest
        result = protect(name, cost, level, float(seconds), Path(out))
    else:
        result = attack(name, np.load(rest[0]))
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
