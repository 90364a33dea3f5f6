"""What the stricter levels would cost one municipality: lone persons (S2), and the whole range (S3).

Everything is delivered at level S1, as the product does it. Then each delivery of counts is attacked, jointly
with all before it, by every person who is alone in one of its cells; and for each sensitive count it is asked
whether it could be anything from 1 to just below the minimum. ADR 0022 rests on these figures.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace

import numpy as np

from aggregation.disclosure import Delivered, protect_delivery
from aggregation.disclosure.history import History, linked_history
from aggregation.disclosure.knowledge import all_published, kept_secret
from aggregation.disclosure.primary import minimum_of, open_zeros
from aggregation.disclosure.protection import costs_of
from aggregation.disclosure.relations import structure_of
from aggregation.sdc.audit import examine, examine_views
from aggregation.sdc.demands import Demands
from aggregation.sdc.levels import lone_persons
from aggregation.sdc.suppression import Task, suppress
from aggregation.sdc.views import View
from protocol.catalogue_file import load_catalogue
from tests.factories.areas import deliveries

OPEN_CASES = 250
COUNTS = frozenset({"CASES", "PERSONS", "PROCESSES"})


def _of_new(history: History, demands: Demands) -> Demands:
    others = history.system.cells - len(history.deliveries[0].values)
    return Demands.behind_each_other([demands, Demands.nothing(others)])


def _lone(history: History, found: Counter[str]) -> None:
    """Attack as each person who is alone in a cell; see what it would cost to keep them out."""
    structure, new = history.structures[0], history.deliveries[0]
    secret = _of_new(history, kept_secret(structure, new, None))
    counts = np.where(structure.rules.ruled & ~structure.rules.amount, new.values, 0)
    views = [View(secret)]
    for own in lone_persons(structure.system, counts):
        known = np.zeros(history.system.cells, dtype=np.bool_)
        known[: len(own)] = own
        if (known & history.withheld).any():
            views.append(View(secret.among(~known), known=known))
    publication = all_published(history, None)
    start = time.process_time()
    outcomes = examine_views(publication, views)
    found["audit ms"] += round(1000 * (time.process_time() - start))
    opened = {cell.cell for outcome in outcomes[1:] for cell in outcome.exposed}
    found["persons"] += len(views) - 1
    found["open to them"] += len(opened)
    if opened:
        optional = np.zeros(history.system.cells, dtype=np.bool_)
        zeros = open_zeros(structure, new.table, new.withheld)
        optional[: len(new.values)] = ~new.withheld & new.table.collected & ~zeros
        costs = np.ones(history.system.cells)
        costs[: len(new.values)] = costs_of(structure, new.values)
        start = time.process_time()
        pattern = suppress(Task(publication, tuple(views), optional, costs))
        found["protect ms"] += round(1000 * (time.process_time() - start))
        found["further cells"] += int((pattern.withheld & ~history.withheld).sum())
        found["out of reach"] += len({unmet.cell for unmet in pattern.unmet})


def _range(history: History, found: Counter[str]) -> None:
    """Count the sensitive counts that may be anything from 1 to just below the minimum."""
    structure, new = history.structures[0], history.deliveries[0]
    most = minimum_of(structure, None) - 1
    small = kept_secret(structure, new, None).differ & (new.values > 0) & (new.values <= most)
    wanted = Demands(
        np.zeros_like(small), np.where(small, most - new.values, 0), np.where(small, new.values - 1, 0)
    )
    outcome = examine(all_published(history, None), _of_new(history, wanted))
    missed = {cell.cell for cell in outcome.exposed} | set(outcome.undecided)
    found["small counts"] += int(small.sum())
    found["whole range"] += int(small.sum()) - len(missed)


def run() -> list[str]:
    """Deliver one area and attack it."""
    catalogue, out, found = load_catalogue(), list[Delivered](), Counter[str]()
    for dataset, period, table in deliveries(7, open_cases=OPEN_CASES):
        protection = protect_delivery(catalogue, dataset, period, table, linked=out)
        new = Delivered(dataset, period, table, protection.withheld)
        if dataset in COUNTS:
            structure = structure_of(catalogue, dataset, period.freq)
            history = linked_history(structure, replace(new), out)
            found["sensitive"] += protection.sensitive
            found["withheld"] += int(new.withheld.sum())
            _lone(history, found)
            _range(history, found)
        out.append(new)
    seconds = {step: found[f"{step} ms"] / 1000 for step in ("protect", "audit")}
    return [
        (
            f"{OPEN_CASES} open cases, eight quarters of counts at level S1: {found['sensitive']} sensitive, "
            f"{found['withheld']} withheld"
        ),
        f"  S2: {found['open to them']} open to one of {found['persons']} persons alone in a cell",
        (
            f"      closing them takes {found['further cells']} further cells, {found['out of reach']} are "
            f"out of reach; protect {seconds['protect']:.1f} s and audit {seconds['audit']:.1f} s more"
        ),
        f"  S3: {found['whole range']} of {found['small counts']} small counts may be anything below 5",
    ]
