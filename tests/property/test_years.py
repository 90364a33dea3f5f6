"""Years against brute force: what the four quarters allow, enumerated, and what a reader is told of them."""

from __future__ import annotations

import itertools
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregation.disclosure import cell_bounds
from aggregation.limits import OPEN_ABOVE, OPEN_BELOW, add_limits
from aggregation.merge import AreaDelivery, merge
from aggregation.years import is_computed, quarters_of, year_of
from protocol.catalogue_file import load_catalogue
from protocol.grid import grid_of
from protocol.observations import STATE_NUMBER, CellState
from protocol.periods import Period
from protocol.regions import RegionTree
from protocol.texts import Text
from tests.factories.catalogues import catalogue_of, codelist, indicator

SUPPRESSED, VALUE, ZERO, MISSING = (
    STATE_NUMBER[s] for s in (CellState.SUPPRESSED, CellState.VALUE, CellState.ZERO, CellState.NOT_DELIVERED)
)
CATALOGUE = catalogue_of(
    [codelist("CL_A", {"_T": None, "a": "_T", "b": "_T"})],
    [
        indicator("FLOW", [["A"]]),
        indicator("STOCK", [["A"]], time_additivity="last"),
        indicator("PEOPLE", [["A"]], time_additivity="none"),
    ],
)
GRID = grid_of(CATALOGUE, "D")
FLOW, PEOPLE, STOCK = (list(GRID.rows_of(i)) for i in ("FLOW", "PEOPLE", "STOCK"))
TREE = RegionTree(
    MappingProxyType({r: Text(r, r) for r in ("L", "x", "y")}),
    MappingProxyType({"x": "L", "y": "L"}),
    MappingProxyType({"L": ("x", "y")}),
)
#: Values of a and b, and which of total, a and b are withheld; the same in all three indicators.
QUARTER = st.tuples(st.integers(0, 3), st.integers(0, 3), st.tuples(*[st.booleans()] * 3))
Quarter = tuple[int, int, tuple[bool, bool, bool]]


def delivery(quarter: Quarter, area: str = "x") -> AreaDelivery:
    a, b, hidden = quarter
    values = np.array([a + b, a, b] * 3, dtype=np.int64)
    withheld = np.array(hidden * 3) & (values > 0)
    lower, upper = cell_bounds(GRID, np.where(withheld, 0, values), withheld, CATALOGUE)
    state = np.where(withheld, SUPPRESSED, np.where(values == 0, ZERO, VALUE)).astype(np.uint8)
    return AreaDelivery(area, state, lower, upper)


def _worlds(quarter: Quarter, cap: int) -> list[tuple[int, int, int]]:
    a, b, hidden = quarter
    truth = (a + b, a, b)
    covered = [h and v > 0 for h, v in zip(hidden, truth, strict=True)]
    possible = ((one + other, one, other) for one, other in itertools.product(range(cap + 1), repeat=2))
    return [
        world
        for world in possible
        if all((w >= 1) if c else (w == t) for w, c, t in zip(world, covered, truth, strict=True))
    ]


@settings(max_examples=100)
@given(st.lists(QUARTER, min_size=4, max_size=4))
def test_a_year_is_the_range_over_all_worlds_of_its_quarters(quarters: list[Quarter]) -> None:
    cap = 9
    year = year_of(CATALOGUE, "D", "x", [delivery(q) for q in quarters])
    worlds = [_worlds(q, cap) for q in quarters]
    for place, row in enumerate(FLOW):
        hidden = any(q[2][place] and (q[0] + q[1], q[0], q[1])[place] for q in quarters)
        low = sum(min(w[place] for w in options) for options in worlds)
        high = sum(max(w[place] for w in options) for options in worlds)
        endless = any(max(w[place] for w in options) >= cap for options in worlds)
        assert year.lower[row] == low
        assert year.upper[row] == (OPEN_ABOVE if endless else high)
        assert year.state[row] == (SUPPRESSED if hidden else VALUE if low else ZERO)
    last = delivery(quarters[-1])
    for rows in (STOCK,):
        assert (year.state[rows] == last.state[rows]).all()
        assert (year.lower[rows] == last.lower[rows]).all()
        assert (year.upper[rows] == last.upper[rows]).all()
    assert (year.state[PEOPLE] == MISSING).all()


KNOWN: Quarter = (2, 3, (False, False, False))
HIDDEN: Quarter = (2, 3, (False, True, True))


def test_a_missing_quarter_leaves_what_is_certain() -> None:
    year = year_of(CATALOGUE, "D", "x", [delivery(KNOWN), None, delivery(HIDDEN), delivery(KNOWN)])
    assert year.state[FLOW].tolist() == [MISSING] * 3
    assert year.lower[FLOW].tolist() == [15, 2 + 1 + 2, 3 + 1 + 3]
    assert (year.upper[FLOW] == OPEN_ABOVE).all()
    assert year.state[STOCK].tolist() == [VALUE] * 3
    without_the_last = year_of(CATALOGUE, "D", "x", [delivery(KNOWN)] * 3 + [None])
    assert without_the_last.state[STOCK].tolist() == [MISSING] * 3


def test_a_cell_that_one_quarter_does_not_hold_has_no_upper_limit() -> None:
    partly = delivery(KNOWN)
    partly.state[FLOW[1]] = MISSING  # not collected in this quarter; its total bounds it all the same
    year = year_of(CATALOGUE, "D", "x", [delivery(KNOWN), partly, delivery(KNOWN), delivery(KNOWN)])
    assert year.state[FLOW].tolist() == [VALUE, MISSING, VALUE]
    assert year.upper[FLOW].tolist() == [20, OPEN_ABOVE, 12]


def test_coverage_of_a_year_says_what_a_reader_expects() -> None:
    years = [
        year_of(CATALOGUE, "D", "x", [delivery(q, "x") for q in (HIDDEN, KNOWN, HIDDEN, KNOWN)]),
        year_of(CATALOGUE, "D", "y", [delivery(KNOWN, "y"), delivery(HIDDEN, "y"), None, None]),
    ]
    land = merge(CATALOGUE, "D", years, tree=TREE)[0]
    row = FLOW[1]
    # x has all its quarters and withholds two of them; y lacks two quarters.
    assert (land.expected, land.delivered[row], land.withheld[row]) == (2, 1, 1)
    assert land.lower[row] == (1 + 2 + 1 + 2) + (2 + 1)
    assert land.upper[row] >= OPEN_ABOVE


def test_what_is_delivered_by_year_comes_from_that_delivery() -> None:
    catalogue = load_catalogue()
    grid = grid_of(catalogue, "PERSONS")
    new, supported = list(grid.rows_of("PERSONS_NEW")), list(grid.rows_of("PERSONS_SUPPORTED"))

    def full(value: int, cells: int) -> AreaDelivery:
        values = np.full(cells, value, dtype=np.int64)
        return AreaDelivery("NW05111", np.full(cells, VALUE, dtype=np.uint8), values, values)

    yearly = full(70, len(supported)).in_whole_grid(catalogue, "PERSONS", "A")
    assert (yearly.state[new] == MISSING).all()
    year = year_of(catalogue, "PERSONS", "NW05111", [full(20, len(grid))] * 4, yearly=yearly)
    assert year.lower[supported].tolist() == [70] * len(supported)
    assert year.lower[new].tolist() == [80] * len(new)
    assert (year.state == VALUE).all()
    alone = year_of(catalogue, "PERSONS", "NW05111", [full(20, len(grid))] * 4)
    assert (alone.state[supported] == MISSING).all()


def test_which_years_are_computed() -> None:
    catalogue = load_catalogue()
    delivered = [i.id for i in catalogue.indicators.values() if not is_computed(i)]
    assert delivered == ["PERSONS_SUPPORTED", "FUNDS_GRANTED", "FUNDS_SPENT"]
    assert [str(q) for q in quarters_of(Period(2025))] == ["2025-Q1", "2025-Q2", "2025-Q3", "2025-Q4"]
    with pytest.raises(ValueError, match="year"):
        quarters_of(Period(2025, 1))


@pytest.mark.parametrize(
    "quarters",
    [[delivery(KNOWN)] * 3, [*[delivery(KNOWN)] * 3, delivery(KNOWN, "y")]],
    ids=["three", "another area"],
)
def test_a_year_of_anything_else_is_refused(quarters: list[AreaDelivery]) -> None:
    with pytest.raises(ValueError, match="four quarters"):
        year_of(CATALOGUE, "D", "x", quarters)


def test_open_limits_stay_open_in_sums() -> None:
    limits = [np.array([1, OPEN_BELOW, 3]), np.array([-1, 2, 4])]
    assert add_limits(limits).tolist() == [0, OPEN_BELOW, 7]
    assert add_limits([np.array([OPEN_ABOVE])] * 54).tolist() == [OPEN_ABOVE]
    assert add_limits(np.zeros((0, 2), dtype=np.int64)).tolist() == [0, 0]
