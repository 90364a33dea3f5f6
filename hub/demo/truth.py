"""The answer keys of all areas of one demo, and the true totals of regions above them.

Invariants: a cell that is not listed is a true zero; a person is counted in the area that counts him or
her, so the true number of persons of a region is the sum over its areas (nobody moves in the demo).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from hub.demo.answer_key import Figures
from hub.demo.generate import ANSWER_KEY_FILE
from protocol.regions import RegionTree

#: (trap, handling letter) → rows.
Findings = Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class AreaTruth:
    """What is true of one area.

    Attributes:
        area: id of the area.
        periods: quarters it delivers, wire form.
        findings: rows by trap and handling.
        figures: period → dataset → cell → value; also for quarters it does not deliver.
    """

    area: str
    periods: frozenset[str]
    findings: Findings
    figures: Mapping[str, Mapping[str, Figures]]


def load_truth(folder: Path) -> AreaTruth:
    """Read the answer key from the folder of one area."""
    document = json.loads((folder / ANSWER_KEY_FILE).read_text(encoding="utf-8"))
    findings = {
        (trap, letter): rows
        for trap, by_letter in document["findings"].items()
        for letter, rows in by_letter.items()
    }
    return AreaTruth(document["area"], frozenset(document["periods"]), findings, document["figures"])


class RegionTruth:
    """True figures of areas and regions for one dataset and period."""

    def __init__(self, areas: Iterable[AreaTruth], tree: RegionTree, *, dataset: str, period: str) -> None:
        """Add up what is true of the areas, region by region."""
        self._figures: dict[str, Figures] = {}
        containing = regions_by_area(tree)
        for area in areas:
            figures = area.figures[period][dataset]
            self._figures[area.area] = figures
            for region in containing[area.area]:
                total = self._figures.setdefault(region, {})
                for key, value in figures.items():
                    total[key] = total.get(key, 0) + value

    def value(self, region: str, key: str) -> int:
        """Return the true value of a cell; areas that are not part of the demo count nothing."""
        return self._figures.get(region, {}).get(key, 0)


def regions_by_area(tree: RegionTree) -> dict[str, list[str]]:
    """Return the computed regions that contain each area."""
    containing: dict[str, list[str]] = {}
    for region in tree.aggregates:
        for leaf in tree.leaves_of(region):
            containing.setdefault(leaf, []).append(region)
    return containing
