"""Where counts go: the arrays of all periods of one frequency, one row per period and one column per cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
import numpy.typing as npt

from aggregation.margins import Counts, table_margins, table_rows
from aggregation.tabulate.events import Days, day_number
from aggregation.tabulation import Shares, Tabulation
from protocol.catalogue import Indicator
from protocol.grid import CellGrid
from protocol.periods import Period


@dataclass(frozen=True, slots=True)
class Contributions:
    """What stands behind cells, arrays of one shape.

    Attributes:
        values: signed sums.
        contributors: number of contributors that are not zero.
        largest: absolute contribution of the largest.
        second: of the second largest.
        gross: sum of absolute contributions.
        shares: who contributed how much to which of the cells.
    """

    values: Counts
    contributors: Counts
    largest: Counts
    second: Counts
    gross: Counts
    shares: Shares


@dataclass(frozen=True, eq=False)
class Sheet:
    """Tables that are being filled.

    Attributes:
        grid: cells of one delivery.
        periods: all of one frequency.
    """

    grid: CellGrid
    periods: tuple[Period, ...]
    _values: Counts = field(init=False, repr=False)
    _contributors: Counts = field(init=False, repr=False)
    _largest: Counts = field(init=False, repr=False)
    _second: Counts = field(init=False, repr=False)
    _gross: Counts = field(init=False, repr=False)
    _collected: npt.NDArray[np.bool_] = field(init=False, repr=False)
    _shares: list[list[Shares]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Start with zeros, nothing collected."""
        shape = (len(self.periods), len(self.grid))
        for name in ("_values", "_contributors", "_largest", "_second", "_gross"):
            object.__setattr__(self, name, np.zeros(shape, dtype=np.int64))
        object.__setattr__(self, "_collected", np.zeros(shape[1], dtype=np.bool_))
        object.__setattr__(self, "_shares", [[] for _ in self.periods])

    @property
    def indicators(self) -> tuple[Indicator, ...]:
        """The indicators with cells in the grid, in catalogue order."""
        held = {key[0] for key in self.grid.keys}
        return tuple(i for i in self.grid.dataset.indicators if i.id in held)

    @property
    def first_days(self) -> Days:
        """First day of each period, in days since 1970-01-01."""
        return _days([period.first_day for period in self.periods])

    @property
    def last_days(self) -> Days:
        """Last day of each period: the reference date of stocks and ages."""
        return _days([period.last_day for period in self.periods])

    def collect(self, indicator: Indicator) -> None:
        """Note that the municipality collects an indicator."""
        self._collected[np.array(self.grid.rows_of(indicator.id))] = True

    def place(
        self, indicator: Indicator, table: tuple[str, ...], leaf_counts: Counts, *, period: int | None
    ) -> None:
        """Write the margins of counts over leaf codes.

        Args:
            indicator: the table's indicator.
            table: its dimensions.
            leaf_counts: shape ``(periods, leaves of dimension 1, ...)``.
            period: position of the only period, or None for all.
        """
        self.place_cells(indicator, table, table_margins(indicator, table, leaf_counts), period=period)

    def place_cells(
        self, indicator: Indicator, table: tuple[str, ...], cells: Counts, *, period: int | None
    ) -> None:
        """Write counts over published codes, shape ``(periods, published codes of dimension 1, ...)``."""
        rows = table_rows(self.grid, indicator, table).ravel()
        where = slice(None) if period is None else slice(period, period + 1)
        for array in (self._values, self._contributors, self._gross):  # each unit contributes one
            array[where, rows] = cells.reshape(len(cells), -1)

    def place_contributions(
        self, indicator: Indicator, table: tuple[str, ...], found: Contributions, *, period: int
    ) -> None:
        """Write magnitudes of one period, in the order of the flattened table."""
        rows = table_rows(self.grid, indicator, table).ravel()
        self._values[period, rows] = found.values
        self._contributors[period, rows] = found.contributors
        self._largest[period, rows] = found.largest
        self._second[period, rows] = found.second
        self._gross[period, rows] = found.gross
        placed = rows[found.shares.cell].astype(np.int64)
        self._shares[period].append(replace(found.shares, cell=placed))

    def tabulations(self) -> Mapping[Period, Tabulation]:
        """Return what was counted, by period."""
        return {
            period: Tabulation(
                values=self._values[number],
                collected=self._collected.copy(),
                contributors=self._contributors[number],
                largest=self._largest[number],
                second=self._second[number],
                gross=self._gross[number],
                shares=Shares.together(self._shares[number]),
            )
            for number, period in enumerate(self.periods)
        }


def _days(dates: list[date]) -> Days:
    return np.array([day_number(day) for day in dates], dtype=np.int32)
