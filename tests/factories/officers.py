"""Three officers, each with a key file, and a hub that they govern: real files, real signatures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from securesystemslib.signer import Signer
from tuf.api.metadata import Metadata, Root, TargetFile, Targets

from hub.clock import Clock, SystemClock
from hub.domain.jobs import NoQueue
from hub.services.trust.change_file import ChangeFile, load
from hub.services.trust.documents import Documents, digest
from hub.services.trust.exporting import export
from hub.services.trust.officers import Officer, load_signer, make_officer_key
from hub.services.trust.preparing import Wishes, first_proposal
from hub.services.trust.proposing import OfficerChange, next_change
from hub.services.trust.publishing import Publication, publish
from hub.services.trust.repository import Repository
from hub.services.trust.signing import review, sign
from hub.settings import HubSettings
from hub.store.engine import make_engine
from hub.store.unit_of_work import Database
from protocol.keys import KeyPurpose, PrivateKey
from protocol.trust import Change, Directory, HubKeys, KeyEntry, NodeEntry, Policy, apply
from protocol.trust.fingerprints import root_fingerprint
from tests.factories.installed_hub import install_copy

PASSPHRASE = "korrekt pferd batterie"
NAMES = ("A. Meier, MKJFGFI", "B. Kaya, IT.NRW", "C. Wolf, LDI NRW")


def now() -> dt.datetime:
    """The machine's time: TUF's client judges lifetimes by it, here as anywhere."""
    return SystemClock().now().replace(microsecond=0)


def key_entry(purpose: KeyPurpose = KeyPurpose.SIGN, *, since: dt.datetime | None = None) -> KeyEntry:
    """A new key of a node, good for a year."""
    since = since or now()
    key = PrivateKey.generate(purpose=purpose).public
    return KeyEntry(public_key=key, not_before=since, not_after=since + dt.timedelta(days=365))


def node_entry(number: int, **members: Any) -> NodeEntry:
    """A node with one key for each purpose; `members` replace what it says."""
    entry = NodeEntry(
        node=f"node-{number:04}",
        name=f"Kommune {number}",
        areas=(f"NW{number:05}",),
        keys=(key_entry(), key_entry(KeyPurpose.WITNESS)),
    )
    return replace(entry, **members)


@dataclass
class Office:
    """Officers and their hub.

    `people` are the officers' key files; the first three are in office from the beginning.
    """

    settings: HubSettings
    database: Database
    people: dict[str, tuple[Officer, Signer]] = field(default_factory=dict)
    #: The hub's own; events go into the log with its time.
    clock: Clock = field(default_factory=SystemClock)

    @property
    def audience(self) -> str:
        return self.settings.audience

    @property
    def repository(self) -> Repository:
        return Repository(self.settings)

    def hire(self, name: str) -> Officer:
        """Make somebody a key, on a machine of his own; nobody is in office by that."""
        folder = self.settings.home.parent / f"machine-{len(self.people)}"
        folder.mkdir(exist_ok=True)
        path = folder / "officer.pem"
        officer = make_officer_key(path, name, passphrase=PASSPHRASE)
        self.people[name] = (officer, load_signer(path, passphrase=PASSPHRASE))
        return officer

    def signer(self, name: str) -> Signer:
        return self.people[name][1]

    def first(self, *nodes: NodeEntry, threshold: int = 2, sealed: bool = True) -> ChangeFile:
        """The first version, nobody has signed it yet."""
        officers = [self.people[name][0] for name in NAMES]
        change = first_proposal(
            self.settings,
            self.database,
            self.repository,
            root_officers=officers,
            targets_officers=officers,
            threshold=threshold,
            wishes=Wishes(quorum=0, sealed=sealed),
            now=now(),
        )
        return change if not nodes else self._with_nodes(change, nodes)

    def _with_nodes(self, change: ChangeFile, nodes: Sequence[NodeEntry]) -> ChangeFile:
        from hub.services.trust.proposing import _with_documents

        documents = Documents(
            Directory(self.audience, tuple(nodes)),
            HubKeys(audience=self.audience),
            Policy(audience=self.audience),
            {},
        )
        return _with_documents(change, documents, 1, now=now())

    def change(
        self,
        *changes: Change,
        officers: OfficerChange | None = None,
        documents: bool = True,
        at: dt.datetime | None = None,
    ) -> ChangeFile:
        """A proposal with changes of the directory."""
        base = self.repository.documents()
        new = replace(base, directory=apply(base.directory, changes))
        return next_change(
            self.repository, documents=new if documents else None, officers=officers, now=at or now()
        )

    def signed(self, change: ChangeFile, *names: str) -> ChangeFile:
        """The same file after officers have signed it, one after the other."""
        for name in names:
            change = sign(review(change, None, now=now()), self.signer(name))
        return change

    def publish(self, *files: ChangeFile, at: dt.datetime | None = None) -> Publication:
        return publish(self.settings, self.database, self.clock, files, now=at or now())

    def decide(self, *changes: Change, **options: Any) -> Publication:
        """Propose, have two officers sign, publish."""
        return self.publish(self.signed(self.change(*changes, **options), *NAMES[:2]))


def office(home: Path, *, audience: str = "kim-nrw/local") -> Office:
    """A hub and three officers; nothing is signed yet."""
    settings = HubSettings(home=home / "hub", audience=audience)
    settings.home.mkdir(parents=True)
    install_copy(settings)
    made = Office(settings, Database(make_engine(settings.sqlalchemy_url), NoQueue()))
    for name in NAMES:
        made.hire(name)
    return made


def governed(home: Path, *nodes: NodeEntry) -> Office:
    """A hub whose first version is published."""
    made = office(home)
    made.publish(made.signed(made.first(*nodes), *NAMES[:2]))
    return made


def exported(home: Path, folder: Path, documents: Documents) -> str:
    """Let officers sign documents and export their repository; return the fingerprint of its root."""
    from hub.services.trust.proposing import _with_documents

    made = office(home, audience=documents.directory.audience)
    change = _with_documents(made.first(), documents, 1, now=now())
    made.publish(made.signed(change, *NAMES[:2]))
    export(made.repository, folder, now=now())
    return root_fingerprint(root_of(made.repository.roots()[0]).signed_bytes)


def resigned(metadata: Metadata[Root] | Metadata[Targets], *signers: Signer) -> bytes:
    """The same metadata, signed by these and nobody else."""
    metadata.signatures.clear()
    for signer in signers:
        metadata.sign(signer, append=True)
    return metadata.to_bytes()


def root_of(data: bytes) -> Metadata[Root]:
    return load(data, Root)


def targets_of(data: bytes) -> Metadata[Targets]:
    return load(data, Targets)


def put_forward(made: Office, documents: dict[str, bytes], *names: str, version: int) -> None:
    """What a hub that was broken into can do: any targets, signed by whom it can bring to sign.

    Args:
        made: the office; the hub's own key signs snapshot and timestamp.
        documents: bytes by path.
        names: officers who have signed.
        version: what it claims.
    """
    files = {path: TargetFile.from_data(path, data, ["sha256"]) for path, data in documents.items()}
    expires = now() + dt.timedelta(days=30)
    targets = Metadata(Targets(version=version, expires=expires, targets=files))
    data = resigned(targets, *(made.signer(name) for name in names))
    (made.repository.metadata / f"{version}.targets.json").write_bytes(data)
    for path, content in documents.items():
        folder, _, last = path.rpartition("/")
        target = made.repository.targets_folder / folder / f"{digest(content)}.{last}"
        target.write_bytes(content)
    made.repository.point_to(version, now=now())
