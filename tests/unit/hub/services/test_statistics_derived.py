"""Derived figures on a published hub: exact where everything is known, signs for areas, ranges for totals."""

from decimal import Decimal
from fractions import Fraction

import pytest

from hub.services.statistics import Statistics
from hub.services.statistics.cells import cell_of, main_cell
from hub.services.statistics.derived import figures_of
from hub.services.statistics.reading import Reading
from hub.services.statistics.subjects import subject_of, subjects_of
from protocol.catalogue_file import load_catalogue
from protocol.grid import grid_of
from protocol.observations import CellState
from protocol.periods import Period
from protocol.regions import LAND, reporting_areas
from tests.factories.published_hub import LAST, LATE, whole_hub

CATALOGUE = load_catalogue()
QUARTER = Period.parse("2026-Q2")
AREAS = [area.id for area in reporting_areas()]


@pytest.fixture
def reading():
    with Statistics(whole_hub().engine(), demo=True).reading() as opened:
        yield opened


def figure_of(reading: Reading, name: str, region: str, period: Period = QUARTER, **codes: str):
    subject = subject_of(CATALOGUE, name)
    cell = cell_of(CATALOGUE, subject, codes) if codes else main_cell(CATALOGUE, subject)
    return figures_of(reading, [cell], [period], regions=[region])[cell.key, period, region]


def drawn(name: str, region: str | None = None, period: Period = QUARTER, **codes: str) -> int:
    indicator = CATALOGUE.indicators[name]
    grid = grid_of(CATALOGUE, indicator.dataset)
    values = whole_hub().truth[indicator.dataset, period][grid.index[grid.key(indicator, codes)]]
    return int(values.sum() if region is None else values[AREAS.index(region)])


def test_every_derived_figure_of_the_catalogue_is_a_subject_after_its_indicators() -> None:
    subjects = list(subjects_of(CATALOGUE).values())
    assert {s.id for s in subjects} == {*CATALOGUE.indicators, *CATALOGUE.derived}
    for dataset in CATALOGUE.datasets:
        kinds = [s.derived is not None for s in subjects if s.dataset == dataset]
        assert kinds == sorted(kinds)
    assert subject_of(CATALOGUE, "CASELOAD_FTE").datasets == ("CASES", "STAFFING")


def test_a_rate_of_an_area_is_exact_where_its_parts_are_published(reading) -> None:
    figure = figure_of(reading, "FILL_RATE", "NW05111")
    expected = Fraction(100 * drawn("FTE_FILLED", "NW05111"), drawn("FTE_FUNDED", "NW05111"))
    assert figure.count.exact
    assert abs(Fraction(figure.count.lower) - expected) < Fraction(1, 10**11)
    assert figure.coverage is None


def test_a_rate_of_the_land_lies_within_its_limits(reading) -> None:
    figure = figure_of(reading, "GOAL_SHARE", LAND)
    goals = drawn("CASES_CLOSED", OUTCOME="GOAL") + drawn("CASES_CLOSED", OUTCOME="PART")
    known = drawn("CASES_CLOSED") - drawn("CASES_CLOSED", OUTCOME="_U")
    assert figure.count.lower <= Decimal(100 * goals) / known <= figure.count.upper
    assert figure.coverage.withheld > 0


def test_an_area_with_a_withheld_part_gets_its_sign_and_no_limits(reading) -> None:
    subject = subject_of(CATALOGUE, "GOAL_SHARE")
    cell = main_cell(CATALOGUE, subject)
    found = figures_of(reading, [cell], [QUARTER], regions=AREAS)
    signs = [figure for figure in found.values() if figure.state is CellState.SUPPRESSED]
    assert signs
    assert all(figure.count is None for figure in signs)
    assert all(figure.count is None or figure.count.exact for figure in found.values())


def test_with_a_delivery_missing_a_share_is_that_of_the_areas_that_delivered(reading) -> None:
    figure = figure_of(reading, "FILL_RATE", LAND, LAST)
    assert figure.partial
    assert figure.state is CellState.NOT_DELIVERED
    assert (figure.coverage.expected, figure.coverage.delivered) == (54, 53)
    filled, funded = (drawn(n, None, LAST) - drawn(n, LATE, LAST) for n in ("FTE_FILLED", "FTE_FUNDED"))
    assert abs(Fraction(figure.count.lower) - Fraction(100 * filled, funded)) < Fraction(1, 10**11)
    goals = figure_of(reading, "GOAL_SHARE", LAND, LAST)
    assert goals.partial
    assert goals.count.lower < goals.count.upper
    assert figure_of(reading, "FILL_RATE", LATE, LAST).state is CellState.NOT_DELIVERED


def test_a_rate_per_people_needs_no_such_limitation(reading) -> None:
    open_rate = figure_of(reading, "OPEN_PER_1000_FOREIGN", LAND, LAST)
    assert not open_rate.partial
    assert open_rate.count.upper is None
    assert open_rate.count.lower > 0


def test_a_breakdown_is_computed_from_the_same_breakdown(reading) -> None:
    figure = figure_of(reading, "FILL_RATE", "NW05111", BAUSTEIN="B2")
    parts = [drawn(name, "NW05111", BAUSTEIN="B2") for name in ("FTE_FILLED", "FTE_FUNDED")]
    assert abs(Fraction(figure.count.lower) - Fraction(100 * parts[0], parts[1])) < Fraction(1, 10**11)


def test_medians_are_given_as_ranges_for_totals_and_never_across_the_open_class(reading) -> None:
    land = figure_of(reading, "MEDIAN_DURATION", LAND)
    assert 0 < land.count.lower <= land.count.upper < 730
    assert figure_of(reading, "MEDIAN_WAIT", LAND).count.lower > 0


def test_years_are_derived_from_years(reading) -> None:
    year = Period(2025)
    assert year in reading.periods_of(subject_of(CATALOGUE, "FILL_RATE"))
    assert reading.periods_of(subject_of(CATALOGUE, "SPEND_RATE")) == (year,)
    spent, granted = (drawn(name, period=year) for name in ("FUNDS_SPENT", "FUNDS_GRANTED"))
    figure = figure_of(reading, "SPEND_RATE", LAND, year)
    assert figure.count.exact
    assert abs(Fraction(figure.count.lower) - Fraction(100 * spent, granted)) < Fraction(1, 10**11)
