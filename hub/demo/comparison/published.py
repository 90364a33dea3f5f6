"""The published release, read from the hub's own store while the hub is running.

Purpose: the comparison reads every observation, close to half a million; what people get is `served`.

It deliberately does not: write.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from hub.demo.comparison.cells import PublishedCell
from hub.settings import HubSettings
from hub.store.engine import make_engine
from hub.store.models import observation
from hub.store.tables.statistics import StatisticsStore
from hub.store.tables.statistics_rows import CubeRow
from protocol.observations import STATES


class PublishedRelease:
    """The published release of a hub's database, read in one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._store = StatisticsStore(connection)
        self._names = {number: area for area, number in self._store.area_numbers().items()}

    def cubes(self) -> tuple[CubeRow, ...]:
        """Return the cubes of the release, none before the first one."""
        release = self._store.published_release()
        return () if release is None else self._store.cubes_of(release.id)

    def series_breaks(self) -> frozenset[tuple[str, str, str]]:
        """Return the deliveries (area, dataset, period) with which a series begins anew."""
        release = self._store.published_release()
        return frozenset() if release is None else frozenset(self._store.series_breaks(release.id))

    def cells(self, cube: CubeRow) -> Iterator[PublishedCell]:
        """Return all observations of a cube."""
        c = observation.c
        columns = (c.area_ix, c.cell, c.state, c.value, c.lower, c.upper, c.expected, c.delivered, c.withheld)
        # Plain tuples instead of the store's records, and all of a cube at once: there are half a million.
        rows = self._connection.execute(sa.select(*columns).where(c.cube_id == cube.id)).all()
        for area, cell, state, *figures in rows:
            yield PublishedCell(self._names[area], cell, STATES[state], *figures)


def open_database(home: Path) -> sa.Engine:
    """Return an engine on the database of the hub in ``home``."""
    return make_engine(HubSettings.load(home).sqlalchemy_url)
