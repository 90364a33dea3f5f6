"""What follows by pencil: relations with one unknown, solved one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from aggregation.sdc.linear_system import BoolArray, LinearSystem


@dataclass(frozen=True, eq=False)
class Substitution:
    """Cells that substitution solves.

    Attributes:
        system: the relations.
        row_of: the relation that solves each cell; in the order in which they are solved.
    """

    system: LinearSystem
    row_of: dict[int, int]

    def derivation(self, cell: int) -> tuple[int, ...]:
        """Return the relations that a cell takes, those that others build on first, and none in vain.

        The cell is a weighted sum of the relations it builds on; where a factor turns out to be zero (an
        intermediate result cancels out), the relation is left out.
        """
        order = {row: step for step, row in enumerate(self.row_of.values())}
        factors: dict[int, Fraction] = {cell: Fraction(1)}  # how often each intermediate result is needed
        rows: list[int] = []
        while factors:
            latest = max(factors, key=lambda other: order[self.row_of[other]])
            often, row = factors.pop(latest), self.row_of[latest]
            if not often:
                continue
            rows.append(row)
            at = self.system.entries(row)
            terms = dict(
                zip(self.system.columns[at].tolist(), self.system.coefficients[at].tolist(), strict=True)
            )
            for other, factor in terms.items():
                if other != latest and order.get(self.row_of.get(other, -1), order[row]) < order[row]:
                    factors[other] = factors.get(other, Fraction(0)) - often * factor / terms[latest]
        return tuple(reversed(rows))


def substitution(system: LinearSystem, unknown: BoolArray) -> Substitution:
    """Solve relations with one unknown, put the result in, repeat.

    Args:
        system: the relations.
        unknown: cells that are not published.
    """
    unknown = unknown.copy()
    equal = (system.lower == system.upper)[system.row_of_entry]
    row_of: dict[int, int] = {}
    while True:
        unknown_entries = unknown[system.columns]
        counts = np.bincount(system.row_of_entry[unknown_entries], minlength=system.rows)
        found = np.flatnonzero(equal & (counts == 1)[system.row_of_entry] & unknown_entries)
        if not len(found):
            return Substitution(system, row_of)
        for entry in found.tolist():
            row_of.setdefault(int(system.columns[entry]), int(system.row_of_entry[entry]))
        unknown[system.columns[found]] = False
