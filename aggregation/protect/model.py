"""Figures of linked tables and the rules they are protected by: the words of a statistician.

Figures are whole numbers of the smallest unit, one entry per cell of :class:`LinkedTables`, margins included.
A *count* is a number of persons or units. A *magnitude* is a sum over contributors; what is known of them
(how many, the largest, whole shares) decides which rules can be evaluated and which insiders are granted.

It deliberately holds no file, no column and no text: `structure` and `cells` read those.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Final

import numpy as np

from aggregation.sdc.linear_system import IntArray
from aggregation.sdc.sensitivity import Concentration

LARGEST_FIGURE: Final = 10**13
"""Figures beyond this, in their smallest unit, are refused: percentages of them would overflow."""

USUAL_RANGE: Final = Fraction(10)
"""Per cent by which an amount of too few contributors must stay uncertain, where the rules do not say."""


class Kind(StrEnum):
    """What a table shows."""

    FREQUENCY = "frequency"
    MAGNITUDE = "magnitude"


class Reason(StrEnum):
    """Why a cell is withheld. Outside there is one code for all of them: reasons stay in the house."""

    NONE = ""
    FREQUENCY = "frequency"
    ZERO = "zero"
    COMPLEMENT = "complement"
    FULL_CELL = "full_cell"
    CONTRIBUTORS = "contributors"
    DOMINANCE = "dominance"
    P_PERCENT = "p_percent"
    SECONDARY = "secondary"


@dataclass(frozen=True, slots=True)
class Dominance:
    """(n,k) dominance: a cell is sensitive if its largest contributors are more than a share of it.

    Attributes:
        top_n: how many of the largest are added up, n.
        max_share_percent: the share that they may have at most, k.
    """

    top_n: int
    max_share_percent: Fraction

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            ValueError: n below 1, or a share that is not between 0 and 100.
        """
        if self.top_n < 1 or not 0 < self.max_share_percent <= 100:
            raise ValueError("dominance needs top_n >= 1 and a share between 0 and 100")


@dataclass(frozen=True, slots=True)
class Rules:
    """What makes a cell sensitive by itself. Every rule that is set is evaluated.

    Attributes:
        min_contributors: smallest count that may be published; of magnitudes, the smallest number of
            contributors.
        zero_publishable: whether zeros may be published (counts). If not, zeros and full cells of groups
            that are not empty are sensitive: they say something about everybody in the group.
        dominance: (n,k) dominance, or None (magnitudes).
        min_protection_percent: p of the p % rule, or None (magnitudes).
        protection_range_percent: by how much of itself an amount of too few contributors must stay
            uncertain; p where that is set and larger (magnitudes).
    """

    min_contributors: int = 1
    zero_publishable: bool = True
    dominance: Dominance | None = None
    min_protection_percent: Fraction | None = None
    protection_range_percent: Fraction = USUAL_RANGE

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            ValueError: a minimum below 1, or a percentage out of range.
        """
        if self.min_contributors < 1:
            raise ValueError("min_contributors is at least 1")
        p = self.min_protection_percent
        if (p is not None and not 0 < p <= 100) or not 0 < self.protection_range_percent <= 100:
            raise ValueError("a percentage lies between 0 and 100")


@dataclass(frozen=True, eq=False)
class Counts:
    """Numbers of persons or units.

    Attributes:
        values: one per cell, not negative.
        persons: who is alone in each cell of 1, as any number above 0; known if all dimensions are crossed in
            the file. None: only what the tables say of it (level S2).
    """

    values: IntArray
    persons: IntArray | None = None

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            ValueError: a negative count, or one that is too large.
        """
        _check(self.values)
        if np.any(self.values < 0):
            raise ValueError("counts are not negative")


@dataclass(frozen=True, eq=False)
class Shares:
    """What single contributors have in single cells, by contributor.

    Attributes:
        cell: number of the cell of each share.
        contributor: number of its contributor, from 0.
        amount: net amount, never 0.
        complete: whether these are all contributions; else only the largest of each cell are known.
    """

    cell: IntArray
    contributor: IntArray
    amount: IntArray
    complete: bool

    def sorted(self) -> Shares:
        """Return the same shares by contributor and cell."""
        order = np.lexsort((self.cell, self.contributor))
        return Shares(self.cell[order], self.contributor[order], self.amount[order], self.complete)


@dataclass(frozen=True, eq=False)
class Magnitudes:
    """Sums over contributors.

    Attributes:
        behind: the amounts and what stands behind each.
        shares: who has which share; the insiders of the audit.
        decimals: digits behind the point in the smallest unit, for whoever writes the amounts.
    """

    behind: Concentration
    shares: Shares
    decimals: int = 0

    def __post_init__(self) -> None:
        """Check the amounts.

        Raises:
            ValueError: an amount that is too large.
        """
        _check(self.behind.gross)

    @property
    def values(self) -> IntArray:
        """The amounts, one per cell."""
        return self.behind.values


Figures = Counts | Magnitudes


def _check(values: IntArray) -> None:
    if np.abs(values).max(initial=0) > LARGEST_FIGURE:
        raise ValueError("a figure is too large")
