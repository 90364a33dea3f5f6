"""The hub's only source of time.

A moment is UTC; a day is a day in Germany (Europe/Berlin), because that is where a quarter ends.
"""

import datetime as dt
from dataclasses import dataclass, field
from typing import Final, Protocol
from zoneinfo import ZoneInfo

_BERLIN: Final = ZoneInfo("Europe/Berlin")


def day_of(moment: dt.datetime) -> dt.date:
    """Return the day in Germany on which a moment (with time zone) falls."""
    return moment.astimezone(_BERLIN).date()


class Clock(Protocol):
    """What the hub asks about time."""

    def now(self) -> dt.datetime:
        """The moment, aware, in UTC."""
        ...

    def today(self) -> dt.date:
        """The day in Germany."""
        ...


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's clock."""

    def now(self) -> dt.datetime:
        """The moment, aware, in UTC."""
        return dt.datetime.now(dt.UTC)

    def today(self) -> dt.date:
        """The day in Germany."""
        return day_of(self.now())


@dataclass(frozen=True, slots=True)
class ShiftedClock:
    """A clock with the machine's time of day on another day: for the demo.

    It runs at normal speed and goes on to the next day at midnight. A process started later carries on where
    the one before stopped, if both know since when; the log of a hub whose clock goes back takes nothing.

    Attributes:
        start: the first day.
        since: the machine's day that it was; today if omitted.
    """

    start: dt.date
    since: dt.date | None = None
    _distance: dt.timedelta = field(init=False)

    def __post_init__(self) -> None:
        """Fix the distance to the machine's clock: from noon to noon in Germany, whatever the season."""
        distance = _noon(self.start) - _noon(self.since or SystemClock().today())
        object.__setattr__(self, "_distance", distance)

    def now(self) -> dt.datetime:
        """The moment, aware, in UTC."""
        # One distance for ever: by the clock on the wall, an hour would come twice where summer time ends.
        return SystemClock().now() + self._distance

    def today(self) -> dt.date:
        """The day in Germany."""
        return self.now().astimezone(_BERLIN).date()


def _noon(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(12), _BERLIN).astimezone(dt.UTC)


def clock_on(date: str, since: str = "") -> Clock:
    """Return the clock of a hub that believes it is `date` on the machine's day `since`, or the machine's.

    Args:
        date: YYYY-MM-DD; empty: the machine's clock.
        since: YYYY-MM-DD; empty: today.
    """
    if not date:
        return SystemClock()
    return ShiftedClock(dt.date.fromisoformat(date), dt.date.fromisoformat(since) if since else None)
