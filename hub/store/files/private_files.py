"""Files of the hub's own account, written whole or not at all and durable before anybody relies on them."""

import os
import tempfile
from pathlib import Path


def replace_private_file(path: Path, data: bytes) -> None:
    """Put a file, for this account only, in the place of whatever has its name; a link is replaced.

    Raises:
        OSError: if it cannot be written; then what was there before is there still.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".")  # 0600 from the start
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Make renames inside `path` durable."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
