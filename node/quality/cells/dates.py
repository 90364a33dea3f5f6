"""Reads dates in the forms that exports and spreadsheets leave: `15.1.26`, `46053`, `2025-12-31T23:30:00Z`.

Invariants: a date exists in the calendar or it is impossible; nothing is put right by guessing (31.02. is not
the 28th). Instants with an offset become the date in Berlin; times without one are local already.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import Final, NamedTuple

from node.clock import local
from node.mapping import is_missing
from node.wording import fold

#: Two-digit years of case dates below this are of this century; for births see `births`.
CASE_PIVOT: Final = 50

_EXCEL_EPOCH: Final = date(1899, 12, 30)
_EXCEL_SERIALS: Final = range(20_000, 60_001)
# Old enough that an impossible age is recognised as one (T19) instead of as an impossible date.
_YEARS: Final = range(1850, 2101)
_TIME: Final = r"(?:[ t]+(?P<time>\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?)(?: ?uhr)?)?"
_GERMAN: Final = re.compile(r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4}|\d{2})" + _TIME)
_ISO: Final = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})" + _TIME + r"(?P<offset>z|[+-]\d{2}:?\d{2})?"
)
_SERIAL: Final = re.compile(r"(?P<days>\d{5})(?P<time>[.,]\d+)?")


class DateForm(Enum):
    """How a cell held its date."""

    ABSENT = "absent"
    PLAIN = "plain"  # dd.mm.yyyy, the profile's own form
    OTHER = "other"  # understood, but written otherwise
    IMPOSSIBLE = "impossible"


class CellDate(NamedTuple):
    """The date of one cell.

    Attributes:
        day: the date; None if absent or impossible.
        form: how it was written.
        timed: whether a time of day stood with it.
    """

    day: date | None
    form: DateForm
    timed: bool = False


_ABSENT: Final = CellDate(None, DateForm.ABSENT)
_IMPOSSIBLE: Final = CellDate(None, DateForm.IMPOSSIBLE)


def read_date(text: str, *, pivot: int) -> CellDate:
    """Read one cell.

    Args:
        text: the cell.
        pivot: two-digit years below it are of this century.

    Returns:
        The date; ``9`` and ``99`` are impossible dates here, no missing markers.
    """
    if len(text) == 10 and text[2] == text[5] == ".":  # nearly every cell: dd.mm.yyyy
        digits = text[6:] + text[3:5] + text[:2]
        if digits.isascii() and digits.isdigit():
            day = _calendar_day(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
            return _IMPOSSIBLE if day is None else CellDate(day, DateForm.PLAIN)
    if is_missing(text, numbers=False):
        return _ABSENT
    folded = fold(text)
    if match := _GERMAN.fullmatch(folded):
        return _german(match, pivot)
    if match := _ISO.fullmatch(folded):
        return _iso(match)
    if match := _SERIAL.fullmatch(folded):
        days = int(match["days"])
        if days in _EXCEL_SERIALS:
            return CellDate(_EXCEL_EPOCH + timedelta(days=days), DateForm.OTHER, timed=bool(match["time"]))
    return _IMPOSSIBLE


def _german(match: re.Match[str], pivot: int) -> CellDate:
    year = int(match["year"])
    if len(match["year"]) == 2:
        year += 2000 if year < pivot else 1900
    day = _calendar_day(year, int(match["month"]), int(match["day"]))
    if day is None or not _is_time(match["time"]):
        return _IMPOSSIBLE
    timed = match["time"] is not None
    plain = not timed and len(match[0]) == len("dd.mm.yyyy")
    return CellDate(day, DateForm.PLAIN if plain else DateForm.OTHER, timed=timed)


def _iso(match: re.Match[str]) -> CellDate:
    day = _calendar_day(int(match["year"]), int(match["month"]), int(match["day"]))
    time, offset = match["time"], match["offset"]
    if day is None or not _is_time(time) or (offset and time is None):
        return _IMPOSSIBLE
    if offset:
        day = _berlin_day(day, time, offset)
    return CellDate(day, DateForm.OTHER, timed=time is not None)


def _calendar_day(year: int, month: int, day: int) -> date | None:
    if year not in _YEARS:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _is_time(text: str | None) -> bool:
    """Whether a time exists; ``24:00`` is the end of its own day."""
    if text is None:
        return True
    hour, minute, *second = re.split("[:.,]", text)
    inside = int(hour) < 24 and int(minute) < 60 and (not second or int(second[0]) < 60)
    return inside or (int(hour) == 24 and not any(int(part) for part in (minute, *second)))


def _berlin_day(day: date, time: str, offset: str) -> date:
    hour, minute = (int(part) for part in time.split(":")[:2])
    sign = -1 if offset.startswith("-") else 1
    digits = offset[1:].replace(":", "")
    minutes_ahead = 0 if offset == "z" else sign * (60 * int(digits[:2]) + int(digits[2:]))
    instant = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(
        hours=hour, minutes=minute - minutes_ahead
    )
    return local(instant).date()
