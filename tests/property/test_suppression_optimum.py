"""The cheapest pattern against brute force: every pattern of a tiny table, cheapest first, until one is safe.

Whether a pattern is safe is asked of the audit, which shares nothing with the suppression.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregation.sdc.audit.attack import Verdict, examine
from aggregation.sdc.demands import Demands
from aggregation.sdc.linear_system import BoolArray
from aggregation.sdc.publication import Publication
from aggregation.sdc.suppression import Effort, Task, suppress
from aggregation.sdc.tables import Hierarchy, LinkedTables
from aggregation.sdc.views import View

_MOST_OPTIONAL = 11
_ENOUGH = Effort(rounds=400)

_FLAT = Hierarchy.of_edges("A", [("T", "a"), ("T", "b"), ("T", "c")])
_DEEP = Hierarchy.of_edges("B", [("T", "x"), ("T", "y"), ("y", "z"), ("y", "w")])
_TWO = Hierarchy.of_edges("C", [("T", "1"), ("T", "2")])

SHAPES = {
    "crossed": LinkedTables((_FLAT, _TWO), ((0, 1),)),
    "deep": LinkedTables((_DEEP, _TWO), ((0, 1),)),
    "three dimensions": LinkedTables(
        (_TWO, replace(_TWO, dimension="D"), replace(_TWO, dimension="E")), ((0, 1, 2),)
    ),
    "linked": LinkedTables((_FLAT, _TWO, replace(_TWO, dimension="D")), ((0, 1), (0, 2))),
}


@st.composite
def tasks(draw: st.DrawFn, *, intervals: bool = False, insiders: bool = False) -> Task:
    """A tiny table of counts with some sensitive cells."""
    tables = SHAPES[draw(st.sampled_from(sorted(SHAPES)))]
    leaves = np.array(
        np.meshgrid(*[h.leaves for h in tables.hierarchies], indexing="ij"), dtype=np.int64
    ).reshape(len(tables.hierarchies), -1)
    counts = draw(st.lists(st.integers(0, 7), min_size=leaves.shape[1], max_size=leaves.shape[1]))
    values = tables.sums(leaves.T, np.array(counts, dtype=np.int64))
    cells = len(values)
    sensitive = (values > 0) & (values < draw(st.integers(2, 4)))
    may = np.flatnonzero((values > 0) & ~sensitive)
    optional = np.zeros(cells, dtype=np.bool_)
    optional[draw(st.permutations(may.tolist()))[:_MOST_OPTIONAL]] = True
    demands = Demands.differing(sensitive)
    if intervals:
        level = draw(st.integers(1, 3))
        demands = Demands(sensitive, np.where(sensitive, level, 0), np.where(sensitive & (values > 1), 1, 0))
    views = [View(demands)]
    if insiders and (values == 1).any():
        own = np.zeros(cells, dtype=np.bool_)
        own[draw(st.sampled_from(np.flatnonzero(values == 1).tolist()))] = True
        views.append(View(Demands.differing(sensitive & ~own), known=own))
    costs = draw(st.lists(st.integers(1, 4), min_size=cells, max_size=cells))
    publication = Publication(tables.system, values, sensitive, np.ones(cells, dtype=np.int64))
    return Task(publication, tuple(views), optional, np.array(costs, dtype=np.float64))


def safe(task: Task, withheld: BoolArray) -> bool:
    """Whether the audit finds nothing for any attacker."""
    shown = replace(task.publication, withheld=withheld)
    return all(examine(view.of(shown), view.demands).verdict is Verdict.SAFE for view in task.views)


def cheapest(task: Task) -> float | None:
    """Try every pattern, cheapest first; None if even everything is not safe."""
    start, optional = task.publication.withheld, np.flatnonzero(task.optional)
    if not safe(task, start | task.optional):
        return None
    choices = (np.arange(2 ** len(optional))[:, None] >> np.arange(len(optional))) & 1
    costs = choices @ task.costs[optional]
    for choice in np.argsort(costs, kind="stable").tolist():
        withheld = start.copy()
        withheld[optional[choices[choice] == 1]] = True
        if safe(task, withheld):
            return float(costs[choice])
    return None


@pytest.mark.parametrize(
    ("intervals", "insiders"),
    [(False, False), (True, False), (False, True)],
    ids=["S1", "intervals", "insider"],
)
@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_optimum_is_the_optimum(data: st.DataObject, *, intervals: bool, insiders: bool) -> None:
    task = data.draw(tasks(intervals=intervals, insiders=insiders))
    expected = cheapest(task)
    pattern = suppress(task, effort=_ENOUGH)
    assert not pattern.undecided
    if expected is None:
        assert pattern.unmet
        return
    assert not pattern.unmet
    assert safe(task, pattern.withheld)
    assert pattern.optimal
    assert pattern.cost == pattern.bound == expected


@given(task=tasks(intervals=True))
@settings(max_examples=30, deadline=None)
def test_more_is_never_cheaper(task: Task) -> None:
    """A stricter demand, or one more attacker, never makes the cheapest pattern cheaper."""
    view = task.views[0]
    nothing = np.zeros_like(view.demands.rise)
    demands = [
        Demands(view.demands.differ, nothing, nothing),
        Demands(view.demands.differ, view.demands.rise, nothing),
        view.demands,
    ]
    patterns = [suppress(replace(task, views=(View(each),)), effort=_ENOUGH) for each in demands]
    for weaker, stricter in pairwise(patterns):
        if not stricter.unmet:
            assert not weaker.unmet
            assert weaker.cost <= stricter.cost


@given(task=tasks(insiders=True), rounds=st.integers(0, 30))
@settings(max_examples=40, deadline=None)
def test_every_state_is_proven(task: Task, rounds: int) -> None:
    """However early it ends: witnesses are tables that fit, and reach everything for everybody."""
    pattern = suppress(task, effort=Effort(rounds=rounds))
    shown = replace(task.publication, withheld=pattern.withheld)
    assert all(shown.is_alternative(witness) for witness in pattern.witnesses)
    assert pattern.rounds <= rounds
    assert pattern.bound is None or pattern.bound <= pattern.cost
    unmet = {(u.view, u.kind, u.cell) for u in pattern.unmet}
    for number, view in enumerate(task.views):
        missing = view.demands.matrix & ~pattern.proven(number)
        assert {(number, int(kind), int(cell)) for kind, cell in np.argwhere(missing)} <= unmet
        if not unmet:
            assert examine(view.of(shown), view.demands).verdict is Verdict.SAFE
