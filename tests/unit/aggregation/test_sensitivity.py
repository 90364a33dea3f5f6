"""Primary rules as vector functions: against sums by hand, and what each level is for."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from aggregation.sdc.linear_system import LinearSystem, Relation, RelationKind
from aggregation.sdc.sensitivity import (
    below_minimum,
    concentration,
    inhabited,
    lacks_until_hidden,
    lacks_until_undominated,
    parts_and_totals,
    share_up,
    short_of_their_total,
    too_few,
)

RECORDS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4), st.integers(-50, 100)), max_size=30)


@given(RECORDS, st.integers(2, 4))
def test_contributions_are_those_of_a_sum_by_hand(records: list[tuple[int, int, int]], ranks: int) -> None:
    by_hand: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for cell, contributor, amount in records:
        by_hand[cell][contributor] += amount
    columns = np.array(records, dtype=np.int64).reshape(-1, 3).T
    found = concentration(*columns, cells=4, ranks=ranks)
    for cell in range(4):
        sizes = sorted((abs(net) for net in by_hand[cell].values() if net), reverse=True)
        assert found.values[cell] == sum(by_hand[cell].values())
        assert found.contributors[cell] == len(sizes)
        assert found.gross[cell] == sum(sizes)
        assert found.largest[:, cell].tolist() == (sizes + [0] * ranks)[:ranks]


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=8), st.integers(1, 9999))
def test_what_is_missing_is_just_what_lets_the_largest_not_dominate(sizes: list[int], share: int) -> None:
    """With it the largest are at most k % of the amount; with one unit less they are more."""
    ordered = sorted(sizes, reverse=True)
    gross, largest = np.array([sum(ordered)]), np.array([sum(ordered[:2])])
    lacking = int(lacks_until_undominated(gross, largest, share=share, of=10_000)[0])
    assert largest[0] * 10_000 <= share * (gross[0] + lacking)
    if lacking:
        assert largest[0] * 10_000 > share * (gross[0] + lacking - 1)


@given(st.lists(st.integers(1, 1000), min_size=2, max_size=8), st.integers(1, 100))
def test_what_is_missing_is_just_what_hides_the_largest(sizes: list[int], percent: int) -> None:
    """The second largest takes away its own: what is left must exceed the largest by p % of it."""
    first, second, *others = sorted(sizes, reverse=True)
    gross = np.array([first + second + sum(others)])
    lacking = int(lacks_until_hidden(gross, np.array([first]), np.array([second]), share=percent)[0])
    upper = gross[0] + lacking - second
    assert 100 * upper >= (100 + percent) * first
    if lacking:
        assert 100 * (upper - 1) < (100 + percent) * first


def test_shares_are_rounded_up() -> None:
    assert share_up(np.array([0, 1, 100, 101]), share=10).tolist() == [0, 1, 10, 11]
    assert share_up(np.array([80]), share=125, of=1000).tolist() == [10]


def test_counts_and_contributors_below_a_minimum_but_not_none() -> None:
    numbers = np.array([0, 1, 4, 5])
    assert below_minimum(numbers, 5).tolist() == [False, True, True, False]
    assert too_few(numbers, 5).tolist() == [False, True, True, False]


def test_complements_and_zeros_of_groups_that_are_not_empty() -> None:
    """Cells 0 = 1 + 2 + 3, 1 = 4 + 5, and 6 = 1 alone: a group under another name has no complement."""
    system = LinearSystem.of(
        7,
        [
            Relation(RelationKind.SUM, (0, 1, 2, 3), (-1, 1, 1, 1)),
            Relation(RelationKind.SUM, (1, 4, 5), (-1, 1, 1)),
            Relation(RelationKind.SUM, (6, 1), (-1, 1)),
        ],
    )
    values = np.array([12, 0, 10, 2, 0, 0, 0])
    part, total = parts_and_totals(system)
    assert sorted(zip(part.tolist(), total.tolist(), strict=True)) == [(1, 0), (2, 0), (3, 0), (4, 1), (5, 1)]
    short = short_of_their_total(values, part, total, minimum=3)
    assert part[short].tolist() == [2]
    assert inhabited(system, values).tolist() == [True, True, True, True, True, True, False]
    assert not inhabited(system, np.zeros(7, dtype=np.int64)).any()
