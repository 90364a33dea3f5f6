"""Which method finds the pattern: by the size of the task and the effort it is worth.

Big tables are constructed by a method of their own (`large`), every other task as a whole. Rounds of
improvement follow; for small tasks every other one goes into the search for the cheapest pattern of all, for
larger ones a few go into a bound.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from aggregation.sdc.suppression.clean_up import CleanUp, dearest_first
from aggregation.sdc.suppression.exact import ExactSearch
from aggregation.sdc.suppression.goals import Goals
from aggregation.sdc.suppression.improvement import Improvement
from aggregation.sdc.suppression.large import is_large, protect_large
from aggregation.sdc.suppression.proof import Proof, Standing
from aggregation.sdc.suppression.task import CONSTRUCT, Effort, Pattern, Progress, Task
from aggregation.sdc.suppression.witnesses import Construction

_QUICKLY: Final = 12
"""Extra cells tried for giving back where no effort is asked for: the dearest hold most of what there is."""

_SMALL: Final = 600
"""Cells that may move, up to which the cheapest pattern is looked for outright."""

_WARM_UP: Final = 20
"""Rounds of improvement before that: a good pattern saves most of the proof."""

_PROOF_ROUNDS: Final = 80
"""Rounds after which a small task is treated like a larger one: its proof would take long."""

_BOUND_EVERY: Final = 40
"""Rounds of improvement of a larger task for each that goes into its bound."""

_BOUND_GOALS: Final = 16
"""Goals looked at in such a round."""

_MANY_GOALS: Final = 50_000
"""Demands of all attackers beyond which big tables have rounds of their own, a block each."""

_SLACK: Final = 1e-6


def suppress(task: Task, *, effort: Effort = CONSTRUCT) -> Pattern:
    """Withhold optional cells until every attacker is left with what he must be left with.

    Args:
        task: what is to be protected.
        effort: how much work a cheaper pattern is worth; same task and same rounds, same pattern.

    Returns:
        The pattern; complete if ``unmet`` is empty.
    """
    if is_large(task):
        rests = not effort.rounds or int(sum(view.demands.matrix.sum() for view in task.views)) > _MANY_GOALS
        return protect_large(task, effort=effort) if rests else _improved(protect_large(task), effort)
    goals = Goals(task)
    if not len(goals):
        return Pattern(task, task.publication.withheld, (), bound=0.0, optimal=True)
    construction = Construction(task, goals)
    construction.run()
    clean_up = CleanUp(task, goals, construction.proof, withheld=construction.withheld)
    extra = dearest_first(clean_up.withheld & task.optional, task)
    clean_up.give_back(extra if effort.rounds else extra[:_QUICKLY])
    search = _Search(goals, Standing(task, clean_up.withheld, clean_up.proof))
    search.run(effort)
    return Pattern(
        task=task,
        withheld=search.standing.withheld,
        witnesses=tuple(witness.change for witness in search.standing.proof.witnesses),
        unmet=tuple(sorted(goals.unmet(goal) for goal in construction.unmet)),
        undecided=construction.undecided,
        solves=construction.solves + clean_up.solves + search.solves,
        bound=search.bound,
        optimal=search.is_over,
        rounds=search.rounds,
    )


def _improved(start: Pattern, effort: Effort) -> Pattern:
    """Spend the rounds on the pattern of a big table."""
    goals = Goals(start.task)
    proof = Proof(goals)
    for witness in start.witnesses:
        proof.add(witness)
    search = _Search(goals, Standing(start.task, start.withheld, proof))
    search.run(effort)
    return replace(
        start,
        withheld=search.standing.withheld,
        witnesses=tuple(witness.change for witness in search.standing.proof.witnesses),
        solves=start.solves + search.solves,
        bound=search.bound,
        optimal=search.is_over,
        rounds=search.rounds,
    )


class _Search:
    """Rounds of improvement, of proof and of bounds."""

    def __init__(self, goals: Goals, standing: Standing) -> None:
        task = standing.task
        self._goals = goals
        self._small = int((task.publication.withheld | task.optional).sum()) <= _SMALL
        self._improvement = Improvement(goals, standing)
        self._exact: ExactSearch | None = None
        self.standing = standing
        self.rounds = 0

    @property
    def bound(self) -> float | None:
        """What every pattern costs at least; None if nothing is proven."""
        if not self.standing.cost:
            return 0.0
        return self._exact.bound if self._exact and self._exact.bound else None

    @property
    def is_over(self) -> bool:
        """Whether it is proven that nothing is cheaper."""
        return self.bound is not None and self.bound >= self.standing.cost - _SLACK

    @property
    def solves(self) -> int:
        """Number of programs solved."""
        return self._improvement.solves + (self._exact.solves if self._exact else 0)

    def run(self, effort: Effort) -> None:
        """Use the rounds."""
        while self.rounds < effort.rounds and not self.is_over and not effort.stop():
            self._round()
            self.rounds += 1
            effort.tell(Progress(self.rounds, self.standing.cost, self.bound))

    def _round(self) -> None:
        proving = self._small and self.rounds < _PROOF_ROUNDS
        every, start = (2, _WARM_UP) if proving else (_BOUND_EVERY, _BOUND_EVERY)
        if self.rounds < start or self.rounds % every or (self._exact and self._exact.stuck):
            self._improvement.round()
            return
        self._exact = self._exact or ExactSearch(self._goals, self.standing)
        if self._small:
            self._exact.round()
        else:
            self._exact.raise_bound(goals=_BOUND_GOALS)
