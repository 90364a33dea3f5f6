"""The involvements of each person in order of time: who is supported in a period, and by which involvement.

The involvement that describes a person in a period is the one that started latest among those running in it;
of several that started on the same day, the one with the greatest case id (byte order).
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pyarrow.compute as pc

from aggregation.tabulate.events import Days, Events, Positions, day_number, one_chunk
from protocol.periods import Period


class Histories:
    """Rows of the involvements, ordered by person, start and case id."""

    def __init__(self, involvements: Events) -> None:
        self._events = involvements
        self._supported: dict[Period, Positions] = {}

    def supported(self, period: Period) -> Positions:
        """Return for each person with an involvement running in a period the row that describes them."""
        return self._order[self._last_running(period)]

    def new(self, period: Period) -> Positions:
        """Return the same rows for those whose first involvement ever started in the period."""
        last = self._last_running(period)
        return self._order[last[self._first_opened[last] >= day_number(period.first_day)]]

    def _last_running(self, period: Period) -> Positions:
        """Positions in the order, one per person supported."""
        if period not in self._supported:
            first, last = day_number(period.first_day), day_number(period.last_day)
            running = np.flatnonzero((self._opened <= last) & (self._closed >= first))
            is_last = np.diff(self._person[running], append=-1) != 0
            self._supported[period] = running[is_last]
        return self._supported[period]

    @cached_property
    def _order(self) -> Positions:
        person, opened = self._events.numbered("person_id"), self._events.days("opened")
        if not len(person):
            return person
        # One integer sort; texts are compared only where a person has two starts on one day.
        since = opened.astype(np.int64) - int(opened.min())
        key = person * (int(since.max()) + 1) + since
        order = np.argsort(key)
        again = np.diff(key[order]) == 0
        tied = np.flatnonzero(np.append(again, False) | np.append(False, again))
        rows = order[tied]
        order[tied] = rows[np.lexsort((self._case_ranks(rows), key[rows]))]
        return order

    def _case_ranks(self, rows: Positions) -> Positions:
        """Rank of the case id of each row among these rows, in the byte order of the texts."""
        rank = np.empty(len(rows), dtype=np.intp)
        rank[np.asarray(pc.sort_indices(one_chunk(self._events.texts("case_id")).take(rows)))] = np.arange(
            len(rows)
        )
        return rank

    @cached_property
    def _person(self) -> Positions:
        return self._events.numbered("person_id")[self._order]

    @cached_property
    def _opened(self) -> Days:
        return self._events.days("opened")[self._order]

    @cached_property
    def _closed(self) -> Days:
        return self._events.days("closed")[self._order]

    @cached_property
    def _first_opened(self) -> Days:
        """Start of the first involvement of the person at each position."""
        starts = np.flatnonzero(np.diff(self._person, prepend=-1))
        return np.repeat(self._opened[starts], np.diff(starts, append=len(self._person)))
