"""Complementary suppression: withhold further cells until no sensitive cell can be computed.

Safe by construction: every sensitive cell gets its *witnesses*, alternative integer tables that differ from
the true one in that cell as much as is demanded (`demands`), are equal to it in everything published, keep
every relation and grant every withheld cell what an attacker must grant it. Each witness is checked in
exact integer arithmetic before it counts; the solver only proposes. First come witnesses that need nothing
more than what is withheld; then, for each cell that is left, the cheapest change that moves it; a witness
serves every sensitive cell that it moves, towards every attacker who cannot rule it out (`goals`). At the
end the dearest extra cells are given back if the others suffice.

Deterministic: fixed order, no randomness, no time budget. Zeros that everybody may know are never withheld,
they must not be offered as ``optional``. Safe, not optimal: what improves it is elsewhere.

It deliberately knows no catalogue, and the audit knows nothing of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from aggregation.sdc.demands import DIFFER, FALL, RISE
from aggregation.sdc.linear_system import BoolArray, IntArray
from aggregation.sdc.programs import Status
from aggregation.sdc.suppression.goals import SIGNS, UPWARD, Goals
from aggregation.sdc.suppression.moves import Moves, steps_of
from aggregation.sdc.suppression.task import Pattern, Task, Unmet

_GIVEN_BACK: Final = 12
"""How many extra cells are tried for giving back: the dearest ones hold nearly all there is to gain."""

_KINDS_IN_ORDER: Final = (UPWARD, RISE, FALL, DIFFER)


def construct(task: Task) -> Pattern:
    """Withhold optional cells until every sensitive cell has a witness.

    Args:
        task: what is to be protected.

    Returns:
        The pattern; complete if ``unmet`` is empty.
    """
    goals = Goals(task)
    if not len(goals):
        return Pattern(task, task.publication.withheld, (), bound=0.0, optimal=True)
    search = _WitnessSearch(task, goals)
    search.serve_for_nothing()
    search.serve_one_by_one()
    search.give_back()
    return search.pattern()


@dataclass(eq=False)
class _Certificates:
    """Witnesses found so far, each with the goals that it reaches."""

    goals: Goals
    witnesses: list[tuple[IntArray, BoolArray]] = field(default_factory=list)
    reached: BoolArray = field(init=False)

    def __post_init__(self) -> None:
        self.reached = np.zeros(len(self.goals), dtype=np.bool_)

    def add(self, change: IntArray) -> None:
        reached = self.goals.reached_by(change)
        self.witnesses.append((change, reached))
        self.reached |= reached

    def without(self, cell: int) -> tuple[list[tuple[IntArray, BoolArray]], BoolArray]:
        """Return the witnesses that do not need ``cell``, and which goals they reach."""
        kept = [witness for witness in self.witnesses if witness[0][cell] == 0]
        reached = np.zeros_like(self.reached)
        for _, by_this_one in kept:
            reached |= by_this_one
        return kept, reached


class _WitnessSearch:
    """Finds witnesses and withholds what they need."""

    def __init__(self, task: Task, goals: Goals) -> None:
        self._task = task
        self._goals = goals
        self._start = task.publication.withheld
        self._withheld = task.publication.withheld.copy()
        # A proposal counts if it is an alternative table once the optional cells that it moves are withheld.
        self._movable = replace(task.publication, withheld=self._start | task.optional)
        self._certificates = _Certificates(goals)
        self._unmet: list[int] = []
        self._undecided = False
        self._moves = Moves(task)
        self._at_floor = task.publication.values <= task.publication.floors

    def serve_for_nothing(self) -> None:
        """Move many cells at once with what is withheld anyway.

        Cells at their floor can only grow, so first the others shrink; then what is left grows as well.
        """
        goals = self._goals
        for largest in (-1, 1):
            open_here = (goals.kind == DIFFER) & (goals.view == 0) & ~self._certificates.reached
            cells = goals.cell[open_here]
            change = self._moves.for_nothing(cells, np.where(self._at_floor[cells], 1, largest))
            if change.any() and self._movable.is_alternative(change) and not np.any(change[~self._withheld]):
                self._accept(change)

    def serve_one_by_one(self) -> None:
        """Find the cheapest witness for each goal that is left, large ones and cells at their floor first."""
        for goal in self._order().tolist():
            if not self._certificates.reached[goal]:
                change = self._witness(goal)
                if change is not None:
                    self._accept(change)
                elif self._goals.binding[goal]:
                    self._unmet.append(goal)

    def give_back(self) -> None:
        """Publish extra cells again, dearest first, where the remaining ones serve everything."""
        extra = np.flatnonzero(self._withheld & ~self._start)
        for cell in extra[np.lexsort((extra, -self._task.costs[extra]))][:_GIVEN_BACK]:
            self._give_back(int(cell))

    def pattern(self) -> Pattern:
        """Return the outcome."""
        goals = self._goals
        unmet = (Unmet(int(goals.view[g]), int(goals.kind[g]), int(goals.cell[g])) for g in self._unmet)
        return Pattern(
            task=self._task,
            withheld=self._withheld,
            witnesses=tuple(change for change, _ in self._certificates.witnesses),
            unmet=tuple(sorted(unmet)),
            undecided=self._undecided,
            solves=self._moves.solves,
        )

    def _order(self) -> IntArray:
        """Return the goals: attacker by attacker, kind by kind, what is hardest first."""
        goals = self._goals
        rank = np.argsort(_KINDS_IN_ORDER)[goals.kind]
        return np.lexsort((goals.cell, ~self._at_floor[goals.cell], -goals.amount, rank, goals.view))

    def _accept(self, change: IntArray) -> None:
        moved = change != 0
        waiting = np.zeros(len(moved), dtype=np.bool_)
        waiting[self._goals.cell[~self._certificates.reached & self._goals.binding]] = True
        self._moves.set_free(moved & (waiting | ~self._withheld))
        self._withheld |= moved
        self._certificates.add(change)

    def _witness(self, goal: int) -> IntArray | None:
        """Return the cheapest checked witness for a goal, or None."""
        best: IntArray | None = None
        best_cost = np.inf
        for change in self._proposals(goal):
            cost = float(self._task.costs[(change != 0) & ~self._withheld].sum())
            if cost < best_cost:
                best, best_cost = change, cost
            if not cost:
                break
        return best

    def _proposals(self, goal: int) -> Iterator[IntArray]:
        goals = self._goals
        self._moves.attack_as(int(goals.view[goal]))
        for sign in SIGNS[int(goals.kind[goal])]:
            for step in steps_of(int(goals.amount[goal])):
                change = self._proposed(goal, sign, step)
                if change is not None:
                    yield change
                    break

    def _proposed(self, goal: int, sign: int, step: int) -> IntArray | None:
        """Return a checked alternative table in which the goal's cell moves as demanded, or None."""
        cell, amount = int(self._goals.cell[goal]), int(self._goals.amount[goal])
        proposal = self._moves.cheapest(cell, sign, amount=amount, step=step)
        if proposal.change is None and proposal.status is not Status.INFEASIBLE:
            # A fractional vertex, or no answer: ask for whole steps outright.
            proposal = self._moves.cheapest(cell, sign, amount=amount, step=step, whole=True)
            self._undecided |= proposal.status not in {Status.OPTIMAL, Status.INFEASIBLE}
        change = proposal.change
        if change is None or not self._movable.is_alternative(change):
            return None
        return change if self._goals.reached_by(change)[goal] else None

    def _give_back(self, cell: int) -> None:
        kept, reached = self._certificates.without(cell)
        self._moves.forbid(cell)
        fresh: list[tuple[IntArray, BoolArray]] = []
        for goal in np.flatnonzero(self._certificates.reached & ~reached).tolist():
            if reached[goal]:
                continue
            change = self._free_witness(goal)
            if change is None:
                self._moves.allow(cell)
                return
            fresh.append((change, self._goals.reached_by(change)))
            reached |= fresh[-1][1]
        self._withheld[cell] = False
        self._certificates.witnesses = kept + fresh

    def _free_witness(self, goal: int) -> IntArray | None:
        """Return a witness that needs no further cell."""
        for change in self._proposals(goal):
            if not np.any(change[~self._withheld]):
                return change
        return None
