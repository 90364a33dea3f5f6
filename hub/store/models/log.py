"""The transparency log."""

import sqlalchemy as sa

from hub.store.models.columns import UtcDateTime, metadata

log_head = sa.Table(
    "log_head",
    metadata,
    sa.Column("one", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("size", sa.BigInteger, nullable=False, comment="leaves there are"),
    sa.Column("newest_at", UtcDateTime, comment="hub time of the newest leaf"),
    sa.Column(
        "halted",
        sa.Boolean,
        nullable=False,
        server_default=sa.false(),
        comment="the signer refuses what it found: nothing is logged any more",
    ),
    sa.CheckConstraint("one = 1", name="one"),
    comment="The row that whoever appends holds until the end of its transaction: leaves have no gaps.",
)

log_leaf = sa.Table(
    "log_leaf",
    metadata,
    sa.Column(
        "seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=False
    ),
    sa.Column("subject", sa.String(128), nullable=False, index=True, comment="id of the event"),
    sa.Column("entry", sa.LargeBinary, nullable=False, comment="the event, byte for byte"),
    sa.Column(
        "hashes",
        sa.LargeBinary,
        nullable=False,
        comment="leaf hash, then those of the subtrees that this leaf completes, from level 1 on",
    ),
    comment="The transparency log; leaf n is row n.",
)

log_checkpoint = sa.Table(
    "log_checkpoint",
    metadata,
    sa.Column("size", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("note", sa.Text, nullable=False, comment="as the signer signed it, without cosignatures"),
    sa.Column("signed_at", UtcDateTime, nullable=False),
    comment="What is served; what was really signed last is known to the signer alone (home/log/).",
)

log_cosignature = sa.Table(
    "log_cosignature",
    metadata,
    sa.Column("size", sa.ForeignKey("log_checkpoint.size"), primary_key=True),
    sa.Column("name", sa.String(64), primary_key=True, comment="witness; of a node, its id"),
    sa.Column("line", sa.String(500), nullable=False, comment="its signature line"),
    sa.Column("received_at", UtcDateTime, nullable=False),
    sqlite_with_rowid=False,
)
