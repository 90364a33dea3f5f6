"""What the hub's own audit says about a delivery.

Deliveries that were accepted before are looked at again, together with all others of their area.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_VERDICTS = "audit IN ('safe', 'open', 'confirmed', 'unknown', 'by_rule')"


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("submission") as table:
        table.add_column(
            sa.Column(
                "audit",
                sa.String(length=16),
                nullable=True,
                comment="what the hub's audit says of it beside the area's others; null: not looked at yet",
            )
        )
        table.create_check_constraint(op.f("ck_submission_audit"), _VERDICTS)
    op.execute("UPDATE submission SET validated_at = NULL WHERE state = 'accepted'")


def downgrade() -> None:
    """Undo."""
    with op.batch_alter_table("submission") as table:
        table.drop_constraint(op.f("ck_submission_audit"), type_="check")
        table.drop_column("audit")
