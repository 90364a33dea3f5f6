"""Nodes with several areas; what a delivery says of its series, and what has to be confirmed in it.

Fits the release before: `node.area` stays, as the area that a node is listed under.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_CHAIN = "uq_submission_chain"
_BEFORE = ["node_id", "dataset", "period", "revision"]


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "node_area",
        sa.Column("area", sa.String(length=16), nullable=False),
        sa.Column("node_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["node_id"], ["node.id"], name=op.f("fk_node_area_node_id_node")),
        sa.PrimaryKeyConstraint("area", name=op.f("pk_node_area")),
        sqlite_with_rowid=False,
        comment="Who delivers for an area; a joint authority's area may be delivered beside a leaf.",
    )
    op.create_index("ix_node_area_node_id", "node_area", ["node_id"], unique=False)
    op.execute("INSERT INTO node_area (area, node_id) SELECT area, id FROM node ORDER BY area")
    op.drop_index(_CHAIN, table_name="submission")
    _create_chain(["node_id", "area", *_BEFORE[1:]])


def _create_chain(columns: list[str]) -> None:
    open_links = sa.text("state <> 'rejected'")
    op.create_index(
        _CHAIN, "submission", columns, unique=True, sqlite_where=open_links, postgresql_where=open_links
    )


def downgrade() -> None:
    """Undo."""
    op.drop_index(_CHAIN, table_name="submission")
    _create_chain(_BEFORE)
    op.drop_table("node_area")
