"""Seeded figures for 54 areas: scaled by population, growing slowly, with margins that add up.

Linked tables of an indicator share their totals; several answers (FIELD) stay between the largest category
and the sum. Nothing here is protected: that is the caller's part.
"""

import numpy as np

from protocol.catalogue import Indicator
from protocol.codelists import TOTAL, Codelist
from protocol.grid import CellGrid
from protocol.regions import reporting_areas

_PER_FOREIGN = {
    "CASES_OPENED": 1.9,
    "CASES_CLOSED": 1.7,
    "CASES_OPEN": 7.4,
    "CONTACTS_ONEOFF": 3.1,
    "PERSONS_SUPPORTED": 14.0,
    "PERSONS_NEW": 3.4,
}


def _shares(codelist: Codelist, rng: np.random.Generator) -> dict[str, float]:
    parents = {code.parent for code in codelist.published}
    leaves = [code.id for code in codelist.published if code.id not in parents]
    weights = rng.gamma(1.1, size=len(leaves)) + 0.06
    return dict(zip(leaves, weights / weights.sum(), strict=True))


def _margin(codelist: Codelist, total: int, shares: dict[str, float], rng: np.random.Generator) -> dict:
    drawn = dict(zip(shares, (int(n) for n in rng.multinomial(total, list(shares.values()))), strict=True))
    for code in reversed(codelist.published):
        if code.id not in drawn:
            drawn[code.id] = sum(drawn.get(child, 0) for child in codelist.children(code.id))
    return drawn


def draw_figures(grid: CellGrid, step: int) -> np.ndarray:
    """Draw int64[cells, 54] for the quarter number `step`, always the same."""
    world = np.random.default_rng(7)
    shares = {d: _shares(_codelist(grid, d), world) for d in grid.dims}
    shares["SEX"] = {"M": 0.47, "F": 0.52, "_U": 0.01}
    values = np.zeros((len(grid), 54), dtype=np.int64)
    for column, region in enumerate(reporting_areas()):
        local = np.random.default_rng([11, column])
        level = float(np.exp(local.normal(0, 0.35)))
        rng = np.random.default_rng([13, column, step, len(grid)])
        for indicator in grid.dataset.indicators:
            mean = region.foreign_population / 1000 * _PER_FOREIGN[indicator.id] * level
            mean *= 1 + 0.025 * step + 0.06 * np.sin(step * np.pi / 2)
            for key, value in _indicator(grid, indicator, int(rng.poisson(mean)), shares, rng).items():
                values[grid.index[key], column] = value
    return values


def _codelist(grid: CellGrid, dimension: str) -> Codelist:
    uses = (i.dimension_use(dimension) for i in grid.dataset.indicators)
    return next(use.codelist for use in uses if use is not None)


def _indicator(grid: CellGrid, indicator: Indicator, total: int, shares: dict, rng) -> dict:
    cells: dict[tuple[str, ...], int] = {}
    by_sex = None
    for table in indicator.tables:
        use = indicator.dimension_use(table[-1])
        if len(table) == 2:
            by_sex = by_sex or _margin(indicator.dimension_use("SEX").codelist, total, shares["SEX"], rng)
            sums: dict[str, int] = {}
            for sex, count in by_sex.items():
                if sex == TOTAL:
                    continue
                for code, value in _margin(use.codelist, count, shares[use.id], rng).items():
                    cells[grid.key(indicator, {"SEX": sex, use.id: code})] = value
                    sums[code] = sums.get(code, 0) + value
            for code, value in sums.items():
                cells[grid.key(indicator, {use.id: code})] = value
            continue
        if use.id == "SEX":
            margin = by_sex = _margin(use.codelist, total, shares["SEX"], rng)
        elif use.additive:
            margin = _margin(use.codelist, total, shares[use.id], rng)
        else:
            margin = {c: int(rng.binomial(total, min(0.9, 2.2 * s))) for c, s in shares[use.id].items()}
            margin[TOTAL] = total
        for code, value in margin.items():
            cells[grid.key(indicator, {use.id: code})] = value
    return cells
