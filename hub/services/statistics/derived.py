"""Figures of any subject: delivered ones as they were published, derived ones computed from those.

A derived figure is a function of published figures only, so it gives away nothing they do not. An area with
a withheld part gets that part's sign, never limits: a percentage with its limits would give small
numerators away. Totals get guaranteed limits. While deliveries are missing a share of the whole could be
anything between nothing and everything, and so could a sum of amounts that may be negative: then the figure
speaks of the areas that delivered, and says so (:attr:`Figure.partial`).

Formulas and their limits: :mod:`aggregation.derived`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction
from typing import Final

from aggregation.derived import Bounds, evaluate, terms_of
from hub.services.statistics.cells import Cell, CellKey, cell_of
from hub.services.statistics.figures import Coverage, Figure, Interval
from hub.services.statistics.reading import LeafLimits, Reading
from hub.services.statistics.releases import population_share
from hub.services.statistics.subjects import subject_of
from protocol.catalogue import DerivedIndicator, DerivedTerm
from protocol.observations import CellState
from protocol.periods import Period
from protocol.regions import areas_by_id

Figures = dict[tuple[CellKey, Period, str], Figure]

#: Decimals kept of a fraction; far more than anybody shows.
_KEPT: Final = Decimal("1E-12")
#: What an area's sign says, if its parts have different ones: the first that occurs.
_SIGNS: Final = (
    CellState.NOT_DELIVERED,
    CellState.WITHDRAWN,
    CellState.SUPPRESSED,
    CellState.NOT_APPLICABLE,
)


def figures_of(
    reading: Reading, cells: Sequence[Cell], periods: Collection[Period], *, regions: Sequence[str]
) -> Figures:
    """Return figures of cells of any subjects by (cell, period, region).

    Args:
        reading: an open view.
        cells: cells of delivered or derived subjects, of any dataflows.
        periods: periods; those the release does not hold give "not delivered".
        regions: reporting areas or aggregates.
    """
    parts = {cell.key: _parts(reading, cell) for cell in cells if cell.subject.derived is not None}
    wanted: dict[CellKey, Cell] = {cell.key: cell for cell in cells if cell.subject.indicator is not None}
    wanted |= {part.key: part for group in parts.values() for part in group.values()}
    by_dataset: dict[str, list[Cell]] = {}
    for part in wanted.values():
        by_dataset.setdefault(part.subject.dataset, []).append(part)
    found: Figures = {}
    for together in by_dataset.values():
        found |= reading.figures(together, periods, regions=regions)
    leaves = _Leaves(reading, by_dataset, periods)
    for cell in cells:
        for period in periods:
            for region in regions:
                key = (cell.key, period, region)
                if cell.subject.derived is not None:
                    place = _Place(reading, found, parts[cell.key], period, region)
                    found[key] = place.derive(cell, cell.subject.derived, leaves)
                elif _says_nothing(found[key]):
                    found[key] = leaves.only_delivered(found[key], (cell,), period, region)[cell.key]
    return found


def _says_nothing(figure: Figure) -> bool:
    """Whether a total was delivered in part and yet nothing is certain about it."""
    coverage = figure.coverage
    return (
        coverage is not None
        and 0 < coverage.delivered < coverage.expected
        and figure.count is not None
        and figure.count.unbounded
    )


class _Leaves:
    """Adds up the areas that delivered everything a figure needs; reads them when first asked."""

    def __init__(
        self, reading: Reading, by_dataset: Mapping[str, Sequence[Cell]], periods: Collection[Period]
    ) -> None:
        self._reading = reading
        self._wanted = by_dataset
        self._periods = periods
        self._limits: dict[tuple[CellKey, Period, str], LeafLimits] | None = None

    def only_delivered(
        self, figure: Figure, parts: Sequence[Cell], period: Period, region: str
    ) -> Mapping[CellKey, Figure]:
        """Return the sum of each part over the areas of a region that delivered all of them.

        Args:
            figure: what stands for the whole region.
            parts: cells that belong together.
            period: the period.
            region: an aggregate.
        """
        release = self._reading.release
        kept = (release.id if release else 0, tuple(part.key for part in parts), period, region)
        found = self._reading.partial_cache.get(kept)
        if found is None:
            found = self._add_up(figure, parts, period, region)
            self._reading.partial_cache[kept] = found
        return found

    def _add_up(
        self, figure: Figure, parts: Sequence[Cell], period: Period, region: str
    ) -> dict[CellKey, Figure]:
        if self._limits is None:
            self._limits = {}
            for cells in self._wanted.values():
                self._limits |= self._reading.leaf_limits(cells, self._periods)
        known, all_leaves = self._limits, self._reading.tree.leaves_of(region)
        leaves = [x for x in all_leaves if all((part.key, period, x) in known for part in parts)]
        if not leaves:
            return dict.fromkeys((part.key for part in parts), figure)
        hidden = sum(1 for leaf in leaves if any(known[p.key, period, leaf].withheld for p in parts))
        share = population_share(all_leaves, frozenset(leaves))
        coverage = Coverage(len(all_leaves), len(leaves), hidden, share)
        found: dict[CellKey, Figure] = {}
        for part in parts:
            limits = [known[part.key, period, leaf].limits for leaf in leaves]
            total = Interval(_sum(x.lower for x in limits), _sum(x.upper for x in limits))
            found[part.key] = Figure(CellState.NOT_DELIVERED, total, None, coverage, partial=True)
        return found


def _sum(values: Iterable[Decimal | None]) -> Decimal | None:
    total = Decimal(0)
    for value in values:
        if value is None:
            return None
        total += value
    return total


def _parts(reading: Reading, cell: Cell) -> dict[DerivedTerm, Cell]:
    """Return the delivered cell of every term, in the breakdown of a derived cell."""
    derived, found = cell.subject.derived, {}
    for term in terms_of(reading.catalogue, derived) if derived else ():
        if term.indicator is not None:
            codes = {**cell.codes, **dict(term.codes)}
            part = cell_of(reading.catalogue, subject_of(reading.catalogue, term.indicator), codes)
            found[DerivedTerm(1, term.indicator, codes=tuple(sorted(codes.items())))] = part
    return found


class _Place:
    """One region and period: looks published figures up there."""

    def __init__(
        self,
        reading: Reading,
        figures: Figures,
        parts: dict[DerivedTerm, Cell],
        period: Period,
        region: str,
    ) -> None:
        self._reading = reading
        self._region = region
        self._period = period
        self._parts = parts
        self._found = {term: figures[part.key, period, region] for term, part in parts.items()}

    def derive(self, cell: Cell, derived: DerivedIndicator, leaves: _Leaves) -> Figure:
        """Compute a derived cell here, or say by a sign why it cannot be given."""
        parts = tuple(self._found.values())
        coverage, single = _coverage(parts), self._region in areas_by_id()
        partial = not (coverage is None or coverage.complete or self._per_people(derived))
        if partial and coverage is not None and coverage.delivered:
            together = tuple(self._parts.values())
            sums = leaves.only_delivered(parts[0], together, self._period, self._region)
            self._found = {term: sums[part.key] for term, part in self._parts.items()}
            parts = tuple(self._found.values())
            coverage, partial = parts[0].coverage, parts[0].partial
        known = all(f.count is not None and f.count.exact for f in parts) if single else True
        if not known or any(figure.empty for figure in parts):
            state = _sign(parts)
            by_hub = state is CellState.SUPPRESSED and any(figure.by_hub for figure in parts)
            return Figure(state, None, None, coverage, by_hub=by_hub)
        result = evaluate(self._reading.catalogue, derived, self._bounds, codes=cell.codes)
        if result is None:
            return Figure(CellState.NOT_APPLICABLE, None, None, coverage)
        interval = _interval(result.lower, result.upper)
        if partial:
            return Figure(CellState.NOT_DELIVERED, interval, None, coverage, partial=True)
        if interval.exact:
            state = CellState.ZERO if interval.lower == 0 else CellState.VALUE
        else:
            # An area's range is the open class of a median; a total's comes from withheld cells.
            state = CellState.VALUE if single else CellState.SUPPRESSED
        return Figure(state, interval, None, coverage)

    def _bounds(self, term: DerivedTerm) -> Bounds | None:
        if term.denominator is not None:
            return Bounds.exactly(self._reading.people(term.denominator, self._region))
        figure = self._found[DerivedTerm(1, term.indicator, codes=tuple(sorted(term.codes)))]
        count = figure.count
        if count is None or count.lower is None:
            return None
        return Bounds(Fraction(count.lower), None if count.upper is None else Fraction(count.upper))

    @staticmethod
    def _per_people(derived: DerivedIndicator) -> bool:
        """Whether it divides by people, whose number is known whoever delivers."""
        return bool(derived.denominator) and all(term.denominator for term in derived.denominator)


def _coverage(found: Sequence[Figure]) -> Coverage | None:
    """Return what the weakest part rests on; None for a single area."""
    coverages = [figure.coverage for figure in found if figure.coverage is not None]
    if not coverages:
        return None
    return Coverage(
        expected=max(c.expected for c in coverages),
        delivered=min(c.delivered for c in coverages),
        withheld=max(c.withheld for c in coverages),
        population_share=min(c.population_share for c in coverages),
    )


def _sign(found: Sequence[Figure]) -> CellState:
    if any(figure.coverage is not None and not figure.coverage.complete for figure in found):
        return CellState.NOT_DELIVERED
    states = {figure.state for figure in found if figure.empty or not (figure.count and figure.count.exact)}
    return next((state for state in _SIGNS if state in states), CellState.NOT_APPLICABLE)


def _interval(lower: Fraction, upper: Fraction | None) -> Interval:
    if upper is not None and upper == lower:
        exact = _decimal(lower, ROUND_HALF_EVEN)
        return Interval(exact, exact)
    return Interval(_decimal(lower, ROUND_FLOOR), None if upper is None else _decimal(upper, ROUND_CEILING))


def _decimal(value: Fraction, rounding: str) -> Decimal:
    with localcontext(prec=60, rounding=rounding):
        return (Decimal(value.numerator) / Decimal(value.denominator)).quantize(_KEPT)
