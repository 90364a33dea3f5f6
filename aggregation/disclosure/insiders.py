"""What those who stand behind an amount know: each carrier its euros, each holder of a post its hours.

Two carriers that are alone in two cells of a line do not hide each other: each takes away its own. So beside
the outsider, every contributor attacks. It knows the cells in which nobody else has a share, and of all other
cells that they hold at least its own share (if it guesses right that nothing is negative there). What is
demanded of a cell for its largest contributor's sake is not demanded towards this one; where there are two,
the smaller is protected from the larger by p % of its own.

It deliberately knows no pattern but the one it is given, and only the delivery at hand: no relation of
amounts reaches from one delivery into another.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from aggregation.disclosure.relations import Structure
from aggregation.sdc.demands import Demands
from aggregation.sdc.linear_system import NO_LIMIT, BoolArray, IntArray
from aggregation.sdc.publication import Publication
from aggregation.tabulation import Tabulation

_TWO: Final = 2


@dataclass(frozen=True, eq=False)
class Insider:
    """One contributor, or several with the same shares.

    Attributes:
        alone: cells in which nobody else has a share: known to the cent.
        least: its own share of each cell, as a floor for the whole; 0 where that is none.
        concerned: how much of a demand on each cell is made towards it at most.
    """

    alone: BoolArray
    least: IntArray
    concerned: IntArray

    def publication(self, publication: Publication) -> Publication:
        """Return what is published, for somebody with this knowledge; the new delivery comes first."""
        first, withheld, floors = len(self.alone), publication.withheld.copy(), publication.floors.copy()
        withheld[:first] &= ~self.alone
        floors[:first] = np.where(self.least > 0, np.maximum(floors[:first], self.least), floors[:first])
        return replace(publication, withheld=withheld, floors=floors)

    def demands(self, demands: Demands, publication: Publication) -> Demands:
        """Return what must stay uncertain for it about the amounts of others.

        Args:
            demands: what is demanded of the new delivery.
            publication: from :meth:`publication`; downward a demand reaches as far as its floors let it.

        Returns:
            The demands on the joint system.
        """
        first, cells = len(self.alone), len(publication.values)
        rise, fall = np.zeros(cells, dtype=np.int64), np.zeros(cells, dtype=np.int64)
        floors = publication.floors[:first]
        room = np.where(floors <= -NO_LIMIT, NO_LIMIT, publication.values[:first] - floors)
        rise[:first] = np.minimum(demands.rise, self.concerned)
        fall[:first] = np.minimum(np.minimum(demands.fall, self.concerned), room)
        return Demands(np.zeros(cells, dtype=np.bool_), rise, fall)


def insiders_of(structure: Structure, table: Tabulation) -> Iterator[Insider]:
    """Yield everybody who knows a share, in a fixed order; nobody where no rule looks at contributors."""
    if not structure.rules.min_backers.any():
        return
    known: dict[bytes, IntArray] = {shares.tobytes(): shares for shares in _shares_of_each(table)}
    percent = structure.rules.min_protection_percent
    smaller = np.where(table.contributors == _TWO, np.maximum(-((-percent * table.second) // 100), 1), 0)
    for _, shares in sorted(known.items()):
        largest = (shares != 0) & (np.abs(shares) == table.largest) & (table.second < table.largest)
        yield Insider(
            alone=(shares != 0) & (table.contributors == 1),
            least=np.where((table.values == table.gross) & (shares > 0), shares, 0),
            concerned=np.where(largest, smaller, NO_LIMIT),
        )


def shares_are_known(structure: Structure, table: Tabulation) -> bool:
    """Whether the shares of the contributors are those that stand behind the amounts that a rule looks at."""
    behind = np.zeros(len(table), dtype=np.int64)
    for shares in _shares_of_each(table):
        behind += np.abs(shares)
    ruled = structure.rules.min_backers > 0
    return bool(np.array_equal(behind[ruled], table.gross[ruled]))


def _shares_of_each(table: Tabulation) -> Iterator[IntArray]:
    """Yield the share of one contributor after the other in each cell."""
    shares = table.shares
    for contributor in np.unique(shares.contributor):
        own = shares.contributor == contributor
        of_each = np.zeros(len(table), dtype=np.int64)
        of_each[shares.cell[own]] = shares.amount[own]
        yield of_each
