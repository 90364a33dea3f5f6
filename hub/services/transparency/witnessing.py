"""Take cosignatures: what a witness hands in is judged by its signature alone, not by who brings it."""

import datetime as dt
from collections.abc import Collection

from hub.domain.states import KeyStatus, KeyUse
from hub.services.context import HubContext
from hub.services.transparency.reading import RECENT_STATES
from hub.store.unit_of_work import UnitOfWork
from protocol.errors import KimError, kim_error
from protocol.keys import KeyPurpose, PublicKey
from protocol.nouns import WITH_ENTRIES
from protocol.texts import Text
from protocol.transparency.checkpoints import parse_checkpoint
from protocol.transparency.cosignatures import Witness
from protocol.transparency.notes import NoteSignature, SignatureType, SignedNote, VerifierKey, parse_note


def take_cosignatures(context: HubContext, body: bytes) -> int:
    """Keep the cosignatures in a note that this hub signed.

    1. it is a note about a state of this log that is not too old;
    2. at least one line is by a witness whose key holds now, and the first one of each of those fits.

    Other lines are passed over. A witness's first line for a state stays. Anybody may bring again what
    everybody can read: a line that is kept already costs no check of a signature, no question about its
    witness and no writing.

    Args:
        context: the hub.
        body: the note, with the witness's line.

    Returns:
        How many were new.

    Raises:
        KimError: `bad_log_document`, `checkpoint_outdated` (1); `unknown_key`, `signature_invalid` (2).
    """
    note = parse_note(body)
    size = parse_checkpoint(note.text).size
    with context.database.read() as unit:
        # 1.
        _require_own(unit, note, size)
        kept = set(unit.leaves.cosignatures(size))
        lines = dict.fromkeys(line for line in note.signatures if line.line() not in kept)
        # 2.
        now = context.clock.now()
        witnesses = _witnesses_at(unit, now, names={line.name for line in lines})
        fitting: dict[Witness, NoteSignature] = {}
        for line in lines:
            if witness := witnesses.get((line.name, line.key_id)):
                fitting.setdefault(witness, line)
    for witness, line in fitting.items():
        witness.verify(note.text, line)
    if not fitting:
        if len(lines) < len({*note.signatures}):
            return 0
        raise kim_error("unknown_key")
    with context.database.write() as unit:
        return sum(
            unit.leaves.add_cosignature(size, witness.name, line.line(), at=now)
            for witness, line in fitting.items()
        )


def _require_own(unit: UnitOfWork, note: SignedNote, size: int) -> None:
    stored = unit.leaves.recent_checkpoint(size, among=RECENT_STATES)
    if stored is None:
        newest = unit.leaves.checkpoint()
        raise _outdated(newest.size if newest is not None else 0)
    if parse_note(stored.note).text != note.text:
        raise kim_error(
            "bad_log_document",
            Text("Das ist kein Stand dieses Protokolls.", "This is not a state of this log."),
        )


def _witnesses_at(
    unit: UnitOfWork, moment: dt.datetime, *, names: Collection[str]
) -> dict[tuple[str, bytes], Witness]:
    """Return the witnesses of these names whose keys hold, by what stands in their lines."""
    nodes = [
        Witness(key.node_id, PublicKey.from_hex(key.public_key, purpose=KeyPurpose.WITNESS))
        for key in unit.nodes.keys_of_all(names)
        if key.use is KeyUse.WITNESS
        and key.status is not KeyStatus.REVOKED
        and (key.not_before is None or key.not_before <= moment)
        and (key.not_after is None or moment < key.not_after)
    ]
    governed = unit.trust.current()
    vkeys = [VerifierKey.parse(item.vkey) for item in governed.hub_keys.outside_witnesses] if governed else []
    outside = [
        Witness(vkey.name, vkey.key, outside=True) for vkey in vkeys if vkey.kind is SignatureType.COSIGNATURE
    ]
    return {(witness.name, witness.key_id): witness for witness in (*nodes, *outside)}


def _outdated(size: int) -> KimError:
    entries = WITH_ENTRIES.counted(size)
    return kim_error(
        "checkpoint_outdated",
        Text(f"Der Hub hat den Stand mit {entries.de}.", f"The hub is at {entries.en}."),
    )
