"""Wrong tokens are counted and lock nothing; what was locked has ended, as its municipality was told.

The tries that were counted down are gone: a program of before could neither invite nor take a request.
"""

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.execute("UPDATE invitation SET state = 'replaced' WHERE state = 'locked'")
    with op.batch_alter_table("invitation") as table:
        table.add_column(
            sa.Column(
                "wrong_tokens",
                sa.SmallInteger(),
                nullable=False,
                server_default="0",
                comment="how many came for it while it was open",
            )
        )
        _set_states(table, "'open', 'used', 'replaced'")
        table.drop_constraint(op.f("ck_invitation_tries_left"), type_="check")
        table.create_check_constraint(op.f("ck_invitation_wrong_tokens"), "wrong_tokens >= 0")
    op.execute("UPDATE invitation SET wrong_tokens = 5 - tries_left")
    with op.batch_alter_table("invitation") as table:
        table.alter_column("wrong_tokens", server_default=None)
        table.drop_column("tries_left")


def downgrade() -> None:
    """Undo; what many wrong tokens came for has one try left."""
    with op.batch_alter_table("invitation") as table:
        table.add_column(sa.Column("tries_left", sa.SmallInteger(), nullable=False, server_default="1"))
        _set_states(table, "'open', 'used', 'locked', 'replaced'")
        table.drop_constraint(op.f("ck_invitation_wrong_tokens"), type_="check")
        table.create_check_constraint(op.f("ck_invitation_tries_left"), "tries_left >= 0")
    op.execute("UPDATE invitation SET tries_left = 5 - wrong_tokens WHERE wrong_tokens < 5")
    with op.batch_alter_table("invitation") as table:
        table.alter_column("tries_left", server_default=None)
        table.drop_column("wrong_tokens")


def _set_states(table: BatchOperations, states: str) -> None:
    table.drop_constraint(op.f("ck_invitation_state"), type_="check")
    table.create_check_constraint(op.f("ck_invitation_state"), f"state IN ({states})")
