"""The independent counting, on people typed by hand."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date

import pytest

from hub.demo.answer_key import age_class, true_figures
from hub.demo.handling import Handled, HandledCase, Involvement
from hub.demo.records import CaseFacts, ContactFacts
from protocol.catalogue_file import load_catalogue
from protocol.grid import grid_of
from protocol.periods import Period

QUARTER = Period(2025, 1)
CASE = CaseFacts(
    case="KIM-1",
    person="P1",
    opened=date(2025, 1, 10),
    closed=None,
    birth=date(1990, 5, 1),
    sex="F",
    citizen="SY",
    residence="T_HUM_25",
    rechtskreis="ASYLBLG_3",
    inst="JC",
    outcome="_U",
    fields=("LANG", "WORK"),
    heads=1,
)


def figures(*cases: CaseFacts, contacts: tuple[ContactFacts, ...] = ()) -> dict[str, int]:
    handled = Handled(
        cases=tuple(HandledCase(case, frozenset(case.fields)) for case in cases),
        involvements=tuple(Involvement(case, case) for case in cases),
        contacts=contacts,
        findings=Counter(),
    )
    by_dataset = true_figures(handled, load_catalogue(), QUARTER)
    return {**by_dataset["CASES"], **by_dataset["PERSONS"]}


def value(found: dict[str, int], indicator: str, **codes: str) -> int:
    catalogue = load_catalogue()
    of = catalogue.indicator(indicator)
    return found.get("|".join(grid_of(catalogue, of.dataset).key(of, codes)), 0)


def test_a_case_counts_in_its_cell_and_all_cells_above() -> None:
    found = figures(CASE)
    for codes in ({}, {"SEX": "F"}, {"SEX": "F", "AGE": "Y30T39"}, {"AGE": "Y18T64"}, {"CITIZEN": "ASYL8"}):
        assert value(found, "CASES_OPENED", **codes) == 1
    for codes in (
        {"SEX": "F", "CITIZEN": "FOR"},
        {"RESIDENCE": "TEMP"},
        {"RECHTSKREIS": "ASYLBLG"},
        {"INST": "JC"},
    ):
        assert value(found, "CASES_OPENED", **codes) == 1
    assert value(found, "CASES_OPENED", SEX="M") == 0


def test_every_counted_cell_is_a_cell_of_the_grid() -> None:
    catalogue = load_catalogue()
    known = {"|".join(key) for dataset in ("CASES", "PERSONS") for key in grid_of(catalogue, dataset).keys}
    contact = ContactFacts(date(2025, 2, 1), "_U", "KI")
    assert set(figures(CASE, contacts=(contact,))) <= known


def test_a_multi_response_dimension_counts_a_case_once_in_the_total() -> None:
    found = figures(CASE)
    assert value(found, "CASES_OPENED", FIELD="LANG") == value(found, "CASES_OPENED", FIELD="WORK") == 1
    assert value(found, "CASES_OPENED") == 1


def test_merged_codes_count_under_their_sibling() -> None:
    found = figures(replace(CASE, sex="_O", residence="NOTITLE"))
    assert value(found, "CASES_OPENED", SEX="_U") == 1
    assert value(found, "CASES_OPENED", RESIDENCE="DULD") == 1
    assert not any("NOTITLE" in key or "_O|" in key for key in found)


@pytest.mark.parametrize(
    ("opened", "closed", "flow_in", "flow_out", "stock", "supported"),
    [
        (date(2024, 12, 31), None, 0, 0, 1, 1),
        (date(2024, 12, 31), date(2025, 1, 1), 0, 1, 0, 1),
        (date(2024, 12, 1), date(2024, 12, 31), 0, 0, 0, 0),
        (date(2025, 3, 31), date(2025, 3, 31), 1, 1, 0, 1),
        (date(2025, 3, 31), date(2025, 4, 1), 1, 0, 1, 1),
        (date(2025, 4, 1), None, 0, 0, 0, 0),
    ],
)
def test_borders_of_the_quarter(
    opened: date, closed: date | None, flow_in: int, flow_out: int, stock: int, supported: int
) -> None:
    found = figures(replace(CASE, opened=opened, closed=closed))
    assert value(found, "CASES_OPENED") == flow_in
    assert value(found, "CASES_CLOSED") == flow_out
    assert value(found, "CASES_OPEN") == stock
    assert value(found, "PERSONS_SUPPORTED") == supported


def test_a_person_counts_once_with_the_attributes_of_the_latest_case() -> None:
    early = replace(CASE, case="KIM-1", opened=date(2024, 11, 1), sex="_U")
    late = replace(CASE, case="KIM-2", opened=date(2025, 2, 1), sex="F")
    found = figures(late, early)
    assert value(found, "PERSONS_SUPPORTED") == value(found, "PERSONS_SUPPORTED", SEX="F") == 1
    assert value(found, "PERSONS_NEW") == 0


def test_cases_of_one_day_are_told_apart_by_their_number() -> None:
    found = figures(replace(CASE, case="KIM-2", sex="M"), replace(CASE, case="KIM-10", sex="F"))
    assert value(found, "PERSONS_NEW", SEX="M") == value(found, "PERSONS_NEW") == 1


def test_contacts_count_by_main_field_and_institution() -> None:
    contact = ContactFacts(date(2025, 2, 1), "LANG", "KI")
    found = figures(contacts=(contact, replace(contact, day=date(2025, 4, 1))))
    assert value(found, "CONTACTS_ONEOFF") == value(found, "CONTACTS_ONEOFF", FIELD="LANG") == 1
    assert value(found, "CONTACTS_ONEOFF", INST="KI") == 1


@pytest.mark.parametrize(
    ("birth", "day", "expected"),
    [
        (date(2007, 3, 31), date(2025, 3, 31), "Y18T24"),
        (date(2007, 4, 1), date(2025, 3, 31), "Y15T17"),
        (date(2004, 2, 29), date(2022, 2, 28), "Y15T17"),
        (date(2004, 2, 29), date(2022, 3, 1), "Y18T24"),
        (date(2025, 3, 31), date(2025, 3, 31), "Y0T5"),
        (date(2025, 4, 1), date(2025, 3, 31), "_U"),
        (date(1914, 3, 31), date(2025, 3, 31), "_U"),
        (date(1914, 4, 1), date(2025, 3, 31), "Y_GE65"),
        (None, date(2025, 3, 31), "_U"),
    ],
)
def test_completed_years_on_the_last_day(birth: date | None, day: date, expected: str) -> None:
    assert age_class(birth, day) == expected
