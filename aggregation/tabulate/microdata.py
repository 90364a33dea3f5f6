"""The fact tables of one call; what is derived from them is derived once for all indicators and periods."""

from __future__ import annotations

from functools import cached_property

from aggregation.facts import Facts
from aggregation.tabulate.events import Events
from aggregation.tabulate.histories import Histories


class Microdata:
    """The fact tables of one area as integer arrays."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._events: dict[str, Events] = {}

    def events(self, table: str) -> Events:
        """Return a fact table by its name in :data:`aggregation.facts.SCHEMAS`."""
        if table not in self._events:
            self._events[table] = Events(self._facts.table(table))
        return self._events[table]

    @cached_property
    def histories(self) -> Histories:
        """The involvements of each person."""
        return Histories(self.events("involvements"))
