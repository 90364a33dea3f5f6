"""Stop a node at once: one person, no signature. It only ever blocks, and what was accepted stays.

Lifting it gives back what the directory says and nothing more: a key that was revoked meanwhile stays so, and
a node that the officers have suspended stays suspended until two of them sign that it is not.
"""

from hub.clock import SystemClock
from hub.domain.states import NodeStatus
from hub.services.enrolment.noting import note
from hub.services.registry.governance import is_governed
from hub.services.registry.registration import Desk, require_never_governed
from hub.services.trust.publishing import heal
from hub.services.trust.repository import Repository, published_directory
from protocol.errors import kim_error
from protocol.texts import Text
from protocol.transparency.events import EventKind


def suspend(desk: Desk, node_id: str, *, reason: str, by: str, lift: bool = False) -> bool:
    """Suspend a node, or let it deliver again.

    Args:
        desk: the hub's database and clock.
        node_id: exactly as registered.
        reason: why, one line for the audit trail.
        by: who decides.
        lift: let it deliver again.

    Returns:
        Whether that changed anything.

    Raises:
        KimError: `not_found` if there is no such node; `directory_governs` if it is lifted for a node that
            officers have suspended, or where officers have decided and `trust/` is missing.
    """
    if not lift:
        return _set(desk, node_id, NodeStatus.SUSPENDED, reason=reason, by=by)
    if not is_governed(desk.settings.home):
        with desk.database.read() as unit:
            require_never_governed(unit)
        return _set(desk, node_id, NodeStatus.ACTIVE, reason=reason, by=by)
    repository = Repository(desk.settings)
    # Officers publish nothing meanwhile, and what a process that died has left half published counts.
    with repository.alone():
        heal(repository, desk.database, now=SystemClock().now())
        _require_not_signed(desk, node_id)
        return _set(desk, node_id, NodeStatus.ACTIVE, reason=reason, by=by)


def _set(desk: Desk, node_id: str, wanted: NodeStatus, *, reason: str, by: str) -> bool:
    with desk.database.write() as unit:
        node = unit.nodes.get(node_id)
        if node is None:
            raise kim_error(
                "not_found",
                Text("Einen Knoten mit dieser Kennung gibt es nicht.", "There is no node with this id."),
                remedy=Text(
                    "Die Kennung genau so angeben, wie sie eingetragen ist.",
                    "Give the id exactly as it is registered.",
                ),
            )
        if node.status is wanted:
            return False
        unit.nodes.set_status(node.id, wanted)
        kind = EventKind.NODE_RESUMED if wanted is NodeStatus.ACTIVE else EventKind.NODE_SUSPENDED
        note(unit, kind, node.id, node=node.id, at=desk.clock.now(), actor=by, reason=reason)
        return True


def _require_not_signed(desk: Desk, node_id: str) -> None:
    """Raise `directory_governs` if officers have signed that the node is suspended."""
    entry = published_directory(desk.settings).node(node_id)
    if entry is not None and entry.status is NodeStatus.SUSPENDED:
        raise kim_error(
            "directory_governs",
            Text(
                "Diesen Knoten haben die Schlüsselbeauftragten gesperrt; nur sie heben das auf.",
                "The key officers have suspended this node; they alone lift that.",
            ),
        )
