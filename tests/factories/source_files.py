"""Sources in every format, written by the tools that municipalities use, from rows typed in a test."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

Table = tuple[Sequence[str], Sequence[Sequence[Any]]]

#: Two persons of one case and a case that has ended, in profile A.
CASES_A: Table = (
    (
        "Fallnummer", "AGS", "Beratungsart", "Erstkontakt", "Fallbeginn", "Fallende", "Fallstatus",
        "Personen-ID", "Geschlecht", "Geburtsdatum", "Staatsangehörigkeit", "Aufenthaltsstatus",
        "Rechtskreis", "Zugang über", "Handlungsfelder", "Abschlussgrund", "Bemerkung",
    ),
    (
        ("F1", "05382060", "CM", "01.02.2025", "03.02.2025", "", "laufend", "P1", "w", "01.05.1990", "Syrien",
         "T_HUM_24", "SGB II", "Jobcenter", "Sprache", "", "ruft zurück"),
        ("F1", "05382060", "CM", "01.02.2025", "03.02.2025", "", "laufend", "P2", "m", "02.06.1988", "Syrien",
         "T_HUM_24", "SGB II", "Jobcenter", "Arbeit", "", ""),
        ("F2", "05382020", "CM", "10.02.2025", "12.02.2025", "30.04.2025", "beendet", "P3", "w", "07.07.1979",
         "Türkei", "NE", "kein Leistungsbezug", "Selbstmelder", "Wohnen", "Ziel erreicht", ""),
    ),
)  # fmt: skip


def write_csv(path: Path, table: Table, *, delimiter: str = ";", encoding: str = "utf-8") -> Path:
    """Write text cells, the header first; quoted where need be."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerows([table[0], *table[1]])
    path.write_bytes(text.getvalue().encode(encoding))
    return path


def write_excel_csv(path: Path, table: Table) -> Path:
    """Write what "CSV UTF-8" of a spreadsheet gives in profile B: mark, `sep=;`, everything quoted."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=";", quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(
        [table[0], *table[1]]
    )
    path.write_bytes(("sep=;\r\n" + text.getvalue()).encode("utf-8-sig"))
    return path


def write_xlsx(
    path: Path, table: Table, *, sheet: str = "Tabelle1", before: Sequence[Sequence[Any]] = ()
) -> Path:
    """Write a workbook of one sheet; cells keep their types."""
    book = openpyxl.Workbook()
    book.active.title = sheet
    for row in (*before, table[0], *table[1]):
        book.active.append([None if cell == "" else cell for cell in row])
    book.save(path)
    return path


def write_parquet(path: Path, table: Table, types: Mapping[str, pa.DataType] | None = None) -> Path:
    """Write a Parquet file; columns are text unless `types` says otherwise, empty cells null."""
    columns = {
        name: pa.array(
            [row[place] if row[place] != "" else None for row in table[1]], (types or {}).get(name)
        )
        for place, name in enumerate(table[0])
    }
    pq.write_table(pa.table(columns), path)
    return path


def write_json_lines(path: Path, table: Table) -> Path:
    """Write one object per row; empty cells are null."""
    lines = [
        json.dumps(
            {n: c if c != "" else None for n, c in zip(table[0], row, strict=True)}, ensure_ascii=False
        )
        for row in table[1]
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def write_sql(
    url: str, name: str, table: Table, types: Mapping[str, sa.types.TypeEngine[Any]] | None = None
) -> None:
    """Write a table of a database; columns are text unless `types` says otherwise, empty cells null."""
    engine = sa.create_engine(url)
    schema, _, short = name.rpartition(".")
    columns = [sa.Column(column, (types or {}).get(column, sa.String(200))) for column in table[0]]
    target = sa.Table(short, sa.MetaData(), *columns, schema=schema or None)
    rows = [{n: c if c != "" else None for n, c in zip(table[0], row, strict=True)} for row in table[1]]
    try:
        with engine.begin() as connection:
            target.drop(connection, checkfirst=True)
            target.create(connection)
            if rows:
                connection.execute(target.insert(), rows)
    finally:
        engine.dispose()
