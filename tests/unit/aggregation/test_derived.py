"""Derived indicators as the catalogue defines them, by hand."""

from __future__ import annotations

from fractions import Fraction

import pytest

from aggregation.derived import (
    Bounds,
    Lookup,
    MedianBounds,
    MedianClass,
    evaluate,
    grouped_median,
    is_share,
    terms_of,
)
from aggregation.limits import OPEN_ABOVE, OPEN_BELOW
from protocol.catalogue import DerivedTerm
from protocol.catalogue_file import load_catalogue

CATALOGUE = load_catalogue()


def _from(figures: dict[str, Bounds | int | str]) -> Lookup:
    """A look-up from names such as ``FTE_FILLED B2``; what is missing is withheld."""

    def lookup(term: DerivedTerm) -> Bounds | None:
        name = " ".join([term.indicator or term.denominator or "", *(code for _, code in term.codes)])
        found = figures.get(name)
        return Bounds.exactly(Fraction(found)) if isinstance(found, int | str) else found

    return lookup


def _evaluate(derived_id: str, figures: dict[str, Bounds | int | str], **codes: str) -> object:
    return evaluate(CATALOGUE, CATALOGUE.derived[derived_id], _from(figures), codes=codes)


def _is(value: str) -> Bounds:
    return Bounds.exactly(Fraction(value))


def test_rates_by_hand() -> None:
    staff: dict[str, Bounds | int | str] = {
        "FTE_FILLED": "18.5", "FTE_FUNDED": 20, "FTE_FILLED B2": 12, "FTE_FUNDED B2": 16, "CASES_OPEN": 300,
        "POP_FOREIGN": 24_000, "CASES_OPENED": 80, "CASES_CLOSED": 60,
    }  # fmt: skip
    assert _evaluate("FILL_RATE", staff) == _is("92.5")
    assert _evaluate("FILL_RATE", staff, BAUSTEIN="B2") == _is("75")
    assert _evaluate("CASELOAD_FTE", staff) == _is("25")
    assert _evaluate("OPEN_PER_1000_FOREIGN", staff) == _is("12.5")
    assert _evaluate("TURNOVER", staff) == _is("75")


def test_a_spending_rate_may_be_negative_and_above_a_hundred() -> None:
    assert _evaluate("SPEND_RATE", {"FUNDS_SPENT": -50, "FUNDS_GRANTED": 200}) == _is("-25")
    assert _evaluate("SPEND_RATE", {"FUNDS_SPENT B1": 250, "FUNDS_GRANTED B1": 200}, BAUSTEIN="B1") == _is(
        "125"
    )


def test_less_than_one_post_gives_no_caseload() -> None:
    assert _evaluate("CASELOAD_FTE", {"CASES_OPEN": 30, "FTE_FILLED B2": "0.99"}) is None
    assert _evaluate("CASELOAD_FTE", {"CASES_OPEN": 30, "FTE_FILLED B2": 1}) == _is("30")
    filled = Bounds(Fraction(1, 2), Fraction(3))
    assert _evaluate("CASELOAD_FTE", {"CASES_OPEN": 30, "FTE_FILLED B2": filled}) is None


def test_the_share_of_goals_never_exceeds_everything() -> None:
    known: dict[str, Bounds | int | str] = {
        "CASES_CLOSED GOAL": 30, "CASES_CLOSED PART": 12, "CASES_CLOSED": 70, "CASES_CLOSED _U": 10,
    }  # fmt: skip
    assert _evaluate("GOAL_SHARE", known) == _is("70")
    hidden = {**known, "CASES_CLOSED PART": Bounds(Fraction(0), Fraction(40))}
    assert _evaluate("GOAL_SHARE", hidden) == Bounds(Fraction(50), Fraction(100))
    assert _evaluate("GOAL_SHARE", {**known, "CASES_CLOSED _U": 70, "CASES_CLOSED GOAL": 0}) is None


def test_what_is_withheld_gives_nothing() -> None:
    assert _evaluate("FILL_RATE", {"FTE_FUNDED": 20}) is None
    assert _evaluate("FILL_RATE", {"FTE_FILLED": 20}) is None
    assert _evaluate("MEDIAN_WAIT", {"CASES_BY_WAIT D_LE7": 4}) is None


def test_only_the_share_of_goals_is_a_share() -> None:
    assert [d.id for d in CATALOGUE.derived.values() if is_share(CATALOGUE, d)] == ["GOAL_SHARE"]


def test_a_breakdown_that_the_catalogue_does_not_name_is_refused() -> None:
    with pytest.raises(ValueError, match="TURNOVER"):
        _evaluate("TURNOVER", {"CASES_OPENED": 1, "CASES_CLOSED": 1}, SEX="F")


def test_terms_can_be_fetched_together() -> None:
    median = terms_of(CATALOGUE, CATALOGUE.derived["MEDIAN_DURATION"])
    assert [dict(term.codes)["DURATION"] for term in median] == ["M_LT3", "M3T6", "M6T12", "M12T24", "M_GE24"]
    assert len(terms_of(CATALOGUE, CATALOGUE.derived["GOAL_SHARE"])) == 4


def test_medians_by_hand() -> None:
    counts = {"M_LT3": 10, "M3T6": 20, "M6T12": 30, "M12T24": 10, "M_GE24": 10}
    figures: dict[str, Bounds | int | str] = {f"CASES_BY_DURATION {c}": n for c, n in counts.items()}
    # 80 closed: the 40th is the 10th of 30 in the third class: 182 + 10/30 * 183.
    assert _evaluate("MEDIAN_DURATION", figures) == MedianBounds(Fraction(243), Fraction(243))
    figures["CASES_BY_DURATION M_GE24"] = 100
    assert _evaluate("MEDIAN_DURATION", figures) == MedianBounds(Fraction(730), None)
    # Exactly half below the open class: the median is its lower end, and known.
    figures["CASES_BY_DURATION M_GE24"] = 70
    assert _evaluate("MEDIAN_DURATION", figures) == MedianBounds(Fraction(730), Fraction(730))


def test_an_empty_distribution_has_no_median() -> None:
    classes = [MedianClass(0, 8, Bounds.exactly(0)), MedianClass(8, None, Bounds(Fraction(0), Fraction(3)))]
    assert grouped_median(classes) is None


@pytest.mark.parametrize("limits", [((0, None), (8, 15)), ((8, 15), (0, 8))])
def test_classes_stand_in_order(limits: tuple[tuple[int, int | None], ...]) -> None:
    with pytest.raises(ValueError, match="classes"):
        grouped_median([MedianClass(*span, Bounds.exactly(1)) for span in limits])


def test_cells_in_their_own_unit() -> None:
    assert Bounds.of_cell(1850, 1850, decimals=2) == _is("18.5")
    assert Bounds.of_cell(5, OPEN_ABOVE, decimals=0) == Bounds(Fraction(5), None)
    assert Bounds.of_cell(5, None, decimals=0) == Bounds(Fraction(5), None)
    assert Bounds.of_cell(OPEN_BELOW, 7, decimals=2) is None
    assert Bounds.of_cell(None, 7, decimals=2) is None
    assert _is("18.5").exact
    with pytest.raises(ValueError, match="below"):
        Bounds(Fraction(2), Fraction(1))
