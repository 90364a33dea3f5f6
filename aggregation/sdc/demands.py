"""What must stay uncertain about each sensitive cell, and when a table proves that it is.

A count must not be known exactly: some other table *differs* in it. An amount must not be known too
closely: one table lies above it by its protection level (*rise*), and one below (*fall*). Suppression and
audit ask for the same, and for nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Self

import numpy as np

from aggregation.sdc.linear_system import BoolArray, IntArray

KINDS: Final = 3
DIFFER, RISE, FALL = range(KINDS)
"""Rows of what is demanded or met, one entry per cell."""


@dataclass(frozen=True, eq=False)
class Demands:
    """What has to be proven of each cell.

    Attributes:
        differ: the cell has another value in some table.
        rise: it is larger by at least this in some table; 0 where that is not demanded.
        fall: it is smaller by at least this in some table; 0 where that is not demanded.
    """

    differ: BoolArray
    rise: IntArray
    fall: IntArray

    @classmethod
    def nothing(cls, cells: int) -> Self:
        """Demand nothing of any cell."""
        return cls.differing(np.zeros(cells, dtype=np.bool_))

    @classmethod
    def differing(cls, differ: BoolArray) -> Self:
        """Demand of some cells that they are not known exactly."""
        return cls(differ, np.zeros(len(differ), dtype=np.int64), np.zeros(len(differ), dtype=np.int64))

    @classmethod
    def behind_each_other(cls, parts: Sequence[Demands]) -> Self:
        """Return the demands of several deliveries as those of the joint system."""
        return cls(
            np.concatenate([part.differ for part in parts]),
            np.concatenate([part.rise for part in parts]),
            np.concatenate([part.fall for part in parts]),
        )

    @cached_property
    def matrix(self) -> BoolArray:
        """What is demanded: one row per kind, one column per cell."""
        return np.stack([self.differ, self.rise > 0, self.fall > 0])

    @cached_property
    def cells(self) -> BoolArray:
        """Cells of which anything is demanded."""
        return self.differ | (self.rise > 0) | (self.fall > 0)

    def met_by(self, change: IntArray) -> BoolArray:
        """Return the demands that a table meets, as a matrix; given is its difference to the true one."""
        met: BoolArray = self.matrix & np.stack([change != 0, change >= self.rise, -change >= self.fall])
        return met

    def met_by_some(self, cells: IntArray, change: IntArray) -> BoolArray:
        """Return which demands on some cells a table meets, one column per cell; one may come twice."""
        met: BoolArray = self.matrix[:, cells] & np.stack(
            [change != 0, change >= self.rise[cells], -change >= self.fall[cells]]
        )
        return met

    def without(self, met: BoolArray) -> Demands:
        """Return what is left when some are met."""
        return Demands(
            self.differ & ~met[DIFFER],
            np.where(met[RISE], 0, self.rise),
            np.where(met[FALL], 0, self.fall),
        )

    def among(self, cells: BoolArray) -> Demands:
        """Return what is demanded of some cells only."""
        if not self.rise.any() and not self.fall.any():  # hundreds of attackers share these arrays
            return Demands(self.differ & cells, self.rise, self.fall)
        return Demands(self.differ & cells, np.where(cells, self.rise, 0), np.where(cells, self.fall, 0))

    def of(self, cells: IntArray) -> Demands:
        """Return what is demanded of some cells, as demands on a system of these."""
        return Demands(self.differ[cells], self.rise[cells], self.fall[cells])
