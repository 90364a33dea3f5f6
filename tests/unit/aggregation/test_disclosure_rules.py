"""Tests of the rules: which cells are sensitive, which zeros are open, what an attacker must grant."""

from __future__ import annotations

import numpy as np
import pytest

from aggregation.disclosure.primary import (
    Reason,
    attacker_floors,
    demands_of,
    floors_of,
    open_zeros,
    primary_reasons,
    sensitive_cells,
)
from aggregation.disclosure.relations import Structure, structure_of
from aggregation.sdc.linear_system import NO_LIMIT
from aggregation.tabulation import Tabulation
from protocol.catalogue_file import load_catalogue
from tests.factories.catalogues import catalogue_of, codelist, indicator

DELICATE = structure_of(
    catalogue_of(
        [codelist("CL_A", {"_T": None, "a": "_T", "b": "_T", "c": "_T"}, rule={"c": "R10"})],
        [indicator("N", [["A"]])],
    ),
    "D",
)
TOTAL, A, B, C = range(4)


def _table(a: int, b: int, c: int) -> Tabulation:
    return Tabulation.of_counts(np.array([a + b + c, a, b, c], dtype=np.int64))


@pytest.mark.parametrize(
    ("table", "reasons"),
    [
        ((0, 0, 0), ["", "", "", ""]),
        ((1, 4, 15), ["", "frequency", "frequency", "complement"]),
        ((5, 6, 10), ["", "", "", ""]),
        ((5, 6, 9), ["", "", "", "frequency"]),
        ((0, 11, 0), ["", "zero", "", "zero"]),
        ((0, 4, 0), ["frequency", "zero", "frequency", "zero"]),
        ((0, 0, 15), ["", "zero", "zero", "full_cell"]),
        ((0, 0, 4), ["frequency", "zero", "zero", "frequency"]),
        ((3, 6, 20), ["", "frequency", "", "complement"]),
    ],
)
def test_the_strictest_rule_decides(table: tuple[int, int, int], reasons: list[str]) -> None:
    assert primary_reasons(DELICATE, _table(*table)).tolist() == reasons
    assert sensitive_cells(DELICATE, _table(*table)).tolist() == [bool(reason) for reason in reasons]


def test_a_node_can_only_be_stricter() -> None:
    table = _table(6, 8, 12)
    assert not sensitive_cells(DELICATE, table).any()
    assert sensitive_cells(DELICATE, table, stricter=7).tolist() == [False, True, False, False]
    assert np.array_equal(sensitive_cells(DELICATE, table, stricter=1), sensitive_cells(DELICATE, table))


def test_zeros_are_open_unless_they_speak_of_a_group() -> None:
    assert open_zeros(DELICATE, _table(0, 0, 0)).all()
    # Whatever the others are: a rule that looked at them would say by the zeros what they are.
    for others in (0, 9, 10, 1000):
        assert not open_zeros(DELICATE, _table(0, others, 15)).any()
    plain = structure_of(
        catalogue_of([codelist("CL_A", {"_T": None, "a": "_T", "b": "_T"})], [indicator("N", [["A"]])]), "D"
    )
    assert open_zeros(plain, Tabulation.of_counts(np.array([7, 7, 0]))).tolist() == [False, False, True]


def test_what_an_attacker_must_grant() -> None:
    nothing = np.zeros(4, dtype=np.bool_)
    # Zeros are never shown beside c, so each of the others may be one, whatever is in sight.
    assert floors_of(DELICATE, _table(6, 30, 12).values, nothing).tolist() == [1, 0, 0, 0]
    assert floors_of(DELICATE, _table(6, 30, 12).values, np.arange(4) == B).tolist() == [1, 0, 0, 0]
    # c is published with 12: the rules say that at least 10 others are in the total.
    withheld = np.array([True, True, False, False])
    assert attacker_floors(DELICATE, _table(6, 30, 12), withheld).tolist() == [22, 0, 0, 0]
    # Published against the rules (only 7 others): nothing follows.
    assert attacker_floors(DELICATE, _table(6, 1, 12), withheld).tolist() == [1, 0, 0, 0]


def test_a_cell_without_a_rule_is_never_sensitive() -> None:
    free = structure_of(
        catalogue_of([codelist("CL_A", {"_T": None, "a": "_T"})], [indicator("N", [["A"]], rule="R0")]), "D"
    )
    assert not sensitive_cells(free, Tabulation.of_counts(np.array([1, 1])), stricter=9).any()


def test_a_cell_that_may_be_negative_has_no_floor() -> None:
    debts = catalogue_of(
        [codelist("CL_A", {"_T": None, "a": "_T"})], [indicator("N", [["A"]], may_be_negative=True)]
    )
    floors = floors_of(structure_of(debts, "D"), np.zeros(2, dtype=np.int64), np.zeros(2, dtype=np.bool_))
    assert floors.tolist() == [-NO_LIMIT, -NO_LIMIT]


def test_an_indicator_that_never_publishes_zeros_protects_every_group() -> None:
    strict = structure_of(
        catalogue_of(
            [codelist("CL_A", {"_T": None, "a": "_T", "b": "_T"})], [indicator("N", [["A"]], rule="R10")]
        ),
        "D",
    )
    assert primary_reasons(strict, Tabulation.of_counts(np.array([30, 30, 0]))).tolist() == [
        "",
        "full_cell",
        "zero",
    ]


def _row(structure: Structure, indicator_id: str, **codes: str) -> int:
    grid, catalogue = structure.grid, structure.catalogue
    return grid.index[grid.key(catalogue.indicators[indicator_id], codes)]


def test_the_own_catalogue_is_stricter_on_insecure_status() -> None:
    structure = structure_of(load_catalogue(), "CASES")
    for code in ("INSEC", "GEST", "DULD"):
        row = _row(structure, "CASES_OPEN", RESIDENCE=code)
        assert structure.rules.min_contributors[row] == 10
        assert not structure.rules.zero_publishable[row]
    assert structure.rules.min_contributors[_row(structure, "CASES_OPEN", SEX="F")] == 5
    assert not structure.rules.ruled[_row(structure, "CONTACTS_ONEOFF", INST="JC")]


def test_reasons_are_known() -> None:
    assert set(Reason) == {
        "",
        "frequency",
        "zero",
        "complement",
        "full_cell",
        "distribution",
        "contributors",
        "dominance",
        "correction",
        "p_percent",
        "secondary",
        "group",
    }


# ----------------------------------------------------------------------------------- amounts and their levels

AMOUNTS = structure_of(
    catalogue_of(
        [codelist("CL_A", {"_T": None, "a": "_T"})],
        [
            indicator("N", [["A"]], rule="EUR", type="magnitude"),
            indicator("P", [["A"]], rule="FTE", type="fte"),
        ],
        rules=[
            {
                "id": "EUR", "kind": "magnitude", "min_contributors": 3, "top_n": 1,
                "max_share_percent": 85, "min_protection_percent": 10, "breakdowns": ["A"],
            },
            {
                "id": "FTE", "kind": "positions", "min_contributors": 3, "min_protection_percent": 10,
                "breakdowns": ["A"],
            },
        ],
    ),
    "D",
)  # fmt: skip


def _amount(indicator_id: str, *contributions: int) -> tuple[Tabulation, int]:
    """A table in which the total and a hold these contributions, and the row of a."""
    net = [amount for amount in contributions if amount]
    sizes = sorted((abs(amount) for amount in net), reverse=True)
    facts = (sum(net), len(net), [*sizes, 0][0], [*sizes, 0, 0][1], sum(sizes))
    columns = np.zeros((5, len(AMOUNTS.grid)), dtype=np.int64)
    columns[:, list(AMOUNTS.grid.rows_of(indicator_id))] = np.array(facts)[:, np.newaxis]
    values, contributors, largest, second, gross = columns
    collected = np.ones(len(values), dtype=np.bool_)
    row = _row(AMOUNTS, indicator_id, A="a")
    return Tabulation(values, collected, contributors, largest, second, gross), row


@pytest.mark.parametrize(
    ("contributions", "reason", "level", "fall"),
    [
        ((), "", 0, 0),
        ((1000,), "contributors", 177, 177),  # 1000 / 85 % = 1176.5; p % of the only one would be 100
        ((600, 400), "contributors", 60, 60),
        ((1,), "contributors", 1, 0),  # an amount is not granted to be zero
        ((400, 300, 300), "", 0, 0),
        ((860, 70, 70), "dominance", 16, 16),  # 860 / 85 % = 1011.8, rounded up
        ((850, 75, 75), "p_percent", 10, 10),
        ((600, 350, 50), "p_percent", 10, 10),
        ((600, 350, 60), "", 0, 0),
        ((1000, -990, 30), "p_percent", 70, 39),  # downward as far as an attacker's floor
        ((500, -500), "contributors", 50, 0),
    ],
)
def test_amounts_have_levels_of_protection(
    contributions: tuple[int, ...], reason: str, level: int, fall: int
) -> None:
    table, row = _amount("N", *contributions)
    assert primary_reasons(AMOUNTS, table)[row] == reason
    demands = demands_of(AMOUNTS, table)
    assert (int(demands.rise[row]), int(demands.fall[row])) == (level, fall)
    assert not demands.differ.any()
    assert np.flatnonzero(demands.cells).tolist() == ([row] if reason else [])  # the total is public


@pytest.mark.parametrize(
    ("posts", "reason", "level"),
    [((100,), "contributors", 10), ((100, 50), "contributors", 15), ((100, 50, 5), "", 0)],
)
def test_posts_are_protected_by_a_share_of_what_they_add_up_to(
    posts: tuple[int, ...], reason: str, level: int
) -> None:
    table, row = _amount("P", *posts)
    assert primary_reasons(AMOUNTS, table)[row] == reason
    assert demands_of(AMOUNTS, table).rise[row] == level
    assert primary_reasons(AMOUNTS, table, stricter=9)[row] == reason  # a node's minimum is about counts


def test_nothing_is_open_but_what_nobody_stands_behind() -> None:
    cancelled, row = _amount("N", 500, -500)
    assert not open_zeros(AMOUNTS, cancelled)[row]
    nothing, row = _amount("N")
    assert open_zeros(AMOUNTS, nothing)[row]


def test_what_an_attacker_grants_an_amount() -> None:
    """Nothing below zero, and no zero where there is none; the hub's bounds know the catalogue only."""
    table, row = _amount("N", 400)
    everything = np.ones(len(table), dtype=np.bool_)
    assert attacker_floors(AMOUNTS, table, everything)[row] == 1
    assert attacker_floors(AMOUNTS, _amount("N", 500, -500)[0], everything)[row] == 0
    assert attacker_floors(AMOUNTS, _amount("N", -7)[0], everything)[row] == -NO_LIMIT
    assert floors_of(AMOUNTS, table.values, ~everything)[row] == 0
