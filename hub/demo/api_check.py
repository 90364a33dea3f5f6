"""Asks the public statistics API for one whole quarter and holds it against the hub's store.

Purpose: the comparison with the answer key reads the store; what people get comes through the API. Here both
must say the same, for every cell of all areas and regions of the latest quarter, page by page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlencode

from hub.demo.cube_comparison import PublishedCell
from hub.demo.judgement import Check, Judgement
from hub.demo.published import PublishedRelease, get_json
from protocol.catalogue import Catalogue
from protocol.grid import grid_of

_PAGE: Final = 5000

Stored = dict[tuple[str, str, int], PublishedCell]


def check_api(port: int, release: PublishedRelease, catalogue: Catalogue, judgement: Judgement) -> None:
    """Compare the latest quarter, observations and totals; every difference is a failed check.

    Args:
        port: where the hub answers.
        release: the published release in the store.
        catalogue: the catalogue of both.
        judgement: where checks are counted.
    """
    cubes = release.cubes()
    if not cubes:
        return  # `Comparison.finish` fails the check that was never made.
    latest = max(cube.period for cube in cubes)
    stored: Stored = {
        (cube.dataset, cell.region, cell.row): cell
        for cube in cubes
        if cube.period == latest
        for cell in release.cells(cube)
    }
    try:
        for name in ("observations", "totals"):
            for item in _items(port, name, period=latest):
                cell = stored.pop(_place(item, catalogue), None)
                same = cell is not None and _same(item, cell)
                where = f"{name} {item['ref_area']} {item['indicator']}"
                judgement.check(Check.API_AGREES, holds=same, where=where)
    except (OSError, ValueError) as broken:
        judgement.check(Check.API_AGREES, holds=False, where=str(broken))
    shown = f"{len(stored)} cells of {latest} are not shown"
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


def _same(item: Mapping[str, Any], cell: PublishedCell) -> bool:
    if "lower" in item:
        names = ("lower", "upper", "expected", "delivered", "withheld")
        return all(item[name] == getattr(cell, name) for name in names)
    return item["value"] == cell.value and (item["obs_status"], item["conf_status"]) == cell.state.wire
