"""Exact audit: can anyone who knows what was published compute a sensitive cell?

Independent of the suppression in code and idea: it starts from what is published, not from how it came
about, and shares only the description of the tables. The attacker knows every relation, all published cells,
that a withheld count is at least its floor, the rules, and all linked deliveries. For each sensitive cell
the audit ends in one of three ways, never by default:

1. *Exposed, by substitution*: a relation has one unknown left; what follows from it is put in, and so on.
2. *Protected*: another integer table fits everything published and differs in the cell. Candidates are
   vertices of the attacker's polytope in seeded pseudo-random directions (one vertex serves many cells), then
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

from aggregation.disclosure.linear_system import NO_LIMIT, BoolArray, IntArray, components
from aggregation.disclosure.programs import Answer, FloatArray, LinearProgram, Status, limits_as_floats
from aggregation.disclosure.publication import Publication

_SEED: Final = 20260331
_MAX_ROUNDS: Final = 12
_IDLE_ROUNDS: Final = 2
_BELOW_ONE: Final = 1.0 - 1e-6


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
        movement = _Movement(self.publication, self.unknown, self.open_cells())
        random = np.random.default_rng(_SEED)
        idle = 0
        for _ in range(_MAX_ROUNDS):
            waiting = self.open_cells()
            if not len(waiting) or idle >= _IDLE_ROUNDS:
                break
            before = int(self.protected.sum())
            answer = movement.towards(waiting, random)
            self.programs += 1
            self.protected |= self.sensitive & movement.witnessed(answer)
            idle = 0 if int(self.protected.sum()) > before else idle + 1

    def measure_the_rest(self) -> None:
        """Find the extreme values of each cell that is left, and decide."""
        if not len(self.open_cells()):
            return
        movement = _Movement(self.publication, self.unknown, self.open_cells())
        for cell in self.open_cells():
            if not self.protected[cell]:
                self._measure(int(cell), movement)
        self.programs += movement.programs

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

    def _measure(self, cell: int, movement: _Movement) -> None:
        rows: dict[int, None] = {}
        route = Route.BOUNDS
        for sign in (1, -1):
            answer = movement.extreme(cell, sign)
            self.protected |= self.sensitive & movement.witnessed(answer)
            if self.protected[cell]:
                return
            rows.update(dict.fromkeys(movement.rows_behind(answer)))
            if movement.excludes_integers(answer):
                continue
            route = Route.INTEGERS
            answer = movement.integer_step(cell, sign)
            self.protected |= self.sensitive & movement.witnessed(answer)
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


class _Movement:
    """The attacker's polytope around the true table, cut down to what is connected to the cells in question.

    Variables are differences to the true values, so no large total ever meets a tolerance.
    """

    def __init__(self, publication: Publication, unknown: BoolArray, wanted: IntArray) -> None:
        self._publication = publication
        cells, whole = np.flatnonzero(unknown), publication.system
        activity = whole.activity(publication.values)
        labels = components(whole.among(cells, activity)[0])
        labels_wanted = labels[np.searchsorted(cells, wanted)]
        self._cells = cells[np.isin(labels, labels_wanted)]
        self._labels = labels[np.isin(labels, labels_wanted)]
        self._number = np.full(len(unknown), -1, dtype=np.int64)
        self._number[self._cells] = np.arange(len(self._cells))
        self._system, self._row_numbers = whole.among(self._cells, activity)
        floors = publication.floors[self._cells]
        values = publication.values[self._cells]
        self._lower = np.where(floors <= -NO_LIMIT, -NO_LIMIT, floors - values)
        self._box = int(np.abs(values).max(initial=0)) + 16  # vertices need an end; proofs of exposure do not
        self._boxed = LinearProgram(
            self._system,
            np.maximum(self._lower, -self._box).astype(np.float64),
            np.full(len(self._cells), float(self._box)),
        )
        self.programs = 0

    def towards(self, waiting: IntArray, random: np.random.Generator) -> Answer:
        """Return a vertex that moves the waiting cells, up where they cannot go down."""
        costs: FloatArray = np.zeros(len(self._cells))
        numbers = self._number[waiting]
        sign = np.where(self._lower[numbers] >= 0, -1.0, random.choice([-1.0, 1.0], len(numbers)))
        costs[numbers] = sign * random.uniform(0.5, 1.5, len(numbers))
        return self._boxed.minimise(costs)

    def extreme(self, cell: int, sign: int) -> Answer:
        """Return the largest (smallest) difference the cell can have inside the box."""
        self.programs += 1
        costs = np.zeros(len(self._cells))
        costs[self._number[cell]] = -sign
        return self._boxed.minimise(costs, with_duals=True)

    def excludes_integers(self, answer: Answer) -> bool:
        """Whether an extreme value shows that the cell cannot differ by 1 in that direction.

        Where the box binds, an extreme below 1 shows nothing (outside, the cell might go further), unless it
        is 0: the true table is a solution, so if any other moved the cell, a nearer one inside the box would.
        """
        if answer.status is not Status.OPTIMAL or abs(answer.objective) >= _BELOW_ONE:
            return False
        boxed_in = np.abs(answer.values).max(initial=0.0) >= self._box - 0.5
        return abs(answer.objective) < 1e-6 or not boxed_in

    def integer_step(self, cell: int, sign: int) -> Answer:
        """Return an integer table in which the cell differs by at least 1 in one direction."""
        self.programs += 1
        lower, upper = self._lower.copy(), np.full(len(self._cells), NO_LIMIT, dtype=np.int64)
        number = int(self._number[cell])
        if sign > 0:
            lower[number] = 1
        else:
            upper[number] = -1
        if lower[number] > upper[number]:
            return Answer(Status.INFEASIBLE, np.zeros(0), 0.0, np.zeros(0))
        program = LinearProgram(
            self._system,
            limits_as_floats(lower),
            limits_as_floats(upper),
            integral=range(len(self._cells)),
        )
        costs = np.zeros(len(self._cells))
        costs[number] = sign
        return program.minimise(costs)

    def witnessed(self, answer: Answer) -> BoolArray:
        """Return the cells that a solution proves undetermined; each component stands by itself."""
        proven = np.zeros(len(self._number), dtype=np.bool_)
        if answer.status is not Status.OPTIMAL:
            return proven
        change = np.rint(answer.values).astype(np.int64)
        good_cell = change >= self._lower
        bad_row = ~self._system.satisfied(change)
        first = self._system.columns[self._system.starts[:-1]]
        bad_labels = np.concatenate([self._labels[~good_cell], self._labels[first[bad_row]]])
        proven[self._cells[(change != 0) & ~np.isin(self._labels, bad_labels)]] = True
        return proven

    def rows_behind(self, answer: Answer) -> list[int]:
        """Return the relations that force the optimum."""
        if answer.status is not Status.OPTIMAL or not len(answer.row_duals):
            return []
        return [int(self._row_numbers[row]) for row in np.flatnonzero(np.abs(answer.row_duals) > 1e-9)]
