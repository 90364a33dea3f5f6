"""Posts and euros: sums, and how they concentrate on their contributors.

A contributor is a post or a carrier. Within a cell its rows are added first, signs included; what remains is
its contribution, and only contributors whose contribution is not zero count. So a vacant post does not hide
the one that is filled, and a carrier that paid everything back contributes nothing.
"""

from __future__ import annotations

import numpy as np

from aggregation.margins import Counts, cells_above, margins_of
from aggregation.sdc import sensitivity
from aggregation.sdc.sensitivity import net_contributions
from aggregation.tabulate.events import NEVER, Events, Positions
from aggregation.tabulate.microdata import Microdata
from aggregation.tabulate.sheet import Contributions, Sheet
from aggregation.tabulation import Shares
from protocol.catalogue import Indicator


def positions(microdata: Microdata, sheet: Sheet, indicator: Indicator, *, column: str) -> None:
    """Add up posts whose span holds the last day of each period; contributors are posts."""
    posts = microdata.events("posts")
    since, until = posts.days("valid_from"), posts.days("valid_to", missing=NEVER)
    contributor = posts.numbered("post_id")
    for number, last in enumerate(sheet.last_days):
        rows = np.flatnonzero((since <= last) & (until >= last))
        _add(posts, sheet, indicator, rows, contributor=contributor, column=column, period=number)


def euros(microdata: Microdata, sheet: Sheet, indicator: Indicator, *, column: str) -> None:
    """Add up the bookings of the budget year that is the period's year; contributors are carriers."""
    funds = microdata.events("funds")
    years, contributor = funds.integers("year"), funds.numbered("carrier_id")
    for number, period in enumerate(sheet.periods):
        rows = np.flatnonzero(years == period.year)
        _add(funds, sheet, indicator, rows, contributor=contributor, column=column, period=number)


def _add(
    events: Events,
    sheet: Sheet,
    indicator: Indicator,
    rows: Positions,
    *,
    contributor: Positions,
    column: str,
    period: int,
) -> None:
    """Fill every table of an indicator for one period."""
    amounts, who = events.integers(column)[rows], contributor[rows]
    for table in indicator.tables:
        leaf, cells = np.zeros(len(rows), dtype=np.intp), 1
        for use in (use for d in table if (use := indicator.dimension_use(d)) is not None):
            margins = margins_of(use.codelist)
            leaf = leaf * len(margins.leaves) + events.codes(use, rows)
            cells *= len(margins.published)
        # Per leaf first: it leaves few rows to be counted in every cell above.
        leaf, by, net = net_contributions(leaf, who, amounts)
        counted, cell = cells_above(indicator, table, leaf)
        found = concentration(net[counted], by[counted], cell, cells=cells)
        sheet.place_contributions(indicator, table, found, period=period)


def concentration(amounts: Counts, contributor: Positions, cell: Positions, *, cells: int) -> Contributions:
    """Return what stands behind each cell.

    Args:
        amounts: signed amounts.
        contributor: number of the contributor of each.
        cell: position of the cell of each.
        cells: number of cells.

    Returns:
        Arrays of shape ``(cells,)``.
    """
    owner, by, net = net_contributions(cell, contributor, amounts)
    found = sensitivity.concentration(owner, by, net, cells=cells)
    largest, second = found.largest
    return Contributions(
        found.values, found.contributors, largest, second, found.gross, Shares(owner, by, net)
    )
