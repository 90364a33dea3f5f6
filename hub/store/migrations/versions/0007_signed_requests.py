"""Requests of nodes are signed; each is taken once."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "request_nonce",
        sa.Column("keyid", sa.String(length=64), nullable=False),
        sa.Column("nonce", sa.String(length=64), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("keyid", "nonce", name=op.f("pk_request_nonce")),
        comment="Signed requests of the last minutes: each is taken once; swept.",
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_request_nonce_seen_at"), "request_nonce", ["seen_at"])


def downgrade() -> None:
    """Undo."""
    op.drop_index(op.f("ix_request_nonce_seen_at"), table_name="request_nonce")
    op.drop_table("request_nonce")
