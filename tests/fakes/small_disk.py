"""A disk of a few megabytes that a test fills: a file system in memory, mounted for the length of a test."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

_PIECE_BYTES = 4_096


@dataclass(frozen=True)
class SmallDisk:
    """A mounted file system.

    Attributes:
        folder: where it is mounted.
    """

    folder: Path

    def fill(self, *, leave_bytes: int = 0) -> None:
        """Take all the room there is but for so much."""
        with self._ballast.open("ab", buffering=0) as ballast:
            try:
                while self.free_bytes > leave_bytes:
                    ballast.write(bytes(_PIECE_BYTES))
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise

    def make_room(self) -> None:
        """Give back what :meth:`fill` took."""
        self._ballast.unlink(missing_ok=True)

    @property
    def free_bytes(self) -> int:
        found = os.statvfs(self.folder)
        return found.f_bavail * found.f_frsize

    @property
    def _ballast(self) -> Path:
        return self.folder / "ballast"


@contextmanager
def a_small_disk(folder: Path, *, megabytes: int) -> Iterator[SmallDisk]:
    """Mount a small file system at `folder`; where this user may not mount one, skip the test."""
    folder.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(mounting, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount on this machine")
    if mounted.returncode != 0:
        pytest.skip("this user may not mount a file system: only root with CAP_SYS_ADMIN fills a real disk")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", str(folder)], check=True)
