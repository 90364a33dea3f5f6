"""On an officer's machine: judge a change file, say what it changes, sign.

The machine remembers which officers it has last seen in office and which version was published then. So it
takes no older state for the present one, and no other officers than those whom the known ones have agreed to.
It needs no network and no hub.
"""

import datetime as dt
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from securesystemslib.signer import Signer
from tuf.api.exceptions import UnsignedMetadataError
from tuf.api.metadata import Metadata, Root, Targets

from hub.services.trust.change_file import ChangeFile, load
from hub.services.trust.documents import Documents, digest, resolve
from hub.services.trust.verifying import (
    Signatures,
    require,
    root_signatures,
    targets_signatures,
    verified_root,
)
from protocol import strict_json
from protocol.errors import KimError, kim_error
from protocol.forms import SHA256_HEX
from protocol.trust import Change, Directory, differences
from protocol.trust.members import read_document, refusal

_LONGEST_LIFE: Final = dt.timedelta(days=400)
_KIND: Final = "kim-trust-memory"
_MOST: Final = 2**31


@dataclass(frozen=True, slots=True)
class Memory:
    """What an officer's machine has last seen: digest and version of the root, version of the targets."""

    root_sha256: str
    root_version: int
    targets_version: int

    def to_bytes(self) -> bytes:
        """Return the file beside the key; :func:`read_memory` gives the same back."""
        return strict_json.dumps(
            {
                "v": 1,
                "kind": _KIND,
                "root_sha256": self.root_sha256,
                "root_version": self.root_version,
                "targets_version": self.targets_version,
            }
        )


def memory_path(key: Path) -> Path:
    """Return where the memory of a key's machine lies."""
    return key.with_name(f"{key.name}.seen")


def read_memory(path: Path) -> Memory | None:
    """Read the memory, None if there is none yet.

    Raises:
        KimError: `trust_document_invalid` if it was damaged.
    """
    if not path.exists():
        return None
    members = read_document(path.read_bytes(), max_bytes=4096)
    members.constant("kind", _KIND)
    memory = Memory(
        members.text("root_sha256", SHA256_HEX),
        members.integer("root_version", least=1, most=_MOST),
        members.integer("targets_version", least=0, most=_MOST),
    )
    members.finish()
    return memory


@dataclass(frozen=True, slots=True)
class Review:
    """A change file whose past is proven, and what it changes.

    Attributes:
        file: as it came.
        root_before: the officers in office; None before the first publication.
        root: the officers proposed; None if they stay.
        root_signatures: who has signed the proposed officers.
        before: the published documents; None before the first publication.
        targets: the proposed targets; None if only officers change.
        after: their documents.
        targets_signatures: who has signed them.
        changes: what happens to the directory.
        memory: what the machine remembers from now on.
        known: whether the machine has seen these officers before.
    """

    file: ChangeFile
    root_before: Metadata[Root] | None
    root: Metadata[Root] | None
    root_signatures: Signatures | None
    before: Documents | None
    targets: Metadata[Targets] | None
    after: Documents | None
    targets_signatures: Signatures | None
    changes: tuple[Change, ...]
    memory: Memory
    known: bool

    @property
    def root_now(self) -> Metadata[Root]:
        """The officers who decide on the proposed targets."""
        found = self.root or self.root_before
        if found is None:
            raise kim_error("trust_document_invalid")
        return found

    @property
    def complete(self) -> bool:
        """Whether enough officers have signed."""
        return not any(
            signatures is not None and signatures.missing
            for signatures in (self.root_signatures, self.targets_signatures)
        )


def review(file: ChangeFile, memory: Memory | None, *, now: dt.datetime) -> Review:
    """Judge a change file.

    Raises:
        KimError: `trust_root_mismatch` if the officers in it are not those known here, `trust_rollback` if it
            builds on an older state, `trust_threshold` if too few officers have signed what it builds on,
            `trust_expired`, `trust_change_refused`, `trust_altered`, `trust_document_invalid`.
    """
    # 1. The officers in office are those this machine knows, or whom those have agreed to.
    before = verified_root(file.roots) if file.roots else None
    first = load(file.root, Root) if before is None and file.root is not None else None
    _check_memory(file, memory, first=first)
    # 2. What is published was signed by enough of them, and is not older than what was seen here.
    published = None if file.published is None else load(file.published, Targets)
    documents: Documents | None = None
    if published is not None and before is not None:
        require(targets_signatures(before, published))
        documents = resolve(published.signed, file.blob)
    version = published.signed.version if published else 0
    if memory is not None and version < memory.targets_version:
        raise kim_error("trust_rollback")
    # 3. The proposed officers follow those in office.
    root = None if file.root is None else load(file.root, Root)
    signed_root = None if root is None else root_signatures(before, root)
    # 4. What is proposed is the next version and undoes nothing.
    targets = None if file.targets is None else load(file.targets, Targets)
    after = None if targets is None else resolve(targets.signed, file.blob)
    if targets is not None and targets.signed.version != version + 1:
        raise kim_error("trust_rollback")
    changes: tuple[Change, ...] = ()
    if after is not None:
        old = documents.directory if documents else Directory(after.directory.audience)
        changes = differences(old, after.directory)
    # 5. Nothing is valid for longer than the rules allow.
    for part in (root, targets):
        if part is not None and part.signed.expires <= now:
            raise kim_error("trust_expired")
        if part is not None and part.signed.expires > now + _LONGEST_LIFE:
            raise refusal("/expires")
    decider = root or before
    if decider is None:
        raise kim_error("trust_document_invalid")
    anchor = before or decider
    return Review(
        file=file,
        root_before=before,
        root=root,
        root_signatures=signed_root,
        before=documents,
        targets=targets,
        after=after,
        targets_signatures=None if targets is None else targets_signatures(decider, targets),
        changes=changes,
        memory=Memory(digest(anchor.signed_bytes), anchor.signed.version, version),
        known=memory is not None,
    )


def _check_memory(file: ChangeFile, memory: Memory | None, *, first: Metadata[Root] | None) -> None:
    if memory is None:
        return
    if len(file.roots) < memory.root_version:
        # Before the first publication the known root is the one that is proposed, and nothing else.
        if not file.roots and first is not None and digest(first.signed_bytes) == memory.root_sha256:
            return
        raise kim_error("trust_rollback" if file.roots else "trust_root_mismatch")
    known = load(file.roots[memory.root_version - 1], Root)
    if known.signed.version != memory.root_version or digest(known.signed_bytes) != memory.root_sha256:
        raise kim_error("trust_root_mismatch")


def sign(judged: Review, signer: Signer) -> ChangeFile:
    """Return the file with one more officer's signature on each part this officer may sign.

    Raises:
        KimError: `not_an_officer` if the key may sign no part, `already_signed` if it has signed them all.
    """
    keyid = signer.public_key.keyid
    parts: dict[str, bytes] = {}
    may = done = 0
    for name, part, deciders in (
        ("root", judged.root, _deciders(judged, "root")),
        ("targets", judged.targets, _deciders(judged, "targets")),
    ):
        if part is None or keyid not in deciders:
            continue
        may += 1
        if keyid in part.signatures:
            done += 1
            continue
        try:
            part.sign(signer, append=True)
        except UnsignedMetadataError:
            raise _no_signature() from None
        parts[name] = part.to_bytes()
    if not may:
        raise kim_error("not_an_officer")
    if done == may:
        raise kim_error("already_signed")
    return replace(
        judged.file,
        root=parts.get("root", judged.file.root),
        targets=parts.get("targets", judged.file.targets),
    )


def _deciders(judged: Review, role: str) -> set[str]:
    # A new root needs the old officers as well as the new ones.
    roots = [judged.root_now, *([judged.root_before] if role == "root" and judged.root_before else [])]
    return {keyid for root in roots for keyid in root.signed.roles[role].keyids}


def _no_signature() -> KimError:
    return kim_error("smartcard_unusable")
