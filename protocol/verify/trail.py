"""What a verification did: the checks that passed, what was found, and what failed.

Each check is written down once it has passed, so that a reader sees how far a failed verification came. The
first failure ends it; there is no verdict "mostly verified".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from protocol.errors import KimError
from protocol.strict_json import JsonValue
from protocol.texts import Text


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of one verification.

    Attributes:
        passed: the checks that passed, in order.
        remarks: what a reader must know even if all passed.
        facts: what is proven (only as far as the checks came), for machines.
        problem: why it is not verified; None if it is.
    """

    passed: tuple[Text, ...]
    remarks: tuple[Text, ...]
    facts: Mapping[str, JsonValue]
    problem: KimError | None

    @property
    def verified(self) -> bool:
        """Whether every check passed."""
        return self.problem is None


@dataclass(slots=True)
class Trail:
    """Collects what a verification finds."""

    passed: list[Text] = field(default_factory=list)
    remarks: list[Text] = field(default_factory=list)
    facts: dict[str, JsonValue] = field(default_factory=dict)

    def passes(self, german: str, english: str) -> None:
        """Write down a check that has passed."""
        self.passed.append(Text(german, english))

    def remark(self, german: str, english: str) -> None:
        """Write down what limits the verdict."""
        self.remarks.append(Text(german, english))


def verdict_of(check: Callable[[Trail], None]) -> Verdict:
    """Run a verification and return its outcome; a refusal is an outcome too."""
    trail = Trail()
    problem: KimError | None = None
    try:
        check(trail)
    except KimError as error:
        problem = error
    return Verdict(tuple(trail.passed), tuple(trail.remarks), trail.facts, problem)
