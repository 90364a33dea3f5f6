"""Facts say what they are: shape at once, contents on demand, and never a value in a message."""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from aggregation.facts import CASES_FACTS, CONTACTS_FACTS, INVOLVEMENT_FACTS, Facts, check_facts, codelist_of
from protocol.catalogue_file import load_catalogue

CATALOGUE = load_catalogue()
PERSON: dict[str, Any] = {
    "opened": date(2025, 2, 3),
    "closed": None,
    "birth": None,
    "SEX": "F",
    "CITIZEN": "SY",
    "RESIDENCE": "T_HUM_24",
    "RECHTSKREIS": "SGB2",
}
CASE: dict[str, Any] = {"case_id": "F1", **PERSON, "INST": "JC", "OUTCOME": "_U", "FIELD": ["LANG", "WORK"]}
INVOLVEMENT: dict[str, Any] = {"person_id": "P1", "case_id": "F1", **PERSON}


def facts(cases: list[dict[str, Any]], involvements: list[dict[str, Any]]) -> Facts:
    return Facts(
        cases=pa.Table.from_pylist(cases, schema=CASES_FACTS),
        contacts=CONTACTS_FACTS.empty_table(),
        involvements=pa.Table.from_pylist(involvements, schema=INVOLVEMENT_FACTS),
    )


def assert_right(made: Facts) -> None:
    try:
        check_facts(made, CATALOGUE)
    except ValueError as error:
        pytest.fail(f"refused: {error}")


def test_what_is_right_passes() -> None:
    assert_right(facts([CASE], [INVOLVEMENT]))
    assert_right(Facts.empty())


def test_code_columns_may_be_plain_strings() -> None:
    empty = Facts.empty()
    contacts = empty.contacts.set_column(1, "FIELD", pa.array([], pa.string()))
    plain = Facts(cases=empty.cases, contacts=contacts, involvements=empty.involvements)
    assert plain.contacts.schema.field("FIELD").type == pa.string()
    assert_right(plain)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"SEX": "W"}, "cases.SEX"),
        ({"CITIZEN": "FOR"}, "cases.CITIZEN"),  # a group of groups is no leaf
        ({"FIELD": []}, "cases.FIELD"),
        ({"FIELD": ["LANG", "XX"]}, "cases.FIELD"),
        ({"OUTCOME": None}, "cases.OUTCOME"),
    ],
)
def test_what_tabulation_could_not_count_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_facts(facts([{**CASE, **change}], [INVOLVEMENT]), CATALOGUE)


@pytest.mark.parametrize(
    ("cases", "involvements"),
    [
        ([CASE, CASE], [INVOLVEMENT]),
        ([CASE], [INVOLVEMENT, INVOLVEMENT]),
        ([CASE], [{**INVOLVEMENT, "case_id": "F2"}]),
    ],
)
def test_keys_hold(cases: list[dict[str, Any]], involvements: list[dict[str, Any]]) -> None:
    with pytest.raises(ValueError, match=r"twice|not among"):
        check_facts(facts(cases, involvements), CATALOGUE)


def test_another_shape_is_refused_at_once() -> None:
    empty = Facts.empty()
    for cases in (
        empty.cases.drop_columns(["birth"]),
        empty.cases.set_column(1, "opened", pa.array([], pa.string())),
    ):
        with pytest.raises(ValueError, match="cases"):
            Facts(cases, empty.contacts, empty.involvements)


def test_facts_show_no_person_in_their_repr() -> None:
    assert "F1" not in repr(facts([CASE], [INVOLVEMENT]))


def test_a_dimension_without_an_indicator_has_no_codelist() -> None:
    assert codelist_of(CATALOGUE, "FIELD").id == "CL_KIM_FIELD"
    with pytest.raises(KeyError):
        codelist_of(CATALOGUE, "SHOE_SIZE")
