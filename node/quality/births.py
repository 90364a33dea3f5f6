"""Dates of birth: what is impossible or a placeholder becomes unknown, never a guess.

Invariants: a date that stays lies between 110 completed years before the reference day and that day. A birth
after the start of a case is possible (a child born into a family) and stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Final

import numpy as np

from node.quality.coding import DateColumn, Days, date_column, spread_days
from node.quality.dates import CASE_PIVOT, CellDate, DateForm
from node.sources import Mask, RawTable

_HIGHEST_AGE_YEARS: Final = 110
_PLACEHOLDER: Final = date(1900, 1, 1)


class _Birth(Enum):
    USABLE = "usable"
    ABSENT = "absent"
    IMPOSSIBLE = "impossible"  # T05
    PLACEHOLDER = "placeholder"  # T19


@dataclass(frozen=True, slots=True)
class Births:
    """The column Geburtsdatum.

    Attributes:
        column: the dates as written.
        days: for each row the day of birth, impossible ones removed.
        impossible: rows whose date cannot be one of birth.
        placeholder: rows with a placeholder or an age nobody reaches.
    """

    column: DateColumn
    days: Days
    impossible: Mask
    placeholder: Mask


def read_births(raw: RawTable, *, reference: date | None) -> Births:
    """Read and judge dates of birth.

    Args:
        raw: the export.
        reference: the day at which ages are judged; None judges none.
    """
    # Nobody is born after the export: two digits beyond its year are of the last century.
    pivot = CASE_PIVOT if reference is None else reference.year % 100 + 1
    column = date_column(raw, "Geburtsdatum", pivot=pivot)
    judged = [_judge(cell, reference) for cell in column.read]

    def rows(kind: _Birth) -> Mask:
        return np.asarray([verdict is kind for verdict in judged], dtype=np.bool_)[column.distinct.index]

    usable = [c.day if v is _Birth.USABLE else None for c, v in zip(column.read, judged, strict=True)]
    return Births(
        column=column,
        days=spread_days(column.distinct, usable),
        impossible=rows(_Birth.IMPOSSIBLE),
        placeholder=rows(_Birth.PLACEHOLDER),
    )


def completed_years(birth: date, day: date) -> int:
    """Return the age in completed years; somebody born on 29 February turns on 1 March in common years."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def _judge(cell: CellDate, reference: date | None) -> _Birth:
    if cell.form is DateForm.ABSENT:
        return _Birth.ABSENT
    if cell.day is None:
        return _Birth.IMPOSSIBLE
    if cell.day == _PLACEHOLDER:
        return _Birth.PLACEHOLDER
    if reference is None:
        return _Birth.USABLE
    if cell.day > reference:
        return _Birth.IMPOSSIBLE
    return _Birth.PLACEHOLDER if completed_years(cell.day, reference) > _HIGHEST_AGE_YEARS else _Birth.USABLE
