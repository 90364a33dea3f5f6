"""Compares one published cube with the truth, cell by cell.

Purpose: for areas: a published value is the true one, a withheld cell shows nothing, what nobody collects
says so, and no cell is published that the catalogue's rules withhold. Years that the hub computes follow
from the quarters it shows. For regions: the truth lies within the bounds; these and the coverage are what
plain adding of the shown areas gives; where every area has published, the total of an additive indicator is
exact. An authority that serves several areas stands in their place in every region that has them all.

Invariants: what a total says about itself decides nothing about which checks it has to pass.

It deliberately does not: repeat disclosure control. Whether secondary suppression is safe is the audit's
question; here only the rules for single cells are looked at, because they can be read off without any
algorithm. How narrow the bounds of a withheld cell should be is not asked either, only that they are no
wider than the total that is published beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from hub.demo.comparison.cell_rules import NOBODY, CellRule
from hub.demo.comparison.cells import CubeKey, Known, KnownCells, PublishedCell, added, within
from hub.demo.comparison.judgement import Check, Judgement
from hub.demo.truth.answer_key import AreaTruth
from hub.demo.truth.regions import RegionTruth
from protocol.observations import CellState
from protocol.periods import Period
from protocol.regions import LAND, RegionTree

_HELD: Final = frozenset({CellState.VALUE, CellState.ZERO, CellState.SUPPRESSED})
_QUARTERS: Final = (1, 2, 3, 4)


_Cells = Mapping[int, PublishedCell]


class CubeComparison:
    """Compares one cube."""

    def __init__(
        self,
        judgement: Judgement,
        key: CubeKey,
        found: Mapping[str, _Cells],
        *,
        rules: Sequence[CellRule],
        truths: Mapping[str, AreaTruth],
        truth: RegionTruth,
        tree: RegionTree,
        known: Mapping[CubeKey, Mapping[str, KnownCells]],
    ) -> None:
        """Prepare.

        Args:
            judgement: where checks are counted.
            key: dataset and period.
            found: the observations by region and row.
            rules: of the dataset's cells, by row.
            truths: answer keys by area or authority.
            truth: true figures of this cube.
            tree: the hierarchy of regions.
            known: what earlier cubes showed.
        """
        self._judgement = judgement
        self._key = key
        self._dataset, self._period = key
        self._freq = Period.parse(self._period).freq
        self._found = found
        self._rules = rules
        self._truths = truths
        self._truth = truth
        self._tree = tree
        self._earlier = known

    def run(self) -> dict[str, KnownCells]:
        """Compare all areas, then what authorities deliver, then all regions.

        Returns:
            What is shown of each area and authority.
        """
        leaves = sorted({leaf for region in self._tree.aggregates for leaf in self._tree.leaves_of(region)})
        known: dict[str, KnownCells] = {area: self._area(area) for area in leaves}
        authorities = [area for area in self._truths if area in self._tree.aggregates]
        known |= {area: self._authority(area) for area in authorities}
        for region in self._tree.aggregates:
            self._region(region, known, [a for a in authorities if self._contains(region, a)])
        return known

    def _contains(self, region: str, other: str) -> bool:
        return set(self._tree.leaves_of(other)) <= set(self._tree.leaves_of(region))

    def _where(self, area: str, rule: CellRule) -> str:
        return f"{area} {self._period} {rule.name}"

    def _due(self, area: str) -> frozenset[str]:
        """Return the indicators that an area delivers in this very period."""
        truth = self._truths.get(area)
        if truth is None or not truth.delivers(self._dataset, self._period):
            return frozenset()
        return truth.collected[self._dataset]

    # ------------------------------------------------------------------------------------------- areas

    def _area(self, area: str) -> KnownCells:
        cells, due = self._found.get(area, {}), self._due(area)
        known: dict[int, Known] = {}
        missing = delivered = 0
        for row, rule in enumerate(self._rules):
            cell = cells.get(row)
            if self._is_computed(rule):
                follows = self._from_quarters(area, row, rule)
                self._computed(area, rule, cell, follows)
                known[row] = follows
            elif rule.indicator.id not in due or self._freq not in rule.indicator.frequencies:
                if cell is not None:
                    self._nothing(area, rule, cell)
            elif cell is None or cell.state not in _HELD:
                missing += 1
            else:
                delivered += 1
                known[row] = Known.of(cell)
                self._delivered(area, rule, cell, cells)
        if due:
            self._count(area, delivered, known)
            where = f"{area} {self._period} {self._dataset}"
            self._judgement.check(Check.DELIVERY_COMPLETE, holds=missing == 0, where=where)
        return known

    def _count(self, area: str, delivered: int, known: KnownCells) -> None:
        withheld = sum(
            cell.withheld for row, cell in known.items() if not self._is_computed(self._rules[row])
        )
        self._judgement.count_delivery(area, *self._key, cells=delivered, withheld=withheld)

    def _nothing(self, area: str, rule: CellRule, cell: PublishedCell) -> None:
        silent = cell.value is None and cell.state not in _HELD
        self._judgement.check(Check.NOTHING_UNDELIVERED, holds=silent, where=self._where(area, rule))

    def _delivered(self, area: str, rule: CellRule, cell: PublishedCell, cells: _Cells) -> None:
        true = self._truth.value(area, rule.name)
        if cell.state is CellState.SUPPRESSED:
            self._withheld(area, rule, cell, true=true)
            total = None if rule.total_row is None else cells.get(rule.total_row)
            if total is not None and total.value is not None and not rule.indicator.may_be_negative:
                bounded = cell.upper is not None and cell.upper <= total.value
                self._judgement.check(Check.WITHHELD_BOUNDED, holds=bounded, where=self._where(area, rule))
        else:
            self._published(area, rule, cell, true=true)
            self._allowed(area, rule, true=true)

    def _withheld(self, area: str, rule: CellRule, cell: PublishedCell, *, true: int) -> None:
        where = self._where(area, rule)
        self._judgement.check(Check.WITHHELD_SILENT, holds=cell.value is None, where=where)
        self._judgement.check(Check.WITHHELD_WITHIN, holds=within(cell, rule, true), where=where)

    def _published(self, area: str, rule: CellRule, cell: PublishedCell, *, true: int) -> None:
        said = (cell.value, cell.lower, cell.upper)
        where = f"{self._where(area, rule)}: {cell.value}, true {true}"
        self._judgement.check(Check.VALUE_TRUE, holds=said == (true, true, true), where=where)

    def _allowed(self, area: str, rule: CellRule, *, true: int) -> None:
        behind = self._truths[area].contributions.get(self._period, {}).get(self._dataset, {})
        allowed = rule.may_be_shown(
            true, whole=self._truth.value(area, rule.whole), behind=behind.get(rule.name, NOBODY)
        )
        self._judgement.check(Check.RULE_KEPT, holds=allowed, where=self._where(area, rule))

    # ------------------------------------------------------------------------------------------- years

    def _is_computed(self, rule: CellRule) -> bool:
        return self._freq == "A" and rule.computed

    def _from_quarters(self, area: str, row: int, rule: CellRule) -> Known:
        """Return what the quarters say about a year, added up in plain words."""
        year = self._period
        nothing = Known(held=False, withheld=False, lower=0, upper=None)
        quarters = [
            self._earlier.get((self._dataset, f"{year}-Q{quarter}"), {}).get(area, {}).get(row, nothing)
            for quarter in _QUARTERS
        ]
        if rule.indicator.time_additivity == "last":
            return quarters[-1]
        held = all(quarter.held for quarter in quarters)
        uppers = [quarter.upper for quarter in quarters if quarter.upper is not None]
        return Known(
            held=held,
            withheld=held and any(quarter.withheld for quarter in quarters),
            lower=sum(quarter.lower or 0 for quarter in quarters),
            upper=sum(uppers) if held and len(uppers) == len(quarters) else None,
            areas=max(quarter.areas for quarter in quarters),
        )

    def _computed(self, area: str, rule: CellRule, cell: PublishedCell | None, follows: Known) -> None:
        """A year of an area: published where all quarters are, withheld where one is, else nothing."""
        if not follows.held:
            if cell is not None:
                self._nothing(area, rule, cell)
            return
        value = None if follows.withheld else follows.lower
        holds = (
            cell is not None
            and (cell.state is CellState.SUPPRESSED) == follows.withheld
            and (cell.value, cell.lower, cell.upper) == (value, follows.lower, follows.upper)
        )
        self._judgement.check(Check.YEAR_COMPUTED, holds=holds, where=self._where(area, rule))
        if cell is None:
            return
        true = self._truth.value(area, rule.name)
        if follows.withheld:
            self._withheld(area, rule, cell, true=true)
        else:
            self._published(area, rule, cell, true=true)

    # ----------------------------------------------------------------------------------------- regions

    def _authority(self, authority: str) -> KnownCells:
        """What an authority delivers for the areas it serves; it is shown as the total over them."""
        cells, due = self._found.get(authority, {}), self._due(authority)
        served = len(self._tree.leaves_of(authority))
        known: dict[int, Known] = {}
        delivered = 0
        for row, rule in enumerate(self._rules):
            cell = cells.get(row)
            if not rule.by_authority or cell is None:
                continue
            if self._is_computed(rule):
                known[row] = self._from_quarters(authority, row, rule)
                continue
            if rule.indicator.id not in due or self._freq not in rule.indicator.frequencies:
                continue
            covered = (cell.delivered, cell.withheld in (0, served)) == (served, True)
            self._judgement.check(Check.AUTHORITY_TRUE, holds=covered, where=self._where(authority, rule))
            delivered += 1
            known[row] = Known(
                held=True,
                withheld=cell.withheld > 0,
                lower=cell.lower,
                upper=cell.upper,
                areas=served,
            )
            true = self._truth.value(authority, rule.name)
            if cell.withheld:
                self._withheld(authority, rule, cell, true=true)
            else:
                self._published(authority, rule, cell, true=true)
                self._allowed(authority, rule, true=true)
        if due:
            self._count(authority, delivered, known)
        return known

    def _region(self, region: str, known: Mapping[str, KnownCells], authorities: Sequence[str]) -> None:
        cells = self._found.get(region, {})
        where = f"{region} {self._period} {self._dataset}"
        complete = len(cells) == len(self._rules)
        self._judgement.check(Check.TOTALS_COMPLETE, holds=complete, where=where)
        leaves = self._tree.leaves_of(region)
        for row, cell in cells.items():
            rule = self._rules[row]
            parts = [
                known[authority][row]
                for authority in authorities
                if row in known[authority] and known[authority][row].held
            ]
            spoken_for = {
                leaf
                for authority in authorities
                if row in known[authority] and known[authority][row].held
                for leaf in self._tree.leaves_of(authority)
            }
            parts += [known[leaf][row] for leaf in leaves if leaf not in spoken_for and row in known[leaf]]
            self._total(region, rule, cell, parts, expected=len(leaves))

    def _total(
        self, region: str, rule: CellRule, cell: PublishedCell, parts: Sequence[Known], *, expected: int
    ) -> None:
        judgement, where = self._judgement, self._where(region, rule)
        true = self._truth.value(region, rule.name)
        bounds = f"{cell.lower}..{'' if cell.upper is None else cell.upper}"
        judgement.check(
            Check.TOTAL_WITHIN, holds=within(cell, rule, true), where=f"{where}: {true} in {bounds}"
        )
        delivered = sum(part.areas for part in parts if part.held)
        withheld = sum(part.areas for part in parts if part.held and part.withheld)
        coverage = (cell.expected, cell.delivered, cell.withheld)
        judgement.check(
            Check.TOTAL_COVERED,
            holds=coverage == (expected, delivered, withheld),
            where=f"{where}: {coverage}",
        )
        lower, upper = added(parts, rule, complete=delivered == expected)
        exact = lower is not None and lower == upper
        judgement.check(
            Check.TOTAL_MERGED,
            holds=(cell.lower, cell.upper, cell.value) == (lower, upper, lower if exact else None),
            where=f"{where}: {bounds}, not {lower}..{upper}",
        )
        if rule.indicator.region_additivity == "sum" and delivered == expected and withheld == 0:
            shown = cell.value == cell.lower == cell.upper == true
            judgement.check(Check.TOTAL_EXACT, holds=shown, where=where)
        if region == LAND:
            judgement.count_statewide(rule.indicator.region_additivity, cell.lower, cell.upper)
