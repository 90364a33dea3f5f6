"""What the hub shows: the published release from its store, and the public statistics API over HTTP.

Purpose: the comparison reads every observation, close to half a million, directly from the hub's database,
while the hub is running; the API is asked for samples and must say the same.

It deliberately does not: write, or talk to anything but loopback.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from hub.demo.comparison.cubes import PublishedCell
from hub.settings import HubSettings
from hub.store.engine import make_engine
from hub.store.models import observation
from hub.store.statistics import StatisticsStore
from hub.store.statistics_rows import CubeRow
from protocol.observations import STATES

_TIMEOUT_SECONDS: Final = 60


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


def get_json(port: int, path: str) -> Any:  # noqa: ANN401 -- any JSON document
    """Ask the hub on this machine for a JSON document.

    Raises:
        OSError: if it cannot be reached.
        ValueError: if it does not answer 200 with JSON.
    """
    return json.loads(_get(port, path, accept="application/json"))


def get_text(port: int, path: str) -> str:
    """Ask the hub on this machine for a text file.

    Raises:
        OSError: if it cannot be reached.
        ValueError: if it does not answer 200 with UTF-8.
    """
    return _get(port, path, accept="text/*").decode("utf-8")


def get_bytes(port: int, path: str) -> bytes:
    """Ask the hub on this machine for a file.

    Raises:
        OSError: if it cannot be reached.
        ValueError: if it does not answer 200.
    """
    return _get(port, path, accept="*/*")


def _get(port: int, path: str, *, accept: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("GET", path, headers={"Accept": accept})
        response = connection.getresponse()
        body = response.read()
    except http.client.HTTPException as broken:
        raise OSError("the hub did not answer in HTTP") from broken
    finally:
        connection.close()
    if response.status != 200:
        raise ValueError(f"GET {path.partition('?')[0]}: {response.status}")
    return body
