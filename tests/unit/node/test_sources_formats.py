"""The same rows from every format are the same table; profiles B, C and registers under canonical names."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pyarrow as pa
import pytest

from node.settings import SourceSpec
from node.sources import PROFILES, RawTable, read_source
from node.sources.table.cell_texts import NoTextError, text_of, texts_of
from node.sources.table.profile import ProfileNames
from node.sources.table.profiles import PROFILE_A, PROFILE_B, PROFILE_C
from protocol.errors import KimError
from tests.factories.source_files import (
    CASES_A,
    Table,
    write_csv,
    write_excel_csv,
    write_json_lines,
    write_parquet,
    write_sql,
    write_xlsx,
)

#: Profile B: spreadsheet list, in the profile's own names.
LIST_B: Table = (
    (
        "Fall-Nr.", "AGS", "Gemeinde", "Art der Beratung", "Erstkontakt", "Beginn", "Ende", "Status",
        "Person", "Personen im Fall", "Geschlecht", "Alter", "Staatsangehörigkeit", "Aufenthaltsstatus",
        "Rechtskreis",
        "Zugang", "Thema 1", "Thema 2", "Thema 3", "Ergebnis", "Bemerkung",
    ),
    (
        ("17", "05382060", "Bonn", "CM", "45700", "45705", "", "laufend", "P1", "1", "w", "34", "Syrien",
         "T_HUM_24", "SGB II", "Jobcenter", "Sprache", "Arbeit", "", "", ""),
        ("18", "05382060", "Bonn", "CM", "45700", "45706", "", "laufend", "P2", "1", "m", "51", "Irak",
         "NE", "SGB II", "Jobcenter", "Arbeit", "", "", "", ""),
    ),
)  # fmt: skip
EXPORT_C: Table = (
    PROFILE_C.own_names,
    (
        ("c-1", "05382060", "W1", "CASE", "2025-02-01", "2025-02-03", "", "ACTIVE", "p-1", "1", "F",
         "1990-05-01", "SY", "T_HUM_24", "SGB2", "JC", "", "", "LANG;WORK", "", "Zeile mit , Komma"),
    ),
)  # fmt: skip


def texts(raw: RawTable, name: str) -> list[str]:
    values: list[str] = raw.texts(name).to_pylist()
    return values


def sqlite(folder: Path, table: Table) -> SourceSpec:
    write_sql(f"sqlite:///{folder}/faelle.db", "export", table)
    return SourceSpec("cases", url=f"sqlite:///{folder}/faelle.db", table="export")


WRITERS: dict[str, Callable[[Path, Table], SourceSpec]] = {
    "csv": lambda folder, table: SourceSpec("cases", path=write_csv(folder / "x.csv", table)),
    "txt": lambda folder, table: SourceSpec("cases", path=write_csv(folder / "x.txt", table, delimiter="\t")),
    "xlsx": lambda folder, table: SourceSpec("cases", path=write_xlsx(folder / "x.xlsx", table)),
    "parquet": lambda folder, table: SourceSpec("cases", path=write_parquet(folder / "x.parquet", table)),
    "jsonl": lambda folder, table: SourceSpec("cases", path=write_json_lines(folder / "x.jsonl", table)),
    "sqlite": sqlite,
}
FIRST_NUMBER = {"csv": 2, "txt": 2, "xlsx": 2, "parquet": 1, "jsonl": 1, "sqlite": 1}
NUMBERING = {
    "csv": "line",
    "txt": "line",
    "xlsx": "row",
    "parquet": "record",
    "jsonl": "line",
    "sqlite": "record",
}


@pytest.mark.parametrize("kind", WRITERS)
def test_the_same_cells_from_every_format(tmp_path: Path, kind: str) -> None:
    raw = read_source(WRITERS[kind](tmp_path, CASES_A))

    assert raw.layout.header == tuple(CASES_A[0])
    assert raw.cells(range(raw.rows)) == [tuple(row) for row in CASES_A[1]]
    assert raw.lines.tolist() == [FIRST_NUMBER[kind] + n for n in range(3)]
    assert raw.numbering == NUMBERING[kind]
    assert (raw.encoding is None) == (kind not in {"csv", "txt", "jsonl"})
    assert (raw.layout.renamed, raw.layout.moved, raw.layout.extra) == ((), (), ())
    assert raw.distinct_of("Geschlecht").texts == ["w", "m"]
    assert raw.matching(raw.layout.places["Fallnummer"], "^F1$").tolist() == [True, True, False]
    assert raw.blank(raw.layout.places["Fallende"]).tolist() == [True, True, False]


@pytest.mark.parametrize("kind", WRITERS)
def test_missing_columns_of_every_format(tmp_path: Path, kind: str) -> None:
    names = [name for name in CASES_A[0] if name not in {"Geschlecht", "Fallende"}]
    rows = [[row[CASES_A[0].index(name)] for name in names] for row in CASES_A[1]]
    with pytest.raises(KimError) as caught:
        read_source(WRITERS[kind](tmp_path, (names, rows)))

    assert caught.value.code == "missing_column"
    assert "Fallende, Geschlecht" in caught.value.detail.de
    assert "[sources.cases.columns]" in caught.value.detail.de


@pytest.mark.parametrize("kind", [kind for kind in WRITERS if kind != "jsonl"])
def test_a_header_without_rows_in_every_format(tmp_path: Path, kind: str) -> None:
    with pytest.raises(KimError) as caught:
        read_source(WRITERS[kind](tmp_path, (CASES_A[0], ())))

    assert caught.value.code == "empty_source"


@pytest.mark.parametrize("kind", WRITERS)
def test_local_names_in_every_format(tmp_path: Path, kind: str) -> None:
    header = ["Vorgang", *CASES_A[0][1:]]
    spec = WRITERS[kind](tmp_path, (header, CASES_A[1]))
    raw = read_source(
        SourceSpec("cases", path=spec.path, url=spec.url, table=spec.table, columns={"Fallnummer": "Vorgang"})
    )

    assert texts(raw, "Fallnummer") == ["F1", "F1", "F2"]
    assert raw.layout.renamed == ("Fallnummer",)


# ------------------------------------------------------------------------------------------------ profiles


@pytest.mark.parametrize("kind", ["csv", "excel", *WRITERS])
def test_profile_b_from_every_format(tmp_path: Path, kind: str) -> None:
    if kind == "excel":
        path = write_excel_csv(tmp_path / "x.csv", LIST_B)
        spec = SourceSpec("list", profile="B", path=path)
    else:
        made = WRITERS[kind](tmp_path, LIST_B)
        spec = SourceSpec("list", profile="B", path=made.path, url=made.url, table=made.table)
    raw = read_source(spec)

    assert texts(raw, "Handlungsfelder") == ["Sprache\nArbeit", "Arbeit"]
    assert texts(raw, "Alter") == ["34", "51"]
    assert texts(raw, "Fallnummer") == ["17", "18"]
    assert texts(raw, "Fallbeginn") == ["45705", "45706"]
    assert texts(raw, "Zugang über") == ["Jobcenter", "Jobcenter"]
    assert not raw.has("Geburtsdatum")
    assert raw.layout.renamed == ()
    # The joined column is no column of the file: the quarantine shows what the file has.
    assert raw.cells([0]) == [tuple(LIST_B[1][0])]
    assert len(raw.layout.header) == len(LIST_B[0])


def test_profile_b_as_excel_writes_it(tmp_path: Path) -> None:
    raw = read_source(SourceSpec("list", profile="B", path=write_excel_csv(tmp_path / "x.csv", LIST_B)))

    assert (raw.preamble, raw.encoding) == (1, "utf-8-sig")
    assert raw.lines.tolist() == [3, 4]


def test_profile_b_with_real_types_in_a_spreadsheet(tmp_path: Path) -> None:
    rows = [list(row) for row in LIST_B[1]]
    for row in rows:
        row[0], row[1], row[4], row[5], row[11] = (
            int(row[0]),
            5382060,
            date(2025, 2, 12),
            datetime(2025, 2, 17),
            34.0,
        )
    raw = read_source(
        SourceSpec("list", profile="B", path=write_xlsx(tmp_path / "x.xlsx", (LIST_B[0], rows)))
    )

    assert texts(raw, "Fallnummer") == ["17", "18"]
    assert texts(raw, "AGS") == ["5382060", "5382060"]
    assert texts(raw, "Erstkontakt") == ["2025-02-12", "2025-02-12"]
    assert texts(raw, "Fallbeginn") == ["2025-02-17", "2025-02-17"]
    assert texts(raw, "Alter") == ["34", "34"]


def test_a_header_with_a_line_break_in_a_name(tmp_path: Path) -> None:
    header = ["Thema\n1" if name == "Thema 1" else name for name in LIST_B[0]]
    raw = read_source(
        SourceSpec("list", profile="B", path=write_excel_csv(tmp_path / "x.csv", (header, LIST_B[1])))
    )

    assert texts(raw, "Thema 1") == ["Sprache", "Arbeit"]
    assert raw.preamble == 1
    assert raw.lines.tolist() == [4, 5]


def test_profile_c_from_csv(tmp_path: Path) -> None:
    raw = read_source(
        SourceSpec("c", profile="C", path=write_csv(tmp_path / "x.csv", EXPORT_C, delimiter=","))
    )

    assert texts(raw, "Fallnummer") == ["c-1"]
    assert texts(raw, "Geburtsdatum") == ["1990-05-01"]
    assert texts(raw, "Bemerkung") == ["Zeile mit , Komma"]
    assert (raw.layout.renamed, raw.layout.moved) == ((), ())


def test_profile_c_from_json_lines_with_a_list_of_fields(tmp_path: Path) -> None:
    row = list(EXPORT_C[1][0])
    row[PROFILE_C.own_names.index("fields")] = ["LANG", "WORK"]
    row[PROFILE_C.own_names.index("persons")] = 1
    raw = read_source(
        SourceSpec("c", profile="C", path=write_json_lines(tmp_path / "x.jsonl", (EXPORT_C[0], [row])))
    )

    assert texts(raw, "Handlungsfelder") == ["LANG\nWORK"]
    assert texts(raw, "Anz. Personen") == ["1"]


@pytest.mark.parametrize(
    ("holds", "header", "row"),
    [
        (
            "posts",
            "Stellen-ID;Baustein;Träger-ID;Träger;VZÄ bewilligt;VZÄ besetzt;gültig von;gültig bis",
            "S1;B2;T1;Caritas;1;0,5;01.01.2025;",
        ),
        (
            "funds",
            "Beleg;Haushaltsjahr;Baustein;Kostenart;Träger-ID;bewilligt;verausgabt;Buchungsdatum",
            "4711;2025;B2;Personal;T1;57.000,00 €;-1.200,50;46053",
        ),
        ("issues", "Thema-ID;Handlungsfeld;Stand;gemeldet am", "T1;Wohnen;offen;03.02.2025"),
        (
            "decisions",
            "Vorgang;Entscheidung;Geschlecht;Datum;Wohnort-AGS;Behörde",
            "V1;bewilligt;w;03.02.2025;05382060;ABH",
        ),
    ],
)
@pytest.mark.parametrize("kind", ["excel", "xlsx", "csv"])
def test_registers_with_the_names_of_the_domain(
    tmp_path: Path, kind: str, holds: str, header: str, row: str
) -> None:
    table = header.split(";"), [row.split(";")]
    writer = {"excel": write_excel_csv, "xlsx": write_xlsx, "csv": write_csv}[kind]
    path = writer(tmp_path / ("x.xlsx" if kind == "xlsx" else "x.csv"), table)
    raw = read_source(SourceSpec("r", holds=holds, path=path))

    for name, cell in zip(*table[:1], row.split(";"), strict=True):
        assert texts(raw, name) == [cell]
    assert raw.layout.profile.id == holds
    assert raw.layout.extra == ()


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.id)
def test_every_profile_knows_its_own_header_and_the_canonical_one(profile) -> None:
    names = ProfileNames(profile)
    for header in (profile.own_names, profile.names):
        layout = names.layout(header)
        assert layout is not None
        assert list(layout.places) == list(profile.names)
        assert layout.moved == layout.extra == ()
        assert layout.is_repetition(header)
    assert set(profile.marks) <= set(profile.names)
    assert set(profile.united) <= set(PROFILE_A.names)


def test_profiles_b_and_c_give_every_column_of_a_that_must_be_there() -> None:
    required = {column.name for column in PROFILE_A.columns if not column.optional}
    of_b = {*PROFILE_B.names, *PROFILE_B.united} | {"Geburtsdatum"}  # B has an age instead
    assert required <= of_b
    assert required <= set(PROFILE_C.names)


def test_t26_the_fingerprint_follows_names_order_and_profile() -> None:
    names = ProfileNames(PROFILE_A)
    header = CASES_A[0]
    layout = names.layout_of(header)

    assert layout.fingerprint == names.layout_of([name.upper() for name in header]).fingerprint
    changed = [
        names.layout_of([*header, "Notiz"]),
        names.layout_of([*reversed(header)]),
        names.layout_of(["Fall-Nr.", *header[1:]]),
        ProfileNames(PROFILE_B).layout_of(header),
    ]
    assert len({layout.fingerprint, *(each.fingerprint for each in changed)}) == 5


# ------------------------------------------------------------------------------------- values that are none


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""),
        ("Köln", "Köln"),
        (True, "true"),
        (5382060, "5382060"),
        (5382060.0, "5382060"),
        (0.5, "0,5"),
        (0.1 + 0.2, "0,3"),
        (-1200.5, "-1200,5"),
        (1e16, "10000000000000000"),
        (1e-7, "0,0000001"),
        (-0.0, "0"),
        (float("nan"), ""),
        (Decimal("57000.00"), "57000"),
        (Decimal("1.234"), "1,234"),
        (Decimal("1E+3"), "1000"),
        (date(2025, 2, 3), "2025-02-03"),
        (datetime(2025, 2, 3), "2025-02-03"),
        (datetime(2025, 2, 3, 23, 30), "2025-02-03T23:30:00"),
        (datetime(2025, 12, 31, 23, 30, tzinfo=UTC), "2025-12-31T23:30:00+00:00"),
        (datetime(2025, 12, 31, tzinfo=UTC), "2025-12-31T00:00:00+00:00"),
        (time(9, 30), "09:30:00"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    ],
)
def test_the_text_of_a_value(value: object, expected: str) -> None:
    assert text_of(value) == texts_of(value) == expected


@pytest.mark.parametrize("value", [b"x", ["a"], {"a": 1}, object(), float("inf")])
def test_a_value_without_a_text_is_named_by_its_type_only(value: object) -> None:
    with pytest.raises(NoTextError) as caught:
        text_of(value)
    assert str(caught.value) == type(value).__name__


def test_types_of_parquet_become_text(tmp_path: Path) -> None:
    rows = [list(row) for row in CASES_A[1]]
    place = CASES_A[0].index
    for row in rows:
        row[place("AGS")] = 5382060
        row[place("Fallbeginn")] = date(2025, 2, 3)
        row[place("Erstkontakt")] = datetime(2025, 2, 1, 8, 15, tzinfo=UTC)
        row[place("Handlungsfelder")] = ["Sprache", "Arbeit"]
    path = write_parquet(
        tmp_path / "x.parquet",
        (CASES_A[0], rows),
        {"Geschlecht": pa.dictionary(pa.int8(), pa.string()), "Bemerkung": pa.large_string()},
    )
    raw = read_source(SourceSpec("cases", path=path))

    assert texts(raw, "AGS") == ["5382060"] * 3
    assert texts(raw, "Fallbeginn") == ["2025-02-03"] * 3
    assert texts(raw, "Erstkontakt") == ["2025-02-01T08:15:00+00:00"] * 3
    assert texts(raw, "Handlungsfelder") == ["Sprache\nArbeit"] * 3
    assert texts(raw, "Geschlecht") == ["w", "m", "w"]
    assert texts(raw, "Fallende") == ["", "", "30.04.2025"]
