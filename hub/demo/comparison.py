"""Holds what the hub has published against the answer key, cell by cell.

Purpose: the judgement of the demo. For areas: a published value is the true one, a withheld cell shows
nothing, and no cell is published that the catalogue's rules withhold. For regions: the truth lies within
the bounds; where every area has published, the total of an additive indicator is exact.

Invariants: counts every check and keeps the first few failures in words; a figure that was expected and is
not there is a failure.

It deliberately does not: repeat disclosure control. Whether secondary suppression is safe is the audit's
question; here only the rules for single cells are looked at, because they can be read off without any
algorithm.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from hub.demo.truth import AreaTruth, RegionTruth
from protocol.catalogue import Catalogue
from protocol.grid import Key, grid_of
from protocol.observations import CellState
from protocol.regions import LAND, RegionTree

_MOST_FAILURES_IN_WORDS: Final = 40
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


@dataclass(slots=True)
class Judgement:
    """What the comparison has found so far.

    Attributes:
        checks: name of the check → times it held.
        failures: name of the check → times it failed.
        examples: the first failures in words (the data are made up, so values may be shown).
        area_cells: cells delivered by areas.
        area_withheld: those withheld.
        withheld_by_delivery: (area, dataset, period) → withheld cells.
        land_exact: statewide cells known exactly, by how regions add up (``sum`` or ``max_sum``).
        land_widths: width of the interval of the others, by the same.
        land_open: statewide cells open above, by the same.
    """

    checks: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)
    area_cells: int = 0
    area_withheld: int = 0
    withheld_by_delivery: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    land_exact: Counter[str] = field(default_factory=Counter)
    land_open: Counter[str] = field(default_factory=Counter)
    land_widths: dict[str, list[int]] = field(default_factory=dict)

    def check(self, name: str, *, holds: bool, where: str) -> None:
        """Count one check and keep it in words if it failed."""
        if holds:
            self.checks[name] += 1
            return
        self.failures[name] += 1
        if len(self.examples) < _MOST_FAILURES_IN_WORDS:
            self.examples.append(f"{name}: {where}")


@dataclass(frozen=True, slots=True)
class _CellRule:
    """What the catalogue says about publishing a cell of one key."""

    name: str
    smallest: int
    zero: bool
    additivity: str


class Comparison:
    """Compares cubes with the truth, one cube at a time."""

    def __init__(self, truths: Iterable[AreaTruth], catalogue: Catalogue, tree: RegionTree) -> None:
        self.judgement = Judgement()
        self._truths = {truth.area: truth for truth in truths}
        self._catalogue = catalogue
        self._tree = tree
        self._rules: dict[str, tuple[_CellRule, ...]] = {}

    def cube(self, dataset: str, period: str, cells: Iterable[PublishedCell]) -> None:
        """Compare all observations of one dataset and period."""
        truth = RegionTruth(self._truths.values(), self._tree, dataset=dataset, period=period)
        rules = self._rules_of(dataset)
        seen: Counter[str] = Counter()
        due = {area for area, area_truth in self._truths.items() if period in area_truth.periods}
        aggregates = set(self._tree.aggregates)
        for cell in cells:
            rule = rules[cell.row]
            true = truth.value(cell.region, rule.name)
            if cell.region in aggregates:
                self._aggregate(cell, rule, true=true, where=f"{cell.region} {period} {rule.name}")
            elif cell.state in _DELIVERED and cell.region in due:
                seen[cell.region] += 1
                self._area(cell, rule, true=true, where=f"{cell.region} {period} {rule.name}")
                if cell.state is CellState.SUPPRESSED:
                    self.judgement.withheld_by_delivery[cell.region, dataset, period] += 1
            else:
                silent = cell.value is None and cell.state is CellState.NOT_DELIVERED
                self.judgement.check(
                    "no figure without a delivery", holds=silent, where=f"{cell.region} {period}"
                )
        for area in sorted(due):
            self.judgement.check(
                "every cell of a delivery is there",
                holds=seen[area] == len(rules),
                where=f"{area} {period} {dataset}",
            )

    def _area(self, cell: PublishedCell, rule: _CellRule, *, true: int, where: str) -> None:
        judgement = self.judgement
        judgement.area_cells += 1
        if cell.state is CellState.SUPPRESSED:
            judgement.area_withheld += 1
            judgement.check("a withheld cell shows no value", holds=cell.value is None, where=where)
            judgement.check(
                "the truth lies within the bounds of a withheld cell", holds=_within(cell, true), where=where
            )
            return
        judgement.check(
            "a published value is true", holds=cell.value == true, where=f"{where}: {cell.value}, true {true}"
        )
        allowed = rule.zero if true == 0 else true >= rule.smallest
        judgement.check("nothing that a rule withholds is published", holds=allowed, where=where)

    def _aggregate(self, cell: PublishedCell, rule: _CellRule, *, true: int, where: str) -> None:
        judgement = self.judgement
        bounds = f"{cell.lower}..{'' if cell.upper is None else cell.upper}"
        judgement.check(
            "the truth lies within the bounds of a total",
            holds=_within(cell, true),
            where=f"{where}: {true} in {bounds}",
        )
        exact = cell.lower is not None and cell.lower == cell.upper
        if rule.additivity == "sum" and cell.delivered == cell.expected and cell.withheld == 0:
            judgement.check(
                "a total of published cells is exact", holds=exact and cell.value == true, where=where
            )
        if cell.region == LAND:
            if exact:
                judgement.land_exact[rule.additivity] += 1
            elif cell.upper is None or cell.lower is None:
                judgement.land_open[rule.additivity] += 1
            else:
                judgement.land_widths.setdefault(rule.additivity, []).append(cell.upper - cell.lower)

    def _rules_of(self, dataset: str) -> tuple[_CellRule, ...]:
        if dataset not in self._rules:
            grid = grid_of(self._catalogue, dataset)
            self._rules[dataset] = tuple(
                self._rule(key, grid.codes(row)) for row, key in enumerate(grid.keys)
            )
        return self._rules[dataset]

    def _rule(self, key: Key, codes: Mapping[str, str]) -> _CellRule:
        indicator = self._catalogue.indicator(key[0])
        rule = self._catalogue.rule_for(indicator, codes)
        return _CellRule(
            "|".join(key), rule.min_contributors, rule.zero_publishable, indicator.region_additivity
        )


def _within(cell: PublishedCell, true: int) -> bool:
    return cell.lower is not None and cell.lower <= true and (cell.upper is None or true <= cell.upper)
