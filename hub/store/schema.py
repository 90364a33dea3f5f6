"""Bring the database to this program's schema, and refuse to run on any other.

Only `kim-hub init` and `kim-hub db upgrade` migrate. A hub that starts on an unknown or older schema would
write rows nobody can read back, so it does not start (`schema_outdated`).
"""

from importlib.resources import files

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

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
    if stored is not None and stored not in {script.revision for script in _scripts().walk_revisions()}:
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


def known_revision() -> str:
    """Return the revision this program was written for."""
    return _scripts().get_current_head() or ""


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(config_of())


def stored_revision(engine: sa.Engine) -> str | None:
    """Return the revision of the database, or None if it holds no schema yet."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def require_known(engine: sa.Engine) -> None:
    """Raise `schema_outdated` unless the database has exactly this program's schema."""
    stored, known = stored_revision(engine), known_revision()
    if stored != known:
        raise kim_error(
            "schema_outdated",
            Text(
                f"Die Datenbank hat den Stand {stored or 'leer'}, dieses Programm erwartet {known}.",
                f"The database is at revision {stored or 'none'}, this program expects {known}.",
            ),
        )
