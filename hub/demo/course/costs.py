"""What each step of the demo costs: time on the clock, and processor time by who used it.

Invariants: processor time is read from the system, never reckoned from the clock; where the system does not
tell what a running hub has used, its share is 0.
"""

from __future__ import annotations

import contextlib
import resource
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class StepCost:
    """One step, or several together.

    Attributes:
        seconds: on the clock.
        hub_seconds: processor time of the hub and of its children.
        command_seconds: processor time of all commands that ended in this step, those of nodes among them.
        own_seconds: processor time of the demo: it generates exports and compares.
    """

    seconds: float = 0.0
    hub_seconds: float = 0.0
    command_seconds: float = 0.0
    own_seconds: float = 0.0

    def __sub__(self, before: Self) -> StepCost:
        """Return what has come since."""
        return StepCost(
            self.seconds - before.seconds,
            self.hub_seconds - before.hub_seconds,
            self.command_seconds - before.command_seconds,
            self.own_seconds - before.own_seconds,
        )

    @property
    def processor_seconds(self) -> dict[str, float]:
        """Processor time by who used it."""
        return {"hub": self.hub_seconds, "commands": self.command_seconds, "demo": self.own_seconds}


class CostMeter:
    """Measures steps; those that are measured inside of others count in both."""

    def __init__(self, hub_seconds: Callable[[], float | None]) -> None:
        """Measure from now on.

        Args:
            hub_seconds: tells what the hub has used so far; None while there is none.
        """
        self._hub_seconds = hub_seconds
        #: Cost by step, in the order in which they began.
        self.steps: dict[str, StepCost] = {}

    @contextlib.contextmanager
    def measuring(self, step: str) -> Iterator[None]:
        """Measure a block as a step."""
        before = self._now()
        self.steps[step] = StepCost()
        try:
            yield
        finally:
            self.steps[step] = self._now() - before

    def _now(self) -> StepCost:
        return StepCost(
            time.perf_counter(),
            self._hub_seconds() or 0.0,
            _used(resource.RUSAGE_CHILDREN),
            _used(resource.RUSAGE_SELF),
        )


def _used(who: int) -> float:
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime
