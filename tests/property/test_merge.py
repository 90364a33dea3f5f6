"""Merged totals against brute force: every world that the deliveries allow, enumerated."""

from __future__ import annotations

import itertools
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregation.disclosure import cell_bounds
from aggregation.limits import OPEN_ABOVE, OPEN_BELOW
from aggregation.merge import AreaDelivery, merge, one_voice
from protocol.catalogue import Catalogue
from protocol.errors import KimError
from protocol.grid import grid_of
from protocol.observations import STATE_NUMBER, CellState
from protocol.regions import RegionTree
from protocol.texts import Text
from tests.factories.catalogues import catalogue_of, codelist, indicator

TREE = RegionTree(
    MappingProxyType({r: Text(r, r) for r in ("L", "x", "y", "z")}),
    MappingProxyType({"x": "L", "y": "L", "z": "L"}),
    MappingProxyType({"L": ("x", "y", "z"), "B": ("x", "y")}),
)
SUPPRESSED, VALUE, ZERO = (STATE_NUMBER[s] for s in (CellState.SUPPRESSED, CellState.VALUE, CellState.ZERO))


def _catalogue(region_additivity: str, **changes: object) -> Catalogue:
    return catalogue_of(
        [codelist("CL_A", {"_T": None, "a": "_T", "b": "_T"})],
        [indicator("N", [["A"]], region_additivity=region_additivity, **changes)],
    )


SUM, SPREAD = _catalogue("sum"), _catalogue("max_sum")
# Rows of the grid: N/_T, N/a, N/b.
VALUES = st.tuples(st.integers(0, 6), st.integers(0, 6))
HIDDEN = st.tuples(st.booleans(), st.booleans(), st.booleans())
AREAS = st.dictionaries(st.sampled_from("xyz"), st.tuples(VALUES, HIDDEN))


def _delivery(
    catalogue: Catalogue, area: str, inner: tuple[int, int], hidden: tuple[bool, bool, bool]
) -> AreaDelivery:
    values = np.array([sum(inner), *inner], dtype=np.int64)
    withheld = np.array(hidden) & (values > 0)  # zeros are published
    shown = np.where(withheld, 0, values)
    lower, upper = cell_bounds(grid_of(catalogue, "D"), shown, withheld, catalogue)
    state = np.where(withheld, SUPPRESSED, np.where(values == 0, ZERO, VALUE)).astype(np.uint8)
    return AreaDelivery(area, state, np.where(withheld, lower, values), np.where(withheld, upper, values))


def _worlds(inner: tuple[int, int], hidden: tuple[bool, bool, bool], cap: int) -> list[tuple[int, int, int]]:
    """All tables of one area that agree with what it published (withheld cells are at least 1)."""
    truth = (sum(inner), *inner)
    covered = [h and v > 0 for h, v in zip(hidden, truth, strict=True)]
    found = []
    for a, b in itertools.product(range(cap + 1), repeat=2):
        world = (a + b, a, b)
        if all((w >= 1) if c else (w == t) for w, c, t in zip(world, covered, truth, strict=True)):
            found.append(world)
    return found


@settings(max_examples=150)
@given(AREAS)
def test_sums_are_exactly_the_range_over_all_worlds(
    areas: dict[str, tuple[tuple[int, int], tuple[bool, bool, bool]]],
) -> None:
    cap = 14
    merged = {
        a.region: a for a in merge(SUM, "D", [_delivery(SUM, k, *v) for k, v in areas.items()], tree=TREE)
    }
    for region, leaves in TREE.members.items():
        aggregate = merged[region]
        present = [areas[leaf] for leaf in leaves if leaf in areas]
        worlds = [_worlds(inner, hidden, cap) for inner, hidden in present]
        for row in range(3):
            low = sum(min(w[row] for w in options) for options in worlds)
            high = sum(max(w[row] for w in options) for options in worlds)
            unbounded = len(present) < len(leaves) or any(
                max(w[row] for w in options) >= cap for options in worlds
            )
            assert aggregate.lower[row] == low
            assert bool(aggregate.upper[row] >= OPEN_ABOVE) is unbounded
            if not unbounded:
                assert aggregate.upper[row] == high
        assert aggregate.expected == len(leaves)
        assert (aggregate.delivered == len(present)).all()


@settings(max_examples=150)
@given(AREAS.filter(bool))
def test_distinct_persons_over_areas_lie_between_the_largest_and_the_sum(
    areas: dict[str, tuple[tuple[int, int], tuple[bool, bool, bool]]],
) -> None:
    merged = merge(SPREAD, "D", [_delivery(SPREAD, k, *v) for k, v in areas.items()], tree=TREE)
    aggregate = merged[0]
    truths = [(sum(inner), *inner) for inner, _ in areas.values()]
    for row in range(3):
        everyone_apart = sum(t[row] for t in truths)
        all_the_same = max(t[row] for t in truths)
        assert aggregate.lower[row] <= all_the_same
        assert aggregate.upper[row] >= OPEN_ABOVE or aggregate.upper[row] >= everyone_apart
        if not aggregate.withheld[row] and len(areas) == 3:
            assert (aggregate.lower[row], aggregate.upper[row]) == (all_the_same, everyone_apart)


def test_by_hand_margins_say_more_than_cells() -> None:
    # x publishes total 9 and withholds a and b: each lies in 1..8, but together they are 9.
    shown = _delivery(SUM, "x", (4, 5), (False, True, True))
    known = _delivery(SUM, "y", (7, 0), (False, False, False))
    whole = {a.region: a for a in merge(SUM, "D", [shown, known], tree=TREE)}
    assert list(zip(whole["B"].lower.tolist(), whole["B"].upper.tolist(), strict=True)) == [
        (16, 16),
        (8, 15),
        (1, 8),
    ]
    assert whole["B"].exact.tolist() == [True, False, False]
    # z has not delivered: the Land has a lower side only.
    assert (whole["L"].upper >= OPEN_ABOVE).all()
    assert whole["L"].lower.tolist() == [16, 8, 1]


def test_a_cell_that_is_not_delivered_leaves_the_upper_side_open() -> None:
    missing = STATE_NUMBER[CellState.NOT_DELIVERED]
    zeros = np.zeros(3, dtype=np.int64)
    gone = AreaDelivery("x", np.full(3, missing, dtype=np.uint8), zeros, zeros)
    nothing = merge(SUM, "D", [AreaDelivery.nothing(SUM, "D", "x")], tree=TREE)[0]
    assert (nothing.upper >= OPEN_ABOVE).all()
    others = [_delivery(SUM, area, (3, 4), (False, False, False)) for area in "yz"]
    land = merge(SUM, "D", [gone, *others], tree=TREE)[0]
    assert (land.upper >= OPEN_ABOVE).all()
    assert land.lower.tolist() == [14, 6, 8]
    assert land.delivered.tolist() == [2, 2, 2]


# ------------------------------------------------------------------------------------- euros with repayments

EUROS = catalogue_of(
    [codelist("CL_A", {"_T": None, "a": "_T", "b": "_T"})],
    [indicator("N", [["A"]], rule="R0", may_be_negative=True)],
)
AMOUNTS = st.tuples(st.integers(-6, 6), st.integers(-6, 6))


def _amounts(area: str, inner: tuple[int, int], hidden: tuple[bool, bool, bool]) -> AreaDelivery:
    values, withheld = np.array([sum(inner), *inner], dtype=np.int64), np.array(hidden)
    lower, upper = cell_bounds(grid_of(EUROS, "D"), np.where(withheld, 0, values), withheld, EUROS)
    state = np.where(withheld, SUPPRESSED, np.where(values == 0, ZERO, VALUE)).astype(np.uint8)
    return AreaDelivery(area, state, lower, upper)


@settings(max_examples=150)
@given(st.dictionaries(st.sampled_from("xyz"), st.tuples(AMOUNTS, HIDDEN)))
def test_amounts_that_may_be_negative_have_no_floor(
    areas: dict[str, tuple[tuple[int, int], tuple[bool, bool, bool]]],
) -> None:
    """One withheld cell of three follows from the others; two or three may be anything."""
    merged = {a.region: a for a in merge(EUROS, "D", [_amounts(k, *v) for k, v in areas.items()], tree=TREE)}
    for region, leaves in TREE.members.items():
        aggregate = merged[region]
        for row in range(3):
            loose = any(hidden[row] and sum(hidden) > 1 for k, (_, hidden) in areas.items() if k in leaves)
            unbounded = loose or not set(leaves) <= areas.keys()
            assert bool(aggregate.lower[row] <= OPEN_BELOW) is unbounded
            assert bool(aggregate.upper[row] >= OPEN_ABOVE) is unbounded
            if not unbounded:
                total = sum((sum(v), *v)[row] for k, (v, _) in areas.items() if k in leaves)
                assert aggregate.lower[row] == aggregate.upper[row] == total
                assert aggregate.exact[row]


# ---------------------------------------------------------------------------------- one authority, two areas

AUTHORITY = RegionTree(
    MappingProxyType({r: Text(r, r) for r in ("L", "XY", "YZ", "x", "y", "z")}),
    MappingProxyType({"x": "XY", "y": "XY", "XY": "L", "z": "L"}),
    MappingProxyType({"L": ("x", "y", "z"), "XY": ("x", "y"), "YZ": ("y", "z")}),
)
DECISIONS = _catalogue("sum", reporting_unit="authority")


def _without(delivery: AreaDelivery, rows: list[int]) -> AreaDelivery:
    delivery.state[rows] = STATE_NUMBER[CellState.NOT_DELIVERED]
    return delivery


def test_an_authority_stands_in_place_of_the_areas_it_serves() -> None:
    given_deliveries = [
        _without(_delivery(DECISIONS, "XY", (30, 4), (False, True, True)), [2]),
        _delivery(DECISIONS, "x", (1, 1), (False, False, False)),
        _delivery(DECISIONS, "y", (2, 3), (False, False, False)),
        _delivery(DECISIONS, "z", (5, 0), (False, False, False)),
    ]
    merged = {a.region: a for a in merge(DECISIONS, "D", given_deliveries, tree=AUTHORITY)}
    land, both, other = merged["L"], merged["XY"], merged["YZ"]
    assert (both.lower[0], both.upper[0]) == (34, 34)
    assert (land.lower[0], land.upper[0]) == (39, 39)
    assert (land.lower[1], land.upper[1]) == (1 + 5, 33 + 5)  # withheld: 1 .. 33 of 34
    assert (land.lower[2], land.upper[2]) == (1 + 3 + 0, 4)  # the authority does not deliver this cell
    assert (both.delivered.tolist(), both.withheld.tolist()) == ([2, 2, 2], [0, 2, 0])
    assert (land.delivered.tolist(), land.expected) == ([3, 3, 3], 3)
    # A region with only one of its areas cannot use it.
    assert (other.lower.tolist(), other.delivered.tolist()) == ([10, 7, 3], [2, 2, 2])


def test_what_an_authority_withholds_is_not_the_difference_of_its_areas() -> None:
    """The authority withholds 31 and 3; its areas, protected by others, would show all parts beside it."""
    given_deliveries = {
        "XY": _without(_delivery(DECISIONS, "XY", (31, 3), (False, True, True)), [2]),
        "x": _delivery(DECISIONS, "x", (30, 2), (False, False, False)),
        "y": _delivery(DECISIONS, "y", (1, 1), (False, False, False)),
        "z": _delivery(DECISIONS, "z", (5, 0), (False, False, False)),
    }
    shown = one_voice(DECISIONS, "D", given_deliveries, tree=AUTHORITY)
    not_delivered = STATE_NUMBER[CellState.NOT_DELIVERED]
    for area in "xy":
        assert shown[area].state.tolist()[:2] == [not_delivered] * 2
        assert shown[area].lower.tolist()[:2] == [0, 0]
        assert shown[area].held.tolist() == [False, False, True]  # of that cell the authority says nothing
    assert shown["z"] is given_deliveries["z"]
    assert shown["XY"] is given_deliveries["XY"]
    of_areas = {area: given_deliveries[area] for area in "xyz"}
    assert one_voice(DECISIONS, "D", of_areas, tree=AUTHORITY) == of_areas
    own = {"XY": given_deliveries["XY"], "x": given_deliveries["x"]}
    assert one_voice(SUM, "D", own, tree=AUTHORITY)["x"].held.all()  # an indicator of the areas themselves


def test_what_areas_report_for_themselves_an_authority_does_not_speak_for() -> None:
    alone = _delivery(SUM, "XY", (30, 4), (False, False, False))
    land = merge(SUM, "D", [alone], tree=AUTHORITY)[0]
    assert (land.lower.tolist(), land.delivered.tolist()) == ([0, 0, 0], [0, 0, 0])
    assert (land.upper >= OPEN_ABOVE).all()


@pytest.mark.parametrize(
    "areas", [["x", "x"], ["elsewhere"], ["XY", "YZ"]], ids=["twice", "unknown area", "served twice"]
)
def test_deliveries_that_do_not_fit_are_refused(areas: list[str]) -> None:
    deliveries = [_delivery(SUM, area, (3, 4), (False, False, False)) for area in areas]
    with pytest.raises(KimError) as caught:
        merge(SUM, "D", deliveries, tree=AUTHORITY)
    assert caught.value.code == "value_rule"


def test_a_table_of_another_size_is_refused() -> None:
    short = np.zeros(2, dtype=np.int64)
    with pytest.raises(KimError) as caught:
        merge(SUM, "D", [AreaDelivery("x", np.zeros(2, dtype=np.uint8), short, short)], tree=TREE)
    assert caught.value.code == "value_rule"
    assert len(grid_of(SUM, "D")) == 3
