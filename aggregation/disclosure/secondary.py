"""Complementary suppression: withhold further cells until no sensitive cell can be computed.

Safe by construction: every sensitive cell gets a *witness*, an alternative integer table that differs from
the true one in that cell, is equal to it in everything published, keeps every relation and grants every
withheld cell what an attacker must grant it. Each witness is checked in exact integer arithmetic before it
counts; the solver only proposes. A witness is the cheapest change that moves the cell (a linear program over
all cells that are withheld or may be; what is withheld already costs next to nothing), and it serves every
other sensitive cell that it moves. Afterwards each extra cell is given back if the others suffice.

Deterministic: fixed order, no randomness, no time budget. Zeros that everybody may know are never withheld,
they must not be offered as ``optional``. Safe, not optimal: issue 4 makes it excellent.

It deliberately knows no catalogue, and the audit knows nothing of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from aggregation.disclosure.linear_system import NO_LIMIT, BoolArray, IntArray, Publication
from aggregation.disclosure.programs import Answer, FloatArray, LinearProgram, Rows, Status

_FREE: Final = 1e-3
"""Cost of moving a cell that is withheld anyway, relative to the cheapest cell: keeps witnesses small."""


@dataclass(frozen=True, eq=False)
class Task:
    """What is to be protected, and with which means.

    Attributes:
        publication: the pattern so far; sensitive cells are withheld in it.
        sensitive: cells that must not be computable.
        upward: cells that should also have a witness in which they are larger, if that is possible at all.
        optional: published cells that may be withheld too.
        costs: what withholding each cell costs, at least 1.
    """

    publication: Publication
    sensitive: BoolArray
    upward: BoolArray
    optional: BoolArray
    costs: FloatArray


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


def protect_cells(task: Task, *, tidy: bool = True) -> Pattern:
    """Withhold optional cells until every sensitive cell has a witness.

    Args:
        task: what is to be protected.
        tidy: whether to give back extra cells that turn out not to be needed.

    Returns:
        The pattern; complete if ``unprotected`` is empty.
    """
    search = _WitnessSearch(task)
    search.serve_all()
    if tidy:
        search.give_back()
    return search.pattern()


@dataclass(eq=False)
class _Certificates:
    """Witnesses found so far, and which demands they meet: row 0 "differs", row 1 "is larger"."""

    demands: BoolArray
    changes: list[IntArray] = field(default_factory=list)
    met: BoolArray = field(init=False)

    def __post_init__(self) -> None:
        self.met = np.zeros_like(self.demands)

    def meets(self, change: IntArray) -> BoolArray:
        """Return the demands that a change meets."""
        met: BoolArray = self.demands & np.stack([change != 0, change > 0])
        return met

    def add(self, change: IntArray) -> None:
        self.changes.append(change)
        self.met |= self.meets(change)

    def without(self, cell: int) -> tuple[list[IntArray], BoolArray]:
        """Return the witnesses that do not need ``cell``, and which demands they meet."""
        kept = [change for change in self.changes if change[cell] == 0]
        met = np.zeros_like(self.met)
        for change in kept:
            met |= self.meets(change)
        return kept, met


class _WitnessSearch:
    """Finds witnesses one by one and withholds what they need."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._publication = task.publication
        self._start = task.publication.withheld
        self._withheld = task.publication.withheld.copy()
        self._certificates = _Certificates(np.stack([task.sensitive, task.upward]))
        self._unprotected: list[int] = []
        self._undecided = False
        self._moves = _Moves(task)

    def serve_all(self) -> None:
        """Serve the sensitive cells, the hardest first: a cell at its floor can only grow."""
        room = self._task.publication.values - self._task.publication.floors
        cells = np.flatnonzero(self._task.sensitive)
        for demand, signs, wanted in (
            (1, (1,), np.flatnonzero(self._task.upward)),
            (0, (1, -1), cells[np.lexsort((cells, room[cells] > 0))]),
        ):
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
        for cell in extra[np.lexsort((extra, -self._task.costs[extra]))]:
            self._give_back(int(cell))

    def pattern(self) -> Pattern:
        return Pattern(
            withheld=self._withheld,
            witnesses=tuple(self._certificates.changes),
            unprotected=tuple(sorted(self._unprotected)),
            undecided=self._undecided,
            solves=self._moves.solves,
        )

    def _accept(self, change: IntArray) -> None:
        for cell in np.flatnonzero((change != 0) & ~self._withheld):
            self._withheld[cell] = True
            self._moves.set_cost(int(cell), _FREE)
        self._certificates.add(change)

    def _witness(self, cell: int, signs: tuple[int, ...]) -> IntArray | None:
        """Return the cheapest checked witness for a cell, or None."""
        best: IntArray | None = None
        best_cost = np.inf
        for change in self._proposals(cell, signs):
            cost = float(self._task.costs[(change != 0) & ~self._withheld].sum())
            if cost < best_cost:
                best, best_cost = change, cost
        return best

    def _proposals(self, cell: int, signs: tuple[int, ...]) -> Iterator[IntArray]:
        for sign in signs:
            answer = self._moves.cheapest(cell, sign)
            if answer.status is Status.INFEASIBLE:
                continue
            change = self._moves.change(answer)
            if change is None:  # a fractional vertex, or no answer: ask for integers outright
                answer = self._moves.cheapest_integral(cell, sign)
                change = self._moves.change(answer)
                self._undecided |= answer.status not in {Status.OPTIMAL, Status.INFEASIBLE}
            if change is not None and self._proves(change, cell):
                yield change

    def _proves(self, change: IntArray, cell: int) -> bool:
        trial = replace(self._publication, withheld=self._withheld | (self._task.optional & (change != 0)))
        return bool(change[cell]) and trial.is_alternative(change)

    def _give_back(self, cell: int) -> None:
        kept, met = self._certificates.without(cell)
        missing = np.argwhere(self._certificates.met & ~met)
        self._moves.forbid(cell)
        fresh: list[IntArray] = []
        for demand, other in missing:
            if met[demand, other]:
                continue
            change = self._free_witness(int(other), (1,) if demand else (1, -1))
            if change is None:
                self._moves.allow(cell)
                return
            fresh.append(change)
            met |= self._certificates.meets(change)
        self._withheld[cell] = False
        self._certificates.changes = kept + fresh

    def _free_witness(self, cell: int, signs: tuple[int, ...]) -> IntArray | None:
        """Return a witness that needs no further cell."""
        for change in self._proposals(cell, signs):
            if not np.any((change != 0) & ~self._withheld):
                return change
        return None


class _Moves:
    """All changes of the table as a program: each movable cell goes up or down at a cost."""

    def __init__(self, task: Task) -> None:
        publication = task.publication
        self._cells = np.flatnonzero(publication.withheld | task.optional)
        self._count = len(self._cells)
        self._size = len(publication.values)
        self._number = np.full(self._size, -1, dtype=np.int64)
        self._number[self._cells] = np.arange(self._count)
        room = publication.values - np.maximum(publication.floors, -NO_LIMIT)
        self._room = np.where(publication.floors <= -NO_LIMIT, NO_LIMIT, room)[self._cells]
        self._costs = np.where(publication.withheld, _FREE, task.costs)[self._cells]
        self._rows = movement_rows(publication, self._number)
        self._linear = self._program(integral=False)
        self._integer: LinearProgram | None = None
        self._forbidden: set[int] = set()

    @property
    def solves(self) -> int:
        return self._linear.solves + (self._integer.solves if self._integer else 0)

    def set_cost(self, cell: int, cost: float) -> None:
        number = int(self._number[cell])
        self._costs[number] = cost
        for program in self._programs():
            program.change_cost(number, cost)
            program.change_cost(number + self._count, cost)

    def forbid(self, cell: int) -> None:
        """Hold a cell at its true value."""
        self._forbidden.add(int(self._number[cell]))
        self._limit(int(self._number[cell]), {})

    def allow(self, cell: int) -> None:
        """Let a cell move again."""
        self._forbidden.discard(int(self._number[cell]))
        self._limit(int(self._number[cell]), self._usual(int(self._number[cell])))

    def cheapest(self, cell: int, sign: int) -> Answer:
        return self._solve(self._linear, cell, sign)

    def cheapest_integral(self, cell: int, sign: int) -> Answer:
        if self._integer is None:
            self._integer = self._program(integral=True)
            for number in self._forbidden:
                self._limit(number, {})
        return self._solve(self._integer, cell, sign)

    def change(self, answer: Answer) -> IntArray | None:
        """Return a solution as a change of the whole table, or None if it is not integral."""
        moves = answer.integral()
        if moves is None:
            return None
        change = np.zeros(self._size, dtype=np.int64)
        change[self._cells] = moves[: self._count] - moves[self._count :]
        return change

    def _programs(self) -> list[LinearProgram]:
        return [self._linear] + ([self._integer] if self._integer else [])

    def _program(self, *, integral: bool) -> LinearProgram:
        program = LinearProgram(
            self._rows,
            np.zeros(2 * self._count, dtype=np.int64),
            np.concatenate([np.full(self._count, NO_LIMIT, dtype=np.int64), self._room]),
            integral=range(2 * self._count) if integral else (),
            costs_change="limits",
        )
        for number, cost in enumerate(self._costs):
            program.change_cost(number, float(cost))
            program.change_cost(number + self._count, float(cost))
        return program

    def _usual(self, number: int) -> dict[int, int]:
        return {1: NO_LIMIT, -1: int(self._room[number])}

    def _limit(self, number: int, upper: dict[int, int]) -> None:
        for program in self._programs():
            program.set_limits(number, 0, upper.get(1, 0))
            program.set_limits(number + self._count, 0, upper.get(-1, 0))

    def _solve(self, program: LinearProgram, cell: int, sign: int) -> Answer:
        number = int(self._number[cell])
        usual = self._usual(number)
        if number in self._forbidden or usual[sign] < 1:
            return Answer(Status.INFEASIBLE, np.zeros(0), 0.0, np.zeros(0))
        forward, backward = (number, number + self._count)[::sign]
        program.set_limits(forward, 1, usual[sign])
        program.set_limits(backward, 0, 0)
        answer = program.solve()
        program.set_limits(forward, 0, usual[sign])
        program.set_limits(backward, 0, usual[-sign])
        return answer


def movement_rows(publication: Publication, number: IntArray) -> Rows:
    """Return what each relation leaves to the movable cells, each in two parts: up and down.

    Args:
        publication: the tables.
        number: consecutive number of each movable cell, -1 for the others.

    Returns:
        Rows over ``2 * count`` variables, the ups first; rows without a movable cell are dropped.
    """
    system = publication.system
    count = int((number >= 0).sum())
    entries = number[system.columns] >= 0
    sizes = np.bincount(system.row_of_entry[entries], minlength=system.rows)
    keep = sizes > 0
    activity = system.activity(publication.values)[keep]
    lower, upper = system.lower[keep], system.upper[keep]
    columns = number[system.columns[entries]]
    coefficients = system.coefficients[entries]
    return Rows(
        starts=np.concatenate(([0], np.cumsum(2 * sizes[keep]))).astype(np.int64),
        columns=np.stack([columns, columns + count], axis=1).reshape(-1),
        coefficients=np.stack([coefficients, -coefficients], axis=1).reshape(-1),
        lower=np.where(lower <= -NO_LIMIT, -NO_LIMIT, lower - activity),
        upper=np.where(upper >= NO_LIMIT, NO_LIMIT, upper - activity),
    )
