"""Exact audit: can anyone who knows what was published compute a sensitive cell?

Independent of the suppression in code and idea: it starts from what is published, not from how it came
about, and shares only the description of the tables. The attacker knows every relation, all published cells,
that a withheld count is at least its floor, the rules, and all linked deliveries. For each sensitive cell
the audit ends in one of three ways, never by default:

1. *Exposed, by substitution*: a relation has one unknown left; what follows from it is put in, and so on.
2. *Protected*: another integer table fits everything published and differs in the cell. Candidates are
   vertices of the attacker's polytope in seeded pseudo-random directions (one vertex serves many cells), then
   the nearest tables in which the cell differs by 1 (they move little and are hardly ever fractional), then
   the two extreme values of the cell, then an integer program; each is checked in exact integer arithmetic.
3. *Exposed, by bounds*: neither a larger nor a smaller integer value of the cell is possible.

Everything else (a stop, an odd status, true values that contradict a relation) is *unknown*, and blocks.

It deliberately does not repair anything and does not look at reasons.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import numpy as np

from aggregation.disclosure.linear_system import BoolArray, IntArray
from aggregation.disclosure.polytope import Polytope
from aggregation.disclosure.programs import Status
from aggregation.disclosure.publication import Publication

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
    INTEGERS = "integers"


@dataclass(frozen=True, slots=True)
class ExposedCell:
    """A sensitive cell that can be computed.

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
        protected: sensitive cells with an integer witness.
        consistent: False if the true values contradict a relation or a floor.
        programs: number of programs solved.
    """

    verdict: Verdict
    exposed: tuple[ExposedCell, ...]
    undecided: tuple[int, ...]
    protected: BoolArray
    consistent: bool
    programs: int


def examine(
    publication: Publication, sensitive: BoolArray, *, settled: BoolArray | None = None
) -> Examination:
    """Decide for every sensitive cell whether it can be computed.

    Args:
        publication: what is published of the tables.
        sensitive: cells that must not be computable.
        settled: sensitive cells that are already proven protected (by a witness in a part of the system
            that stays one in the whole), or None.

    Returns:
        The outcome; cells in ``settled`` count as protected.
    """
    attack = _Attack(publication, sensitive, settled)
    if not attack.consistent:
        return attack.outcome()
    attack.read_published()
    attack.substitute()
    attack.move_at_random()
    attack.measure_the_rest()
    return attack.outcome()


def protected_by_movement(publication: Publication, sensitive: BoolArray) -> tuple[BoolArray, int]:
    """Return which sensitive cells pseudo-random vertices prove protected, and the programs it took.

    A cell that is missing in the answer is not exposed: it is merely not settled this way.
    """
    attack = _Attack(publication, sensitive, None)
    if attack.consistent:
        attack.substitute()
        attack.move_at_random()
    return attack.protected, attack.programs


@dataclass(eq=False)
class _Attack:
    """One attack on one publication, step by step."""

    publication: Publication
    sensitive: BoolArray
    settled: BoolArray | None
    protected: BoolArray = field(init=False)
    exposed: dict[int, ExposedCell] = field(default_factory=dict)
    undecided: set[int] = field(default_factory=set)
    consistent: bool = field(init=False)
    programs: int = 0

    def __post_init__(self) -> None:
        publication = self.publication
        hidden = publication.withheld
        self.unknown: BoolArray = hidden.copy()
        self.protected = np.zeros_like(hidden) if self.settled is None else self.settled & self.sensitive
        self.consistent = bool(
            np.all(publication.values[hidden] >= publication.floors[hidden])
            and np.all(publication.system.satisfied(publication.values))
        )
        self._substituted: dict[int, int] = {}

    def open_cells(self) -> IntArray:
        """Sensitive cells without an answer."""
        waiting = self.sensitive & self.unknown & ~self.protected
        waiting[list(self.exposed)] = False
        return np.flatnonzero(waiting)

    def read_published(self) -> None:
        """A sensitive cell that stands in the delivery needs no attack."""
        for cell in np.flatnonzero(self.sensitive & ~self.publication.withheld):
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
            if self.sensitive[cell] and cell not in self.exposed:
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
            before = int(self.protected.sum())
            answer = polytope.towards(waiting, random)
            self.programs += 1
            self.protected |= self.sensitive & polytope.witnessed(answer)
            idle = 0 if int(self.protected.sum()) > before else idle + 1

    def measure_the_rest(self) -> None:
        """Ask for each cell that is left by itself, and decide."""
        if not len(self.open_cells()):
            return
        polytope = Polytope(self.publication, self.unknown, self.open_cells())
        for cell in self.open_cells():
            if not self.protected[cell]:
                self._measure(int(cell), polytope)
        self.programs += polytope.programs

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
            protected=self.protected,
            consistent=self.consistent,
            programs=self.programs,
        )

    def _measure(self, cell: int, polytope: Polytope) -> None:
        for sign in (1, -1):
            self.protected |= self.sensitive & polytope.witnessed(polytope.nearest(cell, sign))
            if self.protected[cell]:
                return
        rows: dict[int, None] = {}
        route = Route.BOUNDS
        for sign in (1, -1):
            answer = polytope.extreme(cell, sign)
            self.protected |= self.sensitive & polytope.witnessed(answer)
            if self.protected[cell]:
                return
            rows.update(dict.fromkeys(polytope.rows_behind(answer)))
            if polytope.excludes_integers(answer):
                continue
            route = Route.INTEGERS
            answer = polytope.integer_step(cell, sign)
            self.protected |= self.sensitive & polytope.witnessed(answer)
            if self.protected[cell]:
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
