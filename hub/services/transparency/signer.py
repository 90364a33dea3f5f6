"""The signer: it holds the log's key and what it signed last, and signs only what provably contains that.

Before it signs, it computes again, from the entries themselves, every hash that has come since its last
signature, and the root that the database gives for the state it signed then. A database that was put back to
an older state, or in which a leaf was changed, therefore stops the log instead of splitting it in two: nodes
that have seen the newer state would know.

Two files in a folder of its own, for its account only: `key.pem`, encrypted, and `checkpoint`. What is signed
is durable in `checkpoint` before anybody else sees it. That file is never restored from a backup, and never
deleted.
"""

import contextlib
import fcntl
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from hub import failpoints
from hub.settings import HubSettings
from hub.store.files.passphrase import Passphrase
from hub.store.files.private_files import sync_folder
from hub.store.tables.log import LogLeaves
from protocol.errors import KimError, kim_error
from protocol.keys import PrivateKey
from protocol.texts import Text
from protocol.transparency.checkpoints import Checkpoint, SignedCheckpoint, open_checkpoint
from protocol.transparency.merkle import (
    EMPTY_ROOT,
    Hash,
    Node,
    completed_by,
    extend,
    leaf_hash,
    peaks,
    root,
    root_of_peaks,
    siblings_of,
)
from protocol.transparency.notes import VerifierKey

_KEY: Final = "key.pem"
_CHECKPOINT: Final = "checkpoint"
_LOCK: Final = "lock"
_PRIVATE: Final = 0o600


class LogSigner:
    """The key of one log, and what it has signed last."""

    def __init__(self, folder: Path, *, origin: str, passphrase: Passphrase) -> None:
        """Use the files in `folder`; nothing is read or made yet.

        Args:
            folder: only its owner may read it.
            origin: name of the log.
            passphrase: encrypts the key.
        """
        self.origin = origin
        self._folder = folder
        self._passphrase = passphrase

    @classmethod
    def of(cls, settings: HubSettings) -> "LogSigner":
        """Return the signer of a hub's log."""
        return cls(
            settings.log_folder,
            origin=settings.log_origin,
            passphrase=Passphrase(settings.passphrase_file),
        )

    @property
    def has_key(self) -> bool:
        """Whether the key was made already."""
        return (self._folder / _KEY).exists()

    @property
    def verifier_key(self) -> VerifierKey:
        """The public half, as nodes are told it; the key is made when it is asked for first.

        Raises:
            KimError: `key_missing` if something was signed with a key that is gone; `key_unreadable`.
        """
        return VerifierKey(self.origin, self._key().public)

    @property
    def nothing(self) -> Checkpoint:
        """The state of this log before anything was in it."""
        return Checkpoint(self.origin, 0, EMPTY_ROOT)

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Hold off other processes that would sign: between reading and keeping there is one signer."""
        self._make_folder()
        handle = os.open(self._folder / _LOCK, os.O_RDWR | os.O_CREAT, _PRIVATE)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def last(self) -> SignedCheckpoint | None:
        """Return what was signed last.

        Raises:
            KimError: `log_inconsistent` if the file is damaged: whatever was signed can no longer be known.
        """
        try:
            data = (self._folder / _CHECKPOINT).read_bytes()
        except FileNotFoundError:
            return None
        key = self.verifier_key
        try:
            return open_checkpoint(data, key)
        except KimError:
            raise inconsistent(
                "Der zuletzt unterschriebene Stand (log/checkpoint) ist beschädigt.",
                "The state signed last (log/checkpoint) is damaged.",
            ) from None

    def sign(self, leaves: LogLeaves) -> SignedCheckpoint:
        """Sign the present state of the log, and keep what was signed.

        1. the database has at least as many leaves as this key has signed, and its root over those is the
           one that was signed;
        2. every later leaf's hashes follow from its entry;
        3. the root that is signed is computed from the hashes that 1 and 2 have confirmed, so a database
           that answers otherwise when it is asked again changes nothing;
        4. the signature is durable here before it is returned.

        What this key has signed stands in `checkpoint`, and in the database, which has the newer state if
        that file is an old copy. Both must hold.

        The caller holds :meth:`alone`.

        Returns:
            The signed state; what was signed last if nothing came since.

        Raises:
            KimError: `log_inconsistent` (1 and 2), `key_missing` (also if the database's notes are by
                another key), `key_unreadable`.
        """
        signed = self.signed(leaves)
        before = max(signed, key=lambda state: state.checkpoint.size, default=None)
        known = before.checkpoint if before is not None else self.nothing
        size = leaves.size()
        # 1.
        for checkpoint in {state.checkpoint for state in signed}:
            check_contains(leaves, checkpoint)
        if before is not None and size == known.size:
            return before
        # 2. and 3.
        note = Checkpoint(self.origin, size, recompute(leaves, known, behind=size)).sign(self._key())
        # 4.
        self._keep(note.to_bytes())
        return open_checkpoint(note.to_bytes(), self.verifier_key)

    def signed(self, leaves: LogLeaves) -> list[SignedCheckpoint]:
        """Return what this key has signed last, as far as is known: by its file, and by the database.

        Raises:
            KimError: as :meth:`sign`.
        """
        return [state for state in (self.last(), self._served(leaves)) if state is not None]

    def _served(self, leaves: LogLeaves) -> SignedCheckpoint | None:
        served = leaves.checkpoint()
        if served is None:
            return None
        try:
            # What is signed counts: the number that the database keeps beside it is only a number.
            return open_checkpoint(served.note, self.verifier_key)
        except KimError:
            # Another machine's signer may be at work on this database: it is none of our business to halt it.
            raise _missing_key() from None

    def _keep(self, note: bytes) -> None:
        _write(self._folder / _CHECKPOINT, note)

    def _key(self) -> PrivateKey:
        path = self._folder / _KEY
        try:
            mode = path.stat().st_mode
        except FileNotFoundError:
            return self._new_key(path)
        if stat.S_IMODE(mode) & 0o077:
            raise kim_error(
                "key_unreadable",
                Text(
                    "Der Schlüssel des Protokolls ist für andere lesbar.",
                    "Others can read the key of the log.",
                ),
                remedy=Text("chmod 600 auf log/key.pem.", "chmod 600 on log/key.pem."),
            )
        return self._passphrase.unlock(path.read_bytes(), keep=lambda locked: _write(path, locked))

    def _new_key(self, path: Path) -> PrivateKey:
        if (self._folder / _CHECKPOINT).exists():
            # With another key this would be another log under the same name.
            raise _missing_key()
        self._make_folder()
        key = PrivateKey.generate()
        _write(path, self._passphrase.lock(key))
        return key

    def _make_folder(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def check_contains(leaves: LogLeaves, known: Checkpoint) -> None:
    """Raise `log_inconsistent` unless the database's log begins with a state that was signed."""
    size = leaves.size()
    if size < known.size:
        raise inconsistent(
            f"Unterschrieben sind {known.size} Einträge, die Datenbank hat {size}.",
            f"{known.size} entries were signed, the database has {size}.",
        )
    if root(leaves, known.size) != known.root:
        raise _other_beginning(known.size)


def recompute(leaves: LogLeaves, known: Checkpoint, *, behind: int) -> Hash:
    """Raise `log_inconsistent` unless a log begins with a state and its later hashes follow from the entries.

    Memory does not grow with their number: beside a batch of entries there is one hash for each level.

    Args:
        leaves: the log.
        known: a state that was signed; its leaves are not read.
        behind: the leaf behind the last one.

    Returns:
        The root, of nothing but hashes that are confirmed.
    """
    # The complete subtrees that end where we begin: whatever is appended is joined to these.
    frontier = dict(leaves.read(peaks(known.size)))
    if _root(frontier, known.size) != known.root:
        raise _other_beginning(known.size)
    index = known.size
    for entry, stored in leaves.leaves(known.size, behind=behind):
        hashes = extend(index, leaf_hash(entry), frontier)
        if b"".join(hashes) != stored:
            raise inconsistent(f"Eintrag {index} wurde verändert.", f"Entry {index} was changed.")
        for sibling in siblings_of(index):
            del frontier[sibling]
        node = (completed_by(index) or [Node(0, index)])[-1]
        frontier[node] = hashes[-1]
        index += 1
    if index != behind:
        raise inconsistent(f"Eintrag {index} fehlt.", f"Entry {index} is missing.")
    return _root(frontier, behind)


def _root(frontier: Mapping[Node, Hash], size: int) -> Hash:
    return root_of_peaks([frontier[node] for node in peaks(size)])


def inconsistent(german: str, english: str) -> KimError:
    """Return `log_inconsistent` with what does not fit."""
    return kim_error("log_inconsistent", Text(german, english))


def _other_beginning(size: int) -> KimError:
    return inconsistent(
        f"Die ersten {size} Einträge der Datenbank sind nicht die unterschriebenen.",
        f"The first {size} entries of the database are not those that were signed.",
    )


def _missing_key() -> KimError:
    return kim_error(
        "key_missing",
        Text("Der Schlüssel dieses Protokolls liegt hier nicht.", "The key of this log does not lie here."),
        remedy=Text(
            "log/key.pem aus der Sicherung holen; nichts anderes im Ordner log/ ändern.",
            "Get log/key.pem from the backup; change nothing else in the folder log/.",
        ),
    )


def _write(path: Path, data: bytes) -> None:
    temporary = path.with_name(f"{path.name}.tmp")
    temporary.unlink(missing_ok=True)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
    with os.fdopen(handle, "wb") as file:
        failpoints.passing("signer.write")
        file.write(data)
        file.flush()
        failpoints.passing("signer.sync")
        os.fsync(file.fileno())
    failpoints.passing("signer.rename")
    temporary.replace(path)
    failpoints.passing("signer.renamed")
    sync_folder(path.parent)
