"""What stays in the house: quarantine file, unmapped texts, refusals without a single row value."""

from __future__ import annotations

import csv
import io
import stat
import sys
from pathlib import Path

import pytest

from node.quality import formula_safe, require_mapped, write_noted_rows, write_quarantine
from protocol.errors import KimError
from protocol.nouns import ROW
from protocol.texts import Text
from tests.unit.node.exports import CLEAN, COLUMNS, column, prepared, row, set_aside


def read_back(path: Path) -> list[list[str]]:
    text = path.read_bytes().decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))


def test_the_quarantine_file_holds_line_trap_reason_and_the_original_row(tmp_path: Path) -> None:
    result = prepared(
        tmp_path, f"{CLEAN}\n{row(Fallnummer='F2', AGS='05315')}\n{row(Fallnummer='F3', Fallbeginn='bald')}"
    )
    path = tmp_path / "quarantine.csv"
    write_quarantine(path, result.quarantine)
    header, first, second = read_back(path)
    assert header == ["Quelle", "Zeile", "Regel", "Grund", *COLUMNS.split(";")]
    assert first == [
        "cases",
        "5",
        "T06",
        "Schlüssel eines anderen Gebiets oder unlesbar",
        *row(Fallnummer="F2", AGS="05315").split(";"),
    ]
    assert second[:3] == ["cases", "6", "T05"]
    assert second[8] == "bald"


@pytest.mark.skipif(sys.platform == "win32", reason="file modes are those of POSIX")
def test_only_the_owner_can_read_the_quarantine(tmp_path: Path) -> None:
    path = tmp_path / "quarantine.csv"
    path.write_text("alt", encoding="utf-8")
    path.chmod(0o644)
    write_quarantine(path, prepared(tmp_path, f"{CLEAN}\n{row(Fallbeginn='')}").quarantine)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["export.csv", "quarantine.csv"]


def test_rows_left_out_and_rows_to_look_at_are_listed_by_their_lines(tmp_path: Path) -> None:
    text = "\n".join(
        [
            CLEAN,
            row(Fallnummer="F2", Geburtsdatum="31.02.1990", Rechtskreis="SGB II / SGB XII"),
            row(Fallnummer="F3", Fallstatus="storniert"),
            row(Fallnummer="F4", Geburtsdatum="1990-05-01"),  # put right: nothing to look at
            row(Fallnummer="F5", Fallbeginn=""),  # in the quarantine
            row(Fallnummer="F6", Fallende="31.12.2026"),
            "Summe;6",
        ]
    )
    path = tmp_path / "findings.csv"
    write_noted_rows(path, prepared(tmp_path, text).noted)

    assert read_back(path) == [
        ["Quelle", "Zeile", "Regel", "Behandlung", "Befund"],
        ["cases", "5", "T05", "vereinheitlicht", "unmögliches Geburtsdatum als unbekannt"],
        ["cases", "5", "T14", "gezählt, bitte prüfen", "mehrere Rechtskreise, der erste zählt"],
        ["cases", "6", "T21", "nicht gezählt", "Test- oder stornierter Fall"],
        ["cases", "9", "T15", "gezählt, bitte prüfen", "Fallende nach dem Export, Fall zählt als laufend"],
        ["cases", "10", "T03", "nicht gezählt", "Summen-, Leer- und Kopfzeilen zwischen den Daten"],
    ]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_empty_quarantine_replaces_an_old_one(tmp_path: Path) -> None:
    path = tmp_path / "quarantine.csv"
    path.write_text("alt", encoding="utf-8")
    write_quarantine(path, prepared(tmp_path, CLEAN).quarantine)
    assert len(read_back(path)) == 1


def test_t27_no_cell_of_the_quarantine_is_a_formula(tmp_path: Path) -> None:
    strange = row(Fallnummer="=1+1", AGS="@x", Erstkontakt="+49", Bemerkung="-2", Geschlecht="\u00a0=A1")
    path = tmp_path / "quarantine.csv"
    write_quarantine(path, prepared(tmp_path, f"{CLEAN}\n{strange}").quarantine)
    cells = read_back(path)[1][4:]
    assert (cells[0], cells[1], cells[3], cells[-1]) == ("'=1+1", "'@x", "'+49", "'-2")
    assert cells[9] == "'\u00a0=A1"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1"])
def test_formulas_are_made_text(text: str) -> None:
    assert formula_safe(text) == "'" + text


def test_a_line_break_survives_in_the_quarantine(tmp_path: Path) -> None:
    text = CLEAN + "\n" + row(Fallbeginn="", Bemerkung='"zwei\r\nZeilen"')
    path = tmp_path / "quarantine.csv"
    write_quarantine(path, prepared(tmp_path, text).quarantine)
    assert read_back(path)[1][-1] == "zwei\r\nZeilen"


def test_what_is_not_understood_is_listed_with_its_rows(tmp_path: Path) -> None:
    text = "\n".join(
        [
            row(Geschlecht="Mädchen", Handlungsfelder='"Sprache;Hobby"', Fallstatus="offen?"),
            row(Fallnummer="F2", Geschlecht="Mädchen", Beratungsart="Beratung"),
            row(Fallnummer="F3", Geschlecht="Bub", Aufenthaltsstatus="§ 25"),
            row(Fallnummer="F4", Beratungsart="Clearing", Geschlecht="Kind", Handlungsfelder="Hobby"),
            row(Fallnummer="F5", Fallbeginn="", Geschlecht="nie"),
        ]
    )
    result = prepared(tmp_path, text)
    assert [(u.column, u.value, u.rows, u.dimension) for u in result.unmapped] == [
        ("Beratungsart", "Beratung", 1, "COUNSELLING"),
        ("Fallstatus", "offen?", 1, "STATUS"),
        ("Geschlecht", "Mädchen", 2, "SEX"),
        ("Geschlecht", "Bub", 1, "SEX"),
        ("Aufenthaltsstatus", "§ 25", 1, "RESIDENCE"),
        ("Handlungsfelder", "Hobby", 2, "FIELD"),
    ]
    assert column(result, "SEX") == ["_U", "_U", "_U"]
    assert column(result, "FIELD") == [["LANG"], ["LANG"], ["LANG"]]


def test_the_configuration_ends_the_list(tmp_path: Path) -> None:
    mapping = {"SEX": {"Mädchen": "F"}, "Beratungsart": {"Beratung": "CASE"}}
    result = prepared(tmp_path, row(Geschlecht="Mädchen", Beratungsart="Beratung"), mapping=mapping)
    assert result.unmapped == ()
    assert column(result, "SEX") == ["F"]
    require_mapped(result.unmapped)


def test_unknown_codes_refuse_a_delivery_without_showing_them(tmp_path: Path) -> None:
    result = prepared(
        tmp_path,
        f"{row(Geschlecht='Mädchen')}\n{row(Fallnummer='F2', Geschlecht='Bub', Rechtskreis='Rente')}",
    )
    with pytest.raises(KimError) as caught:
        require_mapped(result.unmapped)
    error = caught.value
    assert error.code == "unknown_code"
    assert [item.pointer for item in error.errors] == [
        "/sources/cases/columns/Geschlecht",
        "/sources/cases/columns/Rechtskreis",
    ]
    assert "2 Angaben in 2 Zeilen" in error.errors[0].text.de
    assert "[mapping.SEX]" in error.errors[0].text.en
    said = " ".join([str(error), error.detail.de, *(item.text.de + item.text.en for item in error.errors)])
    for value in ("Mädchen", "Bub", "Rente"):
        assert value not in said


@pytest.mark.parametrize("text", ["Summe;;;", ";;;\nSumme;1", COLUMNS])
def test_a_file_without_a_row_of_data_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(KimError) as caught:
        prepared(tmp_path, text)
    assert caught.value.code == "empty_source"


def test_lines_of_the_quarantine_are_those_an_editor_shows(tmp_path: Path) -> None:
    text = "\n".join([row(Bemerkung='"a\r\nb\r\nc"'), row(Fallnummer="F2", Fallbeginn="")])
    assert set_aside(prepared(tmp_path, text)) == [(7, "T05")]


def test_findings_say_in_two_languages_what_happened_and_what_to_do(tmp_path: Path) -> None:
    result = prepared(
        tmp_path, f"{CLEAN}\n{row(Fallnummer='F2', Fallbeginn='')}\n{row(Fallnummer='F3', Fallende='99')}"
    )
    (finding,) = [f for f in result.findings if f.trap == "T05"]
    assert finding.rows == 2
    assert finding.text.de == (
        "Fallbeginn fehlt oder ist unmöglich (1); Fallende ist unmöglich (1). "
        "Im Fachverfahren berichtigen und neu exportieren."
    )
    assert finding.text.en == (
        "Case start missing or impossible (1); case end is impossible (1). "
        "Correct it in the case system and export again."
    )


def test_nothing_to_do_is_said_only_if_there_is_nothing_to_do(tmp_path: Path) -> None:
    both = prepared(tmp_path, row(Erstkontakt="2025-02-01", Geburtsdatum="31.02.1990"))
    one = prepared(tmp_path, row(Erstkontakt="2025-02-01"))

    said = [f.text.de for result in (both, one) for f in result.findings if f.trap == "T05"]
    assert said[0].endswith("unmögliches Geburtsdatum als unbekannt (1). Bitte im Fachverfahren prüfen.")
    assert said[1:] == ["Datum in anderer Schreibweise gelesen. Nichts zu tun."]


def test_a_finding_names_its_rule_its_number_and_what_became_of_it(tmp_path: Path) -> None:
    result = prepared(tmp_path, f"{CLEAN}\n{row(Fallnummer='F2', Fallbeginn='')}")
    (finding,) = [f for f in result.findings if f.trap == "T05"]

    assert finding.title == Text("T05, 1 Zeile zurückgestellt", "T05, 1 row set aside")


def test_numbers_are_written_as_the_language_writes_them() -> None:
    assert ROW.counted(1234) == Text("1.234 Zeilen", "1,234 rows")
    assert ROW.counted(1) == Text("1 Zeile", "1 row")
    assert ROW.counted(0) == Text("0 Zeilen", "0 rows")
