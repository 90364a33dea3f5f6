"""What rows must become: one case per number, one person per case, findings counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date

from hub.demo.lists.records import ContactFacts, Row
from hub.demo.truth.handling import Handled, HandledCase, handle
from tests.unit.hub.demo.truth.test_figures import CASE


def row(**changes: object) -> Row:
    return Row([], replace(CASE, **changes))  # type: ignore[arg-type]


def cases_of(handled: Handled) -> tuple[HandledCase, ...]:
    assert handled.cases is not None
    return handled.cases


def test_rows_of_one_number_are_one_case_of_its_first_row() -> None:
    handled = handle(
        [[row(heads=2), row(person="P2", sex="M", heads=2)]], file_findings=Counter({("T03", "D"): 1})
    )
    (case,) = handled.cases or ()
    assert case.holder.person == "P1"
    assert [i.person.person for i in handled.involvements] == ["P1", "P2"]
    assert +handled.findings == {("T03", "D"): 1, ("T09", "N"): 2}


def test_a_person_listed_twice_counts_once_and_fields_are_united() -> None:
    handled = handle(
        [[row(fields=("LANG",)), row(fields=("WORK",), sex="M")]], file_findings=Counter({("T03", "D"): 1})
    )
    assert cases_of(handled)[0].fields == {"LANG", "WORK"}
    assert [i.person.sex for i in handled.involvements] == ["F"]


def test_unknown_field_gives_way_to_a_documented_one() -> None:
    known = handle([[row(fields=()), row(fields=("WORK",))]], file_findings=Counter())
    assert cases_of(known)[0].fields == {"WORK"}
    assert cases_of(handle([[row(fields=())]], file_findings=Counter()))[0].fields == {"_U"}


def test_the_next_row_becomes_holder_when_the_first_is_refused() -> None:
    first = row(heads=2)
    first.mark(("T06", "R"))
    handled = handle([[first, row(person="P2", heads=2)]], file_findings=Counter())
    assert cases_of(handled)[0].holder.person == "P2"
    assert handled.findings["T06", "R"] == 1
    # Two persons are stated and one is left.
    assert handled.findings["T17", "W"] == 1


def test_dates_of_a_case_are_the_holders() -> None:
    handled = handle(
        [[row(heads=2), row(person="P2", opened=date(2026, 1, 1), heads=2)]], file_findings=Counter()
    )
    assert {i.holder.opened for i in handled.involvements} == {CASE.opened}


def test_contacts_stand_apart() -> None:
    contact = ContactFacts(date(2025, 1, 2), "LANG", "KI")
    handled = handle([[Row([], contact, [("T22", "N")])]], file_findings=Counter())
    assert handled.contacts == (contact,)
    assert handled.cases == ()
    assert handled.findings["T22", "N"] == 1


def test_referrals_of_all_rows_count_once_each() -> None:
    handled = handle([[row(referred=("JC",)), row(referred=("KI", "JC"))]], file_findings=Counter())
    assert cases_of(handled)[0].referred == {"JC", "KI"}
