"""What the officers' commands need of a hub."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from hub.cli.output import settings_of_hub
from hub.clock import SystemClock
from hub.domain.jobs import NoQueue
from hub.services.trust.repository import Repository
from hub.settings import HubSettings
from hub.store import schema
from hub.store.engine import make_engine
from hub.store.unit_of_work import Database


@dataclass(frozen=True, slots=True)
class OfficersDesk:
    """All of a hub that its repository needs."""

    settings: HubSettings
    database: Database
    repository: Repository


def desk_at(home: Path) -> OfficersDesk:
    """Return the desk of the hub in `home`.

    Raises:
        KimError: `config_invalid`, `no_hub_here`, or that the database is of another version.
    """
    settings = settings_of_hub(home)
    engine = make_engine(settings.sqlalchemy_url)
    schema.require_known(engine)
    return OfficersDesk(settings, Database(engine, NoQueue()), Repository(settings.home))


def now() -> dt.datetime:
    """Return the real time.

    Lifetimes are judged by every reader's own clock: a hub that plays another day does not shift them.
    """
    return SystemClock().now()
