"""What is to be protected, how much may be spent on it, and what comes out.

A task says what is published so far, whom it has to be protected from (`views`: the outsider first, then
those who know cells of their own) and what withholding more costs. The effort is counted in *rounds*, each of
which is the same on every machine; a caller that has a clock looks at it in ``stop``, between rounds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from aggregation.sdc.demands import KINDS
from aggregation.sdc.linear_system import BoolArray, IntArray
from aggregation.sdc.programs import FloatArray
from aggregation.sdc.publication import Publication
from aggregation.sdc.tables import LinkedTables
from aggregation.sdc.views import View


@dataclass(frozen=True, eq=False)
class Task:
    """What is to be protected, and with which means.

    Attributes:
        publication: the pattern so far; sensitive cells are withheld in it.
        views: every attacker with what must stay uncertain for him; the first is the outsider.
        optional: published cells that may be withheld too; never zeros that everybody may know.
        costs: what withholding each cell costs, at least 1.
        upward: cells that should also have a witness in which they are larger, if that is possible at all;
            None for none.
        tables: the tables whose cells these are, in their order; None if they are anything else. They say
            how the cells lie, which is how big ones are parted.
    """

    publication: Publication
    views: tuple[View, ...]
    optional: BoolArray
    costs: FloatArray
    upward: BoolArray | None = None
    tables: LinkedTables | None = None

    def cost_beyond_start(self, withheld: BoolArray) -> float:
        """Return what a pattern costs beyond the one that the task starts from."""
        return float(self.costs[withheld & ~self.publication.withheld].sum())


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a search is, for somebody who waits.

    Attributes:
        rounds: rounds of improvement done.
        cost: what the best pattern so far costs beyond the start.
        bound: what every pattern costs at least, or None if nothing is proven.
    """

    rounds: int
    cost: float
    bound: float | None


def _never() -> bool:
    return False


def _silent(progress: Progress) -> None:
    del progress


@dataclass(frozen=True, slots=True)
class Effort:
    """How much work a pattern is worth.

    Attributes:
        rounds: rounds of improvement at most; 0 constructs a safe pattern and leaves it at that.
        stop: asked between rounds whether to end early; what there is then is returned, and it is safe.
        tell: told after every round.
    """

    rounds: int = 0
    stop: Callable[[], bool] = _never
    tell: Callable[[Progress], None] = _silent


CONSTRUCT: Final = Effort()
"""A safe pattern, quickly."""


class Unmet(NamedTuple):
    """A demand that no means sufficed for.

    Attributes:
        view: number of the attacker.
        kind: kind of the demand, as in :mod:`aggregation.sdc.demands`.
        cell: the cell.
    """

    view: int
    kind: int
    cell: int


@dataclass(frozen=True, eq=False)
class Pattern:
    """What is withheld in the end, and the proof.

    Attributes:
        task: what was asked for.
        withheld: which cells are withheld.
        witnesses: alternative tables as differences to the true one; exact, checked. One serves every
            attacker who does not know a cell that it moves.
        unmet: demands that no means sufficed for.
        undecided: whether the solver failed to answer for one of them.
        solves: number of programs solved.
        bound: what every pattern that meets the same demands costs at least beyond the start; None if
            nothing is proven.
        optimal: whether it is proven that no pattern is cheaper.
        rounds: rounds of improvement that it had.
    """

    task: Task
    withheld: BoolArray
    witnesses: tuple[IntArray, ...]
    unmet: tuple[Unmet, ...] = ()
    undecided: bool = False
    solves: int = 0
    bound: float | None = None
    optimal: bool = False
    rounds: int = 0

    @property
    def cost(self) -> float:
        """What is withheld beyond the start costs this much."""
        return self.task.cost_beyond_start(self.withheld)

    @property
    def unprotected(self) -> tuple[int, ...]:
        """Cells of which some demand is unmet, in cell order."""
        return tuple(sorted({unmet.cell for unmet in self.unmet}))

    def proven(self, view: int = 0) -> BoolArray:
        """Return what some witness proves to an attacker: one row per kind, one column per cell."""
        attacker = self.task.views[view]
        publication = attacker.of(self.task.publication)
        proven = np.zeros((KINDS, len(self.withheld)), dtype=np.bool_)
        for witness in self.witnesses:
            moved = witness != 0
            knows = attacker.known is not None and bool(np.any(attacker.known & moved))
            table = publication.values + witness
            if not knows and np.all(table[moved] >= publication.floors[moved]):
                proven |= attacker.demands.met_by(witness)
        return proven
