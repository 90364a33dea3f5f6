"""Where the time of a run goes, by stage."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from node.clock import Clock


class Stopwatch:
    """Adds up seconds per stage; stages may be entered many times."""

    def __init__(self, clock: Clock) -> None:
        """Measure with ``clock``."""
        self._clock = clock
        self._seconds: dict[str, float] = {}

    @contextmanager
    def measuring(self, stage: str) -> Iterator[None]:
        """Count the time inside the block for ``stage``."""
        start = self._clock.elapsed()
        try:
            yield
        finally:
            self._seconds[stage] = self._seconds.get(stage, 0.0) + self._clock.elapsed() - start

    def seconds(self, *stages: str) -> dict[str, float]:
        """Return the seconds of these stages, to the millisecond; 0 for one that was never entered."""
        return {stage: round(self._seconds.get(stage, 0.0), 3) for stage in stages}
