"""Histories with corrections against brute force: all tables that fit everything that was ever published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from aggregation.disclosure import Delivered, Verdict, audit_delivery, protect_delivery
from aggregation.disclosure.history import History, linked_history
from aggregation.disclosure.primary import open_zeros, sensitive_cells
from aggregation.disclosure.relations import structure_of
from aggregation.tabulation import Tabulation
from protocol.errors import KimError
from protocol.periods import Period
from tests.factories.catalogues import stocks_and_flows
from tests.factories.worlds import count, determined, published

CATALOGUE = stocks_and_flows("a1", "a2")
STRUCTURE = structure_of(CATALOGUE, "D")
QUARTERS = [Period(2025, 1), Period(2025, 2)]
MINIMUM = 5
MOST_HIDDEN = 15

Case = tuple[str, int, int]
"""Code, quarter in which it is opened (-1: before), and how many quarters it lasts."""

CASES = st.tuples(st.sampled_from(["a1", "a2"]), st.integers(-1, 1), st.integers(0, 3))


def counted(cases: Sequence[Case], quarter: int) -> Tabulation:
    stay = [({"A": frozenset([code])}, start, start + length) for code, start, length in cases]
    values = count(
        STRUCTURE.grid,
        {
            "OPENED": [p for p, start, _ in stay if start == quarter],
            "CLOSED": [p for p, start, end in stay if end == quarter],
            "OPEN": [p for p, start, end in stay if start <= quarter < end],
        },
    )
    return Tabulation.of_counts(values)


def secrets(history: History) -> list[int]:
    hidden = [d.withheld & sensitive_cells(STRUCTURE, d.table) for d in history.deliveries]
    return np.flatnonzero(np.concatenate(hidden)).tolist()


def told_by_corrections(new: Delivered, out: Sequence[Delivered]) -> set[int]:
    """Small changes that somebody computes who knows all vintages but the newest of each period."""
    history = linked_history(STRUCTURE, new, out)
    known = np.zeros(history.system.cells, dtype=np.bool_)
    small: list[int] = []
    for *before, last in history.vintages:
        if before:
            known[history.cells_of(before)] = True
        for earlier in before:
            old, now = history.deliveries[earlier], history.deliveries[last]
            by = np.abs(old.values - now.values)
            rows = np.flatnonzero((by > 0) & (by < MINIMUM) & ~open_zeros(STRUCTURE, now.table))
            small += [history.starts[last] + row for row in rows.tolist()]
    publication = published(STRUCTURE, new, out)
    seen = replace(publication, withheld=publication.withheld & ~known)
    shown = {cell for cell in small if not seen.withheld[cell]}
    return shown | determined(seen, [cell for cell in small if cell not in shown], spare=3)


def deliver(new: Delivered, out: Sequence[Delivered]) -> Delivered | None:
    """Protect and audit a delivery; None if no pattern is safe."""
    try:
        withheld = protect_delivery(CATALOGUE, "D", new.period, new.table, linked=out).withheld
    except KimError as refusal:
        if refusal.code != "disclosure_unsafe":
            raise
        return None
    shown = [None if hidden else int(v) for v, hidden in zip(new.values, withheld, strict=True)]
    report = audit_delivery(CATALOGUE, "D", new.period, shown, table=new.table, linked=out)
    assert report.verdict is Verdict.SAFE, report
    return replace(new, withheld=withheld)


@settings(max_examples=120)
@given(data=st.data())
def test_whatever_is_corrected_nothing_becomes_determined(data: st.DataObject) -> None:
    """Quarters come, cases are entered late, taken back or recoded, quarters are corrected, in any order."""
    cases = data.draw(st.lists(CASES, min_size=2, max_size=14))
    out: list[Delivered] = []
    last: dict[int, Tabulation] = {}
    for _ in range(data.draw(st.integers(2, 4))):
        quarter = data.draw(st.integers(0, 1))
        if quarter in last:
            late = data.draw(st.lists(CASES, max_size=6))
            gone = data.draw(st.integers(0, 2))
            cases = cases[gone:] + late
        table = counted(cases, quarter)
        if quarter in last and np.array_equal(last[quarter].values, table.values):
            continue
        new = deliver(Delivered("D", QUARTERS[quarter], table, np.zeros(len(table), dtype=np.bool_)), out)
        if new is None:
            continue  # it is held back: nothing is published
        history = linked_history(STRUCTURE, new, out)
        assume(history.withheld.sum() <= MOST_HIDDEN)
        assert not determined(published(STRUCTURE, new, out), secrets(history), spare=3)
        assert not told_by_corrections(new, out)
        out.append(new)
        last[quarter] = table


@settings(max_examples=60)
@given(data=st.data())
def test_the_audit_finds_every_small_change_that_is_told(data: st.DataObject) -> None:
    """Two vintages under any two patterns: the audit finds what somebody with the first computes."""
    cases = data.draw(st.lists(CASES, min_size=1, max_size=10))
    after = cases[data.draw(st.integers(0, 1)) :] + data.draw(st.lists(CASES, max_size=3))
    tables = counted(cases, 0), counted(after, 0)
    hidden = [
        np.array(data.draw(st.lists(st.booleans(), min_size=len(t), max_size=len(t))))
        & ~open_zeros(STRUCTURE, t)
        for t in tables
    ]
    old, new = (Delivered("D", QUARTERS[0], table, mask) for table, mask in zip(tables, hidden, strict=True))
    shown = [None if h else int(v) for v, h in zip(new.values, new.withheld, strict=True)]
    report = audit_delivery(CATALOGUE, "D", new.period, shown, table=new.table, linked=[old])
    assert not report.undecided
    told = told_by_corrections(new, [old])
    known = set(secrets(linked_history(STRUCTURE, new, [old])))
    computed = determined(published(STRUCTURE, new, [old]), sorted(known), spare=3)
    in_the_open = sensitive_cells(STRUCTURE, new.table) & ~new.withheld
    assert (report.verdict is Verdict.SAFE) == (not told and not computed and not in_the_open.any())
