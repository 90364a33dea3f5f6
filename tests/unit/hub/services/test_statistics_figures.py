"""Figures: an area's withheld cell stays blank whatever the store holds, totals keep their guarantees."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.services.statistics.figures import Interval, absent_figure, area_figure, total_figure
from hub.services.statistics.paging import Cursor
from hub.services.statistics.releases import population_share
from hub.store.tables.statistics_rows import ObservationRow
from protocol.errors import KimError
from protocol.observations import CellState
from protocol.regions import reporting_areas

ROW = ObservationRow(
    cube_id=1, cell=0, area_ix=0, state=CellState.VALUE, value=12, lower=12, upper=12,
    expected=1, delivered=1, withheld=0,
)  # fmt: skip


def test_an_area_shows_its_value_and_the_rate_of_its_population() -> None:
    figure = area_figure(ROW, decimals=0, population=8000)
    assert figure.count == Interval(Decimal(12), Decimal(12))
    assert figure.rate.lower == Decimal("1.5")
    assert area_figure(ROW, decimals=0, population=None).rate is None


@pytest.mark.parametrize(
    "state",
    [CellState.SUPPRESSED, CellState.NOT_DELIVERED, CellState.NOT_APPLICABLE, CellState.WITHDRAWN],
)
def test_an_area_s_cell_without_a_value_says_nothing_even_if_bounds_are_stored(state: CellState) -> None:
    row = replace(ROW, state=state, value=None, lower=1, upper=4, withheld=1)
    figure = area_figure(row, decimals=0, population=8000)
    assert (figure.count, figure.rate) == (None, None)
    # Even a value that stands there by mistake is not shown.
    assert area_figure(replace(row, value=3), decimals=0, population=8000).count is None


def test_scaled_values_get_their_decimals() -> None:
    assert area_figure(replace(ROW, value=1234), decimals=2, population=None).count.lower == Decimal("12.34")


def test_a_total_is_an_interval_with_its_coverage() -> None:
    row = replace(
        ROW, state=CellState.SUPPRESSED, value=None, lower=10, upper=14, expected=3, delivered=3, withheld=2
    )
    figure = total_figure(row, decimals=0, population=1000, population_share=Decimal(1))
    assert (figure.count.lower, figure.count.upper, figure.count.exact) == (10, 14, False)
    assert (figure.rate.lower, figure.rate.upper) == (10, 14)
    assert figure.coverage.complete
    assert figure.coverage.withheld == 2


def test_a_missing_delivery_leaves_the_upper_side_open() -> None:
    row = replace(
        ROW, state=CellState.NOT_DELIVERED, value=None, lower=10, upper=None, expected=3, delivered=2
    )
    figure = total_figure(row, decimals=0, population=1000, population_share=Decimal("0.7"))
    assert figure.count == Interval(Decimal(10), None)
    assert figure.rate == Interval(Decimal(10), None)
    assert not figure.coverage.complete


def test_without_any_delivery_there_is_no_figure() -> None:
    row = replace(
        ROW, state=CellState.NOT_DELIVERED, value=None, lower=0, upper=None, expected=3, delivered=0
    )
    figure = total_figure(row, decimals=0, population=1000, population_share=Decimal(0))
    assert figure.empty
    assert absent_figure(expected=54).coverage.delivered == 0
    assert absent_figure(expected=1).coverage is None


@given(st.integers(0, 10**9), st.integers(0, 10**6), st.integers(1, 10**8))
def test_the_rate_of_an_interval_is_an_interval(lower: int, width: int, population: int) -> None:
    rate = Interval(Decimal(lower), Decimal(lower + width)).per_thousand(population)
    assert rate.lower <= rate.upper
    assert rate.exact == (width == 0)


def test_no_population_no_rate() -> None:
    assert Interval(Decimal(1), Decimal(1)).per_thousand(0) is None


def test_coverage_counts_people_not_areas() -> None:
    leaves = tuple(area.id for area in reporting_areas())
    everybody = sum(area.population for area in reporting_areas())
    cologne = next(area for area in reporting_areas() if area.name == "Köln")
    share = population_share(leaves, frozenset(leaves) - {cologne.id})
    assert share == Decimal(everybody - cologne.population) / everybody
    assert population_share(leaves, frozenset(leaves)) == 1


@given(st.tuples(*[st.integers(0, 2**31 - 1)] * 4))
def test_a_cursor_reads_back(numbers: tuple[int, int, int, int]) -> None:
    assert Cursor.parse(Cursor(*numbers).token()) == Cursor(*numbers)


@pytest.mark.parametrize(
    "token",
    ["", "A", "AAAA", "MS4x", "LjEuMS4x", "MS4xLjEuMQ==", "MDEuMS4xLjE", "-_-_", "MS4xLjEuOTk5OTk5OTk5OTk"],
)
def test_any_other_token_is_not_found(token: str) -> None:
    with pytest.raises(KimError) as caught:
        Cursor.parse(token)
    assert (caught.value.code, caught.value.pointer) == ("not_found", "cursor")
