"""Time enters `kim-protect` here and nowhere else: as a question between rounds, and as durations.

No result depends on it but the number of rounds, which is part of the result, and the date of a report.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime


def now_seconds() -> float:
    """Return seconds of a counter that never goes backwards."""
    return time.perf_counter()


def deadline(seconds: float) -> Callable[[], bool]:
    """Return a question that is answered with yes once so many seconds have passed."""
    end = now_seconds() + seconds
    return lambda: now_seconds() >= end


def made() -> str:
    """Return day and time as the clock on the wall shows it, as ``2026-11-26 14:05``."""
    return f"{datetime.now(UTC).astimezone():%Y-%m-%d %H:%M}"
