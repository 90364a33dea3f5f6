"""Register a node with its area and public key: out of band, by an operator, never on first use.

Registering the same facts again changes nothing. Other facts for a known node, area or key are refused: a
second node for one area would count it twice, and a new key needs the rotation of a later release.
"""

from dataclasses import dataclass
from typing import Protocol

from hub.clock import Clock
from hub.domain import ids
from hub.domain.states import KeyStatus, NodeStatus
from hub.store.records import Node, NodeKey
from hub.store.unit_of_work import Database, UnitOfWork
from protocol.errors import kim_error
from protocol.keys import PublicKey
from protocol.regions import reporting_areas
from protocol.texts import Text


@dataclass(frozen=True, slots=True)
class Registration:
    """What an operator enters; the public key is 64 hex digits."""

    node: str
    area: str
    public_key: str
    name: str


class Directory(Protocol):
    """Where nodes are registered: any hub, or just its database and clock."""

    @property
    def database(self) -> Database:
        """Opens units of work."""
        ...

    @property
    def clock(self) -> Clock:
        """The source of time."""
        ...


def register(context: Directory, registrations: list[Registration]) -> list[str]:
    """Register nodes, all or none.

    Args:
        context: the hub.
        registrations: one entry per node.

    Returns:
        The key ids, in the same order.

    Raises:
        KimError: `unknown_area`, `bad_public_key`, `bad_request`, or `already_exists` if node, area or key
            are registered with other facts.
    """
    with context.database.write() as unit:
        return [_register(context, unit, entry) for entry in registrations]


def _register(context: Directory, unit: UnitOfWork, entry: Registration) -> str:
    if entry.area not in {area.id for area in reporting_areas()}:
        raise kim_error("unknown_area")
    key = PublicKey.from_hex(entry.public_key)
    node_id = ids.node_id(entry.node)
    known, known_key = unit.nodes.get(node_id), unit.nodes.key(key.keyid)
    if known and known_key and (known.area, known_key.node_id) == (entry.area, node_id):
        return key.keyid
    if known or known_key or unit.nodes.of_area(entry.area):
        raise kim_error(
            "already_exists",
            Text(
                f"Knoten, Gebiet oder Schlüssel zu {entry.area} sind schon mit anderen Angaben eingetragen.",
                f"Node, area or key of {entry.area} are already registered with other facts.",
            ),
            remedy=Text(
                "Mit der Kommune klären, welcher Knoten liefert; ein Eintrag wird nie überschrieben.",
                "Settle with the municipality which node delivers; an entry is never overwritten.",
            ),
        )
    now = context.clock.now()
    unit.nodes.add(Node(node_id, entry.name, entry.area, NodeStatus.ACTIVE, now))
    unit.nodes.add_key(NodeKey(key.keyid, node_id, key.hex, KeyStatus.ACTIVE), at=now)
    unit.audit("node.registered", node_id, at=now, detail={"area": entry.area, "keyid": key.keyid})
    return key.keyid
