"""Register a node with its areas and public key: out of band, by an operator, never on first use.

Registering the same facts again changes nothing, and with more areas it adds those: a joint authority may
begin to deliver later. Other facts for a known node, area or key are refused: a second node for one area
would count it twice, and a new key needs the rotation of a later release.
"""

from dataclasses import dataclass
from typing import Final, Protocol

from hub.clock import Clock
from hub.domain import ids
from hub.domain.states import KeyStatus, NodeStatus
from hub.services.registry.governance import require_bench
from hub.settings import HubSettings
from hub.store.records import Node, NodeKey
from hub.store.unit_of_work import Database, UnitOfWork
from protocol.errors import kim_error
from protocol.keys import PublicKey
from protocol.regions import AUTHORITY_AREAS, reporting_areas
from protocol.texts import Text
from protocol.transparency.events import EventKind, LogEvent

#: What a node may deliver for.
DELIVERED_FOR: Final = frozenset({*AUTHORITY_AREAS, *(area.id for area in reporting_areas())})


@dataclass(frozen=True, slots=True)
class Registration:
    """What an operator enters.

    Attributes:
        node: node id.
        areas: what it delivers for: reporting areas, or the area of a joint authority; it is listed under
            the first one.
        public_key: 64 hex digits.
        name: name of the municipality.
    """

    node: str
    areas: tuple[str, ...]
    public_key: str
    name: str


class Desk(Protocol):
    """Where nodes are registered: any hub, or just its database and clock."""

    @property
    def settings(self) -> HubSettings:
        """What the operator chose."""
        ...

    @property
    def database(self) -> Database:
        """Opens units of work."""
        ...

    @property
    def clock(self) -> Clock:
        """The source of time."""
        ...


def register(desk: Desk, registrations: list[Registration]) -> list[str]:
    """Register nodes, all or none.

    Args:
        desk: the hub.
        registrations: one entry per node.

    Returns:
        The key ids, in the same order.

    Raises:
        KimError: `directory_governs` where officers decide; `unknown_area`, `bad_public_key`, `bad_request`,
            or `already_exists` if node, an area or key are registered with other facts.
    """
    require_bench(desk.settings.home)
    with desk.database.write() as unit:
        require_never_governed(unit)
        return [_register(desk, unit, entry) for entry in registrations]


def require_never_governed(unit: UnitOfWork) -> None:
    """Raise `directory_governs` where officers have decided once, also if their repository is not there now.

    A home folder that was restored without `trust/`, or from which somebody moved it away, is no test bench.
    """
    if unit.trust.current() is not None:
        raise kim_error(
            "directory_governs",
            Text(
                "Die Datenbank kennt Entscheidungen der Schlüsselbeauftragten, aber trust/ fehlt.",
                "The database knows decisions of the key officers, but trust/ is missing.",
            ),
            remedy=Text("trust/ aus der Datensicherung zurückholen.", "Bring trust/ back from the backup."),
        )


def _register(desk: Desk, unit: UnitOfWork, entry: Registration) -> str:
    if not entry.areas or not {*entry.areas} <= DELIVERED_FOR:
        raise kim_error("unknown_area")
    key = PublicKey.from_hex(entry.public_key)
    node_id = ids.node_id(entry.node)
    known, known_key = unit.nodes.get(node_id), unit.nodes.key(key.keyid)
    same = known is not None and known_key is not None and known_key.node_id == node_id
    owners = {unit.nodes.of_area(area) for area in entry.areas} - {None, node_id if same else None}
    if owners or not (same or (known is None and known_key is None)):
        raise kim_error(
            "already_exists",
            Text(
                f"Knoten, Gebiet oder Schlüssel zu {entry.areas[0]} sind schon mit anderen Angaben "
                "eingetragen.",
                f"Node, area or key of {entry.areas[0]} are already registered with other facts.",
            ),
            remedy=Text(
                "Mit der Kommune klären, welcher Knoten liefert; ein Eintrag wird nie überschrieben.",
                "Settle with the municipality which node delivers; an entry is never overwritten.",
            ),
        )
    now = desk.clock.now()
    areas = tuple(dict.fromkeys(entry.areas))
    if known is None:
        unit.nodes.add(Node(node_id, entry.name, areas, NodeStatus.ACTIVE, now))
        unit.nodes.add_key(NodeKey(key.keyid, node_id, key.hex, KeyStatus.ACTIVE), at=now)
        unit.log(LogEvent(at=now, kind=EventKind.NODE_ADDED, id=node_id, node=node_id, area=areas[0]))
        unit.log(LogEvent(at=now, kind=EventKind.KEY_ADDED, id=key.keyid, node=node_id, keyid=key.keyid))
        unit.audit("node.registered", node_id, at=now, detail={"areas": areas, "keyid": key.keyid})
        return key.keyid
    for area in areas:
        if area not in known.areas:
            unit.nodes.add_area(node_id, area)
            unit.log(LogEvent(at=now, kind=EventKind.NODE_CHANGED, id=node_id, node=node_id, area=area))
            unit.audit("node.area_added", node_id, at=now, detail={"area": area})
    return key.keyid
