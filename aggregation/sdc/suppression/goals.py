"""Everything that witnesses have to prove, demand by demand, and what one of them proves to whom.

A *goal* is one demand on one cell for one attacker. A witness reaches it if it moves the cell as demanded,
moves nothing that the attacker knows, and leaves every cell that it moves at what he must grant at least.
Goals are numbered: view by view, kind by kind, cell by cell. Cells that should grow where that is possible
(`Task.upward`) are goals too, but nobody is unprotected without them.
"""

from __future__ import annotations

from functools import cached_property
from typing import Final

import numpy as np

from aggregation.sdc.demands import DIFFER, FALL, KINDS, RISE
from aggregation.sdc.linear_system import BoolArray, IntArray
from aggregation.sdc.suppression.task import Task
from aggregation.sdc.views import View

UPWARD: Final = KINDS
"""Kind behind those of the demands: what should be larger in some table, if that is possible at all."""

SIGNS: Final = {DIFFER: (1, -1), RISE: (1,), FALL: (-1,), UPWARD: (1,)}
"""Directions in which a witness may move a cell for each kind."""

_SIGN: Final = np.array([0, 1, -1, 1], dtype=np.int64)


class Goals:
    """The goals of a task.

    Attributes:
        view: attacker of each goal.
        kind: kind of each.
        cell: cell of each.
        amount: by how much the cell has to move, at least 1.
    """

    def __init__(self, task: Task) -> None:
        """Number the goals."""
        parts = [_of_view(number, view) for number, view in enumerate(task.views)]
        if task.upward is not None:
            parts.append(_goals(0, UPWARD, np.flatnonzero(task.upward), 1))
        table = np.concatenate(parts, axis=1)
        self.view, self.kind, self.cell, self.amount = (row.copy() for row in table)
        self._values = task.publication.values
        self._knowledge = [_Knowledge(view, task.publication.floors) for view in task.views]
        self._sign = _SIGN[self.kind]

    def __len__(self) -> int:
        return len(self.view)

    @cached_property
    def binding(self) -> BoolArray:
        """Which goals must be reached."""
        binding: BoolArray = self.kind != UPWARD
        return binding

    def reached_by(self, change: IntArray) -> BoolArray:
        """Return which goals a witness reaches; given is its difference to the true table."""
        moved = change[self.cell]
        reached: BoolArray = np.where(
            self._sign == 0, np.abs(moved) >= self.amount, self._sign * moved >= self.amount
        )
        if len(self._knowledge) > 1 or self._knowledge[0].cells.size:
            credible = np.array([k.allows(change, self._values) for k in self._knowledge], dtype=np.bool_)
            reached &= credible[self.view]
        return reached

    def allowed_for(self, view: int, change: IntArray) -> bool:
        """Whether an attacker cannot rule a witness out by what he alone knows."""
        return self._knowledge[view].allows(change, self._values)


class _Knowledge:
    """What one attacker knows beyond the others, cell by cell."""

    def __init__(self, view: View, floors: IntArray) -> None:
        known = np.zeros(len(floors), dtype=np.bool_) if view.known is None else view.known
        higher = np.zeros(len(floors), dtype=np.bool_) if view.least is None else view.least > floors
        self.cells = np.flatnonzero(known | higher)
        self._known = known[self.cells]
        self._least = floors[self.cells] if view.least is None else view.least[self.cells]

    def allows(self, change: IntArray, values: IntArray) -> bool:
        here = change[self.cells]
        ruled_out = (here != 0) & (self._known | (values[self.cells] + here < self._least))
        return not bool(ruled_out.any())


def _of_view(number: int, view: View) -> IntArray:
    demands = view.demands
    return np.concatenate(
        [
            _goals(number, DIFFER, np.flatnonzero(demands.differ), 1),
            _goals(number, RISE, np.flatnonzero(demands.rise > 0), demands.rise),
            _goals(number, FALL, np.flatnonzero(demands.fall > 0), demands.fall),
        ],
        axis=1,
    )


def _goals(view: int, kind: int, cells: IntArray, amounts: IntArray | int) -> IntArray:
    amount = amounts[cells] if isinstance(amounts, np.ndarray) else np.full(len(cells), amounts)
    return np.stack([np.full(len(cells), view), np.full(len(cells), kind), cells, amount]).astype(np.int64)
