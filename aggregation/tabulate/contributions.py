"""Posts and euros: sums, and how they concentrate on their contributors.

A contributor is a post or a carrier. Within a cell its rows are added first, signs included; what remains is
its contribution, and only contributors whose contribution is not zero count. So a vacant post does not hide
the one that is filled, and a carrier that paid everything back contributes nothing.
"""

from __future__ import annotations

import numpy as np

from aggregation.margins import Counts, margins_of, table_margins
from aggregation.tabulate.events import NEVER, Events, Positions
from aggregation.tabulate.microdata import Microdata
from aggregation.tabulate.sheet import Contributions, Sheet
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
    amounts = events.integers(column)[rows]
    present, numbers = np.unique(contributor[rows], return_inverse=True)
    for table in indicator.tables:
        uses = [use for d in table if (use := indicator.dimension_use(d)) is not None]
        sizes = [len(margins_of(use.codelist).leaves) for use in uses]
        by_leaf = np.zeros((len(present), *sizes), dtype=np.int64)
        np.add.at(by_leaf, (numbers, *(events.codes(use, rows) for use in uses)), amounts)
        found = concentration(table_margins(indicator, table, by_leaf))
        sheet.place_contributions(indicator, table, found, period=period)


def concentration(net: Counts) -> Contributions:
    """Return sums and the largest contributions per cell.

    Args:
        net: signed contribution of each contributor to each cell, shape ``(contributors, ...)``.

    Returns:
        Arrays of the shape of the cells.
    """
    # Two rows of zeros: there is always a largest and a second.
    gross = np.concatenate([np.abs(net), np.zeros((2, *net.shape[1:]), dtype=np.int64)])
    top = np.partition(gross, len(gross) - 2, axis=0)
    return Contributions(
        values=net.sum(axis=0, dtype=np.int64),
        contributors=np.count_nonzero(net, axis=0).astype(np.int64),
        largest=top[-1],
        second=top[-2],
        gross=gross.sum(axis=0, dtype=np.int64),
    )
