"""How the repository stands: versions, what expires when, who is in office, what waits for signatures."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tuf.api.metadata import Root

from hub.services.enrolment.entering import entry_of
from hub.services.trust.repository import Repository
from hub.services.trust.verifying import fingerprint
from hub.services.trust.witnessing import Witnesses, witnesses_among
from hub.store.tables.trust import StagedChange
from hub.store.unit_of_work import Database, UnitOfWork

#: A role that is signed by people is renewed from so many days before its end on.
RENEW_DAYS: Final = {"root": 60, "targets": 30}


@dataclass(frozen=True, slots=True)
class Standing:
    """What `kim-hub trust status` says.

    Attributes:
        fingerprint: of the newest root, for the enrolment letter.
        root: who is in office.
        versions: version of each role.
        expires: end of each role.
        witnesses: nodes that can witness, by what is published.
        staged: changes that wait for signatures.
    """

    fingerprint: str
    root: Root
    versions: Mapping[str, int]
    expires: Mapping[str, dt.datetime]
    witnesses: Witnesses
    staged: tuple[StagedChange, ...]

    def to_renew(self, now: dt.datetime) -> list[str]:
        """Return the roles that people should renew now."""
        return [
            role for role, days in RENEW_DAYS.items() if self.expires[role] - now < dt.timedelta(days=days)
        ]


def standing(repository: Repository, database: Database) -> Standing | None:
    """Return how it stands; None before the first publication.

    Raises:
        KimError: `no_trust_repository` on a test bench.
    """
    repository.require()
    if not repository.is_published:
        return None
    root = repository.root()
    roles = {
        "root": root.signed,
        "targets": repository.targets().signed,
        "snapshot": repository.snapshot().signed,
        "timestamp": repository.timestamp().signed,
    }
    documents = repository.documents()
    with database.read() as unit:
        staged = tuple(unit.trust.staged())
    return Standing(
        fingerprint=fingerprint(root),
        root=root.signed,
        versions={name: signed.version for name, signed in roles.items()},
        expires={name: signed.expires for name, signed in roles.items()},
        witnesses=witnesses_among(documents.directory.nodes, quorum=documents.hub_keys.quorum),
        staged=staged,
    )


def witnesses_of(unit: UnitOfWork, *, at: dt.datetime) -> Witnesses | None:
    """Count those of a hub, without the nodes that it has suspended; None where no officers govern.

    Args:
        unit: an open unit of work.
        at: now, on the hub's clock.
    """
    governed = unit.trust.current()
    if governed is None:
        return None
    nodes = (entry_of(node, unit.nodes.keys_of(node.id), at=at) for node in unit.nodes.all())
    return witnesses_among(nodes, quorum=governed.hub_keys.quorum)
