"""What was counted for one delivery, with all that disclosure control has to know about it.

Confidential: the true values of all cells and how concentrated they are. It never leaves the node and prints
no values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Shares:
    """Who stands behind which amount: one entry per contributor and cell, contributors as bare numbers.

    Attributes:
        cell: position in the grid.
        contributor: number of the contributor, the same in all cells of a delivery.
        amount: its signed contribution, never zero.
    """

    cell: Ints = field(repr=False)
    contributor: Ints = field(repr=False)
    amount: Ints = field(repr=False)

    @classmethod
    def none(cls) -> Shares:
        """Return no shares: nothing but counts, or what an old ledger remembers."""
        nothing = np.zeros(0, dtype=np.int64)
        return cls(nothing, nothing, nothing)

    @classmethod
    def together(cls, parts: Sequence[Shares]) -> Shares:
        """Put the shares of several tables into one."""
        return cls(
            np.concatenate([part.cell for part in (cls.none(), *parts)]),
            np.concatenate([part.contributor for part in (cls.none(), *parts)]),
            np.concatenate([part.amount for part in (cls.none(), *parts)]),
        )


@dataclass(frozen=True, eq=False)
class Tabulation:
    """True figures of one dataflow, area and period, aligned with the grid of a delivery.

    All arrays have one entry per cell of ``delivery_grid(catalogue, dataset_id, period.freq)``.

    Attributes:
        values: int64, scaled by the indicator's decimals, margins included; 0 where nothing is collected.
        collected: whether the municipality collects the cell at all; where it does not (no such register),
            the delivery says "not delivered".
        contributors: how many stand behind the cell: the count itself for counts of cases or persons, posts
            for positions, carriers for magnitudes.
        largest: absolute contribution of the largest contributor, for magnitudes and positions; else 0.
        second: the same of the second largest.
        gross: sum of all absolute contributions; equals the value unless some are negative.
        shares: who contributed how much, for magnitudes and positions; a cell of two linked tables may stand
            there twice, with the same amounts.
    """

    values: Ints = field(repr=False)
    collected: Flags = field(repr=False)
    contributors: Ints = field(repr=False)
    largest: Ints = field(repr=False)
    second: Ints = field(repr=False)
    gross: Ints = field(repr=False)
    shares: Shares = field(default_factory=Shares.none, repr=False)

    def __post_init__(self) -> None:
        """Refuse what would be read wrongly.

        Raises:
            ValueError: if an array has another type or length.
        """
        numbers = (self.values, self.contributors, self.largest, self.second, self.gross)
        if any(array.dtype != np.dtype(np.int64) for array in numbers):
            raise ValueError("values and contributions are int64")
        if self.collected.dtype != np.dtype(np.bool_):
            raise ValueError("whether a cell is collected is a bool")
        if {array.shape for array in (*numbers, self.collected)} != {(len(self.values),)}:
            raise ValueError("there is one entry per cell")

    def __len__(self) -> int:
        """Number of cells."""
        return len(self.values)

    @classmethod
    def of_counts(cls, values: Ints) -> Tabulation:
        """Return a tabulation of plain counts: everything is collected, each unit contributes one."""
        nothing = np.zeros_like(values)
        everything = np.ones(len(values), dtype=np.bool_)
        return cls(values, everything, values.copy(), nothing, nothing, values.copy())
