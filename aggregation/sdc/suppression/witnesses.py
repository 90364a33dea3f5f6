"""Complementary suppression: withhold further cells until no sensitive cell can be computed.

Safe by construction: every sensitive cell gets its *witnesses*, alternative integer tables that differ from
the true one in that cell as much as is demanded (`demands`), are equal to it in everything published, keep
every relation and grant every withheld cell what an attacker must grant it. Each witness is checked in
exact integer arithmetic before it counts; the solver only proposes. First come witnesses that need nothing
more than what is withheld; then, for each cell that is left, the cheapest change that moves it; a witness
serves every sensitive cell that it moves. At the end the dearest extra cells are given back if the others
suffice.

Deterministic: fixed order, no randomness, no time budget. Zeros that everybody may know are never withheld,
they must not be offered as ``optional``. Safe, not optimal.

It deliberately knows no catalogue, and the audit knows nothing of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from aggregation.sdc.demands import DIFFER, FALL, KINDS, RISE, Demands
from aggregation.sdc.linear_system import BoolArray, IntArray
from aggregation.sdc.programs import Status
from aggregation.sdc.suppression.moves import Moves, Task, steps_of

_UPWARD: Final = KINDS
"""Row behind the demands: what should be larger in some table, if that is possible at all."""

_SIGNS: Final = {DIFFER: (1, -1), RISE: (1,), FALL: (-1,), _UPWARD: (1,)}
_GIVEN_BACK: Final = 12
"""How many extra cells are tried for giving back: the dearest ones hold nearly all there is to gain."""


@dataclass(frozen=True, eq=False)
class Pattern:
    """What is withheld in the end, and the proof.

    Attributes:
        demands: what was to be proven.
        withheld: which cells are withheld.
        witnesses: alternative tables as differences to the true one; exact, checked.
        unprotected: sensitive cells for which no means sufficed, in cell order.
        undecided: whether the solver failed to answer for one of them.
        solves: number of programs solved.
    """

    demands: Demands
    withheld: BoolArray
    witnesses: tuple[IntArray, ...]
    unprotected: tuple[int, ...]
    undecided: bool
    solves: int

    def proven(self) -> BoolArray:
        """Return which demands some witness meets: one row per kind, one column per cell."""
        proven = np.zeros((KINDS, len(self.withheld)), dtype=np.bool_)
        for witness in self.witnesses:
            proven |= self.demands.met_by(witness)
        return proven


def protect_cells(task: Task) -> Pattern:
    """Withhold optional cells until every sensitive cell has a witness.

    Args:
        task: what is to be protected.

    Returns:
        The pattern; complete if ``unprotected`` is empty.
    """
    if not (task.demands.cells | task.upward).any():
        return Pattern(task.demands, task.publication.withheld, (), (), undecided=False, solves=0)
    search = _WitnessSearch(task)
    search.serve_for_nothing()
    search.serve_one_by_one()
    search.give_back()
    return search.pattern()


@dataclass(eq=False)
class _Certificates:
    """Witnesses found so far, each with what it meets: the rows of the demands, and whether cells grow."""

    demands: Demands
    upward: BoolArray
    witnesses: list[tuple[IntArray, BoolArray]] = field(default_factory=list)
    met: BoolArray = field(init=False)

    def __post_init__(self) -> None:
        self.met = np.zeros((KINDS + 1, len(self.upward)), dtype=np.bool_)

    def waiting(self) -> BoolArray:
        """Return the cells that a demand is still open for."""
        left = self.demands.matrix & ~self.met[:_UPWARD]
        waiting: BoolArray = left[DIFFER] | left[RISE] | left[FALL]
        return waiting

    def meets(self, change: IntArray) -> BoolArray:
        """Return what a change meets."""
        return np.concatenate([self.demands.met_by(change), [self.upward & (change > 0)]])

    def add(self, change: IntArray) -> None:
        met = self.meets(change)
        self.witnesses.append((change, met))
        self.met |= met

    def without(self, cell: int) -> tuple[list[tuple[IntArray, BoolArray]], BoolArray]:
        """Return the witnesses that do not need ``cell``, and which demands they meet."""
        kept = [witness for witness in self.witnesses if witness[0][cell] == 0]
        met = np.zeros_like(self.met)
        for _, by_this_one in kept:
            met |= by_this_one
        return kept, met


class _WitnessSearch:
    """Finds witnesses and withholds what they need."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._start = task.publication.withheld
        self._withheld = task.publication.withheld.copy()
        # A proposal counts if it is an alternative table once the optional cells that it moves are withheld.
        self._movable = replace(task.publication, withheld=self._start | task.optional)
        self._certificates = _Certificates(task.demands, task.upward)
        self._unprotected: dict[int, None] = {}
        self._undecided = False
        self._moves = Moves(task)
        self._at_floor = task.publication.values <= task.publication.floors

    def serve_for_nothing(self) -> None:
        """Move many cells at once with what is withheld anyway.

        Cells at their floor can only grow, so first the others shrink; then what is left grows as well.
        """
        for largest in (-1, 1):
            cells = np.flatnonzero(self._task.demands.differ & ~self._certificates.met[DIFFER])
            change = self._moves.for_nothing(cells, np.where(self._at_floor[cells], 1, largest))
            if change.any() and self._movable.is_alternative(change) and not np.any(change[~self._withheld]):
                self._accept(change)

    def serve_one_by_one(self) -> None:
        """Find the cheapest witness for each cell that is left, large ones and those at their floor first."""
        demands = self._task.demands
        cells = np.flatnonzero(demands.differ)
        hardest_first = cells[np.lexsort((cells, ~self._at_floor[cells]))]
        for demand, wanted in (
            (_UPWARD, np.flatnonzero(self._task.upward)),
            (RISE, _largest_first(demands.rise)),
            (FALL, _largest_first(demands.fall)),
            (DIFFER, hardest_first),
        ):
            for cell in wanted.tolist():
                if not self._certificates.met[demand, cell]:
                    change = self._witness(cell, demand)
                    if change is not None:
                        self._accept(change)
                    elif demand != _UPWARD:
                        self._unprotected[cell] = None

    def give_back(self) -> None:
        """Publish extra cells again, dearest first, where the remaining ones serve everything."""
        extra = np.flatnonzero(self._withheld & ~self._start)
        for cell in extra[np.lexsort((extra, -self._task.costs[extra]))][:_GIVEN_BACK]:
            self._give_back(int(cell))

    def pattern(self) -> Pattern:
        """Return the outcome."""
        return Pattern(
            demands=self._task.demands,
            withheld=self._withheld,
            witnesses=tuple(change for change, _ in self._certificates.witnesses),
            unprotected=tuple(sorted(self._unprotected)),
            undecided=self._undecided,
            solves=self._moves.solves,
        )

    def _accept(self, change: IntArray) -> None:
        moved = change != 0
        served = self._certificates.waiting()
        self._moves.set_free(moved & (served | ~self._withheld))
        self._withheld |= moved
        self._certificates.add(change)

    def _witness(self, cell: int, demand: int) -> IntArray | None:
        """Return the cheapest checked witness for a demand, or None."""
        best: IntArray | None = None
        best_cost = np.inf
        for change in self._proposals(cell, demand):
            cost = float(self._task.costs[(change != 0) & ~self._withheld].sum())
            if cost < best_cost:
                best, best_cost = change, cost
            if not cost:
                break
        return best

    def _proposals(self, cell: int, demand: int) -> Iterator[IntArray]:
        demands = self._task.demands
        amount = {RISE: int(demands.rise[cell]), FALL: int(demands.fall[cell])}.get(demand, 1)
        for sign in _SIGNS[demand]:
            for step in steps_of(amount):
                change = self._proposed(cell, sign, amount, step)
                if change is not None:
                    yield change
                    break

    def _proposed(self, cell: int, sign: int, amount: int, step: int) -> IntArray | None:
        """Return a checked alternative table in which a cell moves by an amount, or None."""
        proposal = self._moves.cheapest(cell, sign, amount=amount, step=step)
        if proposal.change is None and proposal.status is not Status.INFEASIBLE:
            # A fractional vertex, or no answer: ask for whole steps outright.
            proposal = self._moves.cheapest(cell, sign, amount=amount, step=step, whole=True)
            self._undecided |= proposal.status not in {Status.OPTIMAL, Status.INFEASIBLE}
        change = proposal.change
        if change is None or sign * change[cell] < amount or not self._movable.is_alternative(change):
            return None
        return change

    def _give_back(self, cell: int) -> None:
        kept, met = self._certificates.without(cell)
        self._moves.forbid(cell)
        fresh: list[tuple[IntArray, BoolArray]] = []
        for demand, other in np.argwhere(self._certificates.met & ~met):
            if met[demand, other]:
                continue
            change = self._free_witness(int(other), int(demand))
            if change is None:
                self._moves.allow(cell)
                return
            fresh.append((change, self._certificates.meets(change)))
            met |= fresh[-1][1]
        self._withheld[cell] = False
        self._certificates.witnesses = kept + fresh

    def _free_witness(self, cell: int, demand: int) -> IntArray | None:
        """Return a witness that needs no further cell."""
        for change in self._proposals(cell, demand):
            if not np.any(change[~self._withheld]):
                return change
        return None


def _largest_first(levels: IntArray) -> IntArray:
    """Return the cells with a level, the largest first."""
    cells = np.flatnonzero(levels)
    return cells[np.lexsort((cells, -levels[cells]))]
