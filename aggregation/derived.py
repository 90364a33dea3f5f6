"""Rates and medians that nobody delivers: computed at the end, exactly, from delivered cells and populations.

What goes in are intervals (a published cell is one of width zero), what comes out is the interval of all
results that some figures within them give. Exact fractions throughout: rounding belongs to whoever shows a
figure. What might not exist (a denominator may be zero, a distribution may be empty) is not given.

This module does not decide who may see what: of an area whose cell is withheld a page shows a sign, and the
look-up it hands in here gives None for such a cell. Totals over areas get intervals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations
from types import MappingProxyType
from typing import Final, Self

from aggregation.limits import OPEN_ABOVE, OPEN_BELOW
from protocol.catalogue import Catalogue, DerivedIndicator, DerivedKind, DerivedTerm
from protocol.codelists import Codelist

_NO_CODES: Final[Mapping[str, str]] = MappingProxyType({})
_HALF: Final = Fraction(1, 2)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is known of one figure, in its own unit.

    Attributes:
        lower: it is at least this.
        upper: it is at most this; None where nothing bounds it.
    """

    lower: Fraction
    upper: Fraction | None

    def __post_init__(self) -> None:
        """Refuse an empty interval.

        Raises:
            ValueError: if the upper end lies below the lower.
        """
        if self.upper is not None and self.upper < self.lower:
            raise ValueError("the upper end lies below the lower")

    @property
    def exact(self) -> bool:
        """Whether it is a single figure."""
        return self.upper == self.lower

    @classmethod
    def exactly(cls, value: Fraction | int) -> Self:
        """Return a figure that is known."""
        return cls(Fraction(value), Fraction(value))

    @classmethod
    def of_cell(cls, lower: int | None, upper: int | None, *, decimals: int) -> Self | None:
        """Return the bounds of a cell in the unit of its indicator.

        Args:
            lower: scaled lower bound; None or ``OPEN_BELOW`` where there is none.
            upper: scaled upper bound; None or ``OPEN_ABOVE`` where there is none.
            decimals: of the indicator.

        Returns:
            None where nothing bounds the cell from below: no rate can be given then.
        """
        if lower is None or lower <= OPEN_BELOW:
            return None
        unit = 10**decimals
        return cls(
            Fraction(lower, unit), None if upper is None or upper >= OPEN_ABOVE else Fraction(upper, unit)
        )


Lookup = Callable[[DerivedTerm], Bounds | None]
"""Gives the bounds of a term's cell (its codes; every other dimension at its total) or population, without
its sign. None where nothing is known or nothing may be said."""


@dataclass(frozen=True, slots=True)
class MedianClass:
    """One class of a distribution.

    Attributes:
        lower_days: smallest number of days in the class.
        upper_days: the class ends before this; None: it has no end.
        count: how many are in it.
    """

    lower_days: int
    upper_days: int | None
    count: Bounds


@dataclass(frozen=True, slots=True)
class MedianBounds:
    """What is known of a median, in days.

    Attributes:
        lower: it is at least this.
        upper: it is at most this; None where it may lie in the class without an end ("at least ``lower``").
    """

    lower: Fraction
    upper: Fraction | None

    @property
    def exact(self) -> bool:
        """Whether it is a single figure."""
        return self.upper == self.lower


# ------------------------------------------------------------------------------------------ by the catalogue


def evaluate(
    catalogue: Catalogue,
    derived: DerivedIndicator,
    lookup: Lookup,
    *,
    codes: Mapping[str, str] = _NO_CODES,
) -> Bounds | MedianBounds | None:
    """Compute a derived indicator of one region and period.

    Args:
        catalogue: the catalogue.
        derived: what is computed.
        lookup: where figures come from.
        codes: breakdown, by dimensions of ``derived.by``.

    Returns:
        A ratio, a median, or None where it cannot be given.

    Raises:
        ValueError: if it may not be broken down by one of the dimensions.
    """
    if not codes.keys() <= set(derived.by):
        raise ValueError(f"{derived.id} is not broken down by that")
    if derived.kind is DerivedKind.GROUPED_MEDIAN:
        classes = [(span, lookup(_pinned(term, codes))) for span, term in _median_terms(catalogue, derived)]
        known = [MedianClass(*span, count) for span, count in classes if count is not None]
        return grouped_median(known) if len(known) == len(classes) else None
    numerator = _looked_up(derived.numerator, lookup, codes)
    denominator = _looked_up(derived.denominator, lookup, codes)
    if numerator is None or denominator is None:
        return None
    return ratio(
        numerator,
        denominator,
        scale=derived.scale,
        min_denominator=derived.min_denominator,
        is_share=is_share(catalogue, derived),
    )


def terms_of(catalogue: Catalogue, derived: DerivedIndicator) -> tuple[DerivedTerm, ...]:
    """Return every term that is looked up, for whoever fetches them together or says why one is missing."""
    if derived.kind is DerivedKind.GROUPED_MEDIAN:
        return tuple(term for _, term in _median_terms(catalogue, derived))
    return (*derived.numerator, *derived.denominator)


def is_share(catalogue: Catalogue, derived: DerivedIndicator) -> bool:
    """Whether the numerator counts a part of what the denominator counts, so that the ratio never exceeds 1.

    So it is where one indicator stands on both sides: above, parts of one additive dimension; below, the
    whole less other parts of the same dimension.
    """
    wholes = [term for term in derived.denominator if term.sign > 0]
    parts = [*derived.numerator, *(term for term in derived.denominator if term.sign < 0)]
    if len(wholes) != 1 or any(term.sign < 0 for term in derived.numerator):
        return False
    whole = wholes[0]
    if whole.indicator is None or any(term.indicator != whole.indicator for term in parts):
        return False
    pinned = [set(term.codes) - set(whole.codes) for term in parts]
    dimensions = {dimension for codes in pinned for dimension, _ in codes}
    if len(dimensions) != 1 or any(len(codes) != 1 for codes in pinned):
        return False
    use = catalogue.indicator(whole.indicator).dimension_use(dimensions.pop())
    codes = [code for pins in pinned for _, code in pins]
    return use is not None and use.additive and _are_apart(use.codelist, codes)


def _are_apart(codelist: Codelist, codes: Sequence[str]) -> bool:
    paths = [{code, *codelist.ancestors(code)} for code in codes]
    return all(
        one not in other_path and other not in one_path
        for (one, one_path), (other, other_path) in combinations(zip(codes, paths, strict=True), 2)
    )


def _pinned(term: DerivedTerm, codes: Mapping[str, str]) -> DerivedTerm:
    """Return a term in a breakdown; a population has none."""
    if term.indicator is None or not codes:
        return term
    return replace(term, codes=tuple({**codes, **dict(term.codes)}.items()))


def _looked_up(
    terms: Iterable[DerivedTerm], lookup: Lookup, codes: Mapping[str, str]
) -> list[tuple[int, Bounds]] | None:
    found = [(term.sign, lookup(_pinned(term, codes))) for term in terms]
    known = [(sign, bounds) for sign, bounds in found if bounds is not None]
    return known if len(known) == len(found) else None


def _median_terms(
    catalogue: Catalogue, derived: DerivedIndicator
) -> list[tuple[tuple[int, int | None], DerivedTerm]]:
    """Limits and term of each class; what has no limits (unknown) is left out."""
    use = catalogue.indicator(derived.indicator or "").dimension_use(derived.dimension or "")
    if use is None:
        raise ValueError(f"{derived.id} has no distribution")
    return [
        (
            (code.attributes["lower_days"], code.attributes["upper_days"]),
            DerivedTerm(1, derived.indicator, codes=((use.id, code.id),)),
        )
        for code in use.codelist.published
        if "lower_days" in code.attributes
    ]


# ----------------------------------------------------------------------------------------------------- ratios


def ratio(
    numerator: Sequence[tuple[int, Bounds]],
    denominator: Sequence[tuple[int, Bounds]],
    *,
    scale: int,
    min_denominator: int | None,
    is_share: bool = False,
) -> Bounds | None:
    """Return the range of a ratio whose terms lie anywhere within their bounds.

    Args:
        numerator: signed terms above the line; they may be negative.
        denominator: signed terms below the line.
        scale: factor (100 for percent).
        min_denominator: smallest denominator, in its unit, below which the ratio says nothing.
        is_share: the numerator is part of the denominator, so 0 <= numerator <= denominator.

    Returns:
        The exact range, attained at its ends unless a term is open; None if the denominator may be zero, lie
        below its minimum, or if nothing bounds the numerator from below.
    """
    above, below = _total(numerator), _total(denominator)
    if is_share:
        above = max(above[0] or Fraction(0), Fraction(0)), above[1]
        below = max(below[0] or Fraction(0), above[0] or Fraction(0)), below[1]
        if below[1] is not None and below[1] < below[0]:
            return None  # the figures contradict each other
    (least, most), (narrow, wide) = above, below
    if least is None or narrow is None or narrow <= 0 or narrow < (min_denominator or 0):
        return None
    low = _divided(least, wide if least >= 0 else narrow)
    high = None if most is None else _divided(most, narrow if most >= 0 else wide)
    if is_share:
        high = Fraction(1) if high is None else min(high, Fraction(1))
    return Bounds(scale * low, None if high is None else scale * high)


def _total(terms: Sequence[tuple[int, Bounds]]) -> tuple[Fraction | None, Fraction | None]:
    """Range of a signed sum; None at an open end."""
    lows = [bounds.lower if sign > 0 else _negated(bounds.upper) for sign, bounds in terms]
    highs = [bounds.upper if sign > 0 else -bounds.lower for sign, bounds in terms]
    return _sum(lows), _sum(highs)


def _negated(value: Fraction | None) -> Fraction | None:
    return None if value is None else -value


def _sum(values: Sequence[Fraction | None]) -> Fraction | None:
    known = [value for value in values if value is not None]
    return sum(known, Fraction(0)) if len(known) == len(values) else None


def _divided(value: Fraction, by: Fraction | None) -> Fraction:
    """Divide; by something without an end the quotient comes as close to zero as one likes."""
    return Fraction(0) if by is None else value / by


# ---------------------------------------------------------------------------------------------------- medians


def grouped_median(classes: Sequence[MedianClass]) -> MedianBounds | None:
    """Return the range of the median that is interpolated from a distribution by classes.

    With n counted and B of them below the class that holds the n/2-th, the median is
    ``lower + (n/2 - B) / count * width``. More below it lower it and more above it raise it; more in its own
    class draw it towards the middle. So it is smallest where every class up to some cut is full and every
    class above as empty as can be, and largest the other way round.

    Args:
        classes: in order of days, without the unknown; at most the last has no end.

    Returns:
        The exact range, attained at its ends unless a count is open; None if nobody may
        be counted.

    Raises:
        ValueError: if classes are out of order or one before the last has no end.
    """
    ends = [c.upper_days for c in classes[:-1]]
    starts = [c.lower_days for c in classes[1:]]
    if any(end is None or end > start for end, start in zip(ends, starts, strict=True)):
        raise ValueError("classes follow each other, and only the last has no end")
    if sum((c.count.lower for c in classes), Fraction(0)) <= 0:
        return None
    least = [c.count.lower for c in classes]
    most = [c.count.upper for c in classes]
    cuts = range(len(classes) + 1)
    lows = [_interpolated(classes, [*most[:cut], *least[cut:]])[0] for cut in cuts]
    highs = [_interpolated(classes, [*least[:cut], *most[cut:]])[1] for cut in cuts]
    known = [high for high in highs if high is not None]
    return MedianBounds(min(lows), max(known) if len(known) == len(highs) else None)


def _interpolated(
    classes: Sequence[MedianClass], counts: Sequence[Fraction | None]
) -> tuple[Fraction, Fraction | None]:
    """Smallest and largest median of these counts; a count of None grows beyond everything.

    The two differ where several counts do, or where the median lies in the class without an end.
    """
    endless = [place for place, count in enumerate(counts) if count is None]
    if endless:
        return _inside(classes[endless[0]], _HALF)[0], _inside(classes[endless[-1]], _HALF)[1]
    finite = [count for count in counts if count is not None]
    half, below = sum(finite, Fraction(0)) / 2, Fraction(0)
    for each, count in zip(classes, finite, strict=True):
        if count > 0 and below + count >= half:
            return _inside(each, (half - below) / count)
        below += count
    raise ValueError("nobody is counted")


def _inside(each: MedianClass, share: Fraction) -> tuple[Fraction, Fraction | None]:
    if each.upper_days is None:
        return Fraction(each.lower_days), None
    inner = each.lower_days + share * (each.upper_days - each.lower_days)
    return inner, inner
