"""How figures read: values, intervals, open upper sides and signs, for eye and ear, in two languages."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.services.statistics.figures import Coverage, Figure, Interval
from hub.services.statistics.subjects import subjects_of
from hub.web.page_query import Measure
from hub.web.wording import Wording
from protocol.catalogue_file import load_catalogue
from protocol.observations import CellState

DE, EN = Wording("de"), Wording("en")


def figure(
    lower: int | None, upper: int | None = None, state: CellState = CellState.VALUE, base=1000
) -> Figure:
    if lower is None:
        return Figure(state, None, None)
    count = Interval(Decimal(lower), None if upper is None else Decimal(upper))
    return Figure(state, count, count.per_thousand(base))


def test_headlines_say_exact_between_and_at_least() -> None:
    assert DE.sentence(figure(18300, 18300)) == "18.300"
    assert DE.sentence(figure(18204, 18391)) == "zwischen 18.204 und 18.391"
    assert DE.sentence(figure(17950)) == "mindestens 17.950"
    assert EN.sentence(figure(18204, 18391)) == "between 18,204 and 18,391"
    assert EN.sentence(figure(17950)) == "at least 17,950"


def test_table_cells_are_short_and_say_signs_to_the_ear() -> None:
    assert DE.shown(figure(12, 15)).text == "12 bis 15"
    assert EN.shown(figure(12, 15)).text == "12 to 15"
    at_least = DE.shown(figure(12))
    assert (at_least.text, at_least.spoken, at_least.kind) == ("≥\u00a012", "mindestens 12", "open")


@pytest.mark.parametrize(
    ("state", "sign", "spoken"),
    [
        (CellState.SUPPRESSED, ".", "geheim zu halten"),
        (CellState.NOT_DELIVERED, "…", "liegt noch nicht vor"),
        (CellState.NOT_APPLICABLE, "x", "Angabe nicht sinnvoll"),
    ],
)
def test_a_cell_without_a_value_shows_its_sign(state, sign, spoken) -> None:
    for wording in (DE, DE.rating()):
        shown = wording.shown(figure(None, state=state))
        assert (shown.text, shown.spoken, shown.kind) == (sign, spoken, "sign")


def test_zero_is_a_sign_of_its_own_in_count_and_rate() -> None:
    assert DE.shown(figure(0, 0, CellState.ZERO)).text == "–"
    assert DE.rating().shown(figure(0, 0, CellState.ZERO)).text == "–"


def test_rates_have_two_decimals_and_their_limits_are_rounded_outwards() -> None:
    rates = Wording("de", Measure.RATE)
    assert rates.shown(figure(5, 5, base=3000)).text == "1,67"
    assert rates.shown(figure(5, 8, base=3000)).text == "1,66 bis 2,67"
    assert rates.sentence(figure(5, None, base=3000)) == "mindestens 1,66"


@given(st.integers(0, 10**6), st.integers(0, 500), st.integers(1, 10**6))
def test_a_displayed_interval_contains_the_interval(lower: int, width: int, base: int) -> None:
    found = figure(lower, lower + width, base=base)
    rates = Wording("en", Measure.RATE)
    shown = rates.shown(found).text.replace(",", "")
    if " to " not in shown:
        return
    low, high = (Decimal(part) for part in shown.split(" to "))
    assert low <= found.rate.lower
    assert found.rate.upper <= high


def test_coverage_counts_areas_and_withheld_ones() -> None:
    share = Decimal("0.987")
    assert DE.coverage(Coverage(54, 53, 0, share)) == "53 von 54 Gebieten"
    assert DE.coverage(Coverage(54, 54, 12, share)) == "54 von 54 Gebieten; in 12 Gebieten geheim"
    assert DE.coverage(Coverage(54, 54, 1, share)) == "54 von 54 Gebieten; in 1 Gebiet geheim"
    assert EN.coverage(Coverage(54, 53, 2, share)) == "53 of 54 areas; withheld in 2 areas"


def test_an_area_s_withheld_cell_has_no_exact_value() -> None:
    assert DE.exact(figure(None, state=CellState.SUPPRESSED)) is None
    assert DE.exact(figure(3, 9)) is None
    assert DE.exact(figure(3, 3)) == 3


def test_a_figure_that_may_be_negative_has_an_upper_limit_only() -> None:
    found = Figure(CellState.SUPPRESSED, Interval(None, Decimal(12)), None)
    assert DE.sentence(found) == "höchstens 12"
    assert EN.sentence(found) == "at most 12"
    assert (DE.shown(found).text, DE.shown(found).spoken) == ("≤\u00a012", "höchstens 12")
    assert DE.shown(figure(-5, -5)).text == "−5"
    nothing = Figure(CellState.SUPPRESSED, Interval(None, None), None)
    assert DE.shown(nothing).text == "."


def test_money_is_shown_in_whole_euros_and_posts_with_their_decimals() -> None:
    subjects = subjects_of(load_catalogue())
    euros, posts = (DE.about(subjects[name]) for name in ("FUNDS_SPENT", "FTE_FILLED"))
    amount = Decimal("1234.56")
    exact = Figure(CellState.VALUE, Interval(amount, amount), None)
    assert euros.shown(exact).text == "1.235"
    assert posts.shown(exact).text == "1.234,56"
    less = Figure(CellState.VALUE, Interval(Decimal("0.4"), Decimal("0.4")), None)
    assert euros.shown(less).text == "0"  # more than nothing, less than half a unit
