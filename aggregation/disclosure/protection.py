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
6. Where figures of a period change that are out, the difference is protected from whoever knows the earlier
   vintage: a correction by one person must not tell anything about this person.
7. Where a rule demands it, counts are protected from each person who is alone in a cell.
8. Amounts are protected from each of those who stand behind them and know their share (`insiders`). What
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
from aggregation.disclosure.knowledge import all_published, alone, corrected, kept_secret, within
from aggregation.disclosure.primary import (
    NO_REASON,
    Reason,
    demands_of,
    hiding_zeros,
    minimum_of,
    open_zeros,
    primary_reasons,
    small_changes,
    with_whole_distributions,
)
from aggregation.disclosure.proofs import WITNESSES
from aggregation.disclosure.relations import Structure
from aggregation.disclosure.wording import label_of
from aggregation.sdc.demands import KINDS, Demands
from aggregation.sdc.linear_system import BoolArray, IntArray
from aggregation.sdc.programs import FloatArray
from aggregation.sdc.publication import Publication
from aggregation.sdc.suppression import Task, suppress
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
        KimError: ``disclosure_unsafe`` if no pattern protects some cell, even if a group is withheld as a
            whole, zeros included (the detail names the cells, never a
            value); ``disclosure_unknown`` if the values contradict the catalogue's relations or a program
            could not be solved.
    """
    nothing = np.zeros(len(table), dtype=np.bool_)
    try:
        return _protected(structure, period, table, linked, min_contributors, group=nothing)
    except _NoPatternError as refused:
        programs = refused.programs
        for group in _groups_of(structure, table, refused.codes):
            try:
                found = _protected(structure, period, table, linked, min_contributors, group=group)
            except _NoPatternError as again:
                programs += again.programs
            else:
                return replace(found, programs=programs + found.programs)
        raise _unsafe(refused.labels) from None


def _protected(
    structure: Structure,
    period: Period,
    table: Tabulation,
    linked: Sequence[Delivered],
    min_contributors: int | None,
    *,
    group: BoolArray,
) -> Protection:
    """Find a pattern that withholds a group as a whole, or raise that there is none."""
    reasons = primary_reasons(structure, table, stricter=min_contributors)
    sensitive: BoolArray = reasons != NO_REASON
    untouched = Delivered(structure.grid.dataset.id, period, table, sensitive)
    changed = _small_changes(structure, untouched, linked, min_contributors)
    first = replace(untouched, withheld=sensitive | changed | (group & table.collected))
    start = _starting_pattern(structure, first, linked)
    history = linked_history(structure, replace(untouched, withheld=start), linked)
    if not np.all(history.system.satisfied(history.values)):
        raise kim_error("disclosure_unknown", _CONTRADICTION)
    run = _Run(history, _costs(history, linked), min_contributors)
    run.protect_alone()
    run.protect_jointly()
    run.protect_linked()
    run.protect_corrections()
    run.protect_from_lone_persons()
    run.protect_from_insiders()
    run.remember()
    reasons[run.withheld & ~sensitive] = Reason.SECONDARY
    reasons[changed & ~sensitive] = Reason.CORRECTION
    reasons[run.withheld_with_total & ~sensitive] = Reason.DISTRIBUTION
    reasons[hiding_zeros(structure, table, run.withheld) & ~sensitive] = Reason.GROUP
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


_MANY: Final = 8
"""Open cells of a delivery for which it is worth moving it by itself first."""


@dataclass(frozen=True, slots=True)
class _Search:
    """How the search for witnesses ended.

    Attributes:
        unprotected: cells of the joint system for which none was found.
        undecided: whether the solver failed to answer for one of them.
    """

    unprotected: tuple[int, ...] = ()
    undecided: bool = False


class _Run:
    """One delivery on its way through the steps."""

    def __init__(self, history: History, costs: FloatArray, stricter: int | None) -> None:
        self._history = history
        self._structure = history.structures[0]
        self._stricter = stricter
        self._demands = demands_of(self._structure, self._new.table, stricter=stricter)
        self._costs = costs
        self._met = np.zeros((KINDS, history.system.cells), dtype=np.bool_)
        self._found: list[IntArray] = []
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

    @property
    def _everything(self) -> tuple[int, ...]:
        return tuple(range(len(self._history.deliveries)))

    def protect_alone(self) -> None:
        """Step 2."""
        seen = _seen_by_others(self._history)
        demands = self._of_new(self._demands.among(~seen))
        self._search(demands, (0,), means=self._optional() & ~seen, held=seen)

    def protect_jointly(self) -> None:
        """Step 3."""
        upward = _precious(self._structure, self._new.values, self._stricter)
        self._protect(self._of_new(self._demands), upward=upward)

    def protect_linked(self) -> None:
        """Steps 4 and 5."""
        history = self._history
        linked = zip(history.structures[1:], history.deliveries[1:], strict=True)
        secrets = [kept_secret(structure, delivery, self._stricter) for structure, delivery in linked]
        demands = Demands.behind_each_other([Demands.nothing(len(self.withheld)), *secrets])
        self._met |= WITNESSES.met(history, all_published(history, self._stricter), demands)
        for block in self._everything[1:]:
            mine = self._block(block)
            if self._left(demands, mine).sum() >= _MANY:
                self._search(demands.among(mine), (block,))
        for blocks in self._history.around():
            self._search(demands, blocks)
        opened = np.zeros(history.system.cells, dtype=np.bool_)
        opened[list(self._search(demands, self._everything).unprotected)] = True
        self._protect(demands.among(opened))

    def protect_corrections(self) -> None:
        """Step 6."""
        for view in corrected(self._history, self._stricter):
            publication = view.of(all_published(self._history, self._stricter))
            met = WITNESSES.met(self._history, publication, view.demands)
            demands = View(view.demands.without(met))
            self._suppress(publication, (demands,), means=self._optional())

    def protect_from_lone_persons(self) -> None:
        """Step 7."""
        views = alone(self._history, self._stricter)
        if views:
            self.remember()
            publication = all_published(self._history, self._stricter)
            views = WITNESSES.left(self._history, publication, views)
            outsider = View(Demands.nothing(self._history.system.cells))
            self._suppress(publication, (outsider, *views), means=self._optional())

    def protect_from_insiders(self) -> None:
        """Step 8."""
        for insider in insiders_of(self._structure, self._new.table):
            publication = insider.publication(all_published(self._history, self._stricter))
            demands = insider.demands(self._demands, publication)
            self._suppress(publication, (View(demands),), means=self._optional() & ~insider.alone)

    def _suppress(self, publication: Publication, views: tuple[View, ...], *, means: BoolArray) -> None:
        """Withhold more of the new delivery until those with knowledge of their own are left uncertain."""
        pattern = suppress(
            Task(
                publication=publication,
                views=views,
                optional=self._everywhere(means),
                costs=self._costs,
            )
        )
        self._accept(pattern.withheld[: len(self.withheld)] | self.withheld)
        self._found += pattern.witnesses
        self.programs += pattern.solves
        self._refuse(_Search(pattern.unprotected, pattern.undecided))

    def remember(self) -> None:
        """Keep what was found for the deliveries to come."""
        WITNESSES.remember(self._history, self._found)

    def _protect(self, demands: Demands, *, upward: BoolArray | None = None) -> None:
        """Withhold more of the new delivery until all demands are met, or refuse.

        First the deliveries next to the new one move, then all of them.
        """
        for blocks in self._history.around():
            self._search(demands, blocks, means=self._optional(), upward=upward)
            upward = None
        self._refuse(self._search(demands, self._everything, means=self._optional()))

    def _search(
        self,
        demands: Demands,
        blocks: Sequence[int],
        *,
        means: BoolArray | None = None,
        held: BoolArray | None = None,
        upward: BoolArray | None = None,
    ) -> _Search:
        """Look for witnesses that move some of the deliveries, and withhold what they need.

        Args:
            demands: on the joint system; what is met by now is left out.
            blocks: the deliveries that move, ascending.
            means: cells of the new delivery that may be withheld for it; nothing if omitted.
            held: withheld cells of the new delivery that keep their true values.
            upward: cells of the new delivery that should have a witness in which they are larger.
        """
        cells = self._history.cells_of(blocks)
        demands = demands.without(self._met)
        wanted, upwards = demands.of(cells), self._everywhere(upward)[cells]
        if not (wanted.cells | upwards).any():
            return _Search()
        publication = within(self._history, all_published(self._history, self._stricter), blocks)
        publication = replace(publication, withheld=publication.withheld & ~self._everywhere(held)[cells])
        pattern = suppress(
            Task(
                publication=publication,
                views=(View(wanted),),
                optional=self._everywhere(means)[cells],
                costs=self._costs[cells],
                upward=upwards,
            )
        )
        self.programs += pattern.solves
        if means is not None:
            self._accept(pattern.withheld[: len(self.withheld)] | self.withheld)
        for witness in pattern.witnesses:
            change = np.zeros(self._history.system.cells, dtype=np.int64)
            change[cells] = witness
            self._found.append(change)
            self._met |= demands.met_by(change)
        return _Search(tuple(cells[list(pattern.unprotected)].tolist()), pattern.undecided)

    def _accept(self, withheld: BoolArray) -> None:
        whole = with_whole_distributions(self._structure, withheld)
        deliveries = (replace(self._new, withheld=whole), *self._history.deliveries[1:])
        self._history = replace(self._history, deliveries=deliveries)

    def _optional(self) -> BoolArray:
        """Which published cells may be withheld: no zeros everybody may know, nothing already out."""
        new = self._new
        optional = ~new.withheld & new.table.collected & ~open_zeros(self._structure, new.table, new.withheld)
        for earlier in self._history.deliveries[1:]:
            if same_period(earlier, new):
                optional &= earlier.withheld | (earlier.values != new.values)
        return optional

    def _everywhere(self, cells: BoolArray | None) -> BoolArray:
        """Return a mask of the new delivery as one of all deliveries."""
        everywhere = np.zeros(self._history.system.cells, dtype=np.bool_)
        if cells is not None:
            everywhere[: len(cells)] = cells
        return everywhere

    def _of_new(self, demands: Demands) -> Demands:
        """Return demands on the new delivery as demands on the joint system."""
        others = self._history.system.cells - len(self.withheld)
        return Demands.behind_each_other([demands, Demands.nothing(others)])

    def _block(self, block: int) -> BoolArray:
        """Return the cells of one delivery."""
        cells = np.zeros(self._history.system.cells, dtype=np.bool_)
        cells[self._history.starts[block] : self._history.starts[block + 1]] = True
        return cells

    def _left(self, demands: Demands, among: BoolArray) -> BoolArray:
        """Return which of some cells a demand is still open for."""
        left: BoolArray = demands.without(self._met).cells & among
        return left

    def _refuse(self, outcome: _Search) -> None:
        """Refuse if something is left unprotected."""
        if not outcome.unprotected:
            return
        if outcome.undecided:
            raise kim_error("disclosure_unknown", _UNSOLVED)
        raise _NoPatternError(self._history, outcome.unprotected, self.programs)


def _small_changes(
    structure: Structure, new: Delivered, linked: Sequence[Delivered], stricter: int | None
) -> BoolArray:
    """Return the counts that differ by few from an earlier vintage."""
    changed = np.zeros_like(new.withheld)
    for earlier in linked:
        if same_period(earlier, new) and len(earlier.values) == len(new.values):
            changed |= small_changes(structure, earlier.table, new.table, stricter=stricter)
    return changed


def _starting_pattern(structure: Structure, new: Delivered, linked: Sequence[Delivered]) -> BoolArray:
    """Withhold what is sensitive, and what an earlier vintage of the period withheld and is unchanged.

    A group that it withheld as a whole stays so.
    """
    withheld, zeros = new.withheld.copy(), open_zeros(structure, new.table)
    for earlier in linked:
        if same_period(earlier, new) and len(earlier.values) == len(new.values):
            withheld |= earlier.withheld & (earlier.values == new.values) & new.table.collected & ~zeros
            withheld |= hiding_zeros(structure, earlier.table, earlier.withheld) & new.table.collected
    return with_whole_distributions(structure, withheld)


def _seen_by_others(history: History) -> BoolArray:
    """Return the new cells that other tables or deliveries may see: all if the period was delivered twice."""
    if history.has_vintages(0):
        return np.ones(len(history.deliveries[0].values), dtype=np.bool_)
    return history.structures[0].hinges


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


def _groups_of(structure: Structure, table: Tabulation, codes: Sequence[tuple[str, str]]) -> list[BoolArray]:
    """Return groups that would hide a zero if withheld as a whole, those that cost the readers least first.

    Args:
        structure: the dataflow.
        table: true figures of its grid.
        codes: dimension and code of the groups that come into question, in any order.
    """
    zeros, costs = open_zeros(structure, table), costs_of(structure, table.values)
    groups = [structure.groups[place] for place in sorted(set(codes)) if place in structure.groups]
    masks = []
    for rows in sorted(groups, key=lambda rows: float(costs[rows][table.values[rows] > 0].sum())):
        if zeros[rows].any():
            masks.append(np.zeros(len(table), dtype=np.bool_))
            masks[-1][rows] = True
    return masks


# -------------------------------------------------------------------------------------------------- refusals


class _NoPatternError(Exception):
    """No pattern protects some cells, as far as zeros that everybody may know must be shown.

    Attributes:
        labels: the cells.
        codes: dimension and code of everything they are about.
        programs: number of programs solved until this was known.
    """

    def __init__(self, history: History, cells: Sequence[int], programs: int) -> None:
        super().__init__(len(cells))
        self.labels = [label_of(history, cell) for cell in cells]
        places = [(history.structures[block].grid, row) for block, row in map(history.place, cells)]
        self.codes = [place for grid, row in places for place in grid.codes(row).items()]
        self.programs = programs


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
