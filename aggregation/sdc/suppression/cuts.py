"""What every safe pattern must withhold: inequalities that hold for all of them, derived in whole numbers.

Take any combination of the relations. In an alternative table the changes of the cells, weighted by the
combination, must add up; so for a cell to move as demanded, others must make up for it, and they can only as
far as they are withheld and have room: ``sum(most a cell can contribute, if withheld) >= what is needed``.
Coefficients above what is needed are lowered to it. The combinations come from the duals of the largest
possible movement of the cell (Fischetti and Salazar, Management Science 47 (2001), call these capacity
constraints), but a cut is valid whatever they are: it is computed from the relations, exactly.

Cells that only have to *differ* may go up or down, so at least one of two inequalities holds: coefficient by
coefficient, the larger of the two.

Where the linear relations would be content but no table in whole numbers exists, the last resort is
monotone: of what is published, at least one cell more must be withheld.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from aggregation.sdc.linear_system import NO_LIMIT, IntArray, LinearSystem
from aggregation.sdc.programs import FloatArray

_FAR: Final = NO_LIMIT // 2
_SCALES: Final = (1, 2, 3, 4, 6, 12)
_FINEST: Final = 10_000
"""Largest coefficient of a cut: finer ones would meet the solver's tolerances."""

_LARGE: Final = 2**40
"""Combinations whose sums could come near the end of 64 bits are not used."""


@dataclass(frozen=True, eq=False, slots=True)
class Cut:
    """``sum(weights[cells withheld]) >= needed`` for every safe pattern.

    Attributes:
        cells: cell numbers, ascending.
        weights: one per cell, from 1 to ``needed``.
        needed: at least 1.
    """

    cells: IntArray
    weights: IntArray
    needed: int

    @property
    def key(self) -> bytes:
        """Equal for equal cuts."""
        return b"".join((self.cells.tobytes(), self.weights.tobytes(), str(self.needed).encode()))

    def is_broken_by(self, withheld: FloatArray) -> bool:
        """Whether a pattern (or a fractional one) breaks it clearly."""
        return float(self.weights @ withheld[self.cells]) < self.needed * (1.0 - 1e-4)


@dataclass(frozen=True, eq=False, slots=True)
class Room:
    """How far cells can move for one attacker, at most.

    Attributes:
        up: how far up if withheld; 0 where it cannot move.
        down: how far down.
        always: cells that are withheld in every pattern.
    """

    up: IntArray
    down: IntArray
    always: IntArray


def one_of(cells: IntArray) -> Cut:
    """Return the cut that at least one of some cells is withheld."""
    return Cut(cells, np.ones(len(cells), dtype=np.int64), 1)


def whole_numbers(combination: FloatArray) -> IntArray | None:
    """Return a multiple of a combination of relations in whole numbers, or None if it has no small one."""
    largest = float(np.abs(combination).max(initial=0.0))
    if largest < 1e-9:
        return None
    smallest = float(np.abs(combination[np.abs(combination) > 1e-7 * largest]).min())
    for scale in _SCALES:
        scaled = combination * (scale / smallest)
        rounded = np.rint(scaled)
        if np.abs(scaled - rounded).max() < 1e-6 * scale and np.abs(rounded).max() < _FINEST:
            whole: IntArray = rounded.astype(np.int64)
            return whole
    return None


def derive(
    system: LinearSystem, combination: IntArray, room: Room, *, cell: int, sign: int, amount: int
) -> Cut | None:
    """Return what a combination of relations demands of every pattern in which a cell can move.

    Args:
        system: relations between changes: their limits are what is left of the rows' limits.
        combination: a factor for each row.
        room: how far the cells can move.
        cell: the cell that has to move.
        sign: 1 for up, -1 for down.
        amount: by how much at least.

    Returns:
        The cut, or None if the combination demands nothing, or cannot be used exactly.
    """
    factor = np.zeros(system.cells, dtype=np.int64)
    np.add.at(factor, system.columns, system.coefficients * combination[system.row_of_entry])
    if factor[cell] * sign > 0:
        factor, combination = -factor, -combination
    slack = _least_activity(system, combination)
    if slack is None or factor[cell] == 0:
        return None
    limit = np.where(factor > 0, room.up, room.down)
    size = np.abs(factor)
    needed = int(size[cell]) * amount + slack
    # Products are only formed where they stay below what is needed; beyond, they are lowered to it anyway.
    if not 0 < needed < _LARGE:
        return None
    enough = limit >= -(-needed // np.maximum(size, 1))
    most = np.where(size == 0, 0, np.where(enough, needed, size * np.where(enough, 0, limit)))
    most[cell] = 0
    needed -= int(np.minimum(most[room.always], _LARGE).sum())
    most[room.always] = 0
    if needed <= 0:
        return None
    most = np.minimum(most, needed)
    if needed > _FINEST:
        most, needed = -(-most * _FINEST // needed), _FINEST
    cells = np.flatnonzero(most)
    weights = most[cells]
    if len(cells) and int(weights.min()) == needed:
        return one_of(cells)
    return Cut(cells, weights, needed)


def either(first: Cut, second: Cut) -> Cut:
    """Return the cut that follows if at least one of two holds."""
    cells = np.union1d(first.cells, second.cells)
    weights = np.zeros(len(cells), dtype=np.int64)
    for cut, factor in ((first, second.needed), (second, first.needed)):
        place = np.searchsorted(cells, cut.cells)
        weights[place] = np.maximum(weights[place], cut.weights * factor)
    needed = first.needed * second.needed
    if len(cells) and int(weights.min()) == needed:
        return one_of(cells)
    if needed > _FINEST:
        weights, needed = -(-weights * _FINEST // needed), _FINEST
    return Cut(cells, weights, needed)


def _least_activity(system: LinearSystem, combination: IntArray) -> int | None:
    """Return the least that the combined rows can add up to; None if nothing limits it."""
    used = np.flatnonzero(combination)
    limits = np.where(combination[used] > 0, system.lower[used], system.upper[used])
    if np.any(np.abs(limits) >= _FAR):
        return None
    return int((combination[used] * limits).sum())
