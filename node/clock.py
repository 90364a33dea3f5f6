"""Time enters the node here and nowhere else.

Invariants: every instant is aware and in UTC until a person reads it; waiting goes through the clock too, so
that a test of a back-off takes no time. It deliberately reads no dates of the source: `quality` does.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Final, Protocol
from zoneinfo import ZoneInfo

_BERLIN: Final = ZoneInfo("Europe/Berlin")


class Clock(Protocol):
    """What the node needs to know about time."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        ...

    def elapsed(self) -> float:
        """Return seconds of a counter that never goes backwards."""
        ...

    def wait(self, seconds: float) -> None:
        """Let ``seconds`` pass."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        return datetime.now(UTC)

    def elapsed(self) -> float:
        """Return seconds of the monotonic counter of the machine."""
        return time.perf_counter()

    def wait(self, seconds: float) -> None:
        """Sleep."""
        time.sleep(seconds)


def local(instant: datetime) -> datetime:
    """Return an instant as the clocks on the walls of the municipality show it, summer time included."""
    return instant.astimezone(_BERLIN)


def timestamp(instant: datetime) -> str:
    """Render an instant the way the protocol writes it: UTC, whole seconds, ``Z``.

    Args:
        instant: an aware instant.

    Returns:
        For example ``2026-10-09T08:15:00Z``.

    Raises:
        ValueError: if the instant is naive.
    """
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
