"""One reader's view of one release: the unit of work of every use case that only reads.

It is the only place that turns rows of the store into figures: every use case gets values, signs and
intervals from here, so that none can state a withheld cell by accident.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache
from typing import Final

import sqlalchemy as sa

from hub.clock import Clock, SystemClock
from hub.services.statistics.cells import Cell, CellKey
from hub.services.statistics.figures import Figure, Interval, absent_figure, area_figure, total_figure
from hub.services.statistics.releases import Release, ReleaseShelf, population_share
from hub.services.statistics.subjects import Subject, subjects_of
from hub.store.tables.statistics import StatisticsStore
from hub.store.tables.statistics_rows import ObservationRow, Secrecy
from protocol.catalogue import Catalogue, Indicator
from protocol.catalogue_file import load_catalogue
from protocol.errors import kim_error
from protocol.observations import CellState
from protocol.periods import Period
from protocol.regions import AACHEN_WHOLE, Region, RegionTree, areas_by_id, region_tree

#: Regions that a page names as subtotals, in the order of the regional tables of official statistics.
DISTRICTS: Final = ("NW051", "NW053", "NW055", "NW057", "NW059")


@cache
def district_of(area: str) -> str:
    """Return the Regierungsbezirk that a reporting area lies in."""
    return next(district for district in DISTRICTS if area in region_tree().members[district])


#: Population of an area by the column that a denominator of the catalogue names.
_POPULATIONS: Final[Mapping[str, Callable[[Region], int]]] = {
    "population": lambda area: area.population,
    "foreign_population_est": lambda area: area.foreign_population,
}


#: Sums over areas that delivered: by release id, cells, period and region, each cell's figure.
PartialSums = dict[tuple[int, tuple[CellKey, ...], Period, str], Mapping[CellKey, Figure]]


class Statistics:
    """Everything published on one database; one object per process, shared by page and API."""

    def __init__(self, engine: sa.Engine, *, demo: bool = False, clock: Clock | None = None) -> None:
        """Read from ``engine``; ``demo`` marks figures that were made up; ``clock`` knows what is due."""
        self._engine = engine
        self._clock = clock or SystemClock()
        self.demo = demo
        self.catalogue: Catalogue = load_catalogue()
        self.tree: RegionTree = region_tree()
        self._shelf = ReleaseShelf(self.catalogue)
        self._secrecy: dict[int, Mapping[int, Secrecy]] = {}
        self._marks: dict[int, Marks] = {}
        self._partial: PartialSums = {}

    @contextmanager
    def reading(self, release_number: int | None = None) -> Iterator[Reading]:
        """Open a view of the published release, or of the one with this number.

        Raises:
            KimError: ``not_found`` if no release has this number.
        """
        with self._engine.connect() as connection:
            store = StatisticsStore(connection)
            if release_number is None:
                release = self._shelf.published(store)
            else:
                release = self._shelf.numbered(store, release_number)
            yield Reading(
                self.catalogue,
                self.tree,
                store,
                release,
                self._secrecy,
                self._marks,
                self._partial,
                self._clock.today(),
            )


@dataclass(frozen=True, slots=True)
class Marks:
    """What must be known beside figures of a release, by (area, dataflow, period).

    Attributes:
        breaks: why the series begins anew, in the area's words; a computed year is broken with any quarter.
        revisions: number of the revision, where it is not the first.
        granted: what the hub itself protected, from the granting authority's list.
    """

    breaks: Mapping[tuple[str, str, Period], str]
    revisions: Mapping[tuple[str, str, Period], int]
    granted: frozenset[tuple[str, str, Period]]


@dataclass(frozen=True, slots=True)
class LeafLimits:
    """What is known of one cell of one area: its limits, and whether they are those of a withheld cell."""

    limits: Interval
    withheld: bool


@dataclass(frozen=True)
class Reading:
    """An open view.

    Attributes:
        catalogue: the catalogue.
        tree: hierarchy of regions.
        store: queries on the open connection.
        release: the release that is read, or None before the first one.
        secrecy_cache: counts of withheld cells by cube; a cube never changes.
        marks_cache: signs beside figures by release; a release never changes.
        partial_cache: sums over areas that delivered, by release and what was added up.
        today: the day in Germany: deliveries are due until a day.
    """

    catalogue: Catalogue
    tree: RegionTree
    store: StatisticsStore
    release: Release | None
    secrecy_cache: dict[int, Mapping[int, Secrecy]]
    marks_cache: dict[int, Marks]
    partial_cache: PartialSums
    today: dt.date

    @property
    def indicators(self) -> tuple[Indicator, ...]:
        """Indicators that the release holds, in catalogue order."""
        if self.release is None:
            return ()
        held = {dataset for dataset, _ in self.release.cubes}
        return tuple(i for i in self.catalogue.indicators.values() if i.dataset in held)

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """Subjects all of whose dataflows the release holds, in catalogue order."""
        if self.release is None:
            return ()
        held = {dataset for dataset, _ in self.release.cubes}
        return tuple(s for s in subjects_of(self.catalogue).values() if held.issuperset(s.datasets))

    def periods_of(self, subject: Subject) -> tuple[Period, ...]:
        """Periods in which the release holds every dataflow of a subject, oldest first, years included.

        A year in which nobody delivers or adds up the indicator is none of them.
        """
        if self.release is None:
            return ()
        held = [set(self.release.periods(dataset)) for dataset in subject.datasets]
        return tuple(sorted(set.intersection(*held)))

    def number_of(self, region: str) -> int:
        """Return the number of a region in the store.

        Raises:
            KimError: ``unknown_area`` if there is no such region.
        """
        self.tree.name(region)
        number = self.release.area_numbers.get(region) if self.release else None
        if number is None:
            raise kim_error("unknown_area")
        return number

    def figures(
        self, cells: Sequence[Cell], periods: Collection[Period], *, regions: Sequence[str]
    ) -> dict[tuple[CellKey, Period, str], Figure]:
        """Return figures of delivered cells of one dataflow by (cell, period, region).

        Args:
            cells: cells of delivered indicators of one dataflow.
            periods: periods; those the release does not hold give "not delivered".
            regions: reporting areas or aggregates.
        """
        if self.release is None or not cells:
            return {}
        cubes = {
            cube.id: period
            for (dataset, period), cube in self.release.cubes.items()
            if dataset == cells[0].subject.dataset and period in periods
        }
        by_number = {self.number_of(region): region for region in regions}
        by_row = {cell.row(self.catalogue): cell for cell in cells}
        found: dict[tuple[CellKey, Period, str], Figure] = {}
        for row in self.store.observations(cubes, by_row, areas=by_number):
            cell, period, region = by_row[row.cell], cubes[row.cube_id], by_number[row.area_ix]
            if cell.subject.indicator is not None:
                found[cell.key, period, region] = self._shown(row, cell.subject.indicator, period, region)
        for cell in cells:
            for period in periods:
                for region in regions:
                    if (cell.key, period, region) not in found:
                        absent = absent_figure(expected=len(self.tree.leaves_of(region)))
                        found[cell.key, period, region] = absent
        return found

    def leaf_limits(
        self, cells: Sequence[Cell], periods: Collection[Period]
    ) -> dict[tuple[CellKey, Period, str], LeafLimits]:
        """Return what is known of delivered cells of one dataflow in every area that has delivered them.

        Only for adding up: what an area withholds has limits here, and no page shows those of a single area.
        """
        if self.release is None or not cells:
            return {}
        cubes = {
            cube.id: period
            for (dataset, period), cube in self.release.cubes.items()
            if dataset == cells[0].subject.dataset and period in periods
        }
        numbers = {self.number_of(area): area for area in areas_by_id()}
        by_row = {cell.row(self.catalogue): cell for cell in cells}
        found: dict[tuple[CellKey, Period, str], LeafLimits] = {}
        for row in self.store.observations(cubes, by_row, areas=numbers):
            indicator = by_row[row.cell].subject.indicator
            withheld = row.state is CellState.SUPPRESSED
            if indicator is None or not (row.state.has_value or withheld):
                continue
            lower, upper = (
                None if limit is None else Decimal(limit).scaleb(-indicator.decimals)
                for limit in (row.lower, row.upper)
            )
            place = (by_row[row.cell].key, cubes[row.cube_id], numbers[row.area_ix])
            found[place] = LeafLimits(Interval(lower, upper), withheld)
        return found

    def _shown(self, row: ObservationRow, indicator: Indicator, period: Period, region: str) -> Figure:
        figure = self.figure(row, indicator, period, region)
        joint = region == AACHEN_WHOLE and indicator.reporting_unit == "authority"
        if not joint or figure.count is None or figure.count.exact:
            return figure
        # A joint authority is one reporting unit: what it withholds gets a sign, not limits.
        return area_figure(row, decimals=indicator.decimals, population=None)

    def figure(self, row: ObservationRow, indicator: Indicator, period: Period, region: str) -> Figure:
        """Turn a row of the store into what may be said about it.

        Args:
            row: the observation.
            indicator: the indicator its cell belongs to.
            period: period of its cube.
            region: its reporting area or aggregate.
        """
        population = self.denominator(indicator, region)
        if region in areas_by_id():
            granted = (region, indicator.dataset, period) in self.marks.granted
            return area_figure(row, decimals=indicator.decimals, population=population, granted=granted)
        return total_figure(
            row,
            decimals=indicator.decimals,
            population=population,
            population_share=population_share(
                self.tree.leaves_of(region), self.delivered(indicator.dataset, period)
            ),
        )

    @property
    def marks(self) -> Marks:
        """Breaks of series and revisions in the release."""
        if self.release is None:
            return Marks({}, {}, frozenset())
        found = self.marks_cache.get(self.release.id)
        if found is None:
            breaks: dict[tuple[str, str, Period], str] = {}
            for (area, dataset, text), reason in self.store.series_breaks(self.release.id).items():
                period = Period.parse(text)
                breaks[area, dataset, period] = reason
                breaks.setdefault((area, dataset, Period(period.year)), reason)
            revisions = {
                (area, dataset, Period.parse(period)): number
                for (area, dataset, period), number in self.store.revisions(self.release.id).items()
            }
            granted = frozenset(
                (area, dataset, Period.parse(period))
                for area, dataset, period in self.store.granted(self.release.id)
            )
            found = self.marks_cache[self.release.id] = Marks(breaks, revisions, granted)
        return found

    def delivered(self, dataset: str, period: Period) -> frozenset[str]:
        """Areas whose delivery is in the release."""
        cube = self.release.cubes.get((dataset, period)) if self.release else None
        return frozenset() if cube is None else cube.areas

    def denominator(self, indicator: Indicator, region: str) -> int | None:
        """Population below the rate of an indicator in a region, or None if it has no rate."""
        return None if indicator.denominator is None else self.people(indicator.denominator, region)

    def people(self, denominator: str, region: str) -> int:
        """Number of people of a population of the catalogue in a region."""
        return _population(self.tree.leaves_of(region), self.catalogue.denominators[denominator].column)

    def secrecy(self, dataset: str, period: Period) -> Mapping[str, Secrecy]:
        """Cells and withheld cells by area in the cube of a dataflow and period."""
        cube = self.release.cubes.get((dataset, period)) if self.release else None
        if cube is None or self.release is None:
            return {}
        counts = self.secrecy_cache.get(cube.id)
        if counts is None:
            counts = self.secrecy_cache[cube.id] = self.store.secrecy(cube.id)
        numbers = self.release.area_numbers
        return {area: counts[numbers[area]] for area in areas_by_id() if numbers.get(area) in counts}


@lru_cache(maxsize=4096)
def _population(leaves: tuple[str, ...], column: str) -> int:
    people = _POPULATIONS[column]
    return sum(people(areas_by_id()[leaf]) for leaf in leaves)
