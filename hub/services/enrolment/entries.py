"""What an approval or a revocation changes in the directory's entry of a node: pure, no clock, no database.

The officers sign the outcome; the hub enters it into its tables (`entering`). Past keys stay in the entry:
they verify what was accepted with them.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from hub.domain.enrolment import KEY_LIFE, OVERLAP, EnrolmentKind
from hub.store.records import Enrolment
from protocol.enrolment import NodeKeys
from protocol.errors import kim_error
from protocol.trust import KeyEntry, KeyStatus, NodeEntry
from protocol.trust.directory import RevocationReason


def with_new_keys(entry: NodeEntry | None, enrolment: Enrolment, *, at: dt.datetime) -> NodeEntry:
    """Return a node's entry with the keys of an approved request.

    Of a rotation, the keys before are retiring and end within the overlap (SPEC P-154). After an enrolment
    they are superseded at once: a node is invited again only when it has lost them.

    Args:
        entry: as it stands; None for a new node.
        enrolment: what was approved.
        at: from when on the new keys are valid.
    """
    at = at.replace(microsecond=0)
    asked = NodeKeys.from_hex(enrolment.sign_key, enrolment.witness_key)
    new = tuple(
        KeyEntry(public_key=key, not_before=at, not_after=at + KEY_LIFE)
        for key in (asked.sign, asked.witness)
    )
    if entry is None:
        return NodeEntry(node=enrolment.node_id, name=enrolment.name, areas=enrolment.areas, keys=new)
    present = {key.public_key.raw for key in entry.keys}
    kept = tuple(_ended(key, enrolment.kind, at=at) for key in entry.keys)
    areas = enrolment.areas if enrolment.kind is EnrolmentKind.ENROL else entry.areas
    name = enrolment.name if enrolment.kind is EnrolmentKind.ENROL else entry.name
    added = tuple(key for key in new if key.public_key.raw not in present)
    return replace(entry, name=name, areas=areas, keys=(*kept, *added))


def _ended(key: KeyEntry, kind: EnrolmentKind, *, at: dt.datetime) -> KeyEntry:
    if key.status is KeyStatus.REVOKED:
        return key
    if kind is EnrolmentKind.ROTATION:
        if key.status is KeyStatus.RETIRING or key.not_after <= at:
            return key
        return replace(key, status=KeyStatus.RETIRING, not_after=min(key.not_after, at + OVERLAP))
    return replace(key, status=KeyStatus.REVOKED, revoked_at=at, reason=RevocationReason.SUPERSEDED)


def without_key(
    entry: NodeEntry, keyids: Sequence[str], *, at: dt.datetime, compromised_since: dt.datetime | None = None
) -> NodeEntry:
    """Return a node's entry with keys revoked; compared exactly.

    Args:
        entry: as it stands.
        keyids: of the node's keys.
        at: now.
        compromised_since: from when on they may have been in other hands; None: merely superseded.

    Raises:
        KimError: `unknown_key` if the node has no such key.
    """
    if not {*keyids} <= {key.keyid for key in entry.keys}:
        raise kim_error("unknown_key")
    reason = RevocationReason.SUPERSEDED if compromised_since is None else RevocationReason.COMPROMISED
    since = None if compromised_since is None else compromised_since.replace(microsecond=0)
    return replace(
        entry,
        keys=tuple(
            replace(
                key,
                status=KeyStatus.REVOKED,
                revoked_at=key.revoked_at or at.replace(microsecond=0),
                compromised_since=since,
                reason=reason,
            )
            if key.keyid in keyids
            else key
            for key in entry.keys
        ),
    )
