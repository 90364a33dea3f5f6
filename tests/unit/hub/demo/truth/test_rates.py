"""Rates and medians by hand, on figures that one can follow."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import pytest

from hub.demo.truth.rates import Figure, TrueRate, true_rate
from protocol.catalogue_file import load_catalogue


def figures(known: Mapping[tuple[str, str], int | Fraction]) -> Figure:
    """Figures by indicator and the one code that is pinned; everything else is zero."""
    return lambda indicator, codes: Fraction(known.get((indicator, "".join(codes.values())), 0))


def rate(name: str, known: Mapping[tuple[str, str], int | Fraction], code: str = "") -> TrueRate | None:
    codes = {"BAUSTEIN": code} if code else {}
    return true_rate(name, figures(known), foreign=4_000, codes=codes)


@pytest.mark.parametrize(
    ("name", "known", "expected"),
    [
        ("FILL_RATE", {("FTE_FILLED", ""): 9, ("FTE_FUNDED", ""): 12}, Fraction(75)),
        ("SPEND_RATE", {("FUNDS_SPENT", ""): 50, ("FUNDS_GRANTED", ""): 40}, Fraction(125)),
        ("CASELOAD_FTE", {("CASES_OPEN", ""): 90, ("FTE_FILLED", "B2"): Fraction(5, 2)}, Fraction(36)),
        ("OPEN_PER_1000_FOREIGN", {("CASES_OPEN", ""): 90}, Fraction(45, 2)),
        ("TURNOVER", {("CASES_CLOSED", ""): 30, ("CASES_OPENED", ""): 60}, Fraction(50)),
        (
            "GOAL_SHARE",
            {
                ("CASES_CLOSED", ""): 12,
                ("CASES_CLOSED", "_U"): 2,
                ("CASES_CLOSED", "GOAL"): 4,
                ("CASES_CLOSED", "PART"): 1,
            },
            Fraction(50),
        ),
    ],
)
def test_ratios(name: str, known: Mapping[tuple[str, str], int | Fraction], expected: Fraction) -> None:
    assert rate(name, known) == TrueRate(expected)


def test_a_breakdown_is_pinned_above_and_below_the_line() -> None:
    known = {("FTE_FILLED", "B2"): 3, ("FTE_FUNDED", "B2"): 4}
    assert rate("FILL_RATE", known, "B2") == TrueRate(Fraction(75))


def test_what_has_no_divisor_cannot_be_given() -> None:
    assert rate("TURNOVER", {("CASES_CLOSED", ""): 30}) is None
    assert rate("MEDIAN_WAIT", {}) is None
    # Less than one post says nothing about cases per post.
    assert rate("CASELOAD_FTE", {("CASES_OPEN", ""): 9, ("FTE_FILLED", "B2"): Fraction(1, 2)}) is None


def test_medians_lie_within_their_class() -> None:
    known = {("CASES_BY_DURATION", "M_LT3"): 2, ("CASES_BY_DURATION", "M6T12"): 4}
    # The third of six is the first quarter of the class from 182 to 365 days.
    assert rate("MEDIAN_DURATION", known) == TrueRate(182 + Fraction(1, 4) * 183)
    assert rate("MEDIAN_WAIT", {("CASES_BY_WAIT", "D_LE7"): 5}) == TrueRate(Fraction(4))


def test_a_median_in_the_open_class_is_known_from_below() -> None:
    known = {("CASES_BY_DURATION", "M_LT3"): 2, ("CASES_BY_DURATION", "M_GE24"): 3}
    assert rate("MEDIAN_DURATION", known) == TrueRate(Fraction(730), at_least=True)


def test_every_derived_figure_of_the_catalogue_has_a_formula() -> None:
    everything: Figure = lambda _indicator, _codes: Fraction(10)  # noqa: E731 -- one figure for all
    for name in load_catalogue().derived:
        if name != "GOAL_SHARE":  # nobody's outcome is known, if all are unknown
            assert true_rate(name, everything, foreign=10, codes={}) is not None
    with pytest.raises(KeyError):
        true_rate("LEAGUE_TABLE", everything, foreign=10, codes={})
