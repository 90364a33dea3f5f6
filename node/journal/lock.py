"""One command at a time changes a node's journal.

The operating system holds the lock and lets go of it when the process ends, however it ends; there is no
stale lock to clean up.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from node.durable_files import write_error
from protocol.errors import kim_error
from protocol.texts import Text

if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _try_lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


class NodeLock:
    """Context manager: inside it, this process is the only one that delivers for the node."""

    def __init__(self, path: Path) -> None:
        """Use the file ``path``; its folder must exist."""
        self._path = path
        self._descriptor: int | None = None

    def __enter__(self) -> Self:
        """Take the lock.

        Raises:
            KimError: ``node_locked`` if another process has it; ``cannot_write`` if this user may not use it.
        """
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise write_error(error, self._path) from error
        try:
            _try_lock(descriptor)
        except OSError as error:
            os.close(descriptor)
            raise kim_error(
                "node_locked",
                Text(
                    "Auf diesem Knoten läuft schon eine Lieferung.",
                    "A delivery is already running on this node.",
                ),
            ) from error
        self._descriptor = descriptor
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let go of it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
