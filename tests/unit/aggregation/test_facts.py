"""Facts say what they are: shape at once, contents on demand, and never a value in a message."""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from aggregation.facts import CASES_FACTS, CONTACTS_FACTS, INVOLVEMENT_FACTS, Facts, check_facts, codelist_of
from protocol.catalogue_file import load_catalogue
from tests.factories.facts import table

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


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"closed": date(2025, 2, 2)}, r"cases\.closed"),
        ({"first_contact": date(2025, 2, 4)}, r"cases\.opened"),
    ],
)
def test_dates_stand_in_order(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_facts(facts([{**CASE, **change}], [INVOLVEMENT]), CATALOGUE)


POST = {"post_id": "1", "valid_from": date(2025, 1, 1), "valid_to": date(2025, 3, 31)}


@pytest.mark.parametrize(
    "posts",
    [
        [{**POST, "valid_to": date(2024, 12, 31)}],
        [{**POST, "filled": -50}],
        [POST, {**POST, "valid_from": date(2025, 3, 31), "valid_to": None}],
        [{**POST, "valid_to": None}, {**POST, "valid_from": date(2025, 4, 1)}],
        [POST, POST],
    ],
    ids=["reversed", "negative", "on one day", "after an open end", "twice"],
)
def test_a_post_stands_once_on_every_day(posts: list[dict[str, Any]]) -> None:
    with pytest.raises(ValueError, match="posts"):
        check_facts(Facts(posts=table("posts", posts)), CATALOGUE)


def test_a_post_may_change_from_one_day_to_the_next() -> None:
    following = {**POST, "valid_from": date(2025, 4, 1), "valid_to": None, "BAUSTEIN": "B3A"}
    assert_right(Facts(posts=table("posts", [following, POST, {**POST, "post_id": "2"}])))


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("funds", {"year": 2025, "carrier_id": "A", "BAUSTEIN": "B1"}),  # has parts: no leaf
        ("posts", {**POST, "CARRIER": "_T"}),
        ("issues", {"reported": date(2025, 1, 1), "ISSUE": "X"}),
        ("decisions", {"date": date(2025, 1, 1), "DECISION": "_T"}),
        ("referrals", {"date": date(2025, 1, 1), "INST": "JOBCENTER"}),
    ],
)
def test_registers_carry_leaf_codes(name: str, row: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=name):
        check_facts(Facts(**{name: table(name, [row])}), CATALOGUE)


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
