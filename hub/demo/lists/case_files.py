"""Writes the cases of one area as an Excel list, as codes, or into a database.

Purpose: the layouts and media beside the case software's CSV export (`export_file`). Profile B is a list that
somebody keeps in a spreadsheet: age instead of date of birth, three columns for fields of action, serial
dates, as CSV or XLSX. Profile C comes from a welfare body's system: codes and ISO dates, as CSV, JSON lines
or a table. A database may also hold the case software's own columns.

Invariants: cells arrive as profile A writes them; only their form changes here, never what they say.
"""

from __future__ import annotations

import csv
import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Final

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from hub.demo.lists.export_file import write_export
from hub.demo.lists.plans import FIELD_SEPARATOR, AreaPlan, Medium, Profile
from hub.demo.lists.records import Entry, Findings
from hub.demo.words.columns import COLUMNS, COLUMNS_B, COLUMNS_C
from hub.demo.words.dates import serial

Value = str | int

#: Table of a database with the cases.
TABLE: Final = "kim_export"
_GERMAN: Final = re.compile(r"(\d\d)\.(\d\d)\.(\d{4})")
_FIELD_COLUMNS: Final = ("Thema 1", "Thema 2", "Thema 3")
_MOST_FIELDS: Final = len(_FIELD_COLUMNS)
#: Columns of the Excel list that hold whole numbers.
_WHOLE: Final = ("Alter", "Personen im Fall")
#: Columns of profile C that may hold several values.
_SEVERAL: Final = ("fields", "referred_to")


def write_cases(path: Path, plan: AreaPlan, entries: Iterable[Entry]) -> Findings:
    """Write the cases of one area in its layout and medium.

    Returns:
        Findings about the file itself, in lines or columns.
    """
    if plan.medium is Medium.CSV and plan.profile is Profile.A:
        return write_export(path, plan, entries)
    rows = (row for entry in entries for row in entry)
    texts = (dict(zip(COLUMNS, row.cells, strict=True)) for row in rows)
    form = {Profile.A: _as_is, Profile.B: _as_list, Profile.C: _as_codes}[plan.profile]
    header = tuple({Profile.A: COLUMNS, Profile.B: COLUMNS_B, Profile.C: COLUMNS_C}[plan.profile])
    write = {
        Medium.CSV: _write_list if plan.profile is Profile.B else _write_csv,
        Medium.XLSX: _write_sheet,
        Medium.JSON_LINES: _write_json_lines,
        Medium.SQLITE: _write_table,
    }[plan.medium]
    return Counter(write(path, header, map(form, texts)))


def _as_is(cells: Mapping[str, str]) -> Sequence[Value]:
    return [cells[column] for column in COLUMNS]


def _as_list(cells: Mapping[str, str]) -> Sequence[Value]:
    """Bring one row into profile B."""
    # What a trap has written into the cell need not be a list of three.
    fields = cells["Handlungsfelder"].split(FIELD_SEPARATOR, maxsplit=_MOST_FIELDS - 1)
    themes = dict(zip(_FIELD_COLUMNS, [*fields, *[""] * _MOST_FIELDS], strict=False))
    return [
        themes[own] if own in themes else _serial(cells[name], whole=own in _WHOLE)
        for own, name in COLUMNS_B.items()
    ]


def _as_codes(cells: Mapping[str, str]) -> Sequence[Value]:
    """Bring one row into profile C."""
    return [_iso(cells[local]) for local in COLUMNS_C.values()]


def _serial(text: str, *, whole: bool) -> Value:
    """Write a clean date, and a number where one belongs, as a spreadsheet keeps it; all else as it is."""
    day = _day(text)
    if day is not None:
        return serial(day)
    return int(text) if whole and text.isascii() and text.isdigit() else text


def _iso(text: str) -> str:
    day = _day(text)
    return text if day is None else day.isoformat()


def _day(text: str) -> date | None:
    found = _GERMAN.fullmatch(text)
    if found is None:
        return None
    try:
        return date(int(found[3]), int(found[2]), int(found[1]))
    except ValueError:
        return None


def _write_csv(
    path: Path, header: Iterable[str], rows: Iterable[Sequence[Value]]
) -> Mapping[tuple[str, str], int]:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(header)
        table.writerows(rows)
    return {}


def _write_list(
    path: Path, header: Iterable[str], rows: Iterable[Sequence[Value]]
) -> Mapping[tuple[str, str], int]:
    """Write what a spreadsheet saves: byte order mark, ``sep=;``, everything in quotation marks."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        file.write("sep=;\r\n")
        table = csv.writer(file, delimiter=";", lineterminator="\r\n", quoting=csv.QUOTE_ALL)
        table.writerow(header)
        table.writerows(rows)
    return {("T02", "N"): 1}


def _write_sheet(
    path: Path, header: Iterable[str], rows: Iterable[Sequence[Value]]
) -> Mapping[tuple[str, str], int]:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Fälle")
    sheet.append(list(header))
    for row in rows:
        sheet.append([text_cell(sheet, value) if isinstance(value, str) else value for value in row])
    book.save(path)
    return {}


def text_cell(sheet: WriteOnlyWorksheet, text: str) -> str | WriteOnlyCell | None:
    """Return what puts a text into a cell: nothing if it is empty, and never a formula."""
    if not text.startswith("="):
        return text or None
    cell = WriteOnlyCell(sheet, text)
    cell.data_type = "s"
    return cell


def _write_json_lines(
    path: Path, header: Iterable[str], rows: Iterable[Sequence[Value]]
) -> Mapping[tuple[str, str], int]:
    names = list(header)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for row in rows:
            known: dict[str, Value | list[str]] = {
                name: value for name, value in zip(names, row, strict=True) if value != ""
            }
            known |= {name: str(known[name]).split(FIELD_SEPARATOR) for name in _SEVERAL if name in known}
            file.write(json.dumps(known, ensure_ascii=False) + "\n")
    return {}


def _write_table(
    path: Path, header: Iterable[str], rows: Iterable[Sequence[Value]]
) -> Mapping[tuple[str, str], int]:
    path.unlink(missing_ok=True)
    names = list(header)
    columns = ", ".join(f'"{name}" TEXT' for name in names)
    places = ", ".join("?" * len(names))
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(f"CREATE TABLE {TABLE} ({columns})")
        database.executemany(
            f"INSERT INTO {TABLE} VALUES ({places})",  # noqa: S608 -- question marks only
            ([value if value != "" else None for value in row] for row in rows),
        )
    return {}
