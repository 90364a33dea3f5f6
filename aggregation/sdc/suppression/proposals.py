"""Checked witnesses for one goal after the other.

The solver proposes a cheapest change (`moves`); here it is checked in exact integer arithmetic whether it is
an alternative table that reaches the goal. Nothing else may call itself a witness.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from aggregation.sdc.linear_system import BoolArray, IntArray
from aggregation.sdc.programs import FloatArray, Status
from aggregation.sdc.suppression.goals import SIGNS, Goals
from aggregation.sdc.suppression.moves import THOROUGH, Moves, steps_of
from aggregation.sdc.suppression.task import Task


class Proposals:
    """Witnesses that move what a task withholds or may withhold."""

    def __init__(self, task: Task, goals: Goals, *, max_nodes: int = THOROUGH) -> None:
        """Build the programs.

        Args:
            task: what may move at which cost; its views are those of the goals.
            goals: what is to be reached.
            max_nodes: how long to look for whole numbers outright where the linear program answers in
                fractions; 0 for not at all: then there may be a witness where none is found.
        """
        self._goals = goals
        self._max_nodes = max_nodes
        self._movable = replace(task.publication, withheld=task.publication.withheld | task.optional)
        self.moves = Moves(task, max_nodes=max_nodes)
        self.undecided = False

    def of(self, goal: int) -> Iterator[IntArray]:
        """Yield a cheapest witness for each direction in which the goal's cell may move."""
        goals = self._goals
        self.moves.attack_as(int(goals.view[goal]))
        for sign in SIGNS[int(goals.kind[goal])]:
            for step in steps_of(int(goals.amount[goal])):
                change = self._checked(goal, sign, step)
                if change is not None:
                    yield change
                    break

    def cheapest(self, goal: int, costs: FloatArray, withheld: BoolArray) -> IntArray | None:
        """Return the witness for which the least has to be withheld, or None."""
        best: IntArray | None = None
        best_cost = np.inf
        for change in self.of(goal):
            cost = float(costs[(change != 0) & ~withheld].sum())
            if cost < best_cost:
                best, best_cost = change, cost
            if not cost:
                break
        return best

    def excludes(self, goal: int) -> bool:
        """Whether the solver shows that no table at all reaches a goal: False if it merely found none."""
        goals = self._goals
        cell, amount = int(goals.cell[goal]), int(goals.amount[goal])
        self.moves.attack_as(int(goals.view[goal]))
        return all(
            self.moves.exist(cell, sign, amount=amount) is Status.INFEASIBLE
            for sign in SIGNS[int(goals.kind[goal])]
        )

    def is_witness(self, change: IntArray) -> bool:
        """Whether a change is an alternative table for the outsider."""
        return self._movable.is_alternative(change)

    def _checked(self, goal: int, sign: int, step: int) -> IntArray | None:
        cell, amount = int(self._goals.cell[goal]), int(self._goals.amount[goal])
        proposal = self.moves.cheapest(cell, sign, amount=amount, step=step)
        if proposal.status is Status.INFEASIBLE or self._reaches(goal, proposal.change):
            return proposal.change
        if not self._max_nodes:
            return None
        proposal = self.moves.cheapest(cell, sign, amount=amount, step=step, whole=True)
        self.undecided |= proposal.status not in {Status.OPTIMAL, Status.INFEASIBLE}
        return proposal.change if self._reaches(goal, proposal.change) else None

    def _reaches(self, goal: int, change: IntArray | None) -> bool:
        if change is None or not self._movable.is_alternative(change):
            return False
        return bool(self._goals.reached_by(change)[goal])
