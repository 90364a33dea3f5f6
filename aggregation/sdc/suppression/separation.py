"""Finds cuts that a pattern breaks: the largest possible movement of a cell, and the combination behind it.

For one goal the program maximises how far the cell can move when every cell moves at most as far as the
pattern lets it. If that is less than demanded, the duals say which relations hold it back, and the exact cut
(`cuts`) follows. Cells that are not withheld are given a tiny share: among all combinations that explain it
the one with the fewest further cells wins, which is the strongest cut.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from aggregation.sdc.demands import DIFFER
from aggregation.sdc.linear_system import NO_LIMIT, IntArray
from aggregation.sdc.programs import FloatArray, LinearProgram, Status, limits_as_floats
from aggregation.sdc.suppression.cuts import Cut, Room, derive, either, whole_numbers
from aggregation.sdc.suppression.goals import SIGNS, Goals
from aggregation.sdc.suppression.task import Task

_TINY: Final = 1e-3
"""Share of its room that a published cell gets."""

_WELCOME: Final = 1e-6
"""The same for a cell that is in the cut already."""


class Separation:
    """The relations between all cells that may move, for any goal.

    Attributes:
        cells: numbers of the cells that may move; patterns here have one entry per such cell.
    """

    def __init__(self, task: Task, goals: Goals) -> None:
        """Index the relations; programs are built per attacker when they are needed first."""
        publication = task.publication
        self._task = task
        self._goals = goals
        self.cells: IntArray = np.flatnonzero(publication.withheld | task.optional)
        self._number = np.full(goals.cells, -1, dtype=np.int64)
        self._number[self.cells] = np.arange(len(self.cells))
        self.system, _ = publication.system.among(self.cells, publication.system.activity(publication.values))
        self._always = np.flatnonzero(publication.withheld[self.cells])
        self._programs: dict[int, LinearProgram] = {}
        limits = np.concatenate([self.system.lower, self.system.upper])
        self._has_slack = bool(np.any((limits != 0) & (np.abs(limits) < NO_LIMIT)))
        self._rooms: dict[int, Room] = {}

    @property
    def solves(self) -> int:
        """Number of programs solved."""
        return sum(program.solves for program in self._programs.values())

    def room(self, view: int) -> Room:
        """Return how far the cells can move for an attacker."""
        if view not in self._rooms:
            seen = self._task.views[view].of(self._task.publication)
            cells = self.cells
            floors, still = seen.floors[cells], np.zeros(len(cells), dtype=np.bool_)
            known = self._task.views[view].known
            if known is not None:
                still = known[cells]
            down = np.where(floors <= -NO_LIMIT, NO_LIMIT, seen.values[cells] - floors)
            up = np.where(still, 0, NO_LIMIT)
            self._rooms[view] = Room(up, np.where(still, 0, np.maximum(down, 0)), self._always)
        return self._rooms[view]

    def first_cuts(self, goals: IntArray) -> list[Cut]:
        """Return what each single relation demands for some goals: whoever moves in it needs company."""
        found: list[Cut] = []
        system = self.system
        rows_of = _rows_by_cell(system.columns, system.row_of_entry, system.cells)
        for goal in goals.tolist():
            for row in rows_of[int(self._number[self._goals.cell[goal]])]:
                combination = np.zeros(system.rows, dtype=np.int64)
                combination[row] = 1
                cut = self._joined(goal, [combination for _ in SIGNS[int(self._goals.kind[goal])]])
                if cut is not None:
                    found.append(cut)
        return found

    def broken_cut(self, goal: int, pattern: FloatArray) -> Cut | None:
        """Return a cut that a pattern breaks for one goal, or None if the relations are content with it.

        Args:
            goal: number of the goal.
            pattern: share of each cell that is withheld, from 0 to 1.
        """
        combinations: list[IntArray] = []
        shares = np.maximum(pattern, _TINY)
        kind = int(self._goals.kind[goal])
        for sign in SIGNS[kind]:
            combination = self._holding_back(goal, sign, shares)
            if combination is None:
                return None
            combinations.append(combination)
            if kind == DIFFER:
                cut = self._cut(goal, sign, combination)
                if cut is not None:
                    shares = shares.copy()
                    outside = cut.cells[pattern[cut.cells] < _TINY]
                    shares[outside] = _WELCOME
        cut = self._joined(goal, combinations)
        return cut if cut is not None and cut.is_broken_by(pattern) else None

    def _joined(self, goal: int, combinations: list[IntArray]) -> Cut | None:
        """Return what holds whichever direction the cell goes, from a combination for each."""
        joined: Cut | None = None
        for sign, combination in zip(SIGNS[int(self._goals.kind[goal])], combinations, strict=True):
            if self._is_shut(goal, sign):
                continue
            cut = self._cut(goal, sign, combination)
            if cut is None:
                return None
            joined = cut if joined is None else either(joined, cut)
        return joined

    def _cut(self, goal: int, sign: int, combination: IntArray) -> Cut | None:
        goals = self._goals
        return derive(
            self.system,
            combination,
            self.room(int(goals.view[goal])),
            cell=int(self._number[goals.cell[goal]]),
            sign=sign,
            amount=int(goals.amount[goal]),
        )

    def _is_shut(self, goal: int, sign: int) -> bool:
        """Whether the cell itself has no room in a direction."""
        room, number = self.room(int(self._goals.view[goal])), self._number[self._goals.cell[goal]]
        return bool((room.up if sign > 0 else room.down)[number] < self._goals.amount[goal])

    def _holding_back(self, goal: int, sign: int, shares: FloatArray) -> IntArray | None:
        """Return the combination that keeps a cell from moving as far as demanded; None if nothing does."""
        goals = self._goals
        if self._is_shut(goal, sign):
            return np.zeros(self.system.rows, dtype=np.int64)
        amount, number = int(goals.amount[goal]), int(self._number[goals.cell[goal]])
        room = self.room(int(goals.view[goal]))
        up, down = (_reach(limits, shares, amount) for limits in (room.up, room.down))
        up[number], down[number] = (1.0, 0.0) if sign > 0 else (0.0, 1.0)
        program = self._program(amount)
        program.set_limits(np.arange(len(shares)), -down, up)
        costs = np.zeros(len(shares))
        costs[number] = -sign
        answer = program.minimise(costs, with_duals=True)
        if answer.status is not Status.OPTIMAL or -answer.objective > 1.0 - 1e-6:
            return None
        return whole_numbers(answer.row_duals)

    def _program(self, amount: int) -> LinearProgram:
        """Return the program over changes as shares of an amount."""
        unit = amount if self._has_slack else 1
        if unit not in self._programs:
            zeros = np.zeros(self.system.cells)
            self._programs[unit] = LinearProgram(self.system, zeros, zeros, unit=unit)
        return self._programs[unit]


def _reach(room: IntArray, shares: FloatArray, amount: int) -> FloatArray:
    """Return how far cells move at most, in multiples of an amount, if they are withheld in part."""
    whole = limits_as_floats(room) / amount
    return np.where(shares >= 1.0, whole, np.minimum(whole, 1.0) * shares)


def _rows_by_cell(columns: IntArray, rows: IntArray, cells: int) -> list[list[int]]:
    found: list[list[int]] = [[] for _ in range(cells)]
    for column, row in zip(columns.tolist(), rows.tolist(), strict=True):
        found[column].append(row)
    return found
