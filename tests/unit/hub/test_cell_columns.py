"""The stored form of cells: two columns, nothing else, and anything else is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.cell_columns import Bounds, Cells, MalformedColumnsError

VALUE, ZERO, SUPPRESSED = 0, 1, 2
_CELL = st.one_of(
    st.tuples(st.integers(1, 2**63 - 1), st.just(VALUE)),
    st.tuples(st.just(0), st.integers(ZERO, 5)),
)


def _cells(pairs: list[tuple[int, int]]) -> Cells:
    values = np.array([value for value, _ in pairs], dtype=np.int64)
    return Cells(values, np.array([state for _, state in pairs], dtype=np.uint8))


@given(st.lists(_CELL, max_size=50))
def test_cells_come_back(pairs: list[tuple[int, int]]) -> None:
    cells = _cells(pairs)
    back = Cells.from_bytes(cells.to_bytes(), rows=len(pairs))
    assert back.values.tolist() == cells.values.tolist()
    assert back.states.tolist() == cells.states.tolist()


def test_bounds_come_back() -> None:
    bounds = Bounds(np.array([0, 1]), np.array([-1, 9]))
    back = Bounds.from_bytes(bounds.to_bytes(), rows=2)
    assert (back.lower.tolist(), back.upper.tolist()) == ([0, 1], [-1, 9])


GOOD = _cells([(7, VALUE), (0, SUPPRESSED)]).to_bytes()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        GOOD[:-1],
        GOOD + b"\0",
        GOOD[:8] + (3).to_bytes(8, "little") + GOOD[16:],
        b"KIMBNDS1" + GOOD[8:],
        GOOD[:-1] + b"\x06",  # no such state
        GOOD[:-2] + b"\x02\x02",  # a value under a withheld state
    ],
)
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedColumnsError):
        Cells.from_bytes(data, rows=2)


def test_columns_of_different_length_are_not_written() -> None:
    with pytest.raises(MalformedColumnsError):
        Bounds(np.array([1]), np.array([1, 2])).to_bytes()
