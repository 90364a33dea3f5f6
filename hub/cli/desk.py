"""What a command needs of a hub that it does not start: its settings, its database and its clock."""

from dataclasses import dataclass
from pathlib import Path

from hub.cli.output import settings_of_hub
from hub.clock import Clock, clock_on
from hub.domain.jobs import NoQueue
from hub.settings import HubSettings
from hub.store import schema
from hub.store.engine import make_engine
from hub.store.unit_of_work import Database


@dataclass(frozen=True, slots=True)
class Desk:
    """A hub as the machine it stands on knows it; nothing of it runs, and no job is queued."""

    settings: HubSettings
    database: Database
    clock: Clock


def desk_at(home: Path) -> Desk:
    """Return the desk of the hub in `home`.

    Raises:
        KimError: `config_invalid`, `no_hub_here` or `schema_outdated`.
    """
    settings = settings_of_hub(home)
    engine = make_engine(settings.sqlalchemy_url)
    schema.require_known(engine)
    return Desk(settings, Database(engine, NoQueue()), clock_on(settings.date, settings.date_since))
