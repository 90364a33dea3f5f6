"""Total rows of registers against the rows that count (T25): said, and never spread over the rows.

A total that differs leaves open which rows are missing or wrong; the difference stays unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from node.quality import reasons
from node.quality.cells.columns import rows_of
from node.quality.registers.register import NumberColumn, Register
from node.quality.sorting import total_rows
from node.sources import Mask
from node.wording import fold

_GRAND_TOTALS: Final = frozenset({"summe", "gesamt", "total"})


def note_totals(register: Register, columns: Sequence[NumberColumn], *, added: Sequence[Mask]) -> None:
    """Note a grand total that no way of adding the rows gives.

    Args:
        register: the register; several grand totals are subtotals of something and say nothing.
        columns: columns that are added.
        added: rows that may have been added; one of these ways must fit all columns.
    """
    raw = register.raw
    candidates = rows_of(total_rows(raw)).tolist()
    grand = [
        row
        for row, cells in zip(candidates, raw.cells(candidates), strict=True)
        if fold(cells[0]).rstrip(": ") in _GRAND_TOTALS
    ]
    if len(grand) != 1:
        return
    row = grand[0]
    stated = [column for column in columns if column.read[column.distinct.index[row]].hundredths is not None]
    fits = any(
        all(column.hundredths[rows].sum() == column.hundredths[row] for column in stated) for rows in added
    )
    if stated and not fits:
        marked = np.zeros(raw.rows, dtype=np.bool_)
        marked[row] = True
        register.counts.mark(reasons.TOTAL_DIFFERS, marked)
