"""Lists of delivered figures, page by page.

Order: dataflow, period, cell, region; a cursor names the last row of a page by its cube, cell and region.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hub.services.statistics.figures import Figure
from hub.services.statistics.paging import Cursor, ListingPage, ListingQuery, no_such_page, require_listed
from hub.services.statistics.reading import Reading
from hub.store.tables.statistics_rows import CubeRow
from protocol.catalogue import Indicator
from protocol.grid import CellGrid, grid_of
from protocol.periods import Period


@dataclass(frozen=True, slots=True)
class ListedFigure:
    """One figure with everything that identifies it; ``codes`` holds the indicator's own dimensions."""

    indicator: Indicator
    codes: Mapping[str, str]
    period: Period
    region: str
    figure: Figure


def list_figures(reading: Reading, query: ListingQuery) -> ListingPage[ListedFigure]:
    """Read one page of figures; the regions are reporting areas or aggregates, not both kinds mixed.

    Raises:
        KimError: ``unknown_period`` for a period that the release does not hold, ``unknown_area`` for a
            region it does not know, ``not_found`` for a cursor of another release.
    """
    if reading.release is None:
        return ListingPage((), None)
    require_listed(reading.release, query)
    numbers = {reading.number_of(region): region for region in query.regions}
    items: list[ListedFigure] = []
    last: Cursor | None = None
    for grid, period, cube, after in _cubes(reading, query):
        rows = _rows_wanted(grid, query)
        # One more than fits tells whether there is a next page.
        room = query.limit - len(items) + 1
        for row in reading.store.observations_after(cube.id, rows, areas=numbers, after=after, limit=room):
            if len(items) == query.limit:
                return ListingPage(tuple(items), last)
            indicator = reading.catalogue.indicators[grid.keys[row.cell][0]]
            region = numbers[row.area_ix]
            figure = reading.figure(row, indicator, period, region)
            items.append(ListedFigure(indicator, grid.codes(row.cell), period, region, figure))
            last = Cursor(reading.release.number, cube.id, row.cell, row.area_ix)
    return ListingPage(tuple(items), None)


def _cubes(
    reading: Reading, query: ListingQuery
) -> Iterator[tuple[CellGrid, Period, CubeRow, tuple[int, int] | None]]:
    """Yield the cubes to read, from the cursor's on, with the cell and region to start after."""
    if reading.release is None:
        return
    started = query.after is None
    order = list(reading.catalogue.datasets)
    for (dataset, period), cube in sorted(
        reading.release.cubes.items(), key=lambda item: (order.index(item[0][0]), item[0][1])
    ):
        here = query.after is not None and query.after.cube == cube.id
        if not (started or here) or (query.periods and period not in query.periods):
            continue
        started = True
        after = (query.after.cell, query.after.area) if here and query.after else None
        yield grid_of(reading.catalogue, dataset), period, cube, after
    if not started:
        raise no_such_page()


def _rows_wanted(grid: CellGrid, query: ListingQuery) -> list[int]:
    return [
        row
        for indicator in grid.dataset.indicators
        if query.wants(indicator.id)
        for row in grid.rows_of(indicator.id)
        if query.permits(grid.codes(row))
    ]
