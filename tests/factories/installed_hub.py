"""The database of a new hub, made by the real migrations once in a process and copied from then on.

To run them takes most of the time of a short test. That they lead to this schema, from every earlier one
and on every database, is tested in `tests/unit/hub/test_schema.py`, and `kim-hub init` runs them wherever a
test starts it.
"""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from hub.services.operation.installation import install
from hub.settings import HubSettings

_NAME = "hub.sqlite3"


def install_copy(settings: HubSettings) -> None:
    """Install a hub as `install` does, which finds its database there already; keeps what exists."""
    file = settings.home / _NAME
    if not settings.database_url and not file.exists():
        settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.write_bytes(new_database())
    install(settings)


@cache
def new_database() -> bytes:
    """Return the file of a hub's database in which nothing stands."""
    with tempfile.TemporaryDirectory(prefix="kim-installed-") as folder:
        home = Path(folder) / "hub"  # what belongs to it lies beside it
        install(HubSettings(home=home))
        # The one file: with the last connection, SQLite has ended its log.
        assert [path.name for path in home.iterdir()] == [_NAME]
        return (home / _NAME).read_bytes()
