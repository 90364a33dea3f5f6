"""A goal of the design beside what was measured: for a person who reads a run, and for the documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Goal:
    """One goal.

    Attributes:
        subject: table and cost.
        goal: what was asked for.
        reached: what came out.
        met: whether that is enough.
        details: what it is made of.
    """

    subject: str
    goal: str
    reached: str
    met: bool
    details: str = ""

    def __str__(self) -> str:
        """One line for a person."""
        return f"{'met' if self.met else 'MISSED':<8}{self.subject:<29}{self.goal:<33}{self.reached}"


def as_markdown(goals: Sequence[Goal]) -> str:
    """Return the goals as a table for the documents."""
    rows = [f"| {g.subject} | {g.goal} | {g.reached} | {'met' if g.met else '**missed**'} |" for g in goals]
    return "\n".join(["| what | goal | reached | |", "|---|---|---|---|", *rows]) + "\n"
