"""Completing changes of a table that do not fit any more because relations were added to it.

A stock that moves takes the stocks of all later quarters with it: with each new quarter a proof that moves
one needs one step more, and only that step. Found is a proposal: whoever uses it checks it in integer
arithmetic.
"""

from __future__ import annotations

import numpy as np

from aggregation.sdc.linear_system import NO_LIMIT, BoolArray, IntArray
from aggregation.sdc.programs import LinearProgram, limits_as_floats
from aggregation.sdc.publication import Publication


class Completion:
    """One program for many changes of the same table."""

    def __init__(self, publication: Publication, movable: BoolArray) -> None:
        """Hand it to the solver.

        Args:
            publication: what is published.
            movable: cells that may move as well, if they are withheld.
        """
        self._publication = publication
        self._cells = np.flatnonzero(movable & publication.withheld)
        system = publication.system
        self._activity = system.activity(publication.values)
        inside, self._rows = system.among(self._cells, self._activity)
        floors, values = publication.floors[self._cells], publication.values[self._cells]
        room = np.where(floors <= -NO_LIMIT, NO_LIMIT, values - floors)
        self._room = limits_as_floats(np.concatenate([np.full(len(room), NO_LIMIT), room]))
        self._program = LinearProgram(
            inside.in_two_parts(), np.zeros(len(self._room)), self._room, changing="limits"
        )
        self._program.set_costs(np.arange(len(self._room)), np.ones(len(self._room)))

    def of(self, change: IntArray) -> IntArray | None:
        """Move further cells as little as possible so that a change keeps all relations.

        Args:
            change: difference to the true table; it stays as it is.

        Returns:
            The whole difference, or None if no such move is found.
        """
        system = self._publication.system
        activity = self._activity + system.activity(change)
        broken = (activity < system.lower) | (activity > system.upper)
        if np.count_nonzero(broken) > np.count_nonzero(broken[self._rows]):
            return None
        self._program.set_row_limits(
            np.where(system.lower <= -NO_LIMIT, -NO_LIMIT, system.lower - activity)[self._rows],
            np.where(system.upper >= NO_LIMIT, NO_LIMIT, system.upper - activity)[self._rows],
        )
        moved = np.flatnonzero(np.tile(change[self._cells] != 0, 2))
        self._program.set_limits(moved, np.zeros(len(moved)), np.zeros(len(moved)))
        moves = self._program.solve().integral()
        self._program.set_limits(moved, np.zeros(len(moved)), self._room[moved])
        if moves is None:
            return None
        whole = change.copy()
        count = len(self._cells)
        whole[self._cells] += moves[:count] - moves[count:]
        return whole
