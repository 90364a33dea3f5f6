"""The search for a pattern: steps 2 to 8 of `protection`, each on what those before left.

A search only ever withholds more. Where a step leaves something unprotected it ends: with
:class:`NoPatternError` if nothing that may be withheld helps, so that the caller can offer more, and refused
as undecided if the solver did not answer. It deliberately knows nothing of groups and reasons.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from aggregation.disclosure.history import Delivered, History, same_period
from aggregation.disclosure.insiders import insiders_of
from aggregation.disclosure.knowledge import all_published, alone, corrected, kept_secret, within
from aggregation.disclosure.primary import demands_of, minimum_of, open_zeros, with_whole_distributions
from aggregation.disclosure.proofs import WITNESSES
from aggregation.disclosure.relations import Structure
from aggregation.disclosure.wording import label_of
from aggregation.sdc.demands import KINDS, Demands
from aggregation.sdc.linear_system import BoolArray, IntArray
from aggregation.sdc.programs import FloatArray
from aggregation.sdc.publication import Publication
from aggregation.sdc.suppression import Task, suppress
from aggregation.sdc.views import View
from protocol.errors import kim_error
from protocol.texts import Text

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


class PatternSearch:
    """One delivery on its way through the steps.

    Attributes:
        programs: number of programs solved so far.
    """

    def __init__(self, history: History, costs: FloatArray, stricter: int | None) -> None:
        """Start from what the new delivery, the first of the history, withholds.

        Args:
            history: the new delivery and all that are linked to it.
            costs: what withholding each cell of the joint system costs.
            stricter: the node's own minimum, or None.
        """
        self._history = history
        self._structure = history.structures[0]
        self._stricter = stricter
        self._demands = demands_of(self._structure, self._new.table, stricter=stricter)
        self._costs = costs
        self._met = np.zeros((KINDS, history.system.cells), dtype=np.bool_)
        self._found: list[IntArray] = []
        self.programs = 0

    def run(self) -> None:
        """Take all steps.

        Raises:
            NoPatternError: nothing that may be withheld protects some cells.
            KimError: ``disclosure_unknown`` if a program could not be solved.
        """
        self._protect_alone()
        self._protect_jointly()
        self._protect_linked()
        self._protect_corrections()
        self._protect_from_lone_persons()
        self._protect_from_insiders()
        self._remember()

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

    def _protect_alone(self) -> None:
        """Step 2."""
        seen = _seen_by_others(self._history)
        demands = self._of_new(self._demands.among(~seen))
        self._search(demands, (0,), means=self._optional() & ~seen, held=seen)

    def _protect_jointly(self) -> None:
        """Step 3."""
        upward = _precious(self._structure, self._new.values, self._stricter)
        self._protect(self._of_new(self._demands), upward=upward)

    def _protect_linked(self) -> None:
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

    def _protect_corrections(self) -> None:
        """Step 6."""
        for view in corrected(self._history, self._stricter):
            publication = view.of(all_published(self._history, self._stricter))
            met = WITNESSES.met(self._history, publication, view.demands)
            demands = View(view.demands.without(met))
            self._suppress(publication, (demands,), means=self._optional())

    def _protect_from_lone_persons(self) -> None:
        """Step 7."""
        views = alone(self._history, self._stricter)
        if views:
            self._remember()
            publication = all_published(self._history, self._stricter)
            views = WITNESSES.left(self._history, publication, views)
            outsider = View(Demands.nothing(self._history.system.cells))
            self._suppress(publication, (outsider, *views), means=self._optional())

    def _protect_from_insiders(self) -> None:
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

    def _remember(self) -> None:
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
        raise NoPatternError(self._history, outcome.unprotected, self.programs)


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


class NoPatternError(Exception):
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


_UNSOLVED = Text(
    "Der Löser hat keine Antwort gegeben; ohne Antwort verlässt nichts das Haus.",
    "The solver gave no answer; without an answer nothing leaves the house.",
)
