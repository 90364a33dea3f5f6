"""Witnesses that were found for one attacker, and whom else they serve.

Another table that fits what is published proves for every attacker that a cell it moves is not known, unless
it moves a cell that he knows, or below what he grants.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from aggregation.sdc.audit.examination import Witness
from aggregation.sdc.demands import KINDS, Demands
from aggregation.sdc.linear_system import BoolArray, IntArray
from aggregation.sdc.publication import Publication


class Witnesses:
    """Checked witnesses of one system of tables."""

    def __init__(self, witnesses: Iterable[Witness] = ()) -> None:
        """Start with some that are checked."""
        self._witnesses: list[Witness] = list(witnesses)
        self._numbers = self._cells = self._change = np.zeros(0, dtype=np.int64)
        self._flat = 0

    def __len__(self) -> int:
        return len(self._witnesses)

    def add(self, witness: Witness) -> None:
        """Keep one more."""
        self._witnesses.append(witness)

    def met(self, publication: Publication, demands: Demands) -> BoolArray:
        """Return which demands of an attacker are met, as a matrix; given is what is published to him."""
        met = np.zeros((KINDS, len(demands.differ)), dtype=np.bool_)
        if not self._witnesses:
            return met
        number, cells, change = self._entries()
        refused = ~publication.withheld[cells]
        refused |= publication.values[cells] + change < publication.floors[cells]
        serves = np.bincount(number[refused], minlength=len(self._witnesses)) == 0
        used = serves[number]
        kinds, entries = np.nonzero(demands.met_by_some(cells[used], change[used]))
        met[kinds, cells[used][entries]] = True
        return met

    def _entries(self) -> tuple[IntArray, IntArray, IntArray]:
        """Return every moved cell of every witness: number of the witness, cell, and change."""
        new = self._witnesses[self._flat :]
        if new:
            numbers = np.arange(self._flat, len(self._witnesses), dtype=np.int64)
            sizes = np.array([len(witness.cells) for witness in new])
            self._numbers = np.concatenate([self._numbers, np.repeat(numbers, sizes)])
            self._cells = np.concatenate([self._cells, *(witness.cells for witness in new)])
            self._change = np.concatenate([self._change, *(witness.change for witness in new)])
            self._flat = len(self._witnesses)
        return self._numbers, self._cells, self._change
