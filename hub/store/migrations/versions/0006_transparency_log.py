"""The transparency log: leaves that only grow, checkpoints and what witnesses signed.

What happened before is not in the log: it begins with the first event after this migration.
"""

import sqlalchemy as sa
from alembic import op

from hub.store.models import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "log_head",
        sa.Column("one", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False, comment="leaves there are"),
        sa.Column("newest_at", UtcDateTime(timezone=True), comment="hub time of the newest leaf"),
        sa.Column(
            "halted",
            sa.Boolean(),
            server_default=sa.false(),
            nullable=False,
            comment="the signer refuses what it found: nothing is logged any more",
        ),
        sa.CheckConstraint("one = 1", name=op.f("ck_log_head_one")),
        sa.PrimaryKeyConstraint("one", name=op.f("pk_log_head")),
        comment="The row that whoever appends holds until the end of its transaction: leaves have no gaps.",
    )
    op.execute("INSERT INTO log_head (one, size) VALUES (1, 0)")
    op.create_table(
        "log_leaf",
        sa.Column(
            "seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("subject", sa.String(length=128), nullable=False, comment="id of the event"),
        sa.Column("entry", sa.LargeBinary(), nullable=False, comment="the event, byte for byte"),
        sa.Column(
            "hashes",
            sa.LargeBinary(),
            nullable=False,
            comment="leaf hash, then those of the subtrees that this leaf completes, from level 1 on",
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_log_leaf")),
        comment="The transparency log; leaf n is row n.",
    )
    op.create_index(op.f("ix_log_leaf_subject"), "log_leaf", ["subject"])
    op.create_table(
        "log_checkpoint",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("note", sa.Text(), nullable=False, comment="as the signer signed it, without cosignatures"),
        sa.Column("signed_at", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_log_checkpoint")),
        comment="What is served; what was really signed last is known to the signer alone (home/log/).",
    )
    op.create_table(
        "log_cosignature",
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False, comment="witness; of a node, its id"),
        sa.Column("line", sa.String(length=500), nullable=False, comment="its signature line"),
        sa.Column("received_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["size"], ["log_checkpoint.size"], name=op.f("fk_log_cosignature_size_log_checkpoint")
        ),
        sa.PrimaryKeyConstraint("size", "name", name=op.f("pk_log_cosignature")),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "sqlite":
        _guard_sqlite()
    else:
        _guard_postgresql()


def _guard_sqlite() -> None:
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER log_leaf_no_{verb.lower()} BEFORE {verb} ON log_leaf "
            "BEGIN SELECT RAISE(ABORT, 'log_leaf only grows'); END"
        )
    # OR REPLACE would delete without asking the trigger above: a row that is there is refused here.
    op.execute(
        "CREATE TRIGGER log_leaf_in_order BEFORE INSERT ON log_leaf "
        "WHEN NEW.seq <> (SELECT COALESCE(MAX(seq) + 1, 0) FROM log_leaf) "
        "BEGIN SELECT RAISE(ABORT, 'log_leaf has no gaps'); END"
    )
    op.execute(
        "CREATE TRIGGER log_head_no_delete BEFORE DELETE ON log_head "
        "BEGIN SELECT RAISE(ABORT, 'log_head stays'); END"
    )
    op.execute(
        "CREATE TRIGGER log_head_no_shrink BEFORE UPDATE ON log_head WHEN NEW.size < OLD.size "
        "BEGIN SELECT RAISE(ABORT, 'log_head only grows'); END"
    )


def _guard_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION log_leaf_only_grows() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'log_leaf only grows'; END $$"
    )
    op.execute(
        "CREATE TRIGGER log_leaf_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON log_leaf "
        "FOR EACH STATEMENT EXECUTE FUNCTION log_leaf_only_grows()"
    )
    op.execute(
        "CREATE FUNCTION log_leaf_is_next() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN IF NEW.seq <> (SELECT COALESCE(MAX(seq) + 1, 0) FROM log_leaf) THEN "
        "RAISE EXCEPTION 'log_leaf has no gaps'; END IF; RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER log_leaf_in_order BEFORE INSERT ON log_leaf "
        "FOR EACH ROW EXECUTE FUNCTION log_leaf_is_next()"
    )
    op.execute(
        "CREATE FUNCTION log_head_only_grows() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN IF TG_OP = 'UPDATE' THEN IF NEW.size >= OLD.size THEN RETURN NEW; END IF; END IF; "
        "RAISE EXCEPTION 'log_head only grows'; END $$"
    )
    op.execute(
        "CREATE TRIGGER log_head_no_shrink BEFORE UPDATE OR DELETE ON log_head "
        "FOR EACH ROW EXECUTE FUNCTION log_head_only_grows()"
    )


def downgrade() -> None:
    """Undo."""
    for table in ("log_cosignature", "log_checkpoint", "log_leaf", "log_head"):
        op.drop_table(table)
    if op.get_bind().dialect.name != "sqlite":
        for function in ("log_leaf_only_grows", "log_leaf_is_next", "log_head_only_grows"):
            op.execute(f"DROP FUNCTION {function}")
