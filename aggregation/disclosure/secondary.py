"""Complementary suppression: withhold further cells until no sensitive cell can be computed.

Safe by construction: every sensitive cell gets a *witness*, an alternative integer table that differs from
the true one in that cell, is equal to it in everything published, keeps every relation and grants every
withheld cell what an attacker must grant it. Each witness is checked in exact integer arithmetic before it
counts; the solver only proposes. First come witnesses that need nothing more than what is withheld; then, for
each cell that is left, the cheapest change that moves it; a witness serves every sensitive cell that it
moves. At the end the dearest extra cells are given back if the others suffice.

Deterministic: fixed order, no randomness, no time budget. Zeros that everybody may know are never withheld,
they must not be offered as ``optional``. Safe, not optimal.

It deliberately knows no catalogue, and the audit knows nothing of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from aggregation.disclosure.linear_system import BoolArray, IntArray
from aggregation.disclosure.moves import Moves, Task
from aggregation.disclosure.programs import Status

_BOTH: Final = (1, -1)
_UP: Final = (1,)
_GIVEN_BACK: Final = 12
"""How many extra cells are tried for giving back: the dearest ones hold nearly all there is to gain."""


@dataclass(frozen=True, eq=False)
class Pattern:
    """What is withheld in the end, and the proof.

    Attributes:
        withheld: which cells are withheld.
        witnesses: alternative tables as differences to the true one; exact, checked.
        unprotected: sensitive cells for which no means sufficed, in cell order.
        undecided: whether the solver failed to answer for one of them.
        solves: number of programs solved.
    """

    withheld: BoolArray
    witnesses: tuple[IntArray, ...]
    unprotected: tuple[int, ...]
    undecided: bool
    solves: int

    def proven(self) -> BoolArray:
        """Return the cells that some witness moves."""
        proven = np.zeros_like(self.withheld)
        for witness in self.witnesses:
            proven |= witness != 0
        return proven


def protect_cells(task: Task) -> Pattern:
    """Withhold optional cells until every sensitive cell has a witness.

    Args:
        task: what is to be protected.

    Returns:
        The pattern; complete if ``unprotected`` is empty.
    """
    if not (task.sensitive | task.upward).any():
        return Pattern(task.publication.withheld, (), (), undecided=False, solves=0)
    search = _WitnessSearch(task)
    search.serve_for_nothing()
    search.serve_one_by_one()
    search.give_back()
    return search.pattern()


@dataclass(eq=False)
class _Certificates:
    """Witnesses found so far, each with the demands that it meets: row 0 "differs", row 1 "is larger"."""

    demands: BoolArray
    witnesses: list[tuple[IntArray, BoolArray]] = field(default_factory=list)
    met: BoolArray = field(init=False)

    def __post_init__(self) -> None:
        self.met = np.zeros_like(self.demands)

    def meets(self, change: IntArray) -> BoolArray:
        """Return the demands that a change meets."""
        met = self.demands.copy()
        met[0] &= change != 0
        met[1] &= change > 0
        return met

    def add(self, change: IntArray) -> None:
        met = self.meets(change)
        self.witnesses.append((change, met))
        self.met |= met

    def without(self, cell: int) -> tuple[list[tuple[IntArray, BoolArray]], BoolArray]:
        """Return the witnesses that do not need ``cell``, and which demands they meet."""
        kept = [witness for witness in self.witnesses if witness[0][cell] == 0]
        met = np.zeros_like(self.demands)
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
        self._certificates = _Certificates(np.stack([task.sensitive, task.upward]))
        self._unprotected: list[int] = []
        self._undecided = False
        self._moves = Moves(task)
        self._at_floor = task.publication.values <= task.publication.floors

    def serve_for_nothing(self) -> None:
        """Move many cells at once with what is withheld anyway.

        Cells at their floor can only grow, so first the others shrink; then what is left grows as well.
        """
        for largest in (-1, 1):
            cells = np.flatnonzero(self._task.sensitive & ~self._certificates.met[0])
            change = self._moves.for_nothing(cells, np.where(self._at_floor[cells], 1, largest))
            if change.any() and self._movable.is_alternative(change) and not np.any(change[~self._withheld]):
                self._accept(change)

    def serve_one_by_one(self) -> None:
        """Find the cheapest witness for each cell that is left, those at their floor first."""
        cells = np.flatnonzero(self._task.sensitive)
        hardest_first = cells[np.lexsort((cells, ~self._at_floor[cells]))]
        upward = np.flatnonzero(self._task.upward)
        for demand, signs, wanted in ((1, _UP, upward), (0, _BOTH, hardest_first)):
            for cell in wanted:
                if not self._certificates.met[demand, cell]:
                    change = self._witness(int(cell), signs)
                    if change is not None:
                        self._accept(change)
                    elif demand == 0:
                        self._unprotected.append(int(cell))

    def give_back(self) -> None:
        """Publish extra cells again, dearest first, where the remaining ones serve everything."""
        extra = np.flatnonzero(self._withheld & ~self._start)
        for cell in extra[np.lexsort((extra, -self._task.costs[extra]))][:_GIVEN_BACK]:
            self._give_back(int(cell))

    def pattern(self) -> Pattern:
        """Return the outcome."""
        return Pattern(
            withheld=self._withheld,
            witnesses=tuple(change for change, _ in self._certificates.witnesses),
            unprotected=tuple(sorted(self._unprotected)),
            undecided=self._undecided,
            solves=self._moves.solves,
        )

    def _accept(self, change: IntArray) -> None:
        moved = change != 0
        served = self._task.sensitive & ~self._certificates.met[0]
        self._moves.set_free(moved & (served | ~self._withheld))
        self._withheld |= moved
        self._certificates.add(change)

    def _witness(self, cell: int, signs: tuple[int, ...]) -> IntArray | None:
        """Return the cheapest checked witness for a cell, or None."""
        best: IntArray | None = None
        best_cost = np.inf
        for change in self._proposals(cell, signs):
            cost = float(self._task.costs[(change != 0) & ~self._withheld].sum())
            if cost < best_cost:
                best, best_cost = change, cost
            if not cost:
                break
        return best

    def _proposals(self, cell: int, signs: tuple[int, ...]) -> Iterator[IntArray]:
        for sign in signs:
            answer = self._moves.cheapest(cell, sign)
            if answer.status is Status.INFEASIBLE:
                continue
            change = self._moves.change(cell, answer)
            if change is None:  # a fractional vertex, or no answer: ask for integers outright
                answer = self._moves.cheapest(cell, sign, whole=True)
                change = self._moves.change(cell, answer)
                self._undecided |= answer.status not in {Status.OPTIMAL, Status.INFEASIBLE}
            if change is not None and change[cell] and self._movable.is_alternative(change):
                yield change

    def _give_back(self, cell: int) -> None:
        kept, met = self._certificates.without(cell)
        self._moves.forbid(cell)
        fresh: list[tuple[IntArray, BoolArray]] = []
        for demand, other in np.argwhere(self._certificates.met & ~met):
            if met[demand, other]:
                continue
            change = self._free_witness(int(other), _UP if demand else _BOTH)
            if change is None:
                self._moves.allow(cell)
                return
            fresh.append((change, self._certificates.meets(change)))
            met |= fresh[-1][1]
        self._withheld[cell] = False
        self._certificates.witnesses = kept + fresh

    def _free_witness(self, cell: int, signs: tuple[int, ...]) -> IntArray | None:
        """Return a witness that needs no further cell."""
        for change in self._proposals(cell, signs):
            if not np.any(change[~self._withheld]):
                return change
        return None
