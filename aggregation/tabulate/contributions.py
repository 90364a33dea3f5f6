"""Posts and euros: sums, and how they concentrate on their contributors.

A contributor is a post or a carrier. Within a cell its rows are added first, signs included; what remains is
its contribution, and only contributors whose contribution is not zero count. So a vacant post does not hide
the one that is filled, and a carrier that paid everything back contributes nothing.
"""

from __future__ import annotations

import numpy as np

from aggregation.margins import Counts, cells_above, margins_of
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
        net, by, leaf = _net(amounts, who, leaf)
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
    net, by, owner = _net(amounts, contributor, cell)
    shares = Shares(owner.astype(np.int64), by.astype(np.int64), net)
    size = np.abs(net)
    order = np.lexsort((size, owner))
    size, contributors = size[order], np.bincount(owner, minlength=cells)
    last = np.cumsum(contributors) - 1
    values, gross, largest, second = (np.zeros(cells, dtype=np.int64) for _ in range(4))
    np.add.at(values, owner, net)
    np.add.at(gross, owner, np.abs(net))
    one, two = contributors > 0, contributors > 1
    largest[one], second[two] = size[last[one]], size[last[two] - 1]
    return Contributions(values, contributors.astype(np.int64), largest, second, gross, shares)


def _net(amounts: Counts, contributor: Positions, cell: Positions) -> tuple[Counts, Positions, Positions]:
    """Net contributions that are not zero, with contributor and cell of each."""
    width = int(contributor.max(initial=0)) + 1
    key = cell * width + contributor
    order = np.argsort(key, kind="stable")
    key = key[order]
    starts = np.flatnonzero(np.diff(key, prepend=-1))
    net = np.add.reduceat(amounts[order], starts) if len(starts) else amounts
    kept = net != 0
    key = key[starts][kept]
    return net[kept], key % width, key // width
