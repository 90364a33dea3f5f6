"""Checks a copy of the log from end to end: every entry, the tree over them, and every state somebody kept.

A copy holds what the hub serves under `/log/`: `checkpoint` and the bundles `tile/entries/…`; tiles of hashes
may be there and are compared too. Whoever has the entries needs no proof: the whole tree is computed anew.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

from protocol.errors import KimError, kim_error
from protocol.nouns import WITH_ENTRIES, Noun
from protocol.texts import Text
from protocol.transparency.checkpoints import Checkpoint, open_checkpoint
from protocol.transparency.events import EventKind, LogEvent, parse_event
from protocol.transparency.merkle import EMPTY_ROOT, HASH_BYTES, leaf_hash, node_hash
from protocol.transparency.tiles import TILE_WIDTH, Tile, entries_of, entry_tiles
from protocol.verify.anchors import Anchors
from protocol.verify.officers import Signed
from protocol.verify.published import check_published
from protocol.verify.receipts import require_quorum
from protocol.verify.trail import Trail

_TILE: Final = Noun(Text("Kachel stimmt", "tile agrees"), Text("Kacheln stimmen", "tiles agree"))

#: Reads a file of the copy by its path below `/log/`; None if it is not there.
Reader = Callable[[str], bytes | None]
#: The hub's clock may be set back a little; more than this is a finding.
_MAX_BACKWARDS_SECONDS = 2


def check_mirror(
    trail: Trail,
    read: Reader,
    anchors: Anchors,
    *,
    kept: Sequence[tuple[str, bytes]] = (),
    signed: Signed | None = None,
    until: datetime | None = None,
) -> None:
    """Check a copy of the log, offline.

    1. the log's key has signed the state that the copy is of;
    2. enough witnesses have confirmed it;
    3. the entries of the copy give exactly the tree that was signed;
    4. every entry is an event in its only form, and time does not run backwards;
    5. tiles of hashes that are there belong to that tree;
    6. every state that somebody kept is an earlier state of that tree, or the same;
    7. what the officers have signed is what the log says was published (:func:`check_published`).

    Args:
        trail: collects what is found.
        read: reads a file of the copy.
        anchors: what is believed.
        kept: states of the log that others kept: a name to call them by, and the signed note.
        signed: what was verified of the officers; None where their documents are believed as they are.
        until: the moment that is asked about; None for now.

    Raises:
        KimError: ``file_missing`` for an incomplete copy; what does not hold.
    """
    data = read("checkpoint")
    if data is None:
        raise _missing("checkpoint")
    opened = open_checkpoint(data, anchors.log)
    state = opened.checkpoint
    size = WITH_ENTRIES.counted(state.size)
    trail.facts["size"] = state.size
    trail.passes(
        f"Das Protokoll {state.origin} hat den Stand mit {size.de} unterschrieben.",
        f"The log {state.origin} has signed its state of {size.en}.",
    )
    require_quorum(trail, anchors, anchors.cosigners(opened.note))
    others = [(name, open_checkpoint(note, anchors.log).checkpoint) for name, note in kept]
    tree = _Tree(sizes={state.size, *(other.size for _, other in others)})
    kinds, published = _grow(tree, read, state)
    # 3.
    _require_root(tree, state, _CONTRADICTS)
    trail.facts["events"] = dict(sorted(kinds.items()))
    trail.passes(
        "Alle Einträge sind da und ergeben genau diesen Stand.",
        "All entries are there and give exactly this state.",
    )
    # 5.
    compared = sum(tree.compare(tile, data) for tile, data in _tiles(read, state.size))
    if compared:
        tiles = _TILE.counted(compared)
        trail.passes(f"{tiles.de} mit den Einträgen überein.", f"{tiles.en} with the entries.")
    # 6.
    for name, other in others:
        known = WITH_ENTRIES.counted(other.size)
        if other.size > state.size:
            raise kim_error(
                "log_contradicts",
                Text(
                    f"{name}: Der Hub hat schon einen Stand mit {known.de} unterschrieben; die Kopie endet "
                    f"bei {state.size}.",
                    f"{name}: the hub has already signed a state of {known.en}; the copy ends at "
                    f"{state.size}.",
                ),
            )
        _require_root(tree, other, _two_histories(name))
        trail.passes(
            f"{name}: Stand mit {known.de}, in der Kopie enthalten.",
            f"{name}: state of {known.en}, contained in the copy.",
        )
    # 7.
    check_published(trail, published, signed, until=until)


class _Tree:
    """Computes a tree leaf by leaf: all complete subtrees level by level, and the roots at some sizes."""

    def __init__(self, *, sizes: Iterable[int]) -> None:
        self._wanted = frozenset(sizes)
        self._levels: list[bytearray] = [bytearray()]
        self.size = 0
        self.roots: dict[int, bytes] = {0: EMPTY_ROOT}

    def append(self, own: bytes) -> None:
        self._levels[0] += own
        self.size += 1
        level = 0
        # Two complete subtrees side by side make one of the next level.
        while self.size >> level & 1 == 0:
            if level + 1 == len(self._levels):
                self._levels.append(bytearray())
            pair = self._levels[level][-2 * HASH_BYTES :]
            self._levels[level + 1] += node_hash(bytes(pair[:HASH_BYTES]), bytes(pair[HASH_BYTES:]))
            level += 1
        if self.size in self._wanted:
            self.roots[self.size] = self._root()

    def _root(self) -> bytes:
        """Fold the complete subtrees that cover all leaves, the smallest first."""
        result: bytes | None = None
        for level, hashes in enumerate(self._levels):
            if self.size >> level & 1:
                own = bytes(hashes[-HASH_BYTES:])
                result = own if result is None else node_hash(own, result)
        return result if result is not None else EMPTY_ROOT

    def compare(self, tile: Tile, data: bytes) -> bool:
        """Compare a tile with the tree.

        Raises:
            KimError: ``log_contradicts``.
        """
        first = tile.nodes[0]
        start = first.index * HASH_BYTES
        own = bytes(self._levels[first.level][start : start + tile.width * HASH_BYTES])
        if not hmac.compare_digest(own, data):
            raise kim_error(
                "log_contradicts",
                Text(
                    f"Die Kachel {tile.path} passt nicht zu den Einträgen.",
                    f"The tile {tile.path} does not fit the entries.",
                ),
            )
        return True


def _grow(tree: _Tree, read: Reader, state: Checkpoint) -> tuple[dict[str, int], list[LogEvent]]:
    """Read all entries into the tree; return how many there are of each kind, and what officers published."""
    kinds: dict[str, int] = {}
    published: list[LogEvent] = []
    latest = None
    for entry in _entries(read, state.size):
        try:
            event = parse_event(entry)
        except KimError as error:
            raise kim_error(
                "bad_log_document",
                Text(f"Eintrag {tree.size}: {error.detail.de}", f"Entry {tree.size}: {error.detail.en}"),
            ) from error
        # 4. Whole seconds; the hub refuses to write what lies further back.
        if latest is not None and (latest - event.at).total_seconds() > _MAX_BACKWARDS_SECONDS:
            raise kim_error(
                "log_contradicts",
                Text(
                    f"Eintrag {tree.size} trägt eine frühere Zeit als der davor.",
                    f"Entry {tree.size} bears an earlier time than the one before.",
                ),
            )
        latest = event.at if latest is None else max(latest, event.at)
        kinds[event.kind] = kinds.get(event.kind, 0) + 1
        if event.kind == EventKind.TRUST_PUBLISHED:
            published.append(event)
        tree.append(leaf_hash(entry))
    return kinds, published


def _entries(read: Reader, size: int) -> Iterator[bytes]:
    for tile in entry_tiles(0, size=size):
        data = read(tile.path)
        if data is not None:
            yield from entries_of(tile, data)
            continue
        # The copy was made while the log grew: what was cut off then may be whole by now.
        full = Tile(None, tile.index)
        data = read(full.path)
        if data is None:
            raise _missing(tile.path)
        yield from entries_of(full, data)[: tile.width]


def _tiles(read: Reader, size: int) -> Iterator[tuple[Tile, bytes]]:
    """Yield the tiles of hashes that a complete copy of this size may hold and this one does."""
    level = 0
    while (filled := size >> (8 * level)) > 0:
        for index in range(-(-filled // TILE_WIDTH)):
            tile = Tile(level, index, min(TILE_WIDTH, filled - index * TILE_WIDTH))
            data = read(tile.path)
            if data is not None:
                yield tile, data
        level += 1


def _require_root(tree: _Tree, state: Checkpoint, detail: Text) -> None:
    if not hmac.compare_digest(tree.roots[state.size], state.root):
        raise kim_error("log_contradicts", detail)


_CONTRADICTS = Text(
    "Die Einträge ergeben einen anderen Stand als den, den das Protokoll unterschrieben hat.",
    "The entries give another state than the one that the log has signed.",
)


def _two_histories(name: str) -> Text:
    return Text(
        f"{name}: Das Protokoll hat für dieselbe Länge einen anderen Stand unterschrieben. Es führt zwei "
        "Verläufe.",
        f"{name}: the log has signed another state of the same length. It keeps two histories.",
    )


def _missing(path: str) -> KimError:
    return kim_error(
        "file_missing",
        Text(f"In der Kopie fehlt {path}.", f"The copy lacks {path}."),
    )
