"""What has changed since a delivery, and what it would cost to say so.

Where no rule of disclosure control looks at a changed cell and every changed cell was published, a
correction leaves under the pattern that is out (ADR 0013). Every other one is protected jointly with what is
out, so that neither a withheld cell nor a small difference can be computed from two vintages (ADR 0023). If
that takes nothing back that was published, it leaves as well. If it does, somebody has to choose: collect
corrections until the revision date, or publish coarser; an :class:`Offer` says what that costs. Amounts are
held: whose difference it is, no rule can tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aggregation.tabulation import Tabulation
from node.pipeline.programme import Slot
from protocol.catalogue import Catalogue, RuleKind
from protocol.grid import CellGrid, delivery_grid
from protocol.nouns import CELL
from protocol.texts import Text

_AMOUNTS: Final = frozenset({"fte", "magnitude"})
_JULY: Final = 7


@dataclass(frozen=True, slots=True)
class Change:
    """How figures differ from those that were delivered.

    Attributes:
        of: number of cells.
        cells: number of cells that changed.
        added: number of cells that are collected now and were not before.
        protected: number of other changed cells that a rule looks at or that are withheld.
        amounts: number of these that are amounts.
        given_up: number of cells that were collected before and are not now.
    """

    of: int
    cells: int
    added: int
    protected: int
    amounts: int = 0
    given_up: int = 0

    @property
    def reason(self) -> str:
        """What the statement of a correction says, one line in both languages."""
        if self.added:
            added = CELL.counted(self.added)
            return f"Ergänzung von {added.de} / addition of {added.en}"
        cells = CELL.counted(self.cells)
        return f"Berichtigung von {cells.de} / correction of {cells.en}"


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
        return Change(len(now), len(now), 0, len(now), given_up=len(before))
    changed = (before.values != now.values) | (before.collected != now.collected)
    added = now.collected & ~before.collected
    free = ~_ruled(catalogue, grid) & ~withheld & before.collected & now.collected
    protected = changed & ~free & ~added
    return Change(
        of=len(now),
        cells=int(changed.sum()),
        added=int(added.sum()),
        protected=int(protected.sum()),
        amounts=int((protected & _amounts(catalogue, grid)).sum()),
        given_up=int((before.collected & ~now.collected).sum()),
    )


@dataclass(frozen=True, slots=True)
class Offer:
    """What publishing a correction coarser would cost.

    Attributes:
        changed: number of cells that changed.
        further: number of cells that are published now and would be withheld.
        totals: number of these that are the total of an indicator.
        largest: the largest count among them: so many cases or persons would not be shown any more.
        revision_date: until when corrections are collected otherwise.
    """

    changed: int
    further: int
    totals: int
    largest: int
    revision_date: date

    @property
    def text(self) -> Text:
        """The choice in one sentence, with its cost."""
        totals_de = f", darunter {self.totals} Summen" if self.totals else ""
        totals_en = f", {self.totals} of them totals" if self.totals else ""
        return Text(
            f"Zur Wahl steht, Berichtigungen bis zum {self.revision_date:%d.%m.%Y} zu sammeln oder gröber zu "
            f"veröffentlichen: Dann würden {self.further} veröffentlichte Zellen gesperrt{totals_de}, die "
            f"größte mit {self.largest}.",
            f"The choice is to collect corrections until {self.revision_date:%Y-%m-%d}, or to publish "
            f"coarser: then {self.further} published cells would be withheld{totals_en}, the largest with "
            f"{self.largest}.",
        )


def offer_of(
    catalogue: Catalogue,
    slot: Slot,
    change: Change,
    *,
    before: NDArray[np.bool_],
    now: NDArray[np.bool_],
    table: Tabulation,
    today: date,
) -> Offer:
    """Say what a pattern takes back that was published.

    Args:
        catalogue: the catalogue.
        slot: which delivery.
        change: what changed.
        before: the cells that the delivery shows.
        now: the cells that its correction withholds.
        table: the figures of today.
        today: the day on which the choice is offered.
    """
    grid, further = delivery_grid(catalogue, slot.dataset_id, slot.period.freq), before & now
    totals = [row for row in map(grid.total_row, (i.id for i in grid.indicators)) if row is not None]
    return Offer(
        changed=change.cells,
        further=int(further.sum()),
        totals=int(further[totals].sum()),
        largest=int(table.values[further].max(initial=0)),
        revision_date=next_revision_date(today),
    )


def next_revision_date(today: date) -> date:
    """Return the next 1 July: the figures of the year before are complete then, its late entries made."""
    july = date(today.year, _JULY, 1)
    return july if today < july else july.replace(year=today.year + 1)


def _amounts(catalogue: Catalogue, grid: CellGrid) -> NDArray[np.bool_]:
    """Return which cells are amounts: euros, full-time equivalents."""
    kinds = [catalogue.indicator(key[0]).type for key in grid.keys]
    return np.array([kind in _AMOUNTS for kind in kinds], dtype=np.bool_)


def _ruled(catalogue: Catalogue, grid: CellGrid) -> NDArray[np.bool_]:
    """Return which cells a rule of the catalogue looks at."""
    return np.array(
        [
            catalogue.rule_for(catalogue.indicator(key[0]), grid.codes(row)).kind is not RuleKind.NONE
            for row, key in enumerate(grid.keys)
        ],
        dtype=np.bool_,
    )
