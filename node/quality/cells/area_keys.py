"""Reads official area keys in all the forms that spreadsheets make of them, and judges whose they are.

Invariants: a key counts only if it means one place in one way; Aachen's city and the rest of its Städteregion
are told apart by the municipality part, so a key that names the whole region belongs to neither. To their
joint authority all residents of both belong.

Forms: district key `05382` (also `5382`, `5382.0`, `5,382E+03`), municipality key of 8 digits, regional key
(ARS) of 12 digits whose first five are the district. Historic keys of Aachen are refused everywhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Final

from node.mapping import is_missing
from node.wording import fold
from protocol.regions import AACHEN_CITY, AACHEN_REST

_AACHEN_DISTRICT: Final = "05334"
_AACHEN_CITY_PART: Final = "002"
_HISTORIC: Final = frozenset({"05313", "05354"})
_DECIMAL_ZEROS: Final = re.compile(r"(\d+)[.,]0+")
_SCIENTIFIC: Final = re.compile(r"(\d(?:[.,]\d+)?)e\+?(\d{1,2})")
_REGION_PREFIX: Final = "NW"


class Belonging(Enum):
    """Whose row it is, by its key."""

    OWN = "own"
    OTHER = "other"  # T06: another area, or unreadable
    AACHEN = "aachen"  # T07: historic, or the wrong or undecided side of Aachen


@dataclass(frozen=True, slots=True)
class AreaVerdict:
    """What one key means for this node.

    Attributes:
        belonging: whose row it is.
        normalised: whether the key had to be put right (or was empty).
        municipality: key of eight digits, or None if the key names a district only.
    """

    belonging: Belonging
    normalised: bool
    municipality: str | None = None


@dataclass(frozen=True, slots=True)
class _Place:
    district: str
    municipality: str | None  # three digits, or None for a district key


def judge_area_key(text: str, area: str) -> AreaVerdict:
    """Judge the key of one row.

    Args:
        text: the cell.
        area: the node's own reporting area, for example ``NW05382``, or the joint one of Aachen.

    Returns:
        Whose row it is.
    """
    if is_missing(text, numbers=False):
        return AreaVerdict(Belonging.OWN, normalised=True)
    digits = _digits(text)
    place = _place(digits) if digits is not None else None
    town = place.district + place.municipality if place is not None and place.municipality else None
    return AreaVerdict(_belonging(place, area), normalised=digits != text, municipality=town)


def _belonging(place: _Place | None, area: str) -> Belonging:
    if place is None:
        return Belonging.OTHER
    if place.district in _HISTORIC:
        return Belonging.AACHEN
    if area not in (AACHEN_CITY, AACHEN_REST):  # of the joint authority, too, the district is enough
        return Belonging.OWN if _REGION_PREFIX + place.district == area else Belonging.OTHER
    if place.district != _AACHEN_DISTRICT:
        return Belonging.OTHER
    if place.municipality is None:
        return Belonging.AACHEN  # city or rest? the key of the whole region does not say
    is_city = place.municipality == _AACHEN_CITY_PART
    return Belonging.OWN if is_city == (area == AACHEN_CITY) else Belonging.AACHEN


def _digits(text: str) -> str | None:
    """Return the key with its lost zero, or None if the cell is no key."""
    folded = fold(text).replace(" ", "")
    if match := _DECIMAL_ZEROS.fullmatch(folded):
        folded = match[1]
    elif match := _SCIENTIFIC.fullmatch(folded):
        number = Decimal(match[1].replace(",", ".")).scaleb(int(match[2]))
        if number != number.to_integral_value():
            return None
        folded = str(int(number))
    if not (folded.isascii() and folded.isdigit()):
        return None
    # 4, 7 and 11 digits: the leading zero of North Rhine-Westphalia was lost
    return "0" + folded if len(folded) in (4, 7, 11) and folded.startswith("5") else folded


def _place(digits: str) -> _Place | None:
    match len(digits):
        case 5:
            return _Place(digits, None)
        case 8:
            return _Place(digits[:5], _town(digits[5:]))
        case 12:
            return _Place(digits[:5], _town(digits[9:]))
    return None


def _town(part: str) -> str | None:
    return None if part == "000" else part  # "05382000" is the district once more
