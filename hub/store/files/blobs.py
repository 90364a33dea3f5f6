"""Content-addressed files: the evidence. A blob's name is the SHA-256 of its bytes, and it never changes.

Writing is tmp → fsync → rename → fsync of the folder, so a blob is there whole or not at all, and what was
acknowledged survives a power cut. A name is computed over the very bytes that are written to a private file,
never taken from anyone. Reading checks the digest: a flipped bit is found, never passed on, and storing the
right bytes again repairs the blob. Nothing here is named by a client; no blob is ever removed.
"""

import datetime as dt
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from hub import failpoints
from hub.domain.ids import Sha256, is_sha256
from hub.store.files.private_files import sync_folder


class DamagedBlobError(OSError):
    """A stored file does not have the bytes its name promises: restore it from a backup."""


class BlobStore:
    """A folder of blobs, spread over 256 subfolders that exist from the start."""

    def __init__(self, root: Path) -> None:
        """Create the folders below `root` that are missing."""
        self._root = root
        self._tmp = root / "tmp"
        self._tmp.mkdir(parents=True, exist_ok=True)
        for n in range(256):
            (root / f"{n:02x}").mkdir(exist_ok=True)

    def put(self, data: bytes) -> Sha256:
        """Store `data` and return its digest; storing again writes nothing unless the blob is damaged."""
        name = Sha256(hashlib.sha256(data).hexdigest())
        return name if self.intact(name) else self.put_parts([data])

    def put_parts(self, parts: Iterable[bytes], *, expected: Sha256 | None = None) -> Sha256:
        """Store the concatenation of `parts`, holding one part in memory at a time.

        Args:
            parts: the bytes, each read once.
            expected: when given, bytes with another digest are not stored.

        Returns:
            The digest of what was read, stored or not.
        """
        digest = hashlib.sha256()
        with tempfile.NamedTemporaryFile(dir=self._tmp, delete=False) as out:
            temporary = Path(out.name)
            try:
                failpoints.passing("blob.write")
                for part in parts:
                    digest.update(part)
                    out.write(part)
                name = Sha256(digest.hexdigest())
                if expected not in (None, name) or self.intact(name):
                    temporary.unlink()
                    return name
                out.flush()
                failpoints.passing("blob.sync")
                os.fsync(out.fileno())
                target = self.path(name)
                temporary.chmod(0o400)
                failpoints.passing("blob.rename")
                temporary.replace(target)
                failpoints.passing("blob.renamed")
                sync_folder(target.parent)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
        return name

    def clear_unfinished(self, *, before: dt.datetime) -> int:
        """Remove what a process that died was writing; return how many files.

        Args:
            before: what was touched later may be under way in another process.
        """
        orphans = [path for path in self._tmp.iterdir() if path.stat().st_mtime < before.timestamp()]
        for orphan in orphans:
            orphan.unlink(missing_ok=True)
        return len(orphans)

    def has(self, name: Sha256) -> bool:
        """Whether the blob is stored."""
        return self.path(name).is_file()

    def intact(self, name: Sha256) -> bool:
        """Whether the blob is stored and its bytes are those of its name."""
        try:
            with self.path(name).open("rb") as stored:
                return hashlib.file_digest(stored, "sha256").hexdigest() == name
        except FileNotFoundError:
            return False

    def path(self, name: Sha256) -> Path:
        """Where the blob is, or would be; raises ValueError for anything but a digest."""
        if not is_sha256(name):
            raise ValueError("a blob is named by its SHA-256")
        return self._root / name[:2] / name

    def get(self, name: Sha256) -> bytes:
        """Return the bytes.

        Raises:
            FileNotFoundError: no such blob.
            DamagedBlobError: the bytes no longer match the name.
        """
        data = self.path(name).read_bytes()
        if hashlib.sha256(data).hexdigest() != name:
            raise DamagedBlobError(f"blob {name} is damaged")
        return data

    def get_derived(self, name: Sha256, derive: Callable[[], bytes]) -> bytes:
        """Return the bytes of a blob that can be derived again, and store them again if it is damaged.

        Args:
            name: the blob's digest.
            derive: makes its bytes; called only if they are lost or damaged.

        Raises:
            FileNotFoundError, DamagedBlobError: what was derived are other bytes.
        """
        try:
            return self.get(name)
        except (FileNotFoundError, DamagedBlobError):
            data = derive()
            if self.put_parts([data], expected=name) != name:
                raise
            return data
