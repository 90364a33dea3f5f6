"""The attacker's polytope: all tables that fit what is published, as programs around the true one.

The audit asks it for tables and extremes; it draws no conclusion but those that integer arithmetic allows.
It deliberately knows nothing of the programs of the suppression (`moves`).
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Final

import numpy as np

from aggregation.sdc.linear_system import NO_LIMIT, BoolArray, IntArray, components
from aggregation.sdc.programs import Answer, FloatArray, LinearProgram, Status, limits_as_floats
from aggregation.sdc.publication import Publication

_CLOSE: Final = 1e-6
_FIGURES: Final = 10**7
"""Numbers beyond this are handed to the solver in a larger unit, so that its tolerances stay below one."""

_NOWHERE: Final = Answer(Status.INFEASIBLE, np.zeros(0), 0.0, np.zeros(0))


class Polytope:
    """The attacker's polytope around the true table, cut down to what is connected to the cells in question.

    Variables are differences to the true values, so no large total ever meets a tolerance.
    """

    def __init__(self, publication: Publication, unknown: BoolArray, wanted: IntArray) -> None:
        """Cut it out.

        Args:
            publication: what is published.
            unknown: cells that substitution does not solve.
            wanted: numbers of the cells in question, all of them unknown.
        """
        self._publication = publication
        cells, whole = np.flatnonzero(unknown), publication.system
        activity = whole.activity(publication.values)
        labels = components(whole.among(cells, activity)[0])
        connected = _carry(labels, labels[np.searchsorted(cells, wanted)])
        self._cells = cells[connected]
        self._labels = labels[connected]
        self._number = np.full(len(unknown), -1, dtype=np.int64)
        self._number[self._cells] = np.arange(len(self._cells))
        self._system, self._row_numbers = whole.among(self._cells, activity)
        floors = publication.floors[self._cells]
        values = publication.values[self._cells]
        self._lower = np.where(floors <= -NO_LIMIT, -NO_LIMIT, floors - values)
        largest = int(np.abs(values).max(initial=0))
        self._unit = 1
        while largest > _FIGURES * self._unit:
            self._unit *= 10
        self._box = 2 * largest + 16  # vertices need an end; proofs of exposure do not
        self._boxed = LinearProgram(
            self._system,
            np.maximum(self._lower, -self._box) / self._unit,
            np.full(len(self._cells), self._box / self._unit),
            unit=self._unit,
        )
        self.programs = 0

    def towards(self, waiting: IntArray, directions: IntArray, random: np.random.Generator) -> Answer:
        """Return a vertex that moves the waiting cells as wanted; where that is 0, anyhow."""
        costs: FloatArray = np.zeros(len(self._cells))
        numbers = self._number[waiting]
        sign = np.where(self._lower[numbers] >= 0, -1.0, random.choice([-1.0, 1.0], len(numbers)))
        sign = np.where(directions == 0, sign, -directions)
        costs[numbers] = sign * random.uniform(0.5, 1.5, len(numbers))
        return self._boxed.minimise(costs)

    def nearest(self, cell: int, sign: int, amount: int) -> Answer:
        """Return the differences of a nearest table in which the cell moves by an amount in one direction."""
        number, count = int(self._number[cell]), len(self._cells)
        both = np.array([number, number + count])
        one_way = np.array([amount / self._unit, 0.0])[::sign]
        usual = self._room[both]
        if np.any(one_way > usual):
            return _NOWHERE
        self.programs += 1
        self._apart.set_limits(both, one_way, one_way)
        answer = self._apart.solve()
        self._apart.set_limits(both, np.zeros(2), usual)
        if answer.status is not Status.OPTIMAL:
            return answer
        return replace(answer, values=answer.values[:count] - answer.values[count:])

    @cached_property
    def _apart(self) -> LinearProgram:
        """The polytope with rises and falls as variables; what is minimised is their sum."""
        everything = np.arange(len(self._room))
        program = LinearProgram(
            self._system.in_two_parts(),
            np.zeros(len(everything)),
            self._room,
            changing="limits",
            unit=self._unit,
        )
        program.set_costs(everything, np.ones(len(everything)))
        return program

    @cached_property
    def _room(self) -> FloatArray:
        """How far each cell can rise (first half) and fall."""
        room = np.concatenate([np.full_like(self._lower, NO_LIMIT), -self._lower])
        return limits_as_floats(room) / self._unit

    def extreme(self, cell: int, sign: int) -> Answer:
        """Return the largest (smallest) difference the cell can have inside the box."""
        self.programs += 1
        costs = np.zeros(len(self._cells))
        costs[self._number[cell]] = -sign
        return self._boxed.minimise(costs, with_duals=True)

    def excludes(self, answer: Answer, amount: int) -> bool:
        """Whether an extreme value shows that the cell cannot differ by an amount in that direction.

        Where the box binds, an extreme below it shows nothing (outside, the cell might go further), unless it
        is 0: the true table is a solution, so if any other moved the cell, a nearer one inside the box would.
        """
        if answer.status is not Status.OPTIMAL:
            return False
        reached = abs(answer.objective) * self._unit
        if reached >= amount * (1.0 - _CLOSE):
            return False
        boxed_in = np.abs(answer.values).max(initial=0.0) * self._unit >= self._box - 0.5
        return reached < _CLOSE * self._unit or not boxed_in

    def integer_step(self, cell: int, sign: int, amount: int) -> Answer:
        """Return an integer table in which the cell differs by at least an amount in one direction.

        In whole figures whatever the unit: the answer is in units, as all others.
        """
        self.programs += 1
        lower, upper = self._lower.copy(), np.full(len(self._cells), NO_LIMIT, dtype=np.int64)
        number = int(self._number[cell])
        if sign > 0:
            lower[number] = amount
        else:
            upper[number] = -amount
        if lower[number] > upper[number]:
            return _NOWHERE
        program = LinearProgram(
            self._system,
            limits_as_floats(lower),
            limits_as_floats(upper),
            integral=range(len(self._cells)),
        )
        costs = np.zeros(len(self._cells))
        costs[number] = sign
        answer = program.minimise(costs)
        return replace(answer, values=answer.values / self._unit)

    def witness(self, answer: Answer) -> IntArray:
        """Return a solution as a checked difference to the true table; where it is none, nothing moves.

        Each component stands by itself: one without an integer solution does not spoil the others.
        """
        whole = np.zeros(len(self._number), dtype=np.int64)
        if answer.status is not Status.OPTIMAL:
            return whole
        change = np.rint(answer.values * self._unit).astype(np.int64)
        good_cell = change >= self._lower
        bad_row = ~self._system.satisfied(change)
        first = self._system.columns[self._system.starts[:-1]]
        bad_labels = np.concatenate([self._labels[~good_cell], self._labels[first[bad_row]]])
        whole[self._cells] = np.where(_carry(self._labels, bad_labels), 0, change)
        return whole

    def rows_behind(self, answer: Answer) -> list[int]:
        """Return the relations that force the optimum."""
        if answer.status is not Status.OPTIMAL or not len(answer.row_duals):
            return []
        return [int(self._row_numbers[row]) for row in np.flatnonzero(np.abs(answer.row_duals) > 1e-9)]


def _carry(labels: IntArray, some: IntArray) -> BoolArray:
    """Return which cells carry one of some labels (``np.isin`` would import ``numpy.ma``: 85 ms)."""
    chosen = np.zeros(int(labels.max(initial=-1)) + 1, dtype=np.bool_)
    chosen[some] = True
    return chosen[labels]
