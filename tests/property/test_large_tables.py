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
from aggregation.sdc.suppression.large.elimination import start_by_elimination
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


def leaf_sums(task: Task) -> np.ndarray:
    """Return what each cell adds up of the leaves that may move: one row per cell."""
    assert task.tables
    movable = task.publication.withheld | task.optional
    leaves = task.tables.cells[movable & task.tables.leaf(task.tables.cells)]
    return task.tables.sums(leaves, np.eye(len(leaves), dtype=np.int64))


@settings(max_examples=40, deadline=None)
@given(task=tasks(Level.S1))
def test_elimination_publishes_all_that_tells_nothing(task: Task) -> None:
    withheld = start_by_elimination(task)
    assert task.tables
    if withheld is None:
        assert len(task.tables.tables) > 1 or not task.publication.withheld.any()
        return
    assert not np.any(withheld & ~task.optional)
    sums = leaf_sums(task)
    published = sums[task.optional & ~withheld]
    rank = np.linalg.matrix_rank(published) if published.size else 0

    def told(rows: np.ndarray) -> list[int]:
        """Sensitive cells that some published ones add up to."""
        rank = np.linalg.matrix_rank(rows) if rows.size else 0
        sensitive = np.flatnonzero(task.publication.withheld).tolist()
        return [cell for cell in sensitive if np.linalg.matrix_rank(np.vstack([rows, sums[cell]])) == rank]

    assert not told(published)
    for cell in np.flatnonzero(withheld).tolist():
        assert np.linalg.matrix_rank(np.vstack([published, sums[cell]])) > rank
