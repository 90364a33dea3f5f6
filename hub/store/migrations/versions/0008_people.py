"""People: accounts, their sessions, what proves who somebody is, and what was guessed.

A hub of the release before runs on the result: it knows none of these tables.
"""

import sqlalchemy as sa
from alembic import op

from hub.store.models import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "login_attempt",
        sa.Column(
            "bucket",
            sa.String(length=64),
            nullable=False,
            comment="HMAC of what is counted together; no name",
        ),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("blocked_until", UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("bucket", name=op.f("pk_login_attempt")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_login_attempt_last_at"), "login_attempt", ["last_at"], unique=False)

    op.create_table(
        "person",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column(
            "password_hash",
            sa.String(length=200),
            nullable=True,
            comment="argon2id, with its parameters and salt",
        ),
        sa.Column("oidc_issuer", sa.String(length=300), nullable=True),
        sa.Column("oidc_subject", sa.String(length=255), nullable=True),
        sa.Column(
            "totp_secret",
            sa.String(length=200),
            nullable=True,
            comment="encrypted with the key in people.key",
        ),
        sa.Column(
            "totp_pending",
            sa.String(length=200),
            nullable=True,
            comment="as totp_secret, until a first code has confirmed it",
        ),
        sa.Column(
            "totp_step",
            sa.BigInteger(),
            nullable=True,
            comment="time step of the code that was used last: none is used twice",
        ),
        sa.Column("last_login_at", UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "role IN ('ministry', 'officer', 'auditor', 'municipality', 'researcher', 'admin')",
            name=op.f("ck_person_role"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("login", name=op.f("uq_person_login")),
        sa.UniqueConstraint("oidc_issuer", "oidc_subject", name=op.f("uq_person_oidc_issuer_oidc_subject")),
        comment="Accounts are disabled, never deleted: the audit trail names them.",
    )
    op.create_table(
        "person_area",
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("area", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_person_area_person_id_person")),
        sa.PrimaryKeyConstraint("person_id", "area", name=op.f("pk_person_area")),
        comment="What an account of a municipality may see.",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "person_device",
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("added_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_person_device_person_id_person")),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_person_device")),
        comment="Browsers in which somebody has logged in before; strangers' guesses do not lock them out.",
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_person_device_person_id"), "person_device", ["person_id"], unique=False)

    op.create_table(
        "person_recovery",
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code_mac", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_person_recovery_person_id_person")
        ),
        sa.PrimaryKeyConstraint("person_id", "code_mac", name=op.f("pk_person_recovery")),
        comment="Recovery codes that were not used yet, as HMAC under the key in people.key.",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "person_session",
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("created_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("seen_at", UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("stage IN ('password', 'full')", name=op.f("ck_person_session_stage")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_person_session_person_id_person")
        ),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_person_session")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_person_session_person_id"), "person_session", ["person_id"], unique=False)

    op.create_table(
        "person_ticket",
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("expires_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_person_ticket_person_id_person")),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_person_ticket")),
        sa.UniqueConstraint("person_id", name=op.f("uq_person_ticket_person_id")),
        comment="One-time links: whoever has one may choose the password.",
        sqlite_with_rowid=False,
    )
    op.create_index("ix_audit_event_action", "audit_event", ["action", "id"], unique=False)
    op.create_index("ix_audit_event_actor", "audit_event", ["actor", "id"], unique=False)


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_audit_event_actor", table_name="audit_event")
    op.drop_index("ix_audit_event_action", table_name="audit_event")

    op.drop_table("person_ticket")
    op.drop_index(op.f("ix_person_session_person_id"), table_name="person_session")

    op.drop_table("person_session")
    op.drop_table("person_recovery")
    op.drop_index(op.f("ix_person_device_person_id"), table_name="person_device")

    op.drop_table("person_device")
    op.drop_table("person_area")
    op.drop_table("person")
    op.drop_index(op.f("ix_login_attempt_last_at"), table_name="login_attempt")

    op.drop_table("login_attempt")
