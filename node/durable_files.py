"""Files that only the node's user may read and that survive a power cut.

Invariant: a file is there with all its bytes or not at all, also while several commands write it at once:
each writes aside under a name of its own, and the last one to be done stays.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
from pathlib import Path
from typing import Final

from protocol.errors import KimError, kim_error
from protocol.texts import Text

PRIVATE_FILE_MODE: Final = 0o600
PRIVATE_FOLDER_MODE: Final = 0o700
_UNFINISHED: Final = (".kim-", ".tmp")
#: Far longer than writing takes: what is older was left by a process that was killed.
_UNFINISHED_SECONDS: Final = 3600.0

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_NOT_OURS: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_WRONG_PLACE: Final = {
    errno.ENOENT: Text("den Ordner gibt es nicht", "the folder does not exist"),
    errno.ENOTDIR: Text("ein Teil des Pfads ist kein Ordner", "a part of the path is no folder"),
    errno.EISDIR: Text("dort liegt ein Ordner", "a folder is in its place"),
    errno.EACCES: Text("dort darf dieser Benutzer nicht schreiben", "this user may not write there"),
    errno.EPERM: Text("dort darf dieser Benutzer nicht schreiben", "this user may not write there"),
    errno.EROFS: Text("der Datenträger ist schreibgeschützt", "the disk is read-only"),
    errno.ENAMETOOLONG: Text("der Name ist zu lang", "the name is too long"),
}


def create_private_file(path: Path, content: bytes) -> None:
    """Write a file that must not exist yet.

    Raises:
        FileExistsError: if it does.
        OSError: if it cannot be written.
    """
    _fill(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE_MODE), content)
    sync_folder(path.parent)


def replace_private_file(path: Path, content: bytes) -> None:
    """Write a file whole: aside, fsynced, renamed over the old one.

    Raises:
        OSError: if it cannot be written; the old file, if any, is untouched then.
    """
    prefix, suffix = _UNFINISHED
    temporary: Path | None = None
    try:
        # Made with its final mode: the content is at no moment readable for others.
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=prefix, suffix=suffix)
        temporary = Path(name)
        _fill(descriptor, content)
        _clear_unfinished(beside=temporary)
        temporary.replace(path)
    except BaseException as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            error.filename = str(path)  # nobody knows the other name
        raise
    sync_folder(path.parent)


def _clear_unfinished(*, beside: Path) -> None:
    """Delete what processes that were killed had begun to write in the folder of a file that is new."""
    before = beside.stat().st_mtime - _UNFINISHED_SECONDS  # both times are the file system's
    for other in beside.parent.glob("*".join(_UNFINISHED)):
        with contextlib.suppress(OSError):  # gone meanwhile, or not this user's
            if other.lstat().st_mtime < before:
                other.unlink()


def sync_folder(folder: Path) -> None:
    """Make renames in ``folder`` durable, where the system does not do so by itself (POSIX)."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def require_place(path: Path) -> None:
    """Refuse a path to which no file could be written, before anything is computed for it.

    Raises:
        KimError: ``cannot_write``.
    """
    folder = path.absolute().parent
    try:
        if not stat.S_ISDIR(folder.stat().st_mode):
            raise NotADirectoryError(errno.ENOTDIR, folder.name)
    except OSError as error:
        raise write_error(error, path) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise write_error(PermissionError(errno.EACCES, folder.name), path)


def write_error(error: OSError, path: Path) -> KimError:
    """Say that a file could not be written, where, and what is wrong there; tell a full disk apart."""
    if error.errno in _FULL:
        return kim_error("storage_full")
    name = errno.errorcode.get(error.errno or 0, "?")
    what = _WRONG_PLACE.get(
        error.errno or 0, Text(f"Fehler {name} des Systems", f"error {name} of the system")
    )
    return kim_error("cannot_write", Text(f"{path}: {what.de}.", f"{path}: {what.en}."))


def journal_error(error: OSError) -> KimError:
    """Say that journal or blobs failed; tell a full disk, and one that is not this user's, from a broken one.

    A command that somebody ran as root leaves files that the node's user may not touch: no reason to bring an
    old journal back from a backup.
    """
    if error.errno in _NOT_OURS and isinstance(error.filename, str):
        return write_error(error, Path(error.filename))
    return kim_error("storage_full" if error.errno in _FULL else "spool_damaged")


def _fill(descriptor: int, content: bytes) -> None:
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
