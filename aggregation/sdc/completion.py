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
        inside, rows = system.among(self._cells, self._activity)
        self._number = np.full(system.rows, -1, dtype=np.int64)
        self._number[rows] = np.arange(len(rows))
        self._lower, self._upper = inside.lower, inside.upper
        floors, values = publication.floors[self._cells], publication.values[self._cells]
        room = np.where(floors <= -NO_LIMIT, NO_LIMIT, values - floors)
        self._room = limits_as_floats(np.concatenate([np.full(len(room), NO_LIMIT), room]))
        self._program = LinearProgram(
            inside.in_two_parts(), np.zeros(len(self._room)), self._room, changing="limits"
        )
        self._program.set_costs(np.arange(len(self._room)), np.ones(len(self._room)))

    def of(self, cells: IntArray, by: IntArray) -> IntArray | None:
        """Move further cells as little as possible so that a change keeps all relations.

        Args:
            cells: the cells that change.
            by: by how much; they change no further.

        Returns:
            The whole difference to the true table, one entry per cell; None if no such move is found.
        """
        system = self._publication.system
        entry, of = system.entries_of(cells)
        change = np.bincount(
            system.row_of_entry[entry], system.coefficients[entry] * by[of], minlength=system.rows
        )
        rows = np.flatnonzero(change)
        change = np.rint(change[rows]).astype(np.int64)
        activity = self._activity[rows] + change
        broken = (activity < system.lower[rows]) | (activity > system.upper[rows])
        number = self._number[rows]
        if np.any(broken & (number < 0)):
            return None
        change, number = change[number >= 0], number[number >= 0]
        lower, upper = self._lower[number], self._upper[number]
        self._program.set_row_limits(
            number,
            np.where(lower <= -NO_LIMIT, -NO_LIMIT, lower - change),
            np.where(upper >= NO_LIMIT, NO_LIMIT, upper - change),
        )
        still = np.flatnonzero(np.tile(np.isin(self._cells, cells), 2))
        self._program.set_limits(still, np.zeros(len(still)), np.zeros(len(still)))
        moves = self._program.solve().integral()
        self._program.set_limits(still, np.zeros(len(still)), self._room[still])
        self._program.set_row_limits(number, lower, upper)
        if moves is None:
            return None
        whole = np.zeros(system.cells, dtype=np.int64)
        whole[self._cells] = moves[: len(self._cells)] - moves[len(self._cells) :]
        whole[cells] = by
        return whole
