"""Alembic migrations, from the first table on, and the only way to run them.

Apart from :mod:`hub.store.schema`, because Alembic takes a third of the time that a command needs to start.
"""

from importlib.resources import files

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from hub.store.schema import stored_revision
from protocol.errors import kim_error
from protocol.texts import Text


def config_of(connection: sa.Connection | None = None) -> Config:
    """Return Alembic's configuration, working on `connection`."""
    config = Config()
    config.set_main_option("script_location", str(files("hub.store") / "migrations"))
    config.attributes["connection"] = connection
    return config


def upgrade(engine: sa.Engine) -> None:
    """Run all migrations that are missing, in one transaction each.

    Raises:
        KimError: `schema_outdated` if the database belongs to a later program: there is no way back.
    """
    stored = stored_revision(engine)
    if stored is not None and stored not in {script.revision for script in scripts().walk_revisions()}:
        raise kim_error(
            "schema_outdated",
            Text(
                f"Den Stand {stored} der Datenbank kennt dieses Programm nicht.",
                f"This program does not know the database's revision {stored}.",
            ),
            remedy=Text(
                "Die neuere Fassung von kim-hub benutzen, der die Datenbank gehört.",
                "Use the later kim-hub that the database belongs to.",
            ),
        )
    with engine.connect().execution_options(writes=True) as connection:
        command.upgrade(config_of(connection), "head")
        connection.commit()


def scripts() -> ScriptDirectory:
    """Return all migrations."""
    return ScriptDirectory.from_config(config_of())
