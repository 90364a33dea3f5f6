"""What the hub can tell without true values, against brute force: every integer table that fits."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from aggregation.disclosure import Delivered, protect_delivery
from aggregation.disclosure.arrivals import Arrival, Placed, given_away, judge, limits_by_rule, limits_of
from aggregation.disclosure.primary import sensitive_cells
from aggregation.disclosure.relations import structure_of
from aggregation.limits import OPEN_ABOVE
from aggregation.sdc.bounds import interval_bounds, some_table
from aggregation.sdc.linear_system import NO_LIMIT, LinearSystem, Relation, RelationKind
from aggregation.tabulation import Tabulation
from protocol.catalogue import Catalogue
from protocol.catalogue_file import load_catalogue
from protocol.errors import KimError
from protocol.periods import Period
from tests.factories.areas import deliveries
from tests.factories.catalogues import catalogue_of, codelist, indicator, stocks_and_flows
from tests.factories.worlds import Person, count, determined, published

Q1, Q2 = Period(2025, 1), Period(2025, 2)

# --------------------------------------------------------------------------------------- limits of one system

CAP = 6


@st.composite
def systems(draw: st.DrawFn) -> tuple[LinearSystem, np.ndarray, np.ndarray, np.ndarray]:
    """Up to five cells below a cap, some of them unknown, under equations and inequalities that hold."""
    cells = draw(st.integers(2, 5))
    values = np.array(draw(st.lists(st.integers(0, 4), min_size=cells, max_size=cells)), dtype=np.int64)
    unknown = np.array(draw(st.lists(st.booleans(), min_size=cells, max_size=cells)), dtype=np.bool_)
    floors = np.minimum(values, draw(st.integers(0, 1)))
    relations = [Relation(RelationKind.PART, (cell,), (1,), -NO_LIMIT, CAP) for cell in range(cells)]
    for _ in range(draw(st.integers(0, 4))):
        members = sorted(draw(st.sets(st.integers(0, cells - 1), min_size=2)))
        signs = [draw(st.sampled_from([1, 1, -1, 2])) for _ in members]
        total = int(sum(sign * values[cell] for sign, cell in zip(signs, members, strict=True)))
        lower, upper = draw(st.sampled_from([(0, 0), (0, NO_LIMIT), (-NO_LIMIT, 0)]))
        relations.append(
            Relation(
                RelationKind.SUM,
                tuple(members),
                tuple(signs),
                total + lower if lower > -NO_LIMIT else lower,
                total + upper if upper < NO_LIMIT else upper,
            )
        )
    return LinearSystem.of(cells, relations), values, unknown, floors


@settings(max_examples=400, deadline=None)
@given(systems())
def test_limits_are_those_of_all_integer_tables(
    drawn: tuple[LinearSystem, np.ndarray, np.ndarray, np.ndarray],
) -> None:
    system, values, unknown, floors = drawn
    lower, upper = interval_bounds(system, np.where(unknown, 77, values), unknown=unknown, floors=floors)
    ranges = [
        range(floor, CAP + 1) if hidden else [value]
        for value, hidden, floor in zip(values.tolist(), unknown, floors.tolist(), strict=True)
    ]
    tables = np.array(
        [table for table in itertools.product(*ranges) if system.satisfied(np.array(table)).all()]
    )
    assert lower.tolist() == tables.min(axis=0).tolist()
    assert upper.tolist() == tables.max(axis=0).tolist()
    found = some_table(
        system, np.where(unknown, 77, values), unknown=unknown, lower=floors, upper=np.full(len(values), CAP)
    )
    assert found is not None
    assert found.tolist() in tables.tolist()


def test_by_hand_three_pairs_that_need_an_even_rest() -> None:
    """With a + b = b + c = a + c = 7 - d, d could be 0 if there were halves; of whole numbers it is odd."""
    pairs = [(0, 1, 3), (1, 2, 3), (0, 2, 3)]
    system = LinearSystem.of(4, [Relation(RelationKind.SUM, pair, (1, 1, 1), 7, 7) for pair in pairs])
    nothing = np.zeros(4, dtype=np.int64)
    lower, upper = interval_bounds(system, nothing, unknown=np.ones(4, dtype=np.bool_), floors=nothing)
    assert (lower.tolist(), upper.tolist()) == ([0, 0, 0, 1], [3, 3, 3, 7])
    assert (
        some_table(
            system, nothing, unknown=np.ones(4, dtype=np.bool_), lower=np.full(4, 4), upper=np.full(4, 9)
        )
        is None
    )


# -------------------------------------------------------------------------------------- deliveries of an area

FLOWS = stocks_and_flows("x", "y")
PROTECTED = catalogue_of(
    [codelist("CL_A", {"_T": None, "a": "_T", "b": "_T", "c": "_T"}, rule={"a": "R10"})],
    [indicator("N", [["A"]])],
)
SIDE = st.sampled_from(["x", "y"])


@st.composite
def quarters(draw: st.DrawFn) -> list[Delivered]:
    """Two quarters of cases that come and go, each protected by itself as an outdated node would."""
    cases = draw(st.lists(st.tuples(SIDE, st.integers(0, 2), st.integers(1, 4)), max_size=12))
    made: list[Delivered] = []
    for number, period in enumerate((Q1, Q2), start=1):
        people: dict[str, list[Person]] = {"OPEN": [], "OPENED": [], "CLOSED": []}
        for side, opened, closed in cases:
            person = {"A": frozenset([side])}
            people["OPEN"] += [person] if opened <= number < max(closed, opened + 1) else []
            people["OPENED"] += [person] if opened == number else []
            people["CLOSED"] += [person] if max(closed, opened + 1) == number else []
        table = Tabulation.of_counts(count(structure_of(FLOWS, "D", "Q").grid, people))
        try:
            withheld = protect_delivery(FLOWS, "D", period, table).withheld
        except KimError:
            assume(False)
        made.append(Delivered("D", period, table, withheld))
    return made


def _placed(catalogue: Catalogue, one: Delivered) -> Placed:
    structure = structure_of(catalogue, one.dataset_id, one.period.freq)
    shown = one.table.collected & ~one.withheld
    arrival = Arrival(np.where(shown, one.values, 0), shown, one.withheld, 5)
    return Placed(one.dataset_id, one.period, arrival, *limits_of(structure, arrival))


def _alone(catalogue: Catalogue, one: Placed) -> list[int]:
    structure = structure_of(catalogue, one.dataset_id, one.period.freq)
    return given_away(structure, one.arrival, one.lower, one.upper).tolist()


@settings(max_examples=60, deadline=None)
@given(quarters())
def test_what_two_quarters_give_away_is_what_all_tables_agree_on(made: list[Delivered]) -> None:
    before, after = made
    structure = structure_of(FLOWS, "D", "Q")
    publication = published(structure, after, [before])
    sensitive = np.concatenate([sensitive_cells(structure, one.table) for one in (after, before)])
    hidden = np.flatnonzero(publication.withheld & sensitive)
    opened = determined(publication, hidden.tolist())
    placed = [_placed(FLOWS, one) for one in made]
    assert _alone(FLOWS, placed[0]) == _alone(FLOWS, placed[1]) == []
    judged = judge(FLOWS, placed, new=[0, 1])
    assert not judged.undecided
    cells = {(1 - delivery) * len(structure.grid) + row for delivery, row in judged.given_away.get(1, ())}
    assert cells == opened
    assert 0 not in judged.given_away  # what came first stands


@settings(max_examples=150, deadline=None)
@given(
    st.tuples(*[st.integers(0, 14)] * 3),
    st.tuples(*[st.booleans()] * 4),
)
def test_what_one_delivery_gives_away_is_known_and_sensitive(
    inner: Sequence[int], pattern: Sequence[bool]
) -> None:
    """A protected code, zeros and complements included: whatever the pattern, right or wrong."""
    structure = structure_of(PROTECTED, "D", "Q")
    values = count(
        structure.grid,
        {"N": [{"A": frozenset([c])} for c, n in zip("abc", inner, strict=True) for _ in range(n)]},
    )
    one = Delivered("D", Q1, Tabulation.of_counts(values), np.array(pattern, dtype=np.bool_))
    publication = published(structure, one)
    # Who publishes against the rules misleads whoever relies on them: such tables are refused before.
    assume(bool(np.all(values[one.withheld] >= publication.floors[one.withheld])))
    placed = _placed(PROTECTED, one)
    assume(bool(np.all((placed.lower <= values) & (placed.upper >= values))))
    known = determined(publication, np.flatnonzero(one.withheld).tolist(), spare=25)
    sensitive = set(np.flatnonzero(sensitive_cells(structure, one.table)).tolist())
    totals_known = (
        not one.withheld[structure.grid.index["N", "_T"]] or structure.grid.index["N", "_T"] in known
    )
    found = set(_alone(PROTECTED, placed))
    assert found <= known & sensitive
    if totals_known:
        assert found == known & sensitive


@pytest.mark.parametrize("open_cases", [30, 120])
def test_an_honest_area_gives_nothing_away(open_cases: int) -> None:
    catalogue, out = load_catalogue(), []
    for dataset, period, table in deliveries(3, open_cases=open_cases):
        withheld = protect_delivery(catalogue, dataset, period, table, linked=out).withheld
        out.append(Delivered(dataset, period, table, withheld))
    placed = [_placed(catalogue, one) for one in out]
    assert [_alone(catalogue, one) for one in placed] == [[]] * len(placed)
    judged = judge(catalogue, placed, new=range(len(placed)))
    assert (judged.given_away, judged.undecided) == ({}, frozenset())


def test_limits_by_rule_hold_whatever_happens() -> None:
    structure = structure_of(PROTECTED, "D", "Q")
    hidden = np.array([False, True, True, True])
    arrival = Arrival(np.array([30, 0, 0, 0]), ~hidden, hidden, 5)
    lower, upper = limits_by_rule(structure, arrival)
    exact_lower, exact_upper = limits_of(structure, arrival)
    assert (lower <= exact_lower).all()
    assert (upper >= exact_upper).all()
    assert upper[1:].tolist() == [OPEN_ABOVE] * 3


def test_late_registrations_are_no_alarm() -> None:
    """A flow that published totals break is relied on nowhere: of withheld cells it may say what is wrong."""
    structure = structure_of(FLOWS, "D", "Q")
    people = {"OPEN": 9, "OPENED": 6, "CLOSED": 0}
    made = []
    for period, late in ((Q1, 0), (Q2, 2)):
        counted = {
            name: [{"A": frozenset([side])} for side in "xy" for _ in range(number + late * (name == "OPEN"))]
            for name, number in people.items()
        }
        values = count(structure.grid, counted)
        made.append(
            Delivered("D", period, Tabulation.of_counts(values), np.zeros(len(values), dtype=np.bool_))
        )
    placed = [_placed(FLOWS, one) for one in made]
    judged = judge(FLOWS, placed, new=[0, 1])
    assert (judged.given_away, judged.undecided) == ({}, frozenset())
