"""Which method finds the pattern: by the size of the task and the effort it is worth."""

from __future__ import annotations

from typing import Final

from aggregation.sdc.suppression.clean_up import CleanUp, dearest_first
from aggregation.sdc.suppression.goals import Goals
from aggregation.sdc.suppression.improvement import Improvement
from aggregation.sdc.suppression.large import is_large, protect_large
from aggregation.sdc.suppression.task import CONSTRUCT, Effort, Pattern, Progress, Task
from aggregation.sdc.suppression.witnesses import Construction

_QUICKLY: Final = 12
"""Extra cells tried for giving back where no effort is asked for: the dearest hold most of what there is."""


def suppress(task: Task, *, effort: Effort = CONSTRUCT) -> Pattern:
    """Withhold optional cells until every attacker is left with what he must be left with.

    Args:
        task: what is to be protected.
        effort: how much work a cheaper pattern is worth; same task and same rounds, same pattern.

    Returns:
        The pattern; complete if ``unmet`` is empty.
    """
    goals = Goals(task)
    if not len(goals):
        return Pattern(task, task.publication.withheld, (), bound=0.0, optimal=True)
    if is_large(task):
        return protect_large(task, effort=effort)
    construction = Construction(task, goals)
    construction.run()
    clean_up = CleanUp(task, goals, construction.proof, withheld=construction.withheld)
    extra = dearest_first(clean_up.withheld & task.optional, task)
    clean_up.give_back(extra if effort.rounds else extra[:_QUICKLY])
    search = Improvement(task, goals, clean_up.proof, withheld=clean_up.withheld)
    rounds = 0
    while rounds < effort.rounds and search.cost > 0 and not effort.stop():
        search.round()
        rounds += 1
        effort.tell(Progress(rounds, search.cost, None))
    return Pattern(
        task=task,
        withheld=search.withheld,
        witnesses=tuple(witness.change for witness in search.proof.witnesses),
        unmet=tuple(sorted(goals.unmet(goal) for goal in construction.unmet)),
        undecided=construction.undecided,
        solves=construction.solves + clean_up.solves + search.solves,
        bound=0.0 if search.cost == 0 else None,
        optimal=search.cost == 0,
        rounds=rounds,
    )
