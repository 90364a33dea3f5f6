"""Amounts, shares of posts and labels of periods as people type them (T04, T29, T30)."""

from __future__ import annotations

from fractions import Fraction

import pytest

from node.quality.cells.numbers import NumberForm, read_euros, read_hours, read_posts
from node.quality.cells.period_labels import read_period

PLAIN, OTHER, HOURS = NumberForm.PLAIN, NumberForm.OTHER, NumberForm.HOURS
ABSENT, DOUBTFUL, UNREADABLE = NumberForm.ABSENT, NumberForm.DOUBTFUL, NumberForm.UNREADABLE


@pytest.mark.parametrize(
    ("text", "cents", "form"),
    [
        ("57000", 5700000, PLAIN),
        ("57000,5", 5700050, PLAIN),
        ("-250,00", -25000, PLAIN),
        ("57.000,00 €", 5700000, OTHER),
        ("57.000,00\u00a0€", 5700000, OTHER),
        ("EUR 5,00", 500, OTHER),
        ("1.234.567", 123456700, OTHER),
        ("1 234,50", 123450, OTHER),
        ("1'234,50", 123450, OTHER),
        ("1,234.56", 123456, OTHER),
        ("57000.0", 5700000, OTHER),
        ("0.125", 13, OTHER),
        ("1234.125", 123413, OTHER),
        ("1234,567", 123457, OTHER),
        ("(1 200,50)", -120050, OTHER),
        ("1200,50-", -120050, OTHER),
        ("−5", -500, OTHER),
        ("57,-", 5700, OTHER),
        ("-", 0, OTHER),
        ("–", 0, OTHER),
        (" -   € ", 0, OTHER),
        ("1.234", 123400, DOUBTFUL),
        ("57.000 EUR", 5700000, DOUBTFUL),
        ("-1.234", -123400, DOUBTFUL),
        ("1,234", None, UNREADABLE),
        ("TEUR 5", None, UNREADABLE),
        ("1.2.3", None, UNREADABLE),
        ("1e5", None, UNREADABLE),
        ("٣", None, UNREADABLE),
        ("9" * 14, None, UNREADABLE),
        ("()", None, UNREADABLE),
        ("", None, ABSENT),
        (".", None, ABSENT),
        ("k.A.", None, ABSENT),
    ],
)
def test_euros(text: str, cents: int | None, form: NumberForm) -> None:
    assert read_euros(text) == (cents, form)


@pytest.mark.parametrize(
    ("text", "hundredths", "form"),
    [
        ("0,5", 50, PLAIN),
        ("1", 100, PLAIN),
        ("0.5", 50, OTHER),
        ("50 %", 50, OTHER),
        ("62,5%", 63, OTHER),
        ("½", 50, OTHER),
        ("1½", 150, OTHER),
        ("1 ¾", 175, OTHER),
        ("3/4", 75, OTHER),
        ("0,75 VZÄ", 75, OTHER),
        ("0,333", 33, OTHER),
        ("0,3333333333333333", 33, OTHER),
        ("–", 0, OTHER),
        ("19,5 Std", 50, HOURS),
        ("19,5 Std.", 50, HOURS),
        ("20 Std/Woche", 51, HOURS),
        ("39 h", 100, HOURS),
        ("1.234", 123, DOUBTFUL),
        ("39", None, UNREADABLE),
        ("50", None, UNREADABLE),
        ("-0,5", None, UNREADABLE),
        ("1/0", None, UNREADABLE),
        ("halb", None, UNREADABLE),
        ("-", None, ABSENT),
        (".", None, ABSENT),
    ],
)
def test_shares_of_posts(text: str, hundredths: int | None, form: NumberForm) -> None:
    assert read_posts(text) == (hundredths, form)


def test_hours_are_those_of_the_register() -> None:
    assert read_posts("20 Std", full_time_hours=Fraction(40)) == (50, HOURS)
    assert read_posts("20 Std", full_time_hours=None) == (None, UNREADABLE)
    assert [read_hours(t) for t in ("", "40", "39,83 Std.", "4", "viele")] == [
        Fraction(39),
        Fraction(40),
        Fraction("39.83"),
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("2025", "2025"),
        ("HHJ 2025", "2025"),
        ("2025.0", "2025"),
        ("1/2026", "2026-Q1"),
        ("I/26", "2026-Q1"),
        ("Q1 2026", "2026-Q1"),
        ("Q4/25", "2025-Q4"),
        ("1. Quartal 2026", "2026-Q1"),
        ("IV. Quartal 25", "2025-Q4"),
        ("2026-Q1", "2026-Q1"),
        ("2026/3", "2026-Q3"),
        ("1. Quartal", None),
        ("2025/2026", None),
        ("2025/26", None),
        ("12/2025", None),
        ("25", None),
        ("", None),
    ],
)
def test_labels_of_periods(text: str, period: str | None) -> None:
    found = read_period(text)
    assert (str(found) if found else None) == period
