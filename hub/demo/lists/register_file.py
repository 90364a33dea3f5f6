"""Writes a register as people save their lists: CSV of a spreadsheet, or the spreadsheet itself.

Invariants: CSV is UTF-8 with byte order mark, begins with ``sep=;`` and has everything in quotation marks; in
both, rows that are no data (totals, blank lines) stand between the data now and then and at the end.
"""

from __future__ import annotations

import csv
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

from openpyxl import Workbook

from hub.demo.lists.case_files import text_cell
from hub.demo.lists.records import Findings
from hub.demo.lists.register_clerk import Cell, RegisterRow

#: Share of rows after which a row stands that is no data.
_INTERRUPTION: Final = 0.01


def write_register(
    path: Path,
    columns: Sequence[str],
    rows: Sequence[RegisterRow[Any]],
    rng: random.Random,
    *,
    day: date,
    total: Mapping[str, Cell],
) -> Findings:
    """Write one register, as CSV or XLSX by the ending of its name.

    Args:
        path: where to.
        columns: in order.
        rows: the data.
        rng: decides where rows stand that are no data.
        day: the day on which it is written; the list says so above its header.
        total: what stands in the total row at the end, by column.

    Returns:
        Findings about the file: lines before the header, rows that are no data.
    """
    dropped = 0

    def lines() -> Iterator[Sequence[Cell]]:
        nonlocal dropped
        for row in rows:
            yield [row.cells[column] for column in columns]
            if rng.random() < _INTERRUPTION:
                dropped += 1
                yield ["Zwischensumme", *[""] * (len(columns) - 1)]
        dropped += 1
        yield ["Summe", *[total.get(column, "") for column in columns[1:]]]

    head = [f"Stand {day:%d.%m.%Y}"], [""], columns
    write = _write_sheet if path.suffix == ".xlsx" else _write_csv
    before = write(path, head, lines())
    return Counter({("T02", "N"): before, ("T03", "D"): dropped})


def _write_csv(path: Path, head: Sequence[Sequence[str]], lines: Iterator[Sequence[Cell]]) -> int:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        file.write("sep=;\r\n")
        table = csv.writer(file, delimiter=";", lineterminator="\r\n", quoting=csv.QUOTE_ALL)
        table.writerows(head)
        table.writerows([_text(cell) for cell in line] for line in lines)
    return len(head)


def _text(cell: Cell) -> str:
    """Write a cell as a German spreadsheet shows it."""
    if cell is None:
        return ""
    if isinstance(cell, float):
        return f"{cell:.2f}".replace(".", ",")
    return f"{cell:%d.%m.%Y}" if isinstance(cell, date) else str(cell)


def _write_sheet(path: Path, head: Sequence[Sequence[str]], lines: Iterator[Sequence[Cell]]) -> int:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Liste")
    for line in (*head, *lines):
        sheet.append([text_cell(sheet, cell) if isinstance(cell, str) else cell for cell in line])
    book.save(path)
    return len(head) - 1
