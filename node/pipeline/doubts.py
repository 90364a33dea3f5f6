"""What somebody should confirm before figures are signed: they contradict each other or are unlikely.

The same rules as at the hub (:mod:`aggregation.plausibility`), on true figures, so that a doubt is settled in
the municipality and not by a letter of the ministry. A doubt stops nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aggregation.compared import cell_text, compared_cell
from aggregation.plausibility import KnownValues, check_plausibility, rule_text
from aggregation.tabulation import Tabulation
from node.journal import FAILED, Journal
from node.pipeline.figures import Figures
from node.pipeline.ledger import grid_sha256, to_tabulation
from node.pipeline.programme import Slot
from protocol.catalogue import Catalogue
from protocol.grid import delivery_grid
from protocol.periods import Period
from protocol.texts import Text


@dataclass(frozen=True, slots=True)
class Doubt:
    """All cells of one delivery that one rule finds unlikely.

    Attributes:
        slot: which delivery.
        rule: id of the identity or plausibility rule.
        cells: number of cells.
        expected: what the rule expects.
        first: the first of the cells, in words; never a value.
    """

    slot: Slot
    rule: str
    cells: int
    expected: Text
    first: Text


def doubts_of(
    figures: Figures,
    *,
    area: str,
    catalogue: Catalogue,
    breaks: Mapping[Period, str],
    journal: Journal | None = None,
) -> tuple[Doubt, ...]:
    """Check the figures of a run against each other and against what was delivered before.

    Args:
        figures: what was counted.
        area: the node's own area.
        catalogue: the rules.
        breaks: periods with which a series begins anew.
        journal: figures of periods that this run is not about; None if there are none.

    Returns:
        Doubts in the order of delivery, one per delivery and rule.
    """
    now = {slot: table for slot, table in figures.tables.items() if slot.area == area}
    tables = {**(_before(journal, area, catalogue) if journal is not None else {}), **now}
    found = check_plausibility(
        catalogue,
        {(s.dataset_id, s.period): KnownValues(t.values, t.collected) for s, t in tables.items()},
        judged=[(slot.dataset_id, slot.period) for slot in now],
        breaks=tuple(breaks),
    )
    rows: dict[tuple[Slot, str], list[int]] = {}
    for finding in found:
        rows.setdefault((Slot(area, finding.dataset_id, finding.period), finding.rule), []).append(
            finding.row
        )
    order = {slot: number for number, slot in enumerate(now)}
    return tuple(
        Doubt(slot, rule, len(cells), rule_text(catalogue, rule), _cell(catalogue, slot, cells[0]))
        for (slot, rule), cells in sorted(
            rows.items(), key=lambda item: (order.get(item[0][0], len(order)), item[0][1])
        )
    )


def _cell(catalogue: Catalogue, slot: Slot, row: int) -> Text:
    grid = delivery_grid(catalogue, slot.dataset_id, slot.period.freq)
    return cell_text(catalogue, compared_cell(catalogue, grid, row, slot.period))


def _before(journal: Journal, area: str, catalogue: Catalogue) -> dict[Slot, Tabulation]:
    """Return the newest figures of every period that was delivered, where they fit the catalogue in force."""
    newest: dict[Slot, Tabulation] = {}
    for record in journal.deliveries():
        if record.area == area and record.state not in FAILED:
            slot = Slot(area, record.dataset, Period.parse(record.period))
            entry = journal.true_figures(record)
            grid = delivery_grid(catalogue, slot.dataset_id, slot.period.freq)
            if entry.grid_sha256 == grid_sha256(grid):
                newest[slot] = to_tabulation(entry.figures)
    return newest
