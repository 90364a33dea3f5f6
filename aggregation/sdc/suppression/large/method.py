"""How a big table is protected: in which blocks, and in which order.

First everything is served in wide blocks, most of whose cells stand still: what is withheld may move, and
the cheapest of the rest. Then slice by slice (one municipality, say, with its dear cells, among the cheap
ones of its neighbours), then in small blocks whose grouping changes from pass to pass, then in larger ones,
and in the end with everything, where that can be done at all. What was only promised in all this (`search`)
is settled among what is withheld, and what that leaves is served in whole numbers outright. Then extra cells
are given back. Each round of the effort looks, in one block, for cheaper cells in place of dear ones.

Programs end after a number of branches: no result is meant to hang on a clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np

from aggregation.sdc.linear_system import BoolArray, IntArray
from aggregation.sdc.suppression.large.block import Change
from aggregation.sdc.suppression.large.elimination import start_by_elimination
from aggregation.sdc.suppression.large.grid import BLOCK_CELLS, BlockCells, Grid
from aggregation.sdc.suppression.large.search import Draft
from aggregation.sdc.suppression.task import CONSTRUCT, Effort, Pattern, Progress, Task

_LARGE: Final = 2_000
"""Movable cells from which on blocks are used."""

_WIDE_TABLES: Final = 30_000
"""Movable cells up to which wide blocks pay; beyond, there are too many of them."""

_WIDE: Final = 4
"""How many times as many leaves of the longest dimension as usual a wide block has."""

_COLUMNS: Final = 1_100
"""Cells of a wide block that may move: its programs take some ten milliseconds."""

_PASSES: Final = 4
_WHOLE: Final = 15_000
"""Movable cells of a table up to which programs over all of it are a last resort."""


def is_large(task: Task) -> bool:
    """Whether blocks find a cheaper pattern than programs over everything, and sooner."""
    return task.tables is not None and int(_movable(task).sum()) > _LARGE


def protect_large(task: Task, *, effort: Effort = CONSTRUCT, block_cells: int = BLOCK_CELLS) -> Pattern:
    """Withhold optional cells until every attacker is left with what he must be left with.

    Args:
        task: what is to be protected.
        effort: how much work a cheaper pattern is worth; a round looks at one block.
        block_cells: how many cells that may move a small block should have, about.

    Returns:
        The pattern; complete if ``unmet`` is empty.

    Raises:
        ValueError: if the task does not name its tables.
    """
    if task.tables is None:
        raise ValueError("a table is parted into blocks by its dimensions, and the task does not name them")
    method = _Method(task, Grid(task.tables, _movable(task), block_cells=block_cells))
    method.serve()
    method.give_back()
    rounds = method.improve(effort)
    return method.pattern(rounds)


class _Method:
    def __init__(self, task: Task, grid: Grid) -> None:
        self._task = task
        self._movable = _movable(task)
        self._grid = grid
        self._is_wide = int(self._movable.sum()) <= _WIDE_TABLES
        costs_differ = len(np.unique(task.costs[task.optional])) > 1
        start = start_by_elimination(task) if self._is_wide and costs_differ else None
        self._guided = start is not None
        self._draft = Draft(task, start)
        self._others = (1,) * (len(self._grid.cut) - 1)

    def serve(self) -> None:
        """Find a witness for everything that must have one."""
        draft, waiting = self._draft, self._draft.proofs.waiting
        self._promise()
        draft.break_promises()
        for block in self._wide(waiting) if self._is_wide else self._blocks(0, waiting):
            draft.settle(block.cells & draft.withheld, block.core)
        small = int(self._movable.sum()) <= _WHOLE
        if small and waiting.any():
            draft.settle(draft.withheld.copy(), self._movable)
        self._serve_the_rest()
        if small and waiting.any():
            draft.settle(self._movable, self._movable)

    def _serve_the_rest(self) -> None:
        """Find a witness for what has none in whole numbers among what is withheld."""
        draft, waiting = self._draft, self._draft.proofs.waiting
        for number in range(_PASSES):
            for block in self._blocks(number, waiting):
                draft.serve(block.cells, block.cells)
        for block in self._blocks(_PASSES - 1, waiting):
            draft.settle(block.cells, block.cells)

    def _promise(self) -> None:
        """Withhold so much that everything has a witness, but perhaps not in whole numbers.

        Started from elimination, a promise is cheap at once. Elsewhere it is a last resort: a witness that
        keeps one is not sparse, and sparse witnesses are what giving back lives on.
        """
        draft, waiting = self._draft, self._draft.proofs.waiting
        serve = draft.promise if self._guided else draft.serve
        if self._is_wide:
            for block in self._wide(waiting):
                serve(self._affordable(block.cells), block.core)
            for block in self._wide(waiting):
                for core in self._grid.slices(block.core):
                    if np.any(waiting & core):
                        serve(self._affordable(block.cells) | core, core)
        for number in range(_PASSES):
            for block in self._blocks(number, waiting):
                serve(block.cells, block.core)
        for place in range(len(self._grid.cut)):
            wider = tuple(_WIDE if place == other else 1 for other in range(len(self._grid.cut)))
            for block in self._grid.blocks(1, draft.withheld, wider=wider, cells=waiting):
                serve(block.cells, block.core)
        for block in self._blocks(0, waiting):
            draft.promise(block.cells, block.core)
        if waiting.any() and int(self._movable.sum()) <= _WHOLE:
            draft.promise(self._movable, self._movable)

    def give_back(self) -> None:
        """Publish what is not needed: in small blocks first, where most of it is found in next to no time.

        What elimination started leaves hardly anything to give back.
        """
        draft = self._draft
        for times in (1, 2, _WIDE) if self._is_wide and self._grid.cut and not self._guided else (1,):
            for number in range(2 if times < _WIDE else 1):
                wider = (times, *self._others) if self._grid.cut else ()
                for block in self._grid.blocks(number, draft.withheld, wider=wider, cells=draft.extra):
                    draft.give_back(block.cells)

    def improve(self, effort: Effort) -> int:
        """Exchange dear cells for cheaper ones, a block per round; return how many rounds there were."""
        draft = self._draft
        rounds, number = 0, 0
        while rounds < effort.rounds and draft.cost and not effort.stop():
            before = rounds
            blocks = self._wide(draft.extra, number) if self._is_wide else self._blocks(number, draft.extra)
            for block in blocks:
                if rounds >= effort.rounds or (rounds > before and effort.stop()):
                    return rounds
                draft.exchange(self._affordable(block.cells))
                rounds += 1
                effort.tell(Progress(rounds, draft.cost, None))
            number += 1
        return rounds

    def pattern(self, rounds: int) -> Pattern:
        """Return the outcome."""
        draft, proofs = self._draft, self._draft.proofs
        system = self._task.publication.system
        outsider_only = len(self._task.views) == 1 and bool(np.all(system.lower == system.upper))
        together = outsider_only and not self._is_wide
        packed = _packed(proofs.changes, len(draft.withheld), together=together)
        return Pattern(
            task=self._task,
            withheld=draft.withheld,
            witnesses=tuple(packed),
            unmet=proofs.unmet(),
            undecided=draft.undecided,
            solves=draft.solves,
            bound=None if draft.cost else 0.0,
            optimal=not draft.cost,
            rounds=rounds,
        )

    def _blocks(self, number: int, cells: BoolArray) -> Iterator[BlockCells]:
        return self._grid.blocks(number, self._draft.withheld, cells=cells)

    def _wide(self, cells: BoolArray, number: int = 0) -> Iterator[BlockCells]:
        wider = (_WIDE, *self._others) if self._grid.cut else ()
        return self._grid.blocks(number, self._draft.withheld, wider=wider, cells=cells)

    def _affordable(self, cells: BoolArray) -> BoolArray:
        """Return what is withheld of some cells, and the cheapest of the rest."""
        chosen = self._draft.withheld & cells
        rest = np.flatnonzero(cells & ~chosen)
        values, looks = self._task.publication.values, self._draft.looks
        room = max(0, _COLUMNS - int(chosen.sum()))
        chosen[rest[np.lexsort((rest, values[rest], looks[rest]))][:room]] = True
        return chosen


def _movable(task: Task) -> BoolArray:
    return task.publication.withheld | task.optional


def _packed(changes: Iterable[Change], cells: int, *, together: bool) -> list[IntArray]:
    """Return witnesses over the whole table; those that share no cell add up to one, if that is wanted.

    The sum of two changes that keep all equations keeps them, too, and no cell falls further than before.
    """
    packed: list[IntArray] = []
    for change in changes:
        home = next((whole for whole in packed if not whole[change.cells].any()), None) if together else None
        if home is None:
            home = np.zeros(cells, dtype=np.int64)
            packed.append(home)
        home[change.cells] = change.amounts
    return packed
