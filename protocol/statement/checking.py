"""The checks of a statement's members; a refusal carries the pointer and never the content (SPEC P-18)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from protocol.errors import KimError, kim_error
from protocol.texts import Text


def object_at(value: object, pointer: str) -> dict[str, Any]:
    """Return the object that stands at a pointer, or raise ``bad_envelope``."""
    if not isinstance(value, dict):
        raise refusal(pointer)
    return value


def check_members(
    value: Mapping[str, object],
    required: frozenset[str],
    *,
    optional: frozenset[str] = frozenset(),
    pointer: str,
) -> None:
    """Make sure that an object has its members and no others, or raise ``bad_envelope``."""
    missing = required - value.keys()
    if missing:
        raise refusal(f"{pointer}/{min(missing)}")
    # SPEC P-18: the name of an unknown member is content and not repeated.
    if not value.keys() <= required | optional:
        raise refusal(pointer)


def check_text(value: object, pattern: re.Pattern[str], pointer: str) -> None:
    """Make sure that a value is a text of this form, or raise ``bad_envelope``."""
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise refusal(pointer)


def check_integer(value: object, smallest: int, largest: int, pointer: str) -> None:
    """Make sure that a value is an integer between two bounds, both included, or raise ``bad_envelope``."""
    if not isinstance(value, int) or isinstance(value, bool) or not smallest <= value <= largest:
        raise refusal(pointer)


def refusal(pointer: str) -> KimError:
    """Return the refusal of the member at a pointer."""
    return kim_error(
        "bad_envelope",
        Text(
            "Die Erklärung hat an dieser Stelle nicht die vereinbarte Form.",
            "The statement does not have the agreed form at this place.",
        ),
        pointer=pointer,
    )
