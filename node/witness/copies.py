"""A copy of the hub's log in a folder, as it comes by stick: ``checkpoint`` and the bundles of entries.

It stands where the hub itself stands otherwise, and is believed as little: what is read is compared with what
the log has signed. Tiles of hashes are computed from the entries, so nobody has to bring them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from protocol.errors import kim_error
from protocol.texts import Text
from protocol.transparency.merkle import fold_complete, leaf_hash
from protocol.transparency.notes import MAX_NOTE_BYTES
from protocol.transparency.tiles import MAX_BUNDLE_BYTES, TILE_WIDTH, Tile, bundle, entries_of, hashes_of

CHECKPOINT: Final = "checkpoint"


class LogCopy:
    """A folder that holds what a hub serves under ``/log/``."""

    def __init__(self, folder: Path) -> None:
        """Read below ``folder``; nothing is read yet."""
        self._folder = folder

    @property
    def exists(self) -> bool:
        """Whether there is one."""
        return (self._folder / CHECKPOINT).is_file()

    def log_file(self, path: str) -> bytes:
        """Return a file of the log: ``checkpoint`` or a tile.

        Args:
            path: below ``/log/``; made of our own numbers only.

        Raises:
            KimError: ``file_missing`` for what the copy does not hold, ``bad_log_document`` for a bundle
                that is none.
        """
        if path == CHECKPOINT:
            return self._read(path, MAX_NOTE_BYTES)
        _, level, place = path.split("/", 2)
        return self._tile(Tile.parse(level, place))

    def witness(self, _note: bytes, /) -> None:
        """Raise ``hub_unreachable``: a copy takes no cosignature to the hub."""
        raise kim_error("hub_unreachable")

    def _tile(self, tile: Tile) -> bytes:
        if tile.level is None:
            return bundle(self._entries(tile))
        if tile.level == 0:
            return b"".join(leaf_hash(entry) for entry in self._entries(Tile(None, tile.index, tile.width)))
        # Each hash is that of a full tile one level below.
        places = range(tile.index * TILE_WIDTH, tile.index * TILE_WIDTH + tile.width)
        full = (Tile(tile.level - 1, place) for place in places)
        return b"".join(fold_complete(hashes_of(part, self._tile(part))) for part in full)

    def _entries(self, tile: Tile) -> list[bytes]:
        # The copy may have been made while the log grew: what was cut off then may be whole by now.
        whole = Tile(None, tile.index)
        held = tile if (self._folder / tile.path).is_file() else whole
        return entries_of(held, self._read(held.path, MAX_BUNDLE_BYTES))[: tile.width]

    def _read(self, path: str, most: int) -> bytes:
        try:
            with (self._folder / path).open("rb") as file:
                return file.read(most + 1)
        except OSError:
            raise kim_error(
                "file_missing",
                Text(f"In der Kopie des Protokolls fehlt {path}.", f"The copy of the log lacks {path}."),
            ) from None
