"""Dates of birth: what is impossible or a placeholder becomes unknown, never a guess.

Invariants: a date that stays lies between 110 completed years before the reference day and that day. A birth
after the start of a case is possible (a child born into a family) and stays.

A list may hold the age in completed years at the start of the case instead (column `Alter`). Somebody who
was 30 then was born within the year that ended 30 years before the start; the middle of that year stands
for the day of birth. It does not move with the day of the list, so what was delivered stays; ages at later
reference days are right for half of a cohort and one year too low or too high for the rest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Final

import numpy as np

from node.mapping import is_missing
from node.quality.cells.columns import NO_DAY, DateColumn, Days, date_column, spread_days, spread_flags
from node.quality.cells.dates import CASE_PIVOT, CellDate, DateForm
from node.sources import Mask, RawTable
from node.wording import fold

_HIGHEST_AGE_YEARS: Final = 110
_PLACEHOLDER: Final = date(1900, 1, 1)
_AGE: Final = re.compile(r"(?P<years>\d{1,3})(?: ?(?:j\.?|jahre?|j\. ?alt))?")
_HALF_A_YEAR_DAYS: Final = 183
_NO_AGE, _UNREADABLE = -1, -2


class _Birth(Enum):
    USABLE = "usable"
    ABSENT = "absent"
    IMPOSSIBLE = "impossible"  # T05
    PLACEHOLDER = "placeholder"  # T19


@dataclass(frozen=True, slots=True)
class Births:
    """The columns Geburtsdatum and Alter.

    Attributes:
        column: the dates as written, or None if there is no such column.
        days: for each row the day of birth, impossible ones removed.
        impossible: rows whose date cannot be one of birth.
        placeholder: rows with a placeholder or an age nobody reaches.
        from_age: rows whose day of birth was derived from an age.
        unreadable_age: rows with an age that is none, and no date of birth.
    """

    column: DateColumn | None
    days: Days
    impossible: Mask
    placeholder: Mask
    from_age: Mask
    unreadable_age: Mask


def read_births(raw: RawTable, *, opened: Days, reference: date | None) -> Births:
    """Read and judge dates of birth, and ages where there are none.

    Args:
        raw: the source; has Geburtsdatum, Alter, or both.
        opened: day of the case start of each row.
        reference: the day at which ages are judged; None judges none.
    """
    nothing = np.zeros(raw.rows, dtype=np.bool_)
    births = Births(None, np.full(raw.rows, NO_DAY, np.int32), nothing, nothing, nothing, nothing)
    if raw.has("Geburtsdatum"):
        births = _read_dates(raw, reference)
    return _with_ages(births, raw, opened) if raw.has("Alter") else births


def _read_dates(raw: RawTable, reference: date | None) -> Births:
    # Nobody is born after the export: two digits beyond its year are of the last century.
    pivot = CASE_PIVOT if reference is None else reference.year % 100 + 1
    column = date_column(raw, "Geburtsdatum", pivot=pivot)
    judged = [_judge(cell, reference) for cell in column.read]

    def rows(kind: _Birth) -> Mask:
        return spread_flags(column.distinct, [verdict is kind for verdict in judged])

    usable = [c.day if v is _Birth.USABLE else None for c, v in zip(column.read, judged, strict=True)]
    nothing = np.zeros(raw.rows, dtype=np.bool_)
    return Births(
        column=column,
        days=spread_days(column.distinct, usable),
        impossible=rows(_Birth.IMPOSSIBLE),
        placeholder=rows(_Birth.PLACEHOLDER),
        from_age=nothing,
        unreadable_age=nothing,
    )


def _with_ages(births: Births, raw: RawTable, opened: Days) -> Births:
    """Fill in days of birth from ages where there is no date."""
    distinct = raw.distinct_of("Alter")
    ages = np.asarray([_age(text) for text in distinct.texts], dtype=np.int32)[distinct.index]
    without = ~births.column.present if births.column is not None else np.ones(raw.rows, dtype=np.bool_)
    without &= ~births.impossible & ~births.placeholder
    derived = without & (ages >= 0) & (ages <= _HIGHEST_AGE_YEARS) & (opened != NO_DAY)
    days = births.days.copy()
    days[derived] = _middle_of_birth_year(opened[derived], ages[derived])
    return Births(
        column=births.column,
        days=days,
        impossible=births.impossible,
        placeholder=births.placeholder | (without & (ages > _HIGHEST_AGE_YEARS)),
        from_age=derived,
        unreadable_age=without & (ages == _UNREADABLE),
    )


def _age(text: str) -> int:
    """Return an age in completed years, or that there is none or none that can be read."""
    if is_missing(text, numbers=False):
        return _NO_AGE
    match = _AGE.fullmatch(fold(text))
    return int(match["years"]) if match else _UNREADABLE


def _middle_of_birth_year(start: Days, ages: Days) -> Days:
    """Return the same day so many years before the start, and half a year more."""
    days = start.astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    birthday = (months - 12 * ages.astype(np.int64)).astype("datetime64[D]") + (days - months)
    middle: Days = (birthday.astype(np.int64) - _HALF_A_YEAR_DAYS).astype(np.int32)
    return middle


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
