"""Ruin and recreate: a proven pattern gets cheaper, and is proven at every step.

In each round the extra cells of a small neighbourhood are published, the goals that fall with them are served
again in another order and at randomly distorted costs, what turns out to be superfluous is given back, and
the outcome is kept if it is not dearer. Every state is a complete proof; a round that fails changes nothing.

Deterministic: the generator is seeded, no clock is looked at.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from aggregation.sdc.linear_system import BoolArray, IntArray
from aggregation.sdc.programs import FloatArray
from aggregation.sdc.suppression.clean_up import CleanUp
from aggregation.sdc.suppression.goals import Goals
from aggregation.sdc.suppression.neighbourhoods import Neighbourhood, Neighbourhoods
from aggregation.sdc.suppression.proof import Proof, Standing
from aggregation.sdc.suppression.proposals import Proposals

_SEED: Final = 20260401
_DISTORTION: Final = 0.3
"""Costs of a round lie between 1 - this and 1 + this of the true ones."""

_FAR_ABOVE_FREE: Final = 20.0
"""Factor on costs that keeps what is withheld anyway cheap in comparison."""

_DETOUR: Final = 3.0
"""How many cells of average cost a round may be dearer before the clean-up."""

_SLACK: Final = 1e-9


class Improvement:
    """A pattern that gets cheaper round by round.

    Attributes:
        solves: number of programs solved.
    """

    def __init__(self, goals: Goals, standing: Standing) -> None:
        """Start from a proven pattern."""
        self._task = standing.task
        self._goals = goals
        self._standing = standing
        self._required = standing.proof.reached
        self._start = self._task.publication.withheld
        self._places = Neighbourhoods(self._task.publication.system, self._task.optional)
        self._random = np.random.default_rng(_SEED)
        self.solves = 0

    def round(self) -> None:
        """Try another pattern in one neighbourhood."""
        now = self._standing
        extra = now.withheld & ~self._start
        if not extra.any():
            return
        place = self._places.draw(now.withheld, extra, self._random)
        proof, reach = now.proof.without(place.taken), place.reach | self._fallen(place.taken)
        recreated = self._recreated(proof, place, reach)
        if recreated is None:
            return
        clean_up = CleanUp(self._task, self._goals, proof, withheld=recreated, near=reach | place.around)
        clean_up.give_back(self._dearest_first(recreated & ~self._start & place.around))
        self.solves += clean_up.solves
        if self._task.cost_beyond_start(clean_up.withheld) <= now.cost + _SLACK:
            now.withheld, now.proof = clean_up.withheld, clean_up.proof

    def _recreated(self, proof: Proof, place: Neighbourhood, reach: BoolArray) -> BoolArray | None:
        """Serve what a proof no longer reaches; it grows in place.

        Returns:
            The pattern; None if some goal is not reached again, or not at an acceptable cost.
        """
        withheld = self._standing.withheld.copy()
        withheld[place.taken] = False
        allowed = self._standing.cost + _DETOUR * float(self._task.costs[place.taken].mean())
        costs = self._distorted_costs()
        proposals = self._proposals(withheld & reach, place.around & ~withheld, costs)
        for goal in self._in_random_order(self._required & ~proof.reached).tolist():
            if proof.reaches(goal):
                continue
            change = proposals.cheapest(goal, costs, withheld)
            if change is None:
                break
            moved = change != 0
            proposals.moves.set_free(moved & ~withheld)
            withheld |= moved
            proof.add(change)
            if self._task.cost_beyond_start(withheld) > allowed:
                break
        self.solves += proposals.moves.solves
        complete = proof.reached[self._required].all() and self._task.cost_beyond_start(withheld) <= allowed
        return withheld if complete else None

    def _proposals(self, withheld: BoolArray, around: BoolArray, costs: FloatArray) -> Proposals:
        task = replace(
            self._task,
            publication=replace(self._task.publication, withheld=withheld),
            optional=around & self._task.optional,
            costs=costs,
        )
        return Proposals(task, self._goals, max_nodes=0)

    def _fallen(self, taken: IntArray) -> BoolArray:
        """Return the cells of the witnesses that fall with some cells."""
        moved = np.zeros_like(self._start)
        for witness in self._standing.proof.witnesses:
            if witness.change[taken].any():
                moved |= witness.change != 0
        moved[taken] = False
        return moved

    def _distorted_costs(self) -> FloatArray:
        factors = self._random.uniform(1.0 - _DISTORTION, 1.0 + _DISTORTION, len(self._start))
        return np.maximum(self._task.costs * factors * _FAR_ABOVE_FREE, 1.0)

    def _in_random_order(self, goals: BoolArray) -> IntArray:
        """Return goals attacker by attacker: changing the attacker is what takes time."""
        numbers = self._random.permutation(np.flatnonzero(goals))
        return numbers[np.argsort(self._goals.view[numbers], kind="stable")]

    def _dearest_first(self, cells: BoolArray) -> IntArray:
        numbers = self._random.permutation(np.flatnonzero(cells))
        return numbers[np.argsort(-self._task.costs[numbers], kind="stable")]
