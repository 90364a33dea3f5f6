"""The comparison finds what it is there to find: every kind of wrong or missing figure fails a check."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

import pytest

from hub.demo.comparison.cell_rules import CellRule, rules_of
from hub.demo.comparison.cells import PublishedCell
from hub.demo.comparison.judgement import OFFLINE, Check, Judgement
from hub.demo.comparison.release import Comparison
from hub.demo.truth.answer_key import AreaTruth
from hub.demo.truth.counting import Contributions
from hub.demo.truth.regions import RegionTruth
from protocol.catalogue_file import load_catalogue
from protocol.grid import grid_of
from protocol.observations import CellState
from protocol.regions import AACHEN_CITY, AACHEN_REST, AACHEN_WHOLE, LAND, region_tree

PERIOD = "2025-Q1"
CATALOGUE = load_catalogue()
TREE = region_tree()
GRID = grid_of(CATALOGUE, "CASES")
INDICATORS = {indicator.id for indicator in GRID.dataset.indicators}
ROW = GRID.total_row("CASES_OPENED") or 0
TOTAL = "|".join(GRID.keys[ROW])
#: A cell that the fixture below withholds.
WITHHELD = next(
    row
    for row, key in enumerate(GRID.keys)
    if not CATALOGUE.rule_for(CATALOGUE.indicator(key[0]), GRID.codes(row)).zero_publishable
    and key[0] == "CASES_OPENED"
)
#: Breakdowns of the opened cases that hold a code whose zero says something about all of them.
DELICATE = ("RESIDENCE", "FIELD")
BESIDE = next(row for row in GRID.rows_of("CASES_OPENED") if GRID.codes(row)["RESIDENCE"] == "DE")
#: Checks that are made beside the comparison of cubes.
ELSEWHERE_MADE = (Check.API_AGREES, Check.RATE_SHOWN, Check.RATE_TRUE)
#: An area that takes no part.
ELSEWHERE = "NW05111"

Change = Callable[[PublishedCell], PublishedCell | None]


def truth(area: str, value: int) -> AreaTruth:
    figures = {PERIOD: {"CASES": {TOTAL: value}}}
    return AreaTruth(area, frozenset({PERIOD}), {}, {"CASES": frozenset(INDICATORS)}, figures, {})


def delivered(area: str, value: int) -> Iterator[PublishedCell]:
    """A complete delivery that publishes this total, and every zero that a rule lets out."""
    for row, key in enumerate(GRID.keys):
        figure = value if row == ROW else 0
        rule = CATALOGUE.rule_for(CATALOGUE.indicator(key[0]), GRID.codes(row))
        beside = {code for d, code in GRID.codes(row).items() if d in DELICATE} - {"_T"}
        opened = key[0] == "CASES_OPENED"
        if figure == 0 and (not rule.zero_publishable or (opened and beside)):
            upper = 3 if opened else 0
            yield PublishedCell(area, row, CellState.SUPPRESSED, None, 0, upper, 1, 1, 1)
        else:
            state = CellState.VALUE if figure else CellState.ZERO
            yield PublishedCell(area, row, state, figure, figure, figure, 1, 1, 0)


def merged(region: str, deliveries: list[list[PublishedCell]], *, expected: int) -> Iterator[PublishedCell]:
    """All totals of a region of additive cells."""
    for row in range(len(GRID)):
        parts = [cells[row] for cells in deliveries]
        withheld = sum(part.withheld for part in parts)
        lower = sum(part.lower or 0 for part in parts)
        upper = sum(part.upper or 0 for part in parts) if len(parts) == expected else None
        exact = lower == upper
        state = CellState.VALUE if exact else CellState.SUPPRESSED
        value = lower if exact else None
        yield PublishedCell(region, row, state, value, lower, upper, expected, len(parts), withheld)


def cube(city: int = 30, rest: int = 20) -> list[PublishedCell]:
    """What a hub shows after the two parts of Aachen have delivered, and nobody else."""
    both = {AACHEN_CITY: list(delivered(AACHEN_CITY, city)), AACHEN_REST: list(delivered(AACHEN_REST, rest))}
    cells = [cell for delivery in both.values() for cell in delivery]
    cells.append(PublishedCell(ELSEWHERE, 0, CellState.NOT_DELIVERED, None, 0, None, 1, 0, 0))
    for region in TREE.aggregates:
        leaves = TREE.leaves_of(region)
        present = [delivery for area, delivery in both.items() if area in leaves]
        cells += merged(region, present, expected=len(leaves))
    return cells


def compared(cells: Iterable[PublishedCell], *, city: int = 30, rest: int = 20) -> Comparison:
    comparison = Comparison([truth(AACHEN_CITY, city), truth(AACHEN_REST, rest)], CATALOGUE, TREE)
    comparison.cube("CASES", PERIOD, cells)
    return comparison


def changed(region: str, row: int, change: Change) -> Judgement:
    """The judgement on a cube in which one cell is changed, or left out."""
    cells = [change(cell) if (cell.region, cell.row) == (region, row) else cell for cell in cube()]
    return compared(cell for cell in cells if cell is not None).judgement


def test_true_figures_hold() -> None:
    judgement = compared(cube()).judgement
    assert not judgement.failures
    cells = judgement.cells("CASES")
    assert cells == judgement.cells()
    assert cells.delivered == 2 * len(GRID)
    assert cells.withheld == judgement.checks[Check.WITHHELD_BOUNDED] > 0
    assert judgement.land_open["sum"] == len(GRID)
    assert judgement.checks[Check.TOTAL_MERGED] == len(TREE.aggregates) * len(GRID)
    assert judgement.checks[Check.TOTAL_EXACT] == len(GRID) - cells.withheld / 2


def test_regions_add_up_their_areas() -> None:
    both = [truth(AACHEN_CITY, 30), truth(AACHEN_REST, 20)]
    sums = RegionTruth(both, TREE, CATALOGUE, dataset="CASES", period=PERIOD)
    regions = (AACHEN_CITY, AACHEN_WHOLE, "NW053", "LVR", "LWL")
    assert [sums.value(region, TOTAL) for region in regions] == [30, 50, 50, 50, 0]


@pytest.mark.parametrize(
    ("region", "row", "change", "checks"),
    [
        (AACHEN_WHOLE, ROW, {"lower": 51, "upper": 60}, {Check.TOTAL_WITHIN}),
        (AACHEN_WHOLE, ROW, {"lower": 40, "upper": 49}, {Check.TOTAL_WITHIN}),
        (AACHEN_WHOLE, ROW, {"lower": None, "upper": None}, {Check.TOTAL_WITHIN}),
        (AACHEN_WHOLE, ROW, {"lower": 49, "upper": 51}, {Check.TOTAL_EXACT}),
        # It cannot excuse itself from being exact by what it says about its areas.
        (AACHEN_WHOLE, ROW, {"upper": None, "withheld": 1}, {Check.TOTAL_EXACT, Check.TOTAL_COVERED}),
        (AACHEN_WHOLE, ROW, {"delivered": 1}, {Check.TOTAL_COVERED}),
        (LAND, ROW, {"expected": 53}, {Check.TOTAL_COVERED}),
        # True, but it says nothing: bounds that any figure fits.
        (AACHEN_WHOLE, WITHHELD, {"lower": 0, "upper": None}, {Check.TOTAL_MERGED}),
        (AACHEN_WHOLE, WITHHELD, {"upper": 10**9}, {Check.TOTAL_MERGED}),
        (AACHEN_WHOLE, WITHHELD, {"value": 0}, {Check.TOTAL_MERGED}),
        (LAND, ROW, {"lower": 0}, {Check.TOTAL_MERGED}),
        (AACHEN_CITY, WITHHELD, {"upper": None}, {Check.WITHHELD_BOUNDED}),
        (AACHEN_CITY, WITHHELD, {"upper": 31}, {Check.WITHHELD_BOUNDED}),
        (AACHEN_CITY, WITHHELD, {"lower": 1}, {Check.WITHHELD_WITHIN}),
        (AACHEN_CITY, WITHHELD, {"value": 0}, {Check.WITHHELD_SILENT}),
        (AACHEN_CITY, ROW, {"value": 4}, {Check.VALUE_TRUE}),
        (AACHEN_CITY, ROW, {"upper": 31}, {Check.VALUE_TRUE}),
        (AACHEN_CITY, WITHHELD, {"state": CellState.ZERO}, {Check.RULE_KEPT, Check.VALUE_TRUE}),
        (AACHEN_CITY, BESIDE, {"state": CellState.ZERO}, {Check.RULE_KEPT}),
        (ELSEWHERE, 0, {"value": 3}, {Check.NOTHING_UNDELIVERED}),
        (ELSEWHERE, 0, {"state": CellState.VALUE, "value": 3}, {Check.NOTHING_UNDELIVERED}),
    ],
)  # fmt: skip
def test_a_wrong_figure_fails(region: str, row: int, change: dict[str, object], checks: set[Check]) -> None:
    judgement = changed(region, row, lambda cell: cell._replace(**change))  # type: ignore[arg-type]
    assert checks <= judgement.failures.keys()
    assert all(judgement.failures[check] == 1 for check in checks)


def test_a_small_published_count_fails() -> None:
    judgement = compared(cube(city=3), city=3).judgement
    assert judgement.failures == {Check.RULE_KEPT: 1}


@pytest.mark.parametrize(
    ("region", "check"),
    [
        (AACHEN_CITY, Check.DELIVERY_COMPLETE),
        (AACHEN_WHOLE, Check.TOTALS_COMPLETE),
        (LAND, Check.TOTALS_COMPLETE),
    ],
)
def test_a_missing_cell_fails(region: str, check: Check) -> None:
    assert changed(region, 0, lambda _: None).failures[check] == 1


def test_a_cell_that_is_there_twice_does_not_stand_for_a_missing_one() -> None:
    judgement = changed(AACHEN_CITY, 0, lambda cell: cell._replace(row=1))
    assert judgement.failures[Check.DELIVERY_COMPLETE] == 1


def test_regions_that_are_not_shown_at_all_fail() -> None:
    cells = [cell for cell in cube() if cell.region not in TREE.aggregates]
    assert compared(cells).judgement.failures == {Check.TOTALS_COMPLETE: len(TREE.aggregates)}


def test_a_figure_for_a_quarter_without_delivery_fails() -> None:
    silent = replace(truth(AACHEN_CITY, 30), periods=frozenset())
    comparison = Comparison([silent], CATALOGUE, TREE)
    comparison.cube("CASES", PERIOD, [next(delivered(AACHEN_CITY, 0))])
    assert comparison.judgement.failures[Check.NOTHING_UNDELIVERED] == 1


def test_an_area_that_did_not_deliver_fails_once_not_cell_by_cell() -> None:
    comparison = Comparison([truth(AACHEN_CITY, 30)], CATALOGUE, TREE)
    absent = PublishedCell(AACHEN_CITY, 0, CellState.NOT_DELIVERED, None, None, None, 1, 0, 0)
    comparison.cube("CASES", PERIOD, [absent._replace(row=row) for row in range(len(GRID))])
    assert comparison.judgement.failures[Check.DELIVERY_COMPLETE] == 1
    assert comparison.judgement.failures[Check.VALUE_TRUE] == 0
    assert comparison.judgement.cells() == (0, 0)


class TestNothingPassesUnlooked:
    def test_all_was_compared(self) -> None:
        comparison = compared(cube())
        for check in ELSEWHERE_MADE:
            comparison.judgement.check(check, holds=True, where="")
        comparison.finish()
        assert not comparison.judgement.failures
        lacking = {Check.AUTHORITY_TRUE, Check.YEAR_COMPUTED, Check.BREAK_MARKED}
        assert set(comparison.judgement.checks) == set(Check) - lacking - OFFLINE

    def test_without_any_cube_every_check_fails(self) -> None:
        both = [truth(AACHEN_CITY, 30), truth(AACHEN_REST, 20)]
        year = {"2025": {"CASES": {TOTAL: 0}}}
        authority = replace(truth(AACHEN_WHOLE, 0), figures=year, periods=frozenset(year))
        comparison = Comparison([*both, authority], CATALOGUE, TREE)
        comparison.breaks([(AACHEN_CITY, "CASES", PERIOD)], marked=[])
        comparison.finish()
        assert comparison.judgement.failures.keys() == set(Check) - OFFLINE

    def test_a_quarter_that_was_delivered_and_is_not_published_fails(self) -> None:
        two = {PERIOD: {"CASES": {TOTAL: 30}}, "2025-Q2": {"CASES": {TOTAL: 30}}}
        later = replace(truth(AACHEN_CITY, 30), periods=frozenset(two), figures=two)
        comparison = Comparison([later], CATALOGUE, TREE)
        comparison.cube("CASES", PERIOD, delivered(AACHEN_CITY, 30))
        comparison.finish()
        assert comparison.judgement.failures[Check.PERIOD_PUBLISHED] == 1

    def test_a_year_whose_quarters_were_delivered_has_to_be_there(self) -> None:
        quarters = {f"2025-Q{quarter}": {"CASES": {TOTAL: 30}} for quarter in (1, 2, 3, 4)}
        truths = [replace(truth(AACHEN_CITY, 30), periods=frozenset(quarters), figures=quarters)]
        comparison = Comparison(truths, CATALOGUE, TREE)
        comparison.finish()
        assert comparison.judgement.failures[Check.PERIOD_PUBLISHED] == 5
        assert comparison.judgement.failures[Check.YEAR_COMPUTED] == 1

    def test_a_dataset_that_is_not_published_fails(self) -> None:
        figures = {PERIOD: {"CASES": {TOTAL: 30}, "PERSONS": {}}}
        collected = {"CASES": frozenset(INDICATORS), "PERSONS": frozenset({"PERSONS_NEW"})}
        truths = [replace(truth(AACHEN_CITY, 30), figures=figures, collected=collected)]
        comparison = Comparison(truths, CATALOGUE, TREE)
        comparison.cube("CASES", PERIOD, delivered(AACHEN_CITY, 30))
        comparison.finish()
        assert comparison.judgement.failures[Check.PERIOD_PUBLISHED] == 1

    def test_an_api_that_was_not_asked_and_rates_that_were_not_looked_at_fail(self) -> None:
        comparison = compared(cube())
        comparison.finish()
        assert comparison.judgement.failures == dict.fromkeys(ELSEWHERE_MADE, 1)

    def test_only_a_demo_without_a_whole_region_may_lack_exact_totals(self) -> None:
        comparison = Comparison([truth(AACHEN_CITY, 30)], CATALOGUE, TREE)
        comparison.finish()
        assert Check.TOTAL_EXACT not in comparison.judgement.failures


def test_breaks_are_marked_where_they_are_and_nowhere_else() -> None:
    comparison = Comparison([truth(AACHEN_CITY, 30)], CATALOGUE, TREE)
    here, there = (AACHEN_CITY, "CASES", PERIOD), (AACHEN_REST, "CASES", PERIOD)
    comparison.breaks([here], marked=[here])
    assert comparison.judgement.checks[Check.BREAK_MARKED] == 1
    comparison.breaks([here], marked=[there])
    assert comparison.judgement.failures[Check.BREAK_MARKED] == 2


class TestYears:
    """CASES_OPENED of four quarters: two published, one withheld, one published."""

    QUARTERS = tuple(f"2025-Q{quarter}" for quarter in (1, 2, 3, 4))

    def year(self, rows: Mapping[int, PublishedCell]) -> Judgement:
        figures: dict[str, dict[str, dict[str, int]]] = {q: {"CASES": {TOTAL: 30}} for q in self.QUARTERS}
        own = replace(truth(AACHEN_CITY, 30), periods=frozenset(self.QUARTERS), figures=figures)
        comparison = Comparison([own], CATALOGUE, TREE)
        for quarter in self.QUARTERS:
            comparison.cube("CASES", quarter, delivered(AACHEN_CITY, 30))
        cells = [
            self.added(cell) if GRID.keys[cell.row][0] != "CASES_OPEN" else cell
            for cell in delivered(AACHEN_CITY, 30)
        ]
        comparison.cube("CASES", "2025", [rows.get(cell.row, cell) for cell in cells])
        return comparison.judgement

    @staticmethod
    def added(cell: PublishedCell) -> PublishedCell:
        value = None if cell.value is None else 4 * cell.value
        return cell._replace(value=value, lower=4 * (cell.lower or 0), upper=4 * (cell.upper or 0))

    def test_flows_add_up_and_stocks_are_the_last(self) -> None:
        judgement = self.year({})
        assert not judgement.failures.keys() - {Check.TOTALS_COMPLETE}
        assert judgement.checks[Check.YEAR_COMPUTED] == len(GRID)

    def test_a_year_that_is_another_sum_fails(self) -> None:
        wrong = PublishedCell(AACHEN_CITY, ROW, CellState.VALUE, 119, 119, 119, 1, 1, 0)
        judgement = self.year({ROW: wrong})
        assert judgement.failures[Check.YEAR_COMPUTED] == judgement.failures[Check.VALUE_TRUE] == 1

    def test_a_year_with_a_withheld_quarter_must_not_be_shown(self) -> None:
        shown = PublishedCell(AACHEN_CITY, WITHHELD, CellState.ZERO, 0, 0, 0, 1, 1, 0)
        assert self.year({WITHHELD: shown}).failures[Check.YEAR_COMPUTED] == 1


class TestAuthority:
    """Decisions of both parts of Aachen come from one authority."""

    GRID = grid_of(CATALOGUE, "PROCESSES")
    KEY = "|".join(GRID.key(CATALOGUE.indicator("B3_DECISIONS"), {"DECISION": "NAT"}))

    def judged(self, city: int) -> Judgement:
        row = [*("|".join(key) for key in self.GRID.keys)].index(self.KEY)
        figures = {PERIOD: {"PROCESSES": {self.KEY: 40}}}
        collected = {"PROCESSES": frozenset({"B3_DECISIONS"})}
        whole = AreaTruth(AACHEN_WHOLE, frozenset({PERIOD}), {}, collected, figures, {})
        comparison = Comparison([whole], CATALOGUE, TREE)
        total = PublishedCell(AACHEN_WHOLE, row, CellState.VALUE, city, city, city, 2, 2, 0)
        above = total._replace(
            region="NW053", state=CellState.SUPPRESSED, value=None, expected=11, upper=None
        )
        comparison.cube("PROCESSES", PERIOD, [total, above._replace(expected=len(TREE.leaves_of("NW053")))])
        return comparison.judgement

    def test_it_stands_for_its_areas_everywhere(self) -> None:
        judgement = self.judged(40)
        assert set(judgement.failures) == {Check.TOTALS_COMPLETE}
        assert judgement.checks[Check.AUTHORITY_TRUE] == judgement.checks[Check.VALUE_TRUE] == 1
        assert judgement.checks[Check.TOTAL_MERGED] == judgement.checks[Check.TOTAL_COVERED] == 2

    def test_a_wrong_figure_fails(self) -> None:
        assert self.judged(41).failures[Check.VALUE_TRUE] == 1


class TestContributors:
    """An amount may be shown if enough carriers stand behind it, and none of them too large."""

    GRID = grid_of(CATALOGUE, "FUNDS")
    RULES = rules_of(CATALOGUE, "FUNDS")

    @pytest.mark.parametrize(
        ("behind", "allowed"),
        [
            (Contributions(0, 0, 0, 0), True),
            (Contributions(2, 50, 50, 100), False),
            (Contributions(3, 40, 35, 100), True),
            (Contributions(5, 86, 5, 100), False),
            (Contributions(5, 85, 6, 100), True),
            (Contributions(5, 85, 7, 100), False),
        ],
    )
    def test_broken_down_by_carrier(self, behind: Contributions, allowed: bool) -> None:
        rule = self.rule("FUNDS_SPENT", {"CARRIER": "NGO"})
        assert rule.may_be_shown(100, whole=1000, behind=behind) is allowed

    def test_totals_of_an_area_are_public(self) -> None:
        rule = self.rule("FUNDS_SPENT", {"BAUSTEIN": "B2"})
        assert rule.may_be_shown(100, whole=1000, behind=Contributions(1, 100, 0, 100))

    def test_of_posts_only_the_number_counts(self) -> None:
        grid, indicator = grid_of(CATALOGUE, "STAFFING"), CATALOGUE.indicator("FTE_FUNDED")
        rule = rules_of(CATALOGUE, "STAFFING")[grid.index[grid.key(indicator, {"CARRIER": "OWN"})]]
        assert rule.may_be_shown(163, whole=900, behind=Contributions(3, 100, 57, 163))
        assert not rule.may_be_shown(106, whole=900, behind=Contributions(2, 100, 6, 106))

    def rule(self, indicator: str, codes: dict[str, str]) -> CellRule:
        return self.RULES[self.GRID.index[self.GRID.key(CATALOGUE.indicator(indicator), codes)]]
