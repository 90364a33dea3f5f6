"""Reading and writing participants and their public keys."""

import datetime as dt
from typing import Any

import sqlalchemy as sa

from hub.domain.states import KeyStatus, NodeStatus
from hub.store import models
from hub.store.records import Node, NodeKey

_NODE = sa.select(models.node)
_BY_ID = _NODE.where(models.node.c.id == sa.bindparam("id"))
_BY_AREA = _NODE.where(models.node.c.area == sa.bindparam("area"))
_KEY = sa.select(models.node_key).where(models.node_key.c.keyid == sa.bindparam("keyid"))


class Nodes:
    """The directory of participants, on one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        """Work inside the transaction of `connection`."""
        self._connection = connection

    def get(self, node_id: str) -> Node | None:
        """Return the node with this id."""
        return self._one(_BY_ID, id=node_id)

    def of_area(self, area: str) -> Node | None:
        """Return the node that delivers for `area`."""
        return self._one(_BY_AREA, area=area)

    def all(self) -> list[Node]:
        """Return all nodes, ordered by area."""
        rows = self._connection.execute(_NODE.order_by(models.node.c.area))
        return [_node(row) for row in rows]

    def _one(self, statement: sa.Select[Any], **values: str) -> Node | None:
        row = self._connection.execute(statement, values).one_or_none()
        return None if row is None else _node(row)

    def add(self, node: Node) -> None:
        """Store a new node; IntegrityError if id or area is taken."""
        self._connection.execute(
            models.node.insert().values(
                id=node.id,
                name=node.name,
                area=node.area,
                status=node.status,
                registered_at=node.registered_at,
            )
        )

    def key(self, keyid: str) -> NodeKey | None:
        """Return the key with this id, whatever its status."""
        row = self._connection.execute(_KEY, {"keyid": keyid}).one_or_none()
        return None if row is None else NodeKey(row.keyid, row.node_id, row.public_key, KeyStatus(row.status))

    def add_key(self, key: NodeKey, *, at: dt.datetime) -> None:
        """Store a new key; IntegrityError if it is known."""
        self._connection.execute(
            models.node_key.insert().values(
                keyid=key.keyid,
                node_id=key.node_id,
                public_key=key.public_key,
                status=key.status,
                added_at=at,
            )
        )

    def set_key_status(self, keyid: str, status: KeyStatus, *, at: dt.datetime) -> None:
        """Change a key's status."""
        table = models.node_key
        self._connection.execute(
            table.update()
            .where(table.c.keyid == keyid)
            .values(status=status, revoked_at=at if status is KeyStatus.REVOKED else None)
        )

    def set_status(self, node_id: str, status: NodeStatus) -> None:
        """Suspend a node or let it deliver again."""
        table = models.node
        self._connection.execute(table.update().where(table.c.id == node_id).values(status=status))


def _node(row: sa.Row[tuple[object, ...]]) -> Node:
    values = row._asdict()
    return Node(**{**values, "status": NodeStatus(values["status"])})
