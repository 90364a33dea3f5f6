"""The day on which an export was made, as its banner says: ``Export vom 05.10.2026 08:15``."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

_BANNER: Final = re.compile(
    r"\b(?:export|stand|erstellt)\w*\b.*?"
    r"(?:\b(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})\b"
    r"|\b(?P<iso_year>\d{4})-(?P<iso_month>\d{2})-(?P<iso_day>\d{2})\b)",
    re.IGNORECASE,
)


def day_in(banner: str) -> date | None:
    """Return the day a line before the header names, or None."""
    match = _BANNER.search(banner)
    if match is None:
        return None
    iso = "iso_" if match["iso_year"] else ""
    try:
        return date(int(match[f"{iso}year"]), int(match[f"{iso}month"]), int(match[f"{iso}day"]))
    except ValueError:
        return None
