"""The cells that findings name, with what is published of them and of the cells they do not fit.

For those who ask an area about them. Invariants: a value stands here only if readers of the release have it,
and only if the delivery that it came with still counts: what is not published yet, and what a newer delivery
replaces, stands without. Of what the hub's audit holds back no cell is named: the audit finds withheld cells
that a rule keeps secret, so to name one would tell that its value is among the smallest
(`hub.services.review.finding_words` names the indicators).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal

from aggregation.compared import ComparedCell, cells_beside, compared_cell
from hub.services.statistics.cells import Cell
from hub.services.statistics.reading import Reading
from hub.services.statistics.subjects import delivered
from hub.store.records import OpenFinding
from protocol.catalogue import AUDIT_RULE
from protocol.grid import grid_of
from protocol.periods import Period


@dataclass(frozen=True, slots=True)
class PlacedValue:
    """A delivered cell of one area and period.

    Attributes:
        cell: the cell.
        period: its period.
        value: what is published of it; None if nothing is, or if what is published no longer counts.
    """

    cell: Cell
    period: Period
    value: Decimal | None


@dataclass(frozen=True, slots=True)
class FindingPlace:
    """A cell that does not fit, and the cells it was compared with."""

    found: PlacedValue
    beside: tuple[PlacedValue, ...]


def finding_places(reading: Reading, findings: Sequence[OpenFinding]) -> tuple[tuple[FindingPlace, ...], ...]:
    """Return the cells of each finding, as many as are stored of it; none of what the audit found.

    Args:
        reading: an open view of the published release.
        findings: of deliveries that count.
    """
    compared = [_compared(reading, finding) for finding in findings]
    published = _published(
        reading,
        {
            (finding.area, cell)
            for finding, places in zip(findings, compared, strict=True)
            for place in places
            for cell in place
        },
    )

    def placed(area: str, one: ComparedCell) -> PlacedValue:
        return PlacedValue(_cell(reading, one), one.period, published.get((area, one)))

    return tuple(
        tuple(
            FindingPlace(placed(finding.area, found), tuple(placed(finding.area, one) for one in beside))
            for found, *beside in places
        )
        for finding, places in zip(findings, compared, strict=True)
    )


def _compared(reading: Reading, finding: OpenFinding) -> list[tuple[ComparedCell, ...]]:
    if finding.rule == AUDIT_RULE:
        return []
    grid, period = grid_of(reading.catalogue, finding.dataset), Period.parse(finding.period)
    cells = [compared_cell(reading.catalogue, grid, row, period) for row in finding.rows]
    return [(cell, *cells_beside(reading.catalogue, finding.rule, cell)) for cell in cells]


def _published(
    reading: Reading, wanted: Collection[tuple[str, ComparedCell]]
) -> dict[tuple[str, ComparedCell], Decimal]:
    """Return the values in the release by area and cell, one query per area and dataflow."""
    if reading.release is None:
        return {}
    counting = reading.store.counting(reading.release.id)
    together: dict[tuple[str, str], list[ComparedCell]] = {}
    for area, one in wanted:
        dataset = reading.catalogue.indicator(one.indicator).dataset
        if (area, dataset, str(one.period)) in counting:
            together.setdefault((area, dataset), []).append(one)
    found: dict[tuple[str, ComparedCell], Decimal] = {}
    for (area, _), cells in together.items():
        by_key = {cell.key: cell for cell in (_cell(reading, one) for one in cells)}
        periods = {one.period for one in cells}
        figures = reading.figures(tuple(by_key.values()), periods, regions=[area])
        for one in cells:
            figure = figures[_cell(reading, one).key, one.period, area]
            known = figure.count if figure.state.has_value else None
            if known is not None and known.exact and known.lower is not None:
                found[area, one] = known.lower
    return found


def _cell(reading: Reading, one: ComparedCell) -> Cell:
    return Cell(delivered(reading.catalogue.indicator(one.indicator)), dict(one.codes))
