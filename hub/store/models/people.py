"""Accounts and what they log in with."""

import sqlalchemy as sa

from hub.store.models.columns import HEX, SERIAL, UtcDateTime, metadata

person = sa.Table(
    "person",
    metadata,
    sa.Column("id", SERIAL, primary_key=True),
    sa.Column("login", sa.String(64), nullable=False, unique=True),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("active", sa.Boolean(create_constraint=False), nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("password_hash", sa.String(200), comment="argon2id, with its parameters and salt"),
    sa.Column("oidc_issuer", sa.String(300)),
    sa.Column("oidc_subject", sa.String(255)),
    sa.Column("totp_secret", sa.String(200), comment="encrypted with the key in people.key"),
    sa.Column("totp_pending", sa.String(200), comment="as totp_secret, until a first code has confirmed it"),
    sa.Column(
        "totp_step", sa.BigInteger, comment="time step of the code that was used last: none is used twice"
    ),
    sa.Column("last_login_at", UtcDateTime),
    sa.UniqueConstraint("oidc_issuer", "oidc_subject"),
    sa.CheckConstraint(
        "role IN ('ministry', 'officer', 'auditor', 'municipality', 'researcher', 'admin')", name="role"
    ),
    comment="Accounts are disabled, never deleted: the audit trail names them.",
)

person_area = sa.Table(
    "person_area",
    metadata,
    sa.Column("person_id", sa.ForeignKey("person.id"), primary_key=True),
    sa.Column("area", sa.String(16), primary_key=True),
    sqlite_with_rowid=False,
    comment="What an account of a municipality may see.",
)

person_recovery = sa.Table(
    "person_recovery",
    metadata,
    sa.Column("person_id", sa.ForeignKey("person.id"), primary_key=True),
    sa.Column("code_mac", HEX, primary_key=True),
    sqlite_with_rowid=False,
    comment="Recovery codes that were not used yet, as HMAC under the key in people.key.",
)

person_ticket = sa.Table(
    "person_ticket",
    metadata,
    sa.Column("token_sha256", HEX, primary_key=True),
    sa.Column("person_id", sa.ForeignKey("person.id"), nullable=False, unique=True),
    sa.Column("expires_at", UtcDateTime, nullable=False),
    sqlite_with_rowid=False,
    comment="One-time links: whoever has one may choose the password.",
)

person_device = sa.Table(
    "person_device",
    metadata,
    sa.Column("token_sha256", HEX, primary_key=True),
    sa.Column("person_id", sa.ForeignKey("person.id"), nullable=False, index=True),
    sa.Column("added_at", UtcDateTime, nullable=False),
    sqlite_with_rowid=False,
    comment="Browsers in which somebody has logged in before; strangers' guesses do not lock them out.",
)

person_session = sa.Table(
    "person_session",
    metadata,
    sa.Column("token_sha256", HEX, primary_key=True),
    sa.Column("person_id", sa.ForeignKey("person.id"), nullable=False, index=True),
    sa.Column("stage", sa.String(16), nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("seen_at", UtcDateTime, nullable=False),
    sa.CheckConstraint("stage IN ('password', 'full')", name="stage"),
    sqlite_with_rowid=False,
)

login_attempt = sa.Table(
    "login_attempt",
    metadata,
    sa.Column("bucket", HEX, primary_key=True, comment="HMAC of what is counted together; no name"),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("last_at", UtcDateTime, nullable=False, index=True),
    sa.Column("blocked_until", UtcDateTime),
    sqlite_with_rowid=False,
)
