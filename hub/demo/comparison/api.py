"""Asks the public statistics API for a whole quarter and a whole year and holds them against the hub's store.

Purpose: the comparison with the answer key reads the store; what people get comes through the API. Here both
must say the same, for every cell of all areas and regions of the latest quarter and year, page by page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

from hub.demo.comparison.cells import PublishedCell
from hub.demo.comparison.judgement import Check, Judgement
from hub.demo.comparison.published import PublishedRelease
from hub.demo.comparison.served import get_json
from protocol.catalogue import Catalogue
from protocol.grid import grid_of
from protocol.periods import Period

_PAGE: Final = 5000

Stored = dict[tuple[str, str, int], PublishedCell]


def check_api(port: int, release: PublishedRelease, catalogue: Catalogue, judgement: Judgement) -> None:
    """Compare the latest quarter and year, observations and totals; every difference is a failed check.

    Args:
        port: where the hub answers.
        release: the published release in the store.
        catalogue: the catalogue of both.
        judgement: where checks are counted.
    """
    cubes = release.cubes()
    if not cubes:
        return  # `Comparison.finish` fails the check that was never made.
    periods = sorted({Period.parse(cube.period) for cube in cubes}, reverse=True)
    for freq in ("Q", "A"):
        latest = next((str(period) for period in periods if period.freq == freq), None)
        if latest is None:
            continue
        stored: Stored = {
            (cube.dataset, cell.region, cell.row): cell
            for cube in cubes
            if cube.period == latest
            for cell in release.cells(cube)
        }
        _check_period(port, latest, stored, catalogue, judgement)


def _check_period(port: int, period: str, stored: Stored, catalogue: Catalogue, judgement: Judgement) -> None:
    try:
        for name in ("observations", "totals"):
            for item in _items(port, name, period=period):
                cell = stored.pop(_place(item, catalogue), None)
                decimals = catalogue.indicator(item["indicator"]).decimals
                same = cell is not None and _same(item, cell, decimals=decimals)
                where = f"{name} {item['ref_area']} {item['indicator']}"
                judgement.check(Check.API_AGREES, holds=same, where=where)
    except (OSError, ValueError) as broken:
        judgement.check(Check.API_AGREES, holds=False, where=str(broken))
    shown = f"{len(stored)} cells of {period} are not shown"
    judgement.check(Check.API_AGREES, holds=not stored, where=shown)


def _items(port: int, name: str, *, period: str) -> Iterator[Mapping[str, Any]]:
    query = {"period": period, "limit": str(_PAGE)}
    while True:
        page = get_json(port, f"/api/v1/{name}?{urlencode(query)}")
        yield from page["data"]
        if not page["next"]:
            return
        query["cursor"] = page["next"]


def _place(item: Mapping[str, Any], catalogue: Catalogue) -> tuple[str, str, int]:
    indicator = catalogue.indicator(item["indicator"])
    grid = grid_of(catalogue, indicator.dataset)
    return indicator.dataset, item["ref_area"], grid.index[grid.key(indicator, item["dimensions"])]


def _same(item: Mapping[str, Any], cell: PublishedCell, *, decimals: int) -> bool:
    def figure(name: str) -> bool:
        """Whether a figure, which the API writes in the unit of its indicator, is the stored one."""
        stored = getattr(cell, name)
        if stored is None or item[name] is None:
            return stored is item[name]
        return Decimal(str(item[name])) == Decimal(stored).scaleb(-decimals)

    if "lower" in item:
        counts = all(item[name] == getattr(cell, name) for name in ("expected", "delivered", "withheld"))
        return counts and figure("lower") and figure("upper")
    return figure("value") and (item["obs_status"], item["conf_status"]) == cell.state.wire
