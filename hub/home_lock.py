"""One process works for a hub's home folder at a time, unless a broker shares the work out.

An advisory lock of the operating system: it ends with the process, however that ends.
"""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Final

_NAME: Final = "working.lock"


class HomeLock:
    """Held by the process whose worker takes the jobs of `home`."""

    def __init__(self, home: Path) -> None:
        """Nothing is locked yet."""
        self._path = home / _NAME
        self._handle: int | None = None

    def acquire(self) -> bool:
        """Take the lock; return False if another process has it."""
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        self._handle = handle
        return True

    def release(self) -> None:
        """Give the lock back, if it is held."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def __enter__(self) -> "HomeLock":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()
