"""Lists of figures, page by page, for programmes that read everything.

Order: dataflow, period, cell, region; a cursor names the last row of a page and the release it belongs to,
so a reader who pages through while a new release is published still reads one release, whole.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hub.services.statistics.figures import Figure
from hub.services.statistics.reading import Reading
from hub.store.statistics_rows import CubeRow
from protocol.catalogue import Indicator
from protocol.errors import KimError, kim_error
from protocol.grid import CellGrid, grid_of
from protocol.periods import Period
from protocol.texts import Text

_NUMBERS = 4


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row of a page: release number, cube, cell, region number."""

    release: int
    cube: int
    cell: int
    area: int

    def token(self) -> str:
        """Return the opaque form for addresses."""
        text = f"{self.release}.{self.cube}.{self.cell}.{self.area}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, token: str) -> Cursor:
        """Read the opaque form.

        Raises:
            KimError: ``not_found`` if this hub never issued such a token.
        """
        try:
            text = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True).decode(
                "ascii"
            )
            numbers = [int(part) for part in text.split(".") if part.isdigit()]
        except (binascii.Error, UnicodeDecodeError, ValueError):
            raise no_such_page() from None
        if len(numbers) != _NUMBERS or max(numbers) >= 2**31:
            raise no_such_page()
        cursor = cls(*numbers)
        if cursor.token() != token:
            raise no_such_page()
        return cursor


@dataclass(frozen=True, slots=True)
class ListingQuery:
    """What to list.

    Attributes:
        regions: reporting areas or aggregates, not both kinds mixed.
        indicators: indicator ids; all of the release when empty.
        periods: all of the release when empty.
        codes: permitted codes per dimension; dimensions not named are not restricted.
        limit: most items on a page.
        after: the last row of the page before, or None.
    """

    regions: tuple[str, ...]
    indicators: tuple[str, ...] = ()
    periods: tuple[Period, ...] = ()
    codes: Mapping[str, tuple[str, ...]] | None = None
    limit: int = 1000
    after: Cursor | None = None


@dataclass(frozen=True, slots=True)
class ListedFigure:
    """One figure with everything that identifies it; ``codes`` holds the indicator's own dimensions."""

    indicator: Indicator
    codes: Mapping[str, str]
    period: Period
    region: str
    figure: Figure


@dataclass(frozen=True, slots=True)
class ListingPage:
    """Figures of one page, and the cursor of the next, or None at the end."""

    items: tuple[ListedFigure, ...]
    next: Cursor | None


def list_figures(reading: Reading, query: ListingQuery) -> ListingPage:
    """Read one page of figures.

    Raises:
        KimError: ``unknown_period`` for a period that the release does not hold, ``unknown_area`` for a
            region it does not know, ``not_found`` for a cursor of another release.
    """
    if reading.release is None:
        return ListingPage((), None)
    if query.after is not None and query.after.release != reading.release.number:
        raise no_such_page()
    for period in query.periods:
        if period not in reading.release.all_periods:
            raise kim_error("unknown_period", pointer="period")
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
    wanted = query.codes or {}
    rows: list[int] = []
    for indicator in grid.dataset.indicators:
        if query.indicators and indicator.id not in query.indicators:
            continue
        for row in grid.rows_of(indicator.id):
            codes = grid.codes(row)
            if all(codes.get(dimension) in permitted for dimension, permitted in wanted.items()):
                rows.append(row)
    return rows


def no_such_page() -> KimError:
    """Return the refusal of a cursor that belongs to nothing."""
    return kim_error(
        "not_found",
        Text(
            "Parameter cursor: Diese Seite der Liste gibt es nicht.",
            "Parameter cursor: there is no such page of the list.",
        ),
        pointer="cursor",
    )
