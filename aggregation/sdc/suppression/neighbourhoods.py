"""Neighbourhoods of a table: extra cells that stand close together, and the cells around them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from aggregation.sdc.linear_system import BoolArray, IntArray, LinearSystem

_FEWEST: Final = 4
_MOST: Final = 14
"""How many extra cells are taken away at once."""

_AROUND: Final = 250
"""How many cells around them may be withheld instead."""

_REACH: Final = 700
"""How many withheld cells around them new witnesses may move."""


@dataclass(frozen=True, eq=False)
class Neighbourhood:
    """A place in the tables.

    Attributes:
        taken: numbers of extra cells that stand close together.
        around: the cells around them.
        reach: withheld cells here and farther away that witnesses may move.
    """

    taken: IntArray
    around: BoolArray
    reach: BoolArray


class Neighbourhoods:
    """Draws neighbourhoods along the relations."""

    def __init__(self, system: LinearSystem, optional: BoolArray) -> None:
        """Index the relations by cell."""
        self._system = system
        self._optional = optional
        order = np.argsort(system.columns, kind="stable")
        self._rows = system.row_of_entry[order]
        self._first = np.searchsorted(system.columns[order], np.arange(system.cells + 1))

    def draw(self, withheld: BoolArray, extra: BoolArray, random: np.random.Generator) -> Neighbourhood:
        """Return a neighbourhood of a random extra cell.

        Args:
            withheld: the pattern.
            extra: cells of it that could be published; not empty.
            random: a seeded generator.
        """
        numbers = np.flatnonzero(extra)
        wanted = int(random.integers(_FEWEST, _MOST + 1))
        taken = [int(numbers[random.integers(len(numbers))])]
        seen = np.zeros(self._system.cells, dtype=np.bool_)
        seen[taken] = True
        waiting, rows_seen = list(taken), set[int]()
        around = 0
        while waiting and (len(taken) < wanted or around < _AROUND):
            # First the extra cells one after the other, then anything: that keeps the place compact.
            cell = waiting.pop(0 if len(taken) < wanted else int(random.integers(len(waiting))))
            for row in random.permutation(self._rows_of(cell)).tolist():
                if row in rows_seen or around >= _AROUND:
                    continue
                rows_seen.add(row)
                cells = self._system.columns[self._system.entries(row)]
                fresh = cells[~seen[cells]]
                seen[fresh] = True
                around += int(self._optional[fresh].sum())
                here = fresh[extra[fresh]].tolist()
                taken += here[: wanted - len(taken)]
                waiting += fresh[withheld[fresh] | (len(taken) >= wanted)].tolist()
        return Neighbourhood(np.array(taken, dtype=np.int64), seen, self._spread(seen & withheld, withheld))

    def _rows_of(self, cell: int) -> IntArray:
        return self._rows[self._first[cell] : self._first[cell + 1]]

    def _spread(self, start: BoolArray, withheld: BoolArray) -> BoolArray:
        """Return the withheld cells that are reached from some of them, until there are many."""
        if int(withheld.sum()) <= _REACH:
            return withheld
        system, reached = self._system, start.copy()
        while True:
            rows = np.zeros(system.rows, dtype=np.bool_)
            rows[system.row_of_entry[reached[system.columns]]] = True
            further = reached.copy()
            further[system.columns[rows[system.row_of_entry]]] = True
            further &= withheld
            if int(further.sum()) == int(reached.sum()) or int(reached.sum()) > _REACH:
                return reached
            reached = further
