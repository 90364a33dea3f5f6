"""The cheapest pattern of all, for small tables: a covering problem whose constraints are found on the way.

The cheapest choice that keeps all cuts found so far (`covering`) is either safe, and then nothing cheaper
can be, or some goals have no witness in it; each of them yields cuts that the choice breaks (`separation`),
and the next choice keeps them. What a choice costs is a bound on the way; when it meets the cost of a proven
pattern, that pattern is a cheapest one.

Where the relations are content with a choice but no table in whole numbers reaches a goal, as much as
possible is withheld in addition without helping; then at least one of the other cells is needed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from aggregation.sdc.linear_system import BoolArray, IntArray
from aggregation.sdc.suppression.covering import Cover, Covering
from aggregation.sdc.suppression.cuts import Cut, one_of
from aggregation.sdc.suppression.goals import Goals
from aggregation.sdc.suppression.proof import Proof, Standing, Witness
from aggregation.sdc.suppression.proposals import Proposals
from aggregation.sdc.suppression.separation import Separation

_CUTS_PER_GOAL: Final = 4
_NODES: Final = 200
"""How long to look for a table in whole numbers."""

_TRIES: Final = 40
"""How often to ask whether more withheld cells still do not help."""

_IDLE: Final = 3
"""Rounds without a better bound after which relaxed choices have told what they can."""

_NOTABLE: Final = 1e-3
"""Share by which a better bound has to be better."""

_SLACK: Final = 1e-6


class ExactSearch:
    """A search for the cheapest pattern that reaches what the best one so far reaches.

    Attributes:
        bound: what every pattern costs at least, beyond the start.
        stuck: whether the solver failed to answer; the bound stands, more rounds do not help.
    """

    def __init__(self, goals: Goals, standing: Standing) -> None:
        """Start with the cuts that single relations give."""
        self._task = standing.task
        self._goals = goals
        self._standing = standing
        self._required = standing.proof.reached
        self._separation = Separation(self._task, goals)
        cells = self._separation.cells
        withheld, costs = self._task.publication.withheld[cells], self._task.costs[cells]
        self._covering = Covering(self._separation.system, costs, np.flatnonzero(withheld))
        self._step = _common_step(costs[~withheld])
        for cut in self._separation.first_cuts(np.flatnonzero(self._required)):
            self._covering.add(cut)
        self._witnesses: list[Witness] = []
        self._witness_solves = 0
        self._relaxed_cost = 0.0
        self._relaxed_rounds_left = _IDLE
        self._next_goal = 0
        self.bound = 0.0
        self.stuck = False

    @property
    def is_over(self) -> bool:
        """Whether nothing is cheaper than the best pattern so far."""
        return self.bound >= self._standing.cost - _SLACK

    @property
    def solves(self) -> int:
        """Number of programs solved."""
        return self._separation.solves + self._covering.solves + self._witness_solves

    def round(self) -> None:
        """Take the cheapest choice under all cuts, prove it or add the cuts that it breaks.

        First cells may be withheld in part: that is fast, and the cuts against it are the strongest.
        """
        if self._relaxed_rounds_left:
            self.raise_bound(goals=len(self._goals))
            return
        choice = self._cheapest(whole=True)
        if choice is not None and not self.is_over:
            self._prove_or_cut(choice)

    def raise_bound(self, *, goals: int) -> None:
        """Let cells be withheld in part, and add the cuts that this breaks.

        Args:
            goals: how many goals to look at; the next call goes on with those behind them.
        """
        choice = self._cheapest(whole=False)
        if choice is None:
            return
        if choice.cost > self._relaxed_cost * (1.0 + _NOTABLE):
            self._relaxed_cost, self._relaxed_rounds_left = choice.cost, _IDLE
        required = np.roll(np.flatnonzero(self._required), -self._next_goal)[:goals]
        self._next_goal += goals
        found = [self._separation.broken_cut(goal, choice.shares) for goal in required.tolist()]
        fresh = [self._covering.add(cut) for cut in found if cut is not None]
        self._relaxed_rounds_left = self._relaxed_rounds_left - 1 if any(fresh) else 0

    def _cheapest(self, *, whole: bool) -> Cover | None:
        choice = self._covering.cheapest(whole=whole)
        if choice is None:
            self.stuck = True
        else:
            self.bound = max(self.bound, self._rounded_up(choice.cost))
        return choice

    def _prove_or_cut(self, choice: Cover) -> None:
        pattern = self._pattern(choice)
        proof, unserved = self._proven(pattern)
        if not len(unserved):
            self._standing.withheld, self._standing.proof = pattern, proof
            return
        # Any cut will do: the choice breaks it, so the next one is another.
        cuts = [self._add_cuts(goal, choice, pattern) for goal in unserved.tolist()]
        self.stuck = not any(cuts)

    def _rounded_up(self, cost: float) -> float:
        """Return the next cost that a pattern can have."""
        return float(np.ceil((cost - _SLACK) / self._step) * self._step) if self._step else cost

    def _pattern(self, choice: Cover) -> BoolArray:
        pattern = self._task.publication.withheld.copy()
        pattern[self._separation.cells] |= choice.shares > 0.5
        return pattern

    def _proven(self, pattern: BoolArray) -> tuple[Proof, IntArray]:
        """Return a proof for a pattern, and the required goals that it does not reach."""
        known = (*self._standing.proof.witnesses, *self._witnesses)
        proof = Proof(self._goals, (w for w in known if not w.change[~pattern].any()))
        proposals = self._inside(pattern)
        for goal in np.flatnonzero(self._required & ~proof.reached).tolist():
            if not proof.reaches(goal):
                change = next(proposals.of(goal), None)
                if change is not None:
                    proof.add(change)
                    self._witnesses.append(proof.witnesses[-1])
        self._witness_solves += proposals.moves.solves
        return proof, np.flatnonzero(self._required & ~proof.reached)

    def _inside(self, pattern: BoolArray) -> Proposals:
        """Return the witnesses that move nothing but what a pattern withholds."""
        publication = replace(self._task.publication, withheld=pattern)
        task = replace(self._task, publication=publication, optional=np.zeros_like(pattern))
        return Proposals(task, self._goals, max_nodes=_NODES)

    def _add_cuts(self, goal: int, choice: Cover, pattern: BoolArray) -> bool:
        """Add cuts on the way from a choice to the best pattern so far; False if there is none.

        Any cut asks for one of that pattern's cells, so it is known which one to go on with.
        """
        shares, found = choice.shares.copy(), False
        best = self._standing.withheld[self._separation.cells]
        for _ in range(_CUTS_PER_GOAL):
            cut = self._separation.broken_cut(goal, shares)
            if cut is None:
                break
            self._covering.add(cut)
            missing = cut.cells[best[cut.cells] & (shares[cut.cells] < 1.0)]
            shares[missing[:1]] = 1.0
            found = True
        if not found:
            last_resort = self._one_more(goal, pattern)
            found = last_resort is not None and self._covering.add(last_resort)
        return found

    def _one_more(self, goal: int, pattern: BoolArray) -> Cut | None:
        """Withhold more and more without serving a goal: one of the rest is needed. None if unsure."""
        if not self._inside(pattern).excludes(goal):
            return None
        useless, needed = pattern.copy(), np.zeros_like(pattern)
        blocks = [np.flatnonzero(self._task.optional & ~pattern)]
        for _ in range(_TRIES):
            if not blocks:
                break
            block = blocks.pop()
            more = useless.copy()
            more[block] = True
            if self._inside(more).excludes(goal):
                useless = more
            elif len(block) == 1:
                needed[block] = True
            else:
                blocks += [block[len(block) // 2 :], block[: len(block) // 2]]
        needed[np.concatenate([*blocks, np.zeros(0, dtype=np.int64)])] = True
        return one_of(np.flatnonzero(needed[self._separation.cells])) if needed.any() else None


def _common_step(costs: IntArray | np.ndarray) -> float:
    """Return what all costs are multiples of, or 0 if they are not whole numbers."""
    if not len(costs) or np.any(costs != np.rint(costs)):
        return 0.0
    return float(np.gcd.reduce(costs.astype(np.int64)))
