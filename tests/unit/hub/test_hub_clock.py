"""A day is a day in Germany."""

import datetime as dt

from hub.clock import ShiftedClock, SystemClock, clock_on


def test_the_shifted_clock_starts_on_its_day_and_runs() -> None:
    clock = ShiftedClock(dt.date(2026, 10, 5))
    first, second = clock.now(), clock.now()
    assert clock.today() == dt.date(2026, 10, 5)
    assert first <= second < first + dt.timedelta(minutes=1)
    assert first.utcoffset() == dt.timedelta(0)


def test_a_shifted_clock_that_is_started_again_after_midnight_goes_on() -> None:
    today = SystemClock().today()
    first = ShiftedClock(dt.date(2026, 10, 5), since=today - dt.timedelta(days=1))
    assert first.today() == dt.date(2026, 10, 6)
    assert clock_on("2026-10-05", str(today - dt.timedelta(days=1))).today() == dt.date(2026, 10, 6)
    assert clock_on("2026-10-05").today() == dt.date(2026, 10, 5)
    assert isinstance(clock_on("", str(today)), SystemClock)


def test_a_shifted_clock_has_the_machines_time_of_day_in_another_season() -> None:
    winter = ShiftedClock(dt.date(2026, 12, 5), since=dt.date(2026, 7, 5))
    assert winter.now() - SystemClock().now() < dt.timedelta(days=153, hours=1, seconds=1)
    assert winter.now() - SystemClock().now() > dt.timedelta(days=153, minutes=59)


def test_the_system_clock_is_aware() -> None:
    now = SystemClock().now()
    assert now.utcoffset() == dt.timedelta(0)
    assert abs((SystemClock().today() - now.date()).days) <= 1
