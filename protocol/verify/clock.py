"""Time enters `kim-verify` here and nowhere else: lifetimes of what officers signed are judged by it."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """Return the machine's time."""
    return datetime.now(UTC)
