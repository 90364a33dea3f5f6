"""What follows by pencil: relations with one unknown, solved one after the other."""

from __future__ import annotations

from dataclasses import dataclass

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
        """Return the relations that a cell takes, those that others build on first."""
        needed: dict[int, None] = {}
        waiting = [cell]
        while waiting:
            row = self.row_of[waiting.pop()]
            if row not in needed:
                needed[row] = None
                cells = self.system.columns[self.system.entries(row)].tolist()
                waiting += [other for other in cells if self.row_of.get(other, row) != row]
        order = {row: step for step, row in enumerate(self.row_of.values())}
        return tuple(sorted(needed, key=order.__getitem__))


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
