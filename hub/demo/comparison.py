"""Holds what the hub has published against the answer key, cell by cell.

Purpose: the judgement of the demo. For areas: a published value is the true one, a withheld cell shows
nothing, and no cell is published that the catalogue's rules withhold. For regions: the truth lies within
the bounds; these and the coverage are what plain adding of the shown areas gives; where every area has
published, the total of an additive indicator is exact.

Invariants: a figure that was expected and is not there is a failure, and so is a check that was never made;
what a total says about itself decides nothing about which checks it has to pass.

It deliberately does not: repeat disclosure control. Whether secondary suppression is safe is the audit's
question; here only the rules for single cells are looked at, because they can be read off without any
algorithm. How narrow the bounds of a withheld cell should be is not asked either, only that they are no
wider than the total that is published beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from hub.demo.judgement import Check, Judgement
from hub.demo.truth import AreaTruth, RegionTruth
from protocol.catalogue import Catalogue, Indicator, rules_of_code
from protocol.codelists import TOTAL
from protocol.grid import CellGrid, Key, grid_of
from protocol.observations import CellState
from protocol.regions import LAND, RegionTree

_DELIVERED: Final = frozenset({CellState.VALUE, CellState.ZERO, CellState.SUPPRESSED})


class PublishedCell(NamedTuple):
    """One observation of the published release; ``upper`` None: open; ``row``: row number in the grid."""

    region: str
    row: int
    state: CellState
    value: int | None
    lower: int | None
    upper: int | None
    expected: int
    delivered: int
    withheld: int


#: Cells of one region, by row of the grid.
_Cells = dict[int, PublishedCell]


@dataclass(frozen=True, slots=True)
class _CellRule:
    """What the catalogue says about publishing a cell of one key.

    ``whole`` names the total of its indicator; ``zero``: zeros may be shown though somebody is counted.
    """

    name: str
    whole: str
    smallest: int
    zero: bool
    additivity: str
    total_row: int | None


class Comparison:
    """Compares cubes with the truth, one cube at a time, and says at the end what was never compared."""

    def __init__(self, truths: Iterable[AreaTruth], catalogue: Catalogue, tree: RegionTree) -> None:
        self.judgement = Judgement()
        self._truths = {truth.area: truth for truth in truths}
        self._catalogue = catalogue
        self._tree = tree
        self._rules: dict[str, tuple[_CellRule, ...]] = {}
        self._seen: set[tuple[str, str]] = set()

    def cube(self, dataset: str, period: str, cells: Iterable[PublishedCell]) -> None:
        """Compare all observations of one dataset and period, in any order."""
        self._seen.add((dataset, period))
        truth = RegionTruth(self._truths.values(), self._tree, dataset=dataset, period=period)
        rules = self._rules_of(dataset)
        areas: dict[str, _Cells] = {area: {} for area in self._due(period)}
        totals: dict[str, _Cells] = {region: {} for region in self._tree.aggregates}
        for cell in cells:
            if cell.region in totals:
                totals[cell.region][cell.row] = cell
            elif cell.state in _DELIVERED and cell.region in areas:
                areas[cell.region][cell.row] = cell
            else:
                silent = cell.value is None and cell.state is CellState.NOT_DELIVERED
                self.judgement.check(Check.NOTHING_UNDELIVERED, holds=silent, where=f"{cell.region} {period}")
        for area, found in areas.items():
            where = f"{area} {period} {dataset}"
            self.judgement.check(Check.DELIVERY_COMPLETE, holds=len(found) == len(rules), where=where)
            self.judgement.area_cells += len(found)
            withheld = sum(cell.state is CellState.SUPPRESSED for cell in found.values())
            self.judgement.area_withheld += withheld
            self.judgement.withheld_by_delivery[area, dataset, period] += withheld
            for row, cell in found.items():
                rule = rules[row]
                where = f"{area} {period} {rule.name}"
                true = truth.value(area, rule.name)
                if cell.state is CellState.SUPPRESSED:
                    total = None if rule.total_row is None else found.get(rule.total_row)
                    self._withheld(cell, total, true=true, where=where)
                else:
                    nobody = truth.value(area, rule.whole) == 0
                    self._published(cell, rule, true=true, nobody=nobody, where=where)
        for region, found in totals.items():
            where = f"{region} {period} {dataset}"
            self.judgement.check(Check.TOTALS_COMPLETE, holds=len(found) == len(rules), where=where)
            leaves = self._tree.leaves_of(region)
            delivered = [areas[leaf] for leaf in leaves if leaf in areas]
            for row, cell in found.items():
                rule = rules[row]
                parts = [area[row] for area in delivered if row in area]
                where = f"{region} {period} {rule.name}"
                true = truth.value(region, rule.name)
                self._total(cell, rule, parts, expected=len(leaves), true=true, where=where)

    def finish(self) -> None:
        """Fail what should have been compared and was not: whole quarters, and checks that were never made.

        The one check that a small demo may lack is that of exact totals: it needs a region all of whose
        areas take part.
        """
        due = {
            (dataset, period)
            for truth in self._truths.values()
            for period in truth.periods
            for dataset in truth.figures[period]
        }
        for dataset, period in sorted(due):
            self.judgement.check(
                Check.QUARTER_PUBLISHED, holds=(dataset, period) in self._seen, where=f"{dataset} {period}"
            )
        whole = any(
            self._due(period).issuperset(self._tree.leaves_of(region))
            for _, period in due
            for region in self._tree.aggregates
        )
        self.judgement.require(check for check in Check if whole or check is not Check.TOTAL_EXACT)

    def _due(self, period: str) -> frozenset[str]:
        return frozenset(area for area, truth in self._truths.items() if period in truth.periods)

    def _withheld(self, cell: PublishedCell, total: PublishedCell | None, *, true: int, where: str) -> None:
        judgement = self.judgement
        judgement.check(Check.WITHHELD_SILENT, holds=cell.value is None, where=where)
        judgement.check(Check.WITHHELD_WITHIN, holds=_within(cell, true), where=where)
        if total is not None and total.value is not None:
            bounded = cell.upper is not None and cell.upper <= total.value
            judgement.check(Check.WITHHELD_BOUNDED, holds=bounded, where=where)

    def _published(
        self, cell: PublishedCell, rule: _CellRule, *, true: int, nobody: bool, where: str
    ) -> None:
        said = (cell.value, cell.lower, cell.upper)
        self.judgement.check(
            Check.VALUE_TRUE, holds=said == (true, true, true), where=f"{where}: {cell.value}, true {true}"
        )
        allowed = (rule.zero or nobody) if true == 0 else true >= rule.smallest
        self.judgement.check(Check.RULE_KEPT, holds=allowed, where=where)

    def _total(
        self,
        cell: PublishedCell,
        rule: _CellRule,
        parts: Sequence[PublishedCell],
        *,
        expected: int,
        true: int,
        where: str,
    ) -> None:
        judgement = self.judgement
        bounds = f"{cell.lower}..{'' if cell.upper is None else cell.upper}"
        judgement.check(Check.TOTAL_WITHIN, holds=_within(cell, true), where=f"{where}: {true} in {bounds}")
        withheld = sum(part.state is CellState.SUPPRESSED for part in parts)
        coverage = (expected, len(parts), withheld)
        judgement.check(
            Check.TOTAL_COVERED,
            holds=(cell.expected, cell.delivered, cell.withheld) == coverage,
            where=where,
        )
        lower, upper = _added(parts, rule.additivity, complete=len(parts) == expected)
        exact = lower == upper
        judgement.check(
            Check.TOTAL_MERGED,
            holds=(cell.lower, cell.upper, cell.value) == (lower, upper, lower if exact else None),
            where=f"{where}: {bounds}",
        )
        if rule.additivity == "sum" and len(parts) == expected and withheld == 0:
            shown = cell.value == cell.lower == cell.upper == true
            judgement.check(Check.TOTAL_EXACT, holds=shown, where=where)
        if cell.region == LAND:
            if cell.upper is None or cell.lower is None:
                judgement.land_open[rule.additivity] += 1
            elif cell.lower == cell.upper:
                judgement.land_exact[rule.additivity] += 1
            else:
                judgement.land_widths.setdefault(rule.additivity, []).append(cell.upper - cell.lower)

    def _rules_of(self, dataset: str) -> tuple[_CellRule, ...]:
        if dataset not in self._rules:
            grid = grid_of(self._catalogue, dataset)
            self._rules[dataset] = tuple(
                self._rule(key, grid, grid.codes(row)) for row, key in enumerate(grid.keys)
            )
        return self._rules[dataset]

    def _rule(self, key: Key, grid: CellGrid, codes: Mapping[str, str]) -> _CellRule:
        indicator = self._catalogue.indicator(key[0])
        rule = self._catalogue.rule_for(indicator, codes)
        return _CellRule(
            name="|".join(key),
            whole="|".join(grid.key(indicator, {})),
            smallest=rule.min_contributors,
            zero=rule.zero_publishable and not self._delicate(indicator, codes),
            additivity=indicator.region_additivity,
            total_row=grid.total_row(indicator.id),
        )

    def _delicate(self, indicator: Indicator, codes: Mapping[str, str]) -> bool:
        """Whether a cell lies in a breakdown one of whose codes must not become an attribute of a group."""
        return any(
            not self._catalogue.rules[rule].zero_publishable
            for use in indicator.dimensions
            if codes[use.id] != TOTAL
            for code in use.codelist.published
            for rule in rules_of_code(use.codelist, code)
        )


def _within(cell: PublishedCell, true: int) -> bool:
    return cell.lower is not None and cell.lower <= true and (cell.upper is None or true <= cell.upper)


def _added(parts: Sequence[PublishedCell], additivity: str, *, complete: bool) -> tuple[int, int | None]:
    """Return the bounds of a total over areas: sums, from below the largest where persons may be shared."""
    lowers = [part.lower or 0 for part in parts]
    lower = sum(lowers) if additivity == "sum" else max(lowers, default=0)
    uppers = [part.upper for part in parts if part.upper is not None]
    return lower, sum(uppers) if complete and len(uppers) == len(parts) else None
