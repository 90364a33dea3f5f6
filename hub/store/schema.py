"""Which schema a database has, and refuse to run on any but this program's.

Only `kim-hub init` and `kim-hub db upgrade` migrate (:mod:`hub.store.migrations`). A hub that starts on an
unknown or older schema would write rows nobody can read back, so it does not start (`schema_outdated`).
"""

from typing import Final

import sqlalchemy as sa

from protocol.errors import kim_error
from protocol.texts import Text

#: The revision this program was written for: that of the last migration.
KNOWN_REVISION: Final = "0011"
_VERSION: Final = sa.table("alembic_version", sa.column("version_num"))


def stored_revision(engine: sa.Engine) -> str | None:
    """Return the revision of the database, or None if it holds no schema yet."""
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table(_VERSION.name):
            return None
        revision: str | None = connection.execute(sa.select(_VERSION.c.version_num)).scalar()
        return revision


def require_known(engine: sa.Engine) -> None:
    """Raise `schema_outdated` unless the database has exactly this program's schema."""
    stored, known = stored_revision(engine), KNOWN_REVISION
    if stored != known:
        raise kim_error(
            "schema_outdated",
            Text(
                f"Die Datenbank hat den Stand {stored or 'leer'}, dieses Programm erwartet {known}.",
                f"The database is at revision {stored or 'none'}, this program expects {known}.",
            ),
        )
