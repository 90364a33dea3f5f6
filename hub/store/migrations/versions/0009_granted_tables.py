"""The log fixes the table that was made of a list of grants: its digest, hidden by a salt.

A hub of the release before runs on the result: what it imports has no salt, and no evidence.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column(
        "grant_table",
        sa.Column(
            "salt",
            sa.String(length=64),
            nullable=True,
            comment="hides the digest of the cells in the log; none in what is older",
        ),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_column("grant_table", "salt")
