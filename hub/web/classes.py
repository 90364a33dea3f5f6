"""Classes for the map's colours: cut from published values only, never from withheld ones.

Invariants: equal values always share a class; every class says its limits and how many areas fall into it;
the limits are values as they stand in the table, so a reader can find each area's class by hand.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from hub.web.page_query import Scale

CLASSES: Final = 5


@dataclass(frozen=True, slots=True)
class ValueClass:
    """One class: both limits belong to it.

    Attributes:
        lower: smallest value of the class (quantiles) or its limit (equal intervals), as displayed.
        upper: largest value or limit, as displayed.
        areas: number of areas in it.
    """

    lower: Decimal
    upper: Decimal
    areas: int


@dataclass(frozen=True, slots=True)
class Classification:
    """Classes from low to high; empty if no value is published."""

    classes: tuple[ValueClass, ...]
    digits: int

    def class_of(self, value: Decimal) -> int:
        """Return the number of the class that holds ``value``, from 0."""
        shown = _shown(value, self.digits)
        return min(bisect_left([c.upper for c in self.classes], shown), len(self.classes) - 1)


def classify(values: Sequence[Decimal], scale: Scale, *, digits: int) -> Classification:
    """Cut published values into at most :data:`CLASSES` classes.

    Args:
        values: published values, one per area, in any order.
        scale: quantiles (about equally many areas) or equal intervals (equal widths).
        digits: decimals with which values are displayed; classes are cut from displayed values.
    """
    shown = sorted(_shown(value, digits) for value in values)
    if not shown:
        return Classification((), digits)
    limits = _quantile_limits(shown) if scale is Scale.QUANTILE else _equal_limits(shown, digits)
    classes: list[ValueClass] = []
    start = 0
    for upper in limits:
        end = start + sum(1 for value in shown[start:] if value <= upper)
        if end == start and scale is Scale.QUANTILE:
            continue
        members = shown[start:end]
        lower = members[0] if scale is Scale.QUANTILE else _after(classes, shown[0], digits)
        classes.append(ValueClass(lower, upper, end - start))
        start = end
    return Classification(tuple(classes), digits)


def _quantile_limits(shown: list[Decimal]) -> list[Decimal]:
    # The upper limit of class i is the value at position ceil(n*i/k): ties move the whole group down.
    count = len(shown)
    positions = [-(-count * i // CLASSES) - 1 for i in range(1, CLASSES + 1)]
    return sorted({shown[max(position, 0)] for position in positions})


def _equal_limits(shown: list[Decimal], digits: int) -> list[Decimal]:
    low, high = shown[0], shown[-1]
    limits = [_shown(low + (high - low) * i / CLASSES, digits) for i in range(1, CLASSES)]
    return sorted({limit for limit in (*limits, high) if limit > low or low == high})


def _after(classes: list[ValueClass], first: Decimal, digits: int) -> Decimal:
    return classes[-1].upper + Decimal(1).scaleb(-digits) if classes else first


def _shown(value: Decimal, digits: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
