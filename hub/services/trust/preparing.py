"""From what waits and what is wished to a proposal: documents as they stand, with all staged changes.

The hub's own public keys are filled in from what it has (of its log, and those that deliveries are sealed
with); officers see them before they sign.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from hub.services.enrolment.entering import entry_of
from hub.services.trust.change_file import ChangeFile
from hub.services.trust.documents import CATALOGUE, Documents
from hub.services.trust.hub_material import log_vkey, sealing_keys
from hub.services.trust.officers import Officer
from hub.services.trust.proposing import OfficerChange, first_change, next_change
from hub.services.trust.repository import Repository
from hub.settings import HubSettings
from hub.store.unit_of_work import Database
from protocol.catalogue_file import catalogue_bytes
from protocol.errors import kim_error
from protocol.transparency.notes import SignatureType, VerifierKey
from protocol.trust import Directory, HubKeys, OutsideWitness, Policy, apply
from protocol.trust.officers import OFFLINE, fingerprint_of

_QUORUM: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What an operator asks for beside the changes that wait; None leaves a thing as it is.

    Attributes:
        renew: make directory and policy valid for longer, changed or not.
        renew_root: the same for the root.
        add_targets: officers who will sign the directory too.
        add_root: officers who will vouch for the officers too.
        remove: fingerprints of officers who leave.
        new_online_key: the hub gets a new key of its own.
        policy: a whole policy.
        sealed: whether deliveries have to be sealed.
        hub_keys: the hub's keys as a whole.
        quorum: witnesses of a final receipt.
        add_witnesses: verifier keys of witnesses that are no nodes, to be counted from now on.
        remove_witnesses: those that no longer are.
    """

    renew: bool = False
    renew_root: bool = False
    add_targets: tuple[Officer, ...] = ()
    add_root: tuple[Officer, ...] = ()
    remove: tuple[str, ...] = ()
    new_online_key: bool = False
    policy: Policy | None = None
    sealed: bool | None = None
    hub_keys: HubKeys | None = None
    quorum: int | None = None
    add_witnesses: tuple[str, ...] = ()
    remove_witnesses: tuple[str, ...] = ()

    @property
    def concern_officers(self) -> bool:
        """Whether the root changes."""
        return bool(
            self.renew_root or self.add_root or self.add_targets or self.remove or self.new_online_key
        )


def first_proposal(
    settings: HubSettings,
    database: Database,
    repository: Repository,
    *,
    root_officers: Sequence[Officer],
    targets_officers: Sequence[Officer],
    threshold: int,
    wishes: Wishes,
    now: dt.datetime,
) -> ChangeFile:
    """Put the hub under officers and return the first version, with the nodes that are registered already.

    Raises:
        KimError: `already_exists`, and what :func:`first_change` raises.
    """
    audience = settings.audience
    with database.read() as unit:
        # Keys hold since they were registered: what came with them until now has to stay verifiable.
        nodes = tuple(
            entry_of(node, unit.nodes.keys_of(node.id), at=node.registered_at) for node in unit.nodes.all()
        )
    documents = Documents(
        Directory(audience, nodes),
        HubKeys(audience=audience, quorum=_QUORUM),
        Policy(audience=audience),
        {CATALOGUE: catalogue_bytes()},
    )
    repository.create()
    return first_change(
        repository,
        _as_wished(documents, wishes, settings, now=now),
        root_officers=root_officers,
        targets_officers=targets_officers,
        threshold=threshold,
        now=now,
    )


def next_proposal(
    settings: HubSettings, database: Database, repository: Repository, *, wishes: Wishes, now: dt.datetime
) -> ChangeFile | None:
    """Return the next version with all that waits and is wished; None if that is nothing.

    Raises:
        KimError: `no_trust_repository`, `not_an_officer`, and what :func:`next_change` raises.
    """
    repository.require()
    if not repository.is_published:
        raise kim_error("no_trust_repository")
    published = repository.documents()
    with database.read() as unit:
        staged = [item.change for item in unit.trust.staged()]
    documents = replace(
        published,
        directory=apply(published.directory, staged),
        others={**published.others, CATALOGUE: catalogue_bytes()},
    )
    documents = _as_wished(documents, wishes, settings, now=now)
    changed = documents.files() != published.files() or wishes.renew
    if not changed and not wishes.concern_officers:
        return None
    return next_change(
        repository,
        documents=documents if changed else None,
        officers=_officers(repository, wishes) if wishes.concern_officers else None,
        now=now,
    )


def _as_wished(documents: Documents, wishes: Wishes, settings: HubSettings, *, now: dt.datetime) -> Documents:
    hub_keys, policy = wishes.hub_keys or documents.hub_keys, wishes.policy or documents.policy
    if wishes.hub_keys is None:
        hub_keys = replace(
            hub_keys,
            log_vkey=log_vkey(settings),
            sealing_keys=sealing_keys(settings, hub_keys.sealing_keys, now=now),
        )
    if wishes.quorum is not None:
        hub_keys = replace(hub_keys, quorum=wishes.quorum)
    if wishes.add_witnesses or wishes.remove_witnesses:
        outside = _outside_witnesses(hub_keys, wishes)
        _require_distinct(outside, documents.directory)
        hub_keys = replace(hub_keys, outside_witnesses=outside)
    if wishes.sealed is not None:
        policy = replace(policy, sealed=wishes.sealed)
    return replace(documents, hub_keys=hub_keys, policy=policy)


def _outside_witnesses(hub_keys: HubKeys, wishes: Wishes) -> tuple[OutsideWitness, ...]:
    """Return the witnesses that are no nodes, as wished.

    Raises:
        KimError: `bad_log_document` or `bad_public_key` for a key that nobody can witness with; `not_found`
            for one to be removed that is not there.
    """
    for vkey in wishes.add_witnesses:
        if VerifierKey.parse(vkey).kind is not SignatureType.COSIGNATURE:
            raise kim_error("bad_log_document", pointer="--add-witness")
    before = {witness.vkey: witness for witness in hub_keys.outside_witnesses}
    if not set(wishes.remove_witnesses) <= before.keys():
        raise kim_error("not_found", pointer="--remove-witness")
    added = {vkey: OutsideWitness(vkey) for vkey in wishes.add_witnesses}
    return tuple(witness for vkey, witness in (added | before).items() if vkey not in wishes.remove_witnesses)


def _require_distinct(outside: Sequence[OutsideWitness], directory: Directory) -> None:
    """Raise `duplicate_key` for two witnesses of one name or key, and for one that has a node's.

    Under the name of another, a witness would take that one's place; with the same key it would count twice.
    """
    vkeys = [VerifierKey.parse(witness.vkey) for witness in outside]
    names = [*(vkey.name for vkey in vkeys), *(node.node for node in directory.nodes)]
    keys = [vkey.key.raw for vkey in vkeys]
    of_nodes = {key.public_key.raw for node in directory.nodes for key in node.keys}
    if len({*names}) < len(names) or len({*keys}) < len(keys) or of_nodes & {*keys}:
        raise kim_error("duplicate_key", pointer="--add-witness")


def _officers(repository: Repository, wishes: Wishes) -> OfficerChange:
    root = repository.root().signed
    by_print = {
        fingerprint_of(keyid).replace(" ", ""): keyid for role in OFFLINE for keyid in root.roles[role].keyids
    }
    remove = []
    for said in wishes.remove:
        keyid = by_print.get("".join(said.split()).lower())
        if keyid is None:
            raise kim_error("not_an_officer")
        remove.append(keyid)
    return OfficerChange(
        add_root=wishes.add_root,
        add_targets=wishes.add_targets,
        remove=tuple(remove),
        online_key=repository.prepare_online_key().public_key if wishes.new_online_key else None,
    )
