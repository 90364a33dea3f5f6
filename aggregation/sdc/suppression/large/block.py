"""The cheapest change inside a block, as a linear program; what comes out are pieces that stand alone.

Variables are rises and falls of the block's cells, in steps. A solution falls apart into pieces that no
relation connects; each piece that is whole-numbered (or is so when doubled) and keeps every relation and
floor in integer arithmetic is a change of the whole table, because nothing outside of the block moves.

A piece with other fractions is no table, but says which cells have to be withheld together. Nearly always
whole numbers fit there, too, or will when more is withheld around; an integer program finds them far
sooner if it need not look for cheap ones, and only among what is withheld.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from aggregation.sdc.linear_system import NO_LIMIT, BoolArray, IntArray, LinearSystem, components
from aggregation.sdc.programs import Answer, FloatArray, LinearProgram, Status, limits_as_floats
from aggregation.sdc.publication import Publication

_NEAR: Final = 1e-6
_TIMES: Final = (1, 2)
"""Vertices that are not whole-numbered often have halves."""

_NODES: Final = 500
"""Branches after which whole numbers are given up: most answers come before the first one."""


class Change(NamedTuple):
    """A sparse difference to the true table.

    Attributes:
        cells: the cells that move, ascending.
        amounts: by how much each of them does, never 0.
    """

    cells: IntArray
    amounts: IntArray

    def at(self, cell: int) -> int:
        """Return by how much a cell moves."""
        place = int(np.searchsorted(self.cells, cell))
        return int(self.amounts[place]) if place < len(self.cells) and self.cells[place] == cell else 0


class Found(NamedTuple):
    """What a program answered.

    Attributes:
        status: how it ended.
        change: the piece of the cheapest change that moves the cell asked for, exact; None if there is none.
        promise: where that piece has fractions: the cells that it moves, with amounts rounded up. It keeps
            no relation, and only says where to look.
    """

    status: Status
    change: Change | None = None
    promise: Change | None = None


class Block:
    """The programs of one block.

    Attributes:
        cells: its cells, ascending.
        system: the relations between them; limits are those of changes.
        rows: number that each of these relations has in the whole system.
    """

    def __init__(
        self, publication: Publication, cells: IntArray, activity: IntArray, *, step: int = 1
    ) -> None:
        """Cut it out.

        Args:
            publication: the whole table.
            cells: the cells that may move, ascending.
            activity: what the relations of the whole table add up to.
            step: all cells move by multiples of it.
        """
        self.cells = cells
        self._count = len(cells)
        self._step = step
        self.system, self.rows = publication.system.among(cells, activity)
        floors, values = publication.floors[cells], publication.values[cells]
        self._room = np.where(floors <= -NO_LIMIT, NO_LIMIT, values - floors)
        steps = np.where(floors <= -NO_LIMIT, NO_LIMIT, (values - floors) // step)
        self._upper = limits_as_floats(np.concatenate([np.full(self._count, NO_LIMIT), steps]))
        self._all = np.arange(2 * self._count)
        self._in_steps: LinearSystem = self.system.in_steps(step)
        self._program = LinearProgram(
            self._in_steps.in_two_parts(), np.zeros(2 * self._count), self._upper, changing="everything"
        )
        self._whole: LinearProgram | None = None

    @property
    def solves(self) -> int:
        """Number of programs solved so far."""
        return self._program.solves + (self._whole.solves if self._whole else 0)

    def cheapest(self, place: int, sign: int, amount: int, *, costs: FloatArray, still: BoolArray) -> Found:
        """Return the cheapest change that moves a cell by at least an amount, if fractions were allowed.

        Args:
            place: position of the cell in ``cells``.
            sign: 1 for up, -1 for down.
            amount: at least 1.
            costs: of moving each cell of the block by one step.
            still: which cells of the block must not move.
        """
        return self._ask(self._program, place, sign, amount, costs=costs, still=still)

    def in_whole_steps(self, place: int, sign: int, amount: int, *, still: BoolArray) -> Found:
        """Return some change that moves a cell by at least an amount; arguments as of `cheapest`."""
        if self._whole is None:
            self._whole = LinearProgram(
                self._in_steps.in_two_parts(),
                np.zeros(2 * self._count),
                self._upper,
                integral=self._all,
                changing="limits",
                max_nodes=_NODES,
                any_solution=True,
            )
        return self._ask(self._whole, place, sign, amount, costs=np.zeros(self._count), still=still)

    def _ask(
        self,
        program: LinearProgram,
        place: int,
        sign: int,
        amount: int,
        *,
        costs: FloatArray,
        still: BoolArray,
    ) -> Found:
        forward, backward = (place, place + self._count)[::sign]
        steps = -(-amount // self._step)
        upper = self._upper.copy()
        upper[np.concatenate([still, still])] = 0.0
        if upper[forward] < steps:
            return Found(Status.INFEASIBLE)
        lower = np.zeros(2 * self._count)
        lower[forward], upper[backward] = steps, 0.0
        program.set_limits(self._all, lower, upper)
        program.set_costs(self._all, np.concatenate([costs, costs]))
        answer = program.solve()
        return self._found(answer, place) if answer.status is Status.OPTIMAL else Found(answer.status)

    def _found(self, answer: Answer, place: int) -> Found:
        steps = answer.values[: self._count] - answer.values[self._count :]
        moved = np.flatnonzero(np.abs(steps) > _NEAR)
        nothing = np.zeros(self.system.rows, dtype=np.int64)
        labels = components(self.system.among(moved, nothing)[0])
        piece = moved[labels == labels[np.searchsorted(moved, place)]]
        change = self._exact(piece, steps)
        if change is not None:
            return Found(Status.OPTIMAL, change)
        away = np.sign(steps[piece]) * np.ceil(np.abs(steps[piece]) - _NEAR)
        return Found(Status.OPTIMAL, None, Change(self.cells[piece], away.astype(np.int64) * self._step))

    def _exact(self, places: IntArray, steps: FloatArray) -> Change | None:
        for times in _TIMES:
            wanted = steps[places] * times
            rounded = np.rint(wanted)
            if np.abs(wanted - rounded).max() >= _NEAR:
                continue
            amounts = rounded.astype(np.int64) * self._step
            if np.any(-amounts > self._room[places]):
                continue
            change = np.zeros(self._count, dtype=np.int64)
            change[places] = amounts
            if self.system.satisfied(change).all():
                return Change(self.cells[places], amounts)
        return None
