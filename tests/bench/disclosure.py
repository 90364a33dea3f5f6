"""Eight quarters of one municipality through disclosure control, each jointly with all before it."""

from __future__ import annotations

import time
from collections import Counter

import numpy as np

from aggregation.disclosure import Delivered, Verdict, audit_delivery, cell_bounds, protect_delivery
from aggregation.tabulation import Tabulation
from protocol.catalogue_file import load_catalogue
from protocol.grid import grid_of
from tests.factories.areas import quarterly_values

DATASETS = ("CASES", "PERSONS")
SIZES = (60, 250, 1000)
GOAL_SECONDS = 5


def _deliver(open_cases: int) -> Counter[str]:
    """Protect, audit and bound everything; processor seconds by step."""
    catalogue, seconds = load_catalogue(), Counter[str]()
    for dataset in DATASETS:
        out: list[Delivered] = []
        for period, values in quarterly_values(dataset, 7, open_cases=open_cases).items():
            table = Tabulation.of_counts(values)
            start = time.process_time()
            hidden = protect_delivery(catalogue, dataset, period, table, linked=out).withheld
            protected = time.process_time()
            shown = [None if h else int(v) for v, h in zip(values, hidden, strict=True)]
            report = audit_delivery(catalogue, dataset, period, shown, table=table, linked=out)
            audited = time.process_time()
            cell_bounds(grid_of(catalogue, dataset), np.where(hidden, 0, values), hidden, catalogue)
            seconds["protect"] += protected - start
            seconds["audit"] += audited - protected
            seconds["bounds"] += time.process_time() - audited
            seconds["not safe"] += report.verdict is not Verdict.SAFE
            out.append(Delivered(dataset, period, table, hidden))
    return seconds


def run() -> list[str]:
    """Deliver areas of three sizes."""
    lines = []
    for open_cases in SIZES:
        seconds = _deliver(open_cases)
        unsafe = seconds.pop("not safe")
        steps = ", ".join(f"{step} {value:.2f} s" for step, value in seconds.items())
        goal = "met" if seconds.total() < GOAL_SECONDS else "MISSED"
        lines.append(
            f"{open_cases} open cases, 16 deliveries: {seconds.total():.2f} s of processor time "
            f"(goal < {GOAL_SECONDS} s: {goal}): {steps}; not safe: {unsafe}"
        )
    return lines
