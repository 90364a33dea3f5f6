"""Migrations and models agree, an unknown schema stops the hub, and evidence tables only grow."""

import datetime as dt
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from sqlalchemy.exc import IntegrityError, StatementError

from hub.store import migrations, models, schema
from hub.store.engine import make_engine
from protocol.errors import KimError

NOW = dt.datetime(2026, 10, 5, 10, 0, tzinfo=dt.UTC)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    engine = make_engine(f"sqlite:///{tmp_path}/hub.sqlite3")
    migrations.upgrade(engine)
    yield engine
    engine.dispose()


def test_models_say_what_the_migrations_make(engine: sa.Engine) -> None:
    with engine.connect().execution_options(writes=True) as connection:
        command.check(migrations.config_of(connection))
        connection.rollback()


def test_the_program_is_written_for_the_last_migration() -> None:
    assert migrations.scripts().get_heads() == [schema.KNOWN_REVISION]


def test_only_a_migration_needs_the_tool_for_it() -> None:
    """It is a third of the time that a command needs to start."""
    command_line = "import sys, hub.cli.desk, hub.wiring; sys.exit('alembic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", command_line], check=False).returncode == 0


def test_the_migrations_can_be_undone_and_done_again(engine: sa.Engine) -> None:
    with engine.connect().execution_options(writes=True) as connection:
        command.downgrade(migrations.config_of(connection), "base")
        assert set(sa.inspect(connection).get_table_names()) == {"alembic_version"}
        command.upgrade(migrations.config_of(connection), "head")
        connection.commit()
    schema.require_known(engine)


def test_nodes_of_the_first_schema_keep_their_area(engine: sa.Engine) -> None:
    with engine.connect().execution_options(writes=True) as connection:
        command.downgrade(migrations.config_of(connection), "0001")
        connection.exec_driver_sql(
            "INSERT INTO node VALUES ('node-a', 'A', 'NW05111', 'active', '2026-10-05 10:00:00')"
        )
        command.upgrade(migrations.config_of(connection), "head")
        assert connection.execute(sa.select(models.node_area)).all() == [("NW05111", "node-a")]
        connection.rollback()


def test_a_locked_invitation_of_an_earlier_schema_has_ended(engine: sa.Engine) -> None:
    moment = "2026-10-05 10:00:00"
    with engine.connect().execution_options(writes=True) as connection:
        command.downgrade(migrations.config_of(connection), "0008")
        for number, (state, tries) in enumerate((("locked", 0), ("open", 3), ("used", 5)), start=1):
            connection.exec_driver_sql(
                "INSERT INTO invitation (id, node_id, name, areas, verifier, state, tries_left, created_at, "
                "created_by, expires_at) VALUES (?, 'node-a', 'A', '[]', 'ab', ?, ?, ?, 'A. Muster', ?)",
                (number, state, tries, moment, moment),
            )
        command.upgrade(migrations.config_of(connection), "head")
        table = models.invitation
        rows = connection.execute(sa.select(table.c.state, table.c.wrong_tokens).order_by(table.c.id)).all()
        assert rows == [("replaced", 5), ("open", 2), ("used", 0)]
        connection.rollback()


def test_upgrading_twice_changes_nothing(engine: sa.Engine) -> None:
    migrations.upgrade(engine)
    assert schema.stored_revision(engine) == schema.KNOWN_REVISION


@pytest.mark.parametrize("revision", [None, "0000", "9999"])
def test_another_schema_is_refused(engine: sa.Engine, revision: str | None) -> None:
    with engine.connect().execution_options(writes=True) as connection:
        connection.exec_driver_sql("DELETE FROM alembic_version")
        if revision:
            connection.exec_driver_sql("INSERT INTO alembic_version VALUES (?)", (revision,))
        connection.commit()
    with pytest.raises(KimError) as caught:
        schema.require_known(engine)
    assert caught.value.code == "schema_outdated"


@pytest.mark.parametrize("verb", ["UPDATE audit_event SET actor = 'x'", "DELETE FROM audit_event"])
def test_what_happened_cannot_be_changed(engine: sa.Engine, verb: str) -> None:
    with engine.connect().execution_options(writes=True) as connection:
        connection.execute(
            models.audit_event.insert().values(at=NOW, actor="a", action="b", subject="c", detail={})
        )
        with pytest.raises(IntegrityError, match="only grows"):
            connection.exec_driver_sql(verb)


def test_a_moment_without_an_offset_is_not_stored(engine: sa.Engine) -> None:
    naive = NOW.replace(tzinfo=None)
    row = models.release.insert().values(number=1, created_at=naive)
    with engine.connect().execution_options(writes=True) as connection, pytest.raises(StatementError):
        connection.execute(row)


def test_moments_come_back_in_utc(engine: sa.Engine) -> None:
    berlin = NOW.astimezone(dt.timezone(dt.timedelta(hours=2)))
    with engine.connect().execution_options(writes=True) as connection:
        connection.execute(models.release.insert().values(number=1, created_at=berlin))
        assert connection.execute(sa.select(models.release.c.created_at)).scalar_one() == NOW


def test_sqlite_is_durable_and_checks_references(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        pragma = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert pragma == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}
