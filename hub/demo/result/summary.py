"""Puts everything the demo has found into one result: numbers, checks that failed, one verdict.

Purpose: the same result is printed as tables (`tables`) and as JSON.

Invariants: ``ok`` is true only if every area delivered, every audit said safe, every finding agreed with
the answer key and every check of the comparison held, and at least one of each was made.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hub.demo.comparison.judgement import Cells, Judgement
from hub.demo.course.area_runs import AreaRun
from hub.demo.course.costs import StepCost
from hub.demo.course.verdicts import VERDICTS, worst_verdict
from hub.demo.lists.plans import FIRST_QUARTER, LAST_QUARTER, Special, plan_of
from hub.demo.truth.answer_key import AreaTruth
from protocol.catalogue_file import load_catalogue
from protocol.periods import Period
from protocol.texts import Text

#: Normalisations that the generator counts completely; other `N` findings also count harmless spellings.
_COUNTED_NORMALISATIONS: Final = frozenset({("T08", "N"), ("T22", "N")})
_MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class FindingCount:
    """Rows with one finding over all areas: as the nodes found them, and as the answer key expects them."""

    trap: str
    handling: str
    found: int
    expected: int
    areas_that_differ: tuple[str, ...]
    exact: bool


@dataclass(frozen=True, slots=True)
class StatewideShare:
    """How well the statewide cells of one kind are known.

    Attributes:
        kind: ``sum`` (additive) or ``max_sum`` (distinct persons).
        cells: number of cells over all quarters.
        exact: known exactly.
        open: without an upper bound, because a delivery is missing.
        median_width: median width of the closed intervals, or None without any.
    """

    kind: str
    cells: int
    exact: int
    open: int
    median_width: float | None


@dataclass(frozen=True, slots=True)
class HubCost:
    """What the hub's process has used; None where the system does not tell."""

    cpu_seconds: float | None = None
    peak_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """The result of one demo."""

    runs: Sequence[AreaRun]
    findings: Sequence[FindingCount]
    judgement: Judgement
    statewide: Sequence[StatewideShare]
    failures: Sequence[Text]
    costs: Mapping[str, StepCost]
    hub: HubCost
    url: str

    @property
    def deliveries_expected(self) -> int:
        """What complete statewide figures need: all dataflows of all areas, and of a joint authority."""
        catalogue = load_catalogue()
        quarters = Period.span(FIRST_QUARTER, LAST_QUARTER)
        years = sum(all(Period(y, q) in quarters for q in (1, 2, 3, 4)) for y in {q.year for q in quarters})
        a_node = sum(
            len(quarters) if freq == "Q" else years
            for dataset in catalogue.datasets.values()
            for freq in dataset.frequencies
        )
        joint = sum(plan_of(run.region).special is Special.JOINT_AUTHORITY for run in self.runs)
        return len(self.runs) * a_node + joint * len(quarters)

    @property
    def ok(self) -> bool:
        """Whether every check held."""
        return not self.failures

    def document(self) -> dict[str, Any]:
        """Return the result as a JSON document."""
        judgement = self.judgement
        deliveries = [delivery for run in self.runs for delivery in run.deliveries]
        cells = judgement.cells()
        return {
            "ok": self.ok,
            "url": self.url,
            "areas": {
                "expected": len(self.runs),
                "delivered": sum(run.report is not None and not run.failure for run in self.runs),
            },
            "rows": sum(run.rows for run in self.runs),
            "deliveries": len(deliveries),
            # What the statewide figures need: those of a quarter before an area joined are missing there too.
            "deliveries_expected": self.deliveries_expected,
            "revised": sum(run.revised for run in self.runs),
            "corrections_held": sum(run.held for run in self.runs),
            "cells": _cells_member(cells),
            "datasets": {
                dataset: {
                    "deliveries": sum(delivery["dataset"] == dataset for delivery in deliveries),
                    "cells": _cells_member(judgement.cells(dataset)),
                    "audit": Counter(str(d["audit"]) for d in deliveries if d["dataset"] == dataset),
                }
                for dataset in load_catalogue().datasets
            },
            "findings": [
                {
                    "trap": f.trap,
                    "handling": f.handling,
                    "found": f.found,
                    "expected": f.expected,
                    "exact": f.exact,
                }
                for f in self.findings
            ],
            "audit": {run.region.id: worst_verdict(run.deliveries) for run in self.runs},
            "statewide": [
                {
                    "kind": s.kind,
                    "cells": s.cells,
                    "exact": s.exact,
                    "exact_share": _share(s.exact, s.cells),
                    "open": s.open,
                    "median_width": s.median_width,
                }
                for s in self.statewide
            ],
            "comparison": {"held": dict(judgement.checks), "failed": dict(judgement.failures)},
            "failures": [failure.en for failure in self.failures],
            "seconds": {step: round(cost.seconds, 2) for step, cost in self.costs.items()},
            "processor_seconds": {
                step: {who: round(used, 2) for who, used in cost.processor_seconds.items()}
                for step, cost in self.costs.items()
            },
            "hub_cpu_seconds": None if self.hub.cpu_seconds is None else round(self.hub.cpu_seconds, 1),
            "node_cpu_seconds": round(sum(run.node_cpu_seconds for run in self.runs), 1),
            "peak_mib": {
                "hub": None if self.hub.peak_bytes is None else round(self.hub.peak_bytes / _MIB, 1),
                "node": round(max((run.node_peak_bytes for run in self.runs), default=0) / _MIB, 1),
            },
        }


def summarise(
    runs: Sequence[AreaRun],
    truths: Mapping[str, AreaTruth],
    judgement: Judgement,
    *,
    costs: Mapping[str, StepCost],
    hub: HubCost,
    url: str,
) -> Summary:
    """Judge the whole demo.

    Args:
        runs: what came of each area.
        truths: answer key by area.
        judgement: the comparison of all published cells.
        costs: what each step cost.
        hub: what the hub has used.
        url: where the hub answers.
    """
    findings = _findings(runs, truths)
    failures = [_of_area(run, Text(run.failure, run.failure)) for run in runs if run.failure]
    worst = [(run, worst_verdict(run.deliveries)) for run in runs]
    failures += [_of_area(run, VERDICTS[verdict]) for run, verdict in worst if verdict != "safe"]
    failures += [_differing(finding) for finding in findings if finding.areas_that_differ]
    failures += _other_counts(runs, judgement)
    failures += [
        Text(f"{check.text.de}: {number} ×", f"{check.text.en}: {number} ×")
        for check, number in sorted(judgement.failures.items())
    ]
    failures += judgement.examples
    if not judgement.checks:
        failures.append(Text("Nichts wurde verglichen.", "nothing was compared"))
    return Summary(runs, findings, judgement, _statewide(judgement), failures, costs, hub, url)


def _of_area(run: AreaRun, text: Text) -> Text:
    return Text(f"{run.region.name}: {text.de}", f"{run.region.name}: {text.en}")


def _differing(finding: FindingCount) -> Text:
    what, where = f"{finding.trap} {finding.handling}", ", ".join(finding.areas_that_differ[:5])
    return Text(
        f"{what}: {finding.found} gefunden, {finding.expected} erwartet ({where})",
        f"{what}: {finding.found} found, {finding.expected} expected ({where})",
    )


def _findings(runs: Sequence[AreaRun], truths: Mapping[str, AreaTruth]) -> list[FindingCount]:
    found: Counter[tuple[str, str]] = Counter()
    expected: Counter[tuple[str, str]] = Counter()
    differing: dict[tuple[str, str], list[str]] = {}
    for run in runs:
        if run.report is None:
            continue
        here: Counter[tuple[str, str]] = Counter()
        for finding in run.report["findings"]:  # one for each list that has it
            here[finding["trap"], finding["handling"]] += int(finding["rows"])
        true = Counter(truths[run.region.id].findings)
        found.update(here)
        expected.update(true)
        for key in here.keys() | true.keys():
            if here[key] != true[key] if is_counted_exactly(*key) else here[key] < true[key]:
                differing.setdefault(key, []).append(run.region.name)
    return [
        FindingCount(*key, found[key], expected[key], tuple(differing.get(key, ())), is_counted_exactly(*key))
        for key in sorted(found.keys() | expected.keys())
    ]


def is_counted_exactly(trap: str, handling: str) -> bool:
    """Return whether answer key and node must count the same rows; else the node may find more."""
    return handling in ("R", "D", "W") or (trap, handling) in _COUNTED_NORMALISATIONS


def _other_counts(runs: Sequence[AreaRun], judgement: Judgement) -> list[Text]:
    """Hold what the nodes say they withheld against what the hub shows as withheld, delivery by delivery."""
    said = Counter(
        {
            (delivery["area"], delivery["dataset"], delivery["period"]): int(delivery["withheld"])
            for run in runs
            for delivery in run.deliveries
        }
    )
    shown = Counter({place: cells.withheld for place, cells in judgement.deliveries.items()})
    return [
        Text(
            f"{' '.join(place)}: {said[place]} laut Knoten zurückgehalten, {shown[place]} so gezeigt",
            f"{' '.join(place)}: {said[place]} withheld says the node, {shown[place]} are shown so",
        )
        for place in sorted(said.keys() | shown.keys())
        if said[place] != shown[place]
    ]


def _statewide(judgement: Judgement) -> list[StatewideShare]:
    shares: list[StatewideShare] = []
    for kind in ("sum", "max_sum"):
        widths = judgement.land_widths.get(kind, [])
        exact, without_bound = judgement.land_exact[kind], judgement.land_open[kind]
        shares.append(
            StatewideShare(
                kind=kind,
                cells=exact + without_bound + len(widths),
                exact=exact,
                open=without_bound,
                median_width=statistics.median(widths) if widths else None,
            )
        )
    return shares


def _cells_member(cells: Cells) -> dict[str, Any]:
    return {
        "delivered": cells.delivered,
        "withheld": cells.withheld,
        "withheld_share": _share(cells.withheld, cells.delivered),
    }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
