"""What is shown of a cell, and what follows for several of them: the bounds of a total, and what they hold.

Invariants: a bound that is None is open; bounds of a total are those of plain adding, and nothing narrower.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Self

from hub.demo.comparison.cell_rules import CellRule
from protocol.observations import CellState

#: Dataset, period in wire form.
CubeKey = tuple[str, str]


class PublishedCell(NamedTuple):
    """One observation of the published release; a bound that is None is open; ``row``: row of the grid."""

    region: str
    row: int
    state: CellState
    value: int | None
    lower: int | None
    upper: int | None
    expected: int
    delivered: int
    withheld: int


class Known(NamedTuple):
    """What is shown of one cell of an area, or of all areas that an authority serves (``areas``).

    ``held``: it was delivered, or follows from deliveries; otherwise the bounds are all that is known.
    """

    held: bool
    withheld: bool
    lower: int | None
    upper: int | None
    areas: int = 1

    @classmethod
    def of(cls, cell: PublishedCell) -> Self:
        """Return what a delivered cell of an area shows."""
        withheld = cell.state is CellState.SUPPRESSED
        return cls(held=True, withheld=withheld, lower=cell.lower, upper=cell.upper)


#: Row of the grid → what is shown of it; rows about which nothing is known are not listed.
KnownCells = Mapping[int, Known]


def within(cell: PublishedCell, rule: CellRule, true: int) -> bool:
    """Return whether a true figure lies within the bounds; only what may be negative may be open below."""
    above = cell.lower <= true if cell.lower is not None else rule.indicator.may_be_negative
    return above and (cell.upper is None or true <= cell.upper)


def added(parts: Sequence[Known], rule: CellRule, *, complete: bool) -> tuple[int | None, int | None]:
    """Return the bounds of a total over areas: sums, from below the largest where persons may be shared."""
    lowers = [part.lower for part in parts if part.lower is not None]
    lower: int | None = max(lowers, default=0)
    if rule.indicator.region_additivity == "sum":
        open_below = rule.indicator.may_be_negative and (not complete or len(lowers) < len(parts))
        lower = None if open_below else sum(lowers)
    uppers = [part.upper for part in parts if part.upper is not None]
    return lower, sum(uppers) if complete and len(uppers) == len(parts) else None
