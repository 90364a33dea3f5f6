"""What has changed since a delivery, and whether anybody could learn something from a second vintage.

A correction may leave where no rule of disclosure control looks at a changed cell and every changed cell was
published: then all withheld cells have the values they had, and what the second vintage says about them are
the very equations of the first (ADR 0013). Figures that were not collected before may be added: the first
vintage said nothing about them, and they are protected together with all that it said. Everything else is
held (ADR 0006).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aggregation.tabulation import Tabulation
from node.pipeline.programme import Slot
from protocol.catalogue import Catalogue, RuleKind
from protocol.grid import CellGrid, delivery_grid


@dataclass(frozen=True, slots=True)
class Change:
    """How figures differ from those that were delivered.

    Attributes:
        of: number of cells.
        cells: number of cells that changed.
        added: number of cells that are collected now and were not before.
        protected: number of other changed cells that a rule looks at or that are withheld.
    """

    of: int
    cells: int
    added: int
    protected: int

    @property
    def reason(self) -> str:
        """What the statement of a correction says, one line in both languages."""
        if self.added:
            return f"Ergänzung von {self.added} Zellen / addition of {self.added} cells"
        number = f"{self.cells} Zelle{'n' if self.cells > 1 else ''}"
        return f"Berichtigung von {number} / correction of {self.cells} cell{'s' if self.cells > 1 else ''}"


def change_of(
    catalogue: Catalogue, slot: Slot, *, before: Tabulation, now: Tabulation, withheld: NDArray[np.bool_]
) -> Change:
    """Compare figures with those that were delivered.

    Args:
        catalogue: the rules.
        slot: which delivery.
        before: the figures behind the delivery.
        now: the figures of today.
        withheld: which cells the delivery withholds.

    Returns:
        The difference; if the delivery had other cells than the catalogue, every cell counts as changed.
    """
    grid = delivery_grid(catalogue, slot.dataset_id, slot.period.freq)
    if len(before) != len(now):
        return Change(len(now), len(now), 0, len(now))
    changed = (before.values != now.values) | (before.collected != now.collected)
    added = now.collected & ~before.collected
    free = ~_ruled(catalogue, grid) & ~withheld & before.collected & now.collected
    protected = changed & ~free & ~added
    return Change(len(now), int(changed.sum()), int(added.sum()), int(protected.sum()))


def _ruled(catalogue: Catalogue, grid: CellGrid) -> NDArray[np.bool_]:
    """Return which cells a rule of the catalogue looks at."""
    return np.array(
        [
            catalogue.rule_for(catalogue.indicator(key[0]), grid.codes(row)).kind is not RuleKind.NONE
            for row, key in enumerate(grid.keys)
        ],
        dtype=np.bool_,
    )
