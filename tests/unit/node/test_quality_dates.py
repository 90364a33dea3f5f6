"""Dates in every form (T05, T15, T16, T19, T28), with the day each must become typed by hand."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from node.quality import require_ended
from node.quality.cases.births import completed_years
from node.quality.cells.dates import CASE_PIVOT, DateForm, read_date
from protocol.errors import KimError
from protocol.periods import Period
from tests.unit.node.exports import CLEAN, column, day, findings, prepared, row, set_aside


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("15.01.2026", "2026-01-15"),
        ("15.1.26", "2026-01-15"),
        ("5.1.2026", "2026-01-05"),
        ("01.02.49", "2049-02-01"),
        ("01.02.50", "1950-02-01"),
        ("2026-01-15", "2026-01-15"),
        ("46053", "2026-01-31"),
        ("46053.0", "2026-01-31"),
        ("46053,979", "2026-01-31"),
        ("20000", "1954-10-03"),
        ("60000", "2064-04-08"),
        ("29.02.2024", "2024-02-29"),
        ("\u00a015.01.2026 ", "2026-01-15"),
        ("31.12.2025 23:30", "2025-12-31"),
        ("31.12.2025 24:00", "2025-12-31"),
        ("31.12.2025 23:30:15", "2025-12-31"),
        ("31.12.2025 08:15 Uhr", "2025-12-31"),
        ("2025-12-31 23:30:00", "2025-12-31"),
        ("2025-12-31T23:30", "2025-12-31"),
        ("2025-12-31T23:30:00Z", "2026-01-01"),
        ("2025-12-31T22:59:59Z", "2025-12-31"),
        ("2025-06-30T22:00:00Z", "2025-07-01"),
        ("2025-06-30T21:59:00Z", "2025-06-30"),
        ("2025-12-31T23:30:00+01:00", "2025-12-31"),
        ("2025-12-31T20:00:00-0500", "2026-01-01"),
        ("2025-12-31T23:30:00.123Z", "2026-01-01"),
        # The switch itself: 30.03.2025 01:00 UTC to summer time, 26.10.2025 01:00 UTC back.
        ("2025-03-29T23:00:00Z", "2025-03-30"),
        ("2025-03-30T22:00:00Z", "2025-03-31"),
        ("2025-10-25T22:00:00Z", "2025-10-26"),
        ("2025-10-26T22:59:00Z", "2025-10-26"),
    ],
)
def test_what_is_a_date(text: str, expected: str) -> None:
    assert read_date(text, pivot=CASE_PIVOT).day == day(expected)


@pytest.mark.parametrize(
    "text",
    [
        "31.02.2025",
        "29.02.2025",
        "00.00.1988",
        "15.13.2025",
        "19999",
        "60001",
        "9",
        "99",
        "gestern",
        "15.01.",
        "01/15/2026",
        "2025-1-5",
        "31.12.2025 25:00",
        "31.12.2025 24:01",
        "15.01.20266",
        "2025-12-31Z",
        "1.1.1",
        "15.01.2026 bis 16.01.2026",
        "01.01.1700",
    ],
)
def test_what_is_no_date(text: str) -> None:
    assert read_date(text, pivot=CASE_PIVOT).form is DateForm.IMPOSSIBLE


@pytest.mark.parametrize("text", ["", " ", "-", "k. A.", "#NV", "NULL", ".", "?"])
def test_what_is_absent(text: str) -> None:
    assert read_date(text, pivot=CASE_PIVOT).form is DateForm.ABSENT


@pytest.mark.parametrize(
    ("exported", "text", "birth"),
    [
        ("05.10.2026", "01.05.26", "2026-05-01"),
        ("05.10.2026", "01.05.27", "1927-05-01"),
        ("05.10.2026", "01.05.88", "1988-05-01"),
        ("05.10.2031", "01.05.29", "2029-05-01"),
    ],
)
def test_two_digit_years_of_birth_turn_with_the_export(
    tmp_path: Path, exported: str, text: str, birth: str
) -> None:
    result = prepared(tmp_path, row(Geburtsdatum=text), banner=f"Fachverfahren;Export vom {exported} 08:15")
    assert column(result, "birth") == [day(birth)]


@pytest.mark.parametrize(
    ("birth", "on", "age"),
    [
        ("2008-02-29", "2026-02-28", 17),
        ("2008-02-29", "2026-03-01", 18),
        ("1990-05-01", "2026-04-30", 35),
        ("1990-05-01", "2026-05-01", 36),
    ],
)
def test_completed_years(birth: str, on: str, age: int) -> None:
    assert completed_years(day(birth), day(on)) == age


@pytest.mark.parametrize("text", ["", "k.A.", "31.02.2025", "99", "bald"])
def test_t05_a_case_without_a_start_goes_to_quarantine(tmp_path: Path, text: str) -> None:
    result = prepared(tmp_path, f"{CLEAN}\n{row(Fallnummer='F2', Fallbeginn=text)}")
    assert column(result, "case_id") == ["F1"]
    assert set_aside(result) == [(5, "T05")]
    assert findings(result) == {"T05 R": 1}


@pytest.mark.parametrize("text", ["31.02.2025", "99", "offen"])
def test_t05_an_impossible_end_goes_to_quarantine(tmp_path: Path, text: str) -> None:
    result = prepared(tmp_path, f"{CLEAN}\n{row(Fallnummer='F2', Fallende=text)}")
    assert set_aside(result) == [(5, "T05")]
    assert findings(result) == {"T05 R": 1}


def test_t05_other_forms_are_normalised(tmp_path: Path) -> None:
    text = "\n".join(
        [
            row(Fallbeginn="3.2.25", Fallende="2025-06-01", Fallstatus="beendet"),
            row(Fallnummer="F2", Fallbeginn="45691", Geburtsdatum="1.5.90"),
            row(Fallnummer="F3", Erstkontakt="1.2.2025"),
        ]
    )
    result = prepared(tmp_path, text)
    assert column(result, "opened") == [day("2025-02-03")] * 3
    assert column(result, "closed") == [day("2025-06-01"), None, None]
    assert column(result, "birth") == [day("1990-05-01")] * 3
    assert findings(result) == {"T05 N": 3}


@pytest.mark.parametrize("text", ["00.00.1988", "31.02.1985", "99", "05.05.2031", "06.10.2026", "1988"])
def test_t05_an_impossible_birth_is_unknown(tmp_path: Path, text: str) -> None:
    result = prepared(tmp_path, row(Geburtsdatum=text))
    assert column(result, "birth") == [None]
    assert result.facts.involvements["birth"].to_pylist() == [None]
    assert findings(result) == {"T05 N": 1}


@pytest.mark.parametrize("text", ["01.01.1900", "12.03.1899", "04.10.1915"])
def test_t19_placeholders_and_ages_nobody_reaches(tmp_path: Path, text: str) -> None:
    result = prepared(tmp_path, row(Geburtsdatum=text))
    assert column(result, "birth") == [None]
    assert findings(result) == {"T19 N": 1}


@pytest.mark.parametrize("text", ["06.10.1915", "05.10.2026", "01.01.1980"])
def test_t19_the_first_of_january_and_110_years_are_possible(tmp_path: Path, text: str) -> None:
    result = prepared(tmp_path, row(Geburtsdatum=text))
    assert column(result, "birth") == [date(int(text[6:]), int(text[3:5]), int(text[:2]))]
    assert findings(result) == {}


def test_t15_an_end_before_the_start_goes_to_quarantine(tmp_path: Path) -> None:
    before = row(Fallende="02.02.2025", Fallstatus="beendet")
    same_day = row(Fallnummer="F2", Fallende="03.02.2025", Fallstatus="")
    result = prepared(tmp_path, f"{before}\n{same_day}")
    assert column(result, "case_id") == ["F2"]
    assert column(result, "closed") == [day("2025-02-03")]
    assert set_aside(result) == [(4, "T15")]
    assert findings(result) == {"T15 R": 1}


def test_t15_an_end_after_the_export_is_a_plan(tmp_path: Path) -> None:
    text = "\n".join(
        [
            row(Fallende="06.10.2026", Fallstatus="ruhend"),
            row(Fallnummer="F2", Fallende="05.10.2026", Fallstatus="beendet"),
        ]
    )
    result = prepared(tmp_path, text)
    assert column(result, "closed") == [None, day("2026-10-05")]
    assert result.facts.involvements["closed"].to_pylist() == [None, day("2026-10-05")]
    assert findings(result) == {"T15 W": 1}


@pytest.mark.parametrize("status", ["laufend", "aktiv"])
def test_t15_running_with_an_end_has_ended(tmp_path: Path, status: str) -> None:
    result = prepared(tmp_path, row(Fallende="01.06.2025", Fallstatus=status))
    assert column(result, "closed") == [day("2025-06-01")]
    assert findings(result) == {"T15 W": 1}


@pytest.mark.parametrize("text", ["", "-", "04.02.2025", "31.02.2025"])
def test_t16_a_first_contact_that_is_missing_or_late_changes_nothing(tmp_path: Path, text: str) -> None:
    result = prepared(tmp_path, row(Erstkontakt=text))
    assert column(result, "opened") == [day("2025-02-03")]
    assert findings(result).pop("T16 N") == 1


def test_t28_times_of_day(tmp_path: Path) -> None:
    text = "\n".join(
        [
            row(Fallbeginn="31.12.2025 23:30"),
            row(Fallnummer="F2", Fallbeginn="31.12.2025 24:00"),
            row(Fallnummer="F3", Fallbeginn="2025-12-31T23:30:00Z"),
        ]
    )
    result = prepared(tmp_path, text)
    assert column(result, "opened") == [day("2025-12-31"), day("2025-12-31"), day("2026-01-01")]
    assert findings(result) == {"T28 N": 3}


def test_t29_a_period_must_be_over_before_the_export() -> None:
    require_ended(Period(2026, 3), export_date=day("2026-10-01"))
    for exported in ("2026-09-30", "2026-08-15"):
        with pytest.raises(KimError) as caught:
            require_ended(Period(2026, 3), export_date=day(exported))
        assert caught.value.code == "period_not_ended"
        assert "30.09.2026" in caught.value.detail.de
        assert "2026-09-30" in caught.value.detail.en
