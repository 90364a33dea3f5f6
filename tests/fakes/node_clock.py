"""A clock that stands until it is waited on; it remembers every wait."""

from datetime import UTC, datetime, timedelta


class SteppedClock:
    """Implements `node.clock.Clock`: waiting moves it, nothing else does."""

    def __init__(self, start: datetime = datetime(2026, 10, 9, 8, 15, tzinfo=UTC)) -> None:
        self._start = start
        self.waits: list[float] = []

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.elapsed())

    def elapsed(self) -> float:
        return sum(self.waits)

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
