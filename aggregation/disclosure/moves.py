"""Changes of a table as a program: every movable cell goes up or down, each at a cost.

The suppression asks it for the cheapest change that moves one cell, or for one that moves many cells without
withholding anything more. Invariants: only cells that are withheld or may be can move, no relation is broken,
no cell falls below what an attacker must grant it. Answers are proposals: whoever uses one checks it in
integer arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from aggregation.disclosure.linear_system import NO_LIMIT, BoolArray, IntArray, LinearSystem
from aggregation.disclosure.programs import Answer, FloatArray, LinearProgram, Status
from aggregation.disclosure.publication import Publication

FREE: Final = 1e-3
"""Cost of moving a cell that is withheld anyway, relative to the cheapest cell: keeps witnesses small."""

WELCOME: Final = 1e-4
"""Cost of moving a sensitive cell that has no witness yet: one witness should serve many."""

_NOWHERE: Final = Answer(Status.INFEASIBLE, np.zeros(0), 0.0, np.zeros(0))


@dataclass(frozen=True, eq=False)
class Task:
    """What is to be protected, and with which means.

    Attributes:
        publication: the pattern so far; sensitive cells are withheld in it.
        sensitive: cells that must not be computable.
        upward: cells that should also have a witness in which they are larger, if that is possible at all.
        optional: published cells that may be withheld too.
        costs: what withholding each cell costs, at least 1.
    """

    publication: Publication
    sensitive: BoolArray
    upward: BoolArray
    optional: BoolArray
    costs: FloatArray


class Moves:
    """The program; variable ``i`` lifts movable cell ``i``, variable ``count + i`` lowers it."""

    def __init__(self, task: Task) -> None:
        """Build it from what is withheld or may be."""
        publication = task.publication
        self._cells = np.flatnonzero(publication.withheld | task.optional)
        self._count = len(self._cells)
        self._size = len(publication.values)
        self._number = np.full(self._size, -1, dtype=np.int64)
        self._number[self._cells] = np.arange(self._count)
        floors = publication.floors[self._cells]
        room = np.where(floors <= -NO_LIMIT, NO_LIMIT, publication.values[self._cells] - floors)
        self._usual = np.concatenate([np.full(self._count, NO_LIMIT, dtype=np.int64), room])
        self._limits = self._usual.copy()
        start = np.where(publication.withheld, np.where(task.sensitive, WELCOME, FREE), task.costs)
        self._costs: FloatArray = np.tile(start[self._cells], 2)
        self._system = movements(publication, self._cells)
        self._linear = self._program(integral=False)
        self._integer: LinearProgram | None = None

    @property
    def solves(self) -> int:
        """Number of programs solved so far."""
        return self._linear.solves + (self._integer.solves if self._integer else 0)

    def set_free(self, cells: BoolArray) -> None:
        """Let cells move at next to no cost: they are withheld now, and served."""
        numbers = self._number[np.flatnonzero(cells)]
        both = np.concatenate([numbers, numbers + self._count])
        self._costs[both] = FREE
        for program in self._programs():
            program.set_costs(both, self._costs[both])

    def forbid(self, cell: int) -> None:
        """Hold a cell at its true value."""
        self._set_limits(self._both(cell), np.zeros(2, dtype=np.int64))  # it cannot be asked for either

    def allow(self, cell: int) -> None:
        """Let a forbidden cell move again."""
        both = self._both(cell)
        self._set_limits(both, self._usual[both])

    def cheapest(self, cell: int, sign: int) -> Answer:
        """Return the cheapest change that moves a cell by at least 1 in one direction."""
        return self._solve(self._linear, cell, sign)

    def cheapest_integral(self, cell: int, sign: int) -> Answer:
        """Return the cheapest integer change; for when :meth:`cheapest` gives fractions."""
        if self._integer is None:
            self._integer = self._program(integral=True)
        return self._solve(self._integer, cell, sign)

    def for_nothing(self, cells: IntArray, signs: IntArray) -> Answer:
        """Return a change that moves as many of the cells as possible, each by 1 in its direction.

        It moves nothing that would have to be withheld first: the reward of a cell is smaller than the
        cost of any other.
        """
        numbers = self._number[cells]
        forward = np.where(signs > 0, numbers, numbers + self._count)
        backward = np.where(signs > 0, numbers + self._count, numbers)
        program, limits = self._linear, self._limits
        program.set_limits(forward, np.zeros_like(forward), np.minimum(limits[forward], 1))
        program.set_limits(backward, np.zeros_like(backward), np.zeros_like(backward))
        program.set_costs(forward, np.full(len(forward), -0.1))
        answer = program.solve()
        for part in (forward, backward):
            program.set_limits(part, np.zeros_like(part), limits[part])
        program.set_costs(forward, self._costs[forward])
        return answer

    def change(self, answer: Answer) -> IntArray | None:
        """Return a solution as a change of the whole table, or None if it is not integral."""
        moves = answer.integral()
        if moves is None:
            return None
        change = np.zeros(self._size, dtype=np.int64)
        change[self._cells] = moves[: self._count] - moves[self._count :]
        return change

    def _both(self, cell: int) -> IntArray:
        number = self._number[cell]
        return np.array([number, number + self._count])

    def _programs(self) -> list[LinearProgram]:
        return [self._linear] + ([self._integer] if self._integer else [])

    def _program(self, *, integral: bool) -> LinearProgram:
        program = LinearProgram(
            self._system,
            np.zeros(2 * self._count, dtype=np.int64),
            self._limits,
            integral=range(2 * self._count) if integral else (),
            changing="limits",
        )
        program.set_costs(np.arange(2 * self._count), self._costs)
        return program

    def _set_limits(self, numbers: IntArray, upper: IntArray) -> None:
        self._limits[numbers] = upper
        for program in self._programs():
            program.set_limits(numbers, np.zeros_like(upper), upper)

    def _solve(self, program: LinearProgram, cell: int, sign: int) -> Answer:
        both = self._both(cell)[::sign]  # the direction asked for comes first
        limits = self._limits[both]
        if limits[0] < 1:
            return _NOWHERE
        program.set_limits(both, np.array([1, 0]), np.array([limits[0], 0]))
        answer = program.solve()
        program.set_limits(both, np.zeros(2, dtype=np.int64), limits)
        return answer


def movements(publication: Publication, cells: IntArray) -> LinearSystem:
    """Return what each relation leaves to the movable cells, each in two parts: up and down.

    Args:
        publication: the tables.
        cells: the movable cells, ascending.

    Returns:
        A system over ``2 * len(cells)`` variables, the ups first.
    """
    system, _ = publication.system.among(cells, publication.system.activity(publication.values))
    return replace(
        system,
        cells=2 * system.cells,
        starts=2 * system.starts,
        columns=np.stack([system.columns, system.columns + system.cells], axis=1).reshape(-1),
        coefficients=np.stack([system.coefficients, -system.coefficients], axis=1).reshape(-1),
    )
