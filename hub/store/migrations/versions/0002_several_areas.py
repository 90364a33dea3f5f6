"""Nodes with several areas; breaks of series, what is to be confirmed, tables of grants.

Fits the release before: `node.area` stays, as the area that a node is listed under.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_CHAIN = "uq_submission_chain"
_UNCOMPARED = "ix_submission_uncompared"
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
    with op.batch_alter_table("submission") as table:
        table.add_column(
            sa.Column(
                "series_break",
                sa.String(length=500),
                nullable=True,
                comment="why the series begins anew with this period",
            )
        )
        table.add_column(
            sa.Column(
                "validated_at",
                sa.DateTime(timezone=True),
                nullable=True,
                comment="when it was last compared with the area's other figures",
            )
        )
    uncompared = sa.text("state = 'accepted' AND validated_at IS NULL")
    op.create_index(_UNCOMPARED, "submission", ["area"], sqlite_where=uncompared, postgresql_where=uncompared)
    op.create_table(
        "submission_finding",
        sa.Column("submission_id", sa.String(length=64), nullable=False),
        sa.Column(
            "rule", sa.String(length=64), nullable=False, comment="id of an identity or plausibility rule"
        ),
        sa.Column("cells", sa.Integer(), nullable=False, comment="cells that do not fit"),
        sa.Column(
            "rows", sa.JSON(), nullable=False, comment="the first of them: rows in grid_of(dataset).keys"
        ),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "reason",
            sa.String(length=500),
            nullable=True,
            comment="why the figures are right all the same",
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submission.id"], name=op.f("fk_submission_finding_submission_id_submission")
        ),
        sa.PrimaryKeyConstraint("submission_id", "rule", name=op.f("pk_submission_finding")),
        sqlite_with_rowid=False,
        comment="What somebody has to confirm or correct; names places, never values.",
    )
    op.create_table(
        "grant_table",
        sa.Column("period", sa.String(length=8), nullable=False),
        sa.Column("area", sa.String(length=16), nullable=False),
        sa.Column(
            "source_sha256",
            sa.String(length=64),
            nullable=False,
            comment="digest of the list, which is not kept",
        ),
        sa.Column(
            "cells_sha256",
            sa.String(length=64),
            nullable=False,
            comment="blob: the protected table (cell columns)",
        ),
        sa.Column(
            "bounds_sha256",
            sa.String(length=64),
            nullable=False,
            comment="blob: lower and upper bound of every cell",
        ),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("period", "area", name=op.f("pk_grant_table")),
        sqlite_with_rowid=False,
        comment="What the granting authority granted: counts where an area does not deliver its funds.",
    )
    with op.batch_alter_table("cube") as table:
        table.add_column(
            sa.Column(
                "areas",
                sa.JSON(),
                nullable=False,
                server_default="[]",
                comment="reporting areas whose delivery is in it",
            )
        )
    cube = sa.table("cube", sa.column("id"), sa.column("inputs", sa.JSON), sa.column("areas", sa.JSON))
    for number, inputs in op.get_bind().execute(sa.select(cube.c.id, cube.c.inputs)).all():
        op.execute(sa.update(cube).where(cube.c.id == number).values(areas=sorted(inputs)))


def _create_chain(columns: list[str]) -> None:
    open_links = sa.text("state <> 'rejected'")
    op.create_index(
        _CHAIN, "submission", columns, unique=True, sqlite_where=open_links, postgresql_where=open_links
    )


def downgrade() -> None:
    """Undo."""
    op.drop_index(_CHAIN, table_name="submission")
    _create_chain(_BEFORE)
    op.drop_index(_UNCOMPARED, table_name="submission")
    with op.batch_alter_table("submission") as table:
        table.drop_column("validated_at")
        table.drop_column("series_break")
    op.drop_table("grant_table")
    op.drop_table("submission_finding")
    with op.batch_alter_table("cube") as table:
        table.drop_column("areas")
    op.drop_table("node_area")
