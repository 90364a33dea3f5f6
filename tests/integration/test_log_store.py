"""The table of leaves on both databases: it only grows, without gaps, whoever writes at once."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from hub.domain.jobs import NoQueue
from hub.store import migrations
from hub.store.engine import make_engine
from hub.store.unit_of_work import Database
from protocol.transparency.events import parse_event
from protocol.transparency.merkle import (
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root,
    verify_consistency,
    verify_inclusion,
)
from tests.factories.logs import MemoryLog, event
from tests.servers.postgresql import running_postgresql


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    with running_postgresql() as server:
        yield server.admin_url


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/hub.sqlite3"
    else:
        url = request.getfixturevalue("postgresql")
        engine = sa.create_engine(url)
        with engine.begin() as connection:
            connection.exec_driver_sql("DROP SCHEMA public CASCADE")
            connection.exec_driver_sql("CREATE SCHEMA public")
        engine.dispose()
    engine = make_engine(url)
    migrations.upgrade(engine)
    yield Database(engine, NoQueue())
    engine.dispose()


def append(database: Database, number: int) -> int:
    with database.write() as unit:
        return unit.log(event(id=f"{number:064x}"))


def test_leaves_hashes_and_proofs_are_those_of_the_definition(database: Database):
    size = 260
    for n in range(size):
        assert append(database, n) == n
    memory = MemoryLog([event(id=f"{n:064x}").to_bytes() for n in range(size)])
    with database.read() as unit:
        assert [entry for entry, _ in unit.leaves.leaves(0, behind=size)] == memory.entries
        for some in (1, 2, 3, 128, 255, 256, 257, 260):
            top = root(unit.leaves, some)
            assert top == root(memory, some)
            for index in {0, some // 2, some - 1}:
                proof = inclusion_proof(unit.leaves, index, size=some)
                verify_inclusion(leaf_hash(memory.entries[index]), index, size=some, proof=proof, root=top)
            between = consistency_proof(unit.leaves, some, new=size)
            verify_consistency(some, size, old_root=top, new_root=root(memory, size), proof=between)
        newest, first = unit.leaves.newest_of(f"{7:064x}"), unit.leaves.first_of(f"{7:064x}")
        assert newest == first
        assert newest is not None
        assert newest.index == 7
        assert unit.leaves.newest_of("f" * 64) is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE log_leaf SET subject = 'x' WHERE seq = 0",
        "UPDATE log_leaf SET seq = 9 WHERE seq = 1",
        "DELETE FROM log_leaf",
        "DELETE FROM log_leaf WHERE seq = 1",
        "INSERT INTO log_leaf (seq, subject, entry, hashes) VALUES (3, 'x', '', '')",
        "INSERT INTO log_leaf (seq, subject, entry, hashes) VALUES (-1, 'x', '', '')",
        "INSERT INTO log_leaf (seq, subject, entry, hashes) VALUES (1, 'x', '', '')",
        "UPDATE log_head SET size = 1",
        "DELETE FROM log_head",
        "INSERT INTO log_head (one, size) VALUES (2, 0)",
    ],
)
def test_what_the_database_itself_refuses(database: Database, statement: str):
    append(database, 0)
    append(database, 1)
    with database.read() as unit:
        before = list(unit.leaves.leaves(0, behind=9))
    with pytest.raises(DBAPIError), database.write() as unit:
        unit.connection.exec_driver_sql(statement)
    with database.read() as unit:
        assert list(unit.leaves.leaves(0, behind=9)) == before
        assert unit.leaves.size() == 2
    assert append(database, 2) == 2


def test_ways_around_that_one_database_has(database: Database):
    """SQLite's OR REPLACE deletes without asking; PostgreSQL's TRUNCATE is no DELETE."""
    append(database, 0)
    around = {
        "sqlite": "INSERT OR REPLACE INTO log_leaf (seq, subject, entry, hashes) VALUES (0, 'x', '', '')",
        "postgresql": "TRUNCATE log_leaf",
    }[database.engine.dialect.name]
    with pytest.raises(DBAPIError), database.write() as unit:
        unit.connection.exec_driver_sql(around)
    with database.read() as unit:
        assert unit.leaves.size() == len(list(unit.leaves.leaves(0, behind=9))) == 1


def test_writers_at_once_leave_no_gap(database: Database):
    """Four writers, each with its own engine, some of whose transactions fail at the end."""
    writers, each = 4, 30
    finished: list[int] = []

    def work(writer: int) -> None:
        engine = make_engine(database.engine.url.render_as_string(hide_password=False))
        own = Database(engine, NoQueue())
        try:
            for n in range(each):
                with contextlib.suppress(ZeroDivisionError), own.write() as unit:
                    unit.log(event(id=f"done-{writer}-{n}"))
                    unit.log(event(kind="accepted", id=f"done-{writer}-{n}"))
                    if n % 5 == 4:
                        raise ZeroDivisionError  # rolled back, with both leaves
            finished.append(writer)
        finally:
            engine.dispose()

    threads = [threading.Thread(target=work, args=(writer,)) for writer in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(finished) == list(range(writers))
    size = writers * each * 4 // 5 * 2
    with database.read() as unit:
        assert unit.leaves.size() == size
        entries = [entry for entry, _ in unit.leaves.leaves(0, behind=size + 9)]
        assert root(unit.leaves, size) == root(MemoryLog(entries), size)
    told = [parse_event(entry) for entry in entries]
    assert len(entries) == size
    # The two leaves of a transaction stand side by side, in its order.
    pairs = list(zip(told[::2], told[1::2], strict=True))
    assert all((a.kind, b.kind, a.id) == ("received", "accepted", b.id) for a, b in pairs)
    assert {a.id for a, _ in pairs} == {
        f"done-{writer}-{n}" for writer in range(writers) for n in range(each) if n % 5 != 4
    }


def test_a_halted_log_takes_nothing(database: Database):
    append(database, 0)
    with database.write() as unit:
        unit.leaves.set_halted(halted=True)
    with pytest.raises(Exception, match="log_unavailable"):
        append(database, 1)
    with database.read() as unit:
        assert (unit.leaves.head().size, unit.leaves.head().halted) == (1, True)
    with database.write() as unit:
        unit.leaves.set_halted(halted=False)
    assert append(database, 1) == 1
