"""How a measurement is taken and printed."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ratio:
    """Ours against a floor or a peer.

    Attributes:
        name: what is measured.
        ours_seconds: best round.
        peer: what it is compared with.
        peer_seconds: best round.
        goal: largest ratio that is good, or None where none is set.
    """

    name: str
    ours_seconds: float
    peer: str
    peer_seconds: float
    goal: float | None

    def __str__(self) -> str:
        """One line for a person."""
        ratio = self.ours_seconds / self.peer_seconds
        verdict = (
            ""
            if self.goal is None
            else f"  (goal <= {self.goal:g}: {'met' if ratio <= self.goal else 'MISSED'})"
        )
        return (
            f"{self.name}: {self.ours_seconds * 1000:.1f} ms; "
            f"{self.peer}: {self.peer_seconds * 1000:.1f} ms; ratio {ratio:.2f}{verdict}"
        )


def best_seconds(work: Callable[[], object], *, rounds: int) -> float:
    """Return the shortest of several rounds, in seconds."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def interleaved(
    ours: Callable[[], object], peer: Callable[[], object], *, rounds: int
) -> tuple[float, float]:
    """Return the best round of each; rounds alternate so that a noisy machine disturbs both alike."""
    pairs = [(best_seconds(ours, rounds=1), best_seconds(peer, rounds=1)) for _ in range(rounds)]
    return min(one for one, _ in pairs), min(other for _, other in pairs)


def peak_megabytes() -> float:
    """Return this process's peak resident memory in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
