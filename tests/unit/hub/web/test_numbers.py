"""Numbers for readers: commercial rounding, no-break spaces, German and English forms."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.web import numbers
from protocol.periods import Period


@pytest.mark.parametrize(
    ("value", "digits", "german", "english"),
    [
        ("0.05", 1, "0,1", "0.1"),  # half even would give 0,0
        ("0.25", 1, "0,3", "0.3"),
        ("2.5", 0, "3", "3"),
        ("-2.5", 0, "−3", "−3"),  # a hyphen is read out as nothing
        ("-0.4", 0, "0", "0"),
        ("1234567.9", 1, "1.234.567,9", "1,234,567.9"),
        ("1234", 0, "1.234", "1,234"),
        ("0", 2, "0,00", "0.00"),
    ],
)
def test_numbers_are_rounded_commercially_and_grouped(value, digits, german, english) -> None:
    assert numbers.decimal(Decimal(value), "de", digits=digits) == german
    assert numbers.decimal(Decimal(value), "en", digits=digits) == english


@pytest.mark.parametrize(
    ("share", "german"),
    [("0.987", "98,7\u00a0%"), ("1", "100\u00a0%"), ("0", "0,0\u00a0%"), ("0.0005", "0,1\u00a0%")],
)
def test_shares_read_as_per_cent_with_a_no_break_space(share, german) -> None:
    assert numbers.percent(Decimal(share), "de") == german


def test_english_per_cent_has_no_space() -> None:
    assert numbers.percent(Decimal("0.987"), "en") == "98.7%"


def test_nearly_all_is_not_all_and_nearly_none_is_not_none() -> None:
    assert numbers.percent(Decimal("0.99999"), "de") == "99,9\u00a0%"
    assert numbers.percent(Decimal("0.00001"), "de") == "0,1\u00a0%"


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=6), st.integers(0, 4))
def test_ends_of_intervals_are_rounded_outwards_by_less_than_one_unit(value: Decimal, digits: int) -> None:
    down, up = numbers.rounded_down(value, digits=digits), numbers.rounded_up(value, digits=digits)
    assert down <= value <= up
    assert up - down <= Decimal(1).scaleb(-digits)


def test_dates_and_quarters() -> None:
    assert numbers.day(dt.date(2022, 5, 15), "de") == "15. Mai 2022"
    assert numbers.day(dt.date(2022, 5, 15), "en") == "15 May 2022"
    # An instant shortly before midnight in Greenwich is the next day in Germany.
    assert numbers.day_of(dt.datetime(2026, 10, 5, 22, 30, tzinfo=dt.UTC), "de") == "6. Oktober 2026"
    assert numbers.period_name(Period(2026, 3)).de == "3.\u00a0Quartal 2026"
    assert numbers.period_name(Period(2026, 3)).en == "Q3\u00a02026"
    assert numbers.period_name(Period(2026)).de == "2026"
    assert numbers.period_mark(Period(2026, 3)) == "Q3\u00a026"
