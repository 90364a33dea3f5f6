"""Guaranteed limits of withheld cells, from one delivery.

A total over cells of which some are withheld is an interval; how wide it is follows from the margins. For
every withheld cell this module gives the smallest and the largest value that fit everything published in the
*same* delivery, under relations that hold in every delivery by construction (sums, multi-response, subsets);
not under identities that late registrations can break. Zeros are published, so a withheld count is at least
1, except where zeros must not be published (at least 0).

The limits are exact over whole numbers. They are first propagated through the relations in integer
arithmetic; where the relations between the unknown cells form no cycle that is the end of it. Elsewhere each
component is searched by linear programs: a limit that a checked integer table attains needs no program of its
own, and where no table of integers lies at the linear limit, an integer program moves it. Without an answer
of the solver a limit stays where it was proven to be, which is never too narrow.

It starts from nothing but what is published, so what comes out tells nothing new about anybody. (The audit's
:mod:`~aggregation.sdc.audit.intervals` asks the same of a table whose true values are known, and starts from
these.)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from aggregation.limits import OPEN_ABOVE, OPEN_BELOW
from aggregation.sdc.linear_system import NO_LIMIT, BoolArray, IntArray, LinearSystem, components
from aggregation.sdc.programs import Answer, LinearProgram, Status, limits_as_floats

_ROUNDS: Final = 40
_FAR: Final = NO_LIMIT // 2
_SLACK: Final = 1e-6
_SEED: Final = 20261126


def interval_bounds(
    system: LinearSystem, values: IntArray, *, unknown: BoolArray, floors: IntArray
) -> tuple[IntArray, IntArray]:
    """Return the exact bounds of all unknown cells over whole numbers.

    Args:
        system: the relations; only those that are certain are used.
        values: value of each published cell; entries of unknown cells are not looked at.
        unknown: which cells are not published.
        floors: smallest possible value of each unknown cell.

    Returns:
        Smallest and largest value per cell, equal to the value where published; ``OPEN_BELOW`` and
        ``OPEN_ABOVE`` of :mod:`aggregation.limits` where nothing bounds it. Contradictory input gives empty
        intervals, never an error.
    """
    certain = system if system.certain.all() else system.only_rows(system.certain)
    cells = np.flatnonzero(unknown)
    fixed = certain.activity(np.where(unknown, 0, values))
    reduced, _ = certain.among(cells, fixed)
    limits = _Limits(floors[cells].copy(), np.full(len(cells), NO_LIMIT, dtype=np.int64))
    exact = limits.propagate(reduced)
    wide = limits.lower < limits.upper
    undecided = np.flatnonzero(_on_a_cycle(reduced, wide) if exact else wide)
    if len(undecided):
        _decide(reduced, limits, undecided)
    low, high = values.copy(), values.copy()
    low[cells] = np.where(limits.lower <= -_FAR, OPEN_BELOW, limits.lower)
    high[cells] = np.where(limits.upper >= _FAR, OPEN_ABOVE, limits.upper)
    return low, high


def some_table(
    system: LinearSystem, values: IntArray, *, unknown: BoolArray, lower: IntArray, upper: IntArray
) -> IntArray | None:
    """Return some table of whole numbers that fits what is published, whatever the true one is.

    Args:
        system: the relations; all of them are used.
        values: value of each published cell; entries of unknown cells are not looked at.
        unknown: which cells are not published.
        lower: smallest possible value of each unknown cell, in the signs of :mod:`aggregation.limits`.
        upper: largest possible value of each unknown cell.

    Returns:
        One value per cell, checked in integer arithmetic; None if there is none, or none was found.
    """
    cells = np.flatnonzero(unknown)
    low = np.where(lower[cells] <= OPEN_BELOW, -NO_LIMIT, lower[cells])
    high = np.where(upper[cells] >= OPEN_ABOVE, NO_LIMIT, upper[cells])
    table = np.where(unknown, 0, values)
    if not len(cells):
        return table if system.satisfied(table).all() else None
    part, _ = system.among(cells, system.activity(table))
    # Some vertex, not one with every cell at its smallest: from there other tables are easier to find.
    drawn = np.random.default_rng(_SEED).integers(-50, 51, len(cells)).astype(np.float64)
    costs = np.where(low <= -_FAR, 0.0, np.where(high >= _FAR, np.abs(drawn), drawn))
    for integral in ((), np.arange(len(cells))):
        program = LinearProgram(part, limits_as_floats(low), limits_as_floats(high), integral=integral)
        found = program.minimise(costs).integral()
        if found is not None:
            table[cells] = found
            fits = np.all(found >= low) and np.all(found <= high) and system.satisfied(table).all()
            return table if fits else None
    return None


def always_kept(system: LinearSystem, lower: IntArray, upper: IntArray) -> BoolArray:
    """Return which relations every table keeps whose cells lie within their limits, whatever they are.

    Args:
        system: the relations.
        lower: smallest value of each cell, in the signs of :mod:`aggregation.limits`.
        upper: largest value of each cell.
    """
    if not system.rows:
        return np.zeros(0, dtype=np.bool_)
    low = np.where(lower <= OPEN_BELOW, -NO_LIMIT, lower)[system.columns]
    high = np.where(upper >= OPEN_ABOVE, NO_LIMIT, upper)[system.columns]
    factor, starts = system.coefficients, system.starts[:-1]
    least = _row_sums(_times(factor, np.where(factor > 0, low, high)), starts)
    most = _row_sums(_times(factor, np.where(factor > 0, high, low)), starts)
    kept: BoolArray = (least >= system.lower) & (most <= system.upper)
    return kept


def _row_sums(entries: IntArray, starts: IntArray) -> IntArray:
    """Add up the entries of each row; one without a limit leaves the sum without one, on its side."""
    is_open = np.abs(entries) >= _FAR
    sums = np.add.reduceat(np.where(is_open, 0, entries), starts)
    side = np.add.reduceat(np.where(is_open, np.sign(entries), 0), starts)
    return np.where(side != 0, np.sign(side) * NO_LIMIT, sums)


@dataclass(frozen=True, eq=False)
class _Limits:
    """Smallest and largest value of each unknown; tightened in place."""

    lower: IntArray
    upper: IntArray

    def propagate(self, system: LinearSystem) -> bool:
        """Tighten the limits through the relations until nothing changes; always valid.

        Returns:
            False if it was stopped before.
        """
        for _ in range(_ROUNDS if system.rows else 0):
            lower, upper = self.lower.copy(), self.upper.copy()
            self._tighten(system)
            if np.array_equal(lower, self.lower) and np.array_equal(upper, self.upper):
                return True
        return not system.rows

    def _tighten(self, system: LinearSystem) -> None:
        columns, factor = system.columns, system.coefficients
        rising, size = factor > 0, np.abs(system.coefficients)
        # Each entry contributes factor * cell to its row; the others leave it between bottom and top.
        least = _times(factor, np.where(rising, self.lower[columns], self.upper[columns]))
        most = _times(factor, np.where(rising, self.upper[columns], self.lower[columns]))
        top = _left_by_others(system, system.upper, least)
        bottom = -_left_by_others(system, -system.lower, -most)
        highest = np.where(rising, _quotient(top, size), _quotient(-bottom, size))
        lowest = np.where(rising, -_quotient(-bottom, size), -_quotient(top, size))
        np.minimum.at(self.upper, columns, highest)
        np.maximum.at(self.lower, columns, lowest)


def _times(factor: IntArray, limit: IntArray) -> IntArray:
    """Multiply, with an open limit staying open."""
    is_open = np.abs(limit) >= _FAR
    return np.where(
        is_open, np.sign(factor) * np.sign(limit) * NO_LIMIT, factor * np.where(is_open, 0, limit)
    )


def _quotient(limit: IntArray, size: IntArray) -> IntArray:
    """Divide downwards, with an open limit staying open."""
    return np.where(np.abs(limit) >= _FAR, limit, limit // size)


def _left_by_others(system: LinearSystem, limit: IntArray, contribution: IntArray) -> IntArray:
    """Return what a row's limit leaves to each entry when the other entries contribute this much."""
    starts, row = system.starts[:-1], system.row_of_entry
    is_open = np.abs(contribution) >= _FAR
    known = np.where(is_open, 0, contribution)
    others = np.add.reduceat(known, starts)[row] - known
    unlimited = np.add.reduceat(is_open.astype(np.int64), starts)[row] - is_open > 0
    return np.where(unlimited | (np.abs(limit[row]) >= _FAR), NO_LIMIT, limit[row] - others)


def _on_a_cycle(system: LinearSystem, undetermined: BoolArray) -> BoolArray:
    """Return the undetermined cells whose component has a cycle of relations.

    Without one, propagation is exact; with one, a program has to decide.
    """
    cells = np.flatnonzero(undetermined)
    part, _ = system.among(cells, np.zeros(system.rows, dtype=np.int64))
    labels = components(part)
    entries = np.bincount(labels[part.columns], minlength=part.cells)
    rows = np.bincount(labels[part.columns[part.starts[:-1]]], minlength=part.cells)
    members = np.bincount(labels, minlength=part.cells)
    has_cycle = entries > members + rows - 1  # a tree has one edge less than it has nodes
    cyclic = np.zeros_like(undetermined)
    cyclic[cells] = has_cycle[labels]
    return cyclic


def _decide(system: LinearSystem, limits: _Limits, cells: IntArray) -> None:
    """Find the exact bounds of some cells by programs, one component after the other; in place."""
    known = np.where(limits.lower == limits.upper, limits.lower, 0)
    part, _ = system.among(cells, system.activity(known))
    labels = components(part)
    for label in np.unique(labels).tolist():
        members = np.flatnonzero(labels == label)
        alone, _ = part.among(members, np.zeros(part.rows, dtype=np.int64))
        at = cells[members]
        limits.lower[at], limits.upper[at] = _Search(alone, limits.lower[at], limits.upper[at]).run()


class _Search:
    """Minimises and maximises cell after cell from the last basis, and learns from every integer table."""

    def __init__(self, system: LinearSystem, lower: IntArray, upper: IntArray) -> None:
        self._system, self._lower, self._upper = system, lower, upper
        self._program = LinearProgram(system, limits_as_floats(lower), limits_as_floats(upper))
        self._low_done = np.zeros(system.cells, dtype=np.bool_)
        self._high_done = np.zeros(system.cells, dtype=np.bool_)

    def run(self) -> tuple[IntArray, IntArray]:
        """Return the bounds; a limit that no program confirms stays as propagated, which is always valid."""
        self._learn(self._program.minimise(np.where(self._upper < _FAR, -1.0, 0.0)))
        self._learn(self._program.minimise(np.where(self._lower > -_FAR, 1.0, 0.0)))
        for cell in range(len(self._lower)):
            for sign, done in ((-1, self._high_done), (1, self._low_done)):
                if not done[cell]:
                    self._settle(cell, sign, done)
        return self._lower, self._upper

    def _settle(self, cell: int, sign: int, done: BoolArray) -> None:
        """Move one limit of one cell to where some table lies: first any table, then one of integers."""
        costs = np.zeros(len(self._lower))
        costs[cell] = sign
        answer = self._program.minimise(costs)
        self._conclude(cell, sign, answer)
        if answer.status is Status.OPTIMAL and not done[cell]:
            self._conclude(cell, sign, self._over_integers.minimise(costs))

    def _conclude(self, cell: int, sign: int, answer: Answer) -> None:
        if answer.status is not Status.OPTIMAL:
            return  # unbounded, or no answer: the limit stays as it is
        if sign > 0:
            self._lower[cell] = max(self._lower[cell], int(np.ceil(answer.values[cell] - _SLACK)))
        else:
            self._upper[cell] = min(self._upper[cell], int(np.floor(answer.values[cell] + _SLACK)))
        self._learn(answer)

    def _learn(self, answer: Answer) -> None:
        table = answer.integral()
        if table is None or not self._system.satisfied(table).all():
            return
        if np.all(table >= self._lower) and np.all(table <= self._upper):
            self._low_done |= table == self._lower
            self._high_done |= table == self._upper

    @cached_property
    def _over_integers(self) -> LinearProgram:
        everything = np.arange(self._system.cells)
        return LinearProgram(
            self._system, limits_as_floats(self._lower), limits_as_floats(self._upper), integral=everything
        )
