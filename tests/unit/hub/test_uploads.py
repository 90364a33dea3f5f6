"""Chunk arithmetic: every byte belongs to exactly one chunk."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.uploads import ChunkPlan


@given(size=st.integers(1, 10_000), chunk=st.integers(1, 3_000))
def test_chunks_cover_the_payload_once(size: int, chunk: int) -> None:
    plan = ChunkPlan(size=size, chunk_bytes=chunk)
    lengths = [plan.length_of(n) for n in range(plan.count)]
    assert sum(lengths) == size
    assert all(length == chunk for length in lengths[:-1])
    assert 0 < lengths[-1] <= chunk


@given(size=st.integers(1, 60), present=st.sets(st.integers(-3, 70)))
def test_missing_ranges_are_exactly_what_is_not_present(size: int, present: set[int]) -> None:
    plan = ChunkPlan(size=size, chunk_bytes=1)
    ranges = plan.missing(present)
    listed = [n for first, last in ranges for n in range(first, last + 1)]
    assert listed == [n for n in range(size) if n not in present]
    # neighbouring ranges are joined
    assert all(later[0] > earlier[1] + 1 for earlier, later in pairwise(ranges))


@pytest.mark.parametrize("n", [-1, 3, 2**63])
def test_a_chunk_outside_the_plan_has_no_length(n: int) -> None:
    plan = ChunkPlan(size=21, chunk_bytes=10)
    assert not plan.holds(n)
    with pytest.raises(IndexError):
        plan.length_of(n)


@pytest.mark.parametrize(("size", "chunk"), [(0, 1), (1, 0), (-1, 1)])
def test_an_impossible_plan_is_refused(size: int, chunk: int) -> None:
    with pytest.raises(ValueError, match="at least one byte"):
        ChunkPlan(size=size, chunk_bytes=chunk)
