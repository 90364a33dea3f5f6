"""Tests of the rules: which cells are sensitive, which zeros are open, what an attacker must grant."""

from __future__ import annotations

import numpy as np
import pytest

from aggregation.disclosure.linear_system import NO_LIMIT
from aggregation.disclosure.primary import (
    Reason,
    attacker_floors,
    floors_of,
    open_zeros,
    primary_reasons,
    sensitive_cells,
)
from aggregation.disclosure.relations import Structure, structure_of
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
        "p_percent",
        "secondary",
    }
