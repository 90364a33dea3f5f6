"""Who is at work on a hub's home folder: one process with the jobs, and none while the database changes form.

Advisory locks of the operating system: each ends with its process, however that ends. They hold between
machines as well that share the folder, as far as its file system carries locks (NFS does).
"""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Final, Self

_WORKING: Final = "working.lock"
_RUNNING: Final = "running.lock"


class _Lock:
    """A lock on a file of its own; nothing is locked before one of the methods of a subclass is called."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    def _take(self, operation: int) -> bool:
        """Take the lock; return False if another process has it in a way that excludes this one."""
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, operation)
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

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


class HomeLock(_Lock):
    """Held by the process whose worker takes the jobs of `home`: one, unless a broker shares the work out."""

    def __init__(self, home: Path) -> None:
        """Nothing is locked yet."""
        super().__init__(home / _WORKING)

    def acquire(self) -> bool:
        """Take the lock; return False if another process has it."""
        return self._take(fcntl.LOCK_EX | fcntl.LOCK_NB)


class RunningLock(_Lock):
    """Held by every process that runs the hub in `home`, or by the one that changes its database's form."""

    def __init__(self, home: Path) -> None:
        """Nothing is locked yet."""
        super().__init__(home / _RUNNING)

    def share(self) -> None:
        """Hold it beside other processes that run; wait for one that changes the database, which is quick."""
        self._take(fcntl.LOCK_SH)

    def alone(self) -> bool:
        """Hold it and let nobody else run; return False if somebody does."""
        return self._take(fcntl.LOCK_EX | fcntl.LOCK_NB)
