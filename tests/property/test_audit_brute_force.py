"""The audit against brute force: small linked tables, every integer table that fits enumerated.

What the audit says of every attacker and every cell, and the interval it gives, has to be the truth: no more
and no less. `KIM_BRUTE_FORCE=20` tries twenty times as many worlds.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from itertools import islice

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from aggregation.sdc.audit import (
    Verdict,
    attack,
    examine,
    examine_views,
    intervals,
    measuring,
    surroundings,
)
from aggregation.sdc.audit.certificate import unproven
from aggregation.sdc.audit.reach import within_reach
from aggregation.sdc.demands import DIFFER, FALL, RISE, Demands
from aggregation.sdc.levels import Level, lone_persons, views_of_counts
from aggregation.sdc.tables import Hierarchy, LinkedTables
from aggregation.sdc.views import View
from tests.factories.small_worlds import (
    FIGURES,
    FLAT,
    LINKS,
    Cell,
    Person,
    World,
    codes_of,
    hidden_cells,
    leaves_of,
    world_of,
    worlds,
)

TIMES = int(os.environ.get("KIM_BRUTE_FORCE", "1"))
MANY = 4000
"""Worlds that leave more tables open than this are passed over: the search takes too long."""

Tables = Sequence[Mapping[Cell, int]]


def _all_tables(world: World, hidden: Collection[Cell], floors: Mapping[Cell, int]) -> Tables:
    found = list(islice(world.tables(hidden, floors), MANY + 1))
    assume(len(found) <= MANY)
    return found


def _exposed(world: World, hidden: Collection[Cell], view: View, tables: Tables) -> set[int]:
    """The cells that an attacker gets at: of the tables that he cannot rule out, none is far enough away."""
    known = [] if view.known is None else [world.cells[cell] for cell in np.flatnonzero(view.known)]
    least = {} if view.least is None else dict(zip(world.cells, view.least.tolist(), strict=True))
    possible = [
        table
        for table in tables
        if all(table.get(cell, world.true[cell]) == world.true[cell] for cell in known)
        and all(value >= least.get(cell, value) for cell, value in table.items())
    ]
    found = set()
    for number, cell in enumerate(world.cells):
        steps = [table[cell] - world.true[cell] for table in possible] if cell in hidden else [0]
        differ, rise, fall = (
            bool(view.demands.differ[number]),
            int(view.demands.rise[number]),
            int(view.demands.fall[number]),
        )
        safe = (not differ or any(steps)) and max(steps) >= rise and -min(steps) >= fall
        if not safe:
            found.add(number)
    return found


def _check(
    world: World, hidden: Collection[Cell], floors: Mapping[Cell, int], views: Sequence[View]
) -> Tables:
    """Every attacker's verdict, the proof kept for later, and the intervals are the truth."""
    tables = _all_tables(world, hidden, floors)
    publication = world.publication(hidden, floors)
    outcomes = examine_views(publication, views)
    truth = [_exposed(world, hidden, view, tables) for view in views]
    for outcome, exposed in zip(outcomes, truth, strict=True):
        assert outcome.consistent
        assert not outcome.undecided
        assert {cell.cell for cell in outcome.exposed} == exposed
        assert (outcome.verdict is Verdict.SAFE) == (not exposed)
    kept = [witness.as_change() for outcome in outcomes for witness in outcome.witnesses]
    assert unproven(publication, views, kept) == {
        (number, cell) for number, exposed in enumerate(truth) for cell in exposed
    }
    found = intervals(publication, np.arange(len(world.cells)))
    assert found.exact.all()
    for number, cell in enumerate(world.cells):
        values = [table[cell] for table in tables] if cell in hidden else [world.true[cell]]
        assert (found.lower[number], found.upper[number]) == (min(values), max(values))
    return tables


def _floors(hidden: Collection[Cell], *, zeros_published: bool) -> dict[Cell, int]:
    return dict.fromkeys(hidden, int(zeros_published))


def _sensitive(world: World, hidden: Collection[Cell], minimum: int, *, zeros_published: bool) -> np.ndarray:
    return np.array(
        [
            cell in hidden and (not zeros_published or value > 0) and value < minimum
            for cell, value in ((cell, world.true[cell]) for cell in world.cells)
        ]
    )


@pytest.mark.parametrize("level", Level)
@settings(max_examples=60 * TIMES)
@given(data=st.data(), zeros_published=st.booleans())
def test_counts(level: Level, data: st.DataObject, zeros_published: bool) -> None:
    world = data.draw(worlds())
    hidden = data.draw(hidden_cells(world, zeros_too=not zeros_published))
    minimum = data.draw(st.integers(2, 6))
    sensitive = _sensitive(world, hidden, minimum, zeros_published=zeros_published)
    publication = world.publication(hidden, {})
    views = views_of_counts(level, publication.system, publication.values, sensitive, minimum=minimum)
    _check(world, hidden, _floors(hidden, zeros_published=zeros_published), views)


@pytest.mark.parametrize("tied", [tied for tied in FIGURES if tied != "once"])
@settings(max_examples=40 * TIMES)
@given(data=st.data(), level=st.sampled_from(Level))
def test_counts_with_history(tied: str, data: st.DataObject, level: Level) -> None:
    world = data.draw(worlds(tied=tied, dimensions=(1, 1, 2)))
    hidden = data.draw(hidden_cells(world, zeros_too=False))
    sensitive = _sensitive(world, hidden, 5, zeros_published=True)
    publication = world.publication(hidden, {})
    views = views_of_counts(level, publication.system, publication.values, sensitive, minimum=5)
    _check(world, hidden, _floors(hidden, zeros_published=True), views)


@settings(max_examples=50 * TIMES)
@given(data=st.data(), level=st.sampled_from(Level), zeros_published=st.booleans())
def test_counts_with_several_answers(data: st.DataObject, level: Level, zeros_published: bool) -> None:
    world = data.draw(worlds(several=True, dimensions=(1, 2)))
    hidden = data.draw(hidden_cells(world, zeros_too=not zeros_published, at_most=8))
    sensitive = _sensitive(world, hidden, 5, zeros_published=zeros_published)
    publication = world.publication(hidden, {})
    views = views_of_counts(level, publication.system, publication.values, sensitive, minimum=5)
    _check(world, hidden, _floors(hidden, zeros_published=zeros_published), views)


@settings(max_examples=60 * TIMES)
@given(data=st.data())
def test_attackers_who_know_something(data: st.DataObject) -> None:
    """Any cells of his own, any least amounts, any demands: upward, downward, or only that it differs."""
    world = data.draw(worlds(dimensions=(1, 2, 3)))
    hidden = data.draw(hidden_cells(world, zeros_too=True, at_most=9))
    cells = len(world.cells)
    mask = np.array([cell in hidden for cell in world.cells])
    true = np.array([world.true[cell] for cell in world.cells])
    views = []
    for _ in range(data.draw(st.integers(1, 4))):
        own = np.array(data.draw(st.lists(st.integers(0, 4), min_size=cells, max_size=cells))) == 0
        least = np.array(data.draw(st.lists(st.integers(0, 2), min_size=cells, max_size=cells)))
        wanted = [
            np.array(data.draw(st.lists(st.integers(-3, 3), min_size=cells, max_size=cells)))
            for _ in range(2)
        ]
        rise, fall = (np.where(mask & ~own, np.maximum(amount, 0), 0) for amount in wanted)
        demands = Demands(mask & ~own & (wanted[0] + wanted[1] > 0), rise, fall)
        views.append(View(demands, known=own & mask, least=np.minimum(least, true)))
    _check(world, hidden, {}, views)


@pytest.mark.parametrize("wide", [0, 1000], ids=["parts first", "components"])
@settings(max_examples=30 * TIMES)
@given(data=st.data(), level=st.sampled_from(Level))
def test_counts_of_large_systems(wide: int, data: st.DataObject, level: Level) -> None:
    """Beyond some size the audit asks components, or small parts of them, first; here each is that small."""
    world = data.draw(worlds(dimensions=(2, 3, 4)))
    hidden = data.draw(hidden_cells(world, zeros_too=False))
    sensitive = _sensitive(world, hidden, 5, zeros_published=True)
    publication = world.publication(hidden, {})
    views = views_of_counts(level, publication.system, publication.values, sensitive, minimum=5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attack, "_SMALL", 0)
        patch.setattr(attack, "_MAX_ROUNDS", 0)
        patch.setattr(surroundings, "_SIZES", (4, 8))
        patch.setattr(surroundings, "_MORE", (1, 3))
        patch.setattr(surroundings, "_RELAXED", 5)
        patch.setattr(attack, "_TINY", 2)
        patch.setattr(measuring, "_ALONE", 1)
        patch.setattr(measuring, "_WIDE", wide)
        _check(world, hidden, _floors(hidden, zeros_published=True), views)


# -------------------------------------------------------------------------------------------- amounts


@settings(max_examples=80 * TIMES)
@given(data=st.data(), percent=st.sampled_from([10, 30, 100]))
def test_amounts_and_their_contributors(data: st.DataObject, percent: int) -> None:
    """Euros by carrier: an interval around what the largest has, outsiders and every carrier attacking."""
    trees = data.draw(st.sampled_from([[FLAT], [FLAT, FLAT], [{"T": ("a", "b", "c")}]]))
    leaves = [st.sampled_from(leaves_of(tree)).map(lambda code: frozenset({code})) for tree in trees]
    person = st.builds(
        Person, st.tuples(*leaves), st.just(frozenset({"N"})), amount=st.sampled_from([1, 2, 3, 5, 8])
    )
    books = data.draw(st.lists(st.tuples(st.sampled_from("WXYZ"), person), max_size=6))
    world = world_of(trees, LINKS[len(trees)][0], [person for _, person in books])
    hidden = data.draw(hidden_cells(world, zeros_too=False, at_most=8))
    shares = [
        {
            carrier: share
            for carrier in "WXYZ"
            if (share := sum(p.amount for who, p in books if who == carrier and world.counted(p, cell)))
        }
        for cell in world.cells
    ]
    largest = np.array([max(of.values(), default=0) for of in shares])
    few = np.array([0 < len(of) < 3 and cell in hidden for cell, of in zip(world.cells, shares, strict=True)])
    level = np.where(few, -(-percent * largest // 100), 0)
    values = np.array([world.true[cell] for cell in world.cells])
    floor = np.minimum(values, 1)
    none = np.zeros(len(values), dtype=np.bool_)
    views = [View(Demands(none, level, np.minimum(level, values - floor)))]
    for carrier in "WXYZ":
        own = np.array([of.get(carrier, 0) for of in shares])
        known = np.array([set(of) == {carrier} for of in shares])
        towards = few & ~known & (own < largest)
        least = np.maximum(own, floor)
        fall = np.minimum(np.where(towards, level, 0), values - least)
        views.append(View(Demands(none, np.where(towards, level, 0), fall), known=known, least=own))
    _check(world, hidden, dict(zip(world.cells, floor.tolist(), strict=True)), views)


# --------------------------------------------------------------------------- what levels and tables are


@settings(max_examples=60 * TIMES)
@given(data=st.data(), several=st.booleans())
def test_every_lone_person_is_an_attacker(data: st.DataObject, several: bool) -> None:
    """Nobody who is counted, alone in some cells, knows more than an attacker whom the audit asks."""
    world = data.draw(worlds(several=several, dimensions=(1, 2, 3)))
    publication = world.publication([], {})
    sensitive = publication.values == 1
    own = [
        np.array([world.true[cell] == 1 and world.counted(person, cell) for cell in world.cells])
        for person in world.people
    ]
    really = {mask.tobytes() for mask in own if mask.any()}
    numbers = np.array(
        [
            sum(number for number, person in enumerate(world.people, start=1) if world.counted(person, cell))
            for cell in world.cells
        ]
    )
    told = lone_persons(publication.system, publication.values, persons=numbers)
    assert {mask.tobytes() for mask in told} == really
    attackers = lone_persons(publication.system, publication.values)
    one_table = len(world.cells) == np.prod([len(codes_of(tree)) for tree in world.trees])
    if one_table and not several:
        assert {mask.tobytes() for mask in attackers} == really
    if one_table:
        for mask in own:
            for cell in np.flatnonzero(sensitive & ~mask) if mask.any() else []:
                assert any(not other[cell] and not np.any(mask & ~other) for other in attackers)


@settings(max_examples=30 * TIMES)
@given(data=st.data(), zeros_published=st.booleans())
def test_what_is_out_of_reach_is_so_in_every_pattern(data: st.DataObject, zeros_published: bool) -> None:
    world = data.draw(worlds(dimensions=(1, 2)))
    grand = ("N", *("T" for _ in world.trees))
    optional = [cell for cell in world.cells if cell != grand and (world.true[cell] or not zeros_published)]
    assume(len(optional) <= 12)
    sensitive = _sensitive(world, optional, 4, zeros_published=zeros_published)
    floors = _floors(optional, zeros_published=zeros_published)
    publication = world.publication([], floors)
    view = views_of_counts(Level.S3, publication.system, publication.values, sensitive, minimum=4)[0]
    mask = np.array([cell in optional for cell in world.cells])
    reach = within_reach(publication, view.demands, optional=mask)
    tables = _all_tables(world, optional, floors)
    assert not reach.undecided.any()
    for number in np.flatnonzero(view.demands.cells).tolist():
        steps = [table[world.cells[number]] - world.true[world.cells[number]] for table in tables]
        met = (any(steps), max(steps) >= view.demands.rise[number], -min(steps) >= view.demands.fall[number])
        asked = view.demands.matrix[:, number]
        assert reach.beyond[:, number].tolist() == [
            bool(a and not m) for a, m in zip(asked, met, strict=True)
        ]
        possible = reach.possible.matrix[:, number]
        assert possible.tolist() == [bool(a and m) for a, m in zip(asked, met, strict=True)]


@settings(max_examples=40 * TIMES)
@given(worlds())
def test_linked_tables_have_exactly_these_relations(world: World) -> None:
    """The engine's own tables against relations written out cell by cell."""
    hierarchies = tuple(
        Hierarchy.of_edges(str(number), [(parent, part) for parent, parts in tree.items() for part in parts])
        for number, tree in enumerate(world.trees)
    )
    tables = next(links for links in LINKS[len(world.trees)] if _cells_of(world, links) == set(world.cells))
    linked = LinkedTables(hierarchies, tuple(tables))
    named = [
        ("N", *(h.codes[code] for h, code in zip(hierarchies, codes, strict=True)))
        for codes in linked.cells.tolist()
    ]
    assert set(named) == set(world.cells)
    rows = {
        frozenset(
            zip(
                (named[cell] for cell in linked.system.columns[at].tolist()),
                linked.system.coefficients[at].tolist(),
                strict=True,
            )
        )
        for at in map(linked.system.entries, range(linked.system.rows))
    }
    assert rows == {frozenset(row.terms.items()) for row in world.rows}


def _cells_of(world: World, links: Sequence[tuple[int, ...]]) -> set[Cell]:
    return set(world_of(world.trees, links, []).cells)


# ---------------------------------------------------------------------------------------- monotonicity


@settings(max_examples=40 * TIMES)
@given(data=st.data())
def test_withholding_more_never_exposes_more(data: st.DataObject) -> None:
    world = data.draw(worlds())
    hidden = data.draw(hidden_cells(world, zeros_too=False))
    more = data.draw(hidden_cells(world, zeros_too=False))
    sensitive = _sensitive(world, hidden, 5, zeros_published=True)
    demands = Demands.differing(sensitive)
    fewer = examine(world.publication(hidden, dict.fromkeys(world.cells, 1)), demands)
    wider = examine(world.publication([*hidden, *more], dict.fromkeys(world.cells, 1)), demands)
    assert {cell.cell for cell in wider.exposed} <= {cell.cell for cell in fewer.exposed}


@settings(max_examples=40 * TIMES)
@given(data=st.data(), minimum=st.integers(2, 6), level=st.sampled_from(Level))
def test_a_stricter_minimum_never_demands_less(data: st.DataObject, minimum: int, level: Level) -> None:
    world = data.draw(worlds(dimensions=(1, 2)))
    publication = world.publication([], {})

    def demanded(least: int) -> list[Demands]:
        sensitive = _sensitive(world, world.cells, least, zeros_published=True)
        views = views_of_counts(level, publication.system, publication.values, sensitive, minimum=least)
        return [view.demands for view in views]

    for milder, stricter in zip(demanded(minimum), demanded(minimum + 1), strict=True):
        assert not np.any(milder.differ & ~stricter.differ)
        assert np.all(milder.rise <= stricter.rise)
        assert np.all(milder.fall <= stricter.fall)


@settings(max_examples=30 * TIMES)
@given(data=st.data())
def test_every_kind_of_demand_is_its_own(data: st.DataObject) -> None:
    """What is met is reported per kind; a cell that differs but does not rise far enough is exposed."""
    world = data.draw(worlds(dimensions=(1, 2)))
    hidden = data.draw(hidden_cells(world, zeros_too=False, at_most=8))
    floors = _floors(hidden, zeros_published=True)
    mask = np.array([cell in hidden for cell in world.cells])
    demands = Demands(mask, 2 * mask.astype(np.int64), mask.astype(np.int64))
    outcome = examine(world.publication(hidden, floors), demands)
    tables = _all_tables(world, hidden, floors)
    for number in np.flatnonzero(mask).tolist():
        steps = [table[world.cells[number]] - world.true[world.cells[number]] for table in tables]
        truth = {DIFFER: any(steps), RISE: max(steps) >= 2, FALL: min(steps) <= -1}
        if all(truth.values()):
            assert outcome.met[:, number].all()
        assert not any(outcome.met[kind, number] and not holds for kind, holds in truth.items())
