"""Reads amounts and shares of posts as people type them: `57.000,00 €`, `(1 200)`, `½`, `50 %`, `19,5 Std`.

Invariants: results are whole hundredths (cents, hundredths of a full-time post); what could mean two numbers
is said to be doubtful if one reading is the usual one (`1.234` euros are thousands), else unreadable. A full
stop alone is a secret, never zero; a dash alone is zero in a column of amounts (accounting formats write so).
"""

from __future__ import annotations

import re
from enum import Enum
from fractions import Fraction
from math import floor
from typing import Final, NamedTuple

from node.mapping import is_missing
from node.wording import fold

#: Weekly hours of a full-time post at municipalities (TVöD-VKA since 2023).
FULL_TIME_HOURS: Final = Fraction(39)

# More in one row is a percentage or hours whose unit was left out.
_MOST_POSTS_PER_ROW: Final = 10
_MOST_DIGITS: Final = 13
_DASHES: Final = frozenset({"-", "–", "—", "−"})
_CURRENCY: Final = re.compile(r"^(?:€|eur|euro) ?| ?(?:€|eur|euro)$")
_PLAIN: Final = re.compile(r"\d+(?:,\d{1,2})?")
_NO_GROUP: Final = re.compile(r"\d+,-{1,2}|\d+[.]\d{1,2}|0[.,]\d+|\d{4,}[.,]\d+|\d+[.,]\d{4,}")
_GERMAN_GROUPS: Final = re.compile(
    r"\d{1,3}(?:[. ']\d{3})+,\d{1,2}|\d{1,3}(?:\.\d{3}){2,}|\d{1,3}(?:[ ']\d{3})+"
)
_ENGLISH_GROUPS: Final = re.compile(r"\d{1,3}(?:,\d{3})+\.\d{1,2}|\d{1,3}(?:,\d{3}){2,}")
_THOUSANDS_OR_DECIMALS: Final = re.compile(r"[1-9]\d{0,2}\.\d{3}")

_POST_UNIT: Final = re.compile(r" ?(?:vzä|vze|vk|ak|stellen?|vollzeitstellen?)$")
_PERCENT: Final = re.compile(r"(\d{1,3}(?:[.,]\d{1,2})?) ?(?:%|v\.? ?h\.?|prozent)")
_HOURS: Final = re.compile(
    r"(\d{1,2}(?:[.,]\d{1,2})?) ?(?:std\.?|stunden|wochenstunden|wstd\.?|h)"
    r"(?: ?(?:/|pro|je) ?(?:woche|wo?\.?))?"
)
_BARE_HOURS: Final = re.compile(r"(\d{1,2}(?:[.,]\d{1,2})?)")
_SHORTEST_WEEK, _LONGEST_WEEK = 30, 48
_FRACTION: Final = re.compile("(?:(\\d{1,2}) )?(\\d)[/\N{FRACTION SLASH}](\\d)")
_DECIMAL: Final = re.compile(r"(\d{1,3})(?:([.,])(\d{1,17}))?")
# NFKC would glue the digits of "1½" together.
_VULGAR: Final = {ord("½"): " 1/2", ord("¼"): " 1/4", ord("¾"): " 3/4", ord("⅓"): " 1/3", ord("⅔"): " 2/3"}


class NumberForm(Enum):
    """How a cell held its number."""

    ABSENT = "absent"  # empty, or a missing marker
    PLAIN = "plain"
    OTHER = "other"  # understood, but written otherwise
    HOURS = "hours"  # converted with the hours of a full-time post
    DOUBTFUL = "doubtful"  # could mean another number
    UNREADABLE = "unreadable"


class CellNumber(NamedTuple):
    """The number of one cell.

    Attributes:
        hundredths: the number times 100; None if absent or unreadable.
        form: how it was written.
    """

    hundredths: int | None
    form: NumberForm


_ABSENT: Final = CellNumber(None, NumberForm.ABSENT)
_UNREADABLE: Final = CellNumber(None, NumberForm.UNREADABLE)


def read_euros(text: str) -> CellNumber:
    """Read an amount of money.

    Args:
        text: the cell.

    Returns:
        Cents. `1.234` is read as thousands and doubtful; `1,234` is unreadable, because a comma before
        three digits is decimal in German and groups thousands in English.
    """
    folded = _without_currency(fold(text))
    if folded in _DASHES:
        return CellNumber(0, NumberForm.OTHER)
    if is_missing(folded, numbers=False):
        return _ABSENT
    negative, body = _sign(folded)
    body = body.strip()
    if sum(sign.isdigit() for sign in body) > _MOST_DIGITS or not body.isascii():
        return _UNREADABLE
    number, form = _amount(body)
    if number is None:
        return _UNREADABLE
    plain = form is NumberForm.PLAIN and text.strip() in (body, f"-{body}")
    cents = _hundredths(-number if negative else number)
    return CellNumber(cents, form if plain or form is NumberForm.DOUBTFUL else NumberForm.OTHER)


def _without_currency(folded: str) -> str:
    return _CURRENCY.sub("", folded).strip()


def _sign(folded: str) -> tuple[bool, str]:
    """Return whether an amount is negative, and the amount: `-5`, `5-`, `−5`, `(5)`."""
    if folded.startswith("(") and folded.endswith(")"):
        return True, _without_currency(folded[1:-1])
    if folded[0] in _DASHES:
        return True, _without_currency(folded[1:].strip())
    if folded[-1] in _DASHES and not folded.endswith((",-", "--")):
        return True, folded[:-1]
    return False, folded.removeprefix("+")


def _amount(body: str) -> tuple[Fraction | None, NumberForm]:
    if _PLAIN.fullmatch(body):
        return Fraction(body.replace(",", ".")), NumberForm.PLAIN
    if _NO_GROUP.fullmatch(body):
        return Fraction(body.rstrip("-").rstrip(",").replace(",", ".")), NumberForm.OTHER
    if _GERMAN_GROUPS.fullmatch(body):
        return Fraction(re.sub("[. ']", "", body).replace(",", ".")), NumberForm.OTHER
    if _ENGLISH_GROUPS.fullmatch(body):
        return Fraction(body.replace(",", "")), NumberForm.OTHER
    if _THOUSANDS_OR_DECIMALS.fullmatch(body):
        return Fraction(body.replace(".", "")), NumberForm.DOUBTFUL
    return None, NumberForm.UNREADABLE


def read_hours(text: str) -> Fraction | None:
    """Read the weekly hours of a full-time post.

    Args:
        text: the cell.

    Returns:
        The usual hours if the cell is empty; None if it cannot be read or nobody works as much.
    """
    folded = fold(text)
    if is_missing(folded, numbers=False):
        return FULL_TIME_HOURS
    match = _HOURS.fullmatch(folded) or _BARE_HOURS.fullmatch(folded)
    hours = _fraction(match[1]) if match else Fraction(0)
    return hours if _SHORTEST_WEEK <= hours <= _LONGEST_WEEK else None


def read_posts(text: str, *, full_time_hours: Fraction | None = FULL_TIME_HOURS) -> CellNumber:
    """Read a share of full-time posts.

    Args:
        text: the cell.
        full_time_hours: weekly hours of a full-time post; None if they cannot be read.

    Returns:
        Hundredths of a full-time post, rounded half up. A dash is zero only as the sign of German tables
        (`–`), because a hyphen also means "no entry".
    """
    folded = _POST_UNIT.sub("", fold(text.translate(_VULGAR)))
    if folded == "–":
        return CellNumber(0, NumberForm.OTHER)
    if is_missing(folded, numbers=False):
        return _ABSENT
    if match := _PERCENT.fullmatch(folded):
        return CellNumber(_hundredths(_fraction(match[1]) / 100), NumberForm.OTHER)
    if match := _HOURS.fullmatch(folded):
        if full_time_hours is None:
            return _UNREADABLE
        return CellNumber(_hundredths(_fraction(match[1]) / full_time_hours), NumberForm.HOURS)
    if match := _FRACTION.fullmatch(folded):
        if match[3] == "0":
            return _UNREADABLE
        whole = int(match[1] or 0)
        return CellNumber(_hundredths(whole + Fraction(int(match[2]), int(match[3]))), NumberForm.OTHER)
    return _decimal_posts(folded, literal=folded == text.strip())


def _decimal_posts(folded: str, *, literal: bool) -> CellNumber:
    match = _DECIMAL.fullmatch(folded)
    if match is None or not folded.isascii():
        return _UNREADABLE
    number = _fraction(folded)
    if number > _MOST_POSTS_PER_ROW:
        return _UNREADABLE
    decimals = match[3] or ""
    if match[2] == "." and len(decimals) == 3 and match[1] != "0":
        return CellNumber(_hundredths(number), NumberForm.DOUBTFUL)
    plain = literal and match[2] != "." and len(decimals) <= 2
    return CellNumber(_hundredths(number), NumberForm.PLAIN if plain else NumberForm.OTHER)


def _fraction(text: str) -> Fraction:
    return Fraction(text.replace(",", "."))


def _hundredths(number: Fraction) -> int:
    """Round half away from zero, as accountants do."""
    scaled = floor(abs(number) * 100 + Fraction(1, 2))
    return -scaled if number < 0 else scaled
