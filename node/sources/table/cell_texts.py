"""Values of spreadsheets, databases and JSON as the text a person would have typed.

Invariants: a number has a decimal comma, no thousands separator and no more digits than needed (a spreadsheet
keeps fifteen); a date has ISO form, and so has a point in time; nothing is an empty text. What has no such
text is refused by its type, never shown.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Final
from uuid import UUID

_MIDNIGHT: Final = time()
_SIGNIFICANT_DIGITS: Final = ".15g"


class NoTextError(Exception):
    """A value of a type that no cell of a list has."""

    def __init__(self, value: object) -> None:
        """Keep the name of the type; the value is forgotten."""
        self.type_name = type(value).__name__
        super().__init__(self.type_name)


def text_of(value: object) -> str:
    """Return the text of one value.

    Raises:
        NoTextError: if its type has none.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float | Decimal):
        return _number_text(value)
    if isinstance(value, datetime):
        plain_day = value.time() == _MIDNIGHT and value.tzinfo is None
        return value.date().isoformat() if plain_day else value.isoformat(timespec="seconds")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise NoTextError(value)


def texts_of(value: object) -> str:
    """Return the text of one value, or of a list of them, one line each.

    Raises:
        NoTextError: if a type has none.
    """
    if isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray | memoryview):
        return "\n".join(text_of(part) for part in value)
    return text_of(value)


def _number_text(value: float | Decimal) -> str:
    if math.isnan(value):  # what some programs write for nothing
        return ""
    if math.isinf(value):
        raise NoTextError(value)
    exact = Decimal(format(value, _SIGNIFICANT_DIGITS)) if isinstance(value, float) else value
    text = f"{exact:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return ("0" if text in {"-0", ""} else text).replace(".", ",")
