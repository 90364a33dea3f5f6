"""Set a hub up: its folder, and a database at this program's schema."""

from hub.home_lock import RunningLock
from hub.settings import HubSettings
from hub.store import migrations, schema
from hub.store.engine import make_engine
from hub.store.files.passphrase import Passphrase
from protocol.errors import KimError, kim_error
from protocol.texts import Text


def install(settings: HubSettings) -> str:
    """Create home folder, database and the keys' passphrase, keeping what exists.

    Returns:
        The schema's revision.

    Raises:
        KimError: `cannot_write` if there is no place for the passphrase outside the folder; as
            :func:`upgrade`.
    """
    # Submissions and settings are nobody else's business on this machine.
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    Passphrase(settings.passphrase_file).ensure()
    return upgrade(settings)


def upgrade(settings: HubSettings) -> str:
    """Bring the database to this program's schema; return its revision.

    No process of the hub runs meanwhile: one that was written for the schema before would meet columns and
    states that it does not know, and go on. A database that has this schema already is left alone.

    Raises:
        KimError: `already_running` if one does; `schema_outdated` for the database of a later program.
    """
    engine = make_engine(settings.sqlalchemy_url)
    try:
        with RunningLock(settings.home) as lock:
            # Without a schema nothing can run yet.
            if schema.stored_revision(engine) not in (None, schema.KNOWN_REVISION) and not lock.alone():
                raise _running()
            migrations.upgrade(engine)
        return schema.stored_revision(engine) or ""
    finally:
        engine.dispose()


def _running() -> KimError:
    return kim_error(
        "already_running",
        Text(
            "Die Datenbank wird nur umgestellt, solange kein Prozess dieses Hubs läuft; geändert ist nichts.",
            "The database is upgraded only while no process of this hub runs; nothing has changed.",
        ),
        remedy=Text(
            "Alle Prozesse dieses Hubs beenden (kim-hub serve, kim-hub worker, auf jedem Rechner), den "
            "Befehl wiederholen und sie mit dem neuen Programm wieder starten.",
            "Stop all processes of this hub (kim-hub serve, kim-hub worker, on every machine), repeat the "
            "command, and start them again with the new program.",
        ),
    )
