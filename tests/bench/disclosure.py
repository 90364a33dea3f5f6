"""Everything one municipality delivers in eight quarters, each delivery jointly with all before it.

And one that is ten times as large, for which a ninth quarter is delivered. Each in a process of its own, on
one core.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.bench.goals import Goal
from tests.bench.own_process import run_apart

SIZES: Final = (60, 250, 1000)
GOAL_SECONDS: Final = 5
LARGE: Final = 2500
LARGE_SECONDS: Final = 30
LARGE_MB: Final = 1000

_STOP_SECONDS: Final = 600
_ROOT: Final = Path(__file__).parents[2]


def run() -> Iterator[str]:
    """Deliver areas of four sizes."""
    for goal in goals_reached():
        yield str(goal)
        yield f"        {goal.details}"


def goals_reached() -> Iterator[Goal]:
    """Yield what each size takes, as its processor time and its peak memory."""
    for open_cases in SIZES:
        goal = f"about {GOAL_SECONDS} s"
        yield _goal(f"eight quarters, {open_cases} cases", goal, GOAL_SECONDS, [str(open_cases), "8"])
    goal = f"< {LARGE_SECONDS} s, < {LARGE_MB:,} MB"
    yield _goal(f"a ninth, {LARGE:,} cases", goal, LARGE_SECONDS, [str(LARGE), "9", "last"])


def _goal(subject: str, goal: str, seconds: float, arguments: list[str]) -> Goal:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tests.bench.one_node", *arguments]
        apart = run_apart(command, folder=Path(folder), seconds=_STOP_SECONDS, where=_ROOT)
    if apart.ended:
        return Goal(subject, goal, apart.ended, met=False)
    found = json.loads(apart.output)
    spent = sum(found["steps"].values())
    met = spent < seconds and apart.peak_mb < LARGE_MB and not found["unsafe"]
    reached = f"{spent:.1f} s, {apart.peak_mb:.0f} MB" + (", NOT SAFE" if found["unsafe"] else "")
    return Goal(subject, goal, reached, met, _details(found))


def _details(found: dict[str, dict[str, float]]) -> str:
    parts = (*found["steps"].items(), *found["dataflows"].items())
    return ", ".join(f"{name} {seconds:.2f} s" for name, seconds in parts)
