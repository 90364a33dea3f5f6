"""The node's log: one JSON object per line, with fields from a fixed list.

Invariants: a field that is not on the list cannot be logged, so no row value can; the file is readable for
the node's user only. It grows to a limit and is then set aside once.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Final, Literal

from node.clock import Clock, timestamp

_MAX_BYTES: Final = 5 << 20
_MODE: Final = 0o600

Field = Literal[
    "command", "node", "area", "dataset", "period", "revision", "id", "state", "code", "cells", "withheld",
    "rows", "quarantined", "seconds", "version", "exit_code", "place", "deliveries",
]  # fmt: skip


class Logbook:
    """Appends events to a file; failing to log never stops a command."""

    def __init__(self, path: Path | None, *, clock: Clock) -> None:
        """Log to ``path``, or nowhere."""
        self._path = path
        self._clock = clock

    def write(self, event: str, fields: dict[Field, str | int | float | None]) -> None:
        """Append one event.

        Args:
            event: what happened, for example ``delivery.accepted``.
            fields: what belongs to it; None is left out.
        """
        if self._path is None:
            return
        known = {name: value for name, value in fields.items() if value is not None}
        line = json.dumps({"at": timestamp(self._clock.now()), "event": event, **known}, ensure_ascii=False)
        try:
            self._append(self._path, line + "\n")
        except OSError:
            return

    @staticmethod
    def _append(path: Path, line: str) -> None:
        if path.exists() and path.stat().st_size > _MAX_BYTES:
            path.replace(path.with_suffix(path.suffix + ".1"))
        # Never through a link that somebody put in its place.
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
        descriptor = os.open(path, flags, _MODE)
        with os.fdopen(descriptor, "a", encoding="utf-8") as file:
            file.write(line)
