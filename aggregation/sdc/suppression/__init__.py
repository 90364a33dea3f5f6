"""Complementary suppression: which further cells to withhold so that no sensitive cell can be computed.

:func:`suppress` is the way in. What is withheld is proven safe by witnesses in every case; how little it is
depends on the effort.
"""

from __future__ import annotations

from aggregation.sdc.suppression.task import CONSTRUCT, Effort, Pattern, Progress, Task, Unmet
from aggregation.sdc.suppression.witnesses import construct

__all__ = ["CONSTRUCT", "Effort", "Pattern", "Progress", "Task", "Unmet", "suppress"]


def suppress(task: Task, *, effort: Effort = CONSTRUCT) -> Pattern:
    """Withhold optional cells until every attacker is left with what he must be left with.

    Args:
        task: what is to be protected.
        effort: how much work a cheaper pattern is worth; same task and same rounds, same pattern.

    Returns:
        The pattern; complete if ``unmet`` is empty.
    """
    del effort  # no improvement yet: every pattern is the constructed one
    return construct(task)
