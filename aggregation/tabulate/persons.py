"""Distinct persons: everybody once per period, with the attributes of the last involvement that counts."""

from __future__ import annotations

from aggregation.tabulate.counts import Counted, count
from aggregation.tabulate.microdata import Microdata
from aggregation.tabulate.sheet import Sheet
from protocol.catalogue import Indicator


def persons_supported(microdata: Microdata, sheet: Sheet, indicator: Indicator) -> None:
    """Count persons with at least one case that was open on at least one day of the period."""
    for number, period in enumerate(sheet.periods):
        rows = microdata.histories.supported(period)
        count(microdata.events("involvements"), sheet, indicator, Counted.at(sheet, number, rows))


def persons_new(microdata: Microdata, sheet: Sheet, indicator: Indicator) -> None:
    """Count persons whose first case ever started in the period."""
    for number, period in enumerate(sheet.periods):
        rows = microdata.histories.new(period)
        count(microdata.events("involvements"), sheet, indicator, Counted.at(sheet, number, rows))
