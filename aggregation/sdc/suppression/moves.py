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

from dataclasses import dataclass
from typing import Final

import numpy as np

from aggregation.sdc.linear_system import BoolArray, IntArray, components
from aggregation.sdc.programs import FloatArray, Status
from aggregation.sdc.publication import Publication
from aggregation.sdc.suppression.part import Part
from aggregation.sdc.suppression.task import Task

FREE: Final = 1e-3
"""Cost of moving a cell that is withheld anyway, relative to the cheapest cell: keeps witnesses small."""

THOROUGH: Final = 10_000
"""Branches of an integer program where no answer must mean that there is none."""

WELCOME: Final = 1e-4
"""Cost of moving a sensitive cell that has no witness yet: one witness should serve many."""


_ENOUGH: Final = 120
"""Cells of unconnected tables that share a program."""


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
        self._parts: dict[tuple[int, int], Part] = {}
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
            cell: any cell; what is neither withheld nor may be cannot move.
            sign: 1 for up, -1 for down.
            amount: at least 1.
            step: one of :func:`steps_of` the amount; all cells move by multiples of it.
            whole: whether to ask for whole steps outright; for when the answer without has fractions.
        """
        if self._labels[cell] < 0:  # it may not move here: a witness can reach farther than a clean-up looks
            return Proposal(Status.INFEASIBLE, None)
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

    def _parts_with(self, cell: int) -> list[Part]:
        return [part for (label, _), part in self._parts.items() if label == self._labels[cell]]

    def _part(self, cell: int, step: int) -> Part:
        label = int(self._labels[cell])
        part = self._parts.get((label, step))
        if part is None:
            inside = self._labels[self._cells] == label
            fixed = np.zeros(self._system.rows, dtype=np.int64)
            system, _ = self._system.among(np.flatnonzero(inside), fixed)
            cells = self._cells[inside]
            part = Part(self._task.publication, cells, system, self._costs[cells], step, self._max_nodes)
            self._parts[label, step] = part
            part.see(self._seen, self._known)
            for forbidden in self._forbidden:
                if self._labels[forbidden] == label:
                    part.forbid(forbidden)
        return part
