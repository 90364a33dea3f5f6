"""The comparison finds what it is there to find: every kind of wrong figure fails a check."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from hub.demo.comparison import Comparison, Judgement, PublishedCell
from hub.demo.truth import AreaTruth, RegionTruth
from protocol.catalogue_file import load_catalogue
from protocol.grid import grid_of
from protocol.observations import CellState
from protocol.regions import AACHEN_CITY, AACHEN_REST, AACHEN_WHOLE, LAND, region_tree

PERIOD = "2025-Q1"
GRID = grid_of(load_catalogue(), "CASES")
TOTAL = "|".join(GRID.keys[GRID.total_row("CASES_OPENED") or 0])


def truth(area: str, value: int) -> AreaTruth:
    return AreaTruth(area, frozenset({PERIOD}), {}, {PERIOD: {"CASES": {TOTAL: value}}})


def delivered(area: str, values: dict[str, int]) -> Iterator[PublishedCell]:
    """A complete delivery that publishes these values, and every zero that a rule lets out."""
    catalogue = load_catalogue()
    for row, key in enumerate(GRID.keys):
        value = values.get("|".join(key), 0)
        rule = catalogue.rule_for(catalogue.indicator(key[0]), GRID.codes(row))
        if value == 0 and not rule.zero_publishable:
            yield PublishedCell(area, row, CellState.SUPPRESSED, None, 0, 5, 1, 1, 1)
        else:
            state = CellState.VALUE if value else CellState.ZERO
            yield PublishedCell(area, row, state, value, value, value, 1, 1, 0)


def total(
    region: str, lower: int | None, upper: int | None, *, withheld: int = 0, expected: int = 2
) -> PublishedCell:
    row = GRID.index[tuple(TOTAL.split("|"))]
    exact = lower is not None and lower == upper
    state = CellState.VALUE if exact else CellState.SUPPRESSED
    return PublishedCell(region, row, state, lower if exact else None, lower, upper, expected, 2, withheld)


def judged(*cells: PublishedCell, city: int = 30, rest: int = 20) -> Judgement:
    comparison = Comparison(
        [truth(AACHEN_CITY, city), truth(AACHEN_REST, rest)], load_catalogue(), region_tree()
    )
    both = [*delivered(AACHEN_CITY, {TOTAL: city}), *delivered(AACHEN_REST, {TOTAL: rest})]
    comparison.cube("CASES", PERIOD, [*both, *cells])
    return comparison.judgement


def test_true_figures_hold() -> None:
    judgement = judged(total(AACHEN_WHOLE, 50, 50), total(LAND, 50, None, expected=54))
    assert not judgement.failures
    assert judgement.area_cells == 2 * len(GRID)
    assert judgement.land_open["sum"] == 1
    assert judgement.checks["a total of published cells is exact"] == 1


def test_regions_add_up_their_areas() -> None:
    sums = RegionTruth(
        [truth(AACHEN_CITY, 30), truth(AACHEN_REST, 20)], region_tree(), dataset="CASES", period=PERIOD
    )
    assert [sums.value(r, TOTAL) for r in (AACHEN_CITY, AACHEN_WHOLE, "NW053", "LVR", "LWL")] == [
        30,
        50,
        50,
        50,
        0,
    ]


@pytest.mark.parametrize(
    ("cell", "check"),
    [
        (total(AACHEN_WHOLE, 51, 60, withheld=1), "the truth lies within the bounds of a total"),
        (total(AACHEN_WHOLE, 40, 49, withheld=1), "the truth lies within the bounds of a total"),
        (total(AACHEN_WHOLE, None, None, withheld=1), "the truth lies within the bounds of a total"),
        (total(AACHEN_WHOLE, 49, 51), "a total of published cells is exact"),
        (total("NW05111", 3, 3), "no figure without a delivery"),
    ],
)
def test_wrong_totals_fail(cell: PublishedCell, check: str) -> None:
    assert judged(cell).failures[check] == 1


def changed(row: int, **values: object) -> Judgement:
    comparison = Comparison([truth(AACHEN_CITY, 3)], load_catalogue(), region_tree())
    cells = list(delivered(AACHEN_CITY, {TOTAL: 30}))
    cells[row] = cells[row]._replace(**values)  # type: ignore[arg-type]
    comparison.cube("CASES", PERIOD, cells)
    return comparison.judgement


def test_a_wrong_value_and_a_small_published_count_fail() -> None:
    row = GRID.index[tuple(TOTAL.split("|"))]
    judgement = changed(row, value=4)
    assert judgement.failures["a published value is true"] == 1
    assert judgement.failures["nothing that a rule withholds is published"] == 1


def test_a_withheld_cell_with_a_value_or_wrong_bounds_fails() -> None:
    row = GRID.index[tuple(TOTAL.split("|"))]
    judgement = changed(row, state=CellState.SUPPRESSED, value=3, lower=4, upper=9)
    assert judgement.failures["a withheld cell shows no value"] == 1
    assert judgement.failures["the truth lies within the bounds of a withheld cell"] == 1


def test_a_missing_cell_fails() -> None:
    comparison = Comparison([truth(AACHEN_CITY, 30)], load_catalogue(), region_tree())
    comparison.cube("CASES", PERIOD, list(delivered(AACHEN_CITY, {TOTAL: 30}))[1:])
    assert comparison.judgement.failures == {"every cell of a delivery is there": 1}


def test_a_figure_for_a_quarter_without_delivery_fails() -> None:
    silent = replace(truth(AACHEN_CITY, 30), periods=frozenset())
    comparison = Comparison([silent], load_catalogue(), region_tree())
    comparison.cube("CASES", PERIOD, [next(delivered(AACHEN_CITY, {}))])
    assert comparison.judgement.failures["no figure without a delivery"] == 1


def test_an_area_that_did_not_deliver_fails_once_not_cell_by_cell() -> None:
    comparison = Comparison([truth(AACHEN_CITY, 30)], load_catalogue(), region_tree())
    absent = PublishedCell(AACHEN_CITY, 0, CellState.NOT_DELIVERED, None, None, None, 1, 0, 0)
    comparison.cube("CASES", PERIOD, [absent._replace(row=row) for row in range(len(GRID))])
    assert comparison.judgement.failures == {"every cell of a delivery is there": 1}
    assert comparison.judgement.area_cells == 0
