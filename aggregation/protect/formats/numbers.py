"""Numbers as programs and people write them into tables; nothing is rounded or guessed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,2})?\Z", re.ASCII)
MOST_DECIMALS: Final = 6


def read_number(text: str, *, decimal_comma: bool = False) -> Decimal | None:
    """Return a number, or None if the text is none.

    Args:
        text: digits with an optional sign, decimal point and exponent (R writes 1e+05), blanks around it.
        decimal_comma: whether a comma is a decimal point too (where it does not part the columns).
    """
    text = text.strip()
    if decimal_comma and "." not in text:
        text = text.replace(",", ".")
    return Decimal(text) if _NUMBER.match(text) else None


def decimals_of(number: Decimal) -> int:
    """Return how many digits behind the point a number needs."""
    exponent = number.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def decimals_of_all(*columns: Iterable[Decimal | None]) -> int:
    """Return how many digits behind the point all numbers need, at most :data:`MOST_DECIMALS`."""
    numbers = (number for column in columns for number in column if number is not None)
    return min(max(map(decimals_of, numbers), default=0), MOST_DECIMALS)


def write_number(units: int, *, decimals: int) -> str:
    """Write a number of smallest units: ``12345`` with two decimals is ``123.45``."""
    if not decimals:
        return str(units)
    whole, rest = divmod(abs(units), 10**decimals)
    fraction = f"{rest:0{decimals}d}".rstrip("0")
    return ("-" if units < 0 else "") + (f"{whole}.{fraction}" if fraction else str(whole))
