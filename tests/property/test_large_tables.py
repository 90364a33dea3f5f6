"""Patterns found block by block, on tables small enough to be looked through as a whole."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregation.sdc.audit import Verdict, examine_views
from aggregation.sdc.levels import Level, views_of_counts
from aggregation.sdc.linear_system import BoolArray
from aggregation.sdc.publication import Publication
from aggregation.sdc.suppression import Effort, Pattern, Task
from aggregation.sdc.suppression.large import protect_large
from aggregation.sdc.tables import Hierarchy, LinkedTables

MINIMUM = 4
TINY_BLOCKS = 12
SHAPES = {
    "deep and flat": (("r", (2, 3, 1)), ("a", (3,))),
    "two deep": (("r", (2, 2)), ("a", (2, 3))),
    "three": (("r", (4,)), ("a", (3,)), ("s", (2,))),
}
LINKED = {"two deep": ((0,), (1,)), "three": ((0, 1), (0, 2)), "deep and flat": ((0, 1),)}


def hierarchy(name: str, branches: tuple[int, ...]) -> Hierarchy:
    """Return a hierarchy with a top; one branch is flat, several stand between the top and their leaves."""
    if len(branches) == 1:
        return Hierarchy.of_edges(name, [("T", f"{name}{leaf}") for leaf in range(branches[0])])
    edges = []
    for branch, leaves in enumerate(branches):
        edges.append(("T", f"{name}{branch}"))
        edges += [(f"{name}{branch}", f"{name}{branch}{leaf}") for leaf in range(leaves)]
    return Hierarchy.of_edges(name, edges)


def tables_of(shape: str, *, linked: bool) -> LinkedTables:
    hierarchies = tuple(hierarchy(name, branches) for name, branches in SHAPES[shape])
    whole = (tuple(range(len(hierarchies))),)
    return LinkedTables(hierarchies, LINKED[shape] if linked else whole)


@st.composite
def tasks(draw: st.DrawFn, level: Level) -> Task:
    tables = tables_of(draw(st.sampled_from(sorted(SHAPES))), linked=draw(st.booleans()))
    leaves = np.stack(np.meshgrid(*(h.leaves for h in tables.hierarchies), indexing="ij"), axis=-1)
    codes = leaves.reshape(-1, len(tables.hierarchies)).astype(np.int64)
    figure = st.one_of(st.just(0), st.integers(1, 5), st.integers(1, 60))
    figures = np.array(draw(st.lists(figure, min_size=len(codes), max_size=len(codes))), dtype=np.int64)
    values = tables.sums(codes, figures)
    sensitive = (values > 0) & (values < MINIMUM)
    publication = Publication(tables.system, values, sensitive, np.ones(len(values), dtype=np.int64))
    by_value = draw(st.booleans())
    return Task(
        publication=publication,
        views=views_of_counts(level, tables.system, values, sensitive, minimum=MINIMUM),
        optional=~sensitive & (values > 0),
        costs=np.maximum(values, 1).astype(np.float64) if by_value else np.ones(len(values)),
        tables=tables,
    )


def publication_of(task: Task, withheld: BoolArray) -> Publication:
    start = task.publication
    return Publication(start.system, start.values, withheld, start.floors)


def check(task: Task, pattern: Pattern) -> None:
    """Every witness is one, what is not unmet is proven, and what is unmet nothing could have protected."""
    publication = publication_of(task, pattern.withheld)
    assert not np.any(pattern.withheld & ~task.publication.withheld & ~task.optional)
    assert all(publication.is_alternative(witness) for witness in pattern.witnesses)
    unmet = set(pattern.unmet)
    everything = publication_of(task, task.publication.withheld | task.optional)
    examined = examine_views(everything, task.views)
    for number, view in enumerate(task.views):
        for kind, cell in np.argwhere(view.demands.matrix & ~pattern.proven(number)).tolist():
            assert (number, kind, cell) in unmet
            assert not examined[number].met[kind, cell]
    assert len(unmet) == sum(
        int((view.demands.matrix & ~pattern.proven(number)).sum()) for number, view in enumerate(task.views)
    )


@pytest.mark.parametrize("level", list(Level))
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_whatever_is_not_unmet_is_proven(level: Level, data: st.DataObject) -> None:
    task = data.draw(tasks(level))
    pattern = protect_large(task, effort=Effort(rounds=3), block_cells=TINY_BLOCKS)
    check(task, pattern)
    if not pattern.unmet:
        published = publication_of(task, pattern.withheld)
        verdicts = {examination.verdict for examination in examine_views(published, task.views)}
        assert verdicts == {Verdict.SAFE}


@settings(max_examples=15, deadline=None)
@given(task=tasks(Level.S1), rounds=st.integers(0, 4))
def test_rounds_never_make_it_dearer(task: Task, rounds: int) -> None:
    before = protect_large(task, effort=Effort(rounds=rounds), block_cells=TINY_BLOCKS)
    after = protect_large(task, effort=Effort(rounds=rounds + 2), block_cells=TINY_BLOCKS)
    again = protect_large(task, effort=Effort(rounds=rounds + 2), block_cells=TINY_BLOCKS)
    assert after.cost <= before.cost
    assert np.array_equal(after.withheld, again.withheld)
