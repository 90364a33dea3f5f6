"""Content-addressed files that survive a power cut: written aside, fsynced, renamed, folder fsynced.

Invariants: a file named by a digest holds bytes of that digest, or reading it says ``spool_damaged``; a file
is never changed. What a crash leaves behind (unfinished files, blobs nobody refers to) is swept, never used.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from node.durable_files import PRIVATE_FOLDER_MODE, journal_error, replace_private_file
from node.failpoints import passing
from protocol.errors import KimError, kim_error
from protocol.texts import Text


class BlobStore:
    """A folder of files named by the SHA-256 of their content."""

    def __init__(self, folder: Path) -> None:
        """Use ``folder``; it is made, readable for this user only, if it does not exist."""
        self._folder = folder
        folder.mkdir(mode=PRIVATE_FOLDER_MODE, parents=True, exist_ok=True)

    def put(self, content: bytes) -> str:
        """Keep ``content`` durably.

        Args:
            content: the bytes.

        Returns:
            Hex SHA-256, the name to read it by.

        Raises:
            KimError: ``storage_full`` if the disk is full, ``spool_damaged`` if it fails otherwise.
        """
        digest = hashlib.sha256(content).hexdigest()
        try:
            passing("blob.write")
            if not self._holds(digest):
                replace_private_file(self._folder / digest, content)
        except OSError as error:
            raise journal_error(error) from error
        passing("blob.written")
        return digest

    def get(self, digest: str) -> bytes:
        """Read the content named ``digest``.

        Raises:
            KimError: ``spool_damaged`` if it is missing or altered.
        """
        try:
            content = (self._folder / digest).read_bytes()
        except OSError as error:
            raise _damaged() from error
        if hashlib.sha256(content).hexdigest() != digest:
            raise _damaged()
        return content

    def sweep(self, *, keep: Iterable[str]) -> int:
        """Delete what an interrupted run left behind.

        Args:
            keep: digests that are referred to.

        Returns:
            Number of files deleted.
        """
        known = frozenset(keep)
        stale = [path for path in self._folder.iterdir() if path.name not in known]
        for path in stale:
            path.unlink(missing_ok=True)
        return len(stale)

    def _holds(self, digest: str) -> bool:
        path = self._folder / digest
        return path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == digest


def _damaged() -> KimError:
    return kim_error(
        "spool_damaged",
        Text(
            "Eine Datei im Ausgang fehlt oder ist verändert.",
            "A file of the outbox is missing or altered.",
        ),
    )
