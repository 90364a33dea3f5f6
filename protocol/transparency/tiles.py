"""The tree in tiles of 256 hashes, and the entries in bundles of 256 (C2SP tlog-tiles; SPEC P-106).

A tile holds the hashes of 256 complete subtrees of one level side by side, or of the first ``width`` of them
as long as there are no more. Full tiles never change; a partial one is named with its width, so it does not
either. :class:`TileReader` computes roots and proofs from tiles that somebody else served: what it returns is
worth what the caller checks it against.

Source: https://c2sp.org/tlog-tiles.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from protocol.transparency.faults import bad_document
from protocol.transparency.merkle import HASH_BYTES, Hash, Node, fold_complete

TILE_WIDTH: Final = 256
_TILE_HEIGHT: Final = 8
_MAX_LEVEL: Final = 63
MAX_ENTRY_BYTES: Final = 65_535
#: Nothing longer is a bundle: 256 entries with their lengths.
MAX_BUNDLE_BYTES: Final = TILE_WIDTH * (2 + MAX_ENTRY_BYTES)

_LEVEL: Final = re.compile(r"0|[1-9][0-9]?")
_PLACE: Final = re.compile(r"(?P<n>(?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/(?P<w>[1-9][0-9]{0,2}))?")


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile, or one bundle of entries.

    Attributes:
        level: 0 for leaf hashes, 1 for hashes of full tiles of level 0, …; None for entries.
        index: its place in the level.
        width: how many hashes or entries it holds, 1 to 256.
    """

    level: int | None
    index: int
    width: int = TILE_WIDTH

    def __post_init__(self) -> None:
        """Raise ``bad_log_document`` for a tile that no tree has."""
        level_ok = self.level is None or 0 <= self.level <= _MAX_LEVEL
        if not level_ok or self.index < 0 or not 1 <= self.width <= TILE_WIDTH:
            raise bad_document("Keine Kachel des Protokolls.", "No tile of a log.")

    @classmethod
    def parse(cls, level: str, place: str) -> Tile:
        """Read the two parts of an address: ``<L>`` or ``entries``, and ``<N>`` with or without ``.p/<W>``.

        Raises:
            KimError: ``bad_log_document`` unless it is the one address of a tile.
        """
        match = _PLACE.fullmatch(place)
        if match is None or (level != "entries" and _LEVEL.fullmatch(level) is None):
            raise bad_document("Keine Kachel des Protokolls.", "No tile of a log.")
        index = int(match["n"].replace("x", "").replace("/", ""))
        width = int(match["w"]) if match["w"] else TILE_WIDTH
        found = cls(None if level == "entries" else int(level), index, width)
        if found.path != f"tile/{level}/{place}":
            raise bad_document("Keine Kachel des Protokolls.", "No tile of a log.")
        return found

    @property
    def path(self) -> str:
        """Its address below the log's prefix: ``tile/0/x001/x234/067.p/112``."""
        digits = f"{self.index:03d}"
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
        place = "/".join([f"x{group}" for group in groups[:-1]] + groups[-1:])
        part = f".p/{self.width}" if self.width < TILE_WIDTH else ""
        return f"tile/{'entries' if self.level is None else self.level}/{place}{part}"

    @property
    def nodes(self) -> list[Node]:
        """The subtrees whose hashes it holds, left to right; of a bundle, the leaves."""
        level = _TILE_HEIGHT * (self.level or 0)
        return [Node(level, self.index * TILE_WIDTH + i) for i in range(self.width)]

    def is_in(self, size: int) -> bool:
        """Whether a tree of this size has everything that the tile holds."""
        return self.nodes[-1].last_leaf < size


def tile_at(level: int | None, index: int, *, size: int) -> Tile:
    """Return a tile as wide as a tree of ``size`` leaves fills it.

    Raises:
        KimError: ``bad_log_document`` if it is empty there.
    """
    filled = size >> (_TILE_HEIGHT * (level or 0))
    return Tile(level, index, min(TILE_WIDTH, max(0, filled - index * TILE_WIDTH)))


def entry_tiles(start: int, *, size: int) -> list[Tile]:
    """Return the bundles that hold the entries from ``start`` on in a tree of ``size`` leaves."""
    first, behind = start // TILE_WIDTH, -(-size // TILE_WIDTH)
    return [tile_at(None, index, size=size) for index in range(first, behind)] if start < size else []


class TileReader:
    """Hashes of complete subtrees, computed from tiles of a tree of one size.

    Each tile is fetched once; one reader is for one proof or a few, not for ever.
    """

    def __init__(self, fetch: Callable[[Tile], bytes], *, size: int) -> None:
        """Fetch tiles of a tree of ``size`` leaves with ``fetch``, whose errors pass through."""
        self._fetch = fetch
        self._size = size
        self._tiles: dict[Tile, list[Hash]] = {}

    def read(self, nodes: Sequence[Node]) -> Mapping[Node, Hash]:
        """Return the hashes of these subtrees.

        Raises:
            KimError: ``bad_log_document`` for a tile of another length, or a subtree the tree does not have.
        """
        return {node: self._hash_of(node) for node in nodes}

    def _hash_of(self, node: Node) -> Hash:
        level, height = divmod(node.level, _TILE_HEIGHT)
        index, start = divmod(node.index << height, TILE_WIDTH)
        tile = tile_at(level, index, size=self._size)
        if tile not in self._tiles:
            self._tiles[tile] = hashes_of(tile, self._fetch(tile))
        part = self._tiles[tile][start : start + (1 << height)]
        if len(part) != 1 << height:
            raise bad_document("So groß ist das Protokoll nicht.", "The log is not as large as that.")
        return fold_complete(part)


def hashes_of(tile: Tile, data: bytes) -> list[Hash]:
    """Return the hashes that a tile holds.

    Raises:
        KimError: ``bad_log_document`` for another length.
    """
    if len(data) != tile.width * HASH_BYTES:
        raise bad_document("Die Kachel hat nicht die Länge ihrer Breite.", "The tile is not as long as wide.")
    return [data[i : i + HASH_BYTES] for i in range(0, len(data), HASH_BYTES)]


def bundle(entries: Iterable[bytes]) -> bytes:
    """Return entries one behind the other, each with its length in front (uint16, big endian).

    Raises:
        OverflowError: an entry is longer than :data:`MAX_ENTRY_BYTES`.
    """
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def entries_of(tile: Tile, data: bytes) -> list[bytes]:
    """Return the entries of a bundle.

    Raises:
        KimError: ``bad_log_document`` unless they are exactly as many as the tile is wide.
    """
    ends = [0]
    for _ in range(tile.width):
        # What is cut short ends behind the data: a length that is not there counts two bytes all the same.
        ends.append(ends[-1] + 2 + int.from_bytes(data[ends[-1] : ends[-1] + 2], "big"))
    if ends[-1] != len(data):
        raise bad_document("Das Bündel hat nicht so viele Einträge.", "The bundle has not as many entries.")
    return [data[start + 2 : end] for start, end in pairwise(ends)]
