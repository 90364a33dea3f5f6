"""Sources broken in every way that their format allows: a stable code, the place, and nothing of a cell."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl.styles import Font

from node.settings import SourceSpec
from node.sources import RawTable, SourceLimits, read_source
from node.sources.database import connecting
from protocol.errors import KimError
from protocol.problems import PROBLEMS
from tests.factories.source_files import (
    CASES_A,
    Table,
    write_csv,
    write_json_lines,
    write_parquet,
    write_sql,
    write_xlsx,
)

#: Stands in cells of every broken source; no message may hold it.
SECRET = "Geheimnis-4711"


def refusal(path: Path, **more: Any) -> KimError:
    """Read a file and return why it was refused; nothing of its cells is said."""
    limits = more.pop("limits", SourceLimits())
    with pytest.raises(KimError) as caught:
        read_source(SourceSpec("cases", path=path, **more), limits=limits)
    error = caught.value
    assert SECRET not in f"{error} {error.detail.de} {error.errors}"
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None
    return error


def code_of(path: Path) -> str:
    """Return why a file is refused; an empty text if it is read."""
    try:
        read_source(SourceSpec("cases", path=path))
    except KimError as error:
        return error.code
    return ""


def table_with(**cells: Any) -> Table:
    """The rows of profile A with some cells of the first one replaced."""
    first = [cells.get(name, cell) for name, cell in zip(CASES_A[0], CASES_A[1][0], strict=True)]
    return CASES_A[0], [first, *CASES_A[1][1:]]


def texts(raw: RawTable, name: str) -> list[str]:
    values: list[str] = raw.texts(name).to_pylist()
    return values


# --------------------------------------------------------------------------------------------- spreadsheets


def edited(path: Path, edit: Callable[[openpyxl.worksheet.worksheet.Worksheet], None]) -> Path:
    """Change a workbook with the tool that wrote it."""
    book = openpyxl.load_workbook(path)
    edit(book.active)
    book.save(path)
    return path


def rewritten(path: Path, part: str, change: Callable[[bytes], bytes]) -> Path:
    """Change one part of the package, as another program would have written it."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts[part] = change(parts[part])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


SHEET = "xl/worksheets/sheet1.xml"


@pytest.fixture
def xlsx(tmp_path: Path) -> Path:
    return write_xlsx(tmp_path / "liste.xlsx", table_with(Bemerkung=SECRET))


@pytest.mark.parametrize("kept", [100, 2000, -200, -30])
def test_a_truncated_workbook(xlsx: Path, kept: int) -> None:
    xlsx.write_bytes(xlsx.read_bytes()[:kept])

    error = refusal(xlsx)
    assert error.code == "source_damaged"
    assert "liste.xlsx" in error.detail.de


def test_a_workbook_with_scribbled_bytes(xlsx: Path) -> None:
    content = xlsx.read_bytes()
    codes = set()
    for place in range(60, len(content) - 60, 97):
        xlsx.write_bytes(content[:place] + b"\xff\x00\xff" + content[place + 3 :])
        codes.add(code_of(xlsx))
    assert "source_damaged" in codes
    assert codes <= {"", "source_damaged", "wrong_format", "missing_column", "source_too_large"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"Fallnummer;Fallbeginn\r\n", "eine Textdatei"),
        (b"<html><table><tr><td>Fallnummer", "eine Webseite"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "verschlüsselte"),
        (b"%PDF-1.7\n", "ein PDF"),
        (b"\0\1\2\3", "etwas anderes"),
    ],
)
def test_a_workbook_that_is_something_else(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "liste.xlsx"
    path.write_bytes(content)

    error = refusal(path)
    assert error.code == "wrong_format"
    assert said in error.detail.de


def test_an_encrypted_workbook_is_told_how_to_become_readable(tmp_path: Path) -> None:
    path = tmp_path / "liste.xlsx"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4096))

    assert "ohne Kennwort" in refusal(path).remedy.de


def test_a_package_of_another_program(tmp_path: Path) -> None:
    path = tmp_path / "liste.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("word/document.xml", "<document/>")

    assert refusal(path).code == "source_damaged"


def test_a_workbook_without_the_part_of_its_sheet(xlsx: Path) -> None:
    with zipfile.ZipFile(xlsx) as archive:
        parts = {name: archive.read(name) for name in archive.namelist() if name != SHEET}
    with zipfile.ZipFile(xlsx, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)

    assert refusal(xlsx).code == "sheet_missing"


def test_a_sheet_of_another_name(xlsx: Path) -> None:
    assert read_source(SourceSpec("cases", path=xlsx, sheet="Tabelle1")).rows == 3

    error = refusal(xlsx, sheet="Fälle 2025")
    assert error.code == "sheet_missing"
    assert "„Fälle 2025“ (Blätter: 1)" in error.detail.de


def test_the_sheet_that_is_named_is_read(xlsx: Path) -> None:
    book = openpyxl.load_workbook(xlsx)
    book.create_sheet("Vorn", 0).append(["Deckblatt"])
    book.save(xlsx)

    assert read_source(SourceSpec("cases", path=xlsx, sheet="Tabelle1")).rows == 3
    assert refusal(xlsx).code == "no_header"


def test_an_empty_sheet(tmp_path: Path) -> None:
    openpyxl.Workbook().save(tmp_path / "liste.xlsx")

    assert refusal(tmp_path / "liste.xlsx").code == "empty_source"


def test_the_header_may_stand_in_row_20_but_not_later(tmp_path: Path) -> None:
    banner = [["Export vom 05.10.2026"], *[[f"Zeile {n}"] for n in range(18)]]
    raw = read_source(SourceSpec("cases", path=write_xlsx(tmp_path / "a.xlsx", CASES_A, before=banner)))

    assert (raw.preamble, raw.export_date) == (19, date(2026, 10, 5))
    assert raw.lines.tolist() == [21, 22, 23]
    late = write_xlsx(tmp_path / "b.xlsx", CASES_A, before=[*banner, ["noch eine"]])
    assert refusal(late).code == "no_header"


def test_a_zip_bomb_is_not_unpacked(xlsx: Path) -> None:
    with zipfile.ZipFile(xlsx, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("xl/x.bin", "w") as part:
        for _ in range(80):
            part.write(bytes(1 << 20))
    assert xlsx.stat().st_size < 1 << 20

    assert refusal(xlsx).code == "source_too_large"


def test_too_many_rows_columns_and_bytes(xlsx: Path) -> None:
    for limits in (
        SourceLimits(max_rows=2),
        SourceLimits(max_columns=5),
        SourceLimits(max_bytes=100),
        SourceLimits(max_unpacked_bytes=1000),
    ):
        assert refusal(xlsx, limits=limits).code == "source_too_large"


def test_cells_merged_downwards_hold_for_each_of_their_rows(xlsx: Path) -> None:
    def merge(sheet) -> None:
        sheet.merge_cells("A2:A3")  # Fallnummer
        sheet.merge_cells("E2:E3")  # Fallbeginn

    raw = read_source(SourceSpec("cases", path=edited(xlsx, merge)))

    assert texts(raw, "Fallnummer") == ["F1", "F1", "F2"]
    assert texts(raw, "Fallbeginn") == ["03.02.2025", "03.02.2025", "12.02.2025"]
    assert raw.unmerged.tolist() == [False, True, False]


def test_cells_merged_across_columns_are_named(xlsx: Path) -> None:
    error = refusal(edited(xlsx, lambda sheet: sheet.merge_cells("D2:E2")))

    assert error.code == "unclear_cells"
    assert "D2:E2" in error.detail.de
    assert [item.pointer for item in error.errors] == ["/cells/D2:E2"]


def test_headings_merged_across_columns_are_rows_like_others(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "liste.xlsx", CASES_A, before=[["Fälle der Stadt"]])

    def merge(sheet) -> None:
        sheet.merge_cells("A1:F1")
        sheet.append(["Stand: Oktober"])
        sheet.merge_cells("A6:F6")

    raw = read_source(SourceSpec("cases", path=edited(path, merge)))
    assert raw.cells([3])[0][0] == "Stand: Oktober"
    assert raw.lines.tolist() == [3, 4, 5, 6]


def test_a_header_of_two_merged_rows_is_not_written_into_the_data(xlsx: Path) -> None:
    def merge(sheet) -> None:
        sheet.insert_rows(2)
        sheet.merge_cells("A1:A2")
        sheet["B2"] = "achtstellig"

    raw = read_source(SourceSpec("cases", path=edited(xlsx, merge)))
    assert texts(raw, "Fallnummer") == ["", "F1", "F1", "F2"]


def computed(path: Path, cell: str, value: str) -> Path:
    """Give a formula cell the value that a spreadsheet program would have saved with it."""

    def change(xml: bytes) -> bytes:
        start = xml.index(f'<c r="{cell}"'.encode())
        end = xml.index(b"</c>", start)
        assert b"<f>" in xml[start:end]
        done = xml[start:end].replace(b"<v />", b"").replace(b"<v></v>", b"")
        return xml[:start] + done + f"<v>{value}</v>".encode() + xml[end:]

    return rewritten(path, SHEET, change)


def test_the_value_of_a_formula_is_the_one_that_was_saved(xlsx: Path) -> None:
    path = computed(edited(xlsx, lambda sheet: sheet.__setitem__("B2", "=5382000+60")), "B2", "5382060")
    raw = read_source(SourceSpec("cases", path=path))

    assert texts(raw, "AGS")[0] == "5382060"
    assert raw.formulas == 1


def test_a_formula_without_a_value_is_named(xlsx: Path) -> None:
    error = refusal(edited(xlsx, lambda sheet: sheet.__setitem__("E3", '=DATE(2025,2,3)&"Geheimnis-4711"')))

    assert error.code == "unclear_cells"
    assert "E3" in error.detail.de
    assert "neu berechnen" in error.remedy.de


def test_a_formula_without_a_value_beside_the_profile_is_nobodys_concern(xlsx: Path) -> None:
    def add(sheet) -> None:
        sheet["R1"], sheet["R2"] = "Prüfspalte", "=1+1"

    assert read_source(SourceSpec("cases", path=edited(xlsx, add))).layout.extra == (17,)


def test_hidden_rows_columns_and_filters_hide_nothing(xlsx: Path) -> None:
    def hide(sheet) -> None:
        sheet.row_dimensions[3].hidden = True
        sheet.column_dimensions["E"].hidden = True
        sheet.auto_filter.ref = "A1:Q4"
        sheet.auto_filter.add_filter_column(8, ["w"])

    raw = read_source(SourceSpec("cases", path=edited(xlsx, hide)))
    assert texts(raw, "Fallnummer") == ["F1", "F1", "F2"]


def test_blank_rows_count_only_between_rows(xlsx: Path) -> None:
    def style(sheet) -> None:
        sheet.insert_rows(3)
        sheet["A3"].font = Font(bold=True)
        for row in range(6, 40):
            sheet.cell(row, 1).font = Font(bold=True)

    raw = read_source(SourceSpec("cases", path=edited(xlsx, style)))
    assert texts(raw, "Fallnummer") == ["F1", "", "F1", "F2"]
    assert raw.lines.tolist() == [2, 3, 4, 5]


def test_a_date_that_is_none_stays_the_number_it_is(xlsx: Path) -> None:
    def set_date(sheet) -> None:
        sheet["E2"] = 4_000_000
        sheet["E2"].number_format = "dd.mm.yyyy"
        sheet["E3"] = date(2025, 2, 3)

    raw = read_source(SourceSpec("cases", path=edited(xlsx, set_date)))
    assert texts(raw, "Fallbeginn")[:2] == ["4000000", "2025-02-03"]


def test_texts_that_other_programs_write_into_the_cells(xlsx: Path) -> None:
    def inline(xml: bytes) -> bytes:
        start = xml.index(b'<c r="A2"')
        end = xml.index(b"</c>", start) + 4
        texts = b'<r><t>F</t></r><r><t>1</t></r><rPh sb="0" eb="1"><t>x</t></rPh>'
        cell = b'<c r="A2" t="inlineStr"><is>' + texts + b"</is></c>"
        return xml[:start] + cell + xml[end:]

    assert (
        texts(read_source(SourceSpec("cases", path=rewritten(xlsx, SHEET, inline))), "Fallnummer")[0] == "F1"
    )


def test_entities_that_would_grow_are_refused(xlsx: Path) -> None:
    laughs = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'

    def declare(xml: bytes) -> bytes:
        start = xml.index(b"<worksheet")
        return xml[:start] + laughs + xml[start:]

    assert refusal(rewritten(xlsx, SHEET, declare)).code == "source_damaged"


def test_rows_and_cells_without_their_places(xlsx: Path) -> None:
    def bare(xml: bytes) -> bytes:
        return re.sub(rb' r="[A-Z]*\d+"', b"", xml)

    raw = read_source(SourceSpec("cases", path=rewritten(xlsx, SHEET, bare)))
    assert texts(raw, "Fallnummer") == ["F1", "F1", "F2"]
    assert raw.lines.tolist() == [2, 3, 4]


def test_a_sheet_in_a_namespace_with_a_prefix(xlsx: Path) -> None:
    def prefixed(xml: bytes) -> bytes:
        return re.sub(rb"<(/?)(?=[a-z])", rb"<\1x:", xml).replace(b"xmlns=", b"xmlns:x=")

    raw = read_source(SourceSpec("cases", path=rewritten(xlsx, SHEET, prefixed)))
    assert texts(raw, "Fallnummer") == ["F1", "F1", "F2"]


def test_errors_of_a_spreadsheet_are_texts(xlsx: Path) -> None:
    raw = read_source(SourceSpec("cases", path=edited(xlsx, lambda sheet: sheet.__setitem__("M2", "#N/A"))))

    assert texts(raw, "Rechtskreis")[0] == "#N/A"


def test_more_cells_than_columns_in_a_sheet(xlsx: Path) -> None:
    raw = read_source(
        SourceSpec("cases", path=edited(xlsx, lambda sheet: sheet.__setitem__("S3", "verrutscht")))
    )

    assert dict(raw.surplus) == {1: ("", "verrutscht")}


# ------------------------------------------------------------------------------------------------ CSV


def test_mixed_encodings_of_a_file_that_was_joined(tmp_path: Path) -> None:
    one = write_csv(tmp_path / "a.csv", CASES_A, encoding="cp1252").read_bytes()
    two = write_csv(tmp_path / "b.csv", CASES_A).read_bytes().partition(b"\r\n")[2]
    (tmp_path / "c.csv").write_bytes(one + two)
    raw = read_source(SourceSpec("cases", path=tmp_path / "c.csv"))

    assert raw.encoding == "cp1252"
    # What was UTF-8 is read as twice encoded, cell by cell; `quality` restores and counts it.
    assert texts(raw, "Staatsangehörigkeit") == ["Syrien", "Syrien", "Türkei", "Syrien", "Syrien", "TÃ¼rkei"]


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_the_delimiter_is_the_one_of_the_header(tmp_path: Path, delimiter: str) -> None:
    raw = read_source(SourceSpec("cases", path=write_csv(tmp_path / "x.csv", CASES_A, delimiter=delimiter)))

    assert texts(raw, "Fallnummer") == ["F1", "F1", "F2"]


def test_a_delimiter_that_nobody_uses(tmp_path: Path) -> None:
    error = refusal(write_csv(tmp_path / "x.csv", table_with(Bemerkung=SECRET), delimiter="^"))

    assert error.code == "no_header"
    assert "Fallnummer + Fallbeginn" in error.detail.de


def test_a_file_without_a_header(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "x.csv", (table_with(Bemerkung=SECRET)[1][0], CASES_A[1]))

    assert refusal(path).code == "no_header"
    register = write_csv(tmp_path / "y.csv", (("S1", "B2"), [("S2", "B3")]))
    assert "Stellen-ID + Baustein" in refusal(register, holds="posts").detail.de


@pytest.mark.parametrize("banner", ['Bericht "Fälle', '"Bericht', '17" Monitor', '"a" "b" "'])
def test_an_open_quotation_mark_before_the_header_hides_it_not(tmp_path: Path, banner: str) -> None:
    path = write_csv(tmp_path / "x.csv", CASES_A)
    path.write_bytes(f"{banner}\r\n".encode() + path.read_bytes())
    raw = read_source(SourceSpec("cases", path=path))

    assert raw.preamble == 1
    assert texts(raw, "Fallnummer") == ["F1", "F1", "F2"]


def test_a_header_line_longer_than_any(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b'"' + b"x" * 200_000 + b"\r\n" + b"y;z\r\n")

    assert refusal(path).code == "no_header"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_unicode_text_of_spreadsheets(tmp_path: Path, encoding: str) -> None:
    path = write_csv(tmp_path / "x.txt", table_with(Bemerkung=SECRET), delimiter="\t", encoding=encoding)

    assert refusal(path).code == "wrong_encoding"


def test_a_csv_that_is_a_workbook(tmp_path: Path, xlsx: Path) -> None:
    shutil.copy(xlsx, tmp_path / "liste.csv")

    error = refusal(tmp_path / "liste.csv")
    assert error.code == "wrong_format"
    assert "vielleicht .xlsx" in error.detail.de


# ---------------------------------------------------------------------------------------------- Parquet


@pytest.fixture
def parquet(tmp_path: Path) -> Path:
    return write_parquet(tmp_path / "x.parquet", table_with(Bemerkung=SECRET))


@pytest.mark.parametrize("kept", [8, 200, -1, -40])
def test_a_truncated_parquet_file(parquet: Path, kept: int) -> None:
    parquet.write_bytes(parquet.read_bytes()[:kept])

    assert refusal(parquet).code == "source_damaged"


def test_a_parquet_file_with_scribbled_bytes(parquet: Path) -> None:
    content = parquet.read_bytes()
    codes = set()
    for place in range(4, len(content) - 8, 61):
        parquet.write_bytes(content[:place] + b"\xff\xff\xff" + content[place + 3 :])
        codes.add(code_of(parquet))
    assert "source_damaged" in codes
    assert codes <= {"", "source_damaged", "missing_column", "source_too_large", "empty_source", "wrong_type"}


def test_a_parquet_file_that_is_something_else(tmp_path: Path, xlsx: Path) -> None:
    shutil.copy(xlsx, tmp_path / "x.parquet")

    assert refusal(tmp_path / "x.parquet").code == "wrong_format"


@pytest.mark.parametrize(
    ("type_", "cell"),
    [
        (pa.binary(), SECRET.encode()),
        (pa.struct({"a": pa.string()}), {"a": SECRET}),
        (pa.list_(pa.string()), [SECRET]),
        (pa.float64(), float("inf")),
    ],
)
def test_a_parquet_column_of_another_type(tmp_path: Path, type_: pa.DataType, cell: object) -> None:
    rows = [
        [cell if name == "Geschlecht" else text for name, text in zip(CASES_A[0], row, strict=True)]
        for row in CASES_A[1]
    ]
    error = refusal(write_parquet(tmp_path / "x.parquet", (CASES_A[0], rows), {"Geschlecht": type_}))

    assert error.code == "wrong_type"
    assert "Geschlecht" in error.detail.de
    assert str(type_)[:5] in error.detail.de


def test_parquet_texts_that_are_none(tmp_path: Path) -> None:
    columns = {name: [row[place] for row in CASES_A[1]] for place, name in enumerate(CASES_A[0])}
    table = pa.table(columns)
    broken = pa.array([b"\xff\xfe"] * 3, pa.binary()).view(pa.string())
    place = table.column_names.index("Bemerkung")
    pq.write_table(table.set_column(place, "Bemerkung", broken), tmp_path / "x.parquet")

    assert refusal(tmp_path / "x.parquet").code == "source_damaged"


@pytest.mark.parametrize(
    "limits", [SourceLimits(max_rows=2), SourceLimits(max_columns=3), SourceLimits(max_unpacked_bytes=100)]
)
def test_parquet_beyond_its_limits(parquet: Path, limits: SourceLimits) -> None:
    assert refusal(parquet, limits=limits).code == "source_too_large"


# ------------------------------------------------------------------------------------------- JSON lines


@pytest.fixture
def lines(tmp_path: Path) -> list[str]:
    path = write_json_lines(tmp_path / "y.jsonl", table_with(Bemerkung=SECRET))
    return path.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ('{"Fallnummer": "Geheimnis-4711"', "Zeile 2 ist kein gültiges JSON"),
        ('{"Fallnummer": Geheimnis-4711}', "Zeile 2 ist kein gültiges JSON"),
        ('{"Fallnummer": NaN}', "Zeile 2 ist kein gültiges JSON"),
        ('{"Fallnummer": "x"} {"Fallnummer": "y"}', "Zeile 2 ist kein gültiges JSON"),
        ("[" * 100_000, "Zeile 2 ist kein gültiges JSON"),
        ('{"Fallnummer": ' + "9" * 5000 + "}", "Zeile 2 ist kein gültiges JSON"),
        ('["Geheimnis-4711"]', "Zeile 2 ist kein Objekt"),
        ('"Geheimnis-4711"', "Zeile 2 ist kein Objekt"),
        ('{"Fallnummer": "F1", "Fallnummer": "Geheimnis-4711"}', "In Zeile 2 steht ein Name zweimal"),
        ('{"Fallnummer": {"nr": "Geheimnis-4711"}}', "In Zeile 2 (Spalte Fallnummer) steht eine Liste"),
        ('{"Fallnummer": ["Geheimnis-4711"]}', "In Zeile 2 (Spalte Fallnummer) steht eine Liste"),
        ('{"Handlungsfelder": [["Geheimnis-4711"]]}', "In Zeile 2 (Spalte Handlungsfelder) steht eine Liste"),
        ('{"Geheimnis-4711": {}}', "In Zeile 2 steht eine Liste oder ein Objekt"),
        ('{"Bemerkung": "' + "x" * (1 << 20) + '"}', "Zeile 2 ist zu lang"),
    ],
)
def test_a_broken_line_of_json(tmp_path: Path, lines: list[str], broken: str, said: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text("\n".join([lines[0], broken, *lines[1:]]), encoding="utf-8")

    error = refusal(path)
    assert error.code == "source_damaged"
    assert said in error.detail.de


def test_json_lines_may_lack_members_and_have_blank_lines(tmp_path: Path, lines: list[str]) -> None:
    path = tmp_path / "x.jsonl"
    more = '{"Fallnummer": "F9", "Notiz": "neu"}'
    path.write_text("\n".join([lines[0], "", more, *lines[1:], ""]), encoding="utf-8-sig")
    raw = read_source(SourceSpec("cases", path=path))

    assert texts(raw, "Fallnummer") == ["F1", "F9", "F1", "F2"]
    assert texts(raw, "Geschlecht") == ["w", "", "m", "w"]
    assert raw.lines.tolist() == [1, 3, 4, 5]
    assert raw.layout.extra == (17,)
    assert raw.cells([0])[0][17] == ""


def test_a_json_array_is_told_how_to_become_lines(tmp_path: Path, lines: list[str]) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text("[" + ",\n".join(lines) + "]", encoding="utf-8")

    error = refusal(path)
    assert error.code == "wrong_format"
    assert "ein Objekt je Zeile" in error.remedy.de


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16"])
def test_json_in_another_encoding(tmp_path: Path, lines: list[str], encoding: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text("\n".join(lines), encoding=encoding)

    assert refusal(path).code == "wrong_encoding"


def test_json_lines_beyond_their_limits(tmp_path: Path, lines: list[str]) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")

    for limits in (SourceLimits(max_rows=2), SourceLimits(max_columns=3)):
        assert refusal(path, limits=limits).code == "source_too_large"
    path.write_text("\n\n", encoding="utf-8")
    assert refusal(path).code == "empty_source"


def test_many_json_lines_in_blocks(tmp_path: Path) -> None:
    rows = [[f"F{n}", *CASES_A[1][0][1:]] for n in range(9000)]
    path = write_json_lines(tmp_path / "x.jsonl", (CASES_A[0], rows))
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"Fallnummer": "F9000", "Neu": "x"}) + "\n")
    raw = read_source(SourceSpec("cases", path=path))

    assert texts(raw, "Fallnummer") == [f"F{n}" for n in range(9001)]
    assert raw.cells([8999, 9000])[0][-1] == ""
    assert raw.cells([9000])[0][-1] == "x"


# ----------------------------------------------------------------------------------------------- SQLite


def sqlite_refusal(spec: SourceSpec, **more: Any) -> KimError:
    with pytest.raises(KimError) as caught:
        read_source(spec, **more)
    assert SECRET not in f"{caught.value} {caught.value.detail.de}"
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return caught.value


def sqlite_source(folder: Path, table: str = "export") -> SourceSpec:
    url = f"sqlite:///{folder}/faelle.db"
    write_sql(url, "export", table_with(Bemerkung=SECRET))
    return SourceSpec("cases", url=url, table=table)


def test_a_database_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    spec = SourceSpec("cases", url=f"sqlite:///{tmp_path}/nirgends.db", table="export")

    assert sqlite_refusal(spec).code == "source_missing"
    assert list(tmp_path.iterdir()) == []


def test_a_database_file_that_is_something_else(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"Fallnummer;Fallbeginn\r\n" * 100)

    spec = SourceSpec("cases", url=f"sqlite:///{tmp_path}/x.db", table="export")
    assert sqlite_refusal(spec).code == "wrong_format"


def test_a_truncated_database_file(tmp_path: Path) -> None:
    spec = sqlite_source(tmp_path)
    path = tmp_path / "faelle.db"
    with sqlite3.connect(path) as connection:
        connection.executemany(
            "INSERT INTO export (Fallnummer) VALUES (?)", [(f"{SECRET}-{n}" * 20,) for n in range(2000)]
        )
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    assert sqlite_refusal(spec).code == "source_damaged"


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    error = sqlite_refusal(sqlite_source(tmp_path, table="exporte"))

    assert error.code == "source_missing"
    assert "exporte" in error.detail.de
    assert "Datenbankbenutzers" in error.remedy.de


def test_a_view_whose_table_is_gone(tmp_path: Path) -> None:
    spec = sqlite_source(tmp_path, table="sicht")
    with sqlite3.connect(tmp_path / "faelle.db") as connection:
        connection.execute("CREATE VIEW sicht AS SELECT * FROM export")
        connection.execute("DROP TABLE export")

    assert sqlite_refusal(spec).code == "source_interrupted"


def test_a_view_that_fails_on_one_of_its_rows(tmp_path: Path) -> None:
    spec = sqlite_source(tmp_path, table="sicht")
    with sqlite3.connect(tmp_path / "faelle.db") as connection:
        # abs() of the smallest integer overflows: an error of one row.
        connection.execute(
            "CREATE VIEW sicht AS SELECT e.*, abs(CASE Fallnummer WHEN 'F2' THEN -9223372036854775808 END) "
            "AS x "
            "FROM export e"
        )

    assert sqlite_refusal(spec).code == "source_interrupted"


def test_bytes_in_a_database(tmp_path: Path) -> None:
    spec = sqlite_source(tmp_path)
    with sqlite3.connect(tmp_path / "faelle.db") as connection:
        connection.execute("UPDATE export SET Geschlecht = ?", (SECRET.encode(),))

    error = sqlite_refusal(spec)
    assert error.code == "wrong_type"
    assert "Geschlecht hat den Typ bytes" in error.detail.de


def test_a_database_beyond_its_limits(tmp_path: Path) -> None:
    spec = sqlite_source(tmp_path)

    for limits in (SourceLimits(max_rows=2), SourceLimits(max_columns=3)):
        assert sqlite_refusal(spec, limits=limits).code == "source_too_large"


def test_rows_of_a_database_come_in_one_order(tmp_path: Path) -> None:
    spec = sqlite_source(tmp_path)
    before = read_source(spec)
    with sqlite3.connect(tmp_path / "faelle.db") as connection:
        rows = connection.execute("SELECT * FROM export").fetchall()
        connection.execute("DELETE FROM export")
        marks = ", ".join("?" * len(rows[0]))
        connection.executemany(f"INSERT INTO export VALUES ({marks})", reversed(rows))

    assert read_source(spec).cells(range(3)) == before.cells(range(3))


def test_a_database_is_only_read(tmp_path: Path) -> None:
    spec = sqlite_source(tmp_path)
    path = tmp_path / "faelle.db"
    path.chmod(0o400)
    before = path.read_bytes()
    read_source(spec)

    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["faelle.db"]


@pytest.mark.parametrize("url", ["firebird://kim@db/faelle", "postgresql://kim@db:port/faelle", "faelle.db"])
def test_an_address_that_nobody_can_read(url: str) -> None:
    error = sqlite_refusal(SourceSpec("cases", url=url, table="export"))

    assert error.code == "config_invalid"
    assert error.pointer == "/sources/cases/url"


@pytest.mark.parametrize(
    ("url", "extra"),
    [
        ("postgresql+pg8000://kim@127.0.0.1:9/x", "postgresql"),
        ("mysql+aiomysql://kim@127.0.0.1:9/x", "mariadb"),
        ("mssql+pymssql://kim@127.0.0.1:9/x", "mssql"),
        ("oracle+cx_oracle://kim@127.0.0.1:9/x", "oracle"),
    ],
)
def test_a_driver_that_is_not_installed_is_named_by_its_extra(url: str, extra: str) -> None:
    error = sqlite_refusal(SourceSpec("cases", url=url, table="export"))

    assert error.code == "driver_missing"
    assert f"kim-datenverbund[node,{extra}]" in error.detail.de


def test_every_kind_of_server_has_its_driver_in_an_extra() -> None:
    import tomllib

    extras = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8"))
    optional = extras["project"]["optional-dependencies"]
    for backend, server in connecting._SERVERS.items():
        if server.extra is not None:
            assert any(server.driver in requirement for requirement in optional[server.extra]), backend


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: None, "nicht lesbar"),
        (lambda path: (path.write_text("hunter2"), path.chmod(0o640)), "für andere Benutzer lesbar"),
        (lambda path: (path.write_text("\n"), path.chmod(0o600)), "ist leer"),
        (lambda path: (path.write_bytes(b"\xff\xfe"), path.chmod(0o600)), "kein UTF-8"),
        (lambda path: path.mkdir(0o700), "nicht lesbar"),
    ],
)
def test_a_password_file_that_cannot_be_used(
    tmp_path: Path, make: Callable[[Path], object], said: str
) -> None:
    make(tmp_path / "secret")
    spec = SourceSpec(
        "cases", url="postgresql://kim@127.0.0.1:9/x", table="t", password_file=tmp_path / "secret"
    )
    error = sqlite_refusal(spec)

    assert error.code == "password_unreadable"
    assert said in error.detail.de
    assert "hunter2" not in f"{error} {error.detail.de}"


@pytest.mark.parametrize(
    "code",
    [
        "wrong_format", "source_damaged", "sheet_missing", "unclear_cells", "wrong_type", "driver_missing",
        "password_unreadable", "source_unreachable", "source_denied", "source_interrupted",
    ],
)  # fmt: skip
def test_every_refusal_of_a_source_says_what_to_do(code: str) -> None:
    problem = PROBLEMS[code]

    assert problem.remedy.de != problem.remedy.en
    assert problem.exit_code in {65, 66, 69, 75, 77}
