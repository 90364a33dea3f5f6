"""Giving extra cells back: one after the other is published again where the rest still proves everything.

Only witnesses that move a cell fall with it, and only the goals that no other witness reaches are looked for
again, among withheld cells alone: the programs are small, so the clean-up can be complete.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from aggregation.sdc.linear_system import BoolArray, IntArray
from aggregation.sdc.suppression.goals import Goals
from aggregation.sdc.suppression.proof import Proof
from aggregation.sdc.suppression.proposals import Proposals
from aggregation.sdc.suppression.task import Task


class CleanUp:
    """A pattern that gets smaller.

    Attributes:
        withheld: the pattern so far.
        proof: witnesses that reach everything that the proof given at the start reached.
        solves: number of programs solved.
    """

    def __init__(
        self,
        task: Task,
        goals: Goals,
        proof: Proof,
        *,
        withheld: BoolArray,
        near: BoolArray | None = None,
    ) -> None:
        """Publish at once what no witness moves.

        Args:
            task: what is to be protected; what it starts from stays withheld.
            goals: its goals.
            proof: witnesses within ``withheld``; the goals that they reach stay reached.
            withheld: the pattern.
            near: withheld cells that new witnesses may move; None for all.
        """
        self._start = task.publication.withheld
        self.withheld: BoolArray = withheld & (proof.moved() | self._start)
        self.proof = proof
        movable = self.withheld if near is None else self.withheld & near
        published = np.zeros_like(movable)
        inside = replace(task.publication, withheld=movable)
        self._proposals = Proposals(replace(task, publication=inside, optional=published), goals, max_nodes=0)

    @property
    def solves(self) -> int:
        """Number of programs solved."""
        return self._proposals.moves.solves

    def give_back(self, cells: IntArray) -> None:
        """Try to publish extra cells, in the given order."""
        for cell in cells.tolist():
            if self.withheld[cell]:
                self._try_without(cell)
        self.withheld &= self.proof.moved() | self._start

    def _try_without(self, cell: int) -> None:
        moves, rest = self._proposals.moves, self.proof.without(np.array([cell]))
        moves.forbid(cell)
        for goal in np.flatnonzero(self.proof.reached & ~rest.reached).tolist():
            if not rest.reaches(goal):
                change = next(self._proposals.of(goal), None)
                if change is None:
                    moves.allow(cell)
                    return
                rest.add(change)
        self.withheld[cell] = False
        self.proof = rest


def dearest_first(cells: BoolArray, task: Task) -> IntArray:
    """Return the numbers of some cells, the dearest first."""
    numbers = np.flatnonzero(cells)
    return numbers[np.lexsort((numbers, -task.costs[numbers]))]
