"""One measured pattern, and how it is printed: a hundred columns, one line per pattern."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from tests.bench.recorded_peers import Recorded

_COLUMNS: Final = "{:<17}{:<12}{:<6}{:>8}{:>10}{:>12}{:>7}{:>7}{:>6}{:>5}{:>5}{:>5}"

HEADING: Final = _COLUMNS.format(
    "program", "method", "cost", "withheld", "value", "bound", "cpu s", "wall s", "MB", "S1", "S2", "S3"
)

LEGEND: Final = (
    "withheld: cells beyond the sensitive ones; value: what they add up to; bound: what any pattern of the",
    "same level costs at least (= is proven optimal); rec.: as recorded. Sensitive cells that are open:",
    "S1  to an outsider, who knows that no withheld count is 0 (known exactly; amounts: too closely)",
    "S2  to him, or to a person who is alone in a cell (amounts: to a contributor)",
    "S3  counts that cannot be everything from 1 to just below the minimum",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """One pattern.

    Attributes:
        table: what was protected.
        program: who did.
        method: how; ours: the level and the seconds of improvement.
        cost: what was kept small: ``unit`` or ``value``.
        processor_seconds: of the process.
        wall_seconds: by the clock.
        peak_mb: largest resident set.
        ended: how it ended if not well.
        withheld: secondary cells; None if it did not end well.
        value: what they add up to.
        stated: what ours says of its own pattern.
        found: what the attack found.
    """

    table: str
    program: str
    method: str
    cost: str
    processor_seconds: float | None
    wall_seconds: float | None
    peak_mb: float | None
    ended: str = ""
    withheld: int | None = None
    value: int | None = None
    stated: Mapping[str, object] = field(default_factory=dict)
    found: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def of_recorded(cls, run: Recorded) -> Result:
        """Return a recorded run; of the attacks only that of the outsider was made in the same way."""
        return cls(
            table=run.table,
            program=f"{run.program[:16]}",
            method=run.variant.removeprefix("linked-").partition(" ")[0][:11],
            cost="rec.",
            processor_seconds=run.processor_seconds,
            wall_seconds=run.wall_seconds,
            peak_mb=run.peak_mb,
            withheld=run.withheld,
            value=run.value,
            found={"S1": run.open_cells},
        )

    @property
    def safe(self) -> bool:
        """Whether it is a pattern that no outsider gets behind, without an open question."""
        return self.found.get("S1") == 0 and not self.number("undecided")

    def price(self, cost: str) -> int:
        """Return what it withholds: cells (``unit``), or persons or euros (``value``); or -1."""
        price = self.withheld if cost == "unit" else self.value
        return -1 if price is None else price

    @property
    def level(self) -> str:
        """Return the level that ours was asked for."""
        return self.method.partition(",")[0] if self.program == "ours" else ""

    def number(self, name: str) -> int:
        """Return a count that the attack reported, 0 if it did not."""
        found = self.found.get(name, 0)
        return found if isinstance(found, int) else 0

    def __str__(self) -> str:
        """One line for a person."""
        times = (_figure(self.processor_seconds, ".1f"), _figure(self.wall_seconds, ".1f"))
        if self.ended:
            line = f"{self.program:<17}{self.method:<12}{self.cost:<6}{self.ended:>30}"
            return f"{line}{times[0]:>7}{times[1]:>7}{_figure(self.peak_mb, '.0f'):>6}"
        levels = [_figure(self.found.get(level), "d") for level in ("S1", "S2", "S3")]
        return _COLUMNS.format(
            self.program, self.method, self.cost, _figure(self.withheld, ",d"), _figure(self.value, ",d"),
            self._bound(), *times, _figure(self.peak_mb, ".0f"), *levels,
        )  # fmt: skip

    def _bound(self) -> str:
        bound = self.stated.get("bound")
        sign = "= " if self.stated.get("optimal") else ""
        return f"{sign}{bound:,.0f}" if isinstance(bound, int | float) else "-"


def _figure(number: object, form: str) -> str:
    return format(number, form) if isinstance(number, int | float) else "-"
