"""Periods, compiled cubes and releases."""

import sqlalchemy as sa

from hub.store.models.columns import HEX, SERIAL, UtcDateTime, metadata

period_state = sa.Table(
    "period_state",
    metadata,
    sa.Column("dataset", sa.String(32), primary_key=True),
    sa.Column("period", sa.String(8), primary_key=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("closed_at", UtcDateTime),
    sa.CheckConstraint("state IN ('open', 'closed')", name="state"),
    comment="A period without a row is open once it has ended.",
)

cube = sa.Table(
    "cube",
    metadata,
    sa.Column("id", SERIAL, primary_key=True),
    sa.Column("dataset", sa.String(32), nullable=False),
    sa.Column("period", sa.String(8), nullable=False),
    sa.Column("sha256", HEX, nullable=False, comment="digest of its canonical rows"),
    sa.Column(
        "inputs",
        sa.JSON,
        nullable=False,
        comment="area id -> statement id; of a computed year also: quarter -> digest of its cube",
    ),
    sa.Column(
        "areas",
        sa.JSON,
        nullable=False,
        server_default="[]",
        comment="reporting areas whose delivery is in it",
    ),
    sa.Column("inputs_sha256", HEX, nullable=False),
    sa.Column("catalogue_sha256", HEX, nullable=False),
    sa.Column("built_at", UtcDateTime, nullable=False),
    sa.UniqueConstraint("dataset", "period", "inputs_sha256", "catalogue_sha256"),
    comment="The statewide table of one dataset and period: a pure function of inputs and catalogue.",
)

observation = sa.Table(
    "observation",
    metadata,
    sa.Column("cube_id", SERIAL, sa.ForeignKey("cube.id"), primary_key=True, autoincrement=False),
    sa.Column(
        "cell", sa.Integer, primary_key=True, autoincrement=False, comment="row in grid_of(dataset).keys"
    ),
    sa.Column("area_ix", sa.SmallInteger, sa.ForeignKey("area.ix"), primary_key=True, autoincrement=False),
    sa.Column(
        "state", sa.SmallInteger, nullable=False, comment="code of the CellState (protocol.observations)"
    ),
    sa.Column("value", sa.BigInteger, comment="null unless the figure is exactly known from published cells"),
    sa.Column("lower", sa.BigInteger, comment="guaranteed lower bound"),
    sa.Column("upper", sa.BigInteger, comment="guaranteed upper bound; null = open"),
    sa.Column("expected", sa.SmallInteger, nullable=False, comment="areas that should have delivered"),
    sa.Column("delivered", sa.SmallInteger, nullable=False, comment="areas that have"),
    sa.Column("withheld", sa.SmallInteger, nullable=False, comment="delivered areas whose cell is withheld"),
    sqlite_with_rowid=False,
)

release = sa.Table(
    "release",
    metadata,
    sa.Column("id", SERIAL, primary_key=True),
    sa.Column("number", sa.Integer, nullable=False, unique=True),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("note", sa.String(500), nullable=False, server_default=""),
)

release_cube = sa.Table(
    "release_cube",
    metadata,
    sa.Column("release_id", sa.ForeignKey("release.id"), primary_key=True),
    sa.Column("dataset", sa.String(32), primary_key=True),
    sa.Column("period", sa.String(8), primary_key=True),
    sa.Column("cube_id", sa.ForeignKey("cube.id"), nullable=False, index=True),
    sqlite_with_rowid=False,
)

release_flag = sa.Table(
    "release_flag",
    metadata,
    sa.Column("release_id", sa.ForeignKey("release.id"), primary_key=True),
    sa.Column("submission_id", sa.ForeignKey("submission.id"), primary_key=True),
    sa.Column("code", sa.String(64), nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sqlite_with_rowid=False,
    comment="Releases are never edited: what was found out later about what is in them.",
)

published = sa.Table(
    "published",
    metadata,
    sa.Column("one", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("release_id", sa.ForeignKey("release.id"), nullable=False),
    sa.CheckConstraint("one = 1", name="one"),
    comment="The pointer that readers follow; switched in the transaction that writes the release.",
)
