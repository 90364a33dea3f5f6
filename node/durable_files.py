"""Files that only the node's user may read and that survive a power cut.

Invariant: a file is there with all its bytes or not at all.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Final

from protocol.errors import KimError, kim_error

PRIVATE_FILE_MODE: Final = 0o600
PRIVATE_FOLDER_MODE: Final = 0o700
_TEMPORARY: Final = ".tmp"


def create_private_file(path: Path, content: bytes) -> None:
    """Write a file that must not exist yet.

    Raises:
        FileExistsError: if it does.
        OSError: if it cannot be written.
    """
    _create(path, content)
    sync_folder(path.parent)


def replace_private_file(path: Path, content: bytes) -> None:
    """Write a file whole: aside, fsynced, renamed over the old one.

    Raises:
        OSError: if it cannot be written; the old file, if any, is untouched then.
    """
    temporary = path.with_name(path.name + _TEMPORARY)
    # What a crash left behind may have another mode, or be a link: it is never written to.
    temporary.unlink(missing_ok=True)
    _create(temporary, content)
    temporary.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make renames in ``folder`` durable, where the system does not do so by itself (POSIX)."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def disk_error(error: OSError) -> KimError:
    """Tell a full disk from a broken one."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return kim_error("storage_full")
    return kim_error("spool_damaged")


def _create(path: Path, content: bytes) -> None:
    # Made with its final mode: the content is at no moment readable for others.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
