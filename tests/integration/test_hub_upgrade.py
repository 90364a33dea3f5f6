"""The database of a hub takes another form only while no process of it runs: real ones, on both databases."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
import sqlalchemy as sa
from alembic import command

from hub.cli.output import settings_of_hub
from hub.home_lock import RunningLock
from hub.store import migrations, schema
from hub.store.engine import make_engine
from protocol.problems import PROBLEMS
from tests.factories.patience import PATIENCE_SECONDS, assert_soon
from tests.integration.test_hub_processes import hub, serving
from tests.servers.postgresql import Postgresql, a_postgresql

BEFORE = "0010"
_NAMES = (f"upgraded_{number}" for number in itertools.count())


@pytest.fixture(scope="module")
def server() -> Iterator[Postgresql]:
    with a_postgresql() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The folder of a hub, on both kinds of database."""
    home = tmp_path / "hub"
    home.mkdir()
    if request.param == "postgresql":
        url = request.getfixturevalue("server").create(next(_NAMES), owner="kim")
        (home / "hub.toml").write_text(f'[hub]\ndatabase_url = "{url}"\n')
    hub(home, "init")
    return home


@contextmanager
def _database(home: Path) -> Iterator[sa.Engine]:
    engine = make_engine(settings_of_hub(home).sqlalchemy_url)
    try:
        yield engine
    finally:
        engine.dispose()


def _put_back(home: Path) -> None:
    """Give the database the form of an earlier program: now there is something to upgrade."""
    with _database(home) as engine, engine.connect().execution_options(writes=True) as connection:
        command.downgrade(migrations.config_of(connection), BEFORE)
        connection.commit()


def _revision(home: Path) -> str | None:
    with _database(home) as engine:
        return schema.stored_revision(engine)


def _refused(home: Path) -> None:
    document = hub(home, "db upgrade", "--lang", "en", expect=PROBLEMS["already_running"].exit_code)
    assert document["code"] == "already_running"
    assert "kim-hub worker" in document["remedy_en"]
    assert _revision(home) == BEFORE


def test_nothing_is_upgraded_under_a_serving_hub(home: Path) -> None:
    with serving(home) as (process, url):
        assert hub(home, "db upgrade") == {"schema": schema.KNOWN_REVISION}  # there is nothing to do
        _put_back(home)
        _refused(home)
        assert requests.get(f"{url}/readyz", timeout=PATIENCE_SECONDS).json()["failing"] == ["schema"]
        process.kill()  # whatever ends a process gives its lock back
        process.wait()
    assert hub(home, "db upgrade") == {"schema": schema.KNOWN_REVISION}
    with serving(home) as (_, url):
        assert requests.get(f"{url}/readyz", timeout=PATIENCE_SECONDS).json()["status"] == "ready"


def test_nothing_is_upgraded_under_a_worker(home: Path, tmp_path: Path) -> None:
    broker = {"KIM_HUB_BROKER_URL": f"sqla+sqlite:///{tmp_path}/broker.sqlite3"}
    with (tmp_path / "worker.log").open("ab") as log:
        worker = subprocess.Popen(
            [sys.executable, "-m", "hub.cli", "worker", "--home", str(home)],
            stderr=log,
            env={**os.environ, **broker},
        )
    try:
        assert_soon(lambda: f"{worker.pid} " in _locks(home), "the worker runs")
        _put_back(home)
        _refused(home)
    finally:
        worker.terminate()
        assert worker.wait(PATIENCE_SECONDS) == 0, (tmp_path / "worker.log").read_text()
    assert hub(home, "db upgrade") == {"schema": schema.KNOWN_REVISION}


def test_a_hub_that_starts_meanwhile_waits_and_looks_again(home: Path, tmp_path: Path) -> None:
    with RunningLock(home) as lock:
        assert lock.alone()
        process = subprocess.Popen(
            [sys.executable, "-m", "hub.cli", "serve", "--home", str(home), "--port", "0", "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert_soon(lambda: f"-> FLOCK  ADVISORY  READ {process.pid} " in _locks(home), "the hub waits")
        _put_back(home)
    told, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert json.loads(told)["code"] == "schema_outdated"
    assert process.returncode == PROBLEMS["schema_outdated"].exit_code


def _locks(home: Path) -> str:
    """What the kernel says of the lock under which a hub runs."""
    file = home / "running.lock"
    if not file.exists():
        return ""
    inode = f":{file.stat().st_ino} "
    return "".join(line for line in Path("/proc/locks").read_text().splitlines(True) if inode in line)
