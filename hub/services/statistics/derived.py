"""Figures of any subject: delivered ones as they were published, derived ones computed from those.

A derived figure is a function of published figures only, so it gives away nothing they do not. An area with
a withheld part gets that part's sign, never limits: a percentage with its limits would give small numerators
away. Totals get guaranteed limits; while deliveries are missing a share of the whole is not given at all,
because anything between nothing and everything would be possible.

Formulas and their limits: :mod:`aggregation.derived`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction
from typing import Final

from aggregation.derived import Bounds, evaluate, terms_of
from hub.services.statistics.cells import Cell, CellKey, cell_of
from hub.services.statistics.figures import Coverage, Figure, Interval
from hub.services.statistics.reading import Reading
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
    for cell in cells:
        if cell.subject.derived is not None:
            for period in periods:
                for region in regions:
                    place = _Place(reading, found, parts[cell.key], period, region)
                    found[cell.key, period, region] = place.derive(cell, cell.subject.derived)
    return found


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
        self._found = {term: figures[part.key, period, region] for term, part in parts.items()}

    def derive(self, cell: Cell, derived: DerivedIndicator) -> Figure:
        """Compute a derived cell here, or say by a sign why it cannot be given."""
        parts = tuple(self._found.values())
        coverage, single = _coverage(parts), self._region in areas_by_id()
        known = all(f.count is not None and f.count.exact for f in parts) if single else True
        whole = coverage is None or coverage.complete or self._per_people(derived)
        if not known or not whole or any(figure.empty for figure in parts):
            return Figure(_sign(parts), None, None, coverage)
        result = evaluate(self._reading.catalogue, derived, self._bounds, codes=cell.codes)
        if result is None:
            return Figure(CellState.NOT_APPLICABLE, None, None, coverage)
        interval = _interval(result.lower, result.upper)
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
