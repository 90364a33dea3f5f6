"""Receipts that come by stick: compared with the history the node watches, or said not to be (SPEC P-113)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from node.journal import DeliveryState, Journal
from node.witness import AlarmKind, LogCopy, LogWatch, ReceiptKeeper, Visit, WitnessStore
from protocol.errors import KimError
from protocol.statement import parse_statement
from protocol.transparency.events import EventKind, LogEvent
from protocol.transparency.tiles import tile_at
from tests.factories.logged_world import START, PaperLog, PaperNetwork
from tests.factories.running_hub import Parcel
from tests.factories.spooled import spooled
from tests.fakes.node_clock import SteppedClock


def grow(log: PaperLog, number: int, *, word: str = "CASES") -> None:
    for _ in range(number):
        log.append(LogEvent(at=START, kind=EventKind.PERIOD_CLOSED, id=f"{word}/{log.size}"))


@dataclass
class Town:
    """A node with a delivery, and a stick."""

    folder: Path
    network: PaperNetwork
    journal: Journal
    statement_id: str
    clock: SteppedClock

    @property
    def stick(self) -> Path:
        return self.folder / "stick"

    @property
    def log(self) -> PaperLog:
        return self.network.log

    @property
    def store(self) -> WitnessStore:
        return WitnessStore(self.folder / "witness", clock=self.clock)

    @property
    def keeper(self) -> ReceiptKeeper:
        return ReceiptKeeper(
            self.store,
            self.journal,
            node=self.network.nodes[0].id,
            anchors=self.network.anchors(),
            clock=self.clock,
            patience=timedelta(hours=24),
        )

    def watch(self, copy: Path, *, served: bool = False) -> LogWatch:
        return LogWatch(
            self.store,
            LogCopy(copy),
            node=self.network.nodes[0].id,
            log=self.log.vkey,
            clock=self.clock,
            served=served,
        )

    def bring(self, log: PaperLog | None = None) -> int:
        """Put both receipts onto the stick and take them in."""
        log = log or self.log
        _, received, accepted = self.network.delivered[self.statement_id]
        for stage, index in (("received", received), ("decided", accepted)):
            receipt = log.receipt(index, self.network.nodes[1:])
            (self.stick / f"{self.statement_id}.{stage}.tlog-proof").write_bytes(receipt.to_bytes())
        (record,) = self.journal.deliveries()
        return self.keeper.bring(record, self.stick)

    def seen(self, log: PaperLog | None = None) -> Visit:
        """The node visits the log, as over a line."""
        copy = self.folder / "line"
        (log or self.log).write_mirror(copy)
        return self.watch(copy, served=True).visit(lambda: (self.statement_id,), keys=tuple)

    def brought_copy(self, log: PaperLog | None = None) -> Path:
        copy = self.stick / "log"
        (log or self.log).write_mirror(copy)
        return copy

    def compared(self) -> list[bool]:
        (record,) = self.journal.deliveries()
        return [item.compared for item in self.keeper.stored(record)]

    def alarms(self) -> list[AlarmKind]:
        return [alarm.kind for alarm in self.store.alarms()]


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    network = PaperNetwork()
    grow(network.log, 5)
    identity = network.deliver(network.nodes[0])
    grow(network.log, 2)
    envelope = network.delivered[identity][0]
    clock = SteppedClock()
    (tmp_path / "stick").mkdir()
    with Journal(tmp_path / "journal", clock=clock) as journal:
        record = journal.spool(spooled(Parcel(parse_statement(envelope.payload), envelope, b"table")))
        journal.observe(record, DeliveryState.ACCEPTED)
        yield Town(tmp_path, network, journal, identity, clock)


def other_history(log: PaperLog) -> PaperLog:
    """The same deliveries in a history of its own, made for this node."""
    other = PaperLog()
    for number, entry in enumerate(log.entries):
        other.append_bytes(entry if number else entry.replace(b"CASES", b"FUNDS"))
    return other


def codes(problems: tuple[KimError, ...]) -> list[str]:
    return [problem.code for problem in problems]


def test_without_line_and_copy_they_are_kept_and_said_not_to_be_compared(town: Town) -> None:
    assert town.bring() == 2
    assert town.keeper.compare(town.watch(town.stick / "log")) == ()
    assert town.compared() == [False, False]
    assert town.alarms() == []


def test_they_are_compared_at_the_next_contact(town: Town) -> None:
    town.bring()
    grow(town.log, 300)
    assert town.seen().problem is None
    assert town.keeper.compare(town.watch(town.folder / "line", served=True)) == ()
    assert town.compared() == [True, True]
    assert town.alarms() == []


def test_under_another_history_they_are_an_alarm_and_not_kept(town: Town) -> None:
    forged = other_history(town.log)
    grow(town.log, 3)
    assert town.seen().problem is None
    assert town.bring(forged) == 2
    watch = town.watch(town.folder / "line", served=True)
    assert codes(town.keeper.compare(watch)) == ["log_contradicts", "log_contradicts"]
    assert town.compared() == []
    assert AlarmKind.WRONG_RECEIPT in town.alarms()
    (alarm, *_) = town.store.alarms()
    assert (town.folder / "witness" / alarm.file).read_bytes().startswith(b"c2sp.org/tlog-proof@v1")
    # The right ones are taken all the same.
    assert town.bring() == 2
    assert town.keeper.compare(watch) == ()
    assert town.compared() == [True, True]


def test_under_the_very_state_that_was_seen_no_copy_is_needed(town: Town) -> None:
    town.seen()
    town.bring()
    nowhere = town.watch(town.stick / "log")
    assert town.keeper.compare(nowhere) == ()
    assert town.compared() == [True, True]
    town.bring(other_history(town.log))  # final ones are not replaced
    assert town.compared() == [True, True]


def test_a_copy_beside_them_is_read_like_the_log_itself(town: Town) -> None:
    town.seen()
    before = town.log.size
    grow(town.log, 260)
    town.bring()
    strange = town.network.deliver(town.network.nodes[0], "2026-Q3")
    watch = town.watch(town.brought_copy())
    visit = watch.visit(lambda: (town.statement_id,), keys=tuple)
    assert (visit.problem, visit.new_entries, visit.signed) == (None, town.log.size - before, False)
    assert town.keeper.compare(watch) == ()
    assert town.compared() == [True, True]
    (alarm,) = town.store.alarms()
    assert (alarm.kind, alarm.subject) == (AlarmKind.FOREIGN_EVENT, strange)


def test_the_first_copy_is_where_a_node_without_a_line_begins(town: Town) -> None:
    town.bring()
    watch = town.watch(town.brought_copy())
    assert watch.visit(lambda: (town.statement_id,), keys=tuple).problem is None
    assert town.keeper.compare(watch) == ()
    assert town.compared() == [True, True]


def test_a_copy_of_another_history_is_a_contradiction(town: Town) -> None:
    town.seen()
    forged = other_history(town.log)
    grow(forged, 4)
    problem = town.watch(town.brought_copy(forged)).visit(lambda: (town.statement_id,), keys=tuple).problem
    assert problem is not None
    assert problem.code == "log_contradicts"
    assert town.alarms() == [AlarmKind.CONTRADICTION]


def test_an_old_copy_accuses_nobody(town: Town) -> None:
    copy = town.brought_copy()
    town.bring()
    grow(town.log, 3)
    town.seen()
    watch = town.watch(copy)
    problem = watch.visit(lambda: (town.statement_id,), keys=tuple).problem
    assert problem is not None
    assert problem.code == "log_shrunk"
    assert town.keeper.compare(watch) == ()
    assert (town.alarms(), town.compared()) == ([], [False, False])


@pytest.mark.parametrize("known", [False, True], ids=["first", "later"])
def test_a_copy_that_was_changed_on_its_way_accuses_nobody(town: Town, *, known: bool) -> None:
    town.bring()
    if known:
        town.seen()
        grow(town.log, 3)
    copy = town.brought_copy()
    (entries,) = (copy / "tile" / "entries" / "000.p").iterdir()
    entries.write_bytes(entries.read_bytes().replace(b"CASES/2", b"FUNDS/2"))
    watch = town.watch(copy)
    problem = watch.visit(lambda: (town.statement_id,), keys=tuple).problem
    assert problem is not None
    assert problem.code == "proof_invalid"
    assert town.keeper.compare(watch) == ()
    assert town.alarms() == []
    assert town.compared() == [known, known]  # known: under the very state that was seen


def test_a_copy_that_lacks_something_is_no_copy(town: Town) -> None:
    copy = town.brought_copy()
    (entries,) = (copy / "tile" / "entries" / "000.p").iterdir()
    entries.unlink()
    problem = town.watch(copy).visit(lambda: (), keys=tuple).problem
    assert problem is not None
    assert problem.code == "file_missing"


@pytest.mark.parametrize("size", [1, 255, 256, 257, 600])
def test_tiles_of_hashes_are_computed_from_the_entries(tmp_path: Path, size: int) -> None:
    log = PaperLog()
    grow(log, size)
    log.write_mirror(tmp_path)
    tiles = [tile_at(0, n, size=size) for n in range(-(-size // 256))]
    tiles += [tile_at(1, 0, size=size)] if size >= 256 else []
    expected = [(tmp_path / tile.path).read_bytes() for tile in tiles]
    for tile in tiles:
        (tmp_path / tile.path).unlink()
    assert [LogCopy(tmp_path).log_file(tile.path) for tile in tiles] == expected


def test_a_bundle_that_grew_whole_meanwhile_will_do(tmp_path: Path) -> None:
    log = PaperLog()
    grow(log, 256)
    log.write_mirror(tmp_path)
    path = tile_at(None, 0, size=200).path
    assert LogCopy(tmp_path).log_file(path) == log.file(path)
