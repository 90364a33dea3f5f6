"""A pattern's proof: witnesses, which goals each reaches, and what falls with a cell.

Invariant: every witness was checked in exact integer arithmetic by whoever added it (`proposals`), and moves
withheld cells only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aggregation.sdc.linear_system import BoolArray, IntArray
from aggregation.sdc.suppression.goals import Goals
from aggregation.sdc.suppression.task import Task


@dataclass(frozen=True, eq=False, slots=True)
class Witness:
    """An alternative table.

    Attributes:
        change: its difference to the true one.
        reached: which goals it reaches.
    """

    change: IntArray
    reached: BoolArray


class Proof:
    """Witnesses that together reach some goals."""

    def __init__(self, goals: Goals, witnesses: Iterable[Witness] = ()) -> None:
        """Start from witnesses that were checked before."""
        self._goals = goals
        self.witnesses = list(witnesses)
        self._count = _times_reached(self.witnesses, len(goals))

    @property
    def reached(self) -> BoolArray:
        """Which goals some witness reaches."""
        reached: BoolArray = self._count > 0
        return reached

    def reaches(self, goal: int) -> bool:
        """Whether some witness reaches a goal."""
        return bool(self._count[goal])

    def add(self, change: IntArray) -> None:
        """Take in a checked witness."""
        witness = Witness(change, self._goals.reached_by(change))
        self.witnesses.append(witness)
        self._count += witness.reached

    def without(self, cells: IntArray) -> Proof:
        """Return the proof that is left when some cells are published."""
        fallen = [witness for witness in self.witnesses if witness.change[cells].any()]
        rest = Proof(self._goals)
        rest.witnesses = [witness for witness in self.witnesses if not witness.change[cells].any()]
        # Few fall, and there may be many goals: subtracting is faster than counting again.
        rest._count = self._count - _times_reached(fallen, len(self._goals))
        return rest

    def moved(self) -> BoolArray:
        """Return which cells some witness moves."""
        moved = np.zeros(self._goals.cells, dtype=np.bool_)
        for witness in self.witnesses:
            moved |= witness.change != 0
        return moved


def _times_reached(witnesses: Iterable[Witness], goals: int) -> NDArray[np.int32]:
    times = np.zeros(goals, dtype=np.int32)
    for witness in witnesses:
        times += witness.reached
    return times


@dataclass(eq=False, slots=True)
class Standing:
    """The best pattern so far with its proof: whoever finds a better one puts it here.

    Attributes:
        task: what is to be protected.
        withheld: the pattern.
        proof: its witnesses; every better pattern reaches the same goals.
    """

    task: Task
    withheld: BoolArray
    proof: Proof

    @property
    def cost(self) -> float:
        """What is withheld beyond the start costs this much."""
        return self.task.cost_beyond_start(self.withheld)
