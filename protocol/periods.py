"""Reporting periods: calendar quarters and years in the form of SDMX (`2026-Q1`, `2026`).

A period's reference date is its last day. Free spellings (`1/2026`, `I/26`) belong to a source's mapping,
not here: on the wire there is one form. This module never asks what day it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import total_ordering
from typing import Final

from protocol.errors import kim_error
from protocol.texts import Text

_FORM: Final = re.compile(r"(?P<year>\d{4})(?:-Q(?P<quarter>[1-4]))?", re.ASCII)


@total_ordering
@dataclass(frozen=True, slots=True)
class Period:
    """A quarter, or a year when ``quarter`` is None."""

    year: int
    quarter: int | None = None

    def __post_init__(self) -> None:
        """Refuse what no calendar has.

        Raises:
            KimError: ``bad_request`` for a year outside 1990..2199 or a quarter outside 1..4.
        """
        if not 1990 <= self.year <= 2199 or self.quarter not in (None, 1, 2, 3, 4):
            raise _malformed()

    @classmethod
    def parse(cls, text: str) -> Period:
        """Read the wire form.

        Raises:
            KimError: ``bad_request`` if the text is not exactly ``YYYY`` or ``YYYY-Qn``.
        """
        match = _FORM.fullmatch(text)
        if match is None:
            raise _malformed()
        quarter = match["quarter"]
        return cls(int(match["year"]), int(quarter) if quarter else None)

    @classmethod
    def containing(cls, day: date) -> Period:
        """Return the quarter that holds ``day``."""
        return cls(day.year, (day.month - 1) // 3 + 1)

    @staticmethod
    def span(first: Period, last: Period) -> tuple[Period, ...]:
        """Return all periods from ``first`` to ``last``, both included, of one frequency.

        Raises:
            KimError: ``bad_request`` if the frequencies differ or ``last`` lies before ``first``.
        """
        if first.freq != last.freq or last.first_day < first.first_day:
            raise _malformed()
        return tuple(_walk(first, last))

    @property
    def freq(self) -> str:
        """SDMX frequency code: ``Q`` or ``A``."""
        return "A" if self.quarter is None else "Q"

    @property
    def first_day(self) -> date:
        """The first day of the period."""
        return date(self.year, 1 if self.quarter is None else 3 * self.quarter - 2, 1)

    @property
    def last_day(self) -> date:
        """The last day of the period: the reference date of stocks and ages."""
        if self.quarter in (None, 4):
            return date(self.year, 12, 31)
        return date(self.year, 3 * self.quarter + 1, 1) - timedelta(days=1)

    def next(self) -> Period:
        """The period that follows.

        Raises:
            KimError: ``bad_request`` behind 2199.
        """
        if self.quarter is None:
            return Period(self.year + 1)
        return Period(self.year + 1, 1) if self.quarter == 4 else Period(self.year, self.quarter + 1)

    def previous(self) -> Period:
        """The period before.

        Raises:
            KimError: ``bad_request`` in front of 1990.
        """
        if self.quarter is None:
            return Period(self.year - 1)
        return Period(self.year - 1, 4) if self.quarter == 1 else Period(self.year, self.quarter - 1)

    def __lt__(self, other: Period) -> bool:
        """Order by time; a year sorts before its first quarter."""
        return (self.year, self.quarter or 0) < (other.year, other.quarter or 0)

    def __str__(self) -> str:
        """The wire form."""
        return f"{self.year}" if self.quarter is None else f"{self.year}-Q{self.quarter}"


def _walk(first: Period, last: Period) -> Iterator[Period]:
    current = first
    yield current
    while current != last:
        current = current.next()
        yield current


def _malformed() -> Exception:
    return kim_error(
        "bad_request",
        Text(
            "Ein Zeitraum hat die Form 2026-Q1 (Quartal) oder 2026 (Jahr).",
            "A period has the form 2026-Q1 (quarter) or 2026 (year).",
        ),
    )
