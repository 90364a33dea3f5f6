"""One table protected by ours, or one pattern attacked: what a process of its own does for `protection`.

    python -m tests.bench.one_pattern protect b_region unit S1 10 withheld.npy
    python -m tests.bench.one_pattern attack b_region withheld.npy
    python -m tests.bench.one_pattern attack b2_medium withheld.npy S3

A level at the end of an attack names the one that is looked at: of a big table, all of them take minutes.
The result stands on standard output as JSON. Time is processor time, of this process alone.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Final, TypeVar

import numpy as np

from aggregation.sdc.audit import Examination, Route, examine_views
from aggregation.sdc.levels import Level
from aggregation.sdc.linear_system import BoolArray
from aggregation.sdc.publication import Publication
from aggregation.sdc.suppression import Effort, suppress
from aggregation.sdc.views import View
from tests.bench.plain_attack import PlainAttack
from tests.factories.sdc_tables import AMOUNTS, Measured, MeasuredTable, read_amounts, read_table

SAMPLE: Final = 24
ATTACKERS: Final = 6
"""Attackers beside the outsider, and cells of each, that the plain attack looks at too, spread over all."""

T = TypeVar("T")

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


def attack_at(name: str, level: str, withheld: BoolArray) -> dict[str, object]:
    """Attack a pattern at one level, as everybody whom that names."""
    table = measured(name)
    publication, views = table.publication(withheld), table.views(Level(level))
    start = time.process_time()
    audits = examine_views(publication, views)
    return {
        level: len({exposed.cell for each in audits for exposed in each.exposed}),
        "undecided": len({cell for each in audits for cell in each.undecided}),
        "attackers": len(views),
        "programs": sum(each.programs for each in audits),
        "seconds": time.process_time() - start,
    }


def attack(name: str, withheld: BoolArray) -> dict[str, object]:
    """Attack a pattern as an outsider, as everybody who is alone somewhere, and for the full interval."""
    table = measured(name)
    publication = table.publication(withheld)
    start = time.process_time()
    views = table.views(Level.S2)
    audits = examine_views(publication, views)
    judged = list(zip(views, audits, strict=True))
    found: dict[str, object] = {
        "S1": len(audits[0].exposed),
        "S2": len({exposed.cell for each in audits for exposed in each.exposed}),
    }
    if isinstance(table, MeasuredTable):
        wide = table.views(Level.S3)
        judged += zip(wide, examine_views(publication, wide), strict=True)
        found["S3"] = len(judged[-1][1].exposed)
    undecided = {cell for _, audit in judged for cell in audit.undecided}
    found |= {"undecided": len(undecided), "seconds": time.process_time() - start}
    if len(table.values) > _PLAIN_CELLS:
        return found
    looked = against = 0
    for view, audit in [judged[0], *_spread(judged[1:-1], ATTACKERS), judged[-1]]:
        cells, contradictions = compare_with_plain(publication, view, audit)
        looked, against = looked + cells, against + contradictions
    return found | {"plain": looked, "contradictions": against}


def compare_with_plain(publication: Publication, view: View, audit: Examination) -> tuple[int, int]:
    """Attack a sample of sensitive cells in the plain way too, with what one attacker knows.

    Returns:
        How many cells it looked at, and how many contradict the audit: cells that the plain attack knows (or
        knows too closely) and the audit calls protected; and cells that the audit calls exposed by adding
        and subtracting, or by bounds, for which the plain attack finds room. (Where only whole numbers are
        possible the audit may know more.)
    """
    demands, seen = view.demands, view.of(publication)
    exposed = {each.cell: each.route for each in audit.exposed}
    asked = np.flatnonzero(demands.cells & seen.withheld).tolist()
    wanted = _spread([cell for cell in asked if cell in exposed], SAMPLE // 2)
    wanted += _spread([cell for cell in asked if cell not in exposed], SAMPLE - len(wanted))
    if not wanted:
        return 0, 0
    plain, contradictions = PlainAttack(seen), 0
    for cell in wanted:
        lowest, largest = plain.interval(cell)
        value = int(publication.values[cell])
        known = bool(demands.differ[cell]) and lowest == largest
        known |= bool(largest - value < demands.rise[cell] or value - lowest < demands.fall[cell])
        surely = exposed.get(cell) in {Route.SUBSTITUTION, Route.BOUNDS}
        contradictions += (known and cell not in exposed) or (surely and not known)
    return len(wanted), contradictions


def _spread(those: list[T], number: int) -> list[T]:
    return those[:: -(-len(those) // number)] if len(those) > number else those


def main(arguments: list[str]) -> int:
    """Do what is asked for."""
    kind, name, *rest = arguments
    if kind == "protect":
        cost, level, seconds, out = rest
        result = protect(name, cost, level, float(seconds), Path(out))
    elif len(rest) > 1:
        result = attack_at(name, rest[1], np.load(rest[0]))
    else:
        result = attack(name, np.load(rest[0]))
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
