"""What is kept of the log in the database: leaves, signed states, and the lines of witnesses."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub import failpoints
from hub.domain.jobs import NoQueue
from hub.settings import HubSettings
from hub.store.engine import make_engine
from hub.store.tables import log
from hub.store.tables.log import CLOCK_TOLERANCE, LogHead, StoredCheckpoint, StoredLeaf
from hub.store.unit_of_work import Database, UnitOfWork
from protocol.errors import KimError
from protocol.transparency.events import parse_event
from protocol.transparency.merkle import Node, leaf_hash
from tests.factories.installed_hub import install_copy
from tests.factories.logs import NOON, MemoryLog, event, refusal_of

SECOND = dt.timedelta(seconds=1)


@pytest.fixture
def unit(tmp_path: Path) -> Iterator[UnitOfWork]:
    settings = HubSettings(home=tmp_path / "hub")
    install_copy(settings)
    database = Database(make_engine(settings.sqlalchemy_url), NoQueue())
    with database.write() as unit:
        yield unit
    database.engine.dispose()


def put(unit: UnitOfWork, *names: str) -> list[StoredLeaf]:
    """Append an event for each name."""
    entries = [event(id=name) for name in names]
    return [StoredLeaf(unit.log(entry), entry.to_bytes()) for entry in entries]


# ------------------------------------------------------------------------------------ leaves


def test_a_new_log_is_empty(unit: UnitOfWork) -> None:
    assert unit.leaves.head() == LogHead(size=0, newest_at=None, halted=False)
    assert unit.leaves.checkpoint() is None
    assert unit.leaves.first_of("a") is None
    assert list(unit.leaves.leaves(0, behind=9)) == []


def test_leaves_of_a_subject_are_found_by_their_age(unit: UnitOfWork) -> None:
    put(unit, "other")
    oldest, _, newest = put(unit, "a", "a", "a")
    put(unit, "another")
    assert unit.leaves.first_of("a") == oldest
    assert unit.leaves.newest_of("a") == newest


def test_leaves_about_many_subjects_are_found_oldest_first_within_each_batch(
    unit: UnitOfWork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "_SUBJECTS_AT_ONCE", 2)
    b, a, _, a_again, c, b_again = put(unit, "b", "a", "other", "a", "c", "b")
    found = list(unit.leaves.about(["a", "b", "c", "missing"]))
    assert found == [("b", b), ("a", a), ("a", a_again), ("b", b_again), ("c", c)]
    assert list(unit.leaves.about([])) == []


def test_more_subjects_than_a_statement_takes_are_asked_for_in_parts(unit: UnitOfWork) -> None:
    """SQLite once took no more than 999 values."""
    put(unit, "first", "last")
    names = ["first", *(f"missing-{number}" for number in range(1_200)), "last"]
    assert [subject for subject, _ in unit.leaves.about(names)] == ["first", "last"]


@pytest.mark.parametrize("at_once", [1, 2, 3, 10])
def test_leaves_are_read_in_order_whatever_is_read_at_once(
    unit: UnitOfWork, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(log, "_ENTRIES_AT_ONCE", at_once)
    leaves = put(unit, *"abcdefg")
    entries = [leaf.entry for leaf in leaves]
    assert [entry for entry, _ in unit.leaves.leaves(0, behind=7)] == entries
    assert [entry for entry, _ in unit.leaves.leaves(2, behind=5)] == entries[2:5]
    assert [entry for entry, _ in unit.leaves.leaves(5, behind=9)] == entries[5:]
    assert [len(hashes) for _, hashes in unit.leaves.leaves(0, behind=7)] == [32, 64, 32, 96, 32, 64, 32]


def test_hashes_of_subtrees_are_those_of_the_definition(unit: UnitOfWork) -> None:
    memory = MemoryLog([leaf.entry for leaf in put(unit, *"abcdef")])
    nodes = [Node(0, 0), Node(0, 5), Node(1, 0), Node(1, 2), Node(2, 0)]
    assert unit.leaves.read(nodes) == memory.read(nodes)
    assert unit.leaves.read([]) == {}
    assert unit.leaves.hash_of(3) == leaf_hash(memory.entries[3])


@pytest.mark.parametrize("node", [Node(0, 2), Node(1, 1), Node(2, 0)])
def test_a_hash_that_is_not_there_is_no_hash(unit: UnitOfWork, node: Node) -> None:
    """Whoever asks for it was told that the log is large enough: the database contradicts itself."""
    put(unit, "a", "b")
    assert refusal_of(lambda: unit.leaves.read([Node(0, 0), node])) == "log_inconsistent"


@pytest.mark.parametrize("hashes", ["x''", "zeroblob(31)", "zeroblob(63)"])
def test_half_a_hash_is_no_hash(unit: UnitOfWork, hashes: str) -> None:
    put(unit, "a", "b")
    unit.connection.exec_driver_sql("DROP TRIGGER log_leaf_no_update")
    unit.connection.exec_driver_sql(f"UPDATE log_leaf SET hashes = {hashes} WHERE seq = 1")
    assert refusal_of(lambda: unit.leaves.read([Node(1, 0)])) == "log_inconsistent"


def test_a_leaf_that_the_disk_refuses_is_nowhere(tmp_path: Path) -> None:
    settings = HubSettings(home=tmp_path / "hub")
    install_copy(settings)
    database = Database(make_engine(settings.sqlalchemy_url), NoQueue())
    failpoints.arm("log.append:eio:2")
    try:
        with pytest.raises(OSError, match="error"), database.write() as unit:
            put(unit, "a", "b")
    finally:
        failpoints.arm(None)
    with database.write() as unit:
        assert unit.leaves.size() == 0
        assert put(unit, "c")[0].index == 0
    database.engine.dispose()


# ------------------------------------------------------------------------------------ time


def at(unit: UnitOfWork, moment: dt.datetime) -> dt.datetime:
    """Append an event of that moment; return the time that the log gives it."""
    index = unit.log(event(at=moment))
    ((entry, _),) = unit.leaves.leaves(index, behind=index + 1)
    return parse_event(entry).at


def test_times_never_go_back(unit: UnitOfWork) -> None:
    """A clock that is put right by two seconds stands still for as long; further is refused."""
    assert at(unit, NOON) == NOON
    assert at(unit, NOON + 5 * SECOND) == NOON + 5 * SECOND
    assert at(unit, NOON + 4 * SECOND) == NOON + 5 * SECOND
    assert at(unit, NOON + 3 * SECOND) == NOON + 5 * SECOND
    assert unit.leaves.head().newest_at == NOON + 5 * SECOND
    assert at(unit, NOON + 6 * SECOND) == NOON + 6 * SECOND
    assert refusal_of(lambda: at(unit, NOON + 3 * SECOND)) == "log_unavailable"
    assert CLOCK_TOLERANCE == 2 * SECOND


def test_a_halted_log_says_what_the_operator_does(unit: UnitOfWork) -> None:
    unit.leaves.set_halted(halted=True)
    with pytest.raises(KimError) as caught:
        unit.log(event())
    assert caught.value.code == "log_unavailable"
    assert "docs/hub.md" in caught.value.remedy.en
    unit.leaves.set_halted(halted=False)
    assert unit.leaves.head().halted is False


# ------------------------------------------------------------------------------------ signed states


def serve(unit: UnitOfWork, *sizes: int) -> list[StoredCheckpoint]:
    """Keep a state for each size."""
    found = []
    for size in sizes:
        moment = NOON + size * SECOND
        unit.leaves.add_checkpoint(size, f"state {size}\n".encode(), at=moment)
        found.append(StoredCheckpoint(size, f"state {size}\n".encode(), moment))
    return found


def cosign(unit: UnitOfWork, size: int, *names: str) -> None:
    for name in names:
        assert unit.leaves.add_cosignature(size, name, f"line of {name}", at=NOON)


def test_the_first_state_of_a_size_stays(unit: UnitOfWork) -> None:
    (first,) = serve(unit, 3)
    unit.leaves.add_checkpoint(3, b"another\n", at=NOON)
    assert unit.leaves.checkpoint() == first
    newer, _ = serve(unit, 12, 4)
    assert unit.leaves.checkpoint() == newer


def test_a_state_is_looked_for_among_the_newest_only(unit: UnitOfWork) -> None:
    two, three, five = serve(unit, 2, 3, 5)
    assert unit.leaves.recent_checkpoint(5, among=1) == five
    assert unit.leaves.recent_checkpoint(3, among=2) == three
    assert unit.leaves.recent_checkpoint(2, among=2) is None
    assert unit.leaves.recent_checkpoint(2, among=3) == two
    assert unit.leaves.recent_checkpoint(4, among=3) is None


def test_the_newest_state_with_enough_witnesses_that_holds_a_leaf(unit: UnitOfWork) -> None:
    serve(unit, 2)
    three, four, _ = serve(unit, 3, 4, 6)
    cosign(unit, 2, "w1", "w2", "w3", "w4")
    cosign(unit, 3, "w1", "w2", "w3")
    cosign(unit, 4, "w1", "w2")

    def state(index: int, least: int, *, among: int = 9, subject: str | None = None) -> object:
        return unit.leaves.cosigned_state(index, least=least, among=among, subject=subject)

    assert state(2, 2) == four
    assert state(2, 3) == three
    assert state(2, 4) is None  # the one with four does not hold leaf 2
    assert state(1, 4) is not None
    assert state(3, 3) is None
    # Its own line is nothing that a node needs others for.
    assert state(2, 2, subject="w2") == three
    assert state(2, 2, subject="w9") == four
    # The newest states that hold the leaf are looked through, no others.
    assert state(2, 3, among=2) is None
    assert state(2, 3, among=3) == three


def test_one_witness_from_outside_is_needed_beside_the_nodes(unit: UnitOfWork) -> None:
    """P-109: it stands in for no node, and none for it."""
    _, four, five = serve(unit, 3, 4, 5)
    cosign(unit, 3, "w1", "w2", "w3")
    cosign(unit, 4, "w1", "w2", "o1")
    cosign(unit, 5, "w1", "o1", "o2")

    def state(least: int, *outside: str, subject: str | None = None) -> object:
        return unit.leaves.cosigned_state(2, least=least, among=9, subject=subject, outside=outside)

    assert state(1, "o1", "o2") == five
    assert state(2, "o1", "o2") == four
    assert state(2, "o1") == five  # to whom nobody has named it, the other is one more
    assert state(3, "o1", "o2") is None
    assert state(0, "o3") is None
    assert state(2, "o1", "o2", subject="w1") is None


def test_a_witnesss_first_line_for_a_state_stays(unit: UnitOfWork) -> None:
    serve(unit, 3, 4)
    assert unit.leaves.add_cosignature(3, "w1", "first", at=NOON) is True
    assert unit.leaves.add_cosignature(3, "w1", "second", at=NOON) is False
    assert unit.leaves.add_cosignature(4, "w1", "of another state", at=NOON) is True
    assert unit.leaves.add_cosignature(3, "w2", "of another witness", at=NOON) is True
    assert unit.leaves.cosignatures(3) == ["first", "of another witness"]
    assert unit.leaves.cosignatures(4) == ["of another state"]
    assert unit.leaves.cosignatures(5) == []


def test_lines_come_in_the_order_in_which_they_were_received(unit: UnitOfWork) -> None:
    serve(unit, 3)
    for name, moment in (("w3", NOON), ("w1", NOON + SECOND), ("w2", NOON)):
        unit.leaves.add_cosignature(3, name, name, at=moment)
    assert unit.leaves.cosignatures(3) == ["w2", "w3", "w1"]
