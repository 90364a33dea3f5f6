"""Every trap changes text and meaning together, and exactly one of them touches an entry."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import date

import pytest

from hub.demo.lists.clerk import Clerk
from hub.demo.lists.plans import plan_of
from hub.demo.lists.records import CaseFacts, ContactFacts, Entry
from hub.demo.traps import cases as traps
from hub.demo.traps import dates as date_traps
from hub.demo.traps.by_list import TRAPS
from hub.demo.traps.cases import Trap
from hub.demo.words import columns as at
from hub.demo.words.countries import ORIGINS
from hub.demo.world.casework import Case, Contact, Person
from protocol.regions import reporting_area

SYRIA = ORIGINS["SY"][0][0]
HOLDER = Person("P1", "F", date(1990, 5, 1), SYRIA, "T_HUM_25", "SGB2")
OPEN_CASE = Case(
    opened=date(2025, 6, 2),
    closed=None,
    first_contact=date(2025, 5, 20),
    members=(HOLDER, replace(HOLDER, id="P2", sex="M"), replace(HOLDER, id="P3", birth=date(2018, 3, 4))),
    fields=("LANG", "WORK"),
    inst="JC",
    outcome="_U",
    referrals=("JC",),
)
CLOSED_CASE = replace(OPEN_CASE, closed=date(2026, 2, 1), outcome="GOAL", members=(HOLDER,))
CONTACT = Contact(date(2025, 6, 2), ("LANG",), "KI")


@pytest.fixture
def clerk() -> Clerk:
    return Clerk(plan_of(reporting_area("NW05382")), random.Random(7))


def entries(clerk: Clerk) -> list[Entry]:
    return [clerk.case_entry(OPEN_CASE), clerk.case_entry(CLOSED_CASE), clerk.contact_entry(CONTACT)]


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.plant.__name__)
def test_a_trap_fits_some_entry_and_marks_what_it_declares(trap: Trap, clerk: Clerk) -> None:
    planted = 0
    for _ in range(20):
        for entry in entries(clerk):
            before = [(row.cells.copy(), row.facts) for row in entry]
            if not trap.plant(entry, clerk):
                assert [(row.cells, row.facts) for row in entry] == before
                continue
            planted += 1
            for row in entry:
                letters = [letter for _, letter in row.marks]
                assert (row.facts is None) == bool({"R", "D"} & set(letters))
                assert {number for number, _ in row.marks} <= {trap.id, "T22"}
                assert len(row.cells) == len(at.COLUMNS)
    assert planted


def test_shares_leave_most_entries_alone() -> None:
    assert 0.05 < sum(trap.share for trap in TRAPS) < 0.3
    assert all(0.002 <= trap.share <= 0.02 for trap in TRAPS)


def test_impossible_start_refuses_every_row_of_the_case(clerk: Clerk) -> None:
    entry = clerk.case_entry(OPEN_CASE)
    assert date_traps.no_start(entry, clerk)
    assert [row.marks for row in entry] == [[("T05", "R")]] * 3


def test_foreign_area_of_one_leaves_the_others(clerk: Clerk) -> None:
    entry = clerk.case_entry(OPEN_CASE)
    assert traps.foreign_area_of_one(entry, clerk)
    assert Counter(row.facts is None for row in entry) == {False: 2, True: 1}


def test_future_end_means_open(clerk: Clerk) -> None:
    entry = clerk.case_entry(OPEN_CASE)
    assert date_traps.planned_end(entry, clerk)
    facts = entry[0].facts
    assert isinstance(facts, CaseFacts)
    assert facts.closed is None
    assert entry[0].cells[at.END] > ""


def test_unreadable_birth_becomes_unknown(clerk: Clerk) -> None:
    for plant in (date_traps.unreadable_birth, date_traps.ancient_birth):
        entry = clerk.case_entry(CLOSED_CASE)
        assert plant(entry, clerk)
        facts = entry[0].facts
        assert isinstance(facts, CaseFacts)
        assert facts.birth is None


def test_fan_out_writes_one_row_per_field(clerk: Clerk) -> None:
    entry = clerk.case_entry(CLOSED_CASE)
    assert traps.one_row_per_field(entry, clerk)
    assert [row.facts.fields for row in entry if isinstance(row.facts, CaseFacts)] == [("LANG",), ("WORK",)]
    assert [row.marks for row in entry] == [[], [("T08", "N")]]


def test_double_encoding_is_reversible(clerk: Clerk) -> None:
    entry = clerk.case_entry(CLOSED_CASE)
    entry[0].cells[at.SEX] = "männlich"
    clean = entry[0].cells.copy()
    assert traps.double_encoded(entry, clerk)
    assert entry[0].cells[at.SEX] == "mÃ¤nnlich"
    repaired = [c.encode("cp1252").decode("utf-8") if "Ã" in c or "Â" in c else c for c in entry[0].cells]
    assert repaired == clean


def test_contact_without_date_is_refused(clerk: Clerk) -> None:
    entry = clerk.contact_entry(CONTACT)
    assert isinstance(entry[0].facts, ContactFacts)
    assert date_traps.contact_without_date(entry, clerk)
    assert entry[0].marks == [("T05", "R")]
