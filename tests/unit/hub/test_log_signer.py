"""The signer against databases that lie: what is signed is provably what was signed before, and more."""

from __future__ import annotations

import contextlib
import stat
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from hub import failpoints
from hub.domain.jobs import NoQueue
from hub.services.transparency.signer import LogSigner, recompute
from hub.settings import HubSettings
from hub.store.engine import make_engine
from hub.store.files.passphrase import Passphrase
from hub.store.tables.log import LogLeaves, StoredCheckpoint
from hub.store.unit_of_work import Database
from protocol.errors import KimError
from protocol.transparency.checkpoints import Checkpoint, SignedCheckpoint, open_checkpoint
from protocol.transparency.merkle import EMPTY_ROOT, Hash, Node, completed_by, root
from tests.factories.installed_hub import install_copy
from tests.factories.log_checks import log_key
from tests.factories.logs import NOON, MemoryLog, event, refusal_of


class Log:
    """A database with leaves, and the signer beside it."""

    def __init__(self, home: Path) -> None:
        self.settings = HubSettings(home=home)
        install_copy(self.settings)
        self.database = Database(make_engine(self.settings.sqlalchemy_url), NoQueue())
        self.signer = LogSigner.of(self.settings)
        self.file = self.settings.log_folder / "checkpoint"
        self.key = self.settings.log_folder / "key.pem"

    def grow(self, *names: str) -> None:
        with self.database.write() as unit:
            for name in names:
                unit.log(event(id=name))

    def sign(self, change: Callable[[LogLeaves], LogLeaves] = lambda leaves: leaves) -> SignedCheckpoint:
        with self.signer.alone(), self.database.read() as unit:
            return self.signer.sign(change(unit.leaves))

    def serve(self, state: SignedCheckpoint) -> SignedCheckpoint:
        with self.database.write() as unit:
            unit.leaves.add_checkpoint(state.checkpoint.size, state.note.to_bytes(), at=NOON)
        return state

    def forge(self, *statements: str) -> None:
        """Change what the database itself would refuse to have changed."""
        with self.database.write() as unit:
            for table, act in (("log_leaf", "update"), ("log_leaf", "delete"), ("log_head", "shrink")):
                unit.connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {table}_no_{act}")
            for statement in statements:
                unit.connection.exec_driver_sql(statement)

    def put_back(self, size: int) -> None:
        """Let the database be as it was when it had so many leaves."""
        self.forge(
            f"DELETE FROM log_leaf WHERE seq >= {size}",
            f"DELETE FROM log_checkpoint WHERE size > {size}",
            f"UPDATE log_head SET size = {size}",
        )


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    log = Log(tmp_path / "hub")
    yield log
    log.database.engine.dispose()


def leaves_of(*names: str) -> MemoryLog:
    return MemoryLog([event(id=name).to_bytes() for name in names])


# ------------------------------------------------------------------------------------ what is signed


def test_each_state_is_signed_as_the_definition_of_its_root_says(log: Log) -> None:
    names = [f"event-{number}" for number in range(9)]
    for number, name in enumerate(names, 1):
        log.grow(name)
        state = log.serve(log.sign()).checkpoint
        memory = leaves_of(*names[:number])
        assert state == Checkpoint(log.signer.origin, number, root(memory, number))
        assert log.file.read_bytes() == log.sign().note.to_bytes()
        assert open_checkpoint(log.file.read_bytes(), log.signer.verifier_key).checkpoint == state


def test_many_leaves_at_once_are_signed_too(log: Log) -> None:
    names = [f"event-{number}" for number in range(37)]
    log.grow(*names[:6])
    log.sign()
    log.grow(*names[6:])
    assert log.sign().checkpoint == Checkpoint(log.signer.origin, 37, root(leaves_of(*names), 37))


def test_a_log_without_leaves_is_signed_as_empty(log: Log) -> None:
    state = log.serve(log.sign()).checkpoint
    assert state == log.signer.nothing == Checkpoint(log.signer.origin, 0, EMPTY_ROOT)
    log.grow("first")
    assert log.sign().checkpoint.size == 1


def test_where_nothing_came_nothing_is_written(log: Log) -> None:
    log.grow("first")
    state = log.sign()
    before = log.file.stat()
    assert log.sign() == state
    assert (log.file.stat().st_ino, log.file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


# ------------------------------------------------------------------------------------ what is not signed


def refused(log: Log) -> None:
    """The signer refuses, and has kept what it had."""
    before = log.file.read_bytes()
    assert refusal_of(log.sign) == "log_inconsistent"
    assert log.file.read_bytes() == before


def test_a_shorter_log_is_not_signed(log: Log) -> None:
    log.grow("a", "b", "c")
    log.serve(log.sign())
    log.put_back(2)
    refused(log)
    with pytest.raises(KimError, match="3 entries were signed, the database has 2"):
        log.sign()


def test_another_log_of_the_same_length_or_longer_is_not_signed(log: Log) -> None:
    log.grow("a", "b", "c")
    log.sign()
    log.put_back(2)
    log.grow("d")
    refused(log)
    log.grow("e", "f")
    refused(log)
    with pytest.raises(KimError, match="The first 3 entries of the database are not those"):
        log.sign()


def test_hashes_are_computed_behind_a_state_that_the_log_has_and_no_other(log: Log) -> None:
    log.grow("a", "b", "c")
    with log.database.read() as unit:
        for names in (["a"], ["a", "b"], ["a", "b", "c"]):
            known = Checkpoint(log.signer.origin, len(names), root(leaves_of(*names), len(names)))
            assert recompute(unit.leaves, known, behind=3) == root(leaves_of("a", "b", "c"), 3)
        other = Checkpoint(log.signer.origin, 2, root(leaves_of("a", "x"), 2))
        with pytest.raises(KimError, match="The first 2 entries of the database are not those"):
            recompute(unit.leaves, other, behind=3)


def test_an_old_state_under_a_high_number_makes_the_signer_forget_nothing(log: Log) -> None:
    """The number beside a note is the database's; what counts is what was signed."""
    log.grow("a", "b")
    log.serve(log.sign())
    log.grow("c", "d")
    log.sign()
    log.put_back(2)
    log.forge("UPDATE log_checkpoint SET size = 99")
    log.grow("e", "f", "g")
    refused(log)


def test_two_signed_states_of_one_size_are_never_followed_by_a_third(log: Log) -> None:
    """A second signer with a copy of the key: whichever history the database has, it is not the only one."""
    log.grow("a", "b")
    log.sign()
    other = Checkpoint(log.signer.origin, 2, root(leaves_of("a", "x"), 2)).sign(log_key(log.settings))
    with log.database.write() as unit:
        unit.leaves.add_checkpoint(2, other.to_bytes(), at=NOON)
    refused(log)
    log.grow("c")
    refused(log)


def test_a_newer_state_in_the_database_counts_where_the_file_is_an_old_copy(log: Log) -> None:
    log.grow("a", "b")
    log.sign()
    old = log.file.read_bytes()
    log.grow("c")
    log.serve(log.sign())
    log.forge("DELETE FROM log_leaf WHERE seq = 2", "UPDATE log_head SET size = 2")
    for left in (old, None):
        log.file.unlink()
        if left is not None:
            log.file.write_bytes(left)
        assert refusal_of(log.sign) == "log_inconsistent"
        log.grow("d")
        assert refusal_of(log.sign) == "log_inconsistent"
        log.forge("DELETE FROM log_leaf WHERE seq = 2", "UPDATE log_head SET size = 2")
        log.file.touch()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE log_leaf SET entry = x'7b7d' WHERE seq = 4",
        "UPDATE log_leaf SET hashes = zeroblob(32) WHERE seq = 4",
        "UPDATE log_leaf SET hashes = CAST(hashes || x'41' AS BLOB) WHERE seq = 4",
        "UPDATE log_leaf SET hashes = substr(hashes, 1, 32) WHERE seq = 5",
        "UPDATE log_leaf SET hashes = CAST(hashes || substr(hashes, 1, 32) AS BLOB) WHERE seq = 5",
        "DELETE FROM log_leaf WHERE seq = 4",
        "DELETE FROM log_leaf WHERE seq = 5",
        "UPDATE log_leaf SET seq = 6 WHERE seq = 5",
    ],
)
def test_hashes_that_do_not_follow_from_the_entries_are_not_signed(log: Log, statement: str) -> None:
    """Leaves 4 and 5 come after the last signature; leaf 5 completes a subtree."""
    log.grow("a", "b", "c", "d")
    log.serve(log.sign())
    log.grow("e", "f")
    log.forge(statement)
    refused(log)


class Turncoat(LogLeaves):
    """A database that gives true answers for a while and then, whatever it is asked, those of another log."""

    def __init__(self, leaves: LogLeaves, *, others: MemoryLog, true_answers: int) -> None:
        self.true, self.others, self.left = leaves, others, true_answers

    def _is_true(self) -> bool:
        self.left -= 1
        return self.left >= 0

    def size(self) -> int:
        return self.true.size() if self._is_true() else len(self.others.entries)

    def read(self, nodes: Sequence[Node]) -> Mapping[Node, Hash]:
        return self.true.read(nodes) if self._is_true() else self.others.read(nodes)

    def checkpoint(self) -> StoredCheckpoint | None:
        return self.true.checkpoint()

    def leaves(self, first: int, *, behind: int) -> Iterator[tuple[bytes, bytes]]:
        for index, true in enumerate(self.true.leaves(first, behind=behind), first):
            own = [Node(0, index), *completed_by(index)]
            other = self.others.entries[index], b"".join(self.others.read(own).values())
            yield true if self._is_true() else other


@pytest.mark.parametrize("true_answers", range(12))
def test_a_database_that_changes_its_answers_gets_no_other_history_signed(
    log: Log, true_answers: int
) -> None:
    """Some other process changes it while it is read: what was signed is in what is signed, or nothing is."""
    names = ["a", "b", "c", "d", "e", "f"]
    log.grow(*names[:3])
    log.serve(log.sign())
    log.grow(*names[3:])
    before = log.file.read_bytes()
    # Another beginning, and further leaves that are the same.
    others = leaves_of("a", "b", "x", *names[3:])
    with contextlib.suppress(KimError):
        state = log.sign(lambda leaves: Turncoat(leaves, others=others, true_answers=true_answers))
        assert state.checkpoint.root == root(leaves_of(*names), len(names))
        return
    assert log.file.read_bytes() == before
    assert true_answers < 11  # then it has told the truth to the end


# ------------------------------------------------------------------------------------ the key and the files


def test_the_key_of_a_signer_is_made_once_and_lies_there_encrypted(log: Log) -> None:
    assert not log.signer.has_key
    key = log.signer.verifier_key
    assert log.signer.has_key
    assert key.name == log.signer.origin
    assert log.key.read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    assert log.signer.verifier_key == LogSigner.of(log.settings).verifier_key == key
    assert stat.S_IMODE(log.key.stat().st_mode) == 0o600
    assert stat.S_IMODE(log.key.parent.stat().st_mode) == 0o700


def test_a_key_that_an_earlier_version_left_readable_is_encrypted_where_it_lies(log: Log) -> None:
    key = log.signer.verifier_key
    log.key.write_bytes(log_key(log.settings).to_pem())
    assert log.signer.verifier_key == key
    assert log.key.read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    assert stat.S_IMODE(log.key.stat().st_mode) == 0o600
    assert log.signer.verifier_key == key


def test_the_state_of_another_log_is_none_of_ours(log: Log) -> None:
    """Under the same key: a hub that was given another name."""
    log.grow("a")
    log.sign()
    foreign = Checkpoint("hub.example/other", 1, root(leaves_of("a"), 1)).sign(log_key(log.settings))
    log.file.write_bytes(foreign.to_bytes())
    refused(log)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o610, 0o601, 0o620, 0o602])
def test_a_key_that_others_can_reach_signs_nothing(log: Log, mode: int) -> None:
    log.grow("a")
    log.sign()
    log.key.chmod(mode)
    log.grow("b")
    assert refusal_of(log.sign) == "key_unreadable"
    log.key.chmod(0o600)
    assert log.sign().checkpoint.size == 2


def test_the_signers_folder_is_made_with_those_above_it(log: Log, tmp_path: Path) -> None:
    folder = tmp_path / "another" / "disk" / "log"
    signer = LogSigner(folder, origin="hub.example/log", passphrase=Passphrase(log.settings.passphrase_file))
    with signer.alone():
        assert signer.verifier_key.name == "hub.example/log"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("place", ["write", "sync", "rename", "renamed"])
def test_a_disk_that_fails_loses_no_signed_state(log: Log, place: str) -> None:
    """What was returned is kept, and what was kept is whole: the state before, or the new one."""
    log.grow("a")
    before = log.sign()
    log.grow("b")
    failpoints.arm(f"signer.{place}:eio:1")
    try:
        with pytest.raises(OSError, match=r"error"):
            log.sign()
    finally:
        failpoints.arm(None)
    kept = open_checkpoint(log.file.read_bytes(), log.signer.verifier_key)
    assert kept.checkpoint.size == (2 if place == "renamed" else before.checkpoint.size)
    assert log.sign().checkpoint.size == 2


def test_what_a_signer_that_died_left_half_written_is_in_nobodys_way(log: Log) -> None:
    log.grow("a")
    log.file.parent.mkdir(mode=0o700)
    for name in ("key.pem.tmp", "checkpoint.tmp"):
        (log.file.parent / name).write_bytes(b"half")
    log.sign()
    assert sorted(path.name for path in log.file.parent.iterdir()) == ["checkpoint", "key.pem", "lock"]
    assert stat.S_IMODE(log.file.stat().st_mode) == 0o600


def test_two_signers_wait_for_each_other(log: Log) -> None:
    order: list[str] = []

    def second() -> None:
        with LogSigner.of(log.settings).alone():
            order.append("second")

    thread = threading.Thread(target=second)
    with log.signer.alone():
        thread.start()
        thread.join(timeout=0.2)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
