"""Keys with a purpose and a life, invitations and requests of nodes, submissions in quarantine.

Keys that were registered before sign, and have no end of their own.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_STATES = ("announced", "uploading", "received", "verifying", "accepted", "rejected", "superseded")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("node_key") as table:
        table.add_column(
            sa.Column("use", sa.String(16), nullable=False, server_default="sign", comment="what it may sign")
        )
        table.add_column(
            sa.Column(
                "not_before",
                _MOMENT,
                nullable=True,
                comment="judged by the hub's time of receipt, like the next one",
            )
        )
        table.add_column(
            sa.Column(
                "not_after", _MOMENT, nullable=True, comment="the first moment at which it is no longer valid"
            )
        )
        table.add_column(
            sa.Column(
                "compromised_since", _MOMENT, nullable=True, comment="nothing received from then on counts"
            )
        )
        table.add_column(sa.Column("reason", sa.String(16), nullable=True, comment="why it was revoked"))
        table.create_check_constraint(op.f("ck_node_key_use"), "use IN ('sign', 'witness')")
        table.create_check_constraint(op.f("ck_node_key_reason"), "reason IN ('superseded', 'compromised')")
    _set_states((*_STATES, "quarantined"))
    op.create_table(
        "invitation",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("node_id", sa.String(64), nullable=False, comment="the one node that may use it"),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("areas", sa.JSON(), nullable=False, comment="what the node will deliver for"),
        sa.Column(
            "verifier", sa.String(64), nullable=False, comment="derived from the token; the token is not kept"
        ),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("tries_left", sa.SmallInteger(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("created_by", sa.String(64), nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.CheckConstraint(
            "state IN ('open', 'used', 'locked', 'replaced')", name=op.f("ck_invitation_state")
        ),
        sa.CheckConstraint("tries_left >= 0", name=op.f("ck_invitation_tries_left")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
    )
    is_open = sa.text("state = 'open'")
    op.create_index(
        "uq_invitation_open",
        "invitation",
        ["node_id"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    op.create_table(
        "enrolment",
        sa.Column("id", sa.String(64), nullable=False, comment="statement id of the signed request"),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("node_id", sa.String(64), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("areas", sa.JSON(), nullable=False),
        sa.Column("invitation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "envelope_sha256",
            sa.String(64),
            nullable=False,
            comment="blob: the signed request, byte for byte",
        ),
        sa.Column("sign_key", sa.String(64), nullable=False, comment="public key, hex"),
        sa.Column("witness_key", sa.String(64), nullable=False, comment="public key, hex"),
        sa.Column("old_keyid", sa.String(64), nullable=True, comment="of a rotation: the key that vouches"),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("received_at", _MOMENT, nullable=False),
        sa.Column("decided_at", _MOMENT, nullable=True),
        sa.Column("decided_by", sa.String(64), nullable=True),
        sa.CheckConstraint("kind IN ('enrol', 'rotation')", name=op.f("ck_enrolment_kind")),
        sa.CheckConstraint(
            "state IN ('pending', 'approved', 'active', 'refused')", name=op.f("ck_enrolment_state")
        ),
        sa.ForeignKeyConstraint(
            ["invitation_id"], ["invitation.id"], name=op.f("fk_enrolment_invitation_id_invitation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrolment")),
        comment="Requests of nodes to have their public keys entered.",
    )
    op.create_index("ix_enrolment_node_id", "enrolment", ["node_id"], unique=False)
    op.create_table(
        "release_flag",
        sa.Column("release_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("submission_id", sa.String(64), nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["release_id"], ["release.id"], name=op.f("fk_release_flag_release_id_release")
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submission.id"], name=op.f("fk_release_flag_submission_id_submission")
        ),
        sa.PrimaryKeyConstraint("release_id", "submission_id", name=op.f("pk_release_flag")),
        sqlite_with_rowid=False,
        comment="Releases are never edited: what was found out later about what is in them.",
    )


def downgrade() -> None:
    """Undo; submissions in quarantine cannot be told to an older release."""
    op.drop_table("release_flag")
    op.drop_index("ix_enrolment_node_id", table_name="enrolment")
    op.drop_table("enrolment")
    op.drop_index("uq_invitation_open", table_name="invitation")
    op.drop_table("invitation")
    _set_states(_STATES)
    with op.batch_alter_table("node_key") as table:
        table.drop_constraint(op.f("ck_node_key_reason"), type_="check")
        table.drop_constraint(op.f("ck_node_key_use"), type_="check")
        for column in ("use", "not_before", "not_after", "compromised_since", "reason"):
            table.drop_column(column)


def _set_states(states: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{state}'" for state in states)
    with op.batch_alter_table("submission") as table:
        table.drop_constraint(op.f("ck_submission_state"), type_="check")
        table.create_check_constraint(op.f("ck_submission_state"), f"state IN ({listed})")
