"""Which rows count: totals, tests, other programmes, contacts, quoting (T01-T03, T10, T20-T22, T26, T27)."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.quality import Handling
from tests.unit.node.exports import (
    CLEAN,
    COLUMNS,
    cases,
    column,
    day,
    findings,
    involvements,
    prepared,
    row,
    set_aside,
)


def test_a_clean_row_becomes_one_case_with_one_person_and_no_finding(tmp_path: Path) -> None:
    result = prepared(tmp_path, CLEAN)
    assert cases(result) == [
        {
            "case_id": "F1",
            "opened": day("2025-02-03"),
            "closed": None,
            "first_contact": day("2025-02-01"),
            "birth": day("1990-05-01"),
            "SEX": "F",
            "CITIZEN": "SY",
            "RESIDENCE": "T_HUM_24",
            "RECHTSKREIS": "SGB2",
            "INST": "JC",
            "OUTCOME": "_U",
            "FIELD": ["LANG"],
        }
    ]
    assert result.facts.involvements.to_pylist() == [
        {
            "person_id": "P1",
            "case_id": "F1",
            "opened": day("2025-02-03"),
            "closed": None,
            "birth": day("1990-05-01"),
            "SEX": "F",
            "CITIZEN": "SY",
            "RESIDENCE": "T_HUM_24",
            "RECHTSKREIS": "SGB2",
        }
    ]
    assert result.facts.contacts.num_rows == 0
    assert findings(result) == {}
    assert [(f.trap, f.handling, f.rows) for f in result.findings] == [("T02", Handling.NORMALISE, 2)]
    assert result.export_date == day("2026-10-05")
    assert result.unmapped == ()
    counts = result.counts
    assert (counts.read, counts.cases, counts.contacts, counts.persons) == (1, 1, 0, 1)
    assert (counts.quarantined, counts.dropped) == (0, 0)


def test_t01_double_encoded_cells_are_restored(tmp_path: Path) -> None:
    result = prepared(tmp_path, row(Geschlecht="mÃ¤nnlich", Staatsangehörigkeit="TÃ¼rkei"))
    assert column(result, "SEX") == ["M"]
    assert column(result, "CITIZEN") == ["TR"]
    assert findings(result) == {"T01 N": 1}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_t01_utf8_is_read_and_said(tmp_path: Path, encoding: str) -> None:
    result = prepared(tmp_path, row(Geschlecht="Männlich"), encoding=encoding)
    assert column(result, "SEX") == ["M"]
    assert findings(result) == {"T01 N": 1}


def test_t03_totals_blank_rows_and_headers_are_dropped_and_counted(tmp_path: Path) -> None:
    text = f"""
{CLEAN}
Summe;;;;;;;;;;;;;;;;1;
  GESAMT: ;;;;;;;;;;;;;;;;1;
Zwischensumme;1
Total
;;;;;;;;;;;;;;;;;

{COLUMNS}
{row(Fallnummer="F2")}
"""
    result = prepared(tmp_path, text)
    assert column(result, "case_id") == ["F1", "F2"]
    assert findings(result) == {"T03 D": 7}
    assert (result.counts.read, result.counts.dropped) == (9, 7)


def test_t03_a_case_number_that_only_starts_like_a_total_is_a_case(tmp_path: Path) -> None:
    assert column(prepared(tmp_path, row(Fallnummer="Gesamtschule-7")), "case_id") == ["Gesamtschule-7"]


def test_t10_line_break_delimiter_and_quotes_in_a_remark(tmp_path: Path) -> None:
    result = prepared(
        tmp_path, row(Bemerkung='"erste Zeile\r\nzweite; mit ""Zitat"""') + "\n" + row(Fallnummer="F2")
    )
    assert column(result, "case_id") == ["F1", "F2"]
    assert findings(result) == {"T10 N": 1}


def test_t10_an_unclosed_quotation_mark_costs_no_row(tmp_path: Path) -> None:
    text = "\n".join(row(Fallnummer=f"F{n}", Bemerkung='"offen' if n == 2 else "") for n in (1, 2, 3, 4))
    result = prepared(tmp_path, text)
    assert column(result, "case_id") == ["F1", "F2", "F3", "F4"]
    assert findings(result) == {"T10 N": 1}


def test_t10_shifted_cells_go_to_quarantine_with_all_their_cells(tmp_path: Path) -> None:
    shifted = row(Handlungsfelder="Sprache;Arbeit")
    result = prepared(tmp_path, f"{row(Fallnummer='F0')}\n{shifted};rest")
    assert column(result, "case_id") == ["F0"]
    assert set_aside(result) == [(5, "T10")]
    assert result.quarantine.rows[0].cells[-2:] == ("rest", "")
    assert findings(result) == {"T10 R": 1}


def test_t20_missing_markers_become_unknown(tmp_path: Path) -> None:
    text = row(
        Geschlecht="k.A.",
        Geburtsdatum="-",
        Staatsangehörigkeit="#NV",
        Aufenthaltsstatus="9",
        Rechtskreis="99",
        Zugang_über="NULL",
        Handlungsfelder="keine Angabe",
        Abschlussgrund="?",
        Fallende="k. A.",
        Fallstatus="n/a",
        Beratungsart=".",
    )
    result = prepared(tmp_path, text)
    (case,) = cases(result)
    assert {case[name] for name in ("SEX", "CITIZEN", "RESIDENCE", "RECHTSKREIS", "INST", "OUTCOME")} == {
        "_U"
    }
    assert case["FIELD"] == ["_U"]
    assert (case["birth"], case["closed"]) == (None, None)
    assert findings(result) == {"T20 N": 1}
    assert result.unmapped == ()


def test_t20_numbers_are_no_markers_in_keys(tmp_path: Path) -> None:
    result = prepared(tmp_path, row(Fallnummer="9", **{"Personen-ID": "99"}))
    assert involvements(result) == [("99", "9")]


@pytest.mark.parametrize("status", ["storniert", "Test", "Testfall", "gelöscht", "STORNIERT"])
def test_t21_cancelled_records_are_dropped(tmp_path: Path, status: str) -> None:
    result = prepared(tmp_path, f"{CLEAN}\n{row(Fallnummer='F2', Fallstatus=status)}")
    assert column(result, "case_id") == ["F1"]
    assert findings(result) == {"T21 D": 1}


@pytest.mark.parametrize("number", ["TEST-1", "DEMO7", "  test4"])
def test_t21_test_numbers_are_dropped(tmp_path: Path, number: str) -> None:
    result = prepared(tmp_path, f"{CLEAN}\n{row(Fallnummer=number)}")
    assert column(result, "case_id") == ["F1"]
    assert findings(result) == {"T21 D": 1}


def test_t22_one_off_contacts_and_other_programmes(tmp_path: Path) -> None:
    text = "\n".join(
        [
            CLEAN,
            row(Fallnummer="K1", Beratungsart="Kurzberatung", Handlungsfelder='"Arbeit;Sprache"'),
            row(Fallnummer="", Beratungsart="Clearing", Erstkontakt="", Handlungsfelder="", Zugang_über=""),
            row(Fallnummer="M1", Beratungsart="MBE"),
            row(Fallnummer="M2", Beratungsart="Rückkehrberatung"),
        ]
    )
    result = prepared(tmp_path, text)
    assert column(result, "case_id") == ["F1"]
    assert result.facts.contacts.to_pylist() == [
        {"date": day("2025-02-01"), "FIELD": "WORK", "INST": "JC"},
        {"date": day("2025-02-03"), "FIELD": "_U", "INST": "_U"},
    ]
    assert findings(result) == {"T09 N": 1, "T22 D": 2, "T22 N": 2}
    assert (result.counts.contacts, result.counts.dropped) == (2, 2)


def test_t22_a_contact_needs_a_date_and_no_case_dates(tmp_path: Path) -> None:
    text = "\n".join(
        [
            row(Beratungsart="Kurzberatung", Erstkontakt="31.02.2025", Fallbeginn=""),
            row(Beratungsart="Kurzberatung", Fallbeginn="", Fallende="31.02.2025"),
            CLEAN,
        ]
    )
    result = prepared(tmp_path, text)
    assert [contact["date"] for contact in result.facts.contacts.to_pylist()] == [day("2025-02-01")]
    assert set_aside(result) == [(4, "T05")]
    assert findings(result) == {"T05 R": 1, "T22 N": 1}


@pytest.mark.parametrize("kind", ["Case Management", "CM", "KIM-CM", "Fallmanagement", "", "k.A."])
def test_t22_what_is_a_case(tmp_path: Path, kind: str) -> None:
    assert column(prepared(tmp_path, row(Beratungsart=kind)), "case_id") == ["F1"]


def test_t26_columns_are_found_by_name(tmp_path: Path) -> None:
    names = (
        COLUMNS.replace("Fallnummer", "Fall-Nr.").replace("Handlungsfelder", "Handlungsfeld") + ";Haustier"
    )
    result = prepared(tmp_path, CLEAN + ";Hund", columns=names)
    assert column(result, "case_id") == ["F1"]
    assert findings(result) == {"T26 N": 2, "T26 W": 1}


def test_t26_moved_columns(tmp_path: Path) -> None:
    first, *others = COLUMNS.split(";")
    cell, *cells = CLEAN.split(";")
    result = prepared(tmp_path, ";".join([*cells, cell]), columns=";".join([*others, first]))
    assert column(result, "case_id") == ["F1"]
    assert findings(result) == {"T26 N": 1}


def test_t27_formulas_and_html_are_text(tmp_path: Path) -> None:
    text = "\n".join(
        [
            row(Bemerkung="=1+1"),
            row(Fallnummer="F2", Bemerkung="<script>alert(1)</script>"),
            row(Fallnummer="F3", Bemerkung="- Liste"),
            row(Fallnummer="=F4", Bemerkung="a < b"),
        ]
    )
    result = prepared(tmp_path, text)
    assert column(result, "case_id") == ["F1", "F2", "F3", "=F4"]
    assert findings(result) == {"T27 N": 2}


def test_nothing_read_shows_in_the_repr_of_a_result(tmp_path: Path) -> None:
    result = prepared(
        tmp_path, f"{CLEAN}\n{row(Fallnummer='F2', Geschlecht='Mädchen')}\n{row(Fallbeginn='')}"
    )
    shown = repr(result) + repr(result.quarantine) + repr(result.quarantine.rows) + repr(result.unmapped)
    for value in ("Mädchen", "Jobcenter", "P1", "F2"):
        assert value not in shown
