"""The hub's only source of time.

A moment is UTC; a day is a day in Germany (Europe/Berlin), because that is where a quarter ends.
"""

import datetime as dt
from dataclasses import dataclass, field
from typing import Final, Protocol
from zoneinfo import ZoneInfo

_BERLIN: Final = ZoneInfo("Europe/Berlin")


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
        return self.now().astimezone(_BERLIN).date()


@dataclass(frozen=True, slots=True)
class ShiftedClock:
    """A clock that runs at normal speed from noon of `start`: for the demo and for tests of deadlines."""

    start: dt.date
    _offset: dt.timedelta = field(init=False)

    def __post_init__(self) -> None:
        """Fix the distance to the machine's clock."""
        noon = dt.datetime.combine(self.start, dt.time(12), _BERLIN)
        object.__setattr__(self, "_offset", noon - SystemClock().now())

    def now(self) -> dt.datetime:
        """The moment, aware, in UTC."""
        return SystemClock().now() + self._offset

    def today(self) -> dt.date:
        """The day in Germany."""
        return self.now().astimezone(_BERLIN).date()
