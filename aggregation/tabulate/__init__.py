"""Counts the typed microdata of one area into all linked tables of a dataflow.

Pure: Arrow tables in, integer arrays aligned with the cell grid out; no IO, no clock. What is counted is the
catalogue's definition: flows by their date, stocks at the reference date, distinct persons once per period,
multi-response fields once per distinct field, posts and euros with the contributors behind them. Nothing here
protects anything: the result is confidential until `aggregation.disclosure` has run.

One module per way of counting: `counts` (events), `persons` (distinct persons), `contributions` (posts and
carriers); `events` turns columns into integers, `sheet` holds what was counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from aggregation.facts import Facts
from aggregation.tabulate.contributions import euros, positions
from aggregation.tabulate.counts import flow, open_cases, reported
from aggregation.tabulate.microdata import Microdata
from aggregation.tabulate.persons import persons_new, persons_supported
from aggregation.tabulate.sheet import Sheet
from aggregation.tabulation import Tabulation
from protocol.catalogue import Catalogue, Indicator
from protocol.errors import kim_error
from protocol.grid import delivery_grid
from protocol.periods import Period


@dataclass(frozen=True, slots=True)
class _Recipe:
    """How an indicator is counted: from which fact table, and by what."""

    table: str
    count: Callable[[Microdata, Sheet, Indicator], None]


_RECIPES: Final[Mapping[str, _Recipe]] = {
    "CASES_OPENED": _Recipe("cases", partial(flow, table="cases", date="opened")),
    "CASES_CLOSED": _Recipe("cases", partial(flow, table="cases", date="closed")),
    "CASES_OPEN": _Recipe("cases", open_cases),
    "CONTACTS_ONEOFF": _Recipe("contacts", partial(flow, table="contacts", date="date")),
    "PERSONS_SUPPORTED": _Recipe("involvements", persons_supported),
    "PERSONS_NEW": _Recipe("involvements", persons_new),
    "FTE_FUNDED": _Recipe("posts", partial(positions, column="funded")),
    "FTE_FILLED": _Recipe("posts", partial(positions, column="filled")),
    "FUNDS_GRANTED": _Recipe("funds", partial(euros, column="granted")),
    "FUNDS_SPENT": _Recipe("funds", partial(euros, column="spent")),
    "REFERRALS": _Recipe("referrals", partial(flow, table="referrals", date="date")),
    "CASES_BY_DURATION": _Recipe("cases", partial(flow, table="cases", date="closed")),
    "CASES_BY_WAIT": _Recipe("cases", partial(flow, table="cases", date="opened")),
    "STRUCT_ISSUES": _Recipe("issues", reported),
    "B3_DECISIONS": _Recipe("decisions", partial(flow, table="decisions", date="date")),
}


def fact_table(indicator: Indicator) -> str | None:
    """Return the fact table that an indicator is counted from; None if this version cannot count it."""
    recipe = _RECIPES.get(indicator.id)
    return recipe.table if recipe is not None else None


def is_collected(facts: Facts, indicator: Indicator) -> bool:
    """Whether the municipality collects an indicator at all: the fact table it is counted from is there."""
    table = fact_table(indicator)
    return table is not None and getattr(facts, table) is not None


def tabulate(
    facts: Facts, *, catalogue: Catalogue, dataset_id: str, periods: Sequence[Period]
) -> Mapping[Period, Tabulation]:
    """Count all cells of a dataflow for several periods at once.

    Args:
        facts: typed microdata of one area (schemas in :mod:`aggregation.facts`).
        catalogue: the catalogue.
        dataset_id: dataflow.
        periods: reporting periods, any order, each once; quarters and years may be mixed.

    Returns:
        For each period, in the order given, its tabulation, aligned with the grid of a delivery in the
        period's frequency. Where a fact table is None, the cells of the indicators counted from it are zero
        and not collected.

    Raises:
        KimError: ``schema_unknown`` if there is no such dataflow, it is not delivered in a period's
            frequency, or this version cannot count one of its indicators; ``unknown_code`` if a fact carries
            a code that is no leaf of its codelist.
    """
    microdata = Microdata(facts)
    found: dict[Period, Tabulation] = {}
    for freq in dict.fromkeys(period.freq for period in periods):
        grid = delivery_grid(catalogue, dataset_id, freq)
        sheet = Sheet(grid, tuple(period for period in periods if period.freq == freq))
        for indicator in sheet.indicators:
            recipe = _RECIPES.get(indicator.id)
            if recipe is None:
                raise kim_error("schema_unknown")
            if is_collected(facts, indicator):
                sheet.collect(indicator)
                recipe.count(microdata, sheet, indicator)
        found |= sheet.tabulations()
    return {period: found[period] for period in periods}
