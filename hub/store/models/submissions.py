"""What comes in: submissions with their chunks, events and findings; what was granted, where none does."""

import sqlalchemy as sa

from hub.store.models.columns import HEX, SERIAL, UtcDateTime, metadata

submission = sa.Table(
    "submission",
    metadata,
    sa.Column("id", HEX, primary_key=True, comment="statement id: hex SHA-256 of the signed bytes (PAE)"),
    sa.Column("node_id", sa.ForeignKey("node.id"), nullable=False),
    sa.Column("keyid", sa.ForeignKey("node_key.keyid"), nullable=False),
    sa.Column("area", sa.String(16), nullable=False),
    sa.Column("dataset", sa.String(32), nullable=False, comment="short id, e.g. CASES"),
    sa.Column("period", sa.String(8), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("supersedes", HEX),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("envelope_sha256", HEX, nullable=False, comment="blob: the signed envelope, byte for byte"),
    sa.Column(
        "payload_sha256", HEX, nullable=False, comment="blob once received: the payload, byte for byte"
    ),
    sa.Column("payload_size", sa.BigInteger, nullable=False),
    sa.Column("payload_rows", sa.BigInteger, nullable=False),
    sa.Column("chunk_bytes", sa.Integer, nullable=False),
    sa.Column("min_contributors", sa.Integer, nullable=False),
    sa.Column("canonical_sha256", HEX, comment="blob: the sandbox's rewritten output (cell columns)"),
    sa.Column("bounds_sha256", HEX, comment="blob: exact lower and upper bound of every cell"),
    sa.Column("announced_at", UtcDateTime, nullable=False),
    sa.Column("state_since", UtcDateTime, nullable=False),
    sa.Column("received_at", UtcDateTime),
    sa.Column("decided_at", UtcDateTime),
    sa.Column("problem_code", sa.String(64)),
    sa.Column(
        "problem", sa.JSON(none_as_null=True), comment="problem document; pointers and codes, no values"
    ),
    sa.Column("series_break", sa.String(500), comment="why the series begins anew with this period"),
    sa.Column("validated_at", UtcDateTime, comment="when it was last compared with the area's other figures"),
    sa.Column(
        "audit",
        sa.String(16),
        comment="what the hub's audit says of it beside the area's others; null: not looked at yet",
    ),
    sa.CheckConstraint("revision >= 1", name="revision"),
    sa.CheckConstraint("audit IN ('safe', 'open', 'confirmed', 'unknown', 'by_rule')", name="audit"),
    sa.CheckConstraint("payload_size >= 0 AND chunk_bytes > 0", name="size"),
    sa.CheckConstraint(
        "state IN ('announced', 'uploading', 'received', 'verifying', 'accepted', 'rejected', 'superseded', "
        "'quarantined')",
        name="state",
    ),
    sa.Index(
        "uq_submission_chain",
        "node_id",
        "area",
        "dataset",
        "period",
        "revision",
        unique=True,
        sqlite_where=sa.text("state <> 'rejected'"),
        postgresql_where=sa.text("state <> 'rejected'"),
    ),
    sa.Index(
        "ix_submission_uncompared",
        "area",
        sqlite_where=sa.text("state = 'accepted' AND validated_at IS NULL"),
        postgresql_where=sa.text("state = 'accepted' AND validated_at IS NULL"),
    ),
    sa.Index("ix_submission_compile", "dataset", "period", "state"),
    sa.Index("ix_submission_state", "state", "state_since"),
)

submission_finding = sa.Table(
    "submission_finding",
    metadata,
    sa.Column("submission_id", sa.ForeignKey("submission.id"), primary_key=True),
    sa.Column("rule", sa.String(64), primary_key=True, comment="id of an identity or plausibility rule"),
    sa.Column("cells", sa.Integer, nullable=False, comment="cells that do not fit"),
    sa.Column("rows", sa.JSON, nullable=False, comment="the first of them: rows in grid_of(dataset).keys"),
    sa.Column("confirmed_at", UtcDateTime),
    sa.Column("reason", sa.String(500), comment="why the figures are right all the same"),
    sa.Column("first_by", sa.String(64), comment="login of the first of two, where confirming takes two"),
    sa.Column("first_reason", sa.String(500), comment="why, in their words"),
    sqlite_with_rowid=False,
    comment="What somebody has to confirm or correct; names places, never values.",
)

submission_chunk = sa.Table(
    "submission_chunk",
    metadata,
    sa.Column("submission_id", sa.ForeignKey("submission.id"), primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("sha256", HEX, nullable=False),
    sa.Column("stored_at", UtcDateTime, nullable=False),
    sqlite_with_rowid=False,
)

submission_event = sa.Table(
    "submission_event",
    metadata,
    sa.Column("id", SERIAL, primary_key=True),
    sa.Column("submission_id", sa.ForeignKey("submission.id"), nullable=False, index=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("code", sa.String(64)),
)

grant_table = sa.Table(
    "grant_table",
    metadata,
    sa.Column("period", sa.String(8), primary_key=True),
    sa.Column("area", sa.String(16), primary_key=True),
    sa.Column("source_sha256", HEX, nullable=False, comment="digest of the list, which is not kept"),
    sa.Column("cells_sha256", HEX, nullable=False, comment="blob: the protected table (cell columns)"),
    sa.Column("bounds_sha256", HEX, nullable=False, comment="blob: lower and upper bound of every cell"),
    sa.Column("imported_at", UtcDateTime, nullable=False),
    sa.Column("salt", HEX, comment="hides the digest of the cells in the log; none in what is older"),
    sqlite_with_rowid=False,
    comment="What the granting authority granted: counts where an area does not deliver its funds.",
)
