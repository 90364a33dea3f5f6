"""Holds the rates and medians of the hub's pages, as their files give them, against the true ones.

Purpose: nobody delivers them, so they have to follow from what is published: of an area the true one where
all its parts are published, and nothing but a sign where one of them is withheld; of a region limits that
hold the truth of its areas that have delivered.

It deliberately does not: judge how narrow the limits of a region are, or ask for every breakdown of every
period (the latest quarter and year have them all).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final
from urllib.parse import urlencode

from hub.demo.comparison.judgement import Check
from hub.demo.comparison.release import Comparison
from hub.demo.comparison.served import get_text
from hub.demo.truth.answer_key import AreaTruth
from hub.demo.truth.rates import TrueRate, true_rate
from hub.demo.truth.regions import RegionTruth
from protocol.catalogue import Catalogue, DerivedIndicator
from protocol.codelists import TOTAL
from protocol.grid import grid_of
from protocol.periods import Period
from protocol.regions import areas_by_id

Codes = Mapping[str, str]
#: Files have four decimals, the limits of regions rounded outward.
_ROUNDING: Final = Fraction(1, 10**4)


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a file says of one region."""

    region: str
    lower: Decimal | None
    upper: Decimal | None

    @property
    def empty(self) -> bool:
        return self.lower is None and self.upper is None


class RatesCheck:
    """Compares the derived figures of the published release."""

    def __init__(
        self, port: int, comparison: Comparison, truths: Iterable[AreaTruth], catalogue: Catalogue
    ) -> None:
        """Prepare.

        Args:
            port: where the hub answers.
            comparison: has compared all cubes of the release.
            truths: answer keys.
            catalogue: the catalogue.
        """
        self._port = port
        self._comparison = comparison
        self._judgement = comparison.judgement
        self._truths = tuple(truths)
        self._catalogue = catalogue
        self._known: dict[tuple[str, str], RegionTruth] = {}

    def run(self) -> None:
        """Compare what the files show of areas, Regierungsbezirke and the Land."""
        for derived in self._catalogue.derived.values():
            for period, codes in self._cells(derived):
                try:
                    for shown in self._file(derived, period, codes):
                        self._compare(derived, period, codes, shown)
                except (OSError, ValueError) as broken:
                    where = f"{period} {derived.id}: {broken}"
                    self._judgement.check(Check.RATE_SHOWN, holds=False, where=where)

    def _cells(self, derived: DerivedIndicator) -> Iterator[tuple[str, Codes]]:
        datasets = {self._place(*part)[0] for part in _parts_of(derived, {})}
        periods = sorted(
            Period.parse(period)
            for period in {period for _, period in self._comparison.compared}
            if all((dataset, period) in self._comparison.compared for dataset in datasets)
        )
        latest = {period.freq: period for period in periods}
        for period in periods:
            yield str(period), {}
        for period in latest.values():
            for dimension in derived.by:
                for code in self._codes(derived, dimension):
                    yield str(period), {dimension: code}

    def _codes(self, derived: DerivedIndicator, dimension: str) -> Iterator[str]:
        first = next(term.indicator for term in derived.numerator if term.indicator is not None)
        use = self._catalogue.indicator(first).dimension_use(dimension)
        for code in use.codelist.published if use is not None else ():
            if code.id != TOTAL:
                yield code.id

    def _file(self, derived: DerivedIndicator, period: str, codes: Codes) -> Iterator[_Shown]:
        query = {"period": period, "table": "areas"}
        if codes:
            query["cell"] = "-".join(f"{dimension}.{code}" for dimension, code in codes.items())
        text = get_text(self._port, f"/indikator/{derived.id}.csv?{urlencode(query)}")
        for row in csv.DictReader(text.splitlines()):
            limits = (Decimal(row[name]) if row[name] else None for name in ("lower", "upper"))
            yield _Shown(row["ref_area"], *limits)

    def _compare(self, derived: DerivedIndicator, period: str, codes: Codes, shown: _Shown) -> None:
        parts = [self._place(*part) for part in _parts_of(derived, codes)]
        leaves = self._comparison.tree.leaves_of(shown.region)
        delivered = [
            leaf for leaf in leaves if all(self._comparison.is_held(leaf, period, *part) for part in parts)
        ]
        # What relates to people has them all below the line; every other rate is one of those who delivered.
        counted = leaves if any(term.denominator for term in derived.denominator) else delivered

        def figure(indicator: str, pinned: Codes) -> Fraction:
            return self._true(indicator, pinned, period=period, areas=counted)

        foreign = sum(areas_by_id()[leaf].foreign_population for leaf in leaves)
        true = true_rate(derived.id, figure, foreign=foreign, codes=codes)
        where = f"{shown.region} {period} {derived.id} {' '.join(codes.values())}"
        if shown.region in areas_by_id():
            public = all(self._comparison.is_published(shown.region, period, *part) for part in parts)
            possible = public and true is not None
            self._judgement.check(Check.RATE_SHOWN, holds=possible != shown.empty, where=where)
        if not shown.empty:
            holds = true is not None and _holds(shown, true)
            self._judgement.check(
                Check.RATE_TRUE, holds=holds, where=f"{where}: {shown.lower}..{shown.upper}"
            )

    def _place(self, indicator: str, codes: Codes) -> tuple[str, int]:
        """Return dataset and row of a cell."""
        found = self._catalogue.indicator(indicator)
        grid = grid_of(self._catalogue, found.dataset)
        return found.dataset, grid.index[grid.key(found, codes)]

    def _true(self, indicator: str, codes: Codes, *, period: str, areas: Iterable[str]) -> Fraction:
        dataset, row = self._place(indicator, codes)
        if (dataset, period) not in self._known:
            self._known[dataset, period] = RegionTruth(
                self._truths, self._comparison.tree, self._catalogue, dataset=dataset, period=period
            )
        key = "|".join(grid_of(self._catalogue, dataset).keys[row])
        scale = 10 ** self._catalogue.indicator(indicator).decimals
        return Fraction(sum(self._known[dataset, period].value(area, key) for area in areas), scale)


def _parts_of(derived: DerivedIndicator, codes: Codes) -> list[tuple[str, Codes]]:
    """Return the cells of which a derived figure is made."""
    parts: list[tuple[str, Codes]] = []

    def figure(indicator: str, pinned: Codes) -> Fraction:
        parts.append((indicator, pinned))
        return Fraction(1)

    true_rate(derived.id, figure, foreign=1, codes=codes)
    return parts


def _holds(shown: _Shown, true: TrueRate) -> bool:
    """Whether limits hold a true figure; of a single area both are the figure itself, rounded."""
    above = shown.lower is None or Fraction(shown.lower) <= true.value + _ROUNDING
    if true.at_least or shown.upper is None:
        return above and shown.upper is None
    exact = shown.lower == shown.upper and shown.region in areas_by_id()
    near = not exact or abs(Fraction(shown.upper) - true.value) <= _ROUNDING
    return near and above and true.value <= Fraction(shown.upper) + _ROUNDING
