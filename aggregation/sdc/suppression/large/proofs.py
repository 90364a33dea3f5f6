"""Who is shown by which witness that a cell is uncertain: sparse, and quick to ask what would be lost.

Big tables have thousands of witnesses and, where persons alone in a cell are attackers, thousands of those.
Nearly all attackers demand the same and know next to nothing, so a demand is kept once for all of them
(*aim*), with those who do not make it; and a witness is kept with those who can rule it out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

import numpy as np

from aggregation.sdc.demands import DIFFER, FALL, RISE, Demands
from aggregation.sdc.linear_system import BoolArray, IntArray
from aggregation.sdc.suppression.goals import SIGNS, UPWARD
from aggregation.sdc.suppression.large.block import Change
from aggregation.sdc.suppression.task import Task, Unmet
from aggregation.sdc.views import View

_NOBODY: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Aim:
    """One demand on one cell.

    Attributes:
        cell: the cell.
        kind: as in `demands`, or ``UPWARD``.
        amount: by how much the cell has to move, at least 1.
        views: the attackers that it is made for; None for all but ``exempt``.
        exempt: attackers that it is not made for.
    """

    cell: int
    kind: int
    amount: int
    views: frozenset[int] | None = None
    exempt: frozenset[int] = _NOBODY

    @property
    def signs(self) -> tuple[int, ...]:
        """Directions in which the cell may move."""
        return SIGNS[self.kind]

    def reached_by(self, amount: int) -> bool:
        """Whether the cell moves far enough."""
        return any(sign * amount >= self.amount for sign in self.signs)


class Proofs:
    """All aims of a task and the witnesses found so far.

    Attributes:
        aims: the aims of each cell that has any.
        waiting: cells with an aim that must be reached and is not, for some attacker.
    """

    def __init__(self, task: Task) -> None:
        """Nothing is proven yet."""
        self.aims = _aims(task)
        self.waiting: BoolArray = np.zeros(len(task.publication.withheld), dtype=np.bool_)
        self._values = task.publication.values
        self._has_aims = np.zeros_like(self.waiting)
        self._has_aims[list(self.aims)] = True
        self._knowers = _knowers(task)
        self._knowledge = [_known_to(view, task.publication.floors) for view in task.views]
        self._is_known = np.zeros_like(self.waiting)
        self._is_known[list(self._knowers)] = True
        self._changes: dict[int, Change] = {}
        self._ruled_out: dict[int, frozenset[int]] = {}
        self._by_cell: dict[int, dict[int, None]] = {}
        self._next = 0
        for cell in self.aims:
            self._look_again(cell)

    @property
    def changes(self) -> Iterable[Change]:
        """All witnesses, the oldest first."""
        return self._changes.values()

    def known_to(self, view: int) -> BoolArray | None:
        """Return cells that must not move in a witness for an attacker; None if there are none."""
        return self._knowledge[view]

    def moving(self, cell: int) -> frozenset[int]:
        """Return the numbers of the witnesses that move a cell."""
        return frozenset(self._by_cell.get(cell, ()))

    def add(self, change: Change, number: int | None = None) -> int:
        """Add a witness and return its number; a number is given to put a dropped one back."""
        if number is None:
            number, self._next = self._next, self._next + 1
        self._changes[number] = change
        self._ruled_out[number] = self._ruled_out_by(change)
        for cell in change.cells.tolist():
            self._by_cell.setdefault(cell, {})[number] = None
        self._look_again_at(change)
        return number

    def drop(self, number: int) -> Change:
        """Take a witness away."""
        change = self._changes.pop(number)
        del self._ruled_out[number]
        for cell in change.cells.tolist():
            del self._by_cell[cell][number]
        self._look_again_at(change)
        return change

    def lost_without(self, numbers: frozenset[int]) -> list[Aim]:
        """Return the aims that are reached for somebody now, and would not be without some witnesses."""
        cells = set(chain.from_iterable(self._changes[n].cells.tolist() for n in sorted(numbers)))
        lost = []
        for cell in sorted(cells & self.aims.keys()):
            for aim in self.aims[cell]:
                left = self.missing(aim, numbers)
                if left and left != self.missing(aim):
                    lost.append(aim)
        return lost

    def missing(self, aim: Aim, without: frozenset[int] = frozenset()) -> tuple[int, ...]:
        """Return attackers to whom an aim is not proven; only the first one if it is to none."""
        common: frozenset[int] | None = None
        for number in self._by_cell.get(aim.cell, ()):
            if number in without:
                continue
            if aim.kind != DIFFER and not aim.reached_by(self._changes[number].at(aim.cell)):
                continue
            ruled_out = self._ruled_out[number]
            common = ruled_out if common is None else common & ruled_out
            if not common:
                return ()
        if common is None:
            return (0,) if aim.views is None else tuple(sorted(aim.views))
        return tuple(sorted(common - aim.exempt if aim.views is None else common & aim.views))

    def unmet(self) -> tuple[Unmet, ...]:
        """Return what is not proven and must be."""
        found = []
        for cell in np.flatnonzero(self.waiting).tolist():
            for aim in self.aims[cell]:
                if aim.kind != UPWARD:
                    found += [Unmet(view, aim.kind, cell) for view in self.missing(aim)]
        return tuple(sorted(found))

    def _look_again_at(self, change: Change) -> None:
        for cell in change.cells[self._has_aims[change.cells]].tolist():
            self._look_again(cell)

    def _look_again(self, cell: int) -> None:
        self.waiting[cell] = any(aim.kind != UPWARD and self.missing(aim) for aim in self.aims[cell])

    def _ruled_out_by(self, change: Change) -> frozenset[int]:
        known = self._is_known[change.cells]
        if not known.any():
            return _NOBODY
        found = set()
        for cell, amount in zip(change.cells[known].tolist(), change.amounts[known].tolist(), strict=True):
            for view, least in self._knowers[cell]:
                if least is None or int(self._values[cell]) + amount < least:
                    found.add(view)
        return frozenset(found)


def _aims(task: Task) -> dict[int, list[Aim]]:
    """Return the aims of each cell, in cell order."""
    usual = task.views[0].demands
    exempt: dict[int, set[int]] = {}
    special: dict[tuple[int, int, int], set[int]] = {}
    for number, view in enumerate(task.views):
        demands = view.demands
        other = (demands.differ != usual.differ) | (demands.rise != usual.rise) | (demands.fall != usual.fall)
        for cell in np.flatnonzero(other).tolist():
            exempt.setdefault(cell, set()).add(number)
            for kind, amount in _demanded(demands, cell):
                special.setdefault((cell, kind, amount), set()).add(number)
    found: dict[int, list[Aim]] = {}
    for cell in np.flatnonzero(usual.cells).tolist():
        for kind, amount in _demanded(usual, cell):
            aim = Aim(cell, kind, amount, exempt=frozenset(exempt.get(cell, ())))
            found.setdefault(cell, []).append(aim)
    for (cell, kind, amount), views in special.items():
        found.setdefault(cell, []).append(Aim(cell, kind, amount, views=frozenset(views)))
    if task.upward is not None:
        for cell in np.flatnonzero(task.upward).tolist():
            found.setdefault(cell, []).append(Aim(cell, UPWARD, 1, views=frozenset({0})))
    return dict(sorted(found.items()))


def _demanded(demands: Demands, cell: int) -> list[tuple[int, int]]:
    rise, fall = int(demands.rise[cell]), int(demands.fall[cell])
    kinds = [(RISE, rise)] * (rise > 0) + [(FALL, fall)] * (fall > 0)
    return kinds + [(DIFFER, 1)] * bool(demands.differ[cell] and not kinds)


def _knowers(task: Task) -> dict[int, list[tuple[int, int | None]]]:
    """Return who knows something about each cell: that it is what it is (None), or the least it can be."""
    found: dict[int, list[tuple[int, int | None]]] = {}
    for number, view in enumerate(task.views):
        if view.known is not None:
            for cell in np.flatnonzero(view.known).tolist():
                found.setdefault(cell, []).append((number, None))
        if view.least is not None:
            for cell in np.flatnonzero(view.least > task.publication.floors).tolist():
                found.setdefault(cell, []).append((number, int(view.least[cell])))
    return found


def _known_to(view: View, floors: IntArray) -> BoolArray | None:
    """Return the cells that are held still for an attacker: his own, and where he knows a higher floor."""
    known = None if view.known is None else view.known
    if view.least is not None:
        higher = view.least > floors
        known = higher if known is None else known | higher
    return known
