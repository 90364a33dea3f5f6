"""Reading and writing participants and their public keys."""

import datetime as dt
import itertools
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from hub.domain.states import KeyStatus, KeyUse, NodeStatus
from hub.store import models
from hub.store.records import Node, NodeKey

_NODE = (
    sa.select(models.node, models.node_area.c.area.label("delivers_for"))
    .join(models.node_area, models.node_area.c.node_id == models.node.c.id)
    .order_by(models.node.c.area, models.node_area.c.area)
)
_BY_ID = _NODE.where(models.node.c.id == sa.bindparam("id"))
_OF_AREA = sa.select(models.node_area.c.node_id).where(models.node_area.c.area == sa.bindparam("area"))
# Who signs, in one question: the key, whose it is, for which areas that node delivers. A row in either case:
# whoever probes key ids learns nothing from the time that a row takes.
_ASKED = sa.select(sa.bindparam("keyid", type_=sa.String(64)).label("asked")).subquery()
_SIGNER = (
    sa.select(
        models.node_key,
        *(column.label(f"of_{column.name}") for column in models.node.c),
        models.node_area.c.area.label("delivers_for"),
    )
    .select_from(
        _ASKED.outerjoin(models.node_key, models.node_key.c.keyid == _ASKED.c.asked)
        .outerjoin(models.node, models.node.c.id == models.node_key.c.node_id)
        .outerjoin(models.node_area, models.node_area.c.node_id == models.node.c.id)
    )
    .order_by(models.node_area.c.area)
)


@dataclass(frozen=True, slots=True)
class Signer:
    """A key, and who holds it."""

    key: NodeKey
    _rows: Sequence[sa.Row[Any]] = field(repr=False)

    @property
    def node(self) -> Node | None:
        """The node whose key it is; None if it delivers for no area any more.

        Put together only when it is asked for: before the signature holds, a known key must cost no more than
        an unknown one.
        """
        row = self._rows[0]
        if row.delivers_for is None:
            return None
        areas = _listed_first(row.of_area, (other.delivers_for for other in self._rows))
        return Node(row.of_id, row.of_name, areas, NodeStatus(row.of_status), row.of_registered_at)


class Nodes:
    """The directory of participants, on one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        """Work inside the transaction of `connection`."""
        self._connection = connection

    def get(self, node_id: str) -> Node | None:
        """Return the node with this id."""
        return next(iter(self._nodes(_BY_ID, id=node_id)), None)

    def of_area(self, area: str) -> str | None:
        """Return the id of the node that delivers for `area`."""
        found: str | None = self._connection.execute(_OF_AREA, {"area": area}).scalar_one_or_none()
        return found

    def all(self) -> list[Node]:
        """Return all nodes, ordered by the area they are listed under."""
        return self._nodes(_NODE)

    def _nodes(self, statement: sa.Select[Any], **values: str) -> list[Node]:
        rows = self._connection.execute(statement, values)
        return [_node(list(of_node)) for _, of_node in itertools.groupby(rows, key=lambda row: row.id)]

    def add(self, node: Node) -> None:
        """Store a new node; IntegrityError if id or an area is taken."""
        self._connection.execute(
            models.node.insert().values(
                id=node.id,
                name=node.name,
                area=node.area,
                status=node.status,
                registered_at=node.registered_at,
            )
        )
        for area in node.areas:
            self.add_area(node.id, area)

    def add_area(self, node_id: str, area: str) -> None:
        """Let a node deliver for one more area; IntegrityError if another does."""
        self._connection.execute(models.node_area.insert().values(area=area, node_id=node_id))

    def remove_area(self, node_id: str, area: str) -> None:
        """Let a node deliver for an area no more; what it delivered stays."""
        table = models.node_area
        self._connection.execute(table.delete().where(table.c.area == area, table.c.node_id == node_id))

    def rename(self, node_id: str, *, name: str, area: str) -> None:
        """Change the name of a node, and the area it is listed under."""
        table = models.node
        self._connection.execute(table.update().where(table.c.id == node_id).values(name=name, area=area))

    def key(self, keyid: str) -> NodeKey | None:
        """Return the key with this id, whatever its status."""
        signer = self.signer(keyid)
        return None if signer is None else signer.key

    def signer(self, keyid: str) -> Signer | None:
        """Return the key with this id, whatever its status, with its node."""
        rows = self._connection.execute(_SIGNER, {"keyid": keyid}).all()
        return None if rows[0].keyid is None else Signer(_key(rows[0]), rows)

    def keys_of(self, node_id: str) -> list[NodeKey]:
        """Return all keys of a node, the oldest first."""
        table = models.node_key
        rows = self._connection.execute(
            sa.select(table).where(table.c.node_id == node_id).order_by(table.c.added_at, table.c.keyid)
        )
        return [_key(row) for row in rows]

    def keys_of_all(self, node_ids: Collection[str]) -> list[NodeKey]:
        """Return all keys of these nodes, the oldest first; asked in one question."""
        table = models.node_key
        rows = self._connection.execute(
            sa.select(table)
            .where(table.c.node_id.in_(list(node_ids)))
            .order_by(table.c.added_at, table.c.keyid)
        )
        return [_key(row) for row in rows]

    def has_public_key(self, public_key: str) -> bool:
        """Whether any node has, or ever had, this public key (hex), for any purpose."""
        table = models.node_key
        found = sa.select(table.c.keyid).where(table.c.public_key == public_key)
        return self._connection.execute(found).first() is not None

    def add_key(self, key: NodeKey, *, at: dt.datetime) -> None:
        """Store a new key; IntegrityError if it is known."""
        self._connection.execute(
            models.node_key.insert().values(
                keyid=key.keyid,
                node_id=key.node_id,
                public_key=key.public_key,
                status=key.status,
                added_at=at,
                use=key.use,
                not_before=key.not_before,
                not_after=key.not_after,
                revoked_at=key.revoked_at,
                compromised_since=key.compromised_since,
                reason=key.reason,
            )
        )

    def replace_key(self, key: NodeKey) -> None:
        """Store what is known about a key now; key id, node, public key and use stay what they are."""
        table = models.node_key
        self._connection.execute(
            table.update()
            .where(table.c.keyid == key.keyid)
            .values(
                status=key.status,
                not_before=key.not_before,
                not_after=key.not_after,
                revoked_at=key.revoked_at,
                compromised_since=key.compromised_since,
                reason=key.reason,
            )
        )

    def set_status(self, node_id: str, status: NodeStatus) -> None:
        """Suspend a node or let it deliver again."""
        table = models.node
        self._connection.execute(table.update().where(table.c.id == node_id).values(status=status))


def _node(rows: list[sa.Row[Any]]) -> Node:
    """Return one node from its rows, of which there is one per area."""
    row = rows[0]
    areas = _listed_first(row.area, (other.delivers_for for other in rows))
    return Node(row.id, row.name, areas, NodeStatus(row.status), row.registered_at)


def _listed_first(listed: str, areas: Iterable[str]) -> tuple[str, ...]:
    """Return a node's areas, the one it is listed under first."""
    return listed, *(area for area in areas if area != listed)


def _key(row: sa.Row[Any]) -> NodeKey:
    return NodeKey(
        keyid=row.keyid,
        node_id=row.node_id,
        public_key=row.public_key,
        status=KeyStatus(row.status),
        use=KeyUse(row.use),
        not_before=row.not_before,
        not_after=row.not_after,
        revoked_at=row.revoked_at,
        compromised_since=row.compromised_since,
        reason=row.reason,
    )
