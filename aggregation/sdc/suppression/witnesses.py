"""Complementary suppression: withhold further cells until no sensitive cell can be computed.

Safe by construction: every sensitive cell gets its *witnesses*, alternative integer tables that differ from
the true one in that cell as much as is demanded (`demands`), are equal to it in everything published, keep
every relation and grant every withheld cell what an attacker must grant it. Each witness is checked in
exact integer arithmetic before it counts; the solver only proposes. First come witnesses that need nothing
more than what is withheld; then, for each cell that is left, the cheapest change that moves it; a witness
serves every sensitive cell that it moves, towards every attacker who cannot rule it out (`goals`). At the
end extra cells are given back where the others suffice (`clean_up`).

Deterministic: fixed order, no randomness, no time budget. Zeros that everybody may know are never withheld,
they must not be offered as ``optional``. Safe, not optimal: what improves it is elsewhere.

It deliberately knows no catalogue, and the audit knows nothing of it.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from aggregation.sdc.demands import DIFFER, FALL, RISE
from aggregation.sdc.linear_system import BoolArray, IntArray
from aggregation.sdc.suppression.goals import UPWARD, Goals
from aggregation.sdc.suppression.proof import Proof
from aggregation.sdc.suppression.proposals import Proposals
from aggregation.sdc.suppression.task import Task

_KINDS_IN_ORDER: Final = (UPWARD, RISE, FALL, DIFFER)


class Construction:
    """Finds witnesses and withholds what they need.

    Attributes:
        withheld: the pattern so far.
        proof: its witnesses.
        unmet: goals for which no means sufficed.
    """

    def __init__(self, task: Task, goals: Goals) -> None:
        """Start with what is withheld anyway."""
        self._task = task
        self._goals = goals
        self._proposals = Proposals(task, goals)
        self._at_floor = task.publication.values <= task.publication.floors
        self.withheld: BoolArray = task.publication.withheld.copy()
        self.proof = Proof(goals)
        self.unmet: list[int] = []

    @property
    def undecided(self) -> bool:
        """Whether the solver failed to answer."""
        return self._proposals.undecided

    @property
    def solves(self) -> int:
        """Number of programs solved."""
        return self._proposals.moves.solves

    def run(self) -> None:
        """Find a witness for every goal."""
        self._serve_for_nothing()
        for goal in self._order().tolist():
            if not self.proof.reaches(goal):
                change = self._proposals.cheapest(goal, self._task.costs, self.withheld)
                if change is not None:
                    self._accept(change)
                elif self._goals.binding[goal]:
                    self.unmet.append(goal)

    def _serve_for_nothing(self) -> None:
        """Move many cells at once with what is withheld anyway.

        Cells at their floor can only grow, so first the others shrink; then what is left grows as well.
        """
        goals = self._goals
        for largest in (-1, 1):
            waiting = (goals.kind == DIFFER) & (goals.view == 0) & ~self.proof.reached
            cells = goals.cell[waiting]
            change = self._proposals.moves.for_nothing(cells, np.where(self._at_floor[cells], 1, largest))
            if change.any() and self._proposals.is_witness(change) and not np.any(change[~self.withheld]):
                self._accept(change)

    def _order(self) -> IntArray:
        """Return the goals: attacker by attacker, kind by kind, what is hardest first."""
        goals = self._goals
        rank = np.argsort(_KINDS_IN_ORDER)[goals.kind]
        return np.lexsort((goals.cell, ~self._at_floor[goals.cell], -goals.amount, rank, goals.view))

    def _accept(self, change: IntArray) -> None:
        moved = change != 0
        waiting = np.zeros(len(moved), dtype=np.bool_)
        waiting[self._goals.cell[~self.proof.reached & self._goals.binding]] = True
        self._proposals.moves.set_free(moved & (waiting | ~self.withheld))
        self.withheld |= moved
        self.proof.add(change)
