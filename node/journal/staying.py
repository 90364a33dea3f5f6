"""What was not delivered and why: corrections that are held, and deliveries that are blocked."""

from __future__ import annotations

import sqlite3

from node.clock import Clock, timestamp
from node.journal.records import StayingDelivery
from node.journal.schema import transaction


class StayingDeliveries:
    """What the journal remembers of deliveries that stayed in the house."""

    def __init__(self, connection: sqlite3.Connection, *, clock: Clock) -> None:
        """Read and write on ``connection``; ``clock`` says since when something stays."""
        self._connection = connection
        self._clock = clock

    def keep_back(
        self, dataset: str, period: str, *, area: str, decision: str, code: str | None, changed_cells: int
    ) -> None:
        """Remember that something was not delivered; the time of the first finding stays.

        Raises:
            KimError: ``storage_full``, ``spool_damaged``.
        """
        row = (area, dataset, period, decision, code, changed_cells, timestamp(self._clock.now()))
        with transaction(self._connection) as connection:
            connection.execute(
                "INSERT INTO staying (area, dataset, period, decision, code, changed_cells, since) "
                "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (area, dataset, period) DO UPDATE SET "
                "since = CASE WHEN (decision, code) IS (excluded.decision, excluded.code) THEN since "
                "ELSE excluded.since END, decision = excluded.decision, code = excluded.code, "
                "changed_cells = excluded.changed_cells",
                row,
            )

    def let_go(self, dataset: str, period: str, *, area: str) -> None:
        """Forget that something was not delivered: nothing keeps it any more.

        Raises:
            KimError: ``storage_full``, ``spool_damaged``.
        """
        key = (area, dataset, period)
        where = "FROM staying WHERE area = ? AND dataset = ? AND period = ?"
        if self._connection.execute(f"SELECT 1 {where}", key).fetchone() is not None:
            with transaction(self._connection) as connection:
                connection.execute(f"DELETE {where}", key)

    def all(self) -> tuple[StayingDelivery, ...]:
        """Return what was not delivered and why, by period, dataset and area."""
        rows = self._connection.execute(
            "SELECT area, dataset, period, decision, code, changed_cells, since FROM staying "
            "ORDER BY period, dataset, area"
        ).fetchall()
        return tuple(StayingDelivery(*row) for row in rows)
