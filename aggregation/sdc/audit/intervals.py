"""Exact integer intervals: the smallest and the largest value of a cell that fit everything published.

Of each cell an *inner* interval is kept (values that a checked integer table attains, at first the true one)
and an *outer* one (limits that are proven). Vertices of the attacker's polytope widen the first for many
cells at once; a program per limit gives a proof that narrows the second; where the two do not meet, what
remains is settled by divisibility, then by an integer program. Each component is looked at by itself.

An interval is exact when the two are the same. Where the solver gave no answer that is not so, and what is
reported is the inner one: an attacker may know no more, but he never knows less than a width would claim.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from aggregation.limits import OPEN_ABOVE, OPEN_BELOW
from aggregation.sdc.audit.polytope import Polytope
from aggregation.sdc.audit.substitution import substitution
from aggregation.sdc.linear_system import NO_LIMIT, BoolArray, IntArray, LinearSystem, components
from aggregation.sdc.programs import Answer, Status
from aggregation.sdc.publication import Publication

_ROUNDS: Final = 20
_LARGE: Final = 2**31


@dataclass(frozen=True, eq=False)
class Intervals:
    """What an attacker must grant some cells.

    Attributes:
        cells: their numbers.
        lower: smallest value of each, ``OPEN_BELOW`` if there is none.
        upper: largest value of each, ``OPEN_ABOVE`` if there is none.
        exact: whether both limits are proven. Where they are not, the interval is *unknown*: the true one
            holds the one given here.
    """

    cells: IntArray
    lower: IntArray
    upper: IntArray
    exact: BoolArray

    @property
    def width(self) -> IntArray:
        """How far apart the limits are, ``OPEN_ABOVE`` where one is open; nothing where they are unknown."""
        is_open = (self.lower <= OPEN_BELOW) | (self.upper >= OPEN_ABOVE)
        width = np.where(is_open, 0, self.upper) - np.where(is_open, 0, self.lower)
        return np.where(self.exact, np.where(is_open, OPEN_ABOVE, width), 0)


def intervals(publication: Publication, cells: IntArray) -> Intervals:
    """Return the exact integer feasibility interval of some cells.

    Args:
        publication: what is published, and what an attacker must grant the rest.
        cells: numbers of the cells, in any order.

    Returns:
        One interval per cell given; its value where it is published.
    """
    wanted = np.unique(cells[publication.withheld[cells]])
    lower, upper = publication.values.copy(), publication.values.copy()
    exact = np.ones(len(lower), dtype=np.bool_)
    hidden = publication.withheld
    if np.any(publication.values[hidden] < publication.floors[hidden]) or not np.all(
        publication.system.satisfied(publication.values)
    ):
        exact[hidden] = False
        return Intervals(cells, lower[cells], upper[cells], exact[cells])
    unknown = hidden.copy()
    unknown[list(substitution(publication.system, hidden).row_of)] = False
    wanted = wanted[unknown[wanted]]
    left = np.flatnonzero(unknown)
    labels = components(publication.system.among(left, publication.system.activity(publication.values))[0])
    of_wanted = labels[np.searchsorted(left, wanted)]
    for label in np.unique(of_wanted).tolist():
        search = _Search(Polytope.around(publication, unknown, wanted[of_wanted == label]))
        search.run(wanted[of_wanted == label])
        at = search.polytope.cells
        lower[at] = np.where(search.low <= -NO_LIMIT, OPEN_BELOW, publication.values[at] + search.low)
        upper[at] = np.where(search.high >= NO_LIMIT, OPEN_ABOVE, publication.values[at] + search.high)
        exact[at] = (search.low == search.floor) & (search.high == search.ceiling)
    return Intervals(cells, lower[cells], upper[cells], exact[cells])


class _Search:
    """The intervals of one component, as differences to the true table.

    ``low`` and ``high`` are attained by checked tables, ``floor`` and ``ceiling`` are proven limits.
    """

    def __init__(self, polytope: Polytope) -> None:
        self.polytope = polytope
        size = len(polytope.cells)
        self.low, self.high = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
        self.floor, self.ceiling = polytope.lower.copy(), np.full(size, NO_LIMIT, dtype=np.int64)
        self._step = _common_steps(polytope.system)

    def run(self, wanted: IntArray) -> None:
        """Find the intervals of the wanted cells."""
        for number in np.searchsorted(self.polytope.cells, wanted).tolist():
            for sign in (1, -1):
                if not self._settled(number, sign):
                    self._settle(number, sign)

    def _settled(self, number: int, sign: int) -> bool:
        inner, outer = (self.high, self.ceiling) if sign > 0 else (self.low, self.floor)
        return bool(inner[number] == outer[number])

    def _settle(self, number: int, sign: int) -> None:
        """Find one limit of one cell: by a proof, by divisibility, by whole numbers."""
        cell = int(self.polytope.cells[number])
        answer, limit, _ = self.polytope.extreme(cell, sign)
        self._learn(answer)
        if answer.status is Status.UNBOUNDED:
            self._follow(self.polytope.endless(cell, sign))
            return
        if limit is None:
            return
        step = int(self._step[number])
        self._limit(number, sign, limit // step * step if step else 0)
        if not self._settled(number, sign):
            answer = self.polytope.whole_extreme(cell, sign)
            self._learn(answer)
            if answer.status is Status.OPTIMAL:
                # The optimum over whole numbers, if the table that attains it passed the check.
                best = round(-answer.objective)
                inner = self.high[number] if sign > 0 else -self.low[number]
                if inner == best:
                    self._limit(number, sign, best)

    def _limit(self, number: int, sign: int, steps: int) -> None:
        if sign > 0:
            self.ceiling[number] = max(self.high[number], min(self.ceiling[number], steps))
        else:
            self.floor[number] = min(self.low[number], max(self.floor[number], -steps))

    def _learn(self, answer: Answer) -> None:
        change = self.polytope.table(answer)
        np.minimum(self.low, change, out=self.low)
        np.maximum(self.high, change, out=self.high)

    def _follow(self, ray: IntArray | None) -> None:
        """Open the limits of everything that a direction without an end moves."""
        if ray is not None:
            self.high[ray > 0] = self.ceiling[ray > 0] = NO_LIMIT
            self.low[ray < 0] = self.floor[ray < 0] = -NO_LIMIT


def _common_steps(system: LinearSystem) -> IntArray:
    """Return a number that divides every possible difference of each cell; 0 if it cannot differ at all.

    In a relation that holds exactly, what one cell adds is what all others take away, so it is divisible by
    whatever divides all of theirs. Repeated until nothing changes, or often enough: every step is valid.
    """
    steps = [1] * system.cells
    exact = np.flatnonzero(system.lower == system.upper).tolist()
    rows = [
        list(zip(system.columns[at].tolist(), np.abs(system.coefficients[at]).tolist(), strict=True))
        for at in map(system.entries, exact)
    ]
    rows = [row for row in rows if any(size > 1 for _, size in row)]
    changed = bool(rows)
    for _ in range(_ROUNDS):
        if not changed:
            break
        changed = False
        for row in rows:
            for cell, size in row:
                others = math.gcd(*(factor * steps[other] for other, factor in row if other != cell))
                step = others // math.gcd(others, size) if others else 0
                step = math.lcm(steps[cell], step)
                if step != steps[cell] and step < _LARGE:
                    steps[cell], changed = step, True
    return np.array(steps, dtype=np.int64)
