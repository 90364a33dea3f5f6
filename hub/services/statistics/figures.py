"""What the hub may say about one cell of one region: a value, a sign, or an interval with its coverage.

Invariants: a withheld cell of an area has neither value nor rate; a total is an interval that contains the
truth whatever the withheld cells are; where a delivery is missing its upper side is open (None), never
guessed. Rates are computed from integers with exact decimals, and the rate of an interval is an interval.

It deliberately offers no confidence limits, ranks or quartiles: they would undo the protection of cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from hub.store.tables.statistics_rows import ObservationRow
from protocol.observations import WITHHELD_BY_HUB, CellState

PER: Final = 1000


@dataclass(frozen=True, slots=True)
class Interval:
    """Guaranteed limits of a figure.

    Attributes:
        lower: the figure is at least this; None where withheld amounts may be negative.
        upper: the figure is at most this; None where a delivery is missing.
    """

    lower: Decimal | None
    upper: Decimal | None

    @property
    def exact(self) -> bool:
        """Whether the limits meet, so that the figure is known."""
        return self.upper is not None and self.upper == self.lower

    @property
    def unbounded(self) -> bool:
        """Whether nothing at all is certain."""
        return self.lower is None and self.upper is None

    def per_thousand(self, population: int) -> Interval | None:
        """Return the limits per 1,000 of a population; None without one."""
        if population <= 0:
            return None
        lower, upper = (
            None if limit is None else limit * PER / population for limit in (self.lower, self.upper)
        )
        return Interval(lower, upper)


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a total rests on.

    Attributes:
        expected: areas that should have delivered.
        delivered: areas that have.
        withheld: delivered areas that withhold this cell.
        population_share: share (0…1) of the region's population that lives in areas that delivered.
    """

    expected: int
    delivered: int
    withheld: int
    population_share: Decimal

    @property
    def complete(self) -> bool:
        """Whether every area has delivered."""
        return self.delivered == self.expected


@dataclass(frozen=True, slots=True)
class Figure:
    """One cell of one region, ready to be shown.

    Attributes:
        state: state of the cell; a total over withheld cells keeps its interval whatever the state.
        count: limits of the figure in its unit, or None if only a sign may stand there.
        rate: the same per 1,000 of the indicator's population; None without a count or a denominator.
        coverage: what a total rests on; None for a single area.
        partial: whether a total speaks only of the areas that delivered, because of the whole region nothing
            could be said; its state then still says that deliveries are missing.
        by_hub: whether the hub itself withholds an area's figure, which it took from the granting
            authority's list.
    """

    state: CellState
    count: Interval | None
    rate: Interval | None
    coverage: Coverage | None = None
    partial: bool = False
    by_hub: bool = False

    @property
    def wire(self) -> tuple[str, str]:
        """The SDMX pair (``OBS_STATUS``, ``CONF_STATUS``)."""
        obs_status, conf_status = self.state.wire
        return obs_status, WITHHELD_BY_HUB if self.by_hub else conf_status

    @property
    def empty(self) -> bool:
        """Whether there is nothing to say: no delivery ("at least zero" would be true), or no limit."""
        return (
            self.count is None
            or self.count.unbounded
            or (self.coverage is not None and self.coverage.delivered == 0)
        )


def area_figure(
    row: ObservationRow, *, decimals: int, population: int | None, granted: bool = False
) -> Figure:
    """Build the figure of one reporting area: its value, or nothing but a sign.

    Args:
        row: the observation; its bounds are not looked at, an area's withheld cell stays blank.
        decimals: decimals of the indicator.
        population: denominator of the area, or None if the indicator has no rate.
        granted: whether the hub took it from the granting authority's list, and protected it itself.
    """
    if not row.state.has_value or row.value is None:
        return Figure(row.state, None, None, by_hub=granted and row.state is CellState.SUPPRESSED)
    value = Decimal(row.value).scaleb(-decimals)
    count = Interval(value, value)
    return Figure(row.state, count, None if population is None else count.per_thousand(population))


def total_figure(
    row: ObservationRow, *, decimals: int, population: int | None, population_share: Decimal
) -> Figure:
    """Build the figure of an aggregate region: an interval with its coverage.

    Args:
        row: the observation of the aggregate.
        decimals: decimals of the indicator.
        population: denominator of the whole region, missing areas included, or None.
        population_share: share of the population in areas that delivered.
    """
    coverage = Coverage(row.expected, row.delivered, row.withheld, population_share)
    if row.lower is None and row.upper is None and not row.delivered:
        return Figure(CellState.NOT_DELIVERED, None, None, coverage)
    lower, upper = (
        None if limit is None else Decimal(limit).scaleb(-decimals) for limit in (row.lower, row.upper)
    )
    count = Interval(lower, upper)
    rate = None if population is None else count.per_thousand(population)
    return Figure(row.state, count, rate, coverage)


def absent_figure(*, expected: int, population_share: Decimal = Decimal(0)) -> Figure:
    """Build the figure of a cell that no cube holds: not delivered (yet)."""
    coverage = Coverage(expected, 0, 0, population_share) if expected > 1 else None
    return Figure(CellState.NOT_DELIVERED, None, None, coverage)
