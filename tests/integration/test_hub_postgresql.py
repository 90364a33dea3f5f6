"""A hub on PostgreSQL whose jobs Redis carries, and what is left when either is lost: nothing is missing."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import requests
import sqlalchemy as sa
from alembic import command
from sqlalchemy.exc import DBAPIError

from hub import failpoints
from hub.domain.ids import Sha256, SubmissionId
from hub.services.context import HubContext
from hub.services.intake.verification import verify
from hub.services.merging.publishing import close
from hub.services.transparency.rounds import check_whole, run_round
from hub.store import migrations, schema
from hub.store.engine import make_engine
from hub.store.files.blobs import BlobStore
from hub.tasks.worker import InProcessWorker
from protocol.errors import KimError
from protocol.periods import Period
from protocol.transparency.events import parse_event
from tests.factories.dying import ended
from tests.factories.log_checks import assert_log_whole, assert_receipt
from tests.factories.patience import PATIENCE_SECONDS, assert_soon
from tests.factories.running_hub import ITS_DAY, Parcel, RunningHub, lasting_sandbox, running_hub
from tests.factories.signing import signed_client
from tests.integration.test_hub_failpoints import Deliveries, prepare
from tests.integration.test_hub_processes import announce, decided, look, put, send, serving
from tests.servers.postgresql import Postgresql, a_postgresql
from tests.servers.redis import Redis, a_redis

_NAMES = (f"hub{n}" for n in itertools.count())


@pytest.fixture(scope="module")
def server() -> Iterator[Postgresql]:
    with a_postgresql() as server:
        yield server


@pytest.fixture(scope="module")
def redis() -> Iterator[Redis]:
    with a_redis() as redis:
        yield redis


@pytest.fixture
def database(server: Postgresql) -> str:
    """An empty database that belongs to the hub's user."""
    return server.create(next(_NAMES), owner="kim")


@pytest.fixture(scope="module")
def prepared(server: Postgresql, tmp_path_factory: pytest.TempPathFactory) -> Deliveries:
    home = tmp_path_factory.mktemp("prepared") / "hub"
    return prepare(home, database_url=server.create("prepared", owner="kim"))


@pytest.fixture
def deliveries(prepared: Deliveries, server: Postgresql, tmp_path: Path) -> Deliveries:
    # With the passphrase of its keys, which lies beside it.
    shutil.copytree(prepared.home.parent, tmp_path, dirs_exist_ok=True)
    copy = server.create(next(_NAMES), owner="kim", like="prepared")
    return replace(prepared, home=tmp_path / "hub", database_url=copy)


def test_the_schema_is_that_of_the_models(database: str) -> None:
    engine = make_engine(database)
    migrations.upgrade(engine)
    with engine.connect().execution_options(writes=True) as connection:
        command.check(migrations.config_of(connection))
        command.downgrade(migrations.config_of(connection), "base")
        command.upgrade(migrations.config_of(connection), "head")
        connection.commit()
    schema.require_known(engine)
    engine.dispose()


def test_deliveries_corrections_and_releases_are_those_of_any_hub(database: str, tmp_path: Path) -> None:
    with running_hub(tmp_path / "hub", database_url=database) as running:
        sender = running.sender()
        first = sender.parcel(withheld=[3, 4], chunk=20_000)
        second = sender.parcel(withheld=[3, 4], revision=2, supersedes=first.id, reason="Nachmeldungen")
        persons = sender.parcel("PERSONS")
        assert [sender.deliver(parcel)["state"] for parcel in (first, second, persons)] == ["accepted"] * 3
        assert running.state(first) == "superseded"
        close(running.hub.context, [Period(2026, 1)])
        assert_soon(lambda: _release(running) == 1, "a release")
        run_round(running.hub.context)
        with running.hub.context.database.read() as unit:
            assert_log_whole(unit)
            assert unit.connection.dialect.name == "postgresql"
        check_whole(running.hub.context)
        for parcel in (first, second, persons):
            assert_receipt(running.hub.context, parcel.id, sender.node)
        assert running.client.get("/").status_code == 200
        with pytest.raises(DBAPIError, match="only grows"), running.hub.context.database.write() as unit:
            unit.connection.exec_driver_sql("UPDATE audit_event SET actor = 'x'")


def test_of_announcements_at_one_moment_one_is_taken(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All were looked at before any was written: writers queue, and each asks once more."""
    put, barrier, answers = BlobStore.put, threading.Barrier(4), Counter[int]()

    def together(self: BlobStore, data: bytes) -> Sha256:
        found = put(self, data)
        barrier.wait(PATIENCE_SECONDS)
        return found

    with running_hub(tmp_path / "hub", database_url=database, start=False) as running:
        sender = running.sender()
        first, rival = sender.parcel(), sender.parcel()

        def announce(parcel: Parcel) -> None:
            client = signed_client(running.client.application, sender.key)
            answers[replace(sender, client=client).announce(parcel).status_code] += 1

        monkeypatch.setattr(BlobStore, "put", together)
        threads = [threading.Thread(target=announce, args=(parcel,)) for parcel in (first, rival) * 2]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert answers == {201: 1, 200: 1, 409: 2}


def test_a_reader_sees_one_state_of_the_database_whatever_is_written_meanwhile(
    deliveries: Deliveries,
) -> None:
    with deliveries.hub() as (running, sender):
        database = running.hub.context.database
        with database.read() as unit:
            assert unit.submissions.get(SubmissionId(deliveries.first.id)) is None
            assert sender.announce(deliveries.first).status_code == 201
            assert unit.submissions.get(SubmissionId(deliveries.first.id)) is None
        with database.read() as unit:
            assert unit.submissions.get(SubmissionId(deliveries.first.id)) is not None


def _release(running: RunningHub) -> int:
    with running.hub.context.database.read() as unit:
        published = unit.cubes.published()
    return 0 if published is None else published.number


@pytest.mark.parametrize(
    ("place", "passing"),
    [("log.append", 1), ("commit", 1), ("commit", 4), ("committed", 3), ("state.accepted", 2)],
)
def test_a_hub_that_is_killed_on_postgresql_loses_and_doubles_nothing(
    deliveries: Deliveries, place: str, passing: int
) -> None:
    assert ended(deliveries.deliver, f"{place}:kill:{passing}") == -signal.SIGKILL
    deliveries.deliver()
    deliveries.assert_whole()


@pytest.mark.parametrize(
    ("place", "passing"),
    [
        ("blob.renamed", 1),
        ("state.announced", 1),
        ("chunk.renamed", 1),
        ("state.received", 1),
        ("commit", 4),
        ("committed", 4),
        ("state.verifying", 1),
        ("state.accepted", 1),
        ("log.append", 3),
        ("state.superseded", 1),
        ("log.signed", 1),
    ],
)
def test_a_postgresql_that_is_killed_anywhere_is_a_refusal_and_later_no_trace_is_left(
    deliveries: Deliveries, server: Postgresql, place: str, passing: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was not committed is sent again; what was committed is there; nobody waits for the database."""
    monkeypatch.setitem(failpoints.ACTIONS, "kill", server.kill)
    failpoints.arm(f"{place}:kill:{passing}")
    try:
        refused = _refusal(deliveries)
    finally:
        failpoints.arm(None)
        server.start()
    assert refused == "busy"
    deliveries.deliver()
    deliveries.assert_whole()


def test_a_postgresql_that_is_lost_while_a_key_is_looked_up_makes_no_signature_bad(
    deliveries: Deliveries, server: Postgresql
) -> None:
    """The moment between a connection that was just seen to live and the first question to it."""
    with deliveries.hub() as (running, sender):
        engine = running.hub.context.database.engine
        sa.event.listen(engine, "begin", lambda _connection: server.kill(), once=True)
        try:
            answer = sender.announce(deliveries.first)
        finally:
            server.start()
        assert (answer.status_code, answer.get_json()["code"]) == (503, "busy")
        assert sender.announce(deliveries.first).status_code == 201


def _refusal(deliveries: Deliveries) -> str | None:
    """Deliver until something is refused or fails; return its code."""
    with deliveries.hub() as (running, sender):
        for parcel in (deliveries.first, deliveries.second):
            answer = sender.send(parcel)
            if answer.status_code >= 400:
                assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)
                return str(answer.get_json()["code"])
            try:
                verify(running.hub.context, SubmissionId(parcel.id))
                run_round(running.hub.context)
            except KimError as error:
                return error.code
    return None


# ------------------------------------------------------------------------- real processes, and a broker


@contextmanager
def _worker(home: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (home / "worker.log").open("ab") as log:
        worker = subprocess.Popen(
            [sys.executable, "-m", "hub.cli", "worker", "--home", str(home)],
            stderr=log,
            env=os.environ | ITS_DAY,
        )
    try:
        yield worker
    finally:
        worker.terminate()
        assert worker.wait(PATIENCE_SECONDS) == 0, (home / "worker.log").read_text()


def _decisions(database: str, *parcels: Parcel) -> Counter[tuple[str, str]]:
    """How often each state of each parcel stands in the log."""
    engine = sa.create_engine(database)
    with engine.connect() as connection:
        entries = connection.execute(sa.text("SELECT entry FROM log_leaf")).scalars().all()
    engine.dispose()
    events = [parse_event(bytes(entry)) for entry in entries]
    ids = {parcel.id for parcel in parcels}
    return Counter((event.id, str(event.kind)) for event in events if event.id in ids)


def test_a_lost_broker_and_a_lost_database_lose_no_delivery(
    server: Postgresql, redis: Redis, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"DATABASE_URL": database, "BROKER_URL": redis.url, "STALE_SECONDS": "1"}.items():
        monkeypatch.setenv(f"KIM_HUB_{name}", value)
    with running_hub(tmp_path, start=False, database_url=database) as running:
        sender = running.sender()
    first, second, third, fourth, fifth = (
        sender.parcel(dataset, period=Period(2026, quarter))
        for dataset, quarter in [("CASES", 1), ("PERSONS", 1), ("CASES", 2), ("PERSONS", 2), ("PROCESSES", 2)]
    )
    with serving(tmp_path) as (_, url):
        # 1. Nobody takes the jobs: they lie in Redis. Then Redis is killed, and they are gone.
        send(url, sender, first)
        send(url, sender, second)
        assert redis.waiting() >= 2
        redis.kill()
        # 2. Without a broker deliveries are taken all the same: the job waits in the database.
        send(url, sender, third)
        assert look(url, sender, third)["state"] == "received"
        redis.start()
        with _worker(tmp_path):
            for parcel in (first, second, third):
                assert decided(url, sender, parcel)["state"] == "accepted"
            # 3. Both sides find a Redis that was started anew.
            redis.kill()
            redis.start()
            send(url, sender, fourth)
            assert decided(url, sender, fourth)["state"] == "accepted"
            # 4. Without the database nothing is acknowledged, and the next attempt goes through.
            server.kill()
            refused = announce(url, sender, fifth)
            assert (refused.status_code, refused.json()["code"]) == (503, "busy")
            assert refused.headers["Retry-After"]
            ready = requests.get(f"{url}/readyz", timeout=PATIENCE_SECONDS)
            assert (ready.status_code, ready.json()["failing"]) == (503, ["database"])
            server.start()
            assert announce(url, sender, fifth).status_code == 201
            server.kill()
            assert put(url, sender, fifth, 0).status_code == 503
            server.start()
            assert requests.get(f"{url}/readyz", timeout=PATIENCE_SECONDS).status_code == 200
            send(url, sender, fifth, known=True)
            assert decided(url, sender, fifth)["state"] == "accepted"
    parcels = (first, second, third, fourth, fifth)
    assert _decisions(database, *parcels) == {
        (parcel.id, kind): 1 for parcel in parcels for kind in ("received", "accepted")
    }
    for file in ("hub.log", "worker.log"):
        log = (tmp_path / file).read_text()
        assert "hunter2" not in log
        assert "Traceback" not in log


# Celery 6 will cancel what is at work when the connection is lost; with one task at a time there is nothing.
@pytest.mark.filterwarnings("ignore::celery.exceptions.CPendingDeprecationWarning")
def test_a_worker_whose_acknowledgement_is_lost_goes_on(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis is lost while a task is at work: its end can be told to nobody."""
    lost = iter([True])

    def decide(context: HubContext, submission: SubmissionId) -> None:
        if next(lost, False):
            redis.kill()
            redis.start()
        verify(context, submission)

    monkeypatch.setattr("hub.tasks.celery_app.verify", decide)
    with running_hub(
        tmp_path / "hub", start=False, sandbox=lasting_sandbox(), broker_url=redis.url
    ) as running:
        sender = running.sender()
        worker = InProcessWorker(running.hub.celery, stopping=running.hub._stopping)
        worker.start()
        try:
            for dataset in ("CASES", "PERSONS"):
                parcel = sender.parcel(dataset)
                assert sender.send(parcel).status_code == 202
                running.assert_becomes(parcel, "accepted")
            assert list(lost) == []
        finally:
            worker.stop()


def test_a_broker_that_hangs_holds_a_delivery_for_seconds_only(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It accepts connections and answers nobody; the job is given up, the delivery is not."""
    monkeypatch.setattr("hub.tasks.celery_app._BROKER_SECONDS", 0.2)
    with running_hub(
        tmp_path / "hub", start=False, sandbox=lasting_sandbox(), broker_url=redis.url
    ) as running:
        sender = running.sender()
        parcel = sender.parcel()
        redis.hold()
        try:
            assert sender.send(parcel).status_code == 202
        finally:
            redis.kill()
            redis.start()
        assert running.state(parcel) == "received"
