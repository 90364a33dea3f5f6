"""Set a hub up: its folder, and a database at this program's schema."""

from hub.settings import HubSettings
from hub.store import schema
from hub.store.engine import make_engine


def install(settings: HubSettings) -> str:
    """Create the home folder and the database, keeping what exists; return the schema's revision."""
    # Submissions and settings are nobody else's business on this machine.
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    return upgrade(settings)


def upgrade(settings: HubSettings) -> str:
    """Bring the database to this program's schema; return its revision."""
    engine = make_engine(settings.sqlalchemy_url)
    try:
        schema.upgrade(engine)
        return schema.stored_revision(engine) or ""
    finally:
        engine.dispose()
