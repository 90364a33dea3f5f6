"""The search for a pattern of a big table, block by block.

1. *Serve*: every sensitive cell gets the cheapest witness that its block has. What is withheld costs nothing;
   what is not costs less the more relations it completes in which one withheld cell stands alone, because
   a second one has to be withheld there anyway. Where the cheapest answer has fractions, what it moves may be
   withheld as a *promise*: it counts until promises are broken, and then a witness in whole numbers is looked
   for among what is withheld (*settle*).
2. *Give back*: extra cells are published again, dearest first, where the witnesses that need them can be
   replaced by others among what is withheld.
3. *Exchange*: extra cells are published again, dearest first, where the witnesses that need them can be
   replaced by others that need cheaper cells.

Apart from promises, every state between two steps is proven by witnesses; a step that fails is undone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from aggregation.sdc.linear_system import BoolArray, IntArray
from aggregation.sdc.programs import FloatArray, Status
from aggregation.sdc.suppression.large.block import Block, Change, Found
from aggregation.sdc.suppression.large.proofs import Aim, Proofs
from aggregation.sdc.suppression.moves import FREE, WELCOME, steps_of
from aggregation.sdc.suppression.task import Task

_GUIDE: Final = 1.0
"""How much cheaper a cell looks per relation that it completes."""

_PROPOSED: Final = 0.1
"""What a proposed cell looks like it costs, relative to what it does."""

_Means = Callable[[Aim, int, BoolArray, dict[int, Block]], bool]


@dataclass(frozen=True, slots=True)
class _Step:
    """Something that was done, so that it can be undone."""

    number: int  # a witness, or -1
    change: Change | None  # the witness that was dropped
    cells: IntArray | None  # cells that were withheld (or published, if negative is True)
    published: bool = False


class _Best(NamedTuple):
    cost: float
    is_promise: bool
    change: Change


class Draft:
    """A pattern that is being worked on.

    Attributes:
        task: what is to be protected.
        looks: what withholding each cell looks like it costs while witnesses are looked for.
        withheld: the pattern.
        proofs: its witnesses.
        solves: programs solved.
        undecided: whether the solver failed to answer for a demand.
    """

    def __init__(self, task: Task, proposed: BoolArray | None = None) -> None:
        """Start from what the task starts from.

        Args:
            task: what is to be protected.
            proposed: cells to prefer while witnesses are looked for; None for none.
        """
        self.task = task
        self.looks: FloatArray = (
            task.costs if proposed is None else np.where(proposed, task.costs * _PROPOSED, task.costs)
        )
        self.withheld = task.publication.withheld.copy()
        self.proofs = Proofs(task)
        self.solves = 0
        self.undecided = False
        system = task.publication.system
        self._activity = system.activity(task.publication.values)
        order = np.argsort(system.columns, kind="stable")
        self._rows_by_cell = system.row_of_entry[order]
        self._first_row = np.searchsorted(system.columns[order], np.arange(system.cells + 1))
        self._held: IntArray = np.bincount(
            system.row_of_entry[self.withheld[system.columns]], minlength=system.rows
        ).astype(np.int64)
        self._cost = 0.0
        self._promises: list[int] = []
        self._is_equation = system.lower == system.upper
        self._log: list[_Step] = []

    @property
    def extra(self) -> BoolArray:
        """Cells that are withheld beyond the start."""
        return self.withheld & ~self.task.publication.withheld

    @property
    def cost(self) -> float:
        """What they cost."""
        return self._cost

    def block(self, cells: BoolArray, *, step: int = 1) -> Block:
        """Return the program of some cells."""
        return Block(self.task.publication, np.flatnonzero(cells), self._activity, step=step)

    # -- steps, and the way back ---------------------------------------------------------------------

    def accept(self, change: Change) -> None:
        """Add a witness and withhold what it moves."""
        fresh = change.cells[~self.withheld[change.cells]]
        self._set_withheld(fresh, now=True)
        self._log.append(_Step(self.proofs.add(change), None, fresh))

    def publish(self, cells: Iterable[int]) -> None:
        """Publish extra cells; the witnesses that move them go."""
        given = np.array(sorted(cells), dtype=np.int64)
        for cell in given.tolist():
            for number in sorted(self.proofs.moving(cell)):
                self._log.append(_Step(number, self.proofs.drop(number), None))
        self._set_withheld(given, now=False)
        self._log.append(_Step(-1, None, given, published=True))

    def mark(self) -> None:
        """Set the point to go back to."""
        self._log.clear()

    def back(self) -> None:
        """Undo everything since the mark."""
        for step in reversed(self._log):
            if step.change is not None:
                self.proofs.add(step.change, step.number)
            elif step.number >= 0:
                self.proofs.drop(step.number)
            if step.cells is not None:
                self._set_withheld(step.cells, now=step.published)
        self._log.clear()

    # -- serve ----------------------------------------------------------------------------------------

    def serve(self, inside: BoolArray, core: BoolArray) -> None:
        """Find witnesses for what waits in a block; what they need is withheld.

        Args:
            inside: the cells of the block.
            core: what is to be served.
        """
        self._reach(inside, core, self._serve)

    def promise(self, inside: BoolArray, core: BoolArray) -> None:
        """Do as `serve` does; where the cheapest answer has fractions, withhold what it moves, too."""
        self._reach(inside, core, self._promise)

    def settle(self, inside: BoolArray, core: BoolArray) -> None:
        """Do as `serve` does, and ask for whole steps outright, however dear, where there are fractions."""
        self._reach(inside, core, self._settle)

    def break_promises(self) -> None:
        """Let wait again what was only promised to be reached."""
        for number in self._promises:
            self.proofs.drop(number)
        self._promises.clear()

    def _reach(self, inside: BoolArray, core: BoolArray, means: _Means) -> None:
        waiting = np.flatnonzero(self.proofs.waiting & core)
        blocks: dict[int, Block] = {}
        for aim in self._hardest_first(waiting):
            for _ in range(len(self.task.views)):
                missing = self.proofs.missing(aim)
                if not any(means(aim, view, inside, blocks) for view in missing):
                    break
        self.solves += sum(block.solves for block in blocks.values())

    def _hardest_first(self, cells: IntArray) -> list[Aim]:
        """Return the aims of some cells: large amounts first, then the smallest figures."""
        aims = [aim for cell in cells.tolist() for aim in self.proofs.aims[cell]]
        values = self.task.publication.values
        return sorted(aims, key=lambda aim: (-aim.amount, int(values[aim.cell]), aim.cell, aim.kind))

    def _serve(self, aim: Aim, view: int, inside: BoolArray, blocks: dict[int, Block]) -> bool:
        """Reach an aim for an attacker, if a block can."""
        best = self._best(aim, view, inside, blocks, promises=False)
        if best is None:
            return False
        self.accept(best.change)
        return True

    def _promise(self, aim: Aim, view: int, inside: BoolArray, blocks: dict[int, Block]) -> bool:
        """Reach an aim for an attacker, or promise to, if a block can."""
        best = self._best(aim, view, inside, blocks, promises=True)
        if best is None:
            return False
        self.accept(best.change)
        if best.is_promise:
            self._promises.append(self._log[-1].number)
        return True

    def _best(
        self, aim: Aim, view: int, inside: BoolArray, blocks: dict[int, Block], *, promises: bool
    ) -> _Best | None:
        best: _Best | None = None
        for step in steps_of(aim.amount):
            block = self._block_of(step, inside, blocks)
            costs = self._guided(block)
            for sign in aim.signs:
                found = self._ask(block, aim, sign, view, costs=costs)
                change = found.change or (found.promise if promises else None)
                if change is None:
                    continue
                new = change.cells[~self.withheld[change.cells]]
                cost = float(costs[np.searchsorted(block.cells, new)].sum())
                if best is None or (cost, found.change is None) < best[:2]:
                    best = _Best(cost, found.change is None, change)
                if not cost and found.change is not None:
                    break
            if best and not best.is_promise:
                break
        return best

    def _settle(self, aim: Aim, view: int, inside: BoolArray, blocks: dict[int, Block]) -> bool:
        """Reach an aim for an attacker in whole steps, if a block can."""
        for step in steps_of(aim.amount):
            block = self._block_of(step, inside, blocks)
            costs = self._guided(block)
            possible = []
            for sign in aim.signs:
                found = self._ask(block, aim, sign, view, costs=costs)
                if found.change is not None:
                    self.accept(found.change)
                    return True
                possible += [sign] if found.promise is not None else []
            for sign in possible:
                still, place = self._still(block, view), int(np.searchsorted(block.cells, aim.cell))
                found = block.in_whole_steps(place, sign, aim.amount, still=still)
                if found.change is not None:
                    self.accept(found.change)
                    return True
                self.undecided |= found.status is Status.UNDECIDED
        return False

    def _block_of(self, step: int, inside: BoolArray, blocks: dict[int, Block]) -> Block:
        if step not in blocks:
            blocks[step] = self.block(inside, step=step)
        return blocks[step]

    def _ask(
        self,
        block: Block,
        aim: Aim,
        sign: int,
        view: int,
        *,
        costs: FloatArray,
        still: BoolArray | None = None,
    ) -> Found:
        """Return the cheapest change that reaches an aim for an attacker in one direction."""
        place = int(np.searchsorted(block.cells, aim.cell))
        if place == len(block.cells) or block.cells[place] != aim.cell:
            return Found(Status.INFEASIBLE)
        still = self._still(block, view) if still is None else still | self._still(block, view)
        return block.cheapest(place, sign, aim.amount, costs=costs, still=still)

    def _still(self, block: Block, view: int) -> BoolArray:
        """Return which cells of a block must not move, as an attacker knows them."""
        known = self.proofs.known_to(view)
        return np.zeros(len(block.cells), dtype=np.bool_) if known is None else known[block.cells]

    def _guided(self, block: Block) -> FloatArray:
        """Return what moving each cell of a block costs."""
        cells, system = block.cells, block.system
        alone = (self._held[block.rows] == 1)[system.row_of_entry]
        completes = np.bincount(system.columns[alone], minlength=len(cells))
        costs = self.looks[cells] / (1.0 + _GUIDE * completes)
        free = np.where(self.proofs.waiting[cells], WELCOME, FREE)
        return np.where(self.withheld[cells], free, costs)

    # -- give back ------------------------------------------------------------------------------------

    def give_back(self, inside: BoolArray) -> None:
        """Publish extra cells of a block where what is withheld in it serves everything without them."""
        self._replace(self.withheld & inside, self.extra & inside)

    def exchange(self, inside: BoolArray) -> None:
        """Publish extra cells of a block where cheaper ones take their place."""
        self._replace(inside, self.extra & inside)

    def _replace(self, inside: BoolArray, wanted: BoolArray) -> None:
        cells = np.flatnonzero(wanted)
        if not len(cells):
            return
        block = self.block(inside)
        values, costs = self.task.publication.values, self.task.costs
        for cell in cells[np.lexsort((cells, -values[cells], -costs[cells]))].tolist():
            if self.withheld[cell]:
                self.mark()
                if not self._do_without(cell, block):
                    self.back()
        self.solves += block.solves

    def _do_without(self, cell: int, block: Block) -> bool:
        """Publish a cell if everything that rests on it can do with what is cheaper; else False."""
        given = self._useless_without(cell)
        cells = block.cells
        if not given or not _has(cells, given):
            return False
        numbers = frozenset[int]().union(*(self.proofs.moving(c) for c in given))
        lost = self.proofs.lost_without(numbers)
        if not _has(cells, [aim.cell for aim in lost]):
            return False  # somebody outside rests on it
        budget = float(self.task.costs[given].sum())
        before = self.cost
        costs = np.where(self.withheld[cells], FREE, self.task.costs[cells])
        costs[np.searchsorted(cells, [aim.cell for aim in lost])] = WELCOME
        still = ~self.withheld[cells] & (costs >= budget)
        still[np.searchsorted(cells, given)] = True
        for aim in sorted(lost, key=self._room):
            if not self._replaced(aim, numbers, block, costs=costs, still=still):
                return False
            if self.cost - before >= budget:
                return False
            costs[self.withheld[cells] & (costs > FREE)] = FREE
        self.publish(given)
        return True

    def _replaced(
        self, aim: Aim, numbers: frozenset[int], block: Block, *, costs: FloatArray, still: BoolArray
    ) -> bool:
        """Whether an aim is reached without some witnesses; others are looked for in a block."""
        for _ in range(len(self.task.views)):
            missing = self.proofs.missing(aim, numbers)
            if not missing:
                return True
            for sign in aim.signs:
                change = self._ask(block, aim, sign, missing[0], costs=costs, still=still).change
                if change is not None:
                    self.accept(change)
                    break
            else:
                return False
        return not self.proofs.missing(aim, numbers)

    def _useless_without(self, cell: int) -> list[int]:
        """Return a cell and the extra ones that anybody could compute if it were published.

        Empty if one of them must stay uncertain.
        """
        given = {cell: None}
        waiting = [cell]
        gone: dict[int, int] = {}
        system = self.task.publication.system
        while waiting:
            cell = waiting.pop()
            for row in self._rows_by_cell[self._first_row[cell] : self._first_row[cell + 1]].tolist():
                gone[row] = gone.get(row, 0) + 1
                if self._held[row] - gone[row] != 1 or not self._is_equation[row]:
                    continue
                columns = system.columns[system.entries(row)]
                for last in columns[self.withheld[columns]].tolist():
                    if last in given:  # it is waiting itself
                        continue
                    if not self._is_extra(last):
                        return []
                    given[last] = None
                    waiting.append(last)
        return sorted(given)

    def _is_extra(self, cell: int) -> bool:
        return not self.task.publication.withheld[cell] and cell not in self.proofs.aims

    def _room(self, aim: Aim) -> tuple[int, int]:
        """Cells close to their floor are the hardest to serve."""
        publication = self.task.publication
        return int(publication.values[aim.cell] - publication.floors[aim.cell]), aim.cell

    def _set_withheld(self, cells: IntArray, *, now: bool) -> None:
        self.withheld[cells] = now
        self._cost += float(self.task.costs[cells].sum()) * (1 if now else -1)
        for cell in cells.tolist():
            rows = self._rows_by_cell[self._first_row[cell] : self._first_row[cell + 1]]
            self._held[rows] += 1 if now else -1


def _has(cells: IntArray, some: list[int]) -> bool:
    """Whether some cells are all among others, which are ascending."""
    places = np.searchsorted(cells, some)
    return not len(some) or bool(places.max() < len(cells) and np.all(cells[places] == some))
