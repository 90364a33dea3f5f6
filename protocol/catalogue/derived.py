"""Rates and medians: never delivered, computed by whoever shows them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from protocol.texts import Text


class DerivedKind(StrEnum):
    """How a derived indicator is computed from delivered ones."""

    RATIO = "ratio"
    GROUPED_MEDIAN = "grouped_median"


@dataclass(frozen=True, slots=True)
class DerivedTerm:
    """One signed part of a ratio: an indicator's cell, or a population.

    Attributes:
        sign: 1 or -1.
        indicator: indicator id, or None for a population.
        denominator: id of a population, or None for an indicator.
        codes: codes that the cell is pinned to; other dimensions stand at their total.
    """

    sign: int
    indicator: str | None = None
    denominator: str | None = None
    codes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class DerivedIndicator:
    """A rate or median that is never delivered: whoever shows it computes it from delivered cells.

    Attributes:
        id: its id.
        name: label.
        unit: unit code (``PERCENT``, ``PER_1000``, ``DAYS``, ``CASES_PER_FTE``).
        kind: how it is computed.
        by: dimensions by which it may be broken down.
        scale: factor of a ratio (100 for percent).
        numerator: terms of a ratio.
        denominator: terms of a ratio.
        min_denominator: smallest denominator, in its own unit, below which a ratio says nothing; or None.
        indicator: the distribution of a grouped median.
        dimension: its classes.
    """

    id: str
    name: Text
    unit: str
    kind: DerivedKind
    by: tuple[str, ...] = ()
    scale: int = 1
    numerator: tuple[DerivedTerm, ...] = ()
    denominator: tuple[DerivedTerm, ...] = ()
    min_denominator: int | None = None
    indicator: str | None = None
    dimension: str | None = None
