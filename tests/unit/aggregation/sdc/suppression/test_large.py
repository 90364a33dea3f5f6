"""The method for big tables, on tables that it does in a second."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from aggregation.sdc.audit import Verdict, examine
from aggregation.sdc.demands import Demands
from aggregation.sdc.linear_system import LinearSystem, Relation, RelationKind
from aggregation.sdc.programs import Status
from aggregation.sdc.publication import Publication
from aggregation.sdc.suppression import Effort, Task, suppress
from aggregation.sdc.suppression.large import is_large, protect_large
from aggregation.sdc.suppression.large.block import Block
from aggregation.sdc.suppression.large.grid import Grid
from aggregation.sdc.suppression.large.search import Draft
from aggregation.sdc.views import View
from tests.factories.sdc_tables import read_table

BEST_PEER = {("b_region", "unit"): 227, ("b_region", "value"): 8_801}
GOALS = {("d_linked", "unit"): 255, ("d_linked", "value"): 3_350}
PRINT = """
import hashlib
from aggregation.sdc.suppression import Effort
from aggregation.sdc.suppression.large import protect_large
from tests.factories.sdc_tables import read_table
pattern = protect_large(read_table("b_region").task("value"), effort=Effort(rounds=4), block_cells=200)
print(hashlib.sha256(pattern.withheld.tobytes()).hexdigest())
"""


@pytest.mark.parametrize(("name", "cost"), BEST_PEER)
def test_b_region_is_safe_and_cheaper_than_any_peer_made_it(name: str, cost: str) -> None:
    table = read_table(name)
    pattern = protect_large(table.task(cost))
    assert not pattern.unmet
    assert pattern.cost < BEST_PEER[name, cost]
    published = table.publication(pattern.withheld)
    assert all(published.is_alternative(witness) for witness in pattern.witnesses)
    assert examine(published, pattern.task.views[0].demands).verdict is Verdict.SAFE


@pytest.mark.parametrize(("name", "cost"), GOALS)
def test_linked_tables_reach_their_goal(name: str, cost: str) -> None:
    table = read_table(name)
    task = table.task(cost)
    assert is_large(task)
    pattern = suppress(task)
    assert not pattern.unmet
    assert pattern.cost <= GOALS[name, cost]
    published = table.publication(pattern.withheld)
    assert all(published.is_alternative(witness) for witness in pattern.witnesses)
    assert examine(published, task.views[0].demands).verdict is Verdict.SAFE


def test_the_pattern_is_the_same_in_every_process() -> None:
    found = {
        subprocess.run(
            [sys.executable, "-c", PRINT],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    here = protect_large(read_table("b_region").task("value"), effort=Effort(rounds=4), block_cells=200)
    assert found == {hashlib.sha256(here.withheld.tobytes()).hexdigest() + "\n"}


def test_every_cell_that_may_move_is_in_the_core_of_a_block_of_each_pass() -> None:
    for name in ("b_region", "d_linked", "b2_medium"):
        table = read_table(name)
        movable = table.values > 0
        grid = Grid(table.tables, movable, block_cells=150)
        for number in range(3):
            served = np.zeros_like(movable)
            for block in grid.blocks(number, table.sensitive):
                assert not np.any(block.core & ~block.cells)
                assert not np.any(block.cells & ~movable)
                served |= block.core
            assert np.array_equal(served, movable)


def test_cells_that_do_not_lie_in_tables_are_refused() -> None:
    task: Task = replace(read_table("a1_6x8").task("unit"), tables=None)
    assert not is_large(task)
    with pytest.raises(ValueError, match="dimensions"):
        protect_large(task)


def _three_parts_of_one() -> Task:
    """A sensitive total of three parts that are equal: it moves by one if they move by a third."""
    relations = [
        Relation(RelationKind.SUM, (0, 1, 2, 3), (-1, 1, 1, 1)),
        Relation(RelationKind.EQUAL, (1, 2), (1, -1)),
        Relation(RelationKind.EQUAL, (2, 3), (1, -1)),
    ]
    only_total = np.array([True, False, False, False])
    publication = Publication(
        LinearSystem.of(4, relations), np.array([3, 1, 1, 1]), only_total, np.ones(4, dtype=np.int64)
    )
    return Task(publication, (View(Demands.differing(only_total)),), ~only_total, np.ones(4))


def test_a_piece_with_fractions_is_a_promise_and_whole_steps_keep_it() -> None:
    task = _three_parts_of_one()
    publication = task.publication
    block = Block(publication, np.arange(4), publication.system.activity(publication.values))
    nothing = np.zeros(4, dtype=np.bool_)
    cheapest = block.cheapest(0, 1, 1, costs=np.ones(4), still=nothing)
    assert cheapest.status is Status.OPTIMAL
    assert cheapest.change is None
    assert cheapest.promise is not None
    assert cheapest.promise.cells.tolist() == [0, 1, 2, 3]
    whole = block.in_whole_steps(0, 1, 1, still=nothing)
    assert whole.change is not None
    change = np.zeros(4, dtype=np.int64)
    change[whole.change.cells] = whole.change.amounts
    assert change[0] >= 3
    assert replace(publication, withheld=~nothing).is_alternative(change)
    assert block.in_whole_steps(0, -1, 1, still=nothing).status is Status.INFEASIBLE


def test_a_promise_counts_for_nothing_once_it_is_broken_and_is_kept_in_whole_numbers() -> None:
    draft, everything = Draft(_three_parts_of_one()), np.ones(4, dtype=np.bool_)
    draft.serve(everything, everything)
    assert draft.proofs.waiting[0]
    draft.promise(everything, everything)
    assert not draft.proofs.waiting[0]
    assert draft.withheld.all()
    draft.break_promises()
    assert draft.proofs.waiting[0]
    assert draft.proofs.unmet()
    draft.settle(draft.withheld.copy(), everything)
    assert not draft.proofs.waiting[0]
    assert not draft.proofs.unmet()
