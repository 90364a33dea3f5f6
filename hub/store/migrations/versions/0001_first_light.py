"""First light: nodes, submissions, periods, cubes, releases, and the two tables that only grow.

The first migration: there is no earlier release it would have to fit.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


# SQLite counts up by itself only on a plain INTEGER PRIMARY KEY.
_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_APPEND_ONLY = ("submission_event", "audit_event")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "area",
        sa.Column("ix", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.CheckConstraint("kind IN ('leaf', 'aggregate')", name=op.f("ck_area_kind")),
        sa.PrimaryKeyConstraint("ix", name=op.f("pk_area")),
        sa.UniqueConstraint("id", name=op.f("uq_area_id")),
        comment="Small numbers for the ids of regions; a number is never given to another region.",
    )
    op.create_table(
        "audit_event",
        sa.Column("id", _SERIAL, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_event")),
    )
    op.create_table(
        "cube",
        sa.Column("id", _SERIAL, nullable=False),
        sa.Column("dataset", sa.String(length=32), nullable=False),
        sa.Column("period", sa.String(length=8), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False, comment="digest of its canonical rows"),
        sa.Column(
            "inputs",
            sa.JSON(),
            nullable=False,
            comment="area id -> statement id; of a computed year also: quarter -> digest of its cube",
        ),
        sa.Column("inputs_sha256", sa.String(length=64), nullable=False),
        sa.Column("catalogue_sha256", sa.String(length=64), nullable=False),
        sa.Column("built_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cube")),
        sa.UniqueConstraint(
            "dataset",
            "period",
            "inputs_sha256",
            "catalogue_sha256",
            name=op.f("uq_cube_dataset_period_inputs_sha256_catalogue_sha256"),
        ),
        comment="The statewide table of one dataset and period: a pure function of inputs and catalogue.",
    )
    op.create_table(
        "node",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("area", sa.String(length=16), nullable=False, comment="the one it is listed under"),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("status IN ('active', 'suspended')", name=op.f("ck_node_status")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_node")),
        sa.UniqueConstraint("area", name=op.f("uq_node_area")),
    )
    op.create_table(
        "period_state",
        sa.Column("dataset", sa.String(length=32), nullable=False),
        sa.Column("period", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('open', 'closed')", name=op.f("ck_period_state_state")),
        sa.PrimaryKeyConstraint("dataset", "period", name=op.f("pk_period_state")),
        comment="A period without a row is open once it has ended.",
    )
    op.create_table(
        "release",
        sa.Column("id", _SERIAL, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.String(length=500), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_release")),
        sa.UniqueConstraint("number", name=op.f("uq_release_number")),
    )
    op.create_table(
        "node_key",
        sa.Column("keyid", sa.String(length=64), nullable=False),
        sa.Column("node_id", sa.String(length=64), nullable=False),
        sa.Column("public_key", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status IN ('active', 'retiring', 'revoked')", name=op.f("ck_node_key_status")),
        sa.ForeignKeyConstraint(["node_id"], ["node.id"], name=op.f("fk_node_key_node_id_node")),
        sa.PrimaryKeyConstraint("keyid", name=op.f("pk_node_key")),
        sa.UniqueConstraint("public_key", name=op.f("uq_node_key_public_key")),
    )
    op.create_index("ix_node_key_node_id", "node_key", ["node_id"], unique=False)

    op.create_table(
        "observation",
        sa.Column("cube_id", _SERIAL, autoincrement=False, nullable=False),
        sa.Column(
            "cell", sa.Integer(), autoincrement=False, nullable=False, comment="row in grid_of(dataset).keys"
        ),
        sa.Column("area_ix", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "state",
            sa.SmallInteger(),
            nullable=False,
            comment="code of the CellState (protocol.observations)",
        ),
        sa.Column(
            "value",
            sa.BigInteger(),
            nullable=True,
            comment="null unless the figure is exactly known from published cells",
        ),
        sa.Column("lower", sa.BigInteger(), nullable=True, comment="guaranteed lower bound"),
        sa.Column("upper", sa.BigInteger(), nullable=True, comment="guaranteed upper bound; null = open"),
        sa.Column("expected", sa.SmallInteger(), nullable=False, comment="areas that should have delivered"),
        sa.Column("delivered", sa.SmallInteger(), nullable=False, comment="areas that have"),
        sa.Column(
            "withheld", sa.SmallInteger(), nullable=False, comment="delivered areas whose cell is withheld"
        ),
        sa.ForeignKeyConstraint(["area_ix"], ["area.ix"], name=op.f("fk_observation_area_ix_area")),
        sa.ForeignKeyConstraint(["cube_id"], ["cube.id"], name=op.f("fk_observation_cube_id_cube")),
        sa.PrimaryKeyConstraint("cube_id", "cell", "area_ix", name=op.f("pk_observation")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "published",
        sa.Column("one", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("release_id", _SERIAL, nullable=False),
        sa.CheckConstraint("one = 1", name=op.f("ck_published_one")),
        sa.ForeignKeyConstraint(["release_id"], ["release.id"], name=op.f("fk_published_release_id_release")),
        sa.PrimaryKeyConstraint("one", name=op.f("pk_published")),
        comment="The pointer that readers follow; switched in the transaction that writes the release.",
    )
    op.create_table(
        "release_cube",
        sa.Column("release_id", _SERIAL, nullable=False),
        sa.Column("dataset", sa.String(length=32), nullable=False),
        sa.Column("period", sa.String(length=8), nullable=False),
        sa.Column("cube_id", _SERIAL, nullable=False),
        sa.ForeignKeyConstraint(["cube_id"], ["cube.id"], name=op.f("fk_release_cube_cube_id_cube")),
        sa.ForeignKeyConstraint(
            ["release_id"], ["release.id"], name=op.f("fk_release_cube_release_id_release")
        ),
        sa.PrimaryKeyConstraint("release_id", "dataset", "period", name=op.f("pk_release_cube")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_release_cube_cube_id", "release_cube", ["cube_id"], unique=False)

    op.create_table(
        "submission",
        sa.Column(
            "id",
            sa.String(length=64),
            nullable=False,
            comment="statement id: hex SHA-256 of the signed bytes (PAE)",
        ),
        sa.Column("node_id", sa.String(length=64), nullable=False),
        sa.Column("keyid", sa.String(length=64), nullable=False),
        sa.Column("area", sa.String(length=16), nullable=False),
        sa.Column("dataset", sa.String(length=32), nullable=False, comment="short id, e.g. CASES"),
        sa.Column("period", sa.String(length=8), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("supersedes", sa.String(length=64), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column(
            "envelope_sha256",
            sa.String(length=64),
            nullable=False,
            comment="blob: the signed envelope, byte for byte",
        ),
        sa.Column(
            "payload_sha256",
            sa.String(length=64),
            nullable=False,
            comment="blob once received: the payload, byte for byte",
        ),
        sa.Column("payload_size", sa.BigInteger(), nullable=False),
        sa.Column("payload_rows", sa.BigInteger(), nullable=False),
        sa.Column("chunk_bytes", sa.Integer(), nullable=False),
        sa.Column("min_contributors", sa.Integer(), nullable=False),
        sa.Column(
            "canonical_sha256",
            sa.String(length=64),
            nullable=True,
            comment="blob: the sandbox's rewritten output (cell columns)",
        ),
        sa.Column(
            "bounds_sha256",
            sa.String(length=64),
            nullable=True,
            comment="blob: exact lower and upper bound of every cell",
        ),
        sa.Column("announced_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem_code", sa.String(length=64), nullable=True),
        sa.Column(
            "problem",
            sa.JSON(none_as_null=True),
            nullable=True,
            comment="problem document; pointers and codes, no values",
        ),
        sa.CheckConstraint(
            "state IN ('announced', 'uploading', 'received', 'verifying', "
            "'accepted', 'rejected', 'superseded')",
            name=op.f("ck_submission_state"),
        ),
        sa.CheckConstraint("payload_size >= 0 AND chunk_bytes > 0", name=op.f("ck_submission_size")),
        sa.CheckConstraint("revision >= 1", name=op.f("ck_submission_revision")),
        sa.ForeignKeyConstraint(["keyid"], ["node_key.keyid"], name=op.f("fk_submission_keyid_node_key")),
        sa.ForeignKeyConstraint(["node_id"], ["node.id"], name=op.f("fk_submission_node_id_node")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submission")),
    )
    op.create_index("ix_submission_compile", "submission", ["dataset", "period", "state"], unique=False)
    op.create_index("ix_submission_state", "submission", ["state", "state_since"], unique=False)
    op.create_index(
        "uq_submission_chain",
        "submission",
        ["node_id", "dataset", "period", "revision"],
        unique=True,
        sqlite_where=sa.text("state <> 'rejected'"),
        postgresql_where=sa.text("state <> 'rejected'"),
    )

    op.create_table(
        "submission_chunk",
        sa.Column("submission_id", sa.String(length=64), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submission.id"], name=op.f("fk_submission_chunk_submission_id_submission")
        ),
        sa.PrimaryKeyConstraint("submission_id", "n", name=op.f("pk_submission_chunk")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "submission_event",
        sa.Column("id", _SERIAL, nullable=False),
        sa.Column("submission_id", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submission.id"], name=op.f("fk_submission_event_submission_id_submission")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submission_event")),
    )
    op.create_index("ix_submission_event_submission_id", "submission_event", ["submission_id"], unique=False)
    for table in _APPEND_ONLY:
        _forbid_changes(table)


def _forbid_changes(table: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} only grows'); END"
            )
        return
    op.execute(
        f"CREATE FUNCTION {table}_only_grows() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{table} only grows'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_only_grows()"
    )


def downgrade() -> None:
    """Undo."""
    if op.get_bind().dialect.name != "sqlite":
        for table in _APPEND_ONLY:
            op.execute(f"DROP FUNCTION {table}_only_grows CASCADE")
    op.drop_table("submission_event")
    op.drop_table("submission_chunk")
    op.drop_table("submission")
    op.drop_table("release_cube")
    op.drop_table("published")
    op.drop_table("observation")
    op.drop_table("node_key")
    op.drop_table("release")
    op.drop_table("period_state")
    op.drop_table("node")
    op.drop_table("cube")
    op.drop_table("audit_event")
    op.drop_table("area")
