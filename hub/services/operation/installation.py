"""Set a hub up: its folder, and a database at this program's schema."""

from hub.settings import HubSettings
from hub.store import migrations, schema
from hub.store.engine import make_engine
from hub.store.files.passphrase import Passphrase


def install(settings: HubSettings) -> str:
    """Create home folder, database and the keys' passphrase, keeping what exists.

    Returns:
        The schema's revision.

    Raises:
        KimError: `cannot_write` if there is no place for the passphrase outside the folder.
    """
    # Submissions and settings are nobody else's business on this machine.
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    Passphrase(settings.passphrase_file).ensure()
    return upgrade(settings)


def upgrade(settings: HubSettings) -> str:
    """Bring the database to this program's schema; return its revision."""
    engine = make_engine(settings.sqlalchemy_url)
    try:
        migrations.upgrade(engine)
        return schema.stored_revision(engine) or ""
    finally:
        engine.dispose()
