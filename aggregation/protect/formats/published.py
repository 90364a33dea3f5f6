"""OUT.csv: every published cell, empty where it is withheld, with one status code that never says why.

``conf_status`` (SDMX ``CL_CONF_STATUS``) is ``F``, free, or ``C``, confidential. Whether a cell is sensitive
itself or withheld for the sake of another one stands in the file of reasons only, which stays in the house.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from aggregation.protect.auditing import Published
from aggregation.protect.faults import Fault
from aggregation.protect.formats.cell_rows import CellRows
from aggregation.protect.formats.delimited import Rows, write_delimited
from aggregation.protect.formats.numbers import read_number, write_number
from aggregation.protect.model import LARGEST_FIGURE, Figures, Magnitudes
from aggregation.protect.protecting import Outcome
from aggregation.protect.structure import PUBLISHED_VALUE, Structure
from aggregation.sdc.linear_system import BoolArray
from protocol.texts import Text

STATUS: Final = "conf_status"
FREE: Final = "F"
CONFIDENTIAL: Final = "C"


def write_published(
    structure: Structure, figures: Figures, withheld: BoolArray, *, separator: str = ","
) -> str:
    """Write what may leave the house.

    Args:
        structure: the tables.
        figures: true figures.
        withheld: which cells are withheld.
        separator: between the fields.
    """
    decimals = figures.decimals if isinstance(figures, Magnitudes) else 0
    return write_values(
        structure, Published(figures.values, withheld), decimals=decimals, separator=separator
    )


def write_values(
    structure: Structure,
    published: Published,
    *,
    decimals: int,
    separator: str = ",",
    with_status: bool = True,
) -> str:
    """Write what is published, in whatever way it was found; without the status if nothing is withheld."""
    header = (*structure.dimensions, PUBLISHED_VALUE, *((STATUS,) if with_status else ()))
    rows = []
    values, withheld = published.values.tolist(), published.withheld.tolist()
    for codes, value, hidden in zip(_codes(structure), values, withheld, strict=True):
        shown = "" if hidden else write_number(value, decimals=decimals)
        status = CONFIDENTIAL if hidden else FREE
        rows.append((*codes, shown, *((status,) if with_status else ())))
    return write_delimited(header, rows, separator=separator)


def write_reasons(structure: Structure, outcome: Outcome, *, separator: str = ",") -> str:
    """Write why each cell is withheld; this never leaves the house."""
    rows = (
        (*codes, reason)
        for codes, reason in zip(_codes(structure), outcome.reasons.tolist(), strict=True)
        if reason
    )
    return write_delimited((*structure.dimensions, "reason"), rows, separator=separator)


def read_published(rows: Rows, structure: Structure, *, decimals: int | None = None) -> Published:
    """Read what is published.

    Args:
        rows: the file; a value is withheld where it is empty.
        structure: the tables.
        decimals: decimals of the figures; None if they are counts.

    Raises:
        KimError: ``cells_invalid`` with every place.
    """
    table = CellRows.of(rows, structure)
    table.refuse_repetitions()
    tables = structure.tables
    number = tables.number(table.keys)
    values = np.zeros(len(tables), dtype=np.int64)
    withheld = np.ones(len(tables), dtype=np.bool_)
    seen = np.zeros(len(tables), dtype=np.bool_)
    statuses = rows.column(STATUS) if STATUS in rows.header else None
    for row, text in enumerate(rows.column(table.value)):
        cell = int(number[row])
        if cell < 0:
            what = Text("Keine Tabelle zeigt diese Zelle.", "no table shows this cell.")
            table.note(Fault.NO_SUCH_CELL, row, "", what)
            continue
        seen[cell] = True
        hidden = not text.strip()
        if statuses is not None and statuses[row].strip() != (CONFIDENTIAL if hidden else FREE):
            what = Text(
                "Wert und conf_status widersprechen sich.", "value and conf_status contradict each other."
            )
            table.note(Fault.STATUS, row, STATUS, what)
        elif not hidden:
            values[cell] = _units(table, row, text, decimals=decimals)
            withheld[cell] = False
    missing = np.flatnonzero(~seen)
    if len(missing) and not table.faults.found:
        what = (
            Text("1 Zelle der Tabellen fehlt.", "1 cell of the tables is missing.")
            if len(missing) == 1
            else Text(
                f"{len(missing)} Zellen der Tabellen fehlen.",
                f"{len(missing)} cells of the tables are missing.",
            )
        )
        table.note(Fault.MISSING_CELL, 0, "", what)
    table.faults.stop()
    return Published(values, withheld)


def check_against(published: Published, figures: Figures, rows: Rows, structure: Structure) -> None:
    """Refuse a publication that shows other figures than the true ones.

    Raises:
        KimError: ``cells_invalid`` with every place.
    """
    table = CellRows.of(rows, structure)
    number = structure.tables.number(table.keys)
    other = ~published.withheld & (published.values != figures.values)
    for row in np.flatnonzero(other[number]).tolist():
        what = Text(
            "Der veröffentlichte Wert ist nicht der wahre.", "the published value is not the true one."
        )
        table.note(Fault.OTHER_VALUE, row, table.value, what)
    table.faults.stop()


def _units(table: CellRows, row: int, text: str, *, decimals: int | None) -> int:
    number = read_number(text, decimal_comma=table.rows.separator != ",")
    if number is None:
        what = Text("Hier steht weder eine Zahl noch nichts.", "this is neither a number nor empty.")
        table.note(Fault.STATUS, row, table.value, what)
        return 0
    scaled = number * 10 ** (decimals or 0)
    if abs(scaled) > LARGEST_FIGURE:
        table.note(Fault.TOO_LARGE, row, table.value, Text("Die Zahl ist zu groß.", "too large a number."))
        return 0
    if scaled != int(scaled):
        table.note(Fault.FRACTION, row, table.value, Text("Die Zahl ist nicht ganz.", "not a whole number."))
    elif decimals is None and scaled < 0:
        table.note(Fault.NEGATIVE, row, table.value, Text("Der Wert ist negativ.", "the value is negative."))
    return int(scaled)


def _codes(structure: Structure) -> Iterator[tuple[str, ...]]:
    """Yield the codes of each cell."""
    hierarchies = structure.tables.hierarchies
    for row in structure.tables.cells.tolist():
        yield tuple(hierarchy.codes[code] for hierarchy, code in zip(hierarchies, row, strict=True))
