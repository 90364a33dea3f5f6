"""Time enters `kim-protect` here and nowhere else: as a question between rounds, and as durations.

No result depends on it but the number of rounds, which is part of the result.
"""

from __future__ import annotations

import time
from collections.abc import Callable


def now_seconds() -> float:
    """Return seconds of a counter that never goes backwards."""
    return time.perf_counter()


def deadline(seconds: float) -> Callable[[], bool]:
    """Return a question that is answered with yes once so many seconds have passed."""
    end = now_seconds() + seconds
    return lambda: now_seconds() >= end
