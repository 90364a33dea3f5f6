"""Chunks of uploads that are not complete yet: `incoming/<submission id>/<number>-<SHA-256>`.

Each chunk is written tmp → fsync → rename, so a connection that breaks off leaves nothing that counts.
What lies here has no meaning of its own: the rows of `submission_chunk` say which chunks are in. The digest
in the name keeps two requests apart that send different bytes for one chunk: whichever row is committed, its
file is there. It is a name, no proof: whoever puts the whole together computes the digest of what he reads.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from hub import failpoints
from hub.domain.ids import SubmissionId, is_sha256
from hub.store.files.private_files import sync_folder


class Incoming:
    """The folder of unfinished uploads."""

    def __init__(self, root: Path) -> None:
        """Create `root` if it is missing."""
        self._root = root
        root.mkdir(parents=True, exist_ok=True)

    def _folder(self, submission: SubmissionId) -> Path:
        if not is_sha256(submission):
            raise ValueError("an upload is named by its submission id")
        return self._root / submission

    def path(self, submission: SubmissionId, n: int, *, sha256: str) -> Path:
        """Where the bytes with this digest lie that were sent as chunk `n`."""
        if not is_sha256(sha256):
            raise ValueError("a chunk is named by its SHA-256")
        return self._folder(submission) / f"{n:06d}-{sha256}"

    def put(self, submission: SubmissionId, n: int, data: bytes) -> None:
        """Store chunk `n` durably, beside other bytes sent for it.

        Raises:
            FileNotFoundError: the upload ended, and was cleared, at the same moment.
        """
        folder = self._folder(submission)
        target = self.path(submission, n, sha256=hashlib.sha256(data).hexdigest())
        if not folder.is_dir():
            folder.mkdir(exist_ok=True)
            sync_folder(self._root)
        handle, name = tempfile.mkstemp(dir=folder, prefix="tmp")
        try:
            with os.fdopen(handle, "wb") as out:
                failpoints.passing("chunk.write")
                out.write(data)
                out.flush()
                failpoints.passing("chunk.sync")
                os.fsync(out.fileno())
            failpoints.passing("chunk.rename")
            Path(name).rename(target)
            failpoints.passing("chunk.renamed")
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        sync_folder(folder)

    def parts(self, submission: SubmissionId, chunks: Mapping[int, str]) -> Iterator[bytes]:
        """Yield the chunks (number → digest) by number; FileNotFoundError if one is gone."""
        for n in sorted(chunks):
            yield self.path(submission, n, sha256=chunks[n]).read_bytes()

    def clear(self, submission: SubmissionId) -> None:
        """Remove what is left of an upload."""
        shutil.rmtree(self._folder(submission), ignore_errors=True)

    def submissions(self) -> list[SubmissionId]:
        """Return the uploads that have a folder."""
        return [SubmissionId(path.name) for path in self._root.iterdir() if is_sha256(path.name)]
