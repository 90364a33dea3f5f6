"""The programs of one part of the tables: changes of cells that relations connect, in steps of one size.

There is a linear one, which answers nearly everything, and one in whole numbers that is built when it is
needed first. Costs and limits are kept here, so that both always agree.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from aggregation.sdc.linear_system import NO_LIMIT, BoolArray, IntArray, LinearSystem
from aggregation.sdc.programs import Answer, FloatArray, LinearProgram, Status, limits_as_floats
from aggregation.sdc.publication import Publication

_REWARD: Final = 0.1
"""What moving a sensitive cell is worth where nothing more has to be withheld for it."""

_MULTIPLES: Final = (1, 2, 3, 4, 6)
"""Factors that make most fractional answers whole."""

_NOWHERE: Final = Answer(Status.INFEASIBLE, np.zeros(0), 0.0, np.zeros(0))

_REACH: Final = 2
"""How many relations away from a vertex with fractions whole numbers are looked for first."""


class Part:
    """The program of one part; variable ``i`` lifts its cell ``i``, variable ``count + i`` lowers it.

    Variables count steps.
    """

    def __init__(
        self,
        publication: Publication,
        cells: IntArray,
        system: LinearSystem,
        costs: FloatArray,
        step: int,
        max_nodes: int,
    ) -> None:
        """Build the linear program.

        Args:
            publication: what is published, for the outsider.
            cells: numbers of the cells of the part, ascending.
            system: relations between their changes.
            costs: what moving each of them by a step costs.
            step: size of a step.
            max_nodes: branches after which whole numbers are given up.
        """
        self._max_nodes = max_nodes
        self._cells = cells
        self._count = len(cells)
        self._step = step
        self._usual = self._room(publication, None)
        self._limits = self._usual.copy()
        self._forbidden: set[int] = set()
        self._costs: FloatArray = np.tile(costs, 2)
        self._system = system.in_steps(step).in_two_parts()
        self._linear = self._program(whole=False)
        self._integer: LinearProgram | None = None
        self._vertex: FloatArray = np.zeros(0)

    @property
    def solves(self) -> int:
        """Number of programs solved."""
        return self._linear.solves + (self._integer.solves if self._integer else 0)

    def set_costs(self, cells: IntArray, cost: float) -> None:
        """Change what moving some cells costs, either way."""
        numbers = np.searchsorted(self._cells, cells)
        both = np.concatenate([numbers, numbers + self._count])
        self._costs[both] = cost
        for program in self._programs():
            program.set_costs(both, self._costs[both])

    def forbid(self, cell: int) -> None:
        """Hold a cell at its true value."""
        self._forbidden.add(cell)
        self._set_limits(self._both(cell), np.zeros(2))

    def allow(self, cell: int) -> None:
        """Let a forbidden cell move again."""
        self._forbidden.remove(cell)
        both = self._both(cell)
        self._set_limits(both, self._usual[both])

    def see(self, publication: Publication, known: BoolArray | None) -> None:
        """Move only what somebody cannot rule out who sees this publication and knows some of its cells."""
        self._usual = self._room(publication, known)
        limits = self._usual.copy()
        for cell in self._forbidden:
            limits[self._both(cell)] = 0.0
        changed = np.flatnonzero(limits != self._limits)
        self._set_limits(changed, limits[changed])

    def cheapest(self, cell: int, sign: int, steps: int, *, whole: bool) -> Answer:
        """Return the cheapest change that moves a cell by some steps; in fractions unless ``whole``."""
        if whole and self._integer is None:
            self._integer = self._program(whole=True)
        return self._moving(self._integer if whole and self._integer else self._linear, cell, sign, steps)

    def any_at_all(self, cell: int, sign: int, steps: int) -> Answer:
        """Return any change in whole numbers that moves a cell by at least some steps, at whatever cost."""
        answer = self._moving(self._linear, cell, sign, steps)
        if answer.status is Status.INFEASIBLE:
            return answer
        program = self._program(whole=True)
        program.set_costs(np.arange(2 * self._count), np.zeros(2 * self._count))
        return self._moving(program, cell, sign, steps)

    def _moving(self, program: LinearProgram, cell: int, sign: int, steps: int) -> Answer:
        both = self._both(cell)[::sign]  # the direction asked for comes first
        limits = self._limits[both]
        if limits[0] < steps:
            return _NOWHERE
        program.set_limits(both, np.array([float(steps), 0.0]), np.array([limits[0], 0.0]))
        is_linear = program is self._linear
        answer = program.solve() if is_linear else self._nearby(program, both)
        program.set_limits(both, np.zeros(2), limits)
        if is_linear:
            self._vertex = answer.values
        return answer

    def _nearby(self, program: LinearProgram, asked: IntArray) -> Answer:
        """Solve in whole numbers, first with what the last vertex moves and its relations reach only.

        The whole part costs a hundred times as much, and is hardly ever needed.
        """
        system, moved = self._system, np.zeros(2 * self._count, dtype=np.bool_)
        moved[: len(self._vertex)] = self._vertex != 0
        for _ in range(_REACH):
            rows = np.zeros(system.rows, dtype=np.bool_)
            rows[system.row_of_entry[moved[system.columns]]] = True
            moved[system.columns[rows[system.row_of_entry]]] = True
        moved[asked] = True
        far = np.flatnonzero(~moved)
        program.set_limits(far, np.zeros(len(far)), np.zeros(len(far)))
        answer = program.solve()
        program.set_limits(far, np.zeros(len(far)), self._limits[far])
        return answer if answer.status is Status.OPTIMAL or not len(far) else program.solve()

    def for_nothing(self, cells: IntArray, signs: IntArray) -> Answer:
        """Return a change that moves as many cells as possible by a step and needs nothing published."""
        up = np.searchsorted(self._cells, cells)
        down = up + self._count
        forward, backward = np.where(signs > 0, up, down), np.where(signs > 0, down, up)
        published = np.flatnonzero(self._costs >= 1.0)
        program, limits = self._linear, self._limits
        program.set_limits(published, np.zeros(len(published)), np.zeros(len(published)))
        program.set_limits(forward, np.zeros(len(forward)), np.minimum(limits[forward], 1.0))
        program.set_limits(backward, np.zeros(len(backward)), np.zeros(len(backward)))
        program.set_costs(forward, np.full(len(forward), -_REWARD))
        answer = program.solve()
        everything = np.arange(2 * self._count)
        program.set_limits(everything, np.zeros(len(everything)), limits)
        program.set_costs(forward, self._costs[forward])
        return answer

    def write(self, answer: Answer, change: IntArray) -> bool:
        """Write an answer, or a small multiple of it, in whole numbers into a change of the whole table.

        The relations are linear and the true table keeps them, so a multiple of a change keeps them too;
        whether it stays above the floors is for the caller to check.

        Returns:
            False (and nothing is written) if no small multiple is integral.
        """
        if answer.status is not Status.OPTIMAL:
            return False
        for factor in _MULTIPLES:
            moves = replace(answer, values=answer.values * factor).integral()
            if moves is not None:
                change[self._cells] = (moves[: self._count] - moves[self._count :]) * self._step
                return True
        return False

    def _room(self, publication: Publication, known: BoolArray | None) -> FloatArray:
        """How far each cell can go up (first half) and down."""
        floors = publication.floors[self._cells]
        down = np.where(
            floors <= -NO_LIMIT, NO_LIMIT, (publication.values[self._cells] - floors) // self._step
        )
        limits = np.concatenate([np.full(self._count, NO_LIMIT, dtype=np.int64), down])
        if known is not None:
            limits[np.tile(known[self._cells], 2)] = 0
        return limits_as_floats(limits)

    def _both(self, cell: int) -> IntArray:
        number = int(np.searchsorted(self._cells, cell))
        return np.array([number, number + self._count])

    def _programs(self) -> list[LinearProgram]:
        return [self._linear] + ([self._integer] if self._integer else [])

    def _program(self, *, whole: bool) -> LinearProgram:
        everything = np.arange(2 * self._count)
        program = LinearProgram(
            self._system,
            np.zeros(len(everything)),
            self._limits,
            integral=everything if whole else (),
            changing="limits",
            max_nodes=self._max_nodes if whole else None,
        )
        program.set_costs(everything, self._costs)
        return program

    def _set_limits(self, numbers: IntArray, upper: FloatArray) -> None:
        self._limits[numbers] = upper
        for program in self._programs():
            program.set_limits(numbers, np.zeros(len(upper)), upper)
