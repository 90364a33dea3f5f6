"""The true rates and medians of areas and regions, computed by hand from true figures.

Purpose: a second opinion on the eight figures that nobody delivers. Their formulas are typed here once more;
the catalogue says only which there are and by what they may be broken down.

Invariants: exact fractions; what cannot be given (nobody counted, a divisor of zero or below the smallest
that says something) is None; a median in the class without an end is only known from below.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

#: Value of a cell by indicator and codes, in the unit of the indicator.
Figure = Callable[[str, Mapping[str, str]], Fraction]
_HALF: Final = Fraction(1, 2)
#: First day of each class, and the first day after it.
_DURATION: Final = (
    ("M_LT3", 0, 91), ("M3T6", 91, 182), ("M6T12", 182, 365), ("M12T24", 365, 730), ("M_GE24", 730, None),
)  # fmt: skip
_WAIT: Final = (
    ("D_LE7", 0, 8), ("D8T14", 8, 15), ("D15T30", 15, 31), ("D31T60", 31, 61), ("D61T90", 61, 91),
    ("D_GT90", 91, None),
)  # fmt: skip
Classes = Sequence[tuple[str, int, int | None]]


@dataclass(frozen=True, slots=True)
class TrueRate:
    """A true figure; ``at_least``: the true one is this or more."""

    value: Fraction
    at_least: bool = False


def true_rate(name: str, figure: Figure, *, foreign: int, codes: Mapping[str, str]) -> TrueRate | None:
    """Compute one rate or median.

    Args:
        name: id of the derived indicator.
        figure: true figures of one region and period.
        foreign: foreign residents of the region.
        codes: breakdown, or nothing.

    Raises:
        KeyError: if nobody has typed the formula.
    """
    if name == "MEDIAN_DURATION":
        return _median(lambda code: figure("CASES_BY_DURATION", {"DURATION": code}), _DURATION)
    if name == "MEDIAN_WAIT":
        return _median(lambda code: figure("CASES_BY_WAIT", {"WAIT": code}), _WAIT)
    above, below, scale, smallest = _parts(name, figure, foreign=Fraction(foreign), codes=codes)
    if below <= 0 or below < smallest:
        return None
    return TrueRate(scale * above / below)


def _parts(
    name: str, figure: Figure, *, foreign: Fraction, codes: Mapping[str, str]
) -> tuple[Fraction, Fraction, int, int]:
    """Return what stands above and below the line, the scale and the smallest divisor."""

    def closed(outcome: str | None = None) -> Fraction:
        return figure("CASES_CLOSED", {} if outcome is None else {"OUTCOME": outcome})

    formulas: dict[str, Callable[[], tuple[Fraction, Fraction, int, int]]] = {
        "FILL_RATE": lambda: (figure("FTE_FILLED", codes), figure("FTE_FUNDED", codes), 100, 0),
        "CASELOAD_FTE": lambda: (figure("CASES_OPEN", {}), figure("FTE_FILLED", {"BAUSTEIN": "B2"}), 1, 1),
        "SPEND_RATE": lambda: (figure("FUNDS_SPENT", codes), figure("FUNDS_GRANTED", codes), 100, 0),
        "OPEN_PER_1000_FOREIGN": lambda: (figure("CASES_OPEN", {}), foreign, 1000, 0),
        "TURNOVER": lambda: (closed(), figure("CASES_OPENED", {}), 100, 0),
        "GOAL_SHARE": lambda: (closed("GOAL") + closed("PART"), closed() - closed("_U"), 100, 0),
    }
    return formulas[name]()


def _median(count: Callable[[str], Fraction], classes: Classes) -> TrueRate | None:
    """Interpolate the median within its class, as if days were spread evenly over it."""
    counts = [count(code) for code, _, _ in classes]
    middle, below = sum(counts, Fraction(0)) * _HALF, Fraction(0)
    if middle == 0:
        return None
    for (_, first, end), here in zip(classes, counts, strict=True):
        if here and below + here >= middle:
            if end is None:
                return TrueRate(Fraction(first), at_least=True)
            return TrueRate(first + (middle - below) / here * (end - first))
        below += here
    raise ValueError("a median lies in one of its classes")
