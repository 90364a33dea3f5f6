"""What is published of a system of tables, and the exact test whether another table fits it too.

Suppression and audit start from the same description and agree on what a proof is, on nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aggregation.sdc.linear_system import BoolArray, IntArray, LinearSystem


@dataclass(frozen=True)
class Publication:
    """What is published of a system of tables, and what everybody knows about the rest.

    Attributes:
        system: the relations.
        values: true value of each cell.
        withheld: which cells are withheld; all others are published with their true value.
        floors: smallest value an attacker must grant a withheld cell (1 where zeros are published,
            ``-NO_LIMIT`` if it may be negative).
    """

    system: LinearSystem
    values: IntArray
    withheld: BoolArray
    floors: IntArray

    def is_alternative(self, change: IntArray) -> bool:
        """Whether ``values + change`` is another table that fits everything published.

        This is the whole proof that a cell with ``change != 0`` is not determined: integer arithmetic,
        no tolerance, no solver.

        Args:
            change: difference to the true table, one entry per cell.
        """
        if np.any(change[~self.withheld]):
            return False
        table = self.values + change
        moved = change != 0
        return bool(np.all(table[moved] >= self.floors[moved]) and np.all(self.system.satisfied(table)))
