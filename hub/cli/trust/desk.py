"""What the officers' commands need of a hub."""

from dataclasses import dataclass
from pathlib import Path

from hub.cli.desk import desk_at
from hub.clock import Clock
from hub.services.trust.repository import Repository
from hub.settings import HubSettings
from hub.store.unit_of_work import Database


@dataclass(frozen=True, slots=True)
class OfficersDesk:
    """A hub and the documents of its officers."""

    settings: HubSettings
    database: Database
    clock: Clock
    repository: Repository


def officers_desk_at(home: Path) -> OfficersDesk:
    """Return the desk of the hub in `home`; raises KimError as :func:`hub.cli.desk.desk_at`."""
    desk = desk_at(home)
    return OfficersDesk(desk.settings, desk.database, desk.clock, Repository(desk.settings))
