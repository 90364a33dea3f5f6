"""What can be told of deliveries by somebody who has them and not their true values: the hub.

*Limits.* Of every withheld cell the smallest and the largest whole number that fit the delivery, under the
relations that hold in each delivery by construction (ADR 0005) and the rules that everybody knows.

*Given away.* A withheld cell whose limits meet is known to everyone. That is no failure by itself: a cell
that is withheld only to cover another one may turn out to be known. It is one if the value is one that a rule
of the catalogue keeps secret: then the protection of the node, or its audit, did not work. Whether an amount
is sensitive no table says (P-74); but nobody withholds amounts without a sensitive one among them, so where
*all* withheld amounts that hang together are known, one of them is given away.

*Given away together.* The same across deliveries, with the relations that the node's attacker uses too:
flows, equal figures, quarters and their year, vintages. The node knows where its true values keep these, the
hub does not; late registrations break them. So they are used where nothing published breaks them, and what
follows from them is a suspicion, not a proof: :class:`Judgement` holds it against the delivery that arrived
last, and somebody has to look.

Everything here follows from what was delivered, so it tells nothing new about anybody. It deliberately knows
no true value, no reason for withholding, and no database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np

from aggregation.disclosure.history import Delivered, History, linked_history
from aggregation.disclosure.primary import floors_of, minimum_of
from aggregation.disclosure.relations import Structure, structure_of
from aggregation.limits import OPEN_ABOVE
from aggregation.sdc.audit import examine
from aggregation.sdc.bounds import always_kept, interval_bounds, some_table
from aggregation.sdc.demands import Demands
from aggregation.sdc.linear_system import BoolArray, IntArray, LinearSystem, RelationKind, components
from aggregation.sdc.publication import Publication
from aggregation.tabulation import Tabulation
from protocol.catalogue import Catalogue
from protocol.periods import Period

_FLOWS: Final = (RelationKind.FLOW, RelationKind.FLOW_FLOOR, RelationKind.FLOW_HIDDEN)


@dataclass(frozen=True, eq=False)
class Arrival:
    """One delivery as it arrived, aligned with the delivery grid of dataflow and frequency.

    Attributes:
        values: int64; 0 where nothing is published.
        published: which cells have a value.
        withheld: which cells are withheld; the rest is not delivered.
        min_contributors: the node's own minimum of counts, as its statement says; None if not known.
    """

    values: IntArray
    published: BoolArray
    withheld: BoolArray
    min_contributors: int | None = None


@dataclass(frozen=True, eq=False)
class Placed:
    """An arrival of an area, where it belongs, and the limits of its cells.

    Attributes:
        dataset_id: dataflow.
        period: reporting period.
        arrival: what arrived.
        lower: as :func:`limits_of`.
        upper: as :func:`limits_of`.
    """

    dataset_id: str
    period: Period
    arrival: Arrival
    lower: IntArray
    upper: IntArray


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is held against deliveries that are new beside those that are known.

    Attributes:
        given_away: number of each delivery with which withheld cells become known that a rule keeps secret,
            and these cells: number of their delivery and row in its grid.
        undecided: numbers of the deliveries about which no answer was found.
    """

    given_away: Mapping[int, tuple[tuple[int, int], ...]]
    undecided: frozenset[int]


# ------------------------------------------------------------------------------------------- one delivery


def limits_by_rule(structure: Structure, arrival: Arrival) -> tuple[IntArray, IntArray]:
    """Return what the rules alone say about each cell: a published one is known, a withheld count at least 1.

    Args:
        structure: the dataflow.
        arrival: one delivery.

    Returns:
        Smallest and largest value per cell, in the signs of :mod:`aggregation.limits`. No relation is used
        and nothing is solved, so this never fails.
    """
    known = arrival.published
    floors = floors_of(structure, arrival.values, known, stricter=arrival.min_contributors)
    floors = np.where(known | arrival.withheld, floors, np.minimum(floors, 0))
    return np.where(known, arrival.values, floors), np.where(known, arrival.values, OPEN_ABOVE)


def limits_of(structure: Structure, arrival: Arrival) -> tuple[IntArray, IntArray]:
    """Return guaranteed limits of every cell of one delivery, exact over whole numbers.

    Args:
        structure: the dataflow.
        arrival: one delivery; contradictory figures give empty intervals, never an error.

    Returns:
        Smallest and largest value per cell, equal where published, in the signs of
        :mod:`aggregation.limits`.
    """
    floors, _ = limits_by_rule(structure, arrival)
    return interval_bounds(structure.system, arrival.values, unknown=~arrival.published, floors=floors)


def given_away(structure: Structure, arrival: Arrival, lower: IntArray, upper: IntArray) -> IntArray:
    """Return the withheld cells whose value is known and one that a rule keeps secret.

    Args:
        structure: the dataflow.
        arrival: one delivery.
        lower: smallest value of each cell, from whatever is known ...
        upper: ... and the largest.

    Returns:
        Rows of the grid, ascending.
    """
    rules, known = structure.rules, lower == upper
    minimum, found = minimum_of(structure, arrival.min_contributors), np.zeros(len(lower), dtype=np.bool_)
    found |= (lower > 0) & (lower < minimum)
    # A zero beside a protected code says as much as one of the code itself, unless nobody is there at all.
    telling = (lower[rules.telling_cell] == 0) & (lower[rules.telling_total] > 0)
    found[rules.telling_cell[telling]] = True
    cell, total = rules.complement_cell, rules.complement_total
    nearly_all = known[total] & (lower[total] > 0) & (lower[total] - lower[cell] < minimum[cell])
    found[cell[nearly_all]] = True
    cell, total = rules.spread_cell, rules.spread_total
    few = known[total] & (lower[total] > 0) & (lower[total] < rules.spread_minimum)
    found[cell[few]] = True
    found |= _amounts_without_cover(structure, arrival, known)
    return np.flatnonzero(found & known & arrival.withheld)


def _amounts_without_cover(structure: Structure, arrival: Arrival, known: BoolArray) -> BoolArray:
    """Return withheld amounts that hang together with none that is still unknown."""
    found = np.zeros(len(known), dtype=np.bool_)
    cells = np.flatnonzero(arrival.withheld & structure.rules.amount & structure.rules.ruled)
    if len(cells) and known[cells].any():
        part, _ = structure.system.among(cells, np.zeros(structure.system.rows, dtype=np.int64))
        labels = components(part)
        covered = np.unique(labels[~known[cells]])
        found[cells[~np.isin(labels, covered)]] = True
    return found


# ------------------------------------------------------------------------------------- deliveries of an area


def judge(catalogue: Catalogue, deliveries: Sequence[Placed], *, new: Sequence[int]) -> Judgement:
    """Say which new deliveries give something away together with all others of the area.

    What was there before stands: of two deliveries that together make a cell known, the one that arrived
    later is named.

    Args:
        catalogue: the catalogue.
        deliveries: of one area; vintages of a period in their order.
        new: numbers of those to be judged, in the order in which they arrived.

    Returns:
        Nothing about the others; a delivery that is named is left out when the next is looked at.
    """
    book = _Book(catalogue, deliveries)
    known = [number for number in range(len(deliveries)) if number not in set(new)]
    waiting = list(new)
    before = book.found(known)
    named: dict[int, tuple[tuple[int, int], ...]] = {}
    while waiting:
        found = book.found([*known, *waiting])
        if found.cells <= before.cells:
            return Judgement(named, frozenset(found.undecided & set(new)))
        first = _first(waiting, lambda some: not book.found([*known, *some]).cells <= before.cells)
        culprit = waiting[first]
        opened = book.found([*known, *waiting[: first + 1]]).cells - before.cells
        named[culprit] = tuple(sorted(opened))
        waiting.remove(culprit)
    return Judgement(named, frozenset())


def _first(items: Sequence[int], holds: Callable[[Sequence[int]], bool]) -> int:
    """Return the position of the item with which something begins to hold of the items up to it.

    It holds of all of them, and once it holds it stays so.
    """
    low, high = 0, len(items) - 1
    while low < high:
        middle = (low + high) // 2
        if holds(items[: middle + 1]):
            high = middle
        else:
            low = middle + 1
    return low


@dataclass(frozen=True, slots=True)
class _Found:
    """Cells that are given away (number of the delivery, row), and deliveries without an answer."""

    cells: frozenset[tuple[int, int]]
    undecided: frozenset[int]


class _Book:
    """Deliveries of an area, and what follows from some of them; each question is answered once."""

    def __init__(self, catalogue: Catalogue, deliveries: Sequence[Placed]) -> None:
        self._catalogue, self._deliveries = catalogue, deliveries
        self._known: dict[frozenset[int], _Found] = {}

    def found(self, numbers: Sequence[int]) -> _Found:
        """Return what some of the deliveries give away together."""
        cells: set[tuple[int, int]] = set()
        undecided: set[int] = set()
        for together in self._linked(sorted(numbers)):
            part = self._known.get(frozenset(together.numbers))
            if part is None:
                part = self._known[frozenset(together.numbers)] = together.found()
            cells |= part.cells
            undecided |= part.undecided
        return _Found(frozenset(cells), frozenset(undecided))

    def _linked(self, numbers: Sequence[int]) -> Iterator[_Together]:
        """Put deliveries together that a chain of relations connects; one alone says nothing more."""
        true = {number: _as_delivered(self._deliveries[number]) for number in numbers}
        number_of = {id(delivery): number for number, delivery in true.items()}
        left = list(numbers)
        while left:
            newest = true[left.pop()]  # of several vintages the last one stands for its period
            structure = structure_of(self._catalogue, newest.dataset_id, newest.period.freq)
            others = [true[number] for number in numbers if true[number] is not newest]
            history = linked_history(structure, newest, others, holds=_unbroken)
            found = [number_of[id(delivery)] for delivery in history.deliveries]
            left = [number for number in left if number not in found]
            if len(found) > 1:
                yield _Together(history, tuple(found), tuple(self._deliveries[number] for number in found))


@dataclass(frozen=True, eq=False)
class _Together:
    """Linked deliveries as one system."""

    history: History
    numbers: tuple[int, ...]
    deliveries: tuple[Placed, ...]

    def found(self) -> _Found:
        """Return what is given away, or that there is no answer."""
        lower = np.concatenate([one.lower for one in self.deliveries])
        upper = np.concatenate([one.upper for one in self.deliveries])
        system = self.history.system
        # What the limits of single deliveries imply anyway need not be said again: it is half of all rows.
        system = system.only_rows(system.certain | ~always_kept(system, lower, upper))
        table = some_table(system, self._values, unknown=self._unknown, lower=lower, upper=upper)
        if table is None:
            return _Found(frozenset(), frozenset(self.numbers))
        publication = Publication(system, table, self._unknown, lower)
        outcome = examine(publication, Demands.differing(self._asked))
        lower, upper = lower.copy(), upper.copy()
        exposed = [cell.cell for cell in outcome.exposed]
        lower[exposed] = upper[exposed] = table[exposed]
        in_doubt = {self.numbers[self.history.place(cell)[0]] for cell in outcome.undecided}
        return _Found(frozenset(self._given_away(lower, upper)), frozenset(in_doubt))

    def _given_away(self, lower: IntArray, upper: IntArray) -> Iterator[tuple[int, int]]:
        starts = self.history.starts
        for block, (number, one) in enumerate(zip(self.numbers, self.deliveries, strict=True)):
            here = slice(starts[block], starts[block + 1])
            structure = self.history.structures[block]
            for row in given_away(structure, one.arrival, lower[here], upper[here]).tolist():
                yield number, row

    @cached_property
    def _values(self) -> IntArray:
        return np.concatenate([one.arrival.values for one in self.deliveries])

    @cached_property
    def _unknown(self) -> BoolArray:
        unknown: BoolArray = ~np.concatenate([one.arrival.published for one in self.deliveries])
        return unknown

    @cached_property
    def _asked(self) -> BoolArray:
        """Withheld counts that may be sensitive, and the totals that this depends on.

        Of amounts no table says which are.
        """
        return np.concatenate(
            [
                _may_be_sensitive(structure, one)
                for structure, one in zip(self.history.structures, self.deliveries, strict=True)
            ]
        )


def _may_be_sensitive(structure: Structure, one: Placed) -> BoolArray:
    rules = structure.rules
    asked = one.lower < minimum_of(structure, one.arrival.min_contributors)
    for cells in (rules.telling_cell, rules.complement_cell, rules.spread_cell):
        asked[cells] = True
    asked[rules.complement_total] = asked[rules.spread_total] = True
    return asked & one.arrival.withheld & ~rules.amount


def _as_delivered(one: Placed) -> Delivered:
    """Return a delivery in the form of a history; what stands for unknown values is not looked at."""
    counted = Tabulation.of_counts(one.arrival.values)
    table = replace(counted, collected=one.arrival.published | one.arrival.withheld)
    return Delivered(one.dataset_id, one.period, table, one.arrival.withheld)


def _unbroken(rows: LinearSystem, history: History) -> BoolArray:
    """Return which relations between deliveries are used: of a kind that nothing visible breaks anywhere.

    Where figures are registered late, flows break again and again; mostly in published totals, now and then
    in withheld cells only. Once that is seen, no flow of the area is relied on. Two vintages of a cell are a
    relation of their own. That every case has a person, or that no more is spent than granted, is left to the
    node's audit: it ties all dataflows into one system, and takes several times as long (ADR 0024).
    """
    if not rows.rows:
        return np.zeros(0, dtype=np.bool_)
    hidden = np.add.reduceat(history.withheld[rows.columns].astype(np.int64), rows.starts[:-1])
    broken: BoolArray = (hidden == 0) & ~rows.satisfied(history.values)
    kind = np.where(np.isin(rows.kinds, _FLOWS), int(RelationKind.FLOW), rows.kinds)
    unbroken = ~np.where(kind == RelationKind.VINTAGE, broken, np.isin(kind, kind[broken]))
    kept: BoolArray = unbroken & (kind != RelationKind.SUBSET)
    return kept
