"""The cells of one delivery as plain columns in grid order: what the sandbox writes and the merge reads.

The hub never decodes Arrow outside the sandbox; it works on these two fixed-width columns, whose length alone
tells whether they are whole. Bounds are stored in the same way. Little endian, no header but a tag.

Layout: tag (8 bytes), number of cells (uint64), first column, second column.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from protocol.observations import STATE_NUMBER, STATES, CellState

_CELLS: Final = b"KIMCELL1"
_BOUNDS: Final = b"KIMBNDS2"
_HEADER_BYTES: Final = 16
_INT: Final = np.dtype("<i8")
_STATE: Final = np.dtype("<u1")


class MalformedColumnsError(ValueError):
    """The bytes are not what this module writes."""


@dataclass(frozen=True, slots=True)
class Cells:
    """One delivery.

    Attributes:
        values: int64, scaled by the indicator's decimals, 0 where there is no value.
        states: uint8, codes of `protocol.observations.STATES`.
    """

    values: NDArray[np.int64]
    states: NDArray[np.uint8]

    def to_bytes(self) -> bytes:
        """Return the stored form."""
        return _pack(_CELLS, self.values.astype(_INT), self.states.astype(_STATE))

    @classmethod
    def from_bytes(cls, data: bytes, *, rows: int) -> "Cells":
        """Read the stored form of exactly `rows` cells.

        Raises:
            MalformedColumnsError: other tag, length or states, or a value under a state without one.
        """
        first, second = _unpack(data, _CELLS, rows, _STATE)
        values, states = first.astype(np.int64), second.astype(np.uint8)
        if states.size and int(states.max()) >= len(STATES):
            raise MalformedColumnsError("unknown cell state")
        if np.any(values[states != STATE_NUMBER[CellState.VALUE]] != 0):
            raise MalformedColumnsError("a value without the state for it")
        return cls(values, states)

    @staticmethod
    def size_of(rows: int) -> int:
        """Return the length of the stored form of so many cells."""
        return _HEADER_BYTES + rows * (_INT.itemsize + _STATE.itemsize)

    @property
    def withheld(self) -> NDArray[np.bool_]:
        """Where the cell is withheld."""
        return np.asarray(self.states == STATE_NUMBER[CellState.SUPPRESSED])


@dataclass(frozen=True, slots=True)
class Bounds:
    """Exact lower and upper bound of every cell of one delivery, int64.

    An open end is written as `aggregation.limits` says.
    """

    lower: NDArray[np.int64]
    upper: NDArray[np.int64]

    def to_bytes(self) -> bytes:
        """Return the stored form."""
        return _pack(_BOUNDS, self.lower.astype(_INT), self.upper.astype(_INT))

    @classmethod
    def from_bytes(cls, data: bytes, *, rows: int) -> "Bounds":
        """Read the stored form of exactly `rows` cells.

        Raises:
            MalformedColumnsError: other tag or length.
        """
        lower, upper = _unpack(data, _BOUNDS, rows, _INT)
        return cls(lower.astype(np.int64), upper.astype(np.int64))

    @staticmethod
    def size_of(rows: int) -> int:
        """Return the length of the stored form of so many cells."""
        return _HEADER_BYTES + 2 * rows * _INT.itemsize


def _pack(tag: bytes, first: NDArray[np.generic], second: NDArray[np.generic]) -> bytes:
    if first.shape != second.shape or first.ndim != 1:
        raise MalformedColumnsError("columns of different length")
    return tag + len(first).to_bytes(8, "little") + first.tobytes() + second.tobytes()


def _unpack(
    data: bytes, tag: bytes, rows: int, second: np.dtype[np.generic]
) -> tuple[NDArray[np.generic], NDArray[np.generic]]:
    expected = _HEADER_BYTES + rows * (_INT.itemsize + second.itemsize)
    if len(data) != expected or data[:_HEADER_BYTES] != tag + rows.to_bytes(8, "little"):
        raise MalformedColumnsError("not the columns of this grid")
    middle = _HEADER_BYTES + rows * _INT.itemsize
    return (
        np.frombuffer(data[_HEADER_BYTES:middle], dtype=_INT),
        np.frombuffer(data[middle:], dtype=second),
    )
