"""The independent counting, on people typed by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from hub.demo.lists.records import CaseFacts, ContactFacts
from hub.demo.truth.counting import Contributions
from hub.demo.truth.figures import age_class, collected_indicators, true_figures
from hub.demo.truth.handling import Handled, HandledCase, Involvement
from hub.demo.world.programme import Booking, Carrier, Decision, Issue, PostSpan
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


def figures(
    *cases: CaseFacts, contacts: tuple[ContactFacts, ...] = (), period: Period = QUARTER
) -> dict[str, int]:
    handled = Handled(
        cases=tuple(HandledCase(case, frozenset(case.fields), frozenset(case.referred)) for case in cases),
        involvements=tuple(Involvement(case, case) for case in cases),
        contacts=contacts,
    )
    return all_figures(handled, period)


def all_figures(handled: Handled, period: Period) -> dict[str, int]:
    truth = true_figures(handled, load_catalogue(), period)
    return {key: value for cells in truth.figures.values() for key, value in cells.items()}


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
    known = {"|".join(key) for dataset in catalogue.datasets for key in grid_of(catalogue, dataset).keys}
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


class TestPeopleOfAYear:
    def test_a_person_of_two_quarters_counts_once(self) -> None:
        early = replace(CASE, case="KIM-1", opened=date(2025, 1, 10), closed=date(2025, 2, 1))
        found = figures(early, replace(CASE, case="KIM-2", opened=date(2025, 11, 1)), period=Period(2025))
        assert value(found, "PERSONS_SUPPORTED") == 1
        assert {key.partition("|")[0] for key in found} == {"PERSONS_SUPPORTED"}

    def test_the_age_is_that_of_the_last_day_of_the_year(self) -> None:
        young = replace(CASE, birth=date(2007, 12, 31))
        assert value(figures(young, period=Period(2025)), "PERSONS_SUPPORTED", AGE="Y18T24") == 1
        assert value(figures(young), "PERSONS_SUPPORTED", AGE="Y15T17") == 1


class TestWaysOfACase:
    @pytest.mark.parametrize(
        ("days", "code"),
        [(0, "M_LT3"), (90, "M_LT3"), (91, "M3T6"), (181, "M3T6"), (182, "M6T12"), (364, "M6T12"),
         (365, "M12T24"), (729, "M12T24"), (730, "M_GE24"), (2000, "M_GE24")],
    )  # fmt: skip
    def test_duration(self, days: int, code: str) -> None:
        end = date(2025, 3, 1)
        found = figures(replace(CASE, opened=end - timedelta(days=days), closed=end))
        assert value(found, "CASES_BY_DURATION", DURATION=code) == value(found, "CASES_BY_DURATION") == 1

    @pytest.mark.parametrize(
        ("days", "code"),
        [(0, "D_LE7"), (7, "D_LE7"), (8, "D8T14"), (14, "D8T14"), (15, "D15T30"), (30, "D15T30"),
         (31, "D31T60"), (60, "D31T60"), (61, "D61T90"), (90, "D61T90"), (91, "D_GT90"), (None, "_U")],
    )  # fmt: skip
    def test_waiting(self, days: int | None, code: str) -> None:
        first = None if days is None else CASE.opened - timedelta(days=days)
        found = figures(replace(CASE, first_contact=first))
        assert value(found, "CASES_BY_WAIT", WAIT=code) == value(found, "CASES_BY_WAIT") == 1

    def test_referrals_count_when_the_case_ends_under_its_first_field(self) -> None:
        case = replace(CASE, fields=("WORK", "LANG"), referred=("JC", "KI"))
        assert value(figures(case), "REFERRALS") == 0
        found = figures(replace(case, closed=date(2025, 2, 1)))
        assert value(found, "REFERRALS") == value(found, "REFERRALS", FIELD="LANG") == 2
        assert value(found, "REFERRALS", INST="JC") == value(found, "REFERRALS", INST="KI") == 1


OWN, NGO = Carrier("T1", "Stadt", "OWN"), Carrier("T2", "Verein", "NGO")


class TestRegisters:
    def test_posts_of_the_last_day(self) -> None:
        before = PostSpan("S1", "B1K", OWN, 100, 100, date(2024, 1, 1), date(2025, 3, 30))
        since = replace(before, filled=50, first=date(2025, 3, 31), last=None)
        later = PostSpan("S2", "B2", NGO, 75, 75, date(2025, 4, 1), None)
        found = all_figures(Handled(posts=(before, since, later)), QUARTER)
        assert value(found, "FTE_FUNDED") == value(found, "FTE_FUNDED", BAUSTEIN="B1") == 100
        assert value(found, "FTE_FILLED", BAUSTEIN="B1K", CARRIER="OWN") == 50
        assert not any("NGO" in key for key in found)

    def test_money_of_the_budget_year_with_repayments(self) -> None:
        grant = Booking(2025, "B2", "STAFF", NGO, 60_000_00, 0, date(2025, 1, 2))
        spent = replace(grant, granted=0, spent=58_000_00)
        back = Booking(2025, "B3E", "MEAS", OWN, 0, -500_00, date(2026, 2, 1))
        other = replace(grant, year=2024)
        handled = Handled(bookings=(grant, spent, back, other))
        found = all_figures(handled, Period(2025))
        assert value(found, "FUNDS_GRANTED", COST="STAFF") == 60_000_00
        assert value(found, "FUNDS_SPENT") == 57_500_00
        assert value(found, "FUNDS_SPENT", BAUSTEIN="B3") == -500_00
        assert all_figures(handled, QUARTER) == {}

    def test_contributors_are_carriers_and_their_amounts_without_sign(self) -> None:
        spent = Booking(2025, "B2", "STAFF", NGO, 0, 80_00, date(2025, 1, 2))
        handled = Handled(bookings=(spent, spent, replace(spent, carrier=OWN, spent=-30_00)))
        behind = true_figures(handled, load_catalogue(), Period(2025)).contributions["FUNDS"]
        key = "|".join(
            grid_of(load_catalogue(), "FUNDS").key(
                load_catalogue().indicator("FUNDS_SPENT"), {"COST": "STAFF"}
            )
        )
        assert behind[key] == Contributions(2, 160_00, 30_00, 190_00)

    def test_issues_reported_by_the_last_day_as_they_stand_now(self) -> None:
        early = Issue("HOUS", "SOLVED", date(2025, 3, 31))
        found = all_figures(Handled(issues=(early, replace(early, reported=date(2025, 4, 1)))), QUARTER)
        assert value(found, "STRUCT_ISSUES") == value(found, "STRUCT_ISSUES", ISSUE="SOLVED") == 1

    def test_decisions_have_no_total_over_kinds(self) -> None:
        one = Decision("NAT", "F", date(2025, 1, 1))
        found = all_figures(Handled(decisions=(one, replace(one, kind="T25A", sex="M"))), QUARTER)
        assert value(found, "B3_DECISIONS", DECISION="NAT") == 1
        assert value(found, "B3_DECISIONS", DECISION="T25A", SEX="M") == 1
        assert value(found, "B3_DECISIONS") == 0

    def test_what_has_no_source_is_not_counted(self) -> None:
        assert collected_indicators(Handled(posts=()), load_catalogue()) == {
            "STAFFING": ["FTE_FUNDED", "FTE_FILLED"]
        }
        assert true_figures(Handled(), load_catalogue(), QUARTER).figures == {}
