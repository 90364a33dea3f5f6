"""Cuts: what every safe pattern must withhold, derived in whole numbers, and never too much."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregation.sdc.linear_system import NO_LIMIT, LinearSystem, Relation, RelationKind
from aggregation.sdc.suppression.covering import Covering
from aggregation.sdc.suppression.cuts import Cut, Room, derive, either, one_of, whole_numbers

# Two rows and two columns with their totals: cells 0-3 inside, 4-5 row totals, 6-7 column totals.
_LINES = [((4, 0, 1)), ((5, 2, 3)), ((6, 0, 2)), ((7, 1, 3))]
SQUARE = LinearSystem.of(8, [Relation(RelationKind.SUM, line, (-1, 1, 1)) for line in _LINES])


def _integers(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def _room(down: list[int], always: list[int]) -> Room:
    return Room(np.full(8, NO_LIMIT, dtype=np.int64), _integers(*down), np.array(always, dtype=np.int64))


def _as_dict(cut: Cut | None) -> dict[int, int] | None:
    return None if cut is None else dict(zip(cut.cells.tolist(), cut.weights.tolist(), strict=True))


def test_a_cell_needs_company_in_its_line() -> None:
    cut = derive(SQUARE, _integers(1, 0, 0, 0), _room([9] * 8, [0]), cell=0, sign=1, amount=1)
    assert cut is not None
    assert (_as_dict(cut), cut.needed) == ({1: 1, 4: 1}, 1)


def test_who_cannot_fall_is_no_company_for_who_rises() -> None:
    cut = derive(
        SQUARE, _integers(1, 0, 0, 0), _room([9, 0, 9, 9, 9, 9, 9, 9], [0]), cell=0, sign=1, amount=1
    )
    assert _as_dict(cut) == {4: 1}  # the other part stands at its floor; the total can rise


def test_room_counts_as_far_as_it_goes() -> None:
    cut = derive(
        SQUARE, _integers(1, 0, 0, 0), _room([0, 3, 0, 0, 0, 0, 0, 0], [0]), cell=0, sign=1, amount=5
    )
    assert cut is not None
    assert (_as_dict(cut), cut.needed) == ({1: 3, 4: 5}, 5)
    assert cut.is_broken_by(np.array([1, 1, 0, 0, 0, 0, 0, 0.0]))
    assert not cut.is_broken_by(np.array([1, 0, 0, 0, 1, 0, 0, 0.0]))


def test_what_is_withheld_anyway_is_taken_off() -> None:
    room = _room([0, 3, 0, 0, 0, 0, 0, 0], [0, 1])
    cut = derive(SQUARE, _integers(1, 0, 0, 0), room, cell=0, sign=1, amount=5)
    assert _as_dict(cut) == {4: 1}  # the total must rise by the missing 2
    assert derive(SQUARE, _integers(1, 0, 0, 0), room, cell=0, sign=1, amount=3) is None


def test_a_combination_without_the_cell_or_without_limits_says_nothing() -> None:
    assert derive(SQUARE, _integers(0, 1, 0, 0), _room([9] * 8, [0]), cell=0, sign=1, amount=1) is None
    loose = LinearSystem.of(2, [Relation(RelationKind.PART, (0, 1), (1, -1), -NO_LIMIT, 0)])
    room = Room(_integers(NO_LIMIT, NO_LIMIT), _integers(9, 9), _integers(0))
    assert derive(loose, _integers(1), room, cell=0, sign=-1, amount=1) is None
    cut = derive(loose, _integers(1), room, cell=0, sign=1, amount=1)
    assert _as_dict(cut) == {1: 1}  # the larger side has to rise first


def test_one_of_two_inequalities_is_enough() -> None:
    first, second = Cut(_integers(1, 2), _integers(1, 3), 3), one_of(_integers(2, 5))
    joined = either(first, second)
    assert (_as_dict(joined), joined.needed) == ({1: 1, 2: 3, 5: 3}, 3)


@pytest.mark.parametrize(
    ("floats", "expected"),
    [((0.5, -1.0, 0.0), (1, -2, 0)), ((1 / 3, 1.0, 0.5), (2, 6, 3)), ((0.0, 0.0, 0.0), None)],
)
def test_duals_become_whole_numbers(floats: tuple[float, ...], expected: tuple[int, ...] | None) -> None:
    found = whole_numbers(np.array(floats))
    assert (None if found is None else tuple(found.tolist())) == expected
    assert whole_numbers(np.array([1.0, np.pi])) is None


@given(
    combination=st.lists(st.integers(-2, 2), min_size=4, max_size=4),
    values=st.lists(st.integers(0, 2), min_size=4, max_size=4),
    always=st.sets(st.integers(1, 7), max_size=2),
    sign=st.sampled_from([1, -1]),
    amount=st.integers(1, 2),
)
def test_no_table_breaks_a_cut(
    combination: list[int], values: list[int], always: set[int], sign: int, amount: int
) -> None:
    """Whatever the combination: a change that moves the cell moves enough of the other cells."""
    down = [
        *values,
        values[0] + values[1],
        values[2] + values[3],
        values[0] + values[2],
        values[1] + values[3],
    ]
    cut = derive(
        SQUARE, _integers(*combination), _room(down, [0, *sorted(always)]), cell=0, sign=sign, amount=amount
    )
    if cut is None:
        return
    for a, b, c, d in product(range(-2, 4), repeat=4):
        change = _integers(a, b, c, d, a + b, c + d, a + c, b + d)
        if sign * a >= amount and np.all(change >= -_integers(*down)):
            assert not cut.is_broken_by((change != 0).astype(np.float64))


# ------------------------------------------------------------------------------------ the covering problem


def test_extra_cells_need_company_and_cuts_are_kept() -> None:
    costs = np.array([1, 9, 9, 1, 2, 2, 3, 3], dtype=np.float64)
    covering = Covering(SQUARE, costs, _integers(0))
    assert covering.add(one_of(_integers(1, 4)))
    assert not covering.add(one_of(_integers(1, 4)))  # known
    assert not covering.add(one_of(_integers(0, 5)))  # kept by what is withheld anyway
    choice = covering.cheapest(whole=True)
    assert choice is not None
    assert np.flatnonzero(choice.shares).tolist() == [0, 4]  # its line is that of the sensitive cell
    assert choice.cost == 2.0
    assert covering.add(one_of(_integers(5)))
    choice = covering.cheapest(whole=True)
    assert choice is not None
    assert np.flatnonzero(choice.shares).tolist()[:2] == [0, 3]  # 5 needs a part that moves with it
    assert covering.solves == 2


def test_parts_of_cells_are_a_bound() -> None:
    covering = Covering(SQUARE, np.ones(8), _integers(0))
    for pair in ((1, 2), (2, 4), (1, 4)):
        covering.add(one_of(_integers(*pair)))
    whole, parts = covering.cheapest(whole=True), covering.cheapest(whole=False)
    assert whole is not None
    assert parts is not None
    assert parts.cost <= whole.cost
