"""Put together what officers are asked to sign: the first version, a changed directory, other officers.

A proposal is a file and changes nothing. Lifetimes: a root one year, what officers sign 90 days; both are
renewed by the same signatures as any change.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from securesystemslib.signer import Key
from tuf.api.metadata import Metadata, Root, Targets

from hub.services.trust.change_file import ChangeFile, load
from hub.services.trust.documents import Documents, digest, targets_of
from hub.services.trust.officers import Officer
from hub.services.trust.repository import Repository, base_of
from protocol.errors import kim_error
from protocol.texts import Text
from protocol.trust.officers import ONLINE, check_root

ROOT_LIFE: Final = dt.timedelta(days=365)
TARGETS_LIFE: Final = dt.timedelta(days=90)
_ROOT, _TARGETS = "root", "targets"


@dataclass(frozen=True, slots=True)
class OfficerChange:
    """What is to change among the officers.

    Attributes:
        add_root: who will vouch for the officers too.
        add_targets: who will sign the directory too.
        remove: key ids of those who leave, in both roles.
        online_key: a new key of the hub for snapshot and timestamp.
    """

    add_root: tuple[Officer, ...] = ()
    add_targets: tuple[Officer, ...] = ()
    remove: tuple[str, ...] = ()
    online_key: Key | None = None


def first_change(
    repository: Repository,
    documents: Documents,
    *,
    root_officers: Sequence[Officer],
    targets_officers: Sequence[Officer],
    threshold: int,
    now: dt.datetime,
) -> ChangeFile:
    """Return the first version: who the officers are, and what they sign first.

    Args:
        repository: just created.
        documents: directory, hub keys, policy.
        root_officers: who vouch for the officers.
        targets_officers: who sign the directory.
        threshold: how many of each have to sign.
        now: the machine's time.

    Raises:
        KimError: `trust_document_invalid` or `duplicate_key` if too few or the same person twice are named.
    """
    root = Root(expires=_expiry(now, ROOT_LIFE), consistent_snapshot=True)
    for role, officers in ((_ROOT, root_officers), (_TARGETS, targets_officers)):
        ids = [officer.keyid for officer in officers]
        if len({*ids}) != len(ids):
            raise kim_error("duplicate_key")
        for officer in officers:
            root.add_key(officer.key, role)
        root.roles[role].threshold = threshold
    for role in ONLINE:
        root.add_key(repository.online_signer().public_key, role)
    check_root(root.to_dict())
    return _with_documents(ChangeFile((), None, Metadata(root).to_bytes(), None, {}), documents, 1, now=now)


def next_change(
    repository: Repository,
    *,
    documents: Documents | None = None,
    officers: OfficerChange | None = None,
    now: dt.datetime,
) -> ChangeFile:
    """Return the next version; a part that does not change is left out and need not be signed.

    Args:
        repository: published.
        documents: what they will say; None if only the officers change. The same documents again renew them.
        officers: who comes and goes; an empty change renews the root.
        now: the machine's time.

    Raises:
        KimError: `no_trust_repository`, `not_an_officer` for somebody to be removed who is none,
            `trust_document_invalid` or `duplicate_key` if what remains is no root.
    """
    if not repository.is_published:
        raise kim_error("no_trust_repository")
    change = base_of(repository)
    if officers is not None:
        root = load(change.roots[-1], Root)
        root.signatures.clear()
        root.signed.version += 1
        root.signed.expires = _expiry(now, ROOT_LIFE)
        _exchange(root.signed, officers)
        check_root(root.signed.to_dict())
        change = replace(change, root=root.to_bytes())
    if documents is not None:
        change = _with_documents(change, documents, repository.targets().signed.version + 1, now=now)
    return change


def _exchange(root: Root, officers: OfficerChange) -> None:
    for keyid in officers.remove:
        roles = [role for role in (_ROOT, _TARGETS) if keyid in root.roles[role].keyids]
        if not roles:
            raise kim_error(
                "not_an_officer",
                Text("Wer ausscheiden soll, ist nicht im Amt.", "Who is to leave is not in office."),
            )
        for role in roles:
            root.revoke_key(keyid, role)
    for role, added in ((_ROOT, officers.add_root), (_TARGETS, officers.add_targets)):
        for officer in added:
            root.add_key(officer.key, role)
    if officers.online_key is not None:
        for role in ONLINE:
            for keyid in list(root.roles[role].keyids):
                root.revoke_key(keyid, role)
            root.add_key(officers.online_key, role)


def _with_documents(
    change: ChangeFile, documents: Documents, version: int, *, now: dt.datetime
) -> ChangeFile:
    targets = Targets(version=version, expires=_expiry(now, TARGETS_LIFE), targets=targets_of(documents))
    blobs = {**change.blobs, **{digest(data): data for data in documents.files().values()}}
    return replace(change, targets=Metadata(targets).to_bytes(), blobs=blobs)


def _expiry(now: dt.datetime, life: dt.timedelta) -> dt.datetime:
    return now.astimezone(dt.UTC).replace(microsecond=0) + life
