"""Who knows the rules asks from which tables they make what is shown; every such table, enumerated.

Shares nothing with the product but the pattern and which cells are sensitive: what the rules allow to be
shown is written out in plain words.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from aggregation.disclosure import protect_delivery
from aggregation.disclosure.primary import sensitive_cells
from aggregation.disclosure.relations import structure_of
from aggregation.tabulation import Tabulation
from protocol.codelists import TOTAL
from protocol.errors import KimError
from protocol.periods import Period
from tests.factories.catalogues import catalogue_of, codelist, indicator

BESIDE = catalogue_of(
    [codelist("CL_A", {"_T": None, "d": "_T", "a": "_T", "b": "_T", "c": "_T"}, rule={"d": "R10"})],
    [indicator("N", [["A"]])],
)
CODES = ("d", "a", "b", "c")


@settings(max_examples=400)
@given(st.tuples(*(st.integers(0, 12) for _ in CODES)))
@example((0, 9, 1, 0))  # published: total 10, a = 9, c = 0. A rule that looked at the 9 told b = 1.
@example((1, 9, 0, 0))
@example((0, 13, 1, 0))
def test_who_reads_the_rules_backwards_learns_no_more(counts: tuple[int, ...]) -> None:
    """Only tables from which the rules make what is shown count as alternatives, and still there are some."""
    assume(0 < sum(counts) <= 30)
    structure = structure_of(BESIDE, "D")
    rows = [next(row for row, key in enumerate(structure.grid.keys) if key[1] == code) for code in CODES]
    total = next(row for row, key in enumerate(structure.grid.keys) if key[1] == TOTAL)
    values = np.zeros(len(structure.grid), dtype=np.int64)
    values[rows], values[total] = counts, sum(counts)
    try:
        withheld = protect_delivery(BESIDE, "D", Period(2025, 1), Tabulation.of_counts(values)).withheld
    except KimError as refusal:
        if refusal.code != "disclosure_unsafe":
            raise
        withheld = np.ones(len(values), dtype=np.bool_)
    assume(not withheld[total])
    shown = [None if withheld[row] else int(values[row]) for row in rows]
    alternatives = [table for table in _adding_to(sum(counts), shown) if _could_be(table, shown)]
    assert counts in alternatives
    for number, row in enumerate(rows):
        if withheld[row] and sensitive_cells(structure, Tabulation.of_counts(values))[row]:
            assert len({table[number] for table in alternatives}) > 1


def _adding_to(total: int, shown: Sequence[int | None]) -> Iterator[tuple[int, ...]]:
    """Yield all counts with this sum that agree with what is shown."""
    ranges = [range(total + 1) if count is None else (count,) for count in shown]
    return (counts for counts in itertools.product(*ranges) if sum(counts) == total)


def _could_be(counts: tuple[int, ...], shown: Sequence[int | None]) -> bool:
    """Whether the rules, in plain words, allow to show of these counts what is shown, d being protected."""
    whole = sum(counts)
    return all(
        count is None or (count >= (10 if code == "d" else 5) and (code != "d" or whole - count >= 10))
        for code, count in zip(CODES, shown, strict=True)
    )
