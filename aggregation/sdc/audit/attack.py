"""Exact audit: can anyone who knows what was published compute a sensitive cell?

Independent of the suppression in code and idea: it starts from what is published, not from how it came
about, and shares only the description of the tables. Each attacker (`views`) knows every relation, all
published cells, that a withheld count is at least its floor, the rules, all linked deliveries, and what is
his own. For each sensitive cell the audit ends in one of three ways, never by default:

1. *Exposed, by substitution*: a relation has one unknown left; what follows from it is put in, and so on.
2. *Protected*: other integer tables fit everything published and differ in the cell as demanded (`demands`).
   Candidates are vertices of the attacker's polytope in seeded pseudo-random directions (one vertex serves
   many cells), then the nearest tables in which the cell differs by what is demanded (they move little, so
   they are hardly ever fractional and serve most other attackers too), then the two extreme values of the
   cell, then an integer program; each is checked in exact integer arithmetic.
3. *Exposed, by bounds*: no integer value of the cell is as far away as demanded. What limits it is a weighted
   sum of relations, checked in exact arithmetic too, or an integer program that has no solution.

Everything else (a stop, an odd status, true values that contradict a relation) is *unknown*, and blocks.

It deliberately does not repair anything and does not look at reasons.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from aggregation.sdc.audit.examination import Examination, ExposedCell, Route, Verdict, Witness
from aggregation.sdc.audit.measuring import Measuring, Question
from aggregation.sdc.audit.polytope import Polytope
from aggregation.sdc.audit.substitution import substitution
from aggregation.sdc.audit.witnesses import Witnesses
from aggregation.sdc.demands import DIFFER, FALL, RISE, Demands
from aggregation.sdc.linear_system import BoolArray, IntArray
from aggregation.sdc.programs import Answer
from aggregation.sdc.publication import Publication
from aggregation.sdc.views import View

__all__ = [
    "Examination",
    "ExposedCell",
    "Route",
    "Tell",
    "Verdict",
    "examine",
    "examine_views",
    "moved_at_random",
]

Tell = Callable[[int, int], None]
"""Is told how many demands are decided, and how many there are for all attackers together."""

_SEED: Final = 20260331
_MAX_ROUNDS: Final = 12
_IDLE_ROUNDS: Final = 2
_SMALL: Final = 1500
"""Cells that are left, up to which no component is asked apart: nearly all are tiny then."""

_TINY: Final = 100
"""Cells below which components are asked together all the same."""


def examine_views(
    publication: Publication,
    views: Sequence[View],
    *,
    settled: BoolArray | None = None,
    tell: Tell | None = None,
) -> tuple[Examination, ...]:
    """Decide for every attacker and every sensitive cell whether he can compute it.

    A witness that one attacker's examination found serves every other who knows none of the cells that it
    moves, so further attackers cost little.

    Args:
        publication: what is published of the tables.
        views: the attackers; the outsider, if there is one, first.
        settled: what is already proven of the first attacker's demands (by a witness in a part of the system
            that stays one in the whole), as a matrix, or None.
        tell: is told the progress.

    Returns:
        One outcome per attacker; ``settled`` counts as met for the first.
    """
    asked = sum(int(view.demands.matrix.sum()) for view in views)
    pool, decided = Witnesses(), 0
    outcomes: list[Examination] = []
    for view in views:

        def told(done: int, before: int = decided) -> None:
            if tell is not None:
                tell(before + done, asked)

        attack = _Attack(view.of(publication), view.demands, pool, told)
        if not outcomes:
            attack.take_for_granted(settled)
        elif views[0].known is None and views[0].least is None:
            attack.take_over(outcomes[0].exposed, views[0].demands)
        outcomes.append(attack.run(at_random=not outcomes))
        decided += int(view.demands.matrix.sum())
        told(0, decided)
    return tuple(outcomes)


def examine(publication: Publication, demands: Demands, *, settled: BoolArray | None = None) -> Examination:
    """Decide for every sensitive cell whether somebody who knows nothing of his own can compute it.

    Args:
        publication: what is published of the tables.
        demands: what must stay uncertain about which cells.
        settled: as for :func:`examine_views`.

    Returns:
        The outcome; what is ``settled`` counts as met.
    """
    return examine_views(publication, (View(demands),), settled=settled)[0]


def moved_at_random(publication: Publication, demands: Demands) -> tuple[tuple[Witness, ...], int]:
    """Return witnesses at pseudo-random vertices for what is demanded, and the programs it took.

    A demand that none of them meets is not exposed: it is merely not settled this way.
    """
    attack = _Attack(publication, demands, Witnesses(), _tell_nobody)
    if attack.consistent:
        attack.substitute()
        attack.move_at_random()
    return tuple(attack.found), attack.programs


def _tell_nobody(done: int) -> None:
    """Nobody asks."""


@dataclass(eq=False)
class _Attack:
    """One attacker's attack on one publication, step by step."""

    publication: Publication
    demands: Demands
    pool: Witnesses
    tell: Callable[[int], None]
    met: BoolArray = field(init=False)
    exposed: dict[int, ExposedCell] = field(default_factory=dict)
    undecided: set[int] = field(default_factory=set)
    found: list[Witness] = field(default_factory=list)
    consistent: bool = field(init=False)
    programs: int = 0

    def __post_init__(self) -> None:
        publication = self.publication
        hidden = publication.withheld
        self.unknown: BoolArray = hidden.copy()
        self.met = np.zeros_like(self.demands.matrix)
        self.consistent = bool(
            np.all(publication.values[hidden] >= publication.floors[hidden])
            and np.all(publication.system.satisfied(publication.values))
        )

    def take_for_granted(self, settled: BoolArray | None) -> None:
        """Count what is settled as met."""
        if settled is not None:
            self.met |= settled & self.demands.matrix

    def take_over(self, exposed: Sequence[ExposedCell], demands: Demands) -> None:
        """Whoever knows more than another gets at the same cells, if the same is demanded of them."""
        for cell in exposed:
            at = cell.cell
            same = np.array_equal(self.demands.matrix[:, at], demands.matrix[:, at])
            if (
                same
                and self.demands.rise[at] == demands.rise[at]
                and self.demands.fall[at] == demands.fall[at]
            ):
                self.exposed[at] = cell

    def run(self, *, at_random: bool) -> Examination:
        """Attack; vertices at random pay where many cells are open and nobody else needs their witnesses."""
        if self.consistent:
            self.met |= self.pool.met(self.publication, self.demands)
            self.read_published()
            if len(self.open_cells()):
                self.substitute()
            if at_random:
                self.move_at_random()
            self.measure_the_rest()
        return self.outcome()

    def open_cells(self) -> IntArray:
        """Sensitive cells without an answer."""
        waiting: BoolArray = (self.demands.matrix & ~self.met).any(axis=0) & self.unknown
        waiting[list(self.exposed)] = False
        return np.flatnonzero(waiting)

    def read_published(self) -> None:
        """A sensitive cell that stands in the delivery, or is the attacker's own, needs no attack."""
        for cell in np.flatnonzero(self.demands.cells & ~self.publication.withheld).tolist():
            self.exposed[cell] = ExposedCell(cell, Route.PUBLISHED, ())

    def substitute(self) -> None:
        """Solve relations with one unknown, put the result in, repeat."""
        solved = substitution(self.publication.system, self.unknown)
        self.unknown[list(solved.row_of)] = False
        for cell in solved.row_of:
            if self.demands.cells[cell] and cell not in self.exposed:
                self.exposed[cell] = ExposedCell(cell, Route.SUBSTITUTION, solved.derivation(cell))

    def move_at_random(self) -> None:
        """Look for witnesses at vertices in pseudo-random directions."""
        if not len(self.open_cells()):
            return
        polytope = Polytope.around(self.publication, self.unknown, self.open_cells())
        random = np.random.default_rng(_SEED)
        idle = 0
        for _ in range(_MAX_ROUNDS):
            waiting = self.open_cells()
            if not len(waiting) or idle >= _IDLE_ROUNDS:
                break
            before = int(self.met.sum())
            self._learn(polytope, polytope.towards(waiting, self._directions(waiting), random))
            idle = 0 if int(self.met.sum()) > before else idle + 1
        self.programs += polytope.programs

    def measure_the_rest(self) -> None:
        """Ask for each cell that is left by itself, and decide."""
        waiting = self.open_cells()
        if not len(waiting):
            return
        whole = Polytope.around(self.publication, self.unknown, waiting)
        for polytope in whole.apart(_TINY) if len(whole.cells) > _SMALL else (whole,):
            measuring = Measuring(polytope, self._meets)
            for cell in polytope.among(waiting).tolist():
                self._measure(measuring, cell)
                self.tell(int(self.met.sum()) + len(self.exposed))
            self.programs += measuring.programs

    def _measure(self, measuring: Measuring, cell: int) -> None:
        for question in self._questions(cell):
            if self.met[question.kind, cell] or cell in self.exposed:
                continue
            exposed, undecided = measuring.ask(question)
            if exposed is not None:
                self.exposed[cell] = exposed
                self.undecided.discard(cell)
            elif undecided:
                self.undecided.add(cell)

    def _directions(self, cells: IntArray) -> IntArray:
        """Return 1 where a cell has yet to grow only, -1 where it has to shrink, 0 where either serves."""
        missing = (self.demands.matrix & ~self.met)[:, cells]
        return np.where(missing[DIFFER], 0, missing[RISE].astype(np.int64) - missing[FALL])

    def _questions(self, cell: int) -> Iterator[Question]:
        """Yield what is demanded of a cell."""
        if self.demands.differ[cell]:
            yield Question(cell, DIFFER, 1, (1, -1))
        if self.demands.rise[cell]:
            yield Question(cell, RISE, int(self.demands.rise[cell]), (1,))
        if self.demands.fall[cell]:
            yield Question(cell, FALL, int(self.demands.fall[cell]), (-1,))

    def _meets(self, polytope: Polytope, answer: Answer, question: Question) -> bool:
        """Whether what an answer proves meets a demand."""
        self._learn(polytope, answer)
        return bool(self.met[question.kind, question.cell])

    def _learn(self, polytope: Polytope, answer: Answer) -> None:
        """Keep what an answer proves: of each component that meets something new, the part that moves."""
        change = polytope.table(answer)
        new = self.demands.met_by_some(polytope.cells, change) & ~self.met[:, polytope.cells]
        if not new.any():
            return
        useful = polytope.labels[np.flatnonzero(new.any(axis=0))]
        for label in np.unique(useful).tolist():
            moved = np.flatnonzero((polytope.labels == label) & (change != 0))
            witness = Witness(polytope.cells[moved], change[moved])
            self.found.append(witness)
            self.pool.add(witness)
        self.met[:, polytope.cells] |= new

    def outcome(self) -> Examination:
        verdict = Verdict.SAFE
        if self.undecided or not self.consistent:
            verdict = Verdict.UNKNOWN
        if self.exposed:
            verdict = Verdict.UNSAFE
        return Examination(
            verdict=verdict,
            exposed=tuple(self.exposed[cell] for cell in sorted(self.exposed)),
            undecided=tuple(sorted(self.undecided)),
            met=self.met,
            consistent=self.consistent,
            programs=self.programs,
            witnesses=tuple(self.found),
        )
