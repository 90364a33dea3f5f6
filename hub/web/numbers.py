"""Numbers as a German or English reader expects them on the page.

Invariants: rounding is commercial (half away from zero), because German official practice is and Babel's
default is not (0.05 would become 0,0); rates are computed from integers with ``Decimal``; the ends of an
interval are rounded outwards, so that a rounded interval still contains the true value.

It deliberately formats nothing for machines: CSV and JSON use ``.`` and ISO dates and never pass here.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal, localcontext
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from babel.dates import format_date
from babel.numbers import format_decimal

from protocol.periods import Period
from protocol.texts import Text

# English readers of a German authority: day before month, no American commas in dates.
_LOCALES: Final = {"de": "de_DE", "en": "en_GB"}

_GERMANY: Final = ZoneInfo("Europe/Berlin")

# A thin no-break space would be typographically right before %, but several screen readers skip it.
_NBSP: Final = "\u00a0"
_MINUS: Final = "\u2212"


def _locale(language: str) -> str:
    return _LOCALES["en" if language == "en" else "de"]


@lru_cache(maxsize=8192)
def decimal(value: Decimal | int, language: str, *, digits: int = 0) -> str:
    """Format a number with grouping and exactly ``digits`` decimals, rounded half up.

    Args:
        value: any finite number.
        language: ``"de"`` or ``"en"``.
        digits: decimals shown.

    Returns:
        ``"1.234,50"`` or ``"1,234.50"``.
    """
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    with localcontext(rounding=ROUND_HALF_UP):
        shown = format_decimal(Decimal(value), format=pattern, locale=_locale(language))
    # A hyphen before a number is read out as nothing, or as a dash.
    return shown.replace("-", _MINUS) if shown.strip("-0.,") else shown.lstrip("-")


@lru_cache(maxsize=2048)
def percent(share: Decimal, language: str, *, digits: int = 1) -> str:
    """Format a share (0…1) as per cent, rounded half up: ``98,7 %`` (no-break space) or ``98.7%``.

    A share below one never shows as 100 %, and one above zero never as 0 %: "complete" and "none" are
    statements, not roundings. A whole is written without decimals.
    """
    if share == 1:
        digits = 0
    hundredfold = share * 100
    step = Decimal(1).scaleb(-digits)
    shown = hundredfold.quantize(step, rounding=ROUND_HALF_UP)
    if shown >= 100 > hundredfold:
        shown = hundredfold.quantize(step, rounding=ROUND_FLOOR)
    if shown <= 0 < hundredfold:
        shown = hundredfold.quantize(step, rounding=ROUND_CEILING)
    return decimal(shown, language, digits=digits) + ("%" if language == "en" else _NBSP + "%")


def file_size(size_bytes: int, language: str) -> str:
    """Say how large a file is: ``12 kB``, ``3,4 MB`` (powers of 1,000, rounded half up)."""
    if size_bytes < 1_000_000:
        return decimal(max(Decimal(size_bytes) / 1000, Decimal(1)), language) + _NBSP + "kB"
    return decimal(Decimal(size_bytes) / 1_000_000, language, digits=1) + _NBSP + "MB"


def rounded_down(value: Decimal, *, digits: int) -> Decimal:
    """Round towards minus infinity: for the lower end of an interval."""
    return value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_FLOOR)


def rounded_up(value: Decimal, *, digits: int) -> Decimal:
    """Round towards plus infinity: for the upper end of an interval."""
    return value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_CEILING)


@lru_cache(maxsize=512)
def day(value: date, language: str) -> str:
    """Format a date in full: ``15. Mai 2022`` or ``15 May 2022``."""
    return format_date(
        value, format="d. MMMM y" if language != "en" else "d MMMM y", locale=_locale(language)
    )


def day_of(moment: datetime, language: str) -> str:
    """Format the day in Germany on which an instant (with time zone) falls."""
    return day(moment.astimezone(_GERMANY).date(), language)


def moment_of(moment: datetime, language: str, *, seconds: bool = False) -> str:
    """Format a moment as a clock in Germany shows it: ``06.10.2026, 09:30``, or with seconds."""
    day_pattern = "%d/%m/%Y" if language == "en" else "%d.%m.%Y"
    return moment.astimezone(_GERMANY).strftime(f"{day_pattern}, %H:%M{':%S' if seconds else ''}")


def period_name(period: Period) -> Text:
    """Name a period for people: ``3. Quartal 2026`` / ``Q3 2026`` (no-break spaces); a year stands alone."""
    if period.quarter is None:
        return Text(str(period.year), str(period.year))
    return Text(f"{period.quarter}.{_NBSP}Quartal {period.year}", f"Q{period.quarter}{_NBSP}{period.year}")


def in_period(period: Period) -> Text:
    """Say when something happened: ``im 3. Quartal 2026`` / ``in Q3 2026``, ``im Jahr 2025``."""
    name = period_name(period)
    if period.quarter is None:
        return Text(f"im Jahr{_NBSP}{name.de}", f"in{_NBSP}{name.en}")
    return Text(f"im {name.de}", f"in {name.en}")


def period_mark(period: Period) -> str:
    """Name a period where space is short: ``Q3 26``; the same in both languages."""
    if period.quarter is None:
        return str(period.year)
    return f"Q{period.quarter}{_NBSP}{period.year % 100:02d}"
