"""The answer keys of all areas of one demo, and the true figures of areas, regions and years.

Invariants: a cell that is not listed is a true zero; a person is counted in the area that counts him or
her, so the true number of persons of a region is the sum over its areas (nobody moves in the demo); what no
source holds is nowhere counted, so a region's figure is that of the areas that have a source.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hub.demo.generator.areas import ANSWER_KEY_FILE
from hub.demo.truth.counting import Contributions, Figures
from protocol.catalogue import Catalogue
from protocol.periods import Period
from protocol.regions import RegionTree

#: (trap, handling letter) → rows.
Findings = Mapping[tuple[str, str], int]
_QUARTERS: Final = (1, 2, 3, 4)


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


class RegionTruth:
    """True figures of areas and regions for one dataset and period."""

    def __init__(
        self,
        truths: Iterable[AreaTruth],
        tree: RegionTree,
        catalogue: Catalogue,
        *,
        dataset: str,
        period: str,
    ) -> None:
        """Add up what is true of the areas, region by region."""
        self._figures: dict[str, Figures] = {}
        for truth in truths:
            figures = figures_of(truth, catalogue, dataset=dataset, period=Period.parse(period))
            self._figures.setdefault(truth.area, {}).update(figures)
            for region in regions_above(tree, truth.area):
                total = self._figures.setdefault(region, {})
                for key, value in figures.items():
                    total[key] = total.get(key, 0) + value

    def value(self, region: str, key: str) -> int:
        """Return the true value of a cell; areas that are not part of the demo count nothing."""
        return self._figures.get(region, {}).get(key, 0)


def figures_of(truth: AreaTruth, catalogue: Catalogue, *, dataset: str, period: Period) -> Figures:
    """Return the true figures of one area; a year adds quarters up where it is not delivered on its own."""
    if period.quarter is not None:
        return dict(truth.figures[str(period)].get(dataset, {}))
    figures = dict(truth.figures.get(str(period), {}).get(dataset, {}))
    for quarter in _QUARTERS:
        quarterly = truth.figures.get(str(Period(period.year, quarter)), {}).get(dataset, {})
        for key, value in quarterly.items():
            indicator = catalogue.indicator(key.partition("|")[0])
            if "A" in indicator.frequencies:
                continue
            if indicator.time_additivity == "sum":
                figures[key] = figures.get(key, 0) + value
            elif indicator.time_additivity == "last" and quarter == _QUARTERS[-1]:
                figures[key] = value
    return figures


def regions_above(tree: RegionTree, area: str) -> list[str]:
    """Return the computed regions that contain an area; one that an authority serves, above it."""
    inner = set(tree.leaves_of(area))
    return [region for region in tree.aggregates if region != area and inner <= set(tree.leaves_of(region))]
