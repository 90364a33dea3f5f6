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

from aggregation.sdc.audit import Examination, Route, examine_views
from aggregation.sdc.levels import Level
from aggregation.sdc.linear_system import BoolArray
from aggregation.sdc.publication import Publication
from aggregation.sdc.suppression import Effort, suppress
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
    outside, *inside = examine_views(publication, table.views(Level.S2))
    found: dict[str, object] = {
        "S1": len(outside.exposed),
        "S2": len({exposed.cell for each in (outside, *inside) for exposed in each.exposed}),
    }
    undecided = {cell for each in (outside, *inside) for cell in each.undecided}
    if isinstance(table, MeasuredTable):
        (narrow,) = examine_views(publication, table.views(Level.S3))
        found["S3"] = len(narrow.exposed)
        undecided |= set(narrow.undecided)
    found |= {"undecided": len(undecided), "seconds": time.process_time() - start}
    return found | compare_with_plain(table, publication, outside)


def compare_with_plain(table: Measured, publication: Publication, audit: Examination) -> dict[str, object]:
    """Attack a sample of sensitive cells in the plain way too.

    Returns:
        How many cells it looked at, and how many contradict the audit: cells that the plain attack knows (or
        knows too closely) and the audit calls protected; and cells that the audit calls exposed, though not
        because only whole numbers are possible, for which the plain attack finds room.
    """
    if len(table.values) > _PLAIN_CELLS:
        return {"plain": 0, "contradictions": 0}
    demands = table.views(Level.S1)[0].demands
    exposed = {each.cell: each.route for each in audit.exposed}
    sensitive = np.flatnonzero(table.sensitive & publication.withheld).tolist()
    wanted = _spread([cell for cell in sensitive if cell in exposed], SAMPLE // 2)
    wanted += _spread([cell for cell in sensitive if cell not in exposed], SAMPLE - len(wanted))
    plain, contradictions = PlainAttack(publication), 0
    for cell in wanted:
        lowest, largest = plain.interval(cell)
        value = int(publication.values[cell])
        known = bool(demands.differ[cell]) and lowest == largest
        known |= bool(largest - value < demands.rise[cell] or value - lowest < demands.fall[cell])
        by_integers = exposed.get(cell) is Route.INTEGERS
        contradictions += known != (cell in exposed) and not by_integers
    return {"plain": len(wanted), "contradictions": contradictions}


def _spread(cells: list[int], number: int) -> list[int]:
    return cells[:: -(-len(cells) // number)] if len(cells) > number else cells


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
