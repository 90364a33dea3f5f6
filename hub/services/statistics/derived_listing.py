"""Lists of derived figures, page by page: rates and medians of areas and regions.

Nothing of them is stored, so a page computes what stands on it. Order: indicator, period, cell, region; the
cursor names the last item by its place in that order and the release it belongs to.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hub.services.statistics.cells import Cell, cells_of, main_cell
from hub.services.statistics.derived import figures_of
from hub.services.statistics.figures import Figure
from hub.services.statistics.paging import Cursor, ListingPage, ListingQuery, no_such_page, require_listed
from hub.services.statistics.reading import Reading
from hub.services.statistics.subjects import Subject
from protocol.codelists import TOTAL
from protocol.periods import Period


@dataclass(frozen=True, slots=True)
class DerivedItem:
    """One derived figure with everything that identifies it; dimensions at their total are ``_T``."""

    subject: Subject
    codes: Mapping[str, str]
    period: Period
    region: str
    figure: Figure


def list_derived(reading: Reading, query: ListingQuery) -> ListingPage[DerivedItem]:
    """Read one page of derived figures.

    Raises:
        KimError: ``unknown_period`` for a period that the release does not hold, ``not_found`` for a cursor
            of another release or list.
    """
    if reading.release is None:
        return ListingPage((), None)
    require_listed(reading.release, query)
    places = list(_places(reading, query))
    start = 0 if query.after is None else query.after.cell + 1
    if query.after is not None and start >= len(places):
        raise no_such_page()
    page = places[start : start + query.limit]
    items: list[DerivedItem] = []
    for (cell, period), group in itertools.groupby(page, key=lambda place: (place[0], place[1])):
        regions = [region for _, _, region in group]
        figures = figures_of(reading, [cell], [period], regions=regions)
        items += [
            DerivedItem(cell.subject, _codes(cell), period, region, figures[cell.key, period, region])
            for region in regions
        ]
    more = start + len(page) < len(places)
    last = Cursor(reading.release.number, 0, start + len(page) - 1, 0) if more else None
    return ListingPage(tuple(items), last)


def _places(reading: Reading, query: ListingQuery) -> Iterator[tuple[Cell, Period, str]]:
    for subject in reading.subjects:
        if subject.derived is None or not query.wants(subject.id):
            continue
        cells = [main_cell(reading.catalogue, subject)]
        cells += [cell for group in cells_of(reading.catalogue, subject) for cell in group.cells]
        for period in reading.periods_of(subject):
            if query.periods and period not in query.periods:
                continue
            for cell in cells:
                if query.permits(_codes(cell)):
                    for region in query.regions:
                        yield cell, period, region


def _codes(cell: Cell) -> dict[str, str]:
    return {use.id: cell.codes.get(use.id, TOTAL) for use in cell.subject.dimensions}
