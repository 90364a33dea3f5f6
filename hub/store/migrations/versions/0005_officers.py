"""What officers have signed, and the changes of the directory that wait for their signatures."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "trust_version",
        sa.Column("targets_version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("root_version", sa.Integer(), nullable=False),
        sa.Column("published_at", _MOMENT, nullable=False),
        sa.Column(
            "directory_sha256",
            sa.String(64),
            nullable=False,
            comment="digest of the document; its rows are node…",
        ),
        sa.Column("hub_keys", sa.Text(), nullable=False, comment="the document, as officers signed it"),
        sa.Column("policy", sa.Text(), nullable=False, comment="the document, as officers signed it"),
        sa.PrimaryKeyConstraint("targets_version", name=op.f("pk_trust_version")),
        comment="What officers have signed and this hub has published; the newest governs. "
        "Empty: a test bench.",
    )
    op.create_table(
        "trust_change",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("node_id", sa.String(64), nullable=False),
        sa.Column("change", sa.JSON(), nullable=False, comment="as protocol.trust.changes writes it"),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("targets_version", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "state IN ('staged', 'published', 'withdrawn')", name=op.f("ck_trust_change_state")
        ),
        sa.ForeignKeyConstraint(
            ["targets_version"],
            ["trust_version.targets_version"],
            name=op.f("fk_trust_change_targets_version_trust_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trust_change")),
        comment="Changes of the directory that wait for the officers' signatures.",
    )
    is_staged = sa.text("state = 'staged'")
    op.create_index(
        "ix_trust_change_staged",
        "trust_change",
        ["id"],
        unique=False,
        sqlite_where=is_staged,
        postgresql_where=is_staged,
    )


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_trust_change_staged", table_name="trust_change")
    op.drop_table("trust_change")
    op.drop_table("trust_version")
