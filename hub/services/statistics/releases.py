"""Which release a reader gets, and what it holds.

A release never changes, so everything read about one is kept in memory under its id; only the pointer to
the published release is read again for every request. Readers of a page therefore see one release, whole.

It deliberately knows no figures: it says which cube holds the figures of a dataflow and period.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from hub.store.tables.statistics import StatisticsStore
from hub.store.tables.statistics_rows import CubeRow, ReleaseRow
from protocol.catalogue import Catalogue
from protocol.errors import kim_error
from protocol.periods import Period
from protocol.regions import areas_by_id
from protocol.texts import Text


@dataclass(frozen=True, slots=True)
class Release:
    """One release as readers cite it.

    Attributes:
        number: its number, from 1.
        created_at: moment of publication, UTC.
        catalogue_version: version of the catalogue its figures follow.
        cubes: cube by (dataflow, period).
        area_numbers: number of every region in the store by its id.
    """

    id: int
    number: int
    created_at: dt.datetime
    catalogue_version: str
    cubes: Mapping[tuple[str, Period], CubeRow]
    area_numbers: Mapping[str, int]

    def periods(self, dataset: str) -> tuple[Period, ...]:
        """Periods that the release holds of a dataflow, oldest first."""
        return tuple(sorted(period for name, period in self.cubes if name == dataset))

    @property
    def all_periods(self) -> tuple[Period, ...]:
        """Periods that the release holds of any dataflow, oldest first."""
        return tuple(sorted({period for _, period in self.cubes}))


class ReleaseShelf:
    """Releases already read, by id."""

    def __init__(self, catalogue: Catalogue) -> None:
        """Serve figures numbered by the grid of ``catalogue``."""
        self._catalogue = catalogue
        self._read: dict[int, Release] = {}

    def published(self, store: StatisticsStore) -> Release | None:
        """Return the release that readers get, or None before the first one."""
        row = store.published_release()
        return None if row is None else self._take(store, row)

    def numbered(self, store: StatisticsStore, number: int) -> Release:
        """Return a release by its number: figures that were cited stay readable.

        Raises:
            KimError: ``not_found`` if there is none with this number.
        """
        row = store.release_numbered(number)
        if row is None:
            raise kim_error(
                "not_found",
                Text("Eine Veröffentlichung mit dieser Nummer gibt es nicht.", "No release has this number."),
                pointer="release",
            )
        return self._take(store, row)

    def _take(self, store: StatisticsStore, row: ReleaseRow) -> Release:
        found = self._read.get(row.id)
        if found is None:
            found = self._read[row.id] = self._load(store, row)
        return found

    def _load(self, store: StatisticsStore, row: ReleaseRow) -> Release:
        cubes = store.cubes_of(row.id)
        # A cell is a row number in one catalogue's grid; read with another grid it would be another figure.
        if any(cube.catalogue_sha256 != self._catalogue.sha256 for cube in cubes):
            raise kim_error(
                "internal",
                Text(
                    "Die Veröffentlichung folgt einem anderen Katalog; der Hub muss neu zusammenstellen.",
                    "The release follows another catalogue; the hub has to compile again.",
                ),
            )
        return Release(
            id=row.id,
            number=row.number,
            created_at=row.created_at,
            catalogue_version=self._catalogue.version,
            cubes={(cube.dataset, Period.parse(cube.period)): cube for cube in cubes},
            area_numbers=store.area_numbers(),
        )


@lru_cache(maxsize=4096)
def population_share(leaves: tuple[str, ...], delivered: frozenset[str]) -> Decimal:
    """Return the share (0…1) of the population of some areas that lives in those that delivered.

    Args:
        leaves: reporting areas of a region.
        delivered: areas whose delivery counts; others than ``leaves`` do no harm.
    """
    areas = areas_by_id()
    covered = sum(areas[leaf].population for leaf in leaves if leaf in delivered)
    return Decimal(covered) / sum(areas[leaf].population for leaf in leaves)
