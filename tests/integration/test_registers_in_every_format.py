"""One posts register and one ledger as CSV, spreadsheet, JSON lines and database table: the same facts."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any, Final

import openpyxl
import pytest

from aggregation.facts import Facts
from node.mapping import CodeMapping
from node.quality import prepare
from node.settings import SourceSpec
from node.sources import read_source
from protocol.catalogue_file import load_catalogue

Row = Sequence[Any]

POSTS: Final = (
    [
        "Stellen-ID",
        "Baustein",
        "Träger-ID",
        "Träger",
        "VZÄ bewilligt",
        "VZÄ besetzt",
        "gültig von",
        "gültig bis",
    ],
    [
        ["S1", "B2", "T1", "AWO Rhein-Sieg", 1, 0.5, date(2024, 1, 1), None],
        [
            "S2",
            "Baustein 2",
            "T1",
            "AWO Rhein-Sieg",
            0.333333333333,
            "½",
            date(2024, 1, 1),
            date(2025, 6, 30),
        ],
        ["S3", "B1K", "K", "Rhein-Sieg-Kreis", 1.25, "50 %", date(2023, 7, 1), None],
    ],
)
FUNDS: Final = (
    [
        "Beleg",
        "Haushaltsjahr",
        "Baustein",
        "Kostenart",
        "Träger-ID",
        "bewilligt",
        "verausgabt",
        "Buchungsdatum",
    ],
    [
        ["B1", 2025, "B2", "Personal", "T1", 57000, None, date(2025, 1, 15)],
        ["B2", 2025, "B2", "Personal", "T1", None, 1234.5, date(2025, 2, 1)],
        ["B3", 2025, "B1K", "Fortbildung", "K", None, -250, date(2025, 3, 1)],
    ],
)


def german(cell: Any) -> str:
    """A cell as a person types it into a CSV file."""
    if cell is None:
        return ""
    if isinstance(cell, date):
        return f"{cell:%d.%m.%Y}"
    return str(cell).replace(".", ",") if isinstance(cell, float) else str(cell)


def as_csv(path: Path, header: Row, rows: Sequence[Row]) -> dict[str, Any]:
    lines = [header, *([german(cell) for cell in row] for row in rows)]
    path.write_text("\r\n".join(";".join(line) for line in lines) + "\r\n", encoding="utf-8-sig")
    return {"path": path}


def as_spreadsheet(path: Path, header: Row, rows: Sequence[Row]) -> dict[str, Any]:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (header, *rows):
        sheet.append(list(row))
    book.save(path)
    return {"path": path}


def as_json_lines(path: Path, header: Row, rows: Sequence[Row]) -> dict[str, Any]:
    objects = [
        {
            name: cell.isoformat() if isinstance(cell, date) else cell
            for name, cell in zip(header, row, strict=True)
        }
        for row in rows
    ]
    path.write_text("".join(json.dumps(one) + "\n" for one in objects), encoding="utf-8")
    return {"path": path}


def as_table(path: Path, header: Row, rows: Sequence[Row]) -> dict[str, Any]:
    names = ", ".join(f'"{name}"' for name in header)
    marks = ", ".join("?" * len(header))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"CREATE TABLE liste ({names})")
        values = [[c.isoformat() if isinstance(c, date) else c for c in row] for row in rows]
        connection.executemany(f"INSERT INTO liste VALUES ({marks})", values)
        connection.commit()
    return {"url": f"sqlite:///{path}", "table": "liste"}


def facts_of(folder: Path, write: Callable[[Path, Row, Sequence[Row]], dict[str, Any]], suffix: str) -> Facts:
    catalogue = load_catalogue()
    specs = [
        SourceSpec("posts", holds="posts", **write(folder / f"posts{suffix}", *POSTS)),
        SourceSpec("funds", holds="funds", **write(folder / f"funds{suffix}", *FUNDS)),
    ]
    prepared = prepare(
        [(spec, read_source(spec)) for spec in specs],
        area="NW05382",
        mapping=CodeMapping(catalogue),
        catalogue=catalogue,
    )
    assert prepared.unmapped == ()
    assert len(prepared.quarantine) == 0
    return prepared.facts


@pytest.mark.parametrize(
    ("write", "suffix"),
    [(as_csv, ".csv"), (as_spreadsheet, ".xlsx"), (as_json_lines, ".jsonl"), (as_table, ".db")],
    ids=["csv", "xlsx", "jsonl", "sql"],
)
def test_a_register_means_the_same_in_every_format(tmp_path: Path, write: Any, suffix: str) -> None:
    facts = facts_of(tmp_path, write, suffix)
    posts = facts.table("posts").select(["post_id", "funded", "filled", "BAUSTEIN", "CARRIER", "valid_to"])
    assert [tuple(post.values()) for post in posts.to_pylist()] == [
        ("s1", 100, 50, "B2", "NGO", None),
        ("s2", 33, 50, "B2", "NGO", date(2025, 6, 30)),
        ("s3", 125, 50, "B1K", "OWN", None),
    ]
    funds = facts.table("funds").select(["year", "carrier_id", "COST", "CARRIER", "granted", "spent"])
    assert [tuple(booking.values()) for booking in funds.to_pylist()] == [
        (2025, "t1", "STAFF", "NGO", 5700000, 0),
        (2025, "t1", "STAFF", "NGO", 0, 123450),
        (2025, "k", "TRAIN", "OWN", 0, -25000),
    ]
