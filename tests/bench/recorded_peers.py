"""What peers reached when they were measured (`tests/vectors/sdc/peers.csv`): R programs as they stand there.

tau-ARGUS runs beside ours and should withhold as many cells as was recorded.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from tests.factories.sdc_tables import AMOUNTS, FOLDER

_OWN: Final = "own "


@dataclass(frozen=True, slots=True)
class Recorded:
    """One run of a peer that ended well.

    Attributes:
        table: what was protected.
        peer: the program and its version.
        variant: how.
        withheld: secondary cells.
        value: what they add up to.
        open_cells: sensitive cells that the strong attacker knows exactly (amounts: too closely).
        processor_seconds: of the process; None where it was not measured.
        wall_seconds: by the clock.
        peak_mb: largest resident set.
    """

    table: str
    peer: str
    variant: str
    withheld: int
    value: int
    open_cells: int
    processor_seconds: float | None
    wall_seconds: float | None
    peak_mb: float | None

    @property
    def program(self) -> str:
        """The program without its version."""
        return self.peer.split()[0]


@cache
def recorded() -> tuple[Recorded, ...]:
    """Return every run of a peer that ended well and withheld every sensitive cell."""
    with (FOLDER / "peers.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["status"] == "ok" and row["prim_missing"] == "0"]
    return tuple(
        Recorded(
            table=row["instance"],
            peer=row["peer"],
            variant=row["variant"],
            withheld=int(row["secondary"]),
            value=round(float(row["sup_value_secondary"])),
            open_cells=_open_cells(row),
            processor_seconds=_number(row["cpu_s"]),
            wall_seconds=_number(row["time_wall_s"]),
            peak_mb=_number(row["peak_mb"]),
        )
        for row in rows
        if not row["peer"].startswith(_OWN)
    )


def best_safe(table: str, cost: str) -> Recorded | None:
    """Return the run of a peer that is safe at S1 and withholds the fewest cells (``unit``) or the least."""
    safe = [each for each in recorded() if each.table == table and not each.open_cells]
    return min(safe, key=lambda each: each.withheld if cost == "unit" else each.value, default=None)


def as_recorded(table: str, method: str, cost: str) -> int | None:
    """Return how many cells tau-ARGUS withheld when it was recorded, or None if it was not."""
    for each in recorded():
        if (each.table, each.program, each.variant) == (table, "tau-ARGUS", f"{method}-{cost}"):
            return each.withheld
    return None


def _open_cells(row: Mapping[str, str]) -> int:
    if row["instance"] in AMOUNTS:
        # Known exactly, or more closely than the rules allow: both were measured.
        return max(int(row["disclosed_lp_lb0"]), int(row["unprotected_pm1"]))
    return int(row["disclosed_lp_zeros_known"])


def _number(text: str) -> float | None:
    return float(text) if text not in {"", "nan"} else None
