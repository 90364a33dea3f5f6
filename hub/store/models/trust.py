"""What officers have signed, and what waits for them."""

import sqlalchemy as sa

from hub.store.models.columns import HEX, SERIAL, UtcDateTime, metadata

trust_version = sa.Table(
    "trust_version",
    metadata,
    sa.Column("targets_version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("root_version", sa.Integer, nullable=False),
    sa.Column("published_at", UtcDateTime, nullable=False),
    sa.Column("directory_sha256", HEX, nullable=False, comment="digest of the document; its rows are node…"),
    sa.Column("hub_keys", sa.Text, nullable=False, comment="the document, as officers signed it"),
    sa.Column("policy", sa.Text, nullable=False, comment="the document, as officers signed it"),
    comment="What officers have signed and this hub has published; the newest governs. Empty: a test bench.",
)

trust_change = sa.Table(
    "trust_change",
    metadata,
    sa.Column("id", SERIAL, primary_key=True),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("node_id", sa.String(64), nullable=False),
    sa.Column("change", sa.JSON, nullable=False, comment="as protocol.trust.changes writes it"),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("targets_version", sa.ForeignKey("trust_version.targets_version")),
    sa.CheckConstraint("state IN ('staged', 'published', 'withdrawn')", name="state"),
    sa.Index(
        "ix_trust_change_staged",
        "id",
        sqlite_where=sa.text("state = 'staged'"),
        postgresql_where=sa.text("state = 'staged'"),
    ),
    comment="Changes of the directory that wait for the officers' signatures.",
)
