"""Deliveries of one node side by side, with the relations that reach from one to the next.

What was published once stays known, so a new delivery is protected and audited jointly with everything that
is linked to it (attacker A4): stocks and flows of neighbouring quarters, and earlier vintages of the same
quarter. Deliveries that no relation connects to the new one are left out: it cannot change what is known
about them.

Invariants: the new delivery comes first; every cell of delivery number ``b`` stands at
``b * len(grid) + row``; a relation is used only where the true values keep it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from aggregation.disclosure.hidden_flows import FlowLink
from aggregation.disclosure.linear_system import (
    NO_LIMIT,
    BoolArray,
    IntArray,
    LinearSystem,
    Relation,
    RelationKind,
    joined,
    stack,
)
from aggregation.disclosure.relations import Structure
from aggregation.tabulation import Tabulation
from protocol.errors import kim_error
from protocol.periods import Period
from protocol.texts import Text

_OTHER_GRID: Final = Text(
    "Eine frühere Lieferung hat andere Zellen als der Katalog; ohne sie ist die Geheimhaltung nicht prüfbar.",
    "An earlier delivery has other cells than the catalogue; disclosure control cannot be checked.",
)


@dataclass(frozen=True, eq=False)
class Delivered:
    """A delivery of one area, as the node's local ledger knows it.

    Attributes:
        dataset_id: dataflow.
        period: reporting period.
        table: true figures, aligned with the delivery grid of dataflow and frequency.
        withheld: which cells were withheld.
    """

    dataset_id: str
    period: Period
    table: Tabulation
    withheld: BoolArray

    def __post_init__(self) -> None:
        """Refuse what would be read wrongly.

        Raises:
            ValueError: if the pattern is not bool, or not of one mark per cell.
        """
        if self.withheld.dtype != np.dtype(np.bool_):
            raise ValueError("the pattern is bool")
        if self.values.shape != self.withheld.shape:
            raise ValueError("a delivery has one value and one mark per cell")

    @property
    def values(self) -> IntArray:
        """True value of each cell."""
        return self.table.values


@dataclass(frozen=True, eq=False)
class History:
    """A new delivery and all that is linked to it, as one system.

    Attributes:
        structure: the dataflow.
        deliveries: the new one first, then the linked ones by period, earlier vintages first.
        system: relations within and between them.
    """

    structure: Structure
    deliveries: tuple[Delivered, ...]
    system: LinearSystem

    @property
    def values(self) -> IntArray:
        """True values of all cells."""
        return np.concatenate([delivery.values for delivery in self.deliveries])

    @property
    def withheld(self) -> BoolArray:
        """Which of all cells are withheld."""
        return np.concatenate([delivery.withheld for delivery in self.deliveries])

    def place(self, cell: int) -> tuple[Delivered, int]:
        """Return the delivery and the grid row of a cell of the joint system."""
        block, row = divmod(cell, len(self.structure.grid))
        return self.deliveries[block], row

    def alone(self, block: int) -> LinearSystem:
        """Return the system of one delivery with all others held at their true values.

        Whoever moves cells of this delivery and keeps these rows keeps those of the joint system too.
        """
        size = len(self.structure.grid)
        others = self.values
        others[block * size : (block + 1) * size] = 0
        cells = np.arange(block * size, (block + 1) * size, dtype=np.int64)
        return self.system.among(cells, self.system.activity(others))[0]


def linked_history(structure: Structure, new: Delivered, linked: Sequence[Delivered]) -> History:
    """Put a new delivery beside the linked ones.

    Args:
        structure: the dataflow.
        new: the delivery to protect or audit.
        linked: earlier and later deliveries of the same node and dataflow, in any order; several vintages of
            a period in the order in which they were delivered.

    Returns:
        The joint system.

    Raises:
        KimError: ``disclosure_unknown`` if a delivery does not have the cells of the catalogue.
    """
    linked = [d for d in linked if (d.dataset_id, d.period.freq) == (new.dataset_id, new.period.freq)]
    if any(len(delivery.values) != len(structure.grid) for delivery in (new, *linked)):
        raise kim_error("disclosure_unknown", _OTHER_GRID)
    ordered = sorted(linked, key=lambda delivery: _ordinal(delivery.period))  # stable: vintages stay in order
    deliveries = (new, *_connected(structure, new, ordered))
    inside = stack([structure.system] * len(deliveries))
    values = np.concatenate([delivery.values for delivery in deliveries])
    vintages = LinearSystem.of(inside.cells, list(_vintages(deliveries)))
    between = joined([*_flows(structure, deliveries), vintages])
    between = between.only_rows(between.satisfied(values))
    return History(structure, deliveries, joined([inside, between]))


def _ordinal(period: Period) -> int:
    """Number the periods of one frequency without a gap."""
    return period.year if period.quarter is None else period.year * 4 + period.quarter - 1


def _connected(structure: Structure, new: Delivered, ordered: Sequence[Delivered]) -> list[Delivered]:
    """Return the deliveries that a chain of relations connects to the new one."""
    same_frequency = [d for d in ordered if d.period.freq == new.period.freq]
    found = {_ordinal(new.period)}
    growing = True
    while growing:
        near = {
            _ordinal(d.period)
            for d in same_frequency
            if any(abs(_ordinal(d.period) - other) <= structure.reach for other in found)
        }
        growing = not near <= found
        found |= near
    return [d for d in same_frequency if _ordinal(d.period) in found]


def _flows(structure: Structure, deliveries: Sequence[Delivered]) -> Iterator[LinearSystem]:
    """Yield each period's flow identities; the newest vintage of a period stands for it."""
    newest = {_ordinal(delivery.period): block for block, delivery in enumerate(deliveries)}
    newest[_ordinal(deliveries[0].period)] = 0
    cells = len(structure.grid)
    for ordinal in sorted(newest):
        blocks = [newest.get(ordinal - lag) for lag in range(structure.reach + 1)]
        first = np.array([-1 if block is None else block * cells for block in blocks], dtype=np.int64)
        number = (first[:, np.newaxis] + np.arange(cells)).reshape(-1)
        known = tuple(block is not None for block in blocks)
        yield _flows_of_a_period(structure, known).renumbered(cells * len(deliveries), number)


@lru_cache(maxsize=32)
def _flows_of_a_period(structure: Structure, known: tuple[bool, ...]) -> LinearSystem:
    """Return the flow identities of one period.

    Args:
        structure: the dataflow.
        known: whether the delivery of each lag is known.

    Returns:
        A system over ``lag * len(grid) + row``; its rows use deliveries that are known only.
    """
    relations = [
        _flow(flow, known, len(structure.grid)) for flow in (*structure.flows, *structure.hidden_flows)
    ]
    return LinearSystem.of(len(known) * len(structure.grid), [r for r in relations if r is not None])


def _flow(flow: FlowLink, known: Sequence[bool], cells: int) -> Relation | None:
    """Return one flow identity; what was never delivered is only known not to be negative."""
    there = [
        (sign, lag * cells + row)
        for sign, row, lag in zip(flow.signs, flow.rows, flow.lags, strict=True)
        if known[lag]
    ]
    missing = {sign for sign, lag in zip(flow.signs, flow.lags, strict=True) if not known[lag]}
    if len(missing) > 1 or not there:
        return None
    lower = -NO_LIMIT if missing == {1} else flow.lower
    upper = NO_LIMIT if missing == {-1} else flow.upper
    if lower == -NO_LIMIT and upper == NO_LIMIT:
        return None
    kind = RelationKind.FLOW_FLOOR if missing else RelationKind.FLOW
    return Relation(
        kind=RelationKind.FLOW_HIDDEN if flow.hidden else kind,
        cells=tuple(cell for _, cell in there),
        coefficients=tuple(sign for sign, _ in there),
        lower=lower,
        upper=upper,
        certain=False,
    )


def _vintages(deliveries: Sequence[Delivered]) -> Iterator[Relation]:
    """Yield "unchanged" for each cell of a period that was delivered before with the same value."""
    cells = len(deliveries[0].values)
    before: dict[Period, int] = {}
    for block, delivery in enumerate([*deliveries[1:], deliveries[0]], start=1):
        here = block % len(deliveries)  # the new delivery is the last vintage of its period
        earlier = before.get(delivery.period)
        if earlier is not None:
            for row in range(cells):
                pair = (earlier * cells + row, here * cells + row)
                yield Relation(RelationKind.VINTAGE, pair, (1, -1), certain=False)
        before[delivery.period] = here
