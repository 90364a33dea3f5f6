"""Dates as lists write them."""

from __future__ import annotations

from datetime import date

from hub.demo.words.dates import german, serial, short


def test_notations_of_a_day() -> None:
    assert german(date(2026, 1, 5)) == "05.01.2026"
    assert german(None) == ""
    assert short(date(2026, 1, 5)) == "5.1.26"
    assert serial(date(2026, 1, 31)) == 46053
