"""The repository's files below `home/trust`: what is served, and the one key that lies with the hub.

Everything but `timestamp.json` has its version or digest in its name and never changes; the timestamp is the
pointer and is switched last, by rename. So a reader sees one version or the next, whenever the power fails.

The key for snapshot and timestamp is the hub's own. It can repeat what officers have signed, and it can fall
silent; it cannot add a node.
"""

import contextlib
import datetime as dt
import fcntl
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from securesystemslib.signer import CryptoSigner, Signer
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, Targets, Timestamp

from hub.services.registry.governance import FOLDER, KEY_FILE
from hub.services.trust.change_file import ChangeFile, load
from hub.services.trust.documents import Documents, digest, resolve
from hub.services.trust.verifying import verified_root
from hub.settings import HubSettings
from hub.store.files.passphrase import Passphrase
from hub.store.files.private_files import replace_private_file, sync_folder
from protocol.errors import kim_error
from protocol.keys import PrivateKey
from protocol.trust import Directory

SNAPSHOT_LIFE: Final = dt.timedelta(days=7)
TIMESTAMP_LIFE: Final = dt.timedelta(hours=24)
_ROOT_NAME: Final = re.compile(r"([1-9][0-9]{0,5})\.root\.json")
#: Names that are served; nothing else is there for the outside.
METADATA_NAME: Final = re.compile(r"(?:[1-9][0-9]{0,8}\.(?:root|targets|snapshot)|timestamp)\.json")
TARGET_NAME: Final = re.compile(r"(?:[a-z]{1,32}/)?[0-9a-f]{64}\.[a-z][a-z0-9_-]{0,63}\.json")


class Repository:
    """The officers' repository of one hub."""

    def __init__(self, settings: HubSettings) -> None:
        """Look below a hub's home; nothing is made yet."""
        self.folder = settings.home / FOLDER
        self._passphrase = Passphrase(settings.passphrase_file)
        self.metadata = self.folder / "repository" / "metadata"
        self.targets_folder = self.folder / "repository" / "targets"
        self._key_file = self.folder / KEY_FILE
        self._next_key_file = self.folder / "online.next.pem"

    @property
    def exists(self) -> bool:
        """Whether this hub is governed by officers: from `trust init` on, even before the first signature."""
        return self._key_file.exists()

    @property
    def is_published(self) -> bool:
        """Whether there is a version that nodes can read."""
        return (self.metadata / "timestamp.json").exists()

    def create(self) -> None:
        """Make the folders and the hub's own key.

        Raises:
            KimError: `already_exists`.
        """
        if self.exists:
            raise kim_error("already_exists")
        for folder in (self.metadata, self.targets_folder / "keys"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._make_key(self._key_file)

    def require(self) -> None:
        """Raise `no_trust_repository` if this hub has none."""
        if not self.exists:
            raise kim_error("no_trust_repository")

    def online_signer(self) -> Signer:
        """Return the hub's own key, for snapshot and timestamp."""
        return self._signer(self._key_file)

    def prepare_online_key(self) -> Signer:
        """Make the hub's next key; it takes over once the officers have signed for it."""
        self._make_key(self._next_key_file)
        return self._signer(self._next_key_file)

    def adopt_online_key(self, root: Metadata[Root]) -> bool:
        """Go on with the next key if it is the one that the officers have signed for; return whether so."""
        if not self._next_key_file.exists():
            return False
        if self._signer(self._next_key_file).public_key.keyid not in root.signed.roles["timestamp"].keyids:
            return False
        self._next_key_file.replace(self._key_file)
        sync_folder(self.folder)
        return True

    def _make_key(self, path: Path) -> None:
        _write(path, self._passphrase.lock(PrivateKey.generate()))

    def _signer(self, path: Path) -> Signer:
        key = self._passphrase.unlock(path.read_bytes(), keep=lambda locked: _write(path, locked))
        return CryptoSigner(load_pem_private_key(key.to_pem(), password=None))

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Hold off other processes that would publish or renew: versions are counted up by one at a time."""
        handle = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    # ------------------------------------------------------------------------------------------- read

    def roots(self) -> list[bytes]:
        """Return the published roots, the first first."""
        found = {
            int(match[1]): path
            for path in (self.metadata.iterdir() if self.metadata.is_dir() else ())
            if (match := _ROOT_NAME.fullmatch(path.name))
        }
        return [found[version].read_bytes() for version in sorted(found)]

    def root(self) -> Metadata[Root]:
        """Return the newest published root, verified from the first on.

        Raises:
            KimError: `no_trust_repository` before the first publication, else as `verified_root`.
        """
        return verified_root(self.roots())

    def timestamp(self) -> Metadata[Timestamp]:
        """Return the pointer to the published version."""
        return load((self.metadata / "timestamp.json").read_bytes(), Timestamp)

    def snapshot(self) -> Metadata[Snapshot]:
        """Return the snapshot that the timestamp points to."""
        version = self.timestamp().signed.snapshot_meta.version
        return load((self.metadata / f"{version}.snapshot.json").read_bytes(), Snapshot)

    def targets_bytes(self) -> bytes:
        """Return the published targets, as officers signed them."""
        version = self.snapshot().signed.meta["targets.json"].version
        return (self.metadata / f"{version}.targets.json").read_bytes()

    def targets(self) -> Metadata[Targets]:
        """Return the published targets."""
        return load(self.targets_bytes(), Targets)

    def documents(self) -> Documents:
        """Return the published documents."""
        targets = self.targets().signed
        paths = {file.hashes["sha256"]: path for path, file in targets.targets.items()}
        return resolve(targets, lambda name: self._target(paths[name], name).read_bytes())

    # ------------------------------------------------------------------------------------------ write

    def add_root(self, root: Metadata[Root], data: bytes) -> None:
        """Store a new root; readers find it at once, by its number."""
        _write(self.metadata / f"{root.signed.version}.root.json", data)

    def add_targets(self, targets: Metadata[Targets], data: bytes, documents: Documents) -> None:
        """Store new targets and their documents; readers find them once the pointer is switched."""
        for path, content in documents.files().items():
            _write(self._target(path, digest(content)), content)
        _write(self.metadata / f"{targets.signed.version}.targets.json", data)

    def point_to(self, targets_version: int, *, now: dt.datetime) -> None:
        """Sign a new snapshot and a new timestamp, and switch."""
        signer = self.online_signer()
        old = self.snapshot().signed.version if self.is_published else 0
        snapshot = Metadata(
            Snapshot(
                version=old + 1,
                expires=_whole(now + SNAPSHOT_LIFE),
                meta={"targets.json": MetaFile(version=targets_version)},
            )
        )
        snapshot.sign(signer)
        data = snapshot.to_bytes()
        _write(self.metadata / f"{old + 1}.snapshot.json", data)
        self._switch(old + 1, data, now=now)
        for past in range(max(1, old - 8), old):
            (self.metadata / f"{past}.snapshot.json").unlink(missing_ok=True)

    def renew_timestamp(self, *, now: dt.datetime) -> None:
        """Sign the pointer again."""
        version = self.timestamp().signed.snapshot_meta.version
        self._switch(version, (self.metadata / f"{version}.snapshot.json").read_bytes(), now=now)

    def _switch(self, snapshot_version: int, snapshot: bytes, *, now: dt.datetime) -> None:
        timestamp = self.signed_timestamp(snapshot_version, snapshot, expires=now + TIMESTAMP_LIFE)
        _write(self.metadata / "timestamp.json", timestamp)

    def signed_timestamp(self, snapshot_version: int, snapshot: bytes, *, expires: dt.datetime) -> bytes:
        """Return a new pointer to a snapshot."""
        old = self.timestamp().signed.version if self.is_published else 0
        meta = MetaFile.from_data(snapshot_version, snapshot, ["sha256"])
        timestamp = Metadata(Timestamp(version=old + 1, expires=_whole(expires), snapshot_meta=meta))
        timestamp.sign(self.online_signer())
        return timestamp.to_bytes()

    def _target(self, path: str, name: str) -> Path:
        # TUF's consistent snapshots: the digest stands before the last part of the path.
        folder, _, last = path.rpartition("/")
        return self.targets_folder / folder / f"{name}.{last}"

    # ------------------------------------------------------------------------------------------ serve

    def served(self, kind: str, name: str) -> Path | None:
        """Return the file of a name that is served, or None: only names of the agreed form are looked up."""
        if kind == "metadata" and METADATA_NAME.fullmatch(name):
            path = self.metadata / name
        elif kind == "targets" and TARGET_NAME.fullmatch(name):
            path = self.targets_folder / name
        else:
            return None
        return path if path.is_file() and not path.is_symlink() else None

    def files(self) -> Iterator[tuple[str, Path]]:
        """Go through all that is served, as path below `/trust/` and file."""
        for kind, folder in (("metadata", self.metadata), ("targets", self.targets_folder)):
            for path in sorted(folder.rglob("*.json")):
                name = path.relative_to(folder).as_posix()
                if self.served(kind, name) is not None:
                    yield f"{kind}/{name}", path


def published_directory(settings: HubSettings) -> Directory:
    """Return the directory that is published, an empty one before the first publication.

    Raises:
        KimError: `no_trust_repository` on a test bench.
    """
    repository = Repository(settings)
    repository.require()
    return repository.documents().directory if repository.is_published else Directory(settings.audience)


def base_of(repository: Repository) -> ChangeFile:
    """Return what a change follows, without the change: roots, published targets, their documents."""
    if not repository.is_published:
        return ChangeFile((), None, None, None, {})
    blobs = {digest(data): data for data in repository.documents().files().values()}
    return ChangeFile(tuple(repository.roots()), repository.targets_bytes(), None, None, blobs)


def _whole(moment: dt.datetime) -> dt.datetime:
    return moment.replace(microsecond=0)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    replace_private_file(path, data)
