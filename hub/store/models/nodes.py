"""Areas, nodes and their keys; invitations, requests to have keys entered, nonces of signed requests."""

import sqlalchemy as sa

from hub.store.models.columns import HEX, SERIAL, UtcDateTime, metadata

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
    sa.Column("keyid", HEX, primary_key=True),
    sa.Column("node_id", sa.ForeignKey("node.id"), nullable=False, index=True),
    sa.Column("public_key", HEX, nullable=False, unique=True),
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
    sa.Column("id", SERIAL, primary_key=True),
    sa.Column("node_id", sa.String(64), nullable=False, comment="the one node that may use it"),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("areas", sa.JSON, nullable=False, comment="what the node will deliver for"),
    sa.Column("verifier", HEX, nullable=False, comment="derived from the token; the token is not kept"),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column(
        "wrong_tokens", sa.SmallInteger, nullable=False, comment="how many came for it while it was open"
    ),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("created_by", sa.String(64), nullable=False),
    sa.Column("expires_at", UtcDateTime, nullable=False),
    sa.CheckConstraint("state IN ('open', 'used', 'replaced')", name="state"),
    sa.CheckConstraint("wrong_tokens >= 0", name="wrong_tokens"),
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
    sa.Column("id", HEX, primary_key=True, comment="statement id of the signed request"),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("node_id", sa.String(64), nullable=False, index=True),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("areas", sa.JSON, nullable=False),
    sa.Column("invitation_id", sa.ForeignKey("invitation.id")),
    sa.Column("envelope_sha256", HEX, nullable=False, comment="blob: the signed request, byte for byte"),
    sa.Column("sign_key", HEX, nullable=False, comment="public key, hex"),
    sa.Column("witness_key", HEX, nullable=False, comment="public key, hex"),
    sa.Column("old_keyid", HEX, comment="of a rotation: the key that vouches"),
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
    sa.Column("keyid", HEX, primary_key=True),
    sa.Column("nonce", sa.String(64), primary_key=True),
    sa.Column("seen_at", UtcDateTime, nullable=False, index=True),
    sqlite_with_rowid=False,
    comment="Signed requests of the last minutes: each is taken once; swept.",
)
