"""What the hub holds back is let go by two people: the first of them is kept beside the finding.

A hub of the release before runs on the result: there, one person is enough.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("submission_finding") as table:
        table.add_column(
            sa.Column(
                "first_by",
                sa.String(64),
                nullable=True,
                comment="login of the first of two, where confirming takes two",
            )
        )
        table.add_column(
            sa.Column("first_reason", sa.String(500), nullable=True, comment="why, in their words")
        )


def downgrade() -> None:
    """Undo; who was the first to confirm stays in the audit trail."""
    with op.batch_alter_table("submission_finding") as table:
        table.drop_column("first_reason")
        table.drop_column("first_by")
