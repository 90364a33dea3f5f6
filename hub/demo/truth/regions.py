"""The true figures of areas, regions and years, added up from the answer keys of areas.

Invariants: a cell that is not listed is a true zero; a person is counted in the area that counts him or
her, so the true number of persons of a region is the sum over its areas (nobody moves in the demo); what no
source holds is nowhere counted, so a region's figure is that of the areas that have a source.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from hub.demo.truth.answer_key import AreaTruth
from hub.demo.truth.counting import Figures
from protocol.catalogue import Catalogue
from protocol.periods import Period
from protocol.regions import RegionTree

_QUARTERS: Final = (1, 2, 3, 4)


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
