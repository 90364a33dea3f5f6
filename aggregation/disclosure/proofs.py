"""What this process has already proven about single deliveries, so that a history is not proven anew.

A node protects quarter after quarter against the same history. An entry says which cells of a delivery with
exactly these values and this pattern have a witness that moves nothing but this delivery and keeps every row
that reaches into its neighbours; their true values are part of the key through those rows. Entries only save
time: whether a cell is found here never changes a pattern (`protection`, step 4, asks whether a proof
*exists*). The memory is bounded and never leaves the process.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

import numpy as np

from aggregation.disclosure.history import Delivered
from aggregation.disclosure.linear_system import BoolArray, LinearSystem

_Key = tuple[int | bytes | None, ...]


class ProofMemory:
    """A bounded map from a delivery to the cells proven within it."""

    def __init__(self, max_deliveries: int) -> None:
        self._max = max_deliveries
        self._proven: OrderedDict[_Key, BoolArray] = OrderedDict()

    def remember(
        self, system: LinearSystem, delivery: Delivered, proven: BoolArray, stricter: int | None
    ) -> None:
        """Keep what is proven about a delivery; the oldest entry gives way."""
        self._proven[_key(system, delivery, stricter)] = proven.copy()
        while len(self._proven) > self._max:
            self._proven.popitem(last=False)

    def recall(self, system: LinearSystem, delivery: Delivered, stricter: int | None) -> BoolArray | None:
        """Return what is proven about a delivery, or None if it was not seen."""
        return self._proven.get(_key(system, delivery, stricter))

    def forget(self) -> None:
        """Forget everything."""
        self._proven.clear()


def _key(system: LinearSystem, delivery: Delivered, stricter: int | None) -> _Key:
    values = np.ascontiguousarray(delivery.values, dtype=np.int64)
    rows = (system.starts, system.columns, system.coefficients, system.lower, system.upper)
    pattern = np.packbits(delivery.withheld).tobytes()
    return stricter, values.tobytes(), pattern, *(part.tobytes() for part in rows)


PROOFS: Final = ProofMemory(max_deliveries=64)
"""The process's memory."""
