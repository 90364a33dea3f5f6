"""The node's copy of the officers' repository, below its home: the pinned root, and what was last verified.

Invariants: the pinned root is never replaced by another; a copy is whole and verified to the last document
before it takes the place of the one before, in one rename, so a refusal changes nothing and what was verified
last stays usable, with its dates; a version that is older than a known one is never taken.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from tuf.api.metadata import Metadata
from tuf.api.serialization import DeserializationError

from node.durable_files import (
    PRIVATE_FOLDER_MODE,
    create_private_file,
    replace_private_file,
    sync_folder,
    write_error,
)
from node.journal.lock import NodeLock
from node.trust.knowledge import NodeTrust
from node.trust.refresh import METADATA, TARGETS, refresh, verify_root
from node.trust.sources import TrustSource
from protocol.errors import KimError, kim_error
from protocol.texts import Text
from protocol.trust import parse_directory, parse_hub_keys, parse_policy
from protocol.trust.fingerprints import root_fingerprint, same_fingerprint
from protocol.trust.targets import DIRECTORY, HUB_KEYS, POLICY

_ROOT: Final = "pinned.root.json"
_COPIES: Final = "copies"
_POINTER: Final = "current"
_CHECKED: Final = "checked"
_ROLES: Final = ("root", "targets", "snapshot", "timestamp")
_MOST_ROOTS: Final = 64


class TrustStore:
    """The copy of one node."""

    def __init__(self, home: Path, *, audience: str) -> None:
        """Use the folder ``trust`` below a node's home; nothing is made yet.

        Args:
            home: of the node.
            audience: the hub it delivers to; documents of another are refused.
        """
        self._folder = home / "trust"
        self._audience = audience

    @property
    def pinned(self) -> bool:
        """Whether this node knows a root; without one it works with a test bench only."""
        return (self._folder / _ROOT).is_file()

    def fingerprint(self) -> str:
        """Return the fingerprint of the pinned root.

        Raises:
            KimError: ``no_trust_repository`` without one.
        """
        return root_fingerprint(verify_root(self._pinned_root()).signed_bytes)

    def pin(self, root: bytes, *, fingerprint: str) -> str:
        """Pin a root, once and for all.

        Args:
            root: the file.
            fingerprint: what somebody has read in the enrolment letter.

        Returns:
            The root's fingerprint.

        Raises:
            KimError: ``trust_root_mismatch`` if the fingerprint is another, or another root is pinned
                already; ``trust_altered``, ``trust_threshold``, ``duplicate_key`` if it is no root that its
                officers have signed; ``cannot_write``.
        """
        verified = verify_root(root)
        found = root_fingerprint(verified.signed_bytes)
        if not same_fingerprint(fingerprint, found):
            raise kim_error("trust_root_mismatch")
        if self.pinned:
            if verify_root(self._pinned_root()).signed_bytes != verified.signed_bytes:
                raise _another_is_pinned()
            return found
        try:
            self._make_folders()
            create_private_file(self._folder / _ROOT, root)
        except OSError as error:
            raise write_error(error, self._folder) from error
        return found

    def find_root(self, source: TrustSource, *, fingerprint: str) -> bytes:
        """Return the root with a fingerprint from a source that nobody trusts.

        Raises:
            KimError: ``trust_root_mismatch`` if the source has none, or the source's own failure.
        """
        for version in range(1, _MOST_ROOTS + 1):
            try:
                data = source.read(f"{METADATA}/{version}.root.json")
            except KimError as error:
                if error.code != "not_found":
                    raise
                break
            if same_fingerprint(fingerprint, root_fingerprint(verify_root(data).signed_bytes)):
                return data
        raise kim_error("trust_root_mismatch")

    def refresh(self, source: TrustSource, *, now: datetime) -> NodeTrust:
        """Bring the copy up to date and return what it says now.

        Args:
            source: where the files come from.
            now: the node's clock; only written down. Lifetimes are judged by the machine's.

        Raises:
            KimError: as :func:`node.trust.refresh.refresh`; ``wrong_audience`` for another hub's documents;
                ``node_locked`` if another command is at it; ``spool_damaged`` if it cannot be read which copy
                is in use; ``storage_full``, ``cannot_write``.
        """
        root = self._pinned_root()
        try:
            self._make_folders()
            with NodeLock(self._folder / "lock"):
                return self._refresh(root, source, now=now)
        except OSError as error:
            raise write_error(error, self._folder) from error

    def _refresh(self, root: bytes, source: TrustSource, *, now: datetime) -> NodeTrust:
        number = self._number()
        copy = self._copy(number + 1)
        shutil.rmtree(copy, ignore_errors=True)  # what a process that died has left
        try:
            self._begin_copy(copy, number)
            refresh(copy, root, source)
            (copy / _CHECKED).write_text(now.astimezone(UTC).isoformat(), "ascii")
            found = self._read_whole(copy)
            _make_durable(copy)
            replace_private_file(self._folder / _POINTER, str(number + 1).encode("ascii"))
        except BaseException:
            shutil.rmtree(copy, ignore_errors=True)
            raise
        shutil.rmtree(self._copy(number), ignore_errors=True)
        return found

    def load(self) -> NodeTrust | None:
        """Return what was verified last, None if nothing was; nobody is asked.

        Raises:
            KimError: ``wrong_audience``, ``spool_damaged``, or what the documents' readers raise.
        """
        number = self._number()
        found = self._read(self._copy(number))
        if found is None and number:
            # Not as if nothing had been verified: the log would go unwatched, and nobody would be told.
            raise _unreadable(self._copy(number))
        return found

    def _read_whole(self, copy: Path) -> NodeTrust:
        found = self._read(copy)
        if found is None:
            raise kim_error("trust_altered")
        return found

    def _read(self, copy: Path) -> NodeTrust | None:
        roles = {name: _role(copy, name) for name in _ROLES}
        documents = [_document(copy, roles["targets"], path) for path in (DIRECTORY, HUB_KEYS, POLICY)]
        directory, hub_keys, policy = documents
        root, targets = roles["root"], roles["targets"]
        if root is None or targets is None or directory is None or hub_keys is None or policy is None:
            return None
        found = NodeTrust(
            directory=parse_directory(directory),
            hub_keys=parse_hub_keys(hub_keys),
            policy=parse_policy(policy),
            root_version=root.signed.version,
            targets_version=targets.signed.version,
            root_fingerprint=root_fingerprint(root.signed_bytes),
            expires={name: role.signed.expires for name, role in roles.items() if role is not None},
            checked_at=_checked_at(copy),
        )
        if {found.directory.audience, found.hub_keys.audience, found.policy.audience} != {self._audience}:
            raise _other_hub(self._audience)
        return found

    def _pinned_root(self) -> bytes:
        try:
            return (self._folder / _ROOT).read_bytes()
        except OSError as error:
            raise kim_error("no_trust_repository") from error

    def _number(self) -> int:
        """Return which copy is in use; 0 before the first one."""
        pointer = self._folder / _POINTER
        try:
            return int(pointer.read_text("ascii"))
        except FileNotFoundError:
            return 0
        except (OSError, ValueError) as error:
            # Not as if there were none: whoever begins anew takes an older state for the newest.
            raise _unreadable(pointer) from error

    def _copy(self, number: int) -> Path:
        return self._folder / _COPIES / str(number)

    def _begin_copy(self, copy: Path, number: int) -> None:
        """Begin where the last one stands: what is known there is what nothing older may follow."""
        known = self._copy(number)
        if known.is_dir():
            shutil.copytree(known, copy, symlinks=True)
        for folder in (copy, copy / METADATA, copy / TARGETS):
            folder.mkdir(mode=PRIVATE_FOLDER_MODE, parents=True, exist_ok=True)

    def _make_folders(self) -> None:
        self._folder.mkdir(mode=PRIVATE_FOLDER_MODE, parents=True, exist_ok=True)
        if os.name == "posix":
            self._folder.chmod(PRIVATE_FOLDER_MODE)


def _role(copy: Path, name: str) -> Metadata[Any] | None:
    try:
        return Metadata.from_bytes((copy / METADATA / f"{name}.json").read_bytes())
    except (OSError, DeserializationError):
        return None


def _document(copy: Path, targets: Metadata[Any] | None, path: str) -> bytes | None:
    target = None if targets is None else targets.signed.to_dict()["targets"].get(path)
    try:
        data = (copy / TARGETS / quote(path, "")).read_bytes()
    except OSError:
        return None
    # A copy that was damaged here is no copy; the next refresh brings it again.
    digest = hashlib.sha256(data).hexdigest()
    return data if target is not None and target["hashes"] == {"sha256": digest} else None


def _checked_at(copy: Path) -> datetime:
    try:
        return datetime.fromisoformat((copy / _CHECKED).read_text("ascii"))
    except (OSError, ValueError):
        return datetime.fromtimestamp(0, UTC)


def _make_durable(copy: Path) -> None:
    """Bring a copy to the disk before anything points to it: TUF's client leaves that to the system."""
    for path in (copy, *copy.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            sync_folder(path)
        elif not path.is_symlink():
            with path.open("rb") as file:
                os.fsync(file.fileno())


def _another_is_pinned() -> KimError:
    return kim_error(
        "trust_root_mismatch",
        Text("Dieser Knoten vertraut schon einer anderen Wurzel.", "This node trusts another root already."),
        remedy=Text(
            "Das Ministerium anrufen. Gehört der Knoten wirklich zu einem anderen Hub, in einem neuen Ordner "
            "einrichten.",
            "Call the ministry. If the node really belongs to another hub, set it up in a new folder.",
        ),
    )


def _unreadable(path: Path) -> KimError:
    return kim_error(
        "spool_damaged",
        Text(f"{path} ist nicht lesbar oder beschädigt.", f"{path} cannot be read or is damaged."),
        remedy=Text(
            "Prüfen, ob alles darin dem Benutzer gehört, unter dem kim-node läuft; kim-node trust holt einen "
            "beschädigten Stand neu. Bleibt es dabei, den Ordner trust des Knotens aus der Sicherung "
            "zurückspielen.",
            "Check that all of it belongs to the user that kim-node runs as; kim-node trust fetches a "
            "damaged copy anew. If it persists, restore the folder trust of the node from backup.",
        ),
    )


def _other_hub(audience: str) -> KimError:
    return kim_error(
        "wrong_audience",
        Text(
            f"Das Vertrauensverzeichnis gehört nicht zum Hub „{audience}“.",
            f"The trust repository is not that of the hub '{audience}'.",
        ),
    )
