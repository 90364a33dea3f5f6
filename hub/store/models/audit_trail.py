"""Who did what."""

import sqlalchemy as sa

from hub.store.models.columns import SERIAL, UtcDateTime, metadata

audit_event = sa.Table(
    "audit_event",
    metadata,
    sa.Column("id", SERIAL, primary_key=True),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("action", sa.String(64), nullable=False),
    sa.Column("subject", sa.String(200), nullable=False),
    sa.Column("detail", sa.JSON, nullable=False),
    sa.Index("ix_audit_event_actor", "actor", "id"),
    sa.Index("ix_audit_event_action", "action", "id"),
)
