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
from aggregation.sdc.linear_system import NO_LIMIT, BoolArray, IntArray
from aggregation.sdc.publication import Publication
from aggregation.sdc.suppression.task import Task, Unmet
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
        cells: number of cells of the tables.
    """

    def __init__(self, task: Task) -> None:
        """Number the goals."""
        parts = [_of_view(number, view) for number, view in enumerate(task.views)]
        if task.upward is not None:
            parts.append(_goals(0, UPWARD, np.flatnonzero(task.upward), 1))
        table = np.concatenate(parts, axis=1)
        self.view, self.kind, self.cell, self.amount = (row.copy() for row in table)
        self.cells = len(task.optional)
        self._sign = _SIGN[self.kind]
        self._knowledge = _Knowledge(task)

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
        if not self._knowledge.is_common:
            reached &= ~self._knowledge.ruling_out(change)[self.view]
        return reached

    def unmet(self, goal: int) -> Unmet:
        """Return a goal by its names."""
        return Unmet(int(self.view[goal]), int(self.kind[goal]), int(self.cell[goal]))


class _Knowledge:
    """What attackers know beyond what everybody does, one entry per attacker and cell."""

    def __init__(self, task: Task) -> None:
        self._values = task.publication.values
        self._views = len(task.views)
        parts = [_known_to(number, view, task.publication) for number, view in enumerate(task.views)]
        self._view, self._cell, self._least = np.concatenate(parts, axis=1)

    @property
    def is_common(self) -> bool:
        """Whether nobody knows more than others."""
        return not len(self._view)

    def ruling_out(self, change: IntArray) -> BoolArray:
        """Return which attackers know that a table is not the true one."""
        here = change[self._cell]
        wrong = (here != 0) & (self._values[self._cell] + here < self._least)
        ruling_out = np.zeros(self._views, dtype=np.bool_)
        ruling_out[self._view[wrong]] = True
        return ruling_out


def _known_to(number: int, view: View, publication: Publication) -> IntArray:
    """Return attacker, cell and least credible value; nothing is credible where he knows the true one."""
    least = publication.floors.copy()
    if view.least is not None:
        least = np.maximum(least, view.least)
    if view.known is not None:
        least[view.known] = NO_LIMIT
    cells = np.flatnonzero(least > publication.floors)
    return np.stack([np.full(len(cells), number, dtype=np.int64), cells, least[cells]])


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
