"""Reading profile A: encodings, banner, header, quoting, columns; every refusal by its code."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from node.settings import SourceSpec
from node.sources import RawTable, SourceLimits, read_source
from node.sources.table.profiles import PROFILE_A
from protocol.errors import KimError

COLUMNS = tuple(name for name in PROFILE_A.names if name != "Weitervermittlung am")
HEADER = (
    "Fallnummer;Mandant;AGS;Gemeinde;Träger;Beratungsart;Erstkontakt;Fallbeginn;Fallende;Fallstatus;"
    "Personen-ID;Anz. Personen;Geschlecht;Geburtsdatum;Staatsangehörigkeit;Aufenthaltsstatus;gültig bis;"
    "Rechtskreis;Zugang über;Weitervermittlung an;Handlungsfelder;Abschlussgrund;Stellenanteil;Bemerkung;"
)
ROW = (
    "F-2025-0001;1;05382012;Hennef;Kreis;CM;12.01.2025;15.01.2025;;laufend;P1;1;w;03.04.1990;Syrien;§ 24;;"
    "SGB II;Jobcenter;;Sprache;;0,5;Rückruf;"
)
FOOTER = "Summe;;;;;;;;;;;1;;;;;;;;;;;;;"


def read(folder: Path, *lines: str, encoding: str = "cp1252", ending: str = "\r\n") -> RawTable:
    path = folder / "export.csv"
    path.write_bytes(ending.join((*lines, "")).encode(encoding))
    return read_source(SourceSpec("cases", path=path))


def refusal(folder: Path, content: bytes) -> KimError:
    path = folder / "export.csv"
    path.write_bytes(content)
    with pytest.raises(KimError) as caught:
        read_source(SourceSpec("cases", path=path))
    return caught.value


def texts(raw: RawTable, name: str) -> list[str]:
    values: list[str] = raw.texts(name).to_pylist()
    return values


def test_the_whole_profile_as_the_case_system_writes_it(tmp_path: Path) -> None:
    raw = read(tmp_path, "Fachverfahren 7.3", "Export vom 05.10.2026 08:15", HEADER, ROW, FOOTER)
    assert raw.layout.header == COLUMNS
    assert (raw.rows, raw.preamble, raw.encoding) == (2, 2, "cp1252")
    assert raw.export_date == date(2026, 10, 5)
    assert raw.lines.tolist() == [4, 5]
    assert texts(raw, "Fallnummer") == ["F-2025-0001", "Summe"]
    assert texts(raw, "Bemerkung") == ["Rückruf", ""]
    assert raw.cells([0])[0][:4] == ("F-2025-0001", "1", "05382012", "Hennef")
    assert (raw.layout.renamed, raw.layout.moved, raw.layout.extra, dict(raw.surplus)) == ((), (), (), {})


@pytest.mark.parametrize(
    ("encoding", "expected"), [("cp1252", "cp1252"), ("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig")]
)
def test_t01_encodings(tmp_path: Path, encoding: str, expected: str) -> None:
    raw = read(tmp_path, HEADER, ROW, encoding=encoding)
    assert raw.encoding == expected
    assert texts(raw, "Bemerkung") == ["Rückruf"]


def test_t01_a_file_without_umlauts_is_neither(tmp_path: Path) -> None:
    header = HEADER.replace("ä", "a").replace("ü", "u").replace("ö", "o")
    assert refusal(tmp_path, f"{header}\r\n{ROW}\r\n".encode("cp1252")).code == "missing_column"


def test_t01_a_header_that_was_encoded_twice_is_found(tmp_path: Path) -> None:
    raw = read(tmp_path, HEADER.encode().decode("cp1252"), ROW)
    assert texts(raw, "Staatsangehörigkeit") == ["Syrien"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_unicode_text_of_spreadsheets_is_refused(tmp_path: Path, encoding: str) -> None:
    assert refusal(tmp_path, f"{HEADER}\r\n{ROW}".encode(encoding)).code == "wrong_encoding"


def test_bytes_of_no_encoding_are_refused_wherever_they_stand(tmp_path: Path) -> None:
    good = f"{HEADER}\r\n{ROW}\r\n".encode("cp1252")
    error = refusal(tmp_path, good * 2000 + b"M\x81ller\r\n")
    assert error.code == "wrong_encoding"
    assert "UTF-8" in error.detail.de
    assert "UTF-8" in error.detail.en


def test_a_byte_mark_promises_utf8(tmp_path: Path) -> None:
    assert refusal(tmp_path, b"\xef\xbb\xbf" + HEADER.encode("cp1252")).code == "wrong_encoding"


def test_t02_sep_line_mark_and_quoted_header(tmp_path: Path) -> None:
    quoted = ";".join(f'"{name}"' for name in COLUMNS)
    raw = read(tmp_path, "sep=;", quoted, ROW, encoding="utf-8-sig")
    assert raw.preamble == 1
    assert texts(raw, "Fallnummer") == ["F-2025-0001"]


def test_t02_sep_names_another_delimiter(tmp_path: Path) -> None:
    raw = read(tmp_path, "sep=|", HEADER.replace(";", "|"), ROW.replace(";", "|"))
    assert texts(raw, "Handlungsfelder") == ["Sprache"]


def test_t02_the_header_may_stand_in_line_20_but_not_later(tmp_path: Path) -> None:
    assert read(tmp_path, *["Vorspann"] * 19, HEADER, ROW).preamble == 19
    late = "\r\n".join([*["Vorspann"] * 20, HEADER, ROW]).encode("cp1252")
    assert refusal(tmp_path, late).code == "no_header"


@pytest.mark.parametrize(
    ("banner", "expected"),
    [
        ("Export vom 05.10.2026 08:15", date(2026, 10, 5)),
        ("Erstellt am 1.2.2026", date(2026, 2, 1)),
        ("Stand: 31.12.2025;;;", date(2025, 12, 31)),
        ("Export vom 31.02.2026", None),
        ("Hotline 01.02.2026", None),
    ],
)
def test_the_banner_names_the_day_of_the_export(tmp_path: Path, banner: str, expected: date | None) -> None:
    assert read(tmp_path, banner, HEADER, ROW).export_date == expected


@pytest.mark.parametrize("ending", ["\r\n", "\n", "\r"])
def test_line_ends_of_any_system(tmp_path: Path, ending: str) -> None:
    raw = read(tmp_path, "Banner", HEADER, ROW, ROW, ending=ending)
    assert raw.lines.tolist() == [3, 4]
    assert texts(raw, "Bemerkung") == ["Rückruf", "Rückruf"]


def test_t10_a_line_break_inside_quotes_stays_in_its_cell(tmp_path: Path) -> None:
    broken = ROW.replace("Rückruf;", '"Rückruf\r\nmit ""Akte"", dann;Ende";')
    raw = read(tmp_path, HEADER, broken, ROW)
    assert texts(raw, "Bemerkung") == ['Rückruf\r\nmit "Akte", dann;Ende', "Rückruf"]
    assert raw.lines.tolist() == [2, 4]


def test_an_unclosed_quotation_mark_swallows_no_other_row(tmp_path: Path) -> None:
    unclosed = ROW.replace("Rückruf;", '"Rückruf;')
    raw = read(tmp_path, HEADER, unclosed, ROW, ROW, FOOTER)
    assert raw.lines.tolist() == [2, 3, 4, 5]
    assert raw.mended.tolist() == [True, False, False, False]
    assert texts(raw, "Bemerkung") == ['"Rückruf', "Rückruf", "Rückruf", ""]


def test_unclosed_quotation_marks_in_neighbouring_rows(tmp_path: Path) -> None:
    unclosed = ROW.replace("Rückruf;", '"Rückruf;')
    raw = read(tmp_path, HEADER, unclosed, unclosed, ROW, unclosed)
    assert raw.lines.tolist() == [2, 3, 4, 5]
    assert texts(raw, "Fallnummer") == ["F-2025-0001"] * 4


def test_a_quotation_mark_inside_a_word_is_a_sign_like_others(tmp_path: Path) -> None:
    raw = read(tmp_path, HEADER, ROW.replace("Rückruf", '17" Monitor'), ROW)
    assert texts(raw, "Bemerkung") == ['17" Monitor', "Rückruf"]


def test_rows_are_brought_to_the_width_of_the_header(tmp_path: Path) -> None:
    short = "F-2;1;05382"
    long = ROW + "verschoben;"
    raw = read(tmp_path, HEADER, short, long, ROW.rstrip(";") + ";;;;")
    first, second, third = raw.cells([0, 1, 2])
    assert first == ("F-2", "1", "05382", *[""] * 21)
    assert dict(raw.surplus) == {1: ("verschoben", "")}
    assert second[-2:] == ("verschoben", "")
    assert third == second[:24]


def test_t26_renamed_moved_and_extra_columns(tmp_path: Path) -> None:
    header = (
        "Fall-Nr.;Notiz;Beginn;Ende;AGS;Geschlecht;Geb.-Datum;Nationalität;Status (Aufenthalt);Rechtskreis;"
        "Handlungsfeld;Pers.-ID;Beratungsart;Fallstatus;Zugang\u00a0über;  ABSCHLUSSGRUND ;Erst kontakt"
    )
    row = (
        "F-1;privat;15.01.2025;;05382;w;03.04.1990;Syrien;§ 24;SGB II;Sprache;P1;CM;laufend;Schule;;"
        "12.01.2025"
    )
    raw = read(tmp_path, header, row)
    assert texts(raw, "Fallnummer") == ["F-1"]
    assert texts(raw, "Fallbeginn") == ["15.01.2025"]
    assert texts(raw, "Aufenthaltsstatus") == ["§ 24"]
    assert texts(raw, "Zugang über") == ["Schule"]
    assert texts(raw, "Erstkontakt") == ["12.01.2025"]
    assert raw.layout.renamed == (
        "Fallnummer",
        "Fallbeginn",
        "Fallende",
        "Geburtsdatum",
        "Staatsangehörigkeit",
        "Aufenthaltsstatus",
        "Handlungsfelder",
        "Personen-ID",
        "Erstkontakt",
    )
    assert raw.layout.extra == (1,)
    # Handlungsfelder or Zugang über: one of the two stands on the wrong side of the other.
    assert len(raw.layout.moved) == 6
    assert {"AGS", "Personen-ID", "Beratungsart", "Fallstatus", "Erstkontakt"} < set(raw.layout.moved)
    assert not raw.has("Bemerkung")


def test_t26_local_names_of_the_configuration(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(f"{HEADER.replace('Fallnummer', 'Vorgang')}\r\n{ROW}\r\n".encode("cp1252"))
    raw = read_source(SourceSpec("cases", path=path, columns={"Fallnummer": "Vorgang"}))
    assert texts(raw, "Fallnummer") == ["F-2025-0001"]
    with pytest.raises(KimError) as caught:
        read_source(SourceSpec("cases", path=path, columns={"Fallnumer": "Vorgang"}))
    assert caught.value.code == "config_invalid"
    assert caught.value.pointer == "/sources/cases/columns/Fallnumer"


def test_missing_columns_are_all_named_with_the_way_out(tmp_path: Path) -> None:
    header = HEADER.replace("Geschlecht;", "").replace("Rechtskreis;", "Recht;")
    error = refusal(tmp_path, f"{header}\r\n{ROW}\r\n".encode("cp1252"))
    assert error.code == "missing_column"
    assert "Geschlecht, Rechtskreis" in error.detail.de
    assert "[sources.cases.columns]" in error.detail.de
    assert "[sources.cases.columns]" in error.detail.en
    assert [item.pointer for item in error.errors] == [
        "/sources/cases/columns/Geschlecht",
        "/sources/cases/columns/Rechtskreis",
    ]


def test_the_first_of_two_columns_of_one_name_counts(tmp_path: Path) -> None:
    raw = read(tmp_path, HEADER + "Geschlecht;", ROW + "m;")
    assert texts(raw, "Geschlecht") == ["w"]
    assert raw.layout.extra == (24,)


@pytest.mark.parametrize("content", [b"", b"\r\n\r\n", b"\xef\xbb\xbf", HEADER.encode("cp1252") + b"\r\n"])
def test_a_file_without_rows_is_refused(tmp_path: Path, content: bytes) -> None:
    assert refusal(tmp_path, content).code == "empty_source"


def test_a_file_of_something_else_has_no_header(tmp_path: Path) -> None:
    assert refusal(tmp_path, b"<html><body>Anmeldung</body></html>\r\n" * 50).code == "no_header"


def test_a_source_that_is_not_there(tmp_path: Path) -> None:
    folder = tmp_path / "ordner.csv"
    folder.mkdir()
    for path in (tmp_path / "nirgends.csv", folder):
        with pytest.raises(KimError) as caught:
            read_source(SourceSpec("cases", path=path))
        assert caught.value.code == "source_missing"
        assert path.name in caught.value.detail.de


@pytest.mark.parametrize("limits", [SourceLimits(max_bytes=100), SourceLimits(max_rows=1)])
def test_a_source_beyond_its_limits(tmp_path: Path, limits: SourceLimits) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(f"{HEADER}\r\n{ROW}\r\n{ROW}\r\n".encode("cp1252"))
    with pytest.raises(KimError) as caught:
        read_source(SourceSpec("cases", path=path), limits=limits)
    assert caught.value.code == "source_too_large"


def test_a_repeated_header_is_recognised(tmp_path: Path) -> None:
    raw = read(tmp_path, HEADER, ROW, HEADER, ROW)
    assert raw.repeated_header.tolist() == [False, True, False]


def test_neither_cells_nor_texts_show_in_a_repr(tmp_path: Path) -> None:
    raw = read(tmp_path, HEADER, ROW)
    assert "Hennef" not in repr(raw)
    assert "Syrien" not in repr(raw.distinct_of("Staatsangehörigkeit"))
