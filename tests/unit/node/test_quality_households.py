"""Cases and the persons in them (T08, T09, T17): repeated rows, families, fields of action."""

from __future__ import annotations

from pathlib import Path

from tests.unit.node.exports import (
    CLEAN,
    cases,
    column,
    day,
    findings,
    involvements,
    prepared,
    row,
    set_aside,
)

PERSON = "Personen-ID"


def test_t08_one_row_per_field_is_one_case(tmp_path: Path) -> None:
    text = "\n".join(
        [
            CLEAN,
            row(
                Handlungsfelder="Arbeit",
                Geschlecht="m",
                Staatsangehörigkeit="Irak",
                Geburtsdatum="01.01.2000",
            ),
            row(Handlungsfelder="Sprache"),
        ]
    )
    result = prepared(tmp_path, text)
    (case,) = cases(result)
    assert case["FIELD"] == ["LANG", "WORK"]
    assert (case["SEX"], case["CITIZEN"], case["birth"]) == ("F", "SY", day("1990-05-01"))
    assert involvements(result) == [("P1", "F1")]
    assert findings(result) == {"T08 N": 2}


def test_t08_a_family_is_one_case_with_several_persons(tmp_path: Path) -> None:
    text = "\n".join(
        [
            row(**{"Anz. Personen": "3"}),
            row(
                **{PERSON: "P2", "Anz. Personen": "3"},
                Geschlecht="männlich",
                Staatsangehörigkeit="Irak",
                Handlungsfelder="Arbeit",
                Fallbeginn="01.04.2025",
                Zugang_über="Schule",
            ),
            row(Fallnummer="F2", Fallbeginn="05.05.2025"),
            row(**{PERSON: "P3", "Anz. Personen": "3"}, Geburtsdatum="05.06.2020", Handlungsfelder=""),
            row(**{PERSON: "P2", "Anz. Personen": "3"}, Handlungsfelder="Wohnen"),
        ]
    )
    result = prepared(tmp_path, text)
    first, second = cases(result)
    assert (first["case_id"], first["SEX"], first["INST"], first["opened"]) == (
        "F1",
        "F",
        "JC",
        day("2025-02-03"),
    )
    assert first["FIELD"] == ["LANG", "WORK", "HOUS"]
    assert second["case_id"] == "F2"
    table = result.facts.involvements
    assert involvements(result) == [("P1", "F1"), ("P2", "F1"), ("P1", "F2"), ("P3", "F1")]
    # Dates are the case's, whatever the person's row says; attributes are the person's.
    assert table["opened"].to_pylist() == [
        day(t) for t in ("2025-02-03", "2025-02-03", "2025-05-05", "2025-02-03")
    ]
    assert table["SEX"].to_pylist() == ["F", "M", "F", "F"]
    assert table["CITIZEN"].to_pylist() == ["SY", "IQ", "SY", "SY"]
    assert table["birth"].to_pylist() == [*[day("1990-05-01")] * 3, day("2020-06-05")]
    assert findings(result) == {"T08 N": 1}
    assert (result.counts.cases, result.counts.persons) == (2, 3)


def test_t08_the_holder_is_the_first_row_that_counts(tmp_path: Path) -> None:
    text = "\n".join(
        [
            row(AGS="05315"),
            row(Fallstatus="storniert"),
            row(**{PERSON: "P2", "Anz. Personen": "2"}, Geschlecht="männlich", Fallbeginn="01.03.2025"),
            row(**{"Anz. Personen": "2"}),
            row(Fallnummer="F2"),
        ]
    )
    result = prepared(tmp_path, text)
    first = cases(result)[0]
    assert (first["case_id"], first["SEX"], first["opened"]) == ("F1", "M", day("2025-03-01"))
    assert involvements(result) == [("P2", "F1"), ("P1", "F1"), ("P1", "F2")]
    assert result.facts.involvements["opened"].to_pylist() == [
        day("2025-03-01"),
        day("2025-03-01"),
        day("2025-02-03"),
    ]


def test_t08_persons_without_an_id_are_known_by_their_case(tmp_path: Path) -> None:
    text = "\n".join(
        [
            row(**{PERSON: ""}),
            row(**{PERSON: "k. A."}, Handlungsfelder="Arbeit"),
            row(Fallnummer="F2", **{PERSON: "-"}),
        ]
    )
    result = prepared(tmp_path, text)
    assert involvements(result) == [("case:F1", "F1"), ("case:F2", "F2")]
    assert column(result, "FIELD") == [["LANG", "WORK"], ["LANG"]]
    assert findings(result) == {"T08 N": 1}


def test_t08_blanks_around_keys_make_no_other_case(tmp_path: Path) -> None:
    result = prepared(tmp_path, CLEAN + "\n" + row(Fallnummer=" F1", **{PERSON: "P1\u00a0"}))
    assert involvements(result) == [("P1", "F1")]


def test_t08_a_case_without_a_number_goes_to_quarantine(tmp_path: Path) -> None:
    result = prepared(tmp_path, f"{CLEAN}\n{row(Fallnummer=' ')}")
    assert set_aside(result) == [(5, "T08")]


def test_t09_fields_are_a_set(tmp_path: Path) -> None:
    text = "\n".join(
        [
            row(Handlungsfelder='"Sprache;Arbeit;Sprache"'),
            row(Fallnummer="F2", Handlungsfelder="Wohnen|Kita, Schule"),
            row(Fallnummer="F3", Handlungsfelder='"Pflege\r\nGesundheit"'),
            row(Fallnummer="F4", Handlungsfelder="-"),
            row(Fallnummer="F5", Handlungsfelder='"k.A.;Wohnen"'),
        ]
    )
    result = prepared(tmp_path, text)
    assert column(result, "FIELD") == [["LANG", "WORK"], ["EDU", "HOUS"], ["HEALTH"], ["_U"], ["HOUS"]]
    assert findings(result) == {"T09 N": 4, "T20 N": 1}


def test_t09_known_fields_of_another_row_replace_unknown(tmp_path: Path) -> None:
    result = prepared(tmp_path, f"{row(Handlungsfelder='')}\n{row(Handlungsfelder='Wohnen')}")
    assert column(result, "FIELD") == [["HOUS"]]


def test_t17_persons_listed_count_and_the_holder_is_asked_once(tmp_path: Path) -> None:
    text = "\n".join(
        [
            row(**{"Anz. Personen": "4"}),
            row(**{PERSON: "P2", "Anz. Personen": "5"}, Geschlecht="männlich"),
            row(Fallnummer="F2", **{"Anz. Personen": "k.A."}),
            row(Fallnummer="F3", **{"Anz. Personen": "9"}),
        ]
    )
    result = prepared(tmp_path, text)
    assert findings(result) == {"T17 W": 2}
    assert result.counts.persons == 2


def test_t14_two_regimes_are_a_warning(tmp_path: Path) -> None:
    result = prepared(
        tmp_path, f"{row(Rechtskreis='SGB II / Wohngeld')}\n{row(Fallnummer='F2', Rechtskreis='Bürgergeld')}"
    )
    assert column(result, "RECHTSKREIS") == ["SGB2", "SGB2"]
    assert findings(result) == {"T14 N": 2, "T14 W": 1}


def test_t11_to_t13_other_spellings_are_counted(tmp_path: Path) -> None:
    result = prepared(
        tmp_path, row(Geschlecht="w", Staatsangehörigkeit="türkisch", Aufenthaltsstatus="§25,2")
    )
    (case,) = cases(result)
    assert (case["SEX"], case["CITIZEN"], case["RESIDENCE"]) == ("F", "TR", "T_HUM_25")
    assert findings(result) == {"T11 N": 1, "T12 N": 1, "T13 N": 1}
