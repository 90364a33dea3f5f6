"""Protects one delivery of an area jointly with everything that is linked to it.

The steps, in this order, so that the pattern depends on the input alone and not on what a process remembers:

1. The rules make cells sensitive; small stocks that later quarters build on are to stay uncertain too.
2. The new delivery is protected table by table as far as that goes, with the cells that other tables and
   deliveries see held fixed, and the linked deliveries at their true values: rows that reach into them are
   kept, so what is proven here is proven in the joint system too.
3. What is left of it is protected in the joint system.
4. The sensitive cells of the linked deliveries are proven again, with what is withheld by now: a neighbour
   adds rows (people who went are not fewer than nobody in any breakdown) that older proofs did not know.
5. Those that the new delivery would open are protected in the joint system.
6. Amounts are protected from each of those who stand behind them and know their share (`insiders`). What
   is withheld for that takes nothing away from what is proven before.

Deliveries that are out keep their pattern: published cells are constants, withheld ones variables. This
module deliberately decides no figure and changes no value: the result is a pattern.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aggregation.disclosure.history import Delivered, History, linked_history, same_period
from aggregation.disclosure.insiders import insiders_of
from aggregation.disclosure.primary import (
    NO_REASON,
    Reason,
    attacker_floors,
    demands_of,
    minimum_of,
    open_zeros,
    primary_reasons,
    with_whole_distributions,
)
from aggregation.disclosure.proofs import ProofMemory
from aggregation.disclosure.relations import Structure
from aggregation.disclosure.wording import label_of
from aggregation.sdc.demands import KINDS, Demands
from aggregation.sdc.linear_system import BoolArray, IntArray
from aggregation.sdc.programs import FloatArray
from aggregation.sdc.publication import Publication
from aggregation.sdc.suppression import Pattern, Task, suppress
from aggregation.sdc.views import View
from aggregation.tabulation import Tabulation
from protocol.errors import KimError, kim_error
from protocol.periods import Period
from protocol.texts import Text


@dataclass(frozen=True, eq=False)
class Protection:
    """The pattern of a delivery, with reasons that stay in the node.

    Attributes:
        withheld: which cells are withheld.
        reasons: why, one of :class:`Reason` per cell; empty where published.
        sensitive: number of cells that the rules made sensitive.
        programs: number of programs solved.
    """

    withheld: BoolArray
    reasons: NDArray[np.str_]
    sensitive: int
    programs: int


def protect(
    structure: Structure,
    period: Period,
    table: Tabulation,
    *,
    linked: Sequence[Delivered] = (),
    min_contributors: int | None = None,
) -> Protection:
    """Find a safe pattern for a delivery.

    Args:
        structure: the dataflow.
        period: reporting period.
        table: true figures of the grid, margins included.
        linked: what was delivered before for the area, any dataflows and periods, any order.
        min_contributors: the node's own minimum; it can only be stricter.

    Returns:
        The pattern.

    Raises:
        KimError: ``disclosure_unsafe`` if no pattern protects some cell (the detail names the cells, never a
            value); ``disclosure_unknown`` if the values contradict the catalogue's relations or a program
            could not be solved.
    """
    reasons = primary_reasons(structure, table, stricter=min_contributors)
    sensitive: BoolArray = reasons != NO_REASON
    untouched = Delivered(structure.grid.dataset.id, period, table, sensitive)
    start = _starting_pattern(structure, untouched, linked)
    history = linked_history(structure, replace(untouched, withheld=start), linked)
    if not np.all(history.system.satisfied(history.values)):
        raise kim_error("disclosure_unknown", _CONTRADICTION)
    run = _Run(history, _costs(history, linked), min_contributors)
    run.protect_alone()
    run.protect_jointly()
    run.protect_linked()
    run.protect_from_insiders()
    reasons[run.withheld & ~sensitive] = Reason.SECONDARY
    reasons[run.withheld_with_total & ~sensitive] = Reason.DISTRIBUTION
    return Protection(run.withheld, reasons, int(sensitive.sum()), run.programs)


def costs_of(structure: Structure, values: IntArray) -> FloatArray:
    """Return what withholding each cell costs the readers: many small parts and a large value cost more."""
    return structure.weights * (1.0 + np.log2(1.0 + np.abs(values)))


def _costs(history: History, linked: Sequence[Delivered]) -> FloatArray:
    """Return :func:`costs_of` all cells; amounts that were withheld the last time too cost next to nothing.

    Posts hardly change from quarter to quarter. No relation of the catalogue says so, but whoever sees a
    figure now that was withheld before will guess that it was the same.
    """
    costs = np.concatenate(
        [
            costs_of(structure, delivery.values)
            for structure, delivery in zip(history.structures, history.deliveries, strict=True)
        ]
    )
    new, amount = history.deliveries[0], history.structures[0].rules.amount
    before = [d for d in linked if (d.dataset_id, d.period.freq) == (new.dataset_id, new.period.freq)]
    before = [d for d in before if d.period < new.period and len(d.values) == len(new.values)]
    if before and amount.any():
        latest = max(before, key=lambda delivery: delivery.period)
        costs[: len(new.values)][amount & latest.withheld] = 1.0
    return costs


PROOFS: Final = ProofMemory(max_deliveries=64)
"""What this process has proven while protecting."""


class _Run:
    """One delivery on its way through the steps."""

    def __init__(self, history: History, costs: FloatArray, stricter: int | None) -> None:
        self._history = history
        self._structure = history.structures[0]
        self._stricter = stricter
        self._demands = demands_of(self._structure, self._new.table, stricter=stricter)
        self._costs = costs
        self._met = np.zeros((KINDS, history.system.cells), dtype=np.bool_)
        self._met_alone = np.zeros((KINDS, len(self._new.values)), dtype=np.bool_)
        self.programs = 0

    @property
    def withheld(self) -> BoolArray:
        """The pattern of the new delivery so far."""
        return self._new.withheld

    @property
    def withheld_with_total(self) -> BoolArray:
        """Which cells are withheld because the total of their distribution is."""
        rules, cells = self._structure.rules, np.zeros_like(self.withheld)
        cells[rules.spread_cell[self.withheld[rules.spread_total]]] = True
        return cells

    @property
    def _new(self) -> Delivered:
        return self._history.deliveries[0]

    def protect_alone(self) -> None:
        """Step 2."""
        fixed = _seen_by_others(self._history, 0)
        task = Task(
            publication=_alone(self._history, 0, fixed, self._stricter),
            views=(View(self._demands.among(~fixed)),),
            optional=self._optional() & ~fixed,
            costs=self._costs[: len(fixed)],
        )
        pattern = suppress(task)
        self._accept(pattern, pattern.withheld | self.withheld)
        self._met_alone = pattern.proven()
        self._met[:, : len(fixed)] |= self._met_alone

    def protect_jointly(self) -> None:
        """Step 3."""
        upward = self._everywhere(_precious(self._structure, self._new.values, self._stricter))
        linked = [Demands.nothing(len(delivery.values)) for delivery in self._history.deliveries[1:]]
        pattern = self._joint_pattern(Demands.behind_each_other([self._demands, *linked]), upward=upward)
        self._raise_if_open(pattern)

    def protect_linked(self) -> None:
        """Steps 4 and 5."""
        waiting = [Demands.nothing(len(self._new.values))]
        waiting += [self._waiting_in(block) for block in range(1, len(self._history.deliveries))]
        everything = Demands.behind_each_other(waiting)
        proof = self._joint_pattern(everything, means=False)
        opened = np.zeros(self._history.system.cells, dtype=np.bool_)
        opened[list(proof.unprotected)] = True
        self._raise_if_open(self._joint_pattern(everything.among(opened)))
        PROOFS.remember(self._history, 0, self._met_alone, stricter=self._stricter)

    def protect_from_insiders(self) -> None:
        """Step 6."""
        for insider in insiders_of(self._structure, self._new.table):
            publication = insider.publication(_jointly(self._history, self._stricter))
            task = Task(
                publication=publication,
                views=(View(insider.demands(self._demands, publication)),),
                optional=self._everywhere(self._optional() & ~insider.alone),
                costs=self._costs,
            )
            pattern = suppress(task)
            self._accept(pattern, pattern.withheld[: len(self._new.values)] | self.withheld)
            self._raise_if_open(pattern)

    def _joint_pattern(
        self, demands: Demands, *, upward: BoolArray | None = None, means: bool = True
    ) -> Pattern:
        """Meet what is demanded of any delivery, with or without withholding more of the new one."""
        task = Task(
            publication=_jointly(self._history, self._stricter),
            views=(View(demands.without(self._met)),),
            upward=upward,
            optional=self._everywhere(self._optional() & means),
            costs=self._costs,
        )
        pattern = suppress(task)
        self._accept(pattern, pattern.withheld[: len(self._new.values)])
        self._met |= pattern.proven()
        return pattern

    def _accept(self, pattern: Pattern, withheld: BoolArray) -> None:
        whole = with_whole_distributions(self._structure, withheld)
        deliveries = (replace(self._new, withheld=whole), *self._history.deliveries[1:])
        self._history = replace(self._history, deliveries=deliveries)
        self.programs += pattern.solves

    def _optional(self) -> BoolArray:
        """Which published cells may be withheld: no zeros everybody may know, nothing already out."""
        new = self._new
        optional = ~new.withheld & new.table.collected & ~open_zeros(self._structure, new.table, new.withheld)
        for earlier in self._history.deliveries[1:]:
            if same_period(earlier, new):
                optional &= earlier.withheld | (earlier.values != new.values)
        return optional

    def _everywhere(self, cells: BoolArray) -> BoolArray:
        """Return a mask of the new delivery as one of all deliveries."""
        everywhere = np.zeros(self._history.system.cells, dtype=np.bool_)
        everywhere[: len(cells)] = cells
        return everywhere

    def _waiting_in(self, block: int) -> Demands:
        """Return what is demanded of a linked delivery if its proof may depend on other deliveries."""
        old, structure = self._history.deliveries[block], self._history.structures[block]
        demands = demands_of(structure, old.table, stricter=self._stricter).among(old.withheld)
        fixed = _seen_by_others(self._history, block)
        if fixed.all():
            return demands
        proven = PROOFS.recall(self._history, block, stricter=self._stricter)
        if proven is None:
            task = Task(
                publication=_alone(self._history, block, fixed, self._stricter),
                views=(View(demands.among(~fixed)),),
                optional=np.zeros_like(fixed),
                costs=np.ones(len(fixed)),
            )
            pattern = suppress(task)
            self.programs += pattern.solves
            proven = pattern.proven()
            PROOFS.remember(self._history, block, proven, stricter=self._stricter)
        return demands.without(proven)

    def _raise_if_open(self, pattern: Pattern) -> None:
        if not pattern.unprotected:
            return
        if pattern.undecided:
            raise kim_error("disclosure_unknown", _UNSOLVED)
        raise _unsafe([label_of(self._history, cell) for cell in pattern.unprotected])


def _starting_pattern(structure: Structure, new: Delivered, linked: Sequence[Delivered]) -> BoolArray:
    """Withhold what is sensitive, and what an earlier vintage of the period withheld and is unchanged."""
    withheld, zeros = new.withheld.copy(), open_zeros(structure, new.table)
    for earlier in linked:
        if same_period(earlier, new) and len(earlier.values) == len(new.values):
            withheld |= earlier.withheld & (earlier.values == new.values) & new.table.collected & ~zeros
    return with_whole_distributions(structure, withheld)


def _alone(history: History, block: int, fixed: BoolArray, stricter: int | None) -> Publication:
    """Return one delivery as published, with other deliveries and the cells they see at their true values."""
    delivery = history.deliveries[block]
    floors = attacker_floors(history.structures[block], delivery.table, delivery.withheld, stricter=stricter)
    return Publication(history.alone(block), delivery.values, delivery.withheld & ~fixed, floors)


def _jointly(history: History, stricter: int | None) -> Publication:
    """Return what is published of all deliveries together."""
    floors = [
        attacker_floors(structure, delivery.table, delivery.withheld, stricter=stricter)
        for structure, delivery in zip(history.structures, history.deliveries, strict=True)
    ]
    return Publication(history.system, history.values, history.withheld, np.concatenate(floors))


def _seen_by_others(history: History, block: int) -> BoolArray:
    """Return the cells that other tables or deliveries may see: all if the period was delivered twice."""
    if history.has_vintages(block):
        return np.ones(len(history.deliveries[block].values), dtype=np.bool_)
    return history.structures[block].hinges


def _precious(structure: Structure, values: IntArray, stricter: int | None) -> BoolArray:
    """Return small stocks that later periods will build on: they must stay uncertain, sensitive or not.

    A published stock of, say, 5 can make the next quarter unprotectable: one person leaves, nobody comes
    (a published zero), and the four who remain are all alone in their cells, so that no count can be
    smaller. A withheld stock that may have been larger leaves the way out open.
    """
    before = [row for flow in structure.flows for row, lag in zip(flow.rows, flow.lags, strict=True) if lag]
    precious = np.zeros(len(values), dtype=np.bool_)
    precious[before] = True
    return precious & (values > 0) & (values < 2 * minimum_of(structure, stricter))


# -------------------------------------------------------------------------------------------------- refusals

_CONTRADICTION = Text(
    "Die Tabellen widersprechen den Beziehungen des Katalogs; die Geheimhaltung ist nicht prüfbar.",
    "The tables contradict the relations of the catalogue; disclosure control cannot be checked.",
)
_UNSOLVED = Text(
    "Der Löser hat keine Antwort gegeben; ohne Antwort verlässt nichts das Haus.",
    "The solver gave no answer; without an answer nothing leaves the house.",
)


def _unsafe(labels: Sequence[Text]) -> KimError:
    return kim_error(
        "disclosure_unsafe",
        Text(
            "Kein Sperrmuster schützt diese Zellen: " + "; ".join(label.de for label in labels),
            "No pattern protects these cells: " + "; ".join(label.en for label in labels),
        ),
    )
