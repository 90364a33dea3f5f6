"""Changes of a table as a program: every movable cell goes up or down, each at a cost.

Large changes (euros in cents) are looked for in steps of a power of ten: limits are rounded to the safe
side, so that every answer is a whole number of steps and none of the solver's tolerances ever meets a
figure.

The suppression asks it for the cheapest change that moves one cell, or for one that moves many cells without
withholding anything more. Invariants: only cells that are withheld or may be can move, no relation is broken,
no cell falls below what an attacker must grant it. Answers are proposals: whoever uses one checks it in
integer arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from aggregation.sdc.linear_system import NO_LIMIT, BoolArray, IntArray, LinearSystem, components
from aggregation.sdc.programs import Answer, FloatArray, LinearProgram, Status, limits_as_floats
from aggregation.sdc.publication import Publication
from aggregation.sdc.suppression.task import Task

FREE: Final = 1e-3
"""Cost of moving a cell that is withheld anyway, relative to the cheapest cell: keeps witnesses small."""

THOROUGH: Final = 10_000
"""Branches of an integer program where no answer must mean that there is none."""

WELCOME: Final = 1e-4
"""Cost of moving a sensitive cell that has no witness yet: one witness should serve many."""

_REWARD: Final = 0.1
"""What moving a sensitive cell is worth where nothing more has to be withheld for it."""

_ENOUGH: Final = 120
"""Cells of unconnected tables that share a program."""

_MULTIPLES: Final = (1, 2, 3, 4, 6)
"""Factors that make most fractional answers whole."""

_NOWHERE: Final = Answer(Status.INFEASIBLE, np.zeros(0), 0.0, np.zeros(0))


_REACH: Final = 2
"""How many relations away from a vertex with fractions whole numbers are looked for first."""

_FINE: Final = 1000
"""Large changes are looked for in steps of about a thousandth."""


def steps_of(amount: int) -> tuple[int, ...]:
    """Return the steps in which to look for a change by an amount, the coarse one first."""
    step = 1
    while amount >= 10 * _FINE * step:
        step *= 10
    return (step, 1) if step > 1 else (1,)


@dataclass(frozen=True, slots=True)
class Proposal:
    """An answer of the solver as a change of the whole table; None where it is no answer in whole numbers."""

    status: Status
    change: IntArray | None


class Moves:
    """All changes, part by part: what no relation connects is asked for separately."""

    def __init__(self, task: Task, *, max_nodes: int = THOROUGH) -> None:
        """Find the parts; their programs are built when they are needed first.

        Args:
            task: what may move, and at which cost.
            max_nodes: branches after which an integer program is given up as undecided.
        """
        self._max_nodes = max_nodes
        self._task = task
        publication = task.publication
        self._cells = np.flatnonzero(publication.withheld | task.optional)
        system = publication.system
        self._system, _ = system.among(self._cells, system.activity(publication.values))
        self._labels = np.full(system.cells, -1, dtype=np.int64)
        self._labels[self._cells] = components(self._system)
        demanded = task.views[0].demands.cells
        start = np.where(publication.withheld, np.where(demanded, WELCOME, FREE), task.costs)
        self._costs: FloatArray = start.astype(np.float64)
        self._attacker = 0
        self._parts: dict[tuple[int, int], _Part] = {}
        self._forbidden: dict[int, None] = {}
        self._gather()

    @property
    def solves(self) -> int:
        """Number of programs solved so far."""
        return sum(part.solves for part in self._parts.values())

    @property
    def _seen(self) -> Publication:
        return self._task.views[self._attacker].of(self._task.publication)

    @property
    def _known(self) -> BoolArray | None:
        return self._task.views[self._attacker].known

    def set_free(self, cells: BoolArray) -> None:
        """Let cells move at next to no cost: they are withheld now, and served."""
        numbers = np.flatnonzero(cells)
        self._costs[numbers] = FREE
        labels = self._labels[numbers]
        for (label, _), part in self._parts.items():
            here = labels == label
            if here.any():
                part.set_costs(numbers[here], FREE)

    def forbid(self, cell: int) -> None:
        """Hold a cell at its true value; it cannot be asked for either."""
        self._forbidden[cell] = None
        for part in self._parts_with(cell):
            part.forbid(cell)

    def allow(self, cell: int) -> None:
        """Let a forbidden cell move again."""
        del self._forbidden[cell]
        for part in self._parts_with(cell):
            part.allow(cell)

    def attack_as(self, view: int) -> None:
        """From now on, move only what this attacker cannot rule out."""
        if view != self._attacker:
            self._attacker = view
            for part in self._parts.values():
                part.see(self._seen, self._known)

    def cheapest(self, cell: int, sign: int, *, amount: int, step: int, whole: bool = False) -> Proposal:
        """Return the cheapest change that moves a cell by at least an amount in one direction.

        Args:
            cell: a withheld cell or one that may be.
            sign: 1 for up, -1 for down.
            amount: at least 1.
            step: one of :func:`steps_of` the amount; all cells move by multiples of it.
            whole: whether to ask for whole steps outright; for when the answer without has fractions.
        """
        part = self._part(cell, step)
        answer = part.cheapest(cell, sign, -(-amount // step), whole=whole)
        change = np.zeros(len(self._labels), dtype=np.int64)
        return Proposal(answer.status, change if part.write(answer, change) else None)

    def exist(self, cell: int, sign: int, *, amount: int) -> Status:
        """Return whether any change in whole numbers moves a cell by at least an amount."""
        return self._part(cell, 1).any_at_all(cell, sign, amount).status

    def for_nothing(self, cells: IntArray, signs: IntArray) -> IntArray:
        """Return a change that moves as many of the cells as possible, each by 1 in its direction.

        It moves nothing that would have to be withheld first. Parts without a whole-numbered answer stay as
        they are.
        """
        change = np.zeros(len(self._labels), dtype=np.int64)
        labels = self._labels[cells]
        for label in set(labels.tolist()):
            here = labels == label
            part = self._part(int(cells[here][0]), 1)
            part.write(part.for_nothing(cells[here], signs[here]), change)
        return change

    def _gather(self) -> None:
        """Give small components a common label: an own program for each would cost more than it saves."""
        group, size = -1, _ENOUGH
        labels, sizes = np.unique(self._labels[self._cells], return_counts=True)
        common = np.full(len(self._labels), -1, dtype=np.int64)
        for label, count in zip(labels.tolist(), sizes.tolist(), strict=True):
            if size + count > _ENOUGH:
                group, size = label, 0
            common[label], size = group, size + count
        self._labels[self._cells] = common[self._labels[self._cells]]

    def _parts_with(self, cell: int) -> list[_Part]:
        return [part for (label, _), part in self._parts.items() if label == self._labels[cell]]

    def _part(self, cell: int, step: int) -> _Part:
        label = int(self._labels[cell])
        part = self._parts.get((label, step))
        if part is None:
            inside = self._labels[self._cells] == label
            fixed = np.zeros(self._system.rows, dtype=np.int64)
            system, _ = self._system.among(np.flatnonzero(inside), fixed)
            cells = self._cells[inside]
            part = _Part(self._task.publication, cells, system, self._costs[cells], step, self._max_nodes)
            self._parts[label, step] = part
            part.see(self._seen, self._known)
            for forbidden in self._forbidden:
                if self._labels[forbidden] == label:
                    part.forbid(forbidden)
        return part


class _Part:
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
        return self._linear.solves + (self._integer.solves if self._integer else 0)

    def set_costs(self, cells: IntArray, cost: float) -> None:
        numbers = np.searchsorted(self._cells, cells)
        both = np.concatenate([numbers, numbers + self._count])
        self._costs[both] = cost
        for program in self._programs():
            program.set_costs(both, self._costs[both])

    def forbid(self, cell: int) -> None:
        self._forbidden.add(cell)
        self._set_limits(self._both(cell), np.zeros(2))

    def allow(self, cell: int) -> None:
        self._forbidden.remove(cell)
        both = self._both(cell)
        self._set_limits(both, self._usual[both])

    def see(self, publication: Publication, known: BoolArray | None) -> None:
        self._usual = self._room(publication, known)
        limits = self._usual.copy()
        for cell in self._forbidden:
            limits[self._both(cell)] = 0.0
        changed = np.flatnonzero(limits != self._limits)
        self._set_limits(changed, limits[changed])

    def cheapest(self, cell: int, sign: int, steps: int, *, whole: bool) -> Answer:
        if whole and self._integer is None:
            self._integer = self._program(whole=True)
        return self._moving(self._integer if whole and self._integer else self._linear, cell, sign, steps)

    def any_at_all(self, cell: int, sign: int, steps: int) -> Answer:
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
