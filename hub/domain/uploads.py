"""Chunk arithmetic of an upload: fixed offsets, so a chunk needs no agreement about where it goes.

Chunk `n` holds bytes `n * chunk_bytes` up to the next multiple; only the last one may be shorter. Ranges are
inclusive pairs, as the node protocol writes them: `[[0, 7], [9, 9]]`.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ChunkPlan:
    """How a payload of `size` bytes is cut."""

    size: int
    chunk_bytes: int

    def __post_init__(self) -> None:
        """Raise ValueError for an impossible plan."""
        if self.size < 1 or self.chunk_bytes < 1:
            raise ValueError("a payload has at least one byte, and so has a chunk")

    @property
    def count(self) -> int:
        """Number of chunks."""
        return -(-self.size // self.chunk_bytes)

    def holds(self, n: int) -> bool:
        """Whether the plan has a chunk number `n`."""
        return 0 <= n < self.count

    def length_of(self, n: int) -> int:
        """Bytes in chunk `n`; raises IndexError outside the plan."""
        if not self.holds(n):
            raise IndexError(n)
        return min(self.chunk_bytes, self.size - n * self.chunk_bytes)

    def missing(self, present: Iterable[int]) -> list[list[int]]:
        """Return the chunks not in `present` as inclusive ranges, ascending."""
        have = set(present)
        ranges: list[list[int]] = []
        for n in range(self.count):
            if n in have:
                continue
            if ranges and ranges[-1][1] == n - 1:
                ranges[-1][1] = n
            else:
                ranges.append([n, n])
        return ranges
