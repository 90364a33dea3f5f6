"""Take cosignatures: what a witness hands in is judged by its signature alone, not by who brings it."""

import datetime as dt

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
    2. at least one line is by a witness whose key holds now, and all of those fit.

    Other lines are passed over. A witness's first line for a state stays.

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
        # 2.
        now = context.clock.now()
        outside = _outside_witnesses(unit)
        fitting = [
            (witness, line)
            for line in note.signatures
            if (witness := outside.get((line.name, line.key_id)) or _node_witness(unit, line, at=now))
        ]
    for witness, line in fitting:
        witness.verify(note.text, line)
    if not fitting:
        raise kim_error("unknown_key")
    with context.database.write() as unit:
        return sum(
            unit.leaves.add_cosignature(size, witness.name, line.line(), at=now) for witness, line in fitting
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


def _node_witness(unit: UnitOfWork, line: NoteSignature, *, at: dt.datetime) -> Witness | None:
    """Return the node whose witness key a line claims to be by, if that key holds."""
    for key in unit.nodes.keys_of(line.name):
        witness = Witness(line.name, PublicKey.from_hex(key.public_key, purpose=KeyPurpose.WITNESS))
        holds = (
            key.use is KeyUse.WITNESS
            and key.status is not KeyStatus.REVOKED
            and (key.not_before is None or key.not_before <= at)
            and (key.not_after is None or at < key.not_after)
        )
        if holds and witness.key_id == line.key_id:
            return witness
    return None


def _outside_witnesses(unit: UnitOfWork) -> dict[tuple[str, bytes], Witness]:
    governed = unit.trust.current()
    vkeys = [VerifierKey.parse(item.vkey) for item in governed.hub_keys.outside_witnesses] if governed else []
    return {
        (vkey.name, vkey.key_id): Witness(vkey.name, vkey.key, outside=True)
        for vkey in vkeys
        if vkey.kind is SignatureType.COSIGNATURE
    }


def _outdated(size: int) -> KimError:
    entries = WITH_ENTRIES.counted(size)
    return kim_error(
        "checkpoint_outdated",
        Text(f"Der Hub hat den Stand mit {entries.de}.", f"The hub is at {entries.en}."),
    )
