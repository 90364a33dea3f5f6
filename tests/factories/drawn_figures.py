"""Seeded figures for 54 areas: scaled by population, growing slowly, with margins that add up.

Values are scaled like those on the wire. Linked tables of an indicator share their totals; several answers
(FIELD) stay between the largest category and the sum. Nothing here is protected: that is the caller's part.
"""

from collections.abc import Callable
from functools import cache

import numpy as np

from protocol.catalogue import Indicator
from protocol.codelists import TOTAL, Codelist
from protocol.grid import CellGrid, Key
from protocol.regions import reporting_areas
from tests.factories.catalogues import use_of

_PER_FOREIGN = {
    "CASES_OPENED": 1.9,
    "CASES_CLOSED": 1.7,
    "CASES_OPEN": 7.4,
    "CONTACTS_ONEOFF": 3.1,
    "PERSONS_SUPPORTED": 14.0,
    "PERSONS_NEW": 3.4,
    "FTE_FUNDED": 90.0,
    "FTE_FILLED": 81.0,
    "FUNDS_GRANTED": 2_400_000.0,
    "FUNDS_SPENT": 2_100_000.0,
    "REFERRALS": 2.6,
    "CASES_BY_DURATION": 1.7,
    "CASES_BY_WAIT": 1.9,
    "STRUCT_ISSUES": 0.9,
    "B3_DECISIONS": 4.2,
}


def _shares(codelist: Codelist, rng: np.random.Generator) -> dict[str, float]:
    parents = {code.parent for code in codelist.published}
    leaves = [code.id for code in codelist.published if code.id not in parents]
    weights = rng.gamma(1.1, size=len(leaves)) + 0.06
    return dict(zip(leaves, weights / weights.sum(), strict=True))


def _margin(
    codelist: Codelist, total: int, shares: dict[str, float], rng: np.random.Generator
) -> dict[str, int]:
    drawn = dict(zip(shares, (int(n) for n in rng.multinomial(total, list(shares.values()))), strict=True))
    for code in reversed(codelist.published):
        if code.id not in drawn:
            drawn[code.id] = sum(drawn.get(child, 0) for child in codelist.children(code.id))
    return drawn


def draw_figures(grid: CellGrid, step: int) -> np.ndarray:
    """Draw int64[cells, 54] for the period number `step`, always the same."""
    world = np.random.default_rng(7)
    shares = {d: _shares(_codelist(grid, d), world) for d in grid.dims}
    if "SEX" in shares:
        shares["SEX"] = {"M": 0.47, "F": 0.52, "_U": 0.01}
    values = np.zeros((len(grid), 54), dtype=np.int64)
    indicators = {indicator.id: indicator for indicator in grid.dataset.indicators}

    @cache  # the same cells for each of the 54
    def key_of(indicator_id: str, *codes: tuple[str, str]) -> Key:
        return grid.key(indicators[indicator_id], dict(codes))

    for column, region in enumerate(reporting_areas()):
        local = np.random.default_rng([11, column])
        level = float(np.exp(local.normal(0, 0.35)))
        rng = np.random.default_rng([13, column, step, len(grid)])
        for indicator in grid.dataset.indicators:
            mean = region.foreign_population / 1000 * _PER_FOREIGN[indicator.id] * level
            mean *= 1 + 0.025 * step + 0.06 * np.sin(step * np.pi / 2)
            for key, value in _indicator(
                key_of, grid, indicator, int(rng.poisson(mean)), shares, rng
            ).items():
                values[grid.index[key], column] = value
    return values


def _codelist(grid: CellGrid, dimension: str) -> Codelist:
    uses = (i.dimension_use(dimension) for i in grid.dataset.indicators)
    return next(use.codelist for use in uses if use is not None)


def _indicator(
    key_of: Callable[..., Key],
    grid: CellGrid,
    indicator: Indicator,
    total: int,
    shares: dict[str, dict[str, float]],
    rng: np.random.Generator,
) -> dict[Key, int]:
    cells: dict[tuple[str, ...], int] = {}
    margins: dict[str, dict[str, int]] = {}  # of a dimension by itself: what its tables share

    def margin_of(dimension: str) -> dict[str, int]:
        use = use_of(indicator, dimension)
        if dimension not in margins and use.additive:
            margins[dimension] = _margin(use.codelist, total, shares[dimension], rng)
        elif dimension not in margins:
            drawn = {c: int(rng.binomial(total, min(0.9, 2.2 * s))) for c, s in shares[dimension].items()}
            margins[dimension] = {**drawn, TOTAL: total}
        return margins[dimension]

    for table in indicator.tables:
        if len(table) == 1:
            for code, value in margin_of(table[0]).items():
                cells[key_of(indicator.id, (table[0], code))] = value
            continue
        first, second = table
        use = use_of(indicator, second)
        sums: dict[str, int] = {}
        parents = {code.parent for code in use_of(indicator, first).codelist.published}
        below: dict[str, dict[str, int]] = {}
        for code, count in reversed(margin_of(first).items()):
            if code not in parents and code != TOTAL:
                below[code] = _margin(use.codelist, count, shares[second], rng)
                sums = {c: sums.get(c, 0) + value for c, value in below[code].items()}
        codelist = use_of(indicator, first).codelist
        for code in reversed([c.id for c in codelist.published if c.id in parents and c.id != TOTAL]):
            parts = [below[child] for child in codelist.children(code)]
            below[code] = {c: sum(part[c] for part in parts) for c in parts[0]}
        for code, inner in {**below, TOTAL: sums}.items():
            for other, value in inner.items():
                key = key_of(indicator.id, (first, code), (second, other))
                if key in grid.index:
                    cells[key] = value
        if second == "SEX":
            continue
        margins.setdefault(second, sums)
    return cells
