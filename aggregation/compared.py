"""Which cells a finding sets beside each other, for whoever has to ask about it.

A finding of :mod:`aggregation.plausibility` names one cell; what it does not fit stands in others. Both are
places only: whether there is a value to be shown is for the reader of a release to say. Invariant: a finding
depends on the cells named here and on no other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from protocol.catalogue import Catalogue, IdentityKind, Indicator, PlausibilityKind, Term
from protocol.codelists import NOT_APPLICABLE, TOTAL
from protocol.grid import CellGrid
from protocol.periods import Period
from protocol.texts import Text


@dataclass(frozen=True, slots=True)
class ComparedCell:
    """A cell that a rule looks at.

    Attributes:
        indicator: id of a delivered indicator.
        period: in which it is delivered.
        codes: dimension and code wherever the cell is broken down, in the indicator's order of dimensions.
    """

    indicator: str
    period: Period
    codes: tuple[tuple[str, str], ...]


def compared_cell(catalogue: Catalogue, grid: CellGrid, row: int, period: Period) -> ComparedCell:
    """Return the cell in a row of a grid.

    Args:
        catalogue: the catalogue.
        grid: of a delivery or of all cells of a dataflow.
        row: in this grid.
        period: of the delivery.
    """
    indicator = catalogue.indicator(grid.keys[row][0])
    return ComparedCell(indicator.id, period, _below_totals(indicator, grid.codes(row)))


def cells_beside(catalogue: Catalogue, rule: str, cell: ComparedCell) -> tuple[ComparedCell, ...]:
    """Return the cells that a rule compares with the one that a finding names.

    Args:
        catalogue: identities and plausibility rules.
        rule: id of the finding's rule.
        cell: the cell it names.

    Returns:
        The other cells, in the order of the rule's terms; of a jump the periods before, latest first. The
        year of what is delivered by quarter stands for the quarters that it is computed from.

    Raises:
        KeyError: if the catalogue has no such rule that findings come from.
    """
    for identity in catalogue.identities:
        if identity.id == rule:
            if identity.kind is IdentityKind.YEAR_BOUNDS:
                return tuple(_at(cell, period) for period in _quarters(cell.period))
            return _of_terms(catalogue, identity.terms, cell)
    for known in catalogue.plausibility:
        if known.id == rule:
            if known.kind is PlausibilityKind.JUMP:
                return tuple(
                    _at(cell, _back(cell.period, step)) for step in range(1, (known.window or 0) + 1)
                )
            return _of_terms(catalogue, (*known.left, *known.right), cell)
    raise KeyError(rule)


def cell_text(catalogue: Catalogue, cell: ComparedCell) -> Text:
    """Name a cell without its period: its indicator, and by what it is broken down."""
    indicator = catalogue.indicator(cell.indicator)
    german, english = [indicator.name.de], [indicator.name.en]
    for dimension, code in cell.codes:
        use = indicator.dimension_use(dimension)
        if use is not None:
            # "Unknown" is a code of many dimensions.
            german.append(f"{use.codelist.name.de}: {use.codelist[code].name.de}")
            english.append(f"{use.codelist.name.en}: {use.codelist[code].name.en}")
    return Text(", ".join(german), ", ".join(english))


def _of_terms(catalogue: Catalogue, terms: tuple[Term, ...], cell: ComparedCell) -> tuple[ComparedCell, ...]:
    pinned = dict(terms[0].codes)
    shared = {dimension: code for dimension, code in cell.codes if dimension not in pinned}
    found = dict.fromkeys(part for term in terms for part in _of_term(catalogue, term, shared, cell.period))
    return tuple(part for part in found if part != cell)


def _of_term(
    catalogue: Catalogue, term: Term, shared: Mapping[str, str], period: Period
) -> Iterator[ComparedCell]:
    indicator, there = catalogue.indicator(term.indicator), _back(period, term.lag)
    codes = _below_totals(indicator, {**shared, **dict(term.codes)})
    if there.quarter is not None or there.freq in indicator.frequencies:
        yield ComparedCell(indicator.id, there, codes)
        return
    quarters = _quarters(there)
    for quarter in quarters[-1:] if indicator.time_additivity == "last" else quarters:
        yield ComparedCell(indicator.id, quarter, codes)


def _below_totals(indicator: Indicator, codes: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (use.id, codes[use.id])
        for use in indicator.dimensions
        if codes.get(use.id, TOTAL) not in {TOTAL, NOT_APPLICABLE}
    )


def _at(cell: ComparedCell, period: Period) -> ComparedCell:
    return ComparedCell(cell.indicator, period, cell.codes)


def _quarters(year: Period) -> tuple[Period, ...]:
    return tuple(Period(year.year, number) for number in (1, 2, 3, 4))


def _back(period: Period, lag: int) -> Period:
    for _ in range(lag):
        period = period.previous()
    return period
