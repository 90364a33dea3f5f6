"""On the shared tables, every result of a peer that is safe at level S1 is met or beaten, safely.

What `make bench BENCH_ARGS=protection` measures with time budgets stands here for a fixed number of rounds:
the same pattern on every machine. Larger tables are for the bench only. What is to be met comes from the
recorded runs of the peers (`tests/vectors/sdc/peers.csv`).
"""

from __future__ import annotations

import csv
from functools import cache

import numpy as np
import pytest

from aggregation.sdc import sensitivity
from aggregation.sdc.audit import Verdict, examine_views
from aggregation.sdc.audit.certificate import unproven
from aggregation.sdc.levels import Level
from aggregation.sdc.suppression import Effort, Pattern, suppress
from tests.bench.plain_attack import PlainAttack
from tests.bench.recorded_peers import best_safe, recorded
from tests.factories.sdc_tables import (
    AMOUNTS,
    FOLDER,
    SHAPES,
    Measured,
    drawn_table,
    read_amounts,
    read_table,
)

SMALL = ("a1_6x8", "a2_6x8", "a3_6x8", "a3d1", "a3d2")
ROUNDS = {"b_region": 10, "d_linked": 2, "a3d1": 20, "a3d2": 20}
PROVEN = ("a1_6x8", "a2_6x8", "a3_6x8", *AMOUNTS)
MANY_ATTACKERS = 4
COSTS = ("unit", "value")


@cache
def measured(name: str) -> Measured:
    return read_amounts(name) if name in AMOUNTS else read_table(name)


@cache
def pattern(name: str, cost: str, level: Level = Level.S1) -> Pattern:
    rounds = MANY_ATTACKERS if name in AMOUNTS and level is not Level.S1 else ROUNDS.get(name, 30)
    return suppress(measured(name).task(cost, level), effort=Effort(rounds=rounds))


def price(table: Measured, withheld: np.ndarray, cost: str) -> int:
    """Cells, or persons or euros, withheld beyond the sensitive ones."""
    secondary = withheld & ~table.sensitive
    return int(secondary.sum() if cost == "unit" else table.values[secondary].sum())


# ------------------------------------------------------------------------------------------------ the peers


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize("name", [*SMALL, "b_region", *AMOUNTS])
def test_the_best_safe_result_of_a_peer_is_met(name: str, cost: str) -> None:
    peer = best_safe(name, cost)
    assert peer is not None
    ours = price(measured(name), pattern(name, cost).withheld, cost)
    assert ours <= (peer.withheld if cost == "unit" else peer.value), f"{peer.peer} {peer.variant}"


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize("name", [*SMALL, "b_region", "d_linked", *AMOUNTS])
def test_ours_is_safe_in_the_eyes_of_the_audit_of_a_checker_and_of_a_plain_attack(
    name: str, cost: str
) -> None:
    table, found = measured(name), pattern(name, cost)
    assert not found.unmet
    publication, views = table.publication(found.withheld), table.views(Level.S1)
    (audit,) = examine_views(publication, views)
    assert audit.verdict is Verdict.SAFE
    assert not unproven(publication, views, [witness.as_change() for witness in audit.witnesses])
    sensitive = np.flatnonzero(table.sensitive)
    assert not known_in_the_plain_way(table, found.withheld, sensitive[:: len(sensitive) // 12])


def test_no_peer_protects_the_linked_tables() -> None:
    assert best_safe("d_linked", "unit") is None
    assert {run.program for run in recorded() if run.table == "d_linked"} == {"GaussSuppression", "tau-ARGUS"}


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize("name", PROVEN)
def test_the_smallest_tables_are_protected_as_cheaply_as_is_possible(name: str, cost: str) -> None:
    found = pattern(name, cost)
    assert found.optimal
    assert found.bound == price(measured(name), found.withheld, cost)


@pytest.mark.parametrize("name", PROVEN)
def test_the_least_is_what_was_proven_to_be_the_least_by_another_program(name: str) -> None:
    with (FOLDER / "peers.csv").open(encoding="utf-8", newline="") as file:
        proven = {
            (row["instance"], row["variant"]): float(row["sup_value_secondary"])
            for row in csv.DictReader(file)
            if row["peer"].startswith("own MILP")
        }
    variant = "value-lb0" if name in AMOUNTS else "value-lb1"
    assert price(measured(name), pattern(name, "value").withheld, "value") == proven[name, variant]


@pytest.mark.parametrize("name", ["a1_6x8", "a3d1"])
@pytest.mark.parametrize("level", [Level.S2, Level.S3])
def test_the_higher_levels_hold_where_they_can(name: str, level: Level) -> None:
    table, found = measured(name), pattern(name, "unit", level)
    exposed = {
        cell.cell
        for each in examine_views(table.publication(found.withheld), table.views(level))
        for cell in each.exposed
    }
    assert exposed == set(found.unprotected)


@pytest.mark.parametrize("name", AMOUNTS)
def test_contributors_learn_nothing_about_each_other(name: str) -> None:
    table, found = measured(name), pattern(name, "value", Level.S2)
    audits = examine_views(table.publication(found.withheld), table.views(Level.S2))
    assert {audit.verdict for audit in audits} == {Verdict.SAFE}


# ------------------------------------------------------------------------------------------ the yardsticks


@pytest.mark.parametrize("shape", ["flat", "sparse", "cube"])
@pytest.mark.parametrize("seed", range(3))
def test_audit_and_plain_attack_agree_on_every_cell(shape: str, seed: int) -> None:
    """As it is when nothing but the sensitive cells is withheld: much of it open."""
    table = drawn_table(shape, seed)
    (audit,) = examine_views(table.publication(table.sensitive), table.views(Level.S1))
    sensitive = np.flatnonzero(table.sensitive)
    exposed = {each.cell for each in audit.exposed}
    assert known_in_the_plain_way(table, table.sensitive, sensitive) == exposed
    assert exposed


@pytest.mark.parametrize("shape", SHAPES)
def test_a_drawn_table_is_the_same_each_time_and_adds_up(shape: str) -> None:
    one, again, other = drawn_table(shape, 1), drawn_table(shape, 1), drawn_table(shape, 2)
    assert np.array_equal(one.values, again.values)
    assert not np.array_equal(one.values, other.values)
    assert one.tables.system.satisfied(one.values).all()
    assert one.sensitive.any()
    assert (one.values == 0).any()


@pytest.mark.parametrize("name", AMOUNTS)
def test_the_rules_find_the_cells_that_were_recorded(name: str) -> None:
    table = read_amounts(name)
    counts = [(cell, share) for cell, shares in enumerate(table.shares) for share in shares]
    behind = sensitivity.concentration(
        np.array([cell for cell, _ in counts]),
        np.array([share.contributor for _, share in counts]),
        np.array([share.amount for _, share in counts]),
        cells=len(table.values),
    )
    sensitive = sensitivity.too_few(behind.contributors, 3) | (
        sensitivity.lacks_until_hidden(behind.gross, behind.largest[0], behind.largest[1], share=10) > 0
    )
    if name == "e_dom":
        sensitive |= (
            sensitivity.lacks_until_undominated(behind.gross, behind.largest.sum(axis=0), share=85) > 0
        )
    assert np.array_equal(sensitive & (behind.contributors > 0), table.sensitive)
    assert int(table.sensitive.sum()) == {"e_pct": 49, "e_dom": 68}[name]


def known_in_the_plain_way(table: Measured, withheld: np.ndarray, cells: np.ndarray) -> set[int]:
    """Return which cells the attack of the textbook knows, or knows too closely."""
    (outsider,) = table.views(Level.S1)
    publication = table.publication(withheld)
    plain, known = PlainAttack(publication), set()
    for cell in cells.tolist():
        lowest, largest = plain.interval(cell)
        value, demands = int(publication.values[cell]), outsider.demands
        exactly = bool(demands.differ[cell]) and lowest == largest
        if exactly or largest - value < demands.rise[cell] or value - lowest < demands.fall[cell]:
            known.add(cell)
    return known
