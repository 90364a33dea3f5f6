"""The answer key of an area: written beside its lists when they are generated, read when all is published.

Invariants: it holds all periods of the demo, also those that the area does not deliver: a figure that is
published without a delivery is compared with them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, Final

from hub.demo.lists.plans import FIRST_QUARTER, LAST_QUARTER, AreaPlan
from hub.demo.truth.counting import Contributions, Figures
from hub.demo.truth.figures import collected_indicators, true_figures
from hub.demo.truth.handling import Handled
from hub.demo.world.programme import Decision
from protocol.catalogue_file import load_catalogue
from protocol.periods import Period
from protocol.regions import AACHEN_WHOLE

ANSWER_KEY_FILE: Final = "answer_key.json"
_YEARS: Final = (Period(2025),)
#: (trap, handling letter) → rows.
Findings = Mapping[tuple[str, str], int]


def write_answer_key(
    folder: Path, plan: AreaPlan, handled: Handled, *, joint: tuple[Decision, ...] | None
) -> None:
    """Count what is true of one area, and write it down.

    Args:
        folder: of the area.
        plan: the area.
        handled: what the rows of all its lists must become.
        joint: decisions of an authority that serves more than this area, or None.
    """
    catalogue = load_catalogue()
    answer = {
        "area": plan.region.id,
        "periods": [str(period) for period in (*plan.quarters, *plan.years)],
        "findings": _by_trap(handled),
        "collected": collected_indicators(handled, catalogue),
        **_counted(handled),
    }
    if joint is not None:
        decided = Handled(decisions=joint)
        answer["authority"] = {
            "area": AACHEN_WHOLE,
            "periods": [str(period) for period in plan.quarters],
            "findings": {},
            "collected": collected_indicators(decided, catalogue),
            **_counted(decided),
        }
    # Sorted, because cells are collected in sets, whose order differs from process to process.
    text = json.dumps(answer, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    (folder / ANSWER_KEY_FILE).write_text(f"{text}\n", encoding="utf-8")


def _counted(handled: Handled) -> dict[str, Any]:
    """Count every period, also those that the area does not deliver."""
    catalogue = load_catalogue()
    periods = (*Period.span(FIRST_QUARTER, LAST_QUARTER), *_YEARS)
    truths = {str(period): true_figures(handled, catalogue, period) for period in periods}
    return {
        "figures": {period: truth.figures for period, truth in truths.items()},
        "contributions": {
            period: {
                dataset: {key: astuple(behind) for key, behind in cells.items()}
                for dataset, cells in truth.contributions.items()
            }
            for period, truth in truths.items()
        },
    }


def _by_trap(handled: Handled) -> dict[str, dict[str, int]]:
    """Arrange the expected findings as trap → handling letter → rows."""
    arranged: dict[str, dict[str, int]] = {}
    for (trap, letter), rows in sorted((+handled.findings).items()):
        arranged.setdefault(trap, {})[letter] = rows
    return arranged


@dataclass(frozen=True, slots=True)
class AreaTruth:
    """What is true of one area, or of what one authority serves.

    Attributes:
        area: id of the area.
        periods: quarters and years it delivers, wire form.
        findings: rows by trap and handling.
        collected: dataset → ids of the indicators for which there is a source.
        figures: period → dataset → cell → value; also for quarters it does not deliver.
        contributions: period → dataset → cell → who stands behind it, for posts and money.
    """

    area: str
    periods: frozenset[str]
    findings: Findings
    collected: Mapping[str, frozenset[str]]
    figures: Mapping[str, Mapping[str, Figures]]
    contributions: Mapping[str, Mapping[str, Mapping[str, Contributions]]]

    def delivers(self, dataset: str, period: str) -> bool:
        """Return whether there is a delivery."""
        return period in self.periods and dataset in self.collected and dataset in self.figures[period]


def load_truths(folder: Path) -> tuple[AreaTruth, ...]:
    """Read the answer key from the folder of one area: its own, and that of a joint authority."""
    document = json.loads((folder / ANSWER_KEY_FILE).read_text(encoding="utf-8"))
    authority = document.pop("authority", None)
    return tuple(_truth(part) for part in (document, authority) if part is not None)


def _truth(document: Mapping[str, Any]) -> AreaTruth:
    findings = {
        (trap, letter): rows
        for trap, by_letter in document["findings"].items()
        for letter, rows in by_letter.items()
    }
    contributions = {
        period: {
            dataset: {key: Contributions(*behind) for key, behind in cells.items()}
            for dataset, cells in datasets.items()
        }
        for period, datasets in document["contributions"].items()
    }
    return AreaTruth(
        document["area"],
        frozenset(document["periods"]),
        findings,
        {dataset: frozenset(indicators) for dataset, indicators in document["collected"].items()},
        document["figures"],
        contributions,
    )
