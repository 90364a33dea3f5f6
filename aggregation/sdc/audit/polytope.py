"""The attacker's polytope: all tables that fit what is published, as programs around the true one.

The audit asks it for tables and extremes; it draws no conclusion but those that integer arithmetic allows.
It deliberately knows nothing of the programs of the suppression.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from typing import Final, Self

import numpy as np

from aggregation.sdc.audit.arguments import Proof, proof, whole_ray
from aggregation.sdc.audit.examination import Argument
from aggregation.sdc.linear_system import NO_LIMIT, BoolArray, IntArray, LinearSystem, components
from aggregation.sdc.programs import Answer, FloatArray, LinearProgram, Status, limits_as_floats
from aggregation.sdc.publication import Publication

_FIGURES: Final = 10**7
"""Numbers beyond this are handed to the solver in a larger unit, so that its tolerances stay below one."""

_MULTIPLES: Final = (1, 2, 3)
"""Vertices have halves and thirds where they have fractions: twice or three times as far may be whole."""

_CLOSE: Final = 1e-6

_NOWHERE: Final = Answer(Status.INFEASIBLE, np.zeros(0), 0.0, np.zeros(0))


class Polytope:
    """The attacker's polytope around the true table, cut down to what is connected to the cells in question.

    Variables are differences to the true values, so no large total ever meets a tolerance.

    Attributes:
        cells: numbers of the cells that are left, ascending.
        system: the relations between the cells, over differences.
        rows: number of each relation in the whole system.
        lower: how far each cell can fall at most, as a difference; ``-NO_LIMIT`` if for ever.
        largest: the largest figure, without its sign.
        programs: number of programs solved.
    """

    def __init__(
        self, system: LinearSystem, cells: IntArray, rows: IntArray, lower: IntArray, *, largest: int
    ) -> None:
        """Take a system over differences.

        Args:
            system: the relations between the cells.
            cells: number of each cell in the whole system, ascending.
            rows: number of each relation in the whole system.
            lower: how far each cell can fall at most.
            largest: the largest figure, without its sign.
        """
        self.system, self.cells, self.lower = system, cells, lower
        self.rows, self.largest = rows, largest
        self._unit = 1
        while largest > _FIGURES * self._unit:
            self._unit *= 10
        self._box = 2 * largest + 16  # vertices need an end; proofs of exposure do not
        self.programs = 0

    @classmethod
    def around(cls, publication: Publication, unknown: BoolArray, wanted: IntArray) -> Self:
        """Cut it out of what is published.

        Args:
            publication: what is published.
            unknown: cells that substitution does not solve.
            wanted: numbers of the cells in question, all of them unknown.
        """
        cells, whole = np.flatnonzero(unknown), publication.system
        activity = whole.activity(publication.values)
        labels = components(whole.among(cells, activity)[0])
        cells = cells[carrying(labels, labels[np.searchsorted(cells, wanted)])]
        system, rows = whole.among(cells, activity)
        floors, values = publication.floors[cells], publication.values[cells]
        lower = np.where(floors <= -NO_LIMIT, -NO_LIMIT, floors - values)
        return cls(system, cells, rows, lower, largest=int(np.abs(values).max(initial=0)))

    @cached_property
    def labels(self) -> IntArray:
        """One label per cell; cells of one component share it."""
        return components(self.system)

    def apart(self, least: int) -> Iterator[Polytope]:
        """Yield one polytope per component, as what no relation connects is better asked apart.

        Args:
            least: cells below which components share one: there may be thousands of them.
        """
        nothing = np.zeros(self.system.rows, dtype=np.int64)
        _, component, sizes = np.unique(self.labels, return_inverse=True, return_counts=True)
        tiny = sizes < least
        share = np.where(tiny, np.cumsum(sizes * tiny) // least, len(self.cells) + np.arange(len(sizes)))
        for number in np.unique(share).tolist():
            own = np.flatnonzero(share[component] == number)
            system, rows = self.system.among(own, nothing)
            yield Polytope(system, self.cells[own], self.rows[rows], self.lower[own], largest=self.largest)

    def under(self, rows: BoolArray) -> Polytope:
        """Return the polytope with some of its relations only."""
        system = self.system.only_rows(rows)
        return Polytope(system, self.cells, self.rows[rows], self.lower, largest=self.largest)

    def among(self, cells: IntArray) -> IntArray:
        """Return those of some cells of the whole system that are left here."""
        places = np.minimum(self._numbers(cells), len(self.cells) - 1)
        inside: IntArray = cells[self.cells[places] == cells]
        return inside

    # ------------------------------------------------------------------------------------------- tables

    def towards(self, waiting: IntArray, directions: IntArray, random: np.random.Generator) -> Answer:
        """Return a vertex that moves the waiting cells as wanted; where that is 0, anyhow."""
        costs: FloatArray = np.zeros(len(self.cells))
        numbers = self._numbers(waiting)
        sign = np.where(self.lower[numbers] >= 0, -1.0, random.choice([-1.0, 1.0], len(numbers)))
        sign = np.where(directions == 0, sign, -directions)
        costs[numbers] = sign * random.uniform(0.5, 1.5, len(numbers))
        self.programs += 1
        return self._boxed.minimise(costs)

    def nearest(self, cell: int, sign: int, amount: int) -> Answer:
        """Return the differences of a nearest table in which the cell moves by an amount in one direction."""
        number, count = self._number(cell), len(self.cells)
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

    def whole_step(self, cell: int, sign: int, amount: int, *, max_nodes: int | None = None) -> Answer:
        """Return an integer table in which the cell differs by at least an amount in one direction.

        In whole figures whatever the unit: the answer is in units, as all others. Any table will do, so the
        search ends with the first one.

        Args:
            cell: its number.
            sign: 1 for up, -1 for down.
            amount: at least 1.
            max_nodes: branches after which it is given up; None for never.
        """
        number = self._number(cell)
        lower, upper = self.lower.copy(), np.full(len(self.cells), NO_LIMIT, dtype=np.int64)
        if sign > 0:
            lower[number] = amount
        else:
            upper[number] = -amount
        if lower[number] > upper[number]:
            return _NOWHERE
        self.programs += 1
        program = LinearProgram(
            self.system,
            limits_as_floats(lower),
            limits_as_floats(upper),
            integral=range(len(self.cells)),
            max_nodes=max_nodes,
            any_solution=True,
        )
        # Moving up what cannot go down costs: tables without fractions are found three times as soon so.
        answer = program.minimise((lower >= 0).astype(np.float64))
        return replace(answer, values=answer.values / self._unit)

    def table(self, answer: Answer) -> IntArray:
        """Return an answer as a checked difference to the true table, cell by cell; where it is none, 0.

        Each component stands by itself: one without an integer solution does not spoil the others.
        """
        change = np.zeros(len(self.cells), dtype=np.int64)
        if answer.status is not Status.OPTIMAL:
            return change
        moved = np.abs(answer.values) > _CLOSE
        for times in _MULTIPLES:
            left = moved & ~carrying(self.labels, self.labels[change != 0])
            if not left.any():
                break
            change = np.where(left, self._whole(answer.values * (self._unit * times)), change)
        return change

    def _whole(self, values: FloatArray) -> IntArray:
        """Round values, and let the components stand still that are no integer solution then."""
        change = np.rint(values).astype(np.int64)
        bad_row = ~self.system.satisfied(change)
        first = self.system.columns[self.system.starts[:-1]]
        bad = np.concatenate([self.labels[change < self.lower], self.labels[first[bad_row]]])
        return np.where(carrying(self.labels, bad), 0, change)

    # ----------------------------------------------------------------------------------------- extremes

    def extreme(
        self, cell: int, sign: int, *, enough: int | None = None
    ) -> tuple[Answer, int | None, Proof | None]:
        """Look for the largest (smallest) difference that a cell can have.

        Args:
            cell: its number.
            sign: 1 for the largest, -1 for the smallest.
            enough: a difference beyond which nothing more is asked; None if the limit itself is wanted.

        Returns:
            The answer; the largest whole number of steps in that direction that is proven to be a limit,
            None if none is; and the proof.
        """
        number = self._number(cell)
        costs = np.zeros(len(self.cells))
        costs[number] = -sign
        where = np.array([number])
        if enough is not None:
            self._limit(where, sign, enough)
        self.programs += 1
        answer = self._free.minimise(costs, with_duals=True)
        if enough is not None:
            self._limit(where, sign, NO_LIMIT)
        if answer.status is not Status.OPTIMAL:
            return answer, None, None
        found = proof(self.system, self.lower, cell=number, sign=sign, duals=answer.row_duals)
        return answer, None if found is None else int(found.bound // 1), found

    def _limit(self, where: IntArray, sign: int, amount: int) -> None:
        """Let a cell move by no more than an amount in one direction."""
        lower = self.lower[where] if sign > 0 else np.maximum(self.lower[where], -amount)
        upper = np.full(1, amount if sign > 0 else NO_LIMIT, dtype=np.int64)
        self._free.set_limits(
            where, limits_as_floats(lower) / self._unit, limits_as_floats(upper) / self._unit
        )

    def endless(self, cell: int, sign: int) -> IntArray | None:
        """Return a checked direction in which a cell grows (falls) for ever, or None if none is found."""
        costs = np.zeros(len(self.cells))
        costs[self._number(cell)] = -sign
        self.programs += 1
        answer = self._cone.minimise(costs)
        if answer.status is not Status.OPTIMAL:
            return None
        ray = whole_ray(self.system, self.lower > -NO_LIMIT, answer.values)
        return ray if ray is not None and ray[self._number(cell)] * sign > 0 else None

    def whole_extreme(self, cell: int, sign: int) -> Answer:
        """Return an integer table in which a cell has its largest (smallest) value; that value has an end."""
        program = LinearProgram(
            self.system,
            limits_as_floats(self.lower),
            np.full(len(self.cells), np.inf),
            integral=range(len(self.cells)),
        )
        costs = np.zeros(len(self.cells))
        costs[self._number(cell)] = -sign
        self.programs += 1
        answer = program.minimise(costs)
        return replace(answer, values=answer.values / self._unit)

    def argument(self, sign: int, proof: Proof) -> Argument:
        """Return a proof with the numbers that relations and cells have in the whole system."""
        rows = zip(self.rows.tolist(), proof.weights, strict=True)
        weights = tuple((row, weight) for row, weight in rows if weight)
        return Argument(sign, weights, tuple(self.cells[proof.floors].tolist()))

    # ----------------------------------------------------------------------------------------- programs

    @cached_property
    def _boxed(self) -> LinearProgram:
        lower = np.maximum(self.lower, -self._box) / self._unit
        return LinearProgram(
            self.system, lower, np.full(len(self.cells), self._box / self._unit), unit=self._unit
        )

    @cached_property
    def _free(self) -> LinearProgram:
        lower = limits_as_floats(self.lower) / self._unit
        return LinearProgram(self.system, lower, np.full(len(self.cells), np.inf), unit=self._unit)

    @cached_property
    def _cone(self) -> LinearProgram:
        """The directions without an end, up to a length of one per cell."""
        rows: LinearSystem = replace(
            self.system,
            lower=np.where(self.system.lower <= -NO_LIMIT, -NO_LIMIT, 0),
            upper=np.where(self.system.upper >= NO_LIMIT, NO_LIMIT, 0),
        )
        return LinearProgram(rows, np.where(self.lower <= -NO_LIMIT, -1.0, 0.0), np.ones(len(self.cells)))

    @cached_property
    def _apart(self) -> LinearProgram:
        """The polytope with rises and falls as variables; what is minimised is their sum."""
        everything = np.arange(len(self._room))
        program = LinearProgram(
            self.system.in_two_parts(),
            np.zeros(len(everything)),
            self._room,
            changing="everything",
            unit=self._unit,
        )
        program.set_costs(everything, np.ones(len(everything)))
        return program

    @cached_property
    def _room(self) -> FloatArray:
        """How far each cell can rise (first half) and fall."""
        room = np.concatenate([np.full_like(self.lower, NO_LIMIT), -self.lower])
        return limits_as_floats(room) / self._unit

    def _numbers(self, cells: IntArray) -> IntArray:
        return np.searchsorted(self.cells, cells)

    def _number(self, cell: int) -> int:
        return int(np.searchsorted(self.cells, cell))


def carrying(labels: IntArray, some: IntArray) -> BoolArray:
    """Return which cells carry one of some labels (``np.isin`` would import ``numpy.ma``: 85 ms)."""
    chosen = np.zeros(int(labels.max(initial=-1)) + 1, dtype=np.bool_)
    chosen[some] = True
    return chosen[labels]
