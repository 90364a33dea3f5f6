"""Reading and writing the tables made from the granting authority's lists."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict

import sqlalchemy as sa

from hub.domain.ids import Sha256
from hub.store import models
from hub.store.records import GrantTable

_T = models.grant_table


class Grants:
    """Tables of grants on one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        """Work inside the transaction of `connection`."""
        self._connection = connection

    def replace(self, period: str, tables: Sequence[GrantTable], *, at: dt.datetime) -> None:
        """Put the tables of a year in place of those that were imported before."""
        self._connection.execute(_T.delete().where(_T.c.period == period))
        rows = [{**asdict(table), "imported_at": at} for table in tables]
        if rows:
            self._connection.execute(_T.insert(), rows)

    def all(self, period: str | None = None) -> list[GrantTable]:
        """Return the tables of a year, or all, ordered by period and area."""
        found = sa.select(
            _T.c.area, _T.c.period, _T.c.source_sha256, _T.c.cells_sha256, _T.c.bounds_sha256, _T.c.salt
        ).order_by(_T.c.period, _T.c.area)
        if period is not None:
            found = found.where(_T.c.period == period)
        return [
            GrantTable(row.area, row.period, row.source_sha256, Sha256(row[3]), Sha256(row[4]), row.salt)
            for row in self._connection.execute(found)
        ]
