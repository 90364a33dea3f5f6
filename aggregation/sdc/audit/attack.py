"""Exact audit: can anyone who knows what was published compute a sensitive cell?

Independent of the suppression in code and idea: it starts from what is published, not from how it came
about, and shares only the description of the tables. The attacker knows every relation, all published cells,
that a withheld count is at least its floor, the rules, and all linked deliveries. For each sensitive cell
the audit ends in one of three ways, never by default:

1. *Exposed, by substitution*: a relation has one unknown left; what follows from it is put in, and so on.
2. *Protected*: other integer tables fit everything published and differ in the cell as demanded (`demands`).
   Candidates are vertices of the attacker's polytope in seeded pseudo-random directions (one vertex serves
   many cells), then the nearest tables in which the cell differs by what is demanded (they move little and
   are hardly ever fractional), then the two extreme values of the cell, then an integer program; each is
   checked in exact integer arithmetic.
3. *Exposed, by bounds*: no integer value of the cell is as far away as demanded.

Everything else (a stop, an odd status, true values that contradict a relation) is *unknown*, and blocks.

It deliberately does not repair anything and does not look at reasons.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import numpy as np

from aggregation.sdc.audit.polytope import Polytope
from aggregation.sdc.demands import DIFFER, FALL, RISE, Demands
from aggregation.sdc.linear_system import BoolArray, IntArray
from aggregation.sdc.programs import Answer, Status
from aggregation.sdc.publication import Publication

_SEED: Final = 20260331
_MAX_ROUNDS: Final = 12
_IDLE_ROUNDS: Final = 2


class Verdict(StrEnum):
    """What the audit says about a delivery; only ``SAFE`` may leave the house."""

    SAFE = "safe"
    UNSAFE = "unsafe"
    UNKNOWN = "unknown"


class Route(StrEnum):
    """How the attacker gets to a cell."""

    PUBLISHED = "published"
    SUBSTITUTION = "substitution"
    BOUNDS = "bounds"
    INTERVAL = "interval"
    INTEGERS = "integers"


@dataclass(frozen=True, slots=True)
class ExposedCell:
    """A sensitive cell that can be computed, or an amount that can be computed too closely.

    Attributes:
        cell: its number.
        route: how.
        rows: the relations used, in the order of the derivation.
    """

    cell: int
    route: Route
    rows: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Examination:
    """The outcome for one system of tables.

    Attributes:
        verdict: ``UNSAFE`` if any cell is exposed, else ``UNKNOWN`` if any is undecided, else ``SAFE``.
        exposed: exposed sensitive cells, in cell order.
        undecided: sensitive cells without an answer, in cell order.
        met: demands with an integer witness: one row per kind, one column per cell.
        consistent: False if the true values contradict a relation or a floor.
        programs: number of programs solved.
    """

    verdict: Verdict
    exposed: tuple[ExposedCell, ...]
    undecided: tuple[int, ...]
    met: BoolArray
    consistent: bool
    programs: int


def examine(publication: Publication, demands: Demands, *, settled: BoolArray | None = None) -> Examination:
    """Decide for every sensitive cell whether it can be computed.

    Args:
        publication: what is published of the tables.
        demands: what must stay uncertain about which cells.
        settled: demands that are already proven met (by a witness in a part of the system that stays one in
            the whole), as a matrix, or None.

    Returns:
        The outcome; what is ``settled`` counts as met.
    """
    attack = _Attack(publication, demands, settled)
    if not attack.consistent:
        return attack.outcome()
    attack.read_published()
    attack.substitute()
    attack.move_at_random()
    attack.measure_the_rest()
    return attack.outcome()


def met_by_movement(publication: Publication, demands: Demands) -> tuple[BoolArray, int]:
    """Return which demands pseudo-random vertices prove met, and the programs it took.

    A cell that is missing in the answer is not exposed: it is merely not settled this way.
    """
    attack = _Attack(publication, demands, None)
    if attack.consistent:
        attack.substitute()
        attack.move_at_random()
    return attack.met, attack.programs


@dataclass(eq=False)
class _Attack:
    """One attack on one publication, step by step."""

    publication: Publication
    demands: Demands
    settled: BoolArray | None
    met: BoolArray = field(init=False)
    exposed: dict[int, ExposedCell] = field(default_factory=dict)
    undecided: set[int] = field(default_factory=set)
    consistent: bool = field(init=False)
    programs: int = 0

    def __post_init__(self) -> None:
        publication = self.publication
        hidden = publication.withheld
        self.unknown: BoolArray = hidden.copy()
        demanded = self.demands.matrix
        self.met = np.zeros_like(demanded) if self.settled is None else self.settled & demanded
        self.consistent = bool(
            np.all(publication.values[hidden] >= publication.floors[hidden])
            and np.all(publication.system.satisfied(publication.values))
        )
        self._substituted: dict[int, int] = {}

    def open_cells(self) -> IntArray:
        """Sensitive cells without an answer."""
        waiting: BoolArray = (self.demands.matrix & ~self.met).any(axis=0) & self.unknown
        waiting[list(self.exposed)] = False
        return np.flatnonzero(waiting)

    def read_published(self) -> None:
        """A sensitive cell that stands in the delivery needs no attack."""
        for cell in np.flatnonzero(self.demands.cells & ~self.publication.withheld):
            self.exposed[int(cell)] = ExposedCell(int(cell), Route.PUBLISHED, ())

    def substitute(self) -> None:
        """Solve relations with one unknown, put the result in, repeat."""
        system = self.publication.system
        equal = system.lower == system.upper
        while True:
            unknown_entries = self.unknown[system.columns]
            counts = np.bincount(system.row_of_entry[unknown_entries], minlength=system.rows)
            solvable = (equal & (counts == 1))[system.row_of_entry] & unknown_entries
            found = np.flatnonzero(solvable)
            if not len(found):
                break
            for entry in found:
                self._substituted.setdefault(int(system.columns[entry]), int(system.row_of_entry[entry]))
            self.unknown[system.columns[found]] = False
        for cell in self._substituted:
            if self.demands.cells[cell] and cell not in self.exposed:
                self.exposed[cell] = ExposedCell(cell, Route.SUBSTITUTION, self._derivation(cell))

    def move_at_random(self) -> None:
        """Look for witnesses at vertices in pseudo-random directions."""
        if not len(self.open_cells()):
            return
        polytope = Polytope(self.publication, self.unknown, self.open_cells())
        random = np.random.default_rng(_SEED)
        idle = 0
        for _ in range(_MAX_ROUNDS):
            waiting = self.open_cells()
            if not len(waiting) or idle >= _IDLE_ROUNDS:
                break
            before = int(self.met.sum())
            answer = polytope.towards(waiting, self._directions(waiting), random)
            self.programs += 1
            self._learn(polytope, answer)
            idle = 0 if int(self.met.sum()) > before else idle + 1

    def measure_the_rest(self) -> None:
        """Ask for each cell that is left by itself, and decide."""
        if not len(self.open_cells()):
            return
        polytope = Polytope(self.publication, self.unknown, self.open_cells())
        for cell in self.open_cells().tolist():
            for amount, signs, kind in self._questions(cell):
                if not self.met[kind, cell] and cell not in self.exposed:
                    self._measure(polytope, cell, amount, signs, kind)
        self.programs += polytope.programs

    def _directions(self, cells: IntArray) -> IntArray:
        """Return 1 where a cell has yet to grow only, -1 where it has to shrink, 0 where either serves."""
        missing = (self.demands.matrix & ~self.met)[:, cells]
        return np.where(missing[DIFFER], 0, missing[RISE].astype(np.int64) - missing[FALL])

    def _questions(self, cell: int) -> Iterator[tuple[int, tuple[int, ...], int]]:
        """Yield what is demanded of a cell: how far it has to move, in which directions, and the kind."""
        if self.demands.differ[cell]:
            yield 1, (1, -1), DIFFER
        if self.demands.rise[cell]:
            yield int(self.demands.rise[cell]), (1,), RISE
        if self.demands.fall[cell]:
            yield int(self.demands.fall[cell]), (-1,), FALL

    def _learn(self, polytope: Polytope, answer: Answer) -> None:
        self.met |= self.demands.met_by(polytope.witness(answer))

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
        )

    def _measure(self, polytope: Polytope, cell: int, amount: int, signs: tuple[int, ...], kind: int) -> None:
        """Find out whether a cell can move by an amount in one of some directions."""
        for sign in signs:
            self._learn(polytope, polytope.nearest(cell, sign, amount))
            if self.met[kind, cell]:
                return
        rows: dict[int, None] = {}
        route = Route.BOUNDS if kind == DIFFER else Route.INTERVAL
        for sign in signs:
            answer = polytope.extreme(cell, sign)
            self._learn(polytope, answer)
            if self.met[kind, cell]:
                return
            rows.update(dict.fromkeys(polytope.rows_behind(answer)))
            if polytope.excludes(answer, amount):
                continue
            route = Route.INTEGERS if kind == DIFFER else Route.INTERVAL
            answer = polytope.integer_step(cell, sign, amount)
            self._learn(polytope, answer)
            if self.met[kind, cell]:
                return
            if answer.status is not Status.INFEASIBLE:
                self.undecided.add(cell)
        if cell not in self.undecided:
            self.exposed[cell] = ExposedCell(cell, route, tuple(rows))

    def _derivation(self, cell: int) -> tuple[int, ...]:
        """Return the rows of a substitution, those that it builds on first."""
        system = self.publication.system
        needed: dict[int, None] = {}
        waiting = [cell]
        while waiting:
            row = self._substituted[waiting.pop()]
            if row not in needed:
                needed[row] = None
                cells = system.columns[system.entries(row)].tolist()
                waiting += [other for other in cells if self._substituted.get(other, row) != row]
        order = {row: step for step, row in enumerate(self._substituted.values())}
        return tuple(sorted(needed, key=order.__getitem__))
