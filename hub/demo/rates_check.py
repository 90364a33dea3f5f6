"""Holds the rates and medians that the hub shows against the true ones.

Purpose: nobody delivers them, so they have to follow from what is published: of an area exactly the true one
where all its parts are published, and nothing but a sign where one of them is withheld; of a region limits
that hold the truth.

It deliberately does not: judge how narrow the limits of a region are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Final

from hub.demo.comparison import Comparison
from hub.demo.judgement import Check
from hub.demo.true_rates import TrueRate, true_rate
from hub.demo.truth import AreaTruth, RegionTruth
from hub.services.statistics.cells import Cell, cell_of
from hub.services.statistics.derived import figures_of
from hub.services.statistics.figures import Interval
from hub.services.statistics.reading import Reading, Statistics
from hub.services.statistics.subjects import Subject, subjects_of
from protocol.catalogue import Catalogue
from protocol.grid import grid_of
from protocol.periods import Period
from protocol.regions import areas_by_id

#: Of decimals of fractions, twelve are kept.
_ROUNDING: Final = Fraction(1, 10**9)


class RatesCheck:
    """Compares all derived figures of one release."""

    def __init__(self, comparison: Comparison, truths: Iterable[AreaTruth], catalogue: Catalogue) -> None:
        """Prepare.

        Args:
            comparison: has compared all cubes of the release.
            truths: answer keys.
            catalogue: the catalogue.
        """
        self._comparison = comparison
        self._truths = tuple(truths)
        self._catalogue = catalogue
        self._known: dict[tuple[str, str], RegionTruth] = {}

    def run(self, statistics: Statistics) -> None:
        """Compare every derived figure of every period, area and region."""
        with statistics.reading() as reading:
            for subject in subjects_of(self._catalogue).values():
                if subject.derived is not None:
                    self._subject(reading, subject)

    def _subject(self, reading: Reading, subject: Subject) -> None:
        cells = list(self._cells(subject))
        regions = [*(t.area for t in self._truths if t.area in areas_by_id()), *reading.tree.aggregates]
        periods = reading.periods_of(subject)
        shown = figures_of(reading, cells, periods, regions=regions)
        for cell in cells:
            for period in periods:
                for region in regions:
                    figure = shown[cell.key, period, region]
                    self._compare(reading, cell, str(period), region, figure.count)

    def _cells(self, subject: Subject) -> Iterable[Cell]:
        yield cell_of(self._catalogue, subject, {})
        for use in subject.dimensions:
            for code in use.codelist.published:
                if code.id != use.codelist.total:
                    yield cell_of(self._catalogue, subject, {use.id: code.id})

    def _compare(
        self, reading: Reading, cell: Cell, period: str, region: str, shown: Interval | None
    ) -> None:
        parts: list[tuple[str, Mapping[str, str]]] = []

        def figure(indicator: str, codes: Mapping[str, str]) -> Fraction:
            parts.append((indicator, codes))
            return self._true(indicator, codes, period=period, region=region)

        foreign = sum(areas_by_id()[leaf].foreign_population for leaf in reading.tree.leaves_of(region))
        true = true_rate(cell.subject.id, figure, foreign=foreign, codes=cell.codes)
        where = f"{region} {period} {cell.subject.id} {' '.join(cell.codes.values())}"
        judgement = self._comparison.judgement
        if region in areas_by_id():
            published = all(
                self._comparison.is_published(region, period, *self._row(*part)) for part in parts
            )
            judgement.check(
                Check.RATE_SHOWN, holds=(shown is not None) == (published and true is not None), where=where
            )
        if shown is None:
            return
        judgement.check(Check.RATE_TRUE, holds=true is not None and _holds(shown, true), where=where)

    def _row(self, indicator: str, codes: Mapping[str, str]) -> tuple[str, int]:
        found = self._catalogue.indicator(indicator)
        grid = grid_of(self._catalogue, found.dataset)
        return found.dataset, grid.index[grid.key(found, codes)]

    def _true(self, indicator: str, codes: Mapping[str, str], *, period: str, region: str) -> Fraction:
        dataset, row = self._row(indicator, codes)
        if (dataset, period) not in self._known:
            self._known[dataset, period] = RegionTruth(
                self._truths, self._comparison.tree, self._catalogue, dataset=dataset, period=period
            )
        key = "|".join(grid_of(self._catalogue, dataset).keys[row])
        scale = 10 ** self._catalogue.indicator(indicator).decimals
        return Fraction(self._known[dataset, period].value(region, key), scale)


def _holds(shown: Interval, true: TrueRate) -> bool:
    """Whether limits hold a true figure; of an exact one both are the figure itself."""
    above = shown.lower is None or Fraction(shown.lower) <= true.value + _ROUNDING
    if true.at_least or shown.upper is None:
        return above and shown.upper is None
    return above and true.value <= Fraction(shown.upper) + _ROUNDING
