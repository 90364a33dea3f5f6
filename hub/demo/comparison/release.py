"""Holds what the hub has published against the answer key: all cubes, and what should have been there.

Invariants: a figure that was expected and is not there is a failure, and so is a check that was never made.

One cube is compared in `cubes`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from hub.demo.comparison.cell_rules import CellRule, rules_of
from hub.demo.comparison.cells import CubeKey, KnownCells, PublishedCell
from hub.demo.comparison.cubes import CubeComparison
from hub.demo.comparison.judgement import OFFLINE, Check, Judgement
from hub.demo.truth.answer_key import AreaTruth
from hub.demo.truth.regions import RegionTruth
from protocol.catalogue import Catalogue
from protocol.periods import Period
from protocol.regions import RegionTree

#: Checks that need areas which a small demo may not have.
_MAY_LACK: Final = frozenset(
    {Check.TOTAL_EXACT, Check.AUTHORITY_TRUE, Check.YEAR_COMPUTED, Check.BREAK_MARKED}
)
#: Area, dataset, period.
DeliveryKey = tuple[str, str, str]


class Comparison:
    """Compares cubes with the truth, one cube at a time, and says at the end what was never compared."""

    def __init__(self, truths: Iterable[AreaTruth], catalogue: Catalogue, tree: RegionTree) -> None:
        self.judgement = Judgement()
        self._truths = {truth.area: truth for truth in truths}
        self._catalogue = catalogue
        self.tree = tree
        self._rules: dict[str, tuple[CellRule, ...]] = {}
        self._known: dict[CubeKey, Mapping[str, KnownCells]] = {}
        self._breaks: Collection[DeliveryKey] = ()

    def cube(self, dataset: str, period: str, cells: Iterable[PublishedCell]) -> None:
        """Compare all observations of one dataset and period; a year comes after its quarters.

        Args:
            dataset: dataflow.
            period: wire form.
            cells: in any order.
        """
        if dataset not in self._rules:
            self._rules[dataset] = rules_of(self._catalogue, dataset)
        found: dict[str, dict[int, PublishedCell]] = {}
        for cell in cells:
            found.setdefault(cell.region, {})[cell.row] = cell
        comparison = CubeComparison(
            self.judgement,
            (dataset, period),
            found,
            rules=self._rules[dataset],
            truths=self._truths,
            truth=RegionTruth(
                self._truths.values(), self.tree, self._catalogue, dataset=dataset, period=period
            ),
            tree=self.tree,
            known=self._known,
        )
        self._known[dataset, period] = comparison.run()

    def breaks(self, due: Collection[DeliveryKey], *, marked: Collection[DeliveryKey]) -> None:
        """Compare where a series begins anew: in these deliveries, and in no other."""
        self._breaks = due
        for key in sorted({*due, *marked}):
            holds = key in due and key in marked
            self.judgement.check(Check.BREAK_MARKED, holds=holds, where=" ".join(key))

    @property
    def compared(self) -> Collection[CubeKey]:
        """The (dataset, period) that were there."""
        return self._known.keys()

    def is_held(self, area: str, period: str, dataset: str, row: int) -> bool:
        """Return whether an area's cell was delivered, as a value or withheld, or follows from quarters."""
        cell = self._known.get((dataset, period), {}).get(area, {}).get(row)
        return cell is not None and cell.held

    def is_published(self, area: str, period: str, dataset: str, row: int) -> bool:
        """Return whether an area's cell stands there as a value, delivered or added up from quarters."""
        cell = self._known.get((dataset, period), {}).get(area, {}).get(row)
        return cell is not None and cell.held and not cell.withheld

    def finish(self) -> None:
        """Fail what should have been compared and was not: whole periods, and checks that were never made.

        A small demo may lack checks that need certain areas: exact totals (a region all of whose areas take
        part), decisions of a joint authority, years.
        """
        due = self._due()
        for dataset, period in sorted(due):
            seen = (dataset, period) in self._known
            self.judgement.check(Check.PERIOD_PUBLISHED, holds=seen, where=f"{dataset} {period}")
        own = (check for check in Check if check not in OFFLINE)
        self.judgement.require(check for check in own if check not in _MAY_LACK or self._needs(check, due))

    def _due(self) -> set[CubeKey]:
        """Return the (dataset, period) that must be published: delivered, or years computed from quarters."""
        due = {
            (dataset, period)
            for truth in self._truths.values()
            for period in truth.periods
            for dataset in truth.collected
            if truth.delivers(dataset, period)
        }
        for dataset, period in list(due):
            year = Period.parse(period).year
            if all((dataset, f"{year}-Q{quarter}") in due for quarter in (1, 2, 3, 4)):
                due.add((dataset, str(year)))
        return due

    def _needs(self, check: Check, due: Iterable[CubeKey]) -> bool:
        if check is Check.YEAR_COMPUTED:
            return any(Period.parse(period).quarter is None for _, period in due)
        if check is Check.BREAK_MARKED:
            return bool(self._breaks)
        if check is Check.AUTHORITY_TRUE:
            return any(area in self.tree.aggregates for area in self._truths)
        return any(
            all(area in self._truths and self._truths[area].delivers(*key) for area in self.tree.leaves_of(r))
            for key in due
            for r in self.tree.aggregates
        )
