"""What officers have signed and this hub has published, and the changes that wait for their signatures."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import sqlalchemy as sa

from hub.store import models
from protocol.trust import Change, HubKeys, Policy, parse_hub_keys, parse_policy
from protocol.trust.changes import change_document, read_change

_VERSION, _CHANGE = models.trust_version, models.trust_change
_NEWEST = sa.select(_VERSION).order_by(_VERSION.c.targets_version.desc()).limit(1)
_STAGED = sa.select(_CHANGE).where(_CHANGE.c.state == "staged").order_by(_CHANGE.c.id)


@dataclass(frozen=True, slots=True)
class PublishedTrust:
    """What governs this hub now; the directory itself is in the tables of nodes and keys.

    Attributes:
        targets_version: version of what the officers signed.
        root_version: version of the officers' own keys.
        published_at: when.
        directory_sha256: digest of the directory's document.
        hub_keys: the hub's keys.
        policy: what it accepts and demands.
    """

    targets_version: int
    root_version: int
    published_at: dt.datetime
    directory_sha256: str
    hub_keys: HubKeys
    policy: Policy


@dataclass(frozen=True, slots=True)
class StagedChange:
    """A change that waits for signatures: its number, when and by whom it was asked for."""

    id: int
    at: dt.datetime
    actor: str
    change: Change


# Asked with nearly every request, and nearly always the same.
@lru_cache(maxsize=8)
def _hub_keys(text: str) -> HubKeys:
    return parse_hub_keys(text.encode())


@lru_cache(maxsize=8)
def _policy(text: str) -> Policy:
    return parse_policy(text.encode())


class Trust:
    """The officers' decisions on one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        """Work inside the transaction of `connection`."""
        self._connection = connection

    def current(self) -> PublishedTrust | None:
        """Return what governs this hub, or None on a test bench and before the first publication."""
        row = self._connection.execute(_NEWEST).one_or_none()
        if row is None:
            return None
        return PublishedTrust(
            targets_version=row.targets_version,
            root_version=row.root_version,
            published_at=row.published_at,
            directory_sha256=row.directory_sha256,
            hub_keys=_hub_keys(row.hub_keys),
            policy=_policy(row.policy),
        )

    def add(self, published: PublishedTrust) -> None:
        """Store a version; IntegrityError if it is known."""
        self._connection.execute(
            _VERSION.insert().values(
                targets_version=published.targets_version,
                root_version=published.root_version,
                published_at=published.published_at,
                directory_sha256=published.directory_sha256,
                hub_keys=published.hub_keys.to_bytes().decode(),
                policy=published.policy.to_bytes().decode(),
            )
        )

    def set_root_version(self, targets_version: int, root_version: int) -> None:
        """Note that officers were exchanged while what they had signed stays."""
        self._connection.execute(
            _VERSION.update()
            .where(_VERSION.c.targets_version == targets_version)
            .values(root_version=root_version)
        )

    def stage(self, change: Change, *, at: dt.datetime, actor: str) -> int:
        """Store a change that waits for signatures; return its number."""
        found = self._connection.execute(
            _CHANGE.insert()
            .values(at=at, actor=actor, node_id=change.node, change=change_document(change), state="staged")
            .returning(_CHANGE.c.id)
        )
        return int(found.scalar_one())

    def staged(self) -> list[StagedChange]:
        """Return the changes that wait for signatures, in the order in which they were asked for."""
        return [
            StagedChange(row.id, row.at, row.actor, read_change(row.change))
            for row in self._connection.execute(_STAGED)
        ]

    def settle(self, numbers: Sequence[int], *, targets_version: int) -> None:
        """Note with which version changes were published."""
        self._end(numbers, state="published", targets_version=targets_version)

    def withdraw(self, numbers: Sequence[int]) -> None:
        """Note that changes are no longer wanted."""
        self._end(numbers, state="withdrawn", targets_version=None)

    def _end(self, numbers: Sequence[int], *, state: str, targets_version: int | None) -> None:
        for number in numbers:
            self._connection.execute(
                _CHANGE.update()
                .where(_CHANGE.c.id == number, _CHANGE.c.state == "staged")
                .values(state=state, targets_version=targets_version)
            )
