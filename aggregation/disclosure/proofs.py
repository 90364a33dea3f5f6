"""What this process has already proven about single deliveries, so that a history is not proven anew.

A node protects and audits quarter after quarter against the same history. An entry says which demands on a
delivery with exactly these figures and this pattern are met by a witness that moves nothing but this
delivery and keeps every row that reaches into its neighbours; their true values are part of the key through
those rows. Entries only save time: whether a cell is found here never changes a pattern or a verdict, which
ask whether a proof *exists*. The suppression and the audit keep a memory each. It is bounded and never
leaves the process.
"""

from __future__ import annotations

from collections import OrderedDict

from aggregation.disclosure.history import History
from aggregation.disclosure.relations import Structure
from aggregation.sdc.linear_system import BoolArray

_Key = tuple[Structure, int | bytes | None, *tuple[bytes, ...]]


class ProofMemory:
    """A bounded map from a delivery to the demands met within it."""

    def __init__(self, max_deliveries: int) -> None:
        """Keep the newest so many."""
        self._max = max_deliveries
        self._proven: OrderedDict[_Key, BoolArray] = OrderedDict()

    def remember(self, history: History, block: int, proven: BoolArray, *, stricter: int | None) -> None:
        """Keep what is met of the demands on a delivery of a history; the oldest entry gives way."""
        self._proven[_key(history, block, stricter)] = proven.copy()
        while len(self._proven) > self._max:
            self._proven.popitem(last=False)

    def recall(self, history: History, block: int, *, stricter: int | None) -> BoolArray | None:
        """Return what is proven about a delivery of a history, or None if it was not seen."""
        return self._proven.get(_key(history, block, stricter))

    def forget(self) -> None:
        """Forget everything."""
        self._proven.clear()


def _key(history: History, block: int, stricter: int | None) -> _Key:
    delivery, system = history.deliveries[block], history.among((block,))
    table = delivery.table
    figures = (table.values, table.collected, table.contributors, table.largest, table.second, table.gross)
    rows = (system.starts, system.columns, system.coefficients, system.lower, system.upper)
    parts = (*figures, delivery.withheld, *rows)
    return history.structures[block], stricter, *(part.tobytes() for part in parts)
