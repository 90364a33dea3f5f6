"""Rates and medians against brute force: every choice of figures within the bounds, enumerated."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from aggregation.derived import Bounds, MedianClass, grouped_median, ratio

BOX = tuple[int, int]


def boxes(low: int, high: int) -> st.SearchStrategy[BOX]:
    return st.tuples(st.integers(low, high), st.integers(0, 3)).map(lambda b: (b[0], b[0] + b[1]))


def terms(low: int, high: int) -> st.SearchStrategy[list[tuple[int, BOX]]]:
    return st.lists(st.tuples(st.sampled_from([1, 1, -1]), boxes(low, high)), min_size=1, max_size=3)


def _bounded(given_terms: Sequence[tuple[int, BOX]]) -> list[tuple[int, Bounds]]:
    return [(sign, Bounds(Fraction(a), Fraction(b))) for sign, (a, b) in given_terms]


def _sums(given_terms: Sequence[tuple[int, BOX]]) -> set[int]:
    choices = [range(a, b + 1) for _, (a, b) in given_terms]
    signs = [sign for sign, _ in given_terms]
    return {
        sum(sign * value for sign, value in zip(signs, choice, strict=True))
        for choice in itertools.product(*choices)
    }


@settings(max_examples=400)
@given(terms(-4, 6), terms(0, 8), st.none() | st.integers(1, 5))
def test_a_ratio_is_the_range_over_all_figures(
    numerator: list[tuple[int, BOX]], denominator: list[tuple[int, BOX]], minimum: int | None
) -> None:
    below = _sums(denominator)
    found = ratio(_bounded(numerator), _bounded(denominator), scale=100, min_denominator=minimum)
    if min(below) <= 0 or min(below) < (minimum or 0):
        assert found is None
        return
    all_ratios = [Fraction(100 * n, d) for n in _sums(numerator) for d in below]
    assert found == Bounds(min(all_ratios), max(all_ratios))


@settings(max_examples=400)
@given(boxes(0, 5), boxes(0, 5), boxes(0, 9), boxes(0, 4))
def test_a_share_is_the_range_over_all_figures_that_fit(
    one: BOX, other: BOX, whole: BOX, unknown: BOX
) -> None:
    parts = _sums([(1, one), (1, other)])
    wholes = _sums([(1, whole), (-1, unknown)])
    fitting = [(n, d) for n in parts for d in wholes if 0 <= n <= d]
    found = ratio(
        _bounded([(1, one), (1, other)]),
        _bounded([(1, whole), (-1, unknown)]),
        scale=100,
        min_denominator=None,
        is_share=True,
    )
    if not fitting:
        assert found is None
        return
    if min(d for _, d in fitting) == 0:
        assert found is None
        return
    shares = [Fraction(100 * n, d) for n, d in fitting]
    assert found == Bounds(min(shares), max(shares))
    assert found.lower >= 0
    assert found.upper is not None
    assert found.upper <= 100


def test_what_is_open_stays_open() -> None:
    open_above = (1, Bounds(Fraction(6), None))
    ten = (1, Bounds.exactly(10))
    assert ratio([open_above], [ten], scale=100, min_denominator=None) == Bounds(Fraction(60), None)
    assert ratio([ten], [open_above], scale=1, min_denominator=None) == Bounds(Fraction(0), Fraction(10, 6))
    assert ratio([ten], [ten, (-1, open_above[1])], scale=1, min_denominator=None) is None
    assert ratio([(-1, open_above[1])], [ten], scale=1, min_denominator=None) is None
    paid_back = (1, Bounds(Fraction(-4), Fraction(-2)))
    assert ratio([paid_back], [open_above], scale=3, min_denominator=None) == Bounds(
        Fraction(-2), Fraction(0)
    )
    share = ratio([open_above], [open_above], scale=100, min_denominator=None, is_share=True)
    assert share == Bounds(Fraction(0), Fraction(100))


# ---------------------------------------------------------------------------------------------- medians

LIMITS: tuple[tuple[int, int | None], ...] = ((0, 91), (91, 182), (182, 365), (365, None))


def _median(counts: Sequence[int]) -> Fraction | None:
    """The textbook's median by classes; None where it lies in the class without an end."""
    half, below = Fraction(sum(counts), 2), 0
    for (lower, upper), count in zip(LIMITS, counts, strict=True):
        if count and below + count >= half:
            return None if upper is None else lower + (half - below) / count * (upper - lower)
        below += count
    raise AssertionError("nobody is counted")


def _worlds(given_boxes: Sequence[BOX]) -> Iterator[tuple[int, ...]]:
    return itertools.product(*(range(a, b + 1) for a, b in given_boxes))


@settings(max_examples=400)
@given(st.tuples(boxes(0, 5), boxes(0, 5), boxes(0, 5), boxes(0, 5)))
def test_a_median_is_the_range_over_all_distributions(given_boxes: tuple[BOX, ...]) -> None:
    classes = [
        MedianClass(*span, Bounds(Fraction(a), Fraction(b)))
        for span, (a, b) in zip(LIMITS, given_boxes, strict=True)
    ]
    found = grouped_median(classes)
    if sum(a for a, _ in given_boxes) == 0:
        assert found is None
        return
    medians = [_median(world) for world in _worlds(given_boxes)]
    assert found is not None
    assert found.lower == min(Fraction(365) if m is None else m for m in medians)
    if None in medians:
        assert found.upper is None
    else:
        assert found.upper == max(m for m in medians if m is not None)


@settings(max_examples=200)
@given(st.tuples(boxes(0, 4), boxes(0, 4), boxes(0, 4), boxes(0, 4)), st.sets(st.integers(0, 3)))
def test_with_open_counts_no_distribution_falls_outside(
    given_boxes: tuple[BOX, ...], endless: set[int]
) -> None:
    cap = 400
    classes = [
        MedianClass(*span, Bounds(Fraction(a), None if place in endless else Fraction(b)))
        for place, (span, (a, b)) in enumerate(zip(LIMITS, given_boxes, strict=True))
    ]
    found = grouped_median(classes)
    if found is None:
        return
    some = [
        sorted({a, b, a + 7, cap, cap**2} if place in endless else {a, b})
        for place, (a, b) in enumerate(given_boxes)
    ]
    medians = [_median(world) for world in itertools.product(*some) if sum(world)]
    numbers = [Fraction(365) if m is None else m for m in medians]
    assert found.lower <= min(numbers)
    assert found.upper is None or (None not in medians and found.upper >= max(numbers))
    # ... and it is not wider than what such counts come close to.
    assert min(numbers) - found.lower < 1
    assert found.upper is None or found.upper - max(numbers) < 1
    assert found.upper is not None or None in medians
