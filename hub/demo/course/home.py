"""The folder of the demo: made anew at each run, and never a folder that is anything else.

Invariants: a folder is deleted only if it carries the demo's mark, belongs to the current user and is no
symbolic link; two demos never use one folder at the same time (advisory lock on the mark).

Layout: ``hub/`` (the hub's home), ``areas/<area>/`` (export, answer key, the node's folder), ``logs/``.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from protocol.errors import kim_error
from protocol.texts import Text

MARK: Final = ".kim-demo"
_MARK_TEXT: Final = "This folder belongs to `kim-hub demo`, which deletes and rebuilds it at each run.\n"


def default_home() -> Path:
    """Return the per-user folder of the demo."""
    return Path.home() / ".cache" / "kim-datenverbund" / "demo"


@contextlib.contextmanager
def fresh_home(home: Path) -> Iterator[Path]:
    """Empty or make the folder and hold it until the end of the block.

    Args:
        home: folder of the demo; it may be missing, empty, or left over from an earlier demo.

    Raises:
        KimError: ``config_invalid`` if the folder holds anything but a demo or another demo is using it.
    """
    home = home.absolute()
    if home.exists() or home.is_symlink():
        _check_is_demo(home)
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (home / MARK).open("a+", encoding="utf-8") as mark:
        try:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise _refused(
                "wird gerade von einer anderen Demo benutzt", "is in use by another demo"
            ) from None
        mark.truncate(0)
        mark.write(_MARK_TEXT)
        mark.flush()
        for item in home.iterdir():
            if item.name == MARK:
                continue
            if item.is_dir() and not item.is_symlink():
                shutil.rmtree(item)
            else:
                item.unlink()
        yield home


def _check_is_demo(home: Path) -> None:
    status = home.lstat()
    if not stat.S_ISDIR(status.st_mode):
        raise _refused("ist kein Ordner", "is no folder")
    if status.st_uid != os.getuid():
        raise _refused("gehört jemand anderem", "belongs to somebody else")
    if any(home.iterdir()) and not (home / MARK).is_file():
        raise _refused("enthält etwas anderes als eine Demo", "holds something other than a demo")


def _refused(german: str, english: str) -> Exception:
    return kim_error(
        "config_invalid",
        Text(
            f"Der Ordner der Demo {german}; es wurde nichts gelöscht. Mit --home einen anderen wählen.",
            f"The demo's folder {english}; nothing was deleted. Choose another one with --home.",
        ),
        pointer="--home",
    )
