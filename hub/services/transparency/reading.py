"""What is served of the log: the newest signed state with its witnesses, and tiles.

Tiles come from the table of leaves; there are no files that could be torn, lost or out of date. Only what
the newest signed state contains is served, so that nothing is shown that the hub could still take back.
"""

from collections.abc import Iterator
from typing import Final

from hub.services.context import HubContext
from hub.store.tables.log import StoredCheckpoint
from hub.store.unit_of_work import UnitOfWork
from protocol.errors import kim_error
from protocol.transparency.checkpoints import parse_checkpoint
from protocol.transparency.cosignatures import Quorum
from protocol.transparency.merkle import HASH_BYTES, leaf_hash
from protocol.transparency.notes import SignedNote, VerifierKey, parse_note, parse_signature_lines
from protocol.transparency.tiles import Tile, bundle, entry_tiles

#: Cosignatures that travel with a state: more prove no more, and a note stays small.
MAX_COSIGNATURES: Final = 64
#: Witnesses sign one of so many of the newest states, and so many are looked through for one with enough.
RECENT_STATES: Final = 256


def newest_checkpoint(context: HubContext) -> bytes:
    """Return the newest signed state with the cosignatures there are.

    Raises:
        KimError: `log_unavailable` before the first one.
    """
    with context.database.read() as unit:
        return cosigned(unit, _signed(unit)).to_bytes()


def tile_bytes(context: HubContext, tile: Tile) -> bytes:
    """Return a tile or a bundle of entries.

    Raises:
        KimError: `not_found` for what the newest signed state does not hold, `log_inconsistent` for entries
            that were changed.
    """
    with context.database.read() as unit:
        if not tile.is_in(_signed(unit).size):
            raise kim_error("not_found")
        if tile.level is not None:
            hashes = unit.leaves.read(tile.nodes)
            return b"".join(hashes[node] for node in tile.nodes)
        first = tile.nodes[0].index
        found = list(unit.leaves.leaves(first, behind=first + tile.width))
    if any(leaf_hash(entry) != hashes[:HASH_BYTES] for entry, hashes in found):
        raise kim_error("log_inconsistent")
    return bundle(entry for entry, _ in found)


def copy_of_log(context: HubContext) -> Iterator[tuple[str, bytes]]:
    """Return a copy of the log, path below `/log/` and content: all entries, and last the state they give.

    Raises:
        KimError: `log_unavailable` before the first state is signed, `log_inconsistent` for entries that were
            changed.
    """
    checkpoint = newest_checkpoint(context)
    for tile in entry_tiles(0, size=parse_checkpoint(parse_note(checkpoint).text).size):
        yield tile.path, tile_bytes(context, tile)
    yield "checkpoint", checkpoint


def cosigned(unit: UnitOfWork, stored: StoredCheckpoint) -> SignedNote:
    """Return the note of a signed state with the cosignatures there are."""
    lines = unit.leaves.cosignatures(stored.size)[:MAX_COSIGNATURES]
    return parse_note(stored.note).with_signatures(
        line for text in lines for line in parse_signature_lines(text)
    )


def state_for(unit: UnitOfWork, index: int, *, subject: str | None = None) -> StoredCheckpoint:
    """Return the state against which a leaf is best proven.

    Args:
        unit: an open unit of work.
        index: the leaf.
        subject: the node that the leaf is about; its own cosignature does not count.

    Returns:
        The newest state that as many witnesses have confirmed as the officers ask for, one from outside among
        them where they have named any, if the leaf stands in one; else the newest there is.

    Raises:
        KimError: `log_unavailable` until a state with the leaf is signed.
    """
    newest = _signed(unit)
    if newest.size <= index:
        raise kim_error("log_unavailable")
    return confirmed_state(unit, index, subject=subject) or newest


def confirmed_state(unit: UnitOfWork, index: int, *, subject: str | None = None) -> StoredCheckpoint | None:
    """Return the newest state with a leaf that enough witnesses have confirmed; None if there is none.

    Args:
        unit: an open unit of work.
        index: the leaf.
        subject: the node that the leaf is about; its own cosignature does not count.
    """
    governed = unit.trust.current()
    least = governed.hub_keys.quorum if governed is not None else Quorum().nodes
    named = governed.hub_keys.outside_witnesses if governed is not None else ()
    outside = [VerifierKey.parse(item.vkey).name for item in named]
    return unit.leaves.cosigned_state(
        index, least=least, among=RECENT_STATES, subject=subject, outside=outside
    )


def _signed(unit: UnitOfWork) -> StoredCheckpoint:
    newest = unit.leaves.checkpoint()
    if newest is None:
        raise kim_error("log_unavailable")
    return newest
