"""How lists write dates: in German, shortened, and as the serial number of a spreadsheet."""

from __future__ import annotations

from datetime import date
from typing import Final

_EXCEL_EPOCH: Final = date(1899, 12, 30)


def german(day: date | None) -> str:
    """Write a date as dd.mm.yyyy, nothing for None."""
    return f"{day.day:02d}.{day.month:02d}.{day.year}" if day else ""


def short(day: date) -> str:
    """Write 5.1.26."""
    return f"{day.day}.{day.month}.{day.year % 100:02d}"


def serial(day: date) -> int:
    """Return a spreadsheet's serial number."""
    return (day - _EXCEL_EPOCH).days
