"""Enter what the directory says about nodes and keys into the hub's tables, and what follows from it.

The tables are a copy: where there is a trust repository, whatever the officers signed last replaces them, in
one transaction. Suspension is the exception: it is the hub's own, only ever blocks, and stays until somebody
lifts it.
"""

import datetime as dt
from collections.abc import Iterable
from typing import Final

from hub.domain.enrolment import KEY_LIFE
from hub.domain.states import KeyStatus, KeyUse, NodeStatus
from hub.services.enrolment.noting import note
from hub.services.enrolment.revoking import revoke
from hub.store.records import Node, NodeKey
from hub.store.unit_of_work import UnitOfWork
from protocol.keys import PublicKey
from protocol.transparency.events import EventKind
from protocol.trust import Directory, KeyEntry, NodeEntry
from protocol.trust.directory import RevocationReason

#: Who acts when a directory is entered: the officers who signed it.
OFFICERS: Final = "officers"


def enter_directory(unit: UnitOfWork, directory: Directory, *, at: dt.datetime) -> None:
    """Make the tables say what the directory says, in the caller's transaction.

    Args:
        unit: an open unit of work that writes.
        directory: as the officers signed it.
        at: now, on the hub's clock.
    """
    known = {node.id: node for node in unit.nodes.all()}
    # Areas that moved are free before somebody else gets them.
    for entry in directory.nodes:
        node = known.get(entry.node)
        for area in node.areas if node is not None else ():
            if area not in entry.areas:
                unit.nodes.remove_area(entry.node, area)
    for entry in directory.nodes:
        enter_node(unit, entry, known=known.get(entry.node), at=at, actor=OFFICERS)
    # Whom the directory no longer knows keeps its history and can do nothing any more.
    for gone in sorted(known.keys() - {entry.node for entry in directory.nodes}):
        if known[gone].status is NodeStatus.SUSPENDED and not any(
            key.status is not KeyStatus.REVOKED for key in unit.nodes.keys_of(gone)
        ):
            continue  # was gone before
        for key in unit.nodes.keys_of(gone):
            if key.status is not KeyStatus.REVOKED:
                revoke(unit, key, at=at, actor=OFFICERS)
        unit.nodes.set_status(gone, NodeStatus.SUSPENDED)
        note(unit, EventKind.NODE_REMOVED, gone, node=gone, at=at, actor=OFFICERS)


def enter_node(
    unit: UnitOfWork, entry: NodeEntry, *, known: Node | None, at: dt.datetime, actor: str
) -> None:
    """Enter one node and its keys; what is entered already changes nothing.

    Args:
        unit: an open unit of work that writes.
        entry: what is to be entered.
        known: the node as it is stored; None for a new one.
        at: now, on the hub's clock.
        actor: who decided that.
    """
    if known is None:
        unit.nodes.add(Node(entry.node, entry.name, entry.areas, NodeStatus(entry.status), at))
        areas = list(entry.areas)
        note(unit, EventKind.NODE_ADDED, entry.node, node=entry.node, at=at, actor=actor, areas=areas)
    else:
        _change_node(unit, entry, known, at=at, actor=actor)
    stored = {key.keyid: key for key in unit.nodes.keys_of(entry.node)}
    for key in entry.keys:
        _enter_key(unit, entry.node, key, known=stored.pop(key.keyid, None), at=at, actor=actor)
    for left in stored.values():
        if left.status is not KeyStatus.REVOKED:
            revoke(unit, left, at=at, actor=actor)
    valid = [key for key in entry.keys if key.status is not KeyStatus.REVOKED]
    signing = [key.public_key.hex for key in valid if key.use is KeyUse.SIGN]
    for enrolment in unit.enrolments.activate(signing):
        keyid, how = PublicKey.from_hex(enrolment.sign_key).keyid, enrolment.kind.value
        note(unit, EventKind.ENROLMENT_COMPLETED, keyid, node=entry.node, at=at, actor="hub", kind_of=how)


def _change_node(unit: UnitOfWork, entry: NodeEntry, known: Node, *, at: dt.datetime, actor: str) -> None:
    for area in entry.areas:
        if area not in known.areas:
            unit.nodes.add_area(entry.node, area)
    if (known.name, known.area) != (entry.name, entry.areas[0]):
        unit.nodes.rename(entry.node, name=entry.name, area=entry.areas[0])
    if (known.name, known.area, {*known.areas}) != (entry.name, entry.areas[0], {*entry.areas}):
        areas = list(entry.areas)
        note(unit, EventKind.NODE_CHANGED, entry.node, node=entry.node, at=at, actor=actor, areas=areas)
    if entry.status is NodeStatus.SUSPENDED and known.status is not NodeStatus.SUSPENDED:
        unit.nodes.set_status(entry.node, NodeStatus.SUSPENDED)
        note(unit, EventKind.NODE_SUSPENDED, entry.node, node=entry.node, at=at, actor=actor)


def _enter_key(
    unit: UnitOfWork, node: str, entry: KeyEntry, *, known: NodeKey | None, at: dt.datetime, actor: str
) -> None:
    told = NodeKey(
        keyid=entry.keyid,
        node_id=node,
        public_key=entry.public_key.hex,
        status=entry.status,
        use=entry.use,
        not_before=entry.not_before,
        not_after=entry.not_after,
        revoked_at=entry.revoked_at,
        compromised_since=entry.compromised_since,
        reason=None if entry.reason is None else entry.reason.value,
    )
    if known is None:
        unit.nodes.add_key(told, at=at)
        use = told.use.value
        note(unit, EventKind.KEY_ADDED, told.keyid, node=node, at=at, actor=actor, use=use)
    if told.status is KeyStatus.REVOKED:
        if known is None or (known.status, known.compromised_since) != (told.status, told.compromised_since):
            revoke(unit, told, at=at, compromised_since=told.compromised_since, actor=actor)
    elif known is not None and told != known:
        unit.nodes.replace_key(told)
        retires = told.status is KeyStatus.RETIRING and known.status is not KeyStatus.RETIRING
        kind = EventKind.KEY_RETIRING if retires else EventKind.KEY_CHANGED
        note(unit, kind, told.keyid, node=node, at=at, actor=actor)


def entry_of(node: Node, keys: Iterable[NodeKey], *, at: dt.datetime) -> NodeEntry:
    """Return the directory's entry for what the tables hold: of a hub that no officers govern.

    A key that was registered without an end gets the longest there is, from now on.
    """
    return NodeEntry(
        node=node.id,
        name=node.name,
        areas=node.areas,
        status=node.status,
        keys=tuple(_key_entry(key, at=at.replace(microsecond=0)) for key in keys),
    )


def _key_entry(key: NodeKey, *, at: dt.datetime) -> KeyEntry:
    return KeyEntry(
        public_key=PublicKey.from_hex(key.public_key, purpose=key.use),
        not_before=key.not_before or at,
        not_after=key.not_after or (key.not_before or at) + KEY_LIFE,
        status=key.status,
        revoked_at=None if key.revoked_at is None else key.revoked_at.replace(microsecond=0),
        compromised_since=key.compromised_since,
        reason=None if key.reason is None else RevocationReason(key.reason),
    )
