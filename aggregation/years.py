"""The year of an area, computed from its four quarters: what adds up over time is never delivered twice.

Per cell by the catalogue: flows add up, a stock is that of the last quarter, distinct persons of a year
cannot be computed and come from a delivery of their own. The sum of exact bounds is exact: no cell of one
quarter stands in a relation that is certain with a cell of another. The years of the areas are merged like
any other deliveries (:func:`aggregation.merge.merge`), so coverage says what a reader expects: an area counts
as delivered if all of its quarters are there, and as withholding if at least one of them is withheld.

Only protected cells go in, and an area whose quarter is withheld has no figure for the year either.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from aggregation.limits import OPEN_ABOVE, add_limits
from aggregation.merge import AreaDelivery, Flags, States
from protocol.catalogue import Catalogue, Indicator
from protocol.grid import grid_of
from protocol.observations import STATE_NUMBER, CellState
from protocol.periods import Period

QUARTERS: Final = 4

_VALUE, _ZERO = STATE_NUMBER[CellState.VALUE], STATE_NUMBER[CellState.ZERO]
_SUPPRESSED = STATE_NUMBER[CellState.SUPPRESSED]
_NOT_DELIVERED = STATE_NUMBER[CellState.NOT_DELIVERED]


def quarters_of(year: Period) -> tuple[Period, ...]:
    """Return the four quarters that a computed year rests on.

    Raises:
        ValueError: if the period is a quarter.
    """
    if year.quarter is not None:
        raise ValueError("only a year has quarters")
    return tuple(Period(year.year, quarter) for quarter in range(1, QUARTERS + 1))


def is_computed(indicator: Indicator) -> bool:
    """Whether the year is computed: the indicator is not delivered by year, and adds up or is a stock."""
    return "A" not in indicator.frequencies and indicator.time_additivity in {"sum", "last"}


def year_of(
    catalogue: Catalogue,
    dataset_id: str,
    area: str,
    quarters: Sequence[AreaDelivery | None],
    *,
    yearly: AreaDelivery | None = None,
) -> AreaDelivery:
    """Compute the year of one area (or authority).

    Args:
        catalogue: the catalogue.
        dataset_id: dataflow.
        area: the area.
        quarters: its deliveries of the four quarters in order, aligned with ``grid_of``; None where one is
            missing.
        yearly: its own delivery for the year, aligned with ``grid_of``
            (:meth:`~aggregation.merge.AreaDelivery.in_whole_grid`), for what is delivered by year.

    Returns:
        The year, aligned with ``grid_of``, in a form that ``merge`` takes. A sum is a value or zero if all
        four quarters are published; it is withheld if all are held and one is withheld, with the sums of the
        bounds as its bounds; otherwise it is not delivered, the sum of the lower bounds is a lower bound all
        the same, and nothing bounds it from above. A stock is that of the fourth quarter.

    Raises:
        ValueError: if there are not four quarters, or a delivery is another area's or has another table.
    """
    grid = grid_of(catalogue, dataset_id)
    given = [delivery for delivery in (*quarters, yearly) if delivery is not None]
    if len(quarters) != QUARTERS or any(d.area != area or len(d.state) != len(grid) for d in given):
        raise ValueError("a year needs four quarters of one area and dataflow")
    nothing = AreaDelivery.nothing(catalogue, dataset_id, area)
    parts = [nothing if quarter is None else quarter for quarter in quarters]
    sums = _sum(area, parts, nothing)
    sources = {"sum": sums, "last": parts[-1]}
    state, lower, upper = nothing.state, nothing.lower, nothing.upper
    for indicator in grid.dataset.indicators:
        rows = np.array(grid.rows_of(indicator.id), dtype=np.intp)
        computed = sources[indicator.time_additivity] if is_computed(indicator) else yearly
        if computed is not None:
            state[rows], lower[rows], upper[rows] = (
                computed.state[rows],
                computed.lower[rows],
                computed.upper[rows],
            )
    return AreaDelivery(area, state, lower, upper)


def _sum(area: str, parts: Sequence[AreaDelivery], nothing: AreaDelivery) -> AreaDelivery:
    state = np.array([part.state for part in parts], dtype=np.uint8)
    held = np.array([part.held for part in parts], dtype=np.bool_)
    complete = np.asarray(held.all(axis=0), dtype=np.bool_)
    lower = add_limits([np.where(p.held, p.lower, np.maximum(p.lower, nothing.lower)) for p in parts])
    upper = np.where(complete, add_limits([part.upper for part in parts]), OPEN_ABOVE)
    return AreaDelivery(area, _states(state, complete, lower == 0), lower, upper.astype(np.int64))


def _states(state: States, complete: Flags, is_zero: Flags) -> States:
    """State of a sum; where no quarter holds the cell for one and the same reason, that reason."""
    alike = (state == state[0]).all(axis=0)
    found: States = np.select(
        [complete & (state == _SUPPRESSED).any(axis=0), complete & is_zero, complete, alike],
        [_SUPPRESSED, _ZERO, _VALUE, state[0].astype(np.int64)],
        default=_NOT_DELIVERED,
    ).astype(np.uint8)
    return found
