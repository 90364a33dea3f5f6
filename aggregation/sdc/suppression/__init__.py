"""Complementary suppression: which further cells to withhold so that no sensitive cell can be computed.

:func:`suppress` is the way in. What is withheld is proven safe by witnesses in every case; how little it is
depends on the effort.
"""

from __future__ import annotations

from aggregation.sdc.suppression.choice import suppress
from aggregation.sdc.suppression.task import CONSTRUCT, Effort, Pattern, Progress, Task, Unmet

__all__ = ["CONSTRUCT", "Effort", "Pattern", "Progress", "Task", "Unmet", "suppress"]
