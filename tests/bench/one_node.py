"""Everything one municipality delivers, in a process of its own: what it takes, and whether it is safe.

    python -m tests.bench.one_node 250 8
    python -m tests.bench.one_node 2500 9 last

Arguments are open cases and quarters; `last` counts what the last quarter takes, with the others as its
history. The result stands on standard output as JSON; seconds are those of the processor.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter

import numpy as np

from aggregation.disclosure import Delivered, Verdict, audit_delivery, cell_bounds, protect_delivery
from aggregation.tabulation import Tabulation
from protocol.catalogue import Catalogue
from protocol.catalogue_file import load_catalogue
from protocol.grid import delivery_grid
from protocol.periods import Period
from tests.factories.areas import QUARTERS, deliveries


def deliver(open_cases: int, quarters: int, *, only_last: bool) -> dict[str, object]:
    """Protect, audit and bound all; processor seconds by step and by dataflow, and what is not safe."""
    span = [QUARTERS[-1]]
    while len(span) < quarters:
        span.insert(0, span[0].previous())
    catalogue, steps, dataflows = load_catalogue(), Counter[str](), Counter[str]()
    out: list[Delivered] = []
    unsafe = cells = 0
    for dataset, period, table in deliveries(7, open_cases=open_cases, quarters=span):
        taken, delivered, safe = _deliver(catalogue, dataset, period, table, out)
        out.append(delivered)
        unsafe += not safe
        if period == span[-1] or not only_last:
            steps += taken
            dataflows[f"{dataset} {period.freq}"] += sum(taken.values())
            cells += len(table.values)
    return {"steps": steps, "dataflows": dataflows, "unsafe": unsafe, "cells": cells, "deliveries": len(out)}


def _deliver(
    catalogue: Catalogue, dataset: str, period: Period, table: Tabulation, before: list[Delivered]
) -> tuple[Counter[str], Delivered, bool]:
    start = time.process_time()
    hidden = protect_delivery(catalogue, dataset, period, table, linked=before).withheld
    protected = time.process_time()
    shown = [
        None if h or not there else int(v)
        for v, h, there in zip(table.values, hidden, table.collected, strict=True)
    ]
    report = audit_delivery(catalogue, dataset, period, shown, table=table, linked=before)
    audited = time.process_time()
    grid = delivery_grid(catalogue, dataset, period.freq)
    cell_bounds(grid, np.where(hidden, 0, table.values), hidden, catalogue, missing=~table.collected)
    bounded = time.process_time()
    taken = {"protect": protected - start, "audit": audited - protected, "bounds": bounded - audited}
    return Counter(taken), Delivered(dataset, period, table, hidden), report.verdict is Verdict.SAFE


if __name__ == "__main__":
    open_cases, quarters, *rest = sys.argv[1:]
    print(json.dumps(deliver(int(open_cases), int(quarters), only_last=rest == ["last"])))
