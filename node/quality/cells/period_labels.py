"""Reads labels of years and quarters: `2026`, `HHJ 2026`, `1/2026`, `I/26`, `Q1 2026`, `1. Quartal 2026`.

Invariants: a label means one period or none; a quarter without a year and two years in one label mean none.
"""

from __future__ import annotations

import re
from typing import Final

from node.wording import fold
from protocol.periods import Period

_YEAR: Final = re.compile(r"(?:(?:h?hj\.?|haushaltsjahr|jahr) ?)?(?P<year>20\d\d)(?:[.,]0+)?")
_QUARTERS: Final = (
    re.compile(r"(?P<quarter>[1-4]|i{1,3}|iv)\.? ?(?:/|quartal|q) ?(?P<year>20\d\d|\d\d)"),
    re.compile(r"q ?(?P<quarter>[1-4])(?: |/|-)?(?P<year>20\d\d|\d\d)"),
    re.compile(r"(?P<year>20\d\d)(?: |/|-)*q? ?(?P<quarter>[1-4])"),
    re.compile(r"(?P<quarter>[1-4]|i{1,3}|iv)\.? ?quartal(?: |/)(?P<year>20\d\d|\d\d)"),
)
_ROMAN: Final = {"i": 1, "ii": 2, "iii": 3, "iv": 4}


def read_period(text: str) -> Period | None:
    """Return the year or quarter that a label means, or None.

    Args:
        text: the cell.
    """
    folded = fold(text)
    if match := _YEAR.fullmatch(folded):
        return Period(int(match["year"]))
    for pattern in _QUARTERS:
        if match := pattern.fullmatch(folded):
            year, quarter = match["year"], match["quarter"]
            return Period(int(year) + (2000 if len(year) == 2 else 0), _ROMAN.get(quarter) or int(quarter))
    return None
