"""The relational schema, as SQLAlchemy Core tables: state machines, evidence, compiled cubes, releases.

Invariants that the schema itself enforces:

* one submission per (node, area, dataset, period, revision) among those not rejected: a race has one winner;
* one node per area, so no area is merged twice;
* `submission_event`, `audit_event` and `log_leaf` only grow (triggers, see the migrations), the last one
  without gaps;
* a cube is never edited: other inputs make another cube, `published` points to one release.

Values are int64, scaled by the indicator's `decimals`; nothing here is a float. Observations are clustered in
query order: one cube (dataset and period), one cell (row number in the grid of the dataset), then the areas,
so a map is one contiguous read and a time series one seek per period.

It deliberately holds no row of microdata and no private key, and of people only what an account needs.
"""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcDateTime(sa.TypeDecorator[dt.datetime]):
    """A moment in UTC. SQLite keeps no offset: naive values are refused going in, made aware coming out."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(
        self,
        value: dt.datetime | None,
        dialect: Dialect,  # noqa: ARG002 -- the interface of SQLAlchemy
    ) -> dt.datetime | None:
        """Convert to UTC; a naive datetime raises ValueError."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without an offset is not stored")
        return value.astimezone(dt.UTC)

    def process_result_value(
        self,
        value: dt.datetime | None,
        dialect: Dialect,  # noqa: ARG002 -- the interface of SQLAlchemy
    ) -> dt.datetime | None:
        """Return an aware datetime in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


# SQLite counts up by itself only on a plain INTEGER PRIMARY KEY.
_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_HEX = sa.String(64)

area = sa.Table(
    "area",
    metadata,
    sa.Column("ix", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("id", sa.String(16), nullable=False, unique=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.CheckConstraint("kind IN ('leaf', 'aggregate')", name="kind"),
    comment="Small numbers for the ids of regions; a number is never given to another region.",
)

node = sa.Table(
    "node",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("area", sa.String(16), nullable=False, unique=True, comment="the one it is listed under"),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("registered_at", UtcDateTime, nullable=False),
    sa.CheckConstraint("status IN ('active', 'suspended')", name="status"),
)

node_area = sa.Table(
    "node_area",
    metadata,
    sa.Column("area", sa.String(16), primary_key=True),
    sa.Column("node_id", sa.ForeignKey("node.id"), nullable=False, index=True),
    sqlite_with_rowid=False,
    comment="Who delivers for an area; a joint authority's area may be delivered beside a leaf.",
)

node_key = sa.Table(
    "node_key",
    metadata,
    sa.Column("keyid", _HEX, primary_key=True),
    sa.Column("node_id", sa.ForeignKey("node.id"), nullable=False, index=True),
    sa.Column("public_key", _HEX, nullable=False, unique=True),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("added_at", UtcDateTime, nullable=False),
    sa.Column("revoked_at", UtcDateTime),
    sa.Column("use", sa.String(16), nullable=False, server_default="sign", comment="what it may sign"),
    sa.Column("not_before", UtcDateTime, comment="judged by the hub's time of receipt, like the next one"),
    sa.Column("not_after", UtcDateTime, comment="the first moment at which it is no longer valid"),
    sa.Column("compromised_since", UtcDateTime, comment="nothing received from then on counts"),
    sa.Column("reason", sa.String(16), comment="why it was revoked"),
    sa.CheckConstraint("status IN ('active', 'retiring', 'revoked')", name="status"),
    sa.CheckConstraint("use IN ('sign', 'witness')", name="use"),
    sa.CheckConstraint("reason IN ('superseded', 'compromised')", name="reason"),
)

invitation = sa.Table(
    "invitation",
    metadata,
    sa.Column("id", _SERIAL, primary_key=True),
    sa.Column("node_id", sa.String(64), nullable=False, comment="the one node that may use it"),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("areas", sa.JSON, nullable=False, comment="what the node will deliver for"),
    sa.Column("verifier", _HEX, nullable=False, comment="derived from the token; the token is not kept"),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("tries_left", sa.SmallInteger, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("created_by", sa.String(64), nullable=False),
    sa.Column("expires_at", UtcDateTime, nullable=False),
    sa.CheckConstraint("state IN ('open', 'used', 'locked', 'replaced')", name="state"),
    sa.CheckConstraint("tries_left >= 0", name="tries_left"),
    sa.Index(
        "uq_invitation_open",
        "node_id",
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    ),
)

enrolment = sa.Table(
    "enrolment",
    metadata,
    sa.Column("id", _HEX, primary_key=True, comment="statement id of the signed request"),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("node_id", sa.String(64), nullable=False, index=True),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("areas", sa.JSON, nullable=False),
    sa.Column("invitation_id", sa.ForeignKey("invitation.id")),
    sa.Column("envelope_sha256", _HEX, nullable=False, comment="blob: the signed request, byte for byte"),
    sa.Column("sign_key", _HEX, nullable=False, comment="public key, hex"),
    sa.Column("witness_key", _HEX, nullable=False, comment="public key, hex"),
    sa.Column("old_keyid", _HEX, comment="of a rotation: the key that vouches"),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("received_at", UtcDateTime, nullable=False),
    sa.Column("decided_at", UtcDateTime),
    sa.Column("decided_by", sa.String(64)),
    sa.CheckConstraint("kind IN ('enrol', 'rotation')", name="kind"),
    sa.CheckConstraint("state IN ('pending', 'approved', 'active', 'refused')", name="state"),
    comment="Requests of nodes to have their public keys entered.",
)

request_nonce = sa.Table(
    "request_nonce",
    metadata,
    sa.Column("keyid", _HEX, primary_key=True),
    sa.Column("nonce", sa.String(64), primary_key=True),
    sa.Column("seen_at", UtcDateTime, nullable=False, index=True),
    sqlite_with_rowid=False,
    comment="Signed requests of the last minutes: each is taken once; swept.",
)

submission = sa.Table(
    "submission",
    metadata,
    sa.Column("id", _HEX, primary_key=True, comment="statement id: hex SHA-256 of the signed bytes (PAE)"),
    sa.Column("node_id", sa.ForeignKey("node.id"), nullable=False),
    sa.Column("keyid", sa.ForeignKey("node_key.keyid"), nullable=False),
    sa.Column("area", sa.String(16), nullable=False),
    sa.Column("dataset", sa.String(32), nullable=False, comment="short id, e.g. CASES"),
    sa.Column("period", sa.String(8), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("supersedes", _HEX),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("envelope_sha256", _HEX, nullable=False, comment="blob: the signed envelope, byte for byte"),
    sa.Column(
        "payload_sha256", _HEX, nullable=False, comment="blob once received: the payload, byte for byte"
    ),
    sa.Column("payload_size", sa.BigInteger, nullable=False),
    sa.Column("payload_rows", sa.BigInteger, nullable=False),
    sa.Column("chunk_bytes", sa.Integer, nullable=False),
    sa.Column("min_contributors", sa.Integer, nullable=False),
    sa.Column("canonical_sha256", _HEX, comment="blob: the sandbox's rewritten output (cell columns)"),
    sa.Column("bounds_sha256", _HEX, comment="blob: exact lower and upper bound of every cell"),
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
    sqlite_with_rowid=False,
    comment="What somebody has to confirm or correct; names places, never values.",
)

grant_table = sa.Table(
    "grant_table",
    metadata,
    sa.Column("period", sa.String(8), primary_key=True),
    sa.Column("area", sa.String(16), primary_key=True),
    sa.Column("source_sha256", _HEX, nullable=False, comment="digest of the list, which is not kept"),
    sa.Column("cells_sha256", _HEX, nullable=False, comment="blob: the protected table (cell columns)"),
    sa.Column("bounds_sha256", _HEX, nullable=False, comment="blob: lower and upper bound of every cell"),
    sa.Column("imported_at", UtcDateTime, nullable=False),
    sqlite_with_rowid=False,
    comment="What the granting authority granted: counts where an area does not deliver its funds.",
)

submission_chunk = sa.Table(
    "submission_chunk",
    metadata,
    sa.Column("submission_id", sa.ForeignKey("submission.id"), primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("sha256", _HEX, nullable=False),
    sa.Column("stored_at", UtcDateTime, nullable=False),
    sqlite_with_rowid=False,
)

submission_event = sa.Table(
    "submission_event",
    metadata,
    sa.Column("id", _SERIAL, primary_key=True),
    sa.Column("submission_id", sa.ForeignKey("submission.id"), nullable=False, index=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("code", sa.String(64)),
)

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
    sa.Column("id", _SERIAL, primary_key=True),
    sa.Column("dataset", sa.String(32), nullable=False),
    sa.Column("period", sa.String(8), nullable=False),
    sa.Column("sha256", _HEX, nullable=False, comment="digest of its canonical rows"),
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
    sa.Column("inputs_sha256", _HEX, nullable=False),
    sa.Column("catalogue_sha256", _HEX, nullable=False),
    sa.Column("built_at", UtcDateTime, nullable=False),
    sa.UniqueConstraint("dataset", "period", "inputs_sha256", "catalogue_sha256"),
    comment="The statewide table of one dataset and period: a pure function of inputs and catalogue.",
)

observation = sa.Table(
    "observation",
    metadata,
    sa.Column("cube_id", _SERIAL, sa.ForeignKey("cube.id"), primary_key=True, autoincrement=False),
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
    sa.Column("id", _SERIAL, primary_key=True),
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

trust_version = sa.Table(
    "trust_version",
    metadata,
    sa.Column("targets_version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("root_version", sa.Integer, nullable=False),
    sa.Column("published_at", UtcDateTime, nullable=False),
    sa.Column("directory_sha256", _HEX, nullable=False, comment="digest of the document; its rows are node…"),
    sa.Column("hub_keys", sa.Text, nullable=False, comment="the document, as officers signed it"),
    sa.Column("policy", sa.Text, nullable=False, comment="the document, as officers signed it"),
    comment="What officers have signed and this hub has published; the newest governs. Empty: a test bench.",
)

trust_change = sa.Table(
    "trust_change",
    metadata,
    sa.Column("id", _SERIAL, primary_key=True),
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

audit_event = sa.Table(
    "audit_event",
    metadata,
    sa.Column("id", _SERIAL, primary_key=True),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("action", sa.String(64), nullable=False),
    sa.Column("subject", sa.String(200), nullable=False),
    sa.Column("detail", sa.JSON, nullable=False),
    sa.Index("ix_audit_event_actor", "actor", "id"),
    sa.Index("ix_audit_event_action", "action", "id"),
)

person = sa.Table(
    "person",
    metadata,
    sa.Column("id", _SERIAL, primary_key=True),
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
    sa.Column("code_mac", _HEX, primary_key=True),
    sqlite_with_rowid=False,
    comment="Recovery codes that were not used yet, as HMAC under the key in people.key.",
)

person_ticket = sa.Table(
    "person_ticket",
    metadata,
    sa.Column("token_sha256", _HEX, primary_key=True),
    sa.Column("person_id", sa.ForeignKey("person.id"), nullable=False, unique=True),
    sa.Column("expires_at", UtcDateTime, nullable=False),
    sqlite_with_rowid=False,
    comment="One-time links: whoever has one may choose the password.",
)

person_device = sa.Table(
    "person_device",
    metadata,
    sa.Column("token_sha256", _HEX, primary_key=True),
    sa.Column("person_id", sa.ForeignKey("person.id"), nullable=False, index=True),
    sa.Column("added_at", UtcDateTime, nullable=False),
    sqlite_with_rowid=False,
    comment="Browsers in which somebody has logged in before; strangers' guesses do not lock them out.",
)

person_session = sa.Table(
    "person_session",
    metadata,
    sa.Column("token_sha256", _HEX, primary_key=True),
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
    sa.Column("bucket", _HEX, primary_key=True, comment="HMAC of what is counted together; no name"),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("last_at", UtcDateTime, nullable=False, index=True),
    sa.Column("blocked_until", UtcDateTime),
    sqlite_with_rowid=False,
)

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

#: Tables whose rows are never changed or removed.
APPEND_ONLY = ("submission_event", "audit_event", "log_leaf")
