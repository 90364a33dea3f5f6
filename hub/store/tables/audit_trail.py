"""Reading the audit trail: who did what, filtered, newest first. `UnitOfWork.audit` alone writes it."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from hub.store import models


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """Who did what; `detail` holds names and codes."""

    id: int
    at: dt.datetime
    actor: str
    action: str
    subject: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which events are asked for; what is empty or None asks for all.

    Attributes:
        actor: exactly.
        action: exactly, or all that begin so if it ends with a dot.
        subject: exactly.
        since: from this moment on.
        until: before this moment.
    """

    actor: str = ""
    action: str = ""
    subject: str = ""
    since: dt.datetime | None = None
    until: dt.datetime | None = None


class AuditTrail:
    """The events, newest first, on one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        """Read on `connection`."""
        self._connection = connection

    def page(self, wanted: AuditFilter, *, before: int | None, limit: int) -> list[AuditEvent]:
        """Return at most `limit` events, those with smaller numbers than `before`, newest first."""
        table = models.audit_event
        found = sa.select(table).order_by(table.c.id.desc()).limit(limit)
        if before is not None:
            found = found.where(table.c.id < before)
        if wanted.actor:
            found = found.where(table.c.actor == wanted.actor)
        if wanted.action.endswith("."):
            found = found.where(table.c.action.startswith(wanted.action, autoescape=True))
        elif wanted.action:
            found = found.where(table.c.action == wanted.action)
        if wanted.subject:
            found = found.where(table.c.subject == wanted.subject)
        if wanted.since is not None:
            found = found.where(table.c.at >= wanted.since)
        if wanted.until is not None:
            found = found.where(table.c.at < wanted.until)
        return [
            AuditEvent(row.id, row.at, row.actor, row.action, row.subject, row.detail)
            for row in self._connection.execute(found)
        ]

    def actions(self) -> list[str]:
        """Return the actions that occur, ordered."""
        table = models.audit_event
        return list(
            self._connection.execute(sa.select(table.c.action).distinct().order_by(table.c.action)).scalars()
        )
