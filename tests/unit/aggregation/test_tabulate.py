"""Counting, with cases typed by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from aggregation.facts import Facts
from aggregation.tabulate import tabulate
from protocol.catalogue_file import load_catalogue
from protocol.errors import KimError
from protocol.grid import grid_of
from protocol.periods import Period
from tests.factories.catalogues import two_by_three
from tests.factories.facts import facts

Q4 = Period(2025, 4)
Q1 = Period(2026, 1)


def _count(given: Facts, indicator_id: str, period: Period = Q1, **codes: str) -> int:
    catalogue = load_catalogue()
    indicator = catalogue.indicator(indicator_id)
    grid = grid_of(catalogue, indicator.dataset)
    values = tabulate(given, catalogue=catalogue, dataset_id=indicator.dataset, periods=[Q4, Q1])[
        period
    ].values
    return int(values[grid.index[grid.key(indicator, codes)]])


def test_no_cases_are_zeros_everywhere() -> None:
    values = tabulate(Facts.empty(), catalogue=load_catalogue(), dataset_id="CASES", periods=[Q1])[Q1].values
    assert values.sum() == 0
    assert len(values) == len(grid_of(load_catalogue(), "CASES"))


@pytest.mark.parametrize(
    ("opened", "closed", "in_opened", "in_closed", "in_open"),
    [
        (date(2026, 1, 1), None, 1, 0, 1),
        (date(2026, 3, 31), None, 1, 0, 1),
        (date(2026, 4, 1), None, 0, 0, 0),
        (date(2025, 12, 31), None, 0, 0, 1),
        (date(2025, 12, 1), date(2026, 1, 1), 0, 1, 0),
        (date(2025, 12, 1), date(2026, 3, 31), 0, 1, 0),
        (date(2025, 12, 1), date(2026, 4, 1), 0, 0, 1),
        (date(2026, 2, 1), date(2026, 2, 1), 1, 1, 0),
        (date(2025, 10, 1), date(2025, 12, 31), 0, 0, 0),
    ],
)
def test_a_case_at_the_edges_of_a_quarter(
    opened: date, closed: date | None, in_opened: int, in_closed: int, in_open: int
) -> None:
    given = facts(cases=[{"opened": opened, "closed": closed}])
    assert _count(given, "CASES_OPENED") == in_opened
    assert _count(given, "CASES_CLOSED") == in_closed
    assert _count(given, "CASES_OPEN") == in_open


@pytest.mark.parametrize(
    ("birth", "code"),
    [
        (date(2008, 3, 31), "Y18T24"),  # eighteen on the reference date itself
        (date(2008, 4, 1), "Y15T17"),  # eighteen the day after
        (date(2020, 2, 29), "Y6T14"),
        (date(1961, 3, 31), "Y_GE65"),
        (date(1915, 3, 31), "_U"),  # 111 years: implausible
        (date(2026, 4, 1), "_U"),  # born after the reference date
        (None, "_U"),
        (date(2026, 3, 31), "Y0T5"),
    ],
)
def test_age_in_completed_years_at_the_reference_date(birth: date | None, code: str) -> None:
    given = facts(cases=[{"opened": date(2026, 1, 5), "birth": birth}])
    assert _count(given, "CASES_OPENED", AGE=code) == 1
    assert _count(given, "CASES_OPENED", AGE="_T") == 1


def test_age_moves_on_with_the_reference_date() -> None:
    given = facts(cases=[{"opened": date(2025, 10, 1), "birth": date(2008, 2, 1)}])
    assert _count(given, "CASES_OPEN", Q4, AGE="Y15T17") == 1
    assert _count(given, "CASES_OPEN", Q1, AGE="Y18T24") == 1
    assert _count(given, "CASES_OPEN", Q1, AGE="Y18T64", SEX="F") == 1


@pytest.mark.parametrize(
    ("indicator_id", "local", "published"),
    [
        ("CASES_OPENED", {"SEX": "_O"}, {"SEX": "_U"}),
        ("CASES_OPENED", {"RESIDENCE": "NOTITLE"}, {"RESIDENCE": "DULD"}),
        ("CASES_CLOSED", {"OUTCOME": "LEFT"}, {"OUTCOME": "OTHER"}),
    ],
)
def test_merged_codes_count_under_their_sibling(
    indicator_id: str, local: dict[str, str], published: dict[str, str]
) -> None:
    given = facts(cases=[{"opened": date(2026, 1, 5), "closed": date(2026, 2, 1), **local}])
    assert _count(given, indicator_id, **published) == 1


def test_all_levels_of_a_hierarchy() -> None:
    given = facts(cases=[{"opened": date(2026, 1, 5), "RECHTSKREIS": "ASYLBLG_2", "RESIDENCE": "DULD"}])
    assert [
        _count(given, "CASES_OPENED", RECHTSKREIS=c) for c in ("ASYLBLG_2", "ASYLBLG", "_T", "ASYLBLG_3")
    ] == [1, 1, 1, 0]
    assert [_count(given, "CASES_OPENED", RESIDENCE=c) for c in ("DULD", "INSEC", "GEST")] == [1, 1, 0]


def test_a_case_with_several_fields_counts_once_in_each_and_once_in_the_total() -> None:
    given = facts(
        cases=[
            {"opened": date(2026, 1, 5), "FIELD": ["WORK", "LANG", "WORK"]},
            {"opened": date(2026, 1, 6), "FIELD": ["LANG"]},
            {"opened": date(2025, 11, 6), "FIELD": ["HOUS", "LANG"]},
        ]
    )
    assert [_count(given, "CASES_OPENED", FIELD=c) for c in ("WORK", "LANG", "HOUS", "_T")] == [1, 2, 0, 2]
    assert [_count(given, "CASES_OPEN", FIELD=c) for c in ("WORK", "LANG", "HOUS", "_T")] == [1, 3, 1, 3]


def test_unknown_counts_as_a_field_only_where_it_stands_alone() -> None:
    given = facts(
        cases=[
            {"opened": date(2026, 1, 5), "FIELD": ["_U", "LANG"]},
            {"opened": date(2026, 1, 6), "FIELD": ["_U"]},
        ]
    )
    assert [_count(given, "CASES_OPENED", FIELD=c) for c in ("_U", "LANG", "_T")] == [1, 1, 2]


def test_contacts_are_counted_by_their_date() -> None:
    given = facts(
        contacts=[
            {"date": date(2026, 1, 1)},
            {"date": date(2026, 3, 31), "INST": "SELF"},
            {"date": date(2026, 4, 1)},
        ]
    )
    assert _count(given, "CONTACTS_ONEOFF") == 2
    assert _count(given, "CONTACTS_ONEOFF", INST="SELF") == 1
    assert _count(given, "CONTACTS_ONEOFF", FIELD="WORK") == 2


def _involved(
    person: str, case: str, opened: date, closed: date | None = None, **more: Any
) -> dict[str, Any]:
    return {"person_id": person, "case_id": case, "opened": opened, "closed": closed, **more}


def test_a_person_counts_once_with_the_attributes_of_the_latest_case() -> None:
    given = facts(
        involvements=[
            _involved("p", "c1", date(2025, 11, 1), RESIDENCE="GEST"),
            _involved("p", "c2", date(2026, 2, 1), RESIDENCE="T_HUM_25"),
            _involved("q", "c1", date(2025, 11, 1), SEX="M"),
        ]
    )
    assert _count(given, "PERSONS_SUPPORTED") == 2
    assert _count(given, "PERSONS_SUPPORTED", Q4, RESIDENCE="GEST") == 1
    assert _count(given, "PERSONS_SUPPORTED", Q1, RESIDENCE="GEST") == 0
    assert _count(given, "PERSONS_SUPPORTED", Q1, RESIDENCE="T_HUM_25") == 2
    assert _count(given, "PERSONS_SUPPORTED", Q1, SEX="M") == 1


def test_ties_are_broken_by_the_greatest_case_id() -> None:
    given = facts(
        involvements=[
            _involved("p", "c9", date(2026, 1, 1), RECHTSKREIS="SGB2"),
            _involved("p", "c10", date(2026, 1, 1), RECHTSKREIS="SGB3"),
        ]
    )
    assert _count(given, "PERSONS_SUPPORTED", RECHTSKREIS="SGB2") == 1


def test_a_person_is_new_only_in_the_quarter_of_the_first_case() -> None:
    given = facts(
        involvements=[
            _involved("p", "c1", date(2025, 10, 1), date(2025, 10, 20)),
            _involved("p", "c2", date(2026, 2, 1)),
            _involved("q", "c2", date(2026, 2, 1)),
        ]
    )
    assert _count(given, "PERSONS_NEW", Q4) == 1
    assert _count(given, "PERSONS_NEW", Q1) == 1
    assert _count(given, "PERSONS_SUPPORTED", Q1) == 2


@pytest.mark.parametrize(
    ("opened", "closed", "counted"),
    [
        (date(2025, 10, 1), date(2025, 12, 31), 0),
        (date(2025, 10, 1), date(2026, 1, 1), 1),
        (date(2026, 3, 31), None, 1),
        (date(2026, 4, 1), None, 0),
    ],
)
def test_a_person_is_supported_while_a_case_is_open_during_the_quarter(
    opened: date, closed: date | None, counted: int
) -> None:
    given = facts(involvements=[_involved("p", "c", opened, closed)])
    assert _count(given, "PERSONS_SUPPORTED") == counted


def test_a_code_that_is_no_leaf_is_refused_without_its_value() -> None:
    given = facts(cases=[{"opened": date(2026, 1, 5), "RESIDENCE": "INSEC"}])
    with pytest.raises(KimError) as caught:
        _count(given, "CASES_OPENED")
    assert caught.value.code == "unknown_code"
    assert "INSEC" not in str(caught.value)


@pytest.mark.parametrize(("dataset", "period"), [("FUNDS", Q1), ("CASES", Period(2025)), ("WEATHER", Q1)])
def test_what_is_not_delivered_in_a_frequency_is_not_counted(dataset: str, period: Period) -> None:
    with pytest.raises(KimError) as caught:
        tabulate(Facts.empty(), catalogue=load_catalogue(), dataset_id=dataset, periods=[period])
    assert caught.value.code == "schema_unknown"


def test_an_indicator_of_a_newer_catalogue_is_refused() -> None:
    with pytest.raises(KimError) as caught:
        tabulate(Facts.empty(), catalogue=two_by_three(), dataset_id="D", periods=[Q1])
    assert caught.value.code == "schema_unknown"


def test_what_is_not_collected_is_zero_and_says_so() -> None:
    catalogue = load_catalogue()
    given = facts(cases=[{"opened": date(2026, 1, 5)}])
    table = tabulate(given, catalogue=catalogue, dataset_id="PROCESSES", periods=[Q1])[Q1]
    grid = grid_of(catalogue, "PROCESSES")
    collected = {key[0] for key, held in zip(grid.keys, table.collected, strict=True) if held}
    assert collected == {"CASES_BY_DURATION", "CASES_BY_WAIT"}
    assert not table.values[~table.collected].any()
    assert not table.contributors[~table.collected].any()
    assert _count(given, "CASES_BY_WAIT", WAIT="_U") == 1


def test_waiting_and_duration_by_hand() -> None:
    given = facts(
        cases=[
            {"opened": date(2026, 1, 8), "first_contact": date(2026, 1, 1)},  # 7 days
            {"opened": date(2026, 1, 9), "first_contact": date(2026, 1, 1)},  # 8 days
            {"opened": date(2026, 1, 9), "first_contact": date(2026, 1, 9)},
            {"opened": date(2024, 3, 31), "closed": date(2026, 3, 31)},  # 730 days
            {"opened": date(2024, 4, 1), "closed": date(2026, 3, 31)},  # 729 days
        ]
    )
    assert [_count(given, "CASES_BY_WAIT", WAIT=c) for c in ("D_LE7", "D8T14", "_U", "_T")] == [2, 1, 0, 3]
    assert [_count(given, "CASES_BY_DURATION", DURATION=c) for c in ("M12T24", "M_GE24", "_T")] == [1, 1, 2]


def test_days_between_dates_in_the_wrong_order_are_unknown() -> None:
    given = facts(
        cases=[
            {"opened": date(2026, 1, 8), "first_contact": date(2026, 1, 9)},
            {"opened": date(2026, 2, 8), "closed": date(2026, 2, 1)},
        ]
    )
    assert _count(given, "CASES_BY_WAIT", WAIT="_U") == 2
    assert [_count(given, "CASES_BY_DURATION", DURATION=c) for c in ("_U", "M_GE24", "_T")] == [1, 0, 1]


def test_an_issue_stays_after_the_quarter_in_which_it_was_reported() -> None:
    given = facts(
        issues=[
            {"reported": date(2025, 10, 1), "ISSUE": "SOLVED"},
            {"reported": date(2026, 3, 31)},
            {"reported": date(2026, 4, 1)},
        ]
    )
    assert [_count(given, "STRUCT_ISSUES", p) for p in (Q4, Q1)] == [1, 2]
    assert _count(given, "STRUCT_ISSUES", Q1, ISSUE="SOLVED") == 1


def test_kinds_of_decision_are_never_added() -> None:
    given = facts(
        decisions=[
            {"date": date(2026, 1, 1), "DECISION": "NAT", "SEX": "M"},
            {"date": date(2026, 3, 31), "DECISION": "NAT"},
            {"date": date(2026, 2, 1), "DECISION": "T25B"},
        ]
    )
    assert [_count(given, "B3_DECISIONS", DECISION=c) for c in ("NAT", "T25B", "T25A")] == [2, 1, 0]
    assert _count(given, "B3_DECISIONS", DECISION="NAT", SEX="F") == 1


def test_a_vacant_post_does_not_hide_the_one_that_is_filled() -> None:
    catalogue = load_catalogue()
    posts = [
        {"post_id": "1", "filled": 50},
        {"post_id": "2", "filled": 0},
        {"post_id": "3", "filled": 0, "valid_to": date(2026, 3, 31)},
        {"post_id": "4", "valid_to": date(2026, 3, 30)},
    ]
    table = tabulate(facts(posts=posts), catalogue=catalogue, dataset_id="STAFFING", periods=[Q1])[Q1]
    grid = grid_of(catalogue, "STAFFING")
    cell = {
        i: grid.index[grid.key(catalogue.indicator(i), {"CARRIER": "OWN"})]
        for i in ("FTE_FUNDED", "FTE_FILLED")
    }
    assert (table.values[cell["FTE_FUNDED"]], table.contributors[cell["FTE_FUNDED"]]) == (300, 3)
    assert (table.values[cell["FTE_FILLED"]], table.contributors[cell["FTE_FILLED"]]) == (50, 1)
    assert (table.largest[cell["FTE_FILLED"]], table.second[cell["FTE_FILLED"]]) == (50, 0)


def test_a_carrier_that_paid_everything_back_contributes_nothing() -> None:
    catalogue, year = load_catalogue(), Period(2025)
    funds = [
        {"year": 2025, "carrier_id": "A", "spent": 900, "CARRIER": "NGO"},
        {"year": 2025, "carrier_id": "A", "spent": -900, "CARRIER": "NGO"},
        {"year": 2025, "carrier_id": "B", "spent": -400, "CARRIER": "NGO"},
        {"year": 2025, "carrier_id": "C", "spent": 100, "CARRIER": "NGO"},
        {"year": 2024, "carrier_id": "C", "spent": 7, "CARRIER": "NGO"},
    ]
    table = tabulate(facts(funds=funds), catalogue=catalogue, dataset_id="FUNDS", periods=[year])[year]
    grid = grid_of(catalogue, "FUNDS")
    cell = grid.index[grid.key(catalogue.indicator("FUNDS_SPENT"), {"CARRIER": "NGO"})]
    found = [int(getattr(table, n)[cell]) for n in ("values", "contributors", "largest", "second", "gross")]
    assert found == [-300, 2, 400, 100, 500]
