"""The audit without true values against brute force: every table that fits a publication, counted out."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregation.protect import Counts, Published, Rules, audit_tables, protect_tables
from aggregation.protect.auditing import ContradictionError
from aggregation.sdc.audit import Verdict
from aggregation.sdc.levels import Level
from aggregation.sdc.tables import Hierarchy, LinkedTables

Ints = npt.NDArray[np.int64]

#: Leaves may have values up to this in the tables that are counted out: more than any of them needs.
HIGHEST = 7
FLAT = LinkedTables(
    (
        Hierarchy.of_edges("row", [("T", "a"), ("T", "b")]),
        Hierarchy.of_edges("column", [("T", "x"), ("T", "y")]),
    ),
    ((0, 1),),
)
DEEP = LinkedTables(
    (Hierarchy.of_edges("row", [("T", "a"), ("T", "b"), ("b", "c"), ("b", "d"), ("b", "e")]),), ((0,),)
)


def leaves_of(tables: LinkedTables) -> Ints:
    return np.array(list(itertools.product(*(h.leaves for h in tables.hierarchies))), dtype=np.int64)


def all_tables(tables: LinkedTables) -> Ints:
    """Every table, one per row."""
    leaves = leaves_of(tables)
    every = np.array(list(itertools.product(range(HIGHEST + 1), repeat=len(leaves))), dtype=np.int64)
    return tables.sums(leaves, every.T).T


EVERY = {id(tables): all_tables(tables) for tables in (FLAT, DEEP)}


@st.composite
def publications(draw: st.DrawFn) -> tuple[LinkedTables, Ints, npt.NDArray[np.bool_]]:
    """Small counts and any pattern that publishes zeros."""
    tables = draw(st.sampled_from([FLAT, DEEP]))
    leaves = leaves_of(tables)
    counts = draw(st.lists(st.integers(0, 4), min_size=len(leaves), max_size=len(leaves)))
    values = tables.sums(leaves, np.array(counts, dtype=np.int64))
    hidden = draw(st.lists(st.booleans(), min_size=len(values), max_size=len(values)))
    return tables, values, np.array(hidden) & (values > 0)


def sensitive_and_known(tables: LinkedTables, values: Ints, withheld: npt.NDArray[np.bool_]) -> set[int]:
    """The sensitive cells that have one value in all tables that fit: zeros known, others at least 1."""
    every = EVERY[id(tables)]
    fits = (every[:, ~withheld] == values[~withheld]).all(axis=1) & (every[:, withheld] >= 1).all(axis=1)
    candidates = every[fits]
    known = (candidates == candidates[0]).all(axis=0)
    return set(np.flatnonzero(known & (values > 0) & (values < RULES.min_contributors)).tolist())


RULES = Rules(min_contributors=3)


@settings(max_examples=150)
@given(publications())
def test_verdict_and_cells_equal_brute_force(
    publication: tuple[LinkedTables, Ints, npt.NDArray[np.bool_]],
) -> None:
    tables, values, withheld = publication
    truth = sensitive_and_known(tables, values, withheld)
    for figures in (None, Counts(values)):
        shown = np.where(withheld, 0, values) if figures is None else values
        report = audit_tables(tables, Published(shown, withheld), rules=RULES, figures=figures)
        assert {finding.cell for finding in report.findings} == truth
        assert report.verdict is (Verdict.UNSAFE if truth else Verdict.SAFE)


@settings(max_examples=60)
@given(publications(), st.sampled_from([Level.S1, Level.S2, Level.S3]), st.booleans())
def test_what_is_protected_passes_the_audit(
    publication: tuple[LinkedTables, Ints, npt.NDArray[np.bool_]], level: Level, zeros: bool
) -> None:
    tables, values, _ = publication
    rules = Rules(min_contributors=3, zero_publishable=zeros)
    figures = Counts(values)
    outcome = protect_tables(tables, figures, rules=rules, costs=np.ones(len(values)), level=level)
    published = Published(np.where(outcome.withheld, 0, values), outcome.withheld)
    with_truth = audit_tables(
        tables, Published(values, outcome.withheld), rules=rules, figures=figures, level=level
    )
    assert with_truth.verdict is Verdict.SAFE
    without = audit_tables(tables, published, rules=rules)
    assert without.verdict is not Verdict.UNSAFE
    if zeros:
        assert without.verdict is Verdict.SAFE


@settings(max_examples=60)
@given(publications(), st.integers(2, 5))
def test_a_stricter_minimum_never_has_fewer_sensitive_cells(
    publication: tuple[LinkedTables, Ints, npt.NDArray[np.bool_]], minimum: int
) -> None:
    tables, values, _ = publication
    costs = np.ones(len(values))
    mild = protect_tables(tables, Counts(values), rules=Rules(min_contributors=minimum), costs=costs)
    strict = protect_tables(tables, Counts(values), rules=Rules(min_contributors=minimum + 1), costs=costs)
    assert not np.any(mild.sensitive & ~strict.sensitive)


@settings(max_examples=60)
@given(publications(), st.data())
def test_a_changed_total_is_found_to_contradict_or_to_fit_another_table(
    publication: tuple[LinkedTables, Ints, npt.NDArray[np.bool_]], data: st.DataObject
) -> None:
    tables, values, withheld = publication
    cell = data.draw(st.integers(0, len(values) - 1))
    changed = values.copy()
    changed[cell] += 1
    shown = Published(np.where(withheld, 0, changed), withheld)
    every = EVERY[id(tables)]
    fits = (every[:, ~withheld] == changed[~withheld]).all(axis=1) & (every[:, withheld] >= 1).all(axis=1)
    if fits.any():
        audit_tables(tables, shown, rules=RULES)
    else:
        with pytest.raises(ContradictionError):
            audit_tables(tables, shown, rules=RULES)
