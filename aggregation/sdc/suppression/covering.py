"""The cheapest pattern that keeps all cuts found so far: an integer program over "withheld or not".

Beside the cuts it knows one thing about patterns in which no cell is withheld in vain: an extra cell only
helps by moving, and where a relation leaves no slack another cell of it has to move too. Every cheapest
pattern is of this kind, so its cost is never below the optimum here: the optimum is an honest bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from aggregation.sdc.linear_system import NO_LIMIT, IntArray, LinearSystem, Relation, RelationKind
from aggregation.sdc.programs import FloatArray, LinearProgram, Status
from aggregation.sdc.suppression.cuts import Cut

_NODES: Final = 5_000
"""Branches after which a choice is given up, so that no round takes minutes."""


@dataclass(frozen=True, eq=False, slots=True)
class Cover:
    """A cheapest choice.

    Attributes:
        shares: how far each cell is withheld; 0 or 1 where whole cells were asked for.
        cost: what it costs beyond the cells that are always withheld.
    """

    shares: FloatArray
    cost: float


class Covering:
    """A growing set of cuts."""

    def __init__(self, system: LinearSystem, costs: FloatArray, always: IntArray) -> None:
        """Start with the company that extra cells need.

        Args:
            system: relations between changes.
            costs: of each cell.
            always: cells that are withheld in every pattern.
        """
        self._fixed = np.zeros(system.cells, dtype=np.bool_)
        self._fixed[always] = True
        self._costs = np.where(self._fixed, 0.0, costs)
        self._possible = np.ones(system.cells, dtype=np.float64)
        self._rows: list[Relation] = []
        self._known: set[bytes] = set()
        self.solves = 0
        self._demand_company(system)

    def __len__(self) -> int:
        return len(self._known)

    def add(self, cut: Cut) -> bool:
        """Take in a cut; False if it is known, or kept by what is always withheld."""
        kept = int(cut.weights[self._fixed[cut.cells]].sum()) >= cut.needed
        if kept or cut.key in self._known:
            return False
        self._known.add(cut.key)
        self._rows.append(_row(cut.cells, cut.weights, cut.needed))
        return True

    def cheapest(self, *, whole: bool) -> Cover | None:
        """Return the cheapest choice, or None if the solver has no answer.

        Args:
            whole: whether cells are withheld or not; if False, they may be withheld in part, which is
                faster and a bound as well.
        """
        system = LinearSystem.of(len(self._costs), self._rows)
        integral = np.flatnonzero(~self._fixed) if whole else ()
        lower = self._fixed.astype(np.float64)
        program = LinearProgram(system, lower, self._possible, integral=integral, max_nodes=_NODES)
        answer = program.minimise(self._costs)
        self.solves += 1
        if answer.status is not Status.OPTIMAL:
            return None
        shares = np.rint(answer.values) if whole else np.clip(answer.values, 0.0, 1.0)
        return Cover(shares, float(self._costs @ shares) if whole else answer.objective)

    def _demand_company(self, system: LinearSystem) -> None:
        for row in np.flatnonzero(system.lower == system.upper).tolist():
            cells = system.columns[system.entries(row)]
            if self._fixed[cells].any():
                continue
            if len(cells) == 1:
                self._possible[cells] = 0.0
                continue
            for cell in cells.tolist():
                self._rows.append(_row(cells, np.where(cells == cell, -1, 1), 0))


def _row(cells: IntArray, weights: IntArray, needed: int) -> Relation:
    # Relations are the solver's language; what kind of fact a row is plays no part here.
    return Relation(RelationKind.COVER, tuple(cells.tolist()), tuple(weights.tolist()), needed, NO_LIMIT)
