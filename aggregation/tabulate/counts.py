"""Counts of events: what happened in a period, and what stands at its end.

Ages are those at the last day of the period. A multi-response table counts each answer once per case, and its
total counts cases, not answers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aggregation.margins import margins_of, table_margins, total_position
from aggregation.tabulate.events import NEVER, Days, Events, Positions
from aggregation.tabulate.microdata import Microdata
from aggregation.tabulate.sheet import Sheet
from protocol.catalogue import DimensionUse, Indicator


@dataclass(frozen=True, eq=False, slots=True)
class Counted:
    """The rows that count.

    Attributes:
        rows: row numbers in the fact table.
        groups: for each of them the position of its period; all zero if ``period`` is given.
        reference: reference date of ages, one or one per row.
        period: position of the only period, or None for all.
    """

    rows: Positions
    groups: Positions
    reference: Days | np.int32
    period: int | None

    @classmethod
    def at(cls, sheet: Sheet, period: int, rows: Positions) -> Counted:
        """Rows that all count in one period."""
        return cls(rows, np.zeros(len(rows), dtype=np.intp), sheet.last_days[period], period)


def flow(microdata: Microdata, sheet: Sheet, indicator: Indicator, *, table: str, date: str) -> None:
    """Count rows in the period that holds their date; rows without a date never happened."""
    events = microdata.events(table)
    days = events.days(date)
    period = np.full(len(days), -1, dtype=np.intp)
    for number, (first, last) in enumerate(zip(sheet.first_days, sheet.last_days, strict=True)):
        period[(days >= first) & (days <= last)] = number
    rows = np.flatnonzero(period >= 0)
    groups = period[rows]
    count(events, sheet, indicator, Counted(rows, groups, sheet.last_days[groups], None))


def open_cases(microdata: Microdata, sheet: Sheet, indicator: Indicator) -> None:
    """Count cases that are open at the end of the last day of each period.

    Closed on the reference date is no longer open: open = open before + opened - closed.
    """
    cases = microdata.events("cases")
    opened, closed = cases.days("opened"), cases.days("closed")
    for number, last in enumerate(sheet.last_days):
        rows = np.flatnonzero((opened <= last) & (closed > last))
        count(cases, sheet, indicator, Counted.at(sheet, number, rows))


def reported(microdata: Microdata, sheet: Sheet, indicator: Indicator) -> None:
    """Count structural issues reported on or before the last day, by the status they have now."""
    issues = microdata.events("issues")
    days = issues.days("reported", missing=NEVER)
    for number, last in enumerate(sheet.last_days):
        count(issues, sheet, indicator, Counted.at(sheet, number, np.flatnonzero(days <= last)))


def count(events: Events, sheet: Sheet, indicator: Indicator, counted: Counted) -> None:
    """Count rows into every table of an indicator.

    Raises:
        KimError: ``unknown_code`` if a row carries a code that is no leaf of its codelist.
    """
    depth = len(sheet.periods) if counted.period is None else 1
    for table in indicator.tables:
        uses = [use for d in table if (use := indicator.dimension_use(d)) is not None]
        if len(uses) == 1 and not uses[0].additive:
            _count_responses(events, sheet, indicator, uses[0], counted)
            continue
        combined, shape = counted.groups, [depth]
        for use in uses:
            size = len(margins_of(use.codelist).leaves)
            combined = combined * size + events.codes(use, counted.rows, reference=counted.reference)
            shape.append(size)
        counts = np.bincount(combined, minlength=int(np.prod(shape))).reshape(shape)
        sheet.place(indicator, table, counts, period=counted.period)


def _count_responses(
    events: Events, sheet: Sheet, indicator: Indicator, use: DimensionUse, counted: Counted
) -> None:
    depth = len(sheet.periods) if counted.period is None else 1
    present = events.responses(use, counted.rows)
    counts = np.stack([present[counted.groups == n].sum(axis=0, dtype=np.int64) for n in range(depth)])
    cells = table_margins(indicator, (use.id,), counts)
    cells[:, total_position(use.codelist)] = np.bincount(counted.groups, minlength=depth)
    sheet.place_cells(indicator, (use.id,), cells, period=counted.period)
