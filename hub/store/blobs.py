"""Content-addressed files: the evidence. A blob's name is the SHA-256 of its bytes, and it never changes.

Writing is tmp → fsync → rename → fsync of the folder, so a blob is there whole or not at all, and what was
acknowledged survives a power cut. Reading checks the digest: a flipped bit is found, never passed on.
Nothing here is named by a client; nothing is ever removed.
"""

import hashlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from hub.domain.ids import Sha256, is_sha256


class DamagedBlobError(OSError):
    """A stored file does not have the bytes its name promises: restore it from a backup."""


def sync_folder(path: Path) -> None:
    """Make renames inside `path` durable."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


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
        """Store `data` and return its digest; storing again is free."""
        name = Sha256(hashlib.sha256(data).hexdigest())
        return name if self.has(name) else self.put_parts([data])

    def put_parts(self, parts: Iterable[bytes]) -> Sha256:
        """Store the concatenation of `parts`, holding one part in memory at a time."""
        digest = hashlib.sha256()
        with tempfile.NamedTemporaryFile(dir=self._tmp, delete=False) as out:
            temporary = Path(out.name)
            try:
                for part in parts:
                    digest.update(part)
                    out.write(part)
                name = Sha256(digest.hexdigest())
                if self.has(name):
                    temporary.unlink()
                    return name
                out.flush()
                os.fsync(out.fileno())
                self._adopt(temporary, name)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
        return name

    def adopt(self, path: Path, name: Sha256) -> None:
        """Move a file, whose bytes are already durable and have the digest `name`, into the store.

        The caller vouches for the digest: it has just been computed over the same file.
        """
        if self.has(name):
            path.unlink()
        else:
            self._adopt(path, name)

    def _adopt(self, path: Path, name: Sha256) -> None:
        target = self.path(name)
        path.chmod(0o440)
        path.rename(target)
        sync_folder(target.parent)

    def has(self, name: Sha256) -> bool:
        """Whether the blob is stored."""
        return self.path(name).is_file()

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
