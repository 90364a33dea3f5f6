"""A node as witness, over real HTTP: what it signs, what it never signs, and what it tells its people."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from node.clock import Clock, SystemClock
from node.hub_client import HubClient
from node.journal import DeliveryState, Journal
from node.settings import HubSettings
from node.witness import AlarmKind, LogWatch, ReceiptKeeper, ReceiptStage, Visit, WitnessKey, WitnessStore
from node.witness.alarms import GRAVE
from protocol.errors import KimError, kim_error
from protocol.statement import parse_statement
from protocol.transparency.checkpoints import open_checkpoint
from protocol.transparency.cosignatures import cosigners
from protocol.transparency.events import EventKind, LogEvent
from protocol.transparency.merkle import Node
from protocol.transparency.notes import parse_note
from protocol.verify.mirrors import check_mirror
from protocol.verify.trail import verdict_of
from tests.factories.logged_world import AUDIENCE, START, PaperLog, PaperNetwork, witness_of
from tests.factories.patience import PATIENCE_SECONDS
from tests.factories.running_hub import Parcel
from tests.factories.spooled import spooled
from tests.fakes.log_server import LogServer
from tests.fakes.node_clock import SteppedClock
from tests.fakes.served import served


def grow(log: PaperLog, number: int, *, word: str = "CASES") -> None:
    """Append entries about nobody in particular."""
    for _ in range(number):
        log.append(LogEvent(at=START, kind=EventKind.PERIOD_CLOSED, id=f"{word}/{log.size}"))


@dataclass
class Watchman:
    """One node that watches."""

    folder: Path
    server: LogServer
    url: str
    network: PaperNetwork
    clock: Clock

    @property
    def store(self) -> WitnessStore:
        return WitnessStore(self.folder, clock=self.clock)

    @property
    def node(self):
        return self.network.nodes[0]

    def client(self) -> HubClient:
        settings = HubSettings(self.url, AUDIENCE, None, 2, 5, 1, 10)
        return HubClient(settings, node=self.node.id, clock=self.clock, key=self.node.sign)

    def watch(self, client: HubClient) -> LogWatch:
        return LogWatch(
            self.store,
            client,
            node=self.node.id,
            log=self.network.log.vkey,
            clock=self.clock,
            key=WitnessKey(self.node.id, self.node.witness),
        )

    def visit(self, own: tuple[str, ...] = (), keys: tuple[str, ...] = ()) -> Visit:
        with self.client() as client:
            return self.watch(client).visit(lambda: own, keys=lambda: keys)

    def stored_size(self) -> int:
        note = self.store.checkpoint()
        assert note is not None
        return open_checkpoint(note, self.network.log.vkey).checkpoint.size

    def kinds(self) -> list[AlarmKind]:
        return [alarm.kind for alarm in self.store.alarms()]


@pytest.fixture
def watchman(tmp_path: Path) -> Iterator[Watchman]:
    network = PaperNetwork()
    grow(network.log, 5)
    server = LogServer(network.log, watched=tmp_path / "witness" / "checkpoint")
    with served(server) as url:
        yield Watchman(tmp_path / "witness", server, url, network, SteppedClock())


# ------------------------------------------------------------------------------------------ witnessing


@pytest.mark.parametrize("sizes", [(0, 1, 2), (1, 255, 256, 257), (5, 300, 700), (256, 512), (3, 3, 4)])
def test_what_grew_is_verified_stored_and_signed_in_this_order(
    sizes: tuple[int, ...], watchman: Watchman
) -> None:
    # SPEC P-110
    watchman.server.log = watchman.network.log = PaperLog()
    before = 0
    for number, size in enumerate(sizes):
        grow(watchman.server.log, size - watchman.server.log.size)
        visit = watchman.visit()
        assert visit.problem is None
        assert watchman.stored_size() == size
        assert visit.new_entries == (size - before if number else 0)
        before = size
    signed = [size for size in sizes if size]
    # SPEC P-111: at the moment of each signature the state lay in the store.
    assert watchman.server.posted == [(size, size) for size in signed]
    (witness,) = cosigners(parse_note(watchman.server.notes[-1]), [witness_of(watchman.node)])
    assert witness.name == watchman.node.id
    assert watchman.kinds() == []


def test_a_log_that_gets_shorter_is_not_signed_and_raises_the_alarm(watchman: Watchman) -> None:
    watchman.visit()
    watchman.server.shown = 3
    visit = watchman.visit()
    assert visit.problem is not None
    assert visit.problem.code == "log_shrunk"
    assert watchman.kinds() == [AlarmKind.SHRUNK]
    assert (watchman.stored_size(), [size for size, _ in watchman.server.posted]) == (5, [5])
    watchman.server.shown = None
    assert watchman.visit().problem is None
    assert watchman.kinds() == [AlarmKind.SHRUNK]  # it happened, and stays written down


@pytest.mark.parametrize("further", [0, 1, 4])
def test_another_history_is_not_signed_and_is_proven(further: int, watchman: Watchman) -> None:  # SPEC P-112
    watchman.visit()
    other = PaperLog()
    grow(other, 4)
    grow(other, 1 + further, word="FUNDS")
    watchman.server.log = other
    visit = watchman.visit()
    assert visit.problem is not None
    assert visit.problem.code == "log_contradicts"
    (alarm,) = watchman.store.alarms()
    assert alarm.kind is AlarmKind.CONTRADICTION
    proof = json.loads((watchman.folder / alarm.file).read_bytes())
    known, shown = (
        open_checkpoint(proof[name].encode(), watchman.network.log.vkey) for name in ("known", "served")
    )
    assert (known.checkpoint, shown.checkpoint) == (watchman.network.log.state(), other.state())
    assert (watchman.stored_size(), [size for size, _ in watchman.server.posted]) == (5, [5])
    watchman.visit()
    assert len(watchman.store.alarms()) == 1


def test_a_leaf_that_was_changed_later_is_noticed(watchman: Watchman) -> None:
    """The hub signs a tree in which an old leaf is another one."""
    watchman.visit()
    changed = PaperLog()
    for number, entry in enumerate(watchman.network.log.entries):
        changed.append_bytes(entry if number != 2 else entry.replace(b"CASES", b"FUNDS"))
    grow(changed, 3)
    watchman.server.log = changed
    visit = watchman.visit()
    assert visit.problem is not None
    assert visit.problem.code == "log_contradicts"
    assert watchman.kinds() == [AlarmKind.CONTRADICTION]


def test_entries_that_are_not_those_of_the_tree_are_noticed(watchman: Watchman) -> None:
    watchman.visit()
    grow(watchman.network.log, 3)
    watchman.server.alter = lambda path, content: (
        content.replace(b"CASES/6", b"FUNDS/6") if "entries" in path else content
    )
    visit = watchman.visit()
    assert visit.problem is not None
    assert watchman.kinds() == [AlarmKind.CONTRADICTION]


def test_a_broken_answer_is_no_accusation(watchman: Watchman) -> None:
    watchman.visit()
    grow(watchman.network.log, 3)
    watchman.server.alter = lambda path, content: content[:-1]
    visit = watchman.visit()
    assert visit.problem is not None
    assert visit.problem.code == "bad_log_document"
    assert watchman.kinds() == []
    watchman.server.alter = lambda path, content: content
    assert watchman.visit().problem is None


def test_the_first_state_is_only_taken_if_its_tree_is_served(watchman: Watchman) -> None:
    node = Node(0, 1)
    watchman.network.log.hashes[node], kept = bytes(32), watchman.network.log.hashes[node]
    watchman.server.alter = lambda path, content: content.replace(kept, bytes(32))
    watchman.network.log.hashes[node] = kept
    visit = watchman.visit()
    assert visit.problem is not None
    assert visit.problem.code == "proof_invalid"
    assert watchman.store.checkpoint() is None
    assert watchman.server.posted == []


def test_another_logs_key_is_not_followed(watchman: Watchman) -> None:
    watchman.server.log = PaperLog(key=watchman.node.sign)
    grow(watchman.server.log, 5)
    visit = watchman.visit()
    assert visit.problem is not None
    assert visit.problem.code == "signature_invalid"
    assert watchman.store.checkpoint() is None


def test_two_histories_for_two_nodes_are_found_when_their_states_meet(
    watchman: Watchman, tmp_path: Path
) -> None:
    """Each history is consistent in itself: only the states that nodes keep, side by side, show it."""
    other = watchman.network.log.copy()
    grow(watchman.network.log, 2)
    grow(other, 2, word="FUNDS")
    assert watchman.visit().problem is None
    watchman.server.log = other
    second = Watchman(tmp_path / "second", watchman.server, watchman.url, watchman.network, watchman.clock)
    assert second.visit().problem is None
    kept = second.store.checkpoint()
    assert kept is not None
    signed = watchman.network.log.note().to_bytes()

    def read(path: str) -> bytes | None:
        return signed if path == "checkpoint" else watchman.network.log.file(path)

    watchman.network.quorum = 0
    verdict = verdict_of(
        lambda trail: check_mirror(trail, read, watchman.network.anchors(), kept=[("second", kept)])
    )
    assert verdict.problem is not None
    assert verdict.problem.code == "log_contradicts"
    # And either node refuses to change sides.
    watchman.server.watched = None
    refused = watchman.visit().problem
    assert refused is not None
    assert refused.code == "log_contradicts"


KILLED = """
import sys
from pathlib import Path
from node import failpoints
from tests.integration.test_node_witness import Watchman
from tests.factories.logged_world import PaperNetwork
from tests.fakes.node_clock import SteppedClock
from tests.fakes.log_server import LogServer
network = PaperNetwork()
failpoints.arm(sys.argv[3])
Watchman(Path(sys.argv[1]), LogServer(network.log), sys.argv[2], network, SteppedClock()).visit()
"""


@pytest.mark.parametrize(
    ("place", "stored"), [("witness.verified", 5), ("witness.stored", 8)], ids=["before", "behind"]
)
def test_a_witness_killed_around_storing_never_signs_less_than_it_stored(
    place: str, stored: int, watchman: Watchman
) -> None:
    watchman.visit()
    grow(watchman.network.log, 3)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(watchman.folder), watchman.url, f"{place}:kill"],
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == -9
    assert watchman.stored_size() == stored
    assert [size for size, _ in watchman.server.posted] == [5]
    # What comes next is verified against what lies in the store, whichever of the two it is.
    watchman.server.shown = 5
    watchman.visit()
    assert all(size >= kept for size, kept in watchman.server.posted)
    watchman.server.shown = None
    assert watchman.visit().problem is None
    assert watchman.server.posted[-1] == (8, 8)


def test_two_processes_at_once_never_sign_a_smaller_tree_after_a_larger_one(watchman: Watchman) -> None:
    """SPEC P-111, the race of C2SP tlog-witness: the log grows between any two answers."""
    watchman.clock = SystemClock()  # who waits for the lock waits in earnest
    step = threading.Lock()

    def meanwhile(path: str) -> None:
        if path == "/log/checkpoint":
            with step:
                grow(watchman.network.log, 1)

    watchman.server.meanwhile = meanwhile
    problems = []

    def run() -> None:
        for _ in range(8):
            visit = watchman.visit()
            if visit.problem is not None:
                problems.append(visit.problem.code)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sizes = [size for size, _ in watchman.server.posted]
    assert problems == []
    assert sizes == sorted(sizes)
    assert len(sizes) == 24
    assert watchman.kinds() == []


def test_a_delivery_under_this_nodes_name_that_it_does_not_know_raises_the_alarm(watchman: Watchman) -> None:
    watchman.visit()
    own = watchman.network.deliver(watchman.node)
    assert watchman.visit(own=(own,)).problem is None
    assert watchman.kinds() == []
    strange = watchman.network.deliver(watchman.node, "2026-Q3")
    watchman.network.deliver(watchman.network.nodes[1], "2026-Q3")
    assert watchman.visit(own=(own,)).problem is None
    (alarm,) = watchman.store.alarms()
    assert (alarm.kind, alarm.subject) == (AlarmKind.FOREIGN_EVENT, strange)
    # The state is true all the same: what it proves is what somebody did with this node's key.
    assert watchman.server.posted[-1][0] == watchman.network.log.size


def test_a_key_under_this_nodes_name_that_it_does_not_have_raises_the_alarm(watchman: Watchman) -> None:
    def enter(keyid: str, node: str) -> None:
        watchman.network.log.append(LogEvent(at=START, kind=EventKind.KEY_ADDED, id=keyid, node=node))

    watchman.visit()
    own, other = watchman.node.sign.public.keyid, watchman.network.nodes[1]
    enter(own, watchman.node.id)
    enter(other.sign.public.keyid, other.id)
    assert watchman.visit(keys=(own,)).problem is None
    assert watchman.kinds() == []
    enter("e" * 64, watchman.node.id)
    assert watchman.visit(keys=(own,)).problem is None
    (alarm,) = watchman.store.alarms()
    assert (alarm.kind, alarm.subject, alarm.kind in GRAVE) == (AlarmKind.FOREIGN_KEY, "e" * 64, True)
    assert json.loads((watchman.folder / alarm.file).read_bytes())["index"] == watchman.network.log.size - 1


# -------------------------------------------------------------------------------------------- receipts


@dataclass
class Office:
    """A node with a delivery that the hub has decided about."""

    watchman: Watchman
    journal: Journal
    statement_id: str

    @property
    def keeper(self) -> ReceiptKeeper:
        return ReceiptKeeper(
            self.watchman.store,
            self.journal,
            node=self.watchman.node.id,
            anchors=self.watchman.network.anchors(),
            clock=self.watchman.clock,
            patience=timedelta(hours=24),
        )

    def collect(self) -> list[str]:
        with self.watchman.client() as client:
            watch = self.watchman.watch(client)
            assert watch.visit(lambda: (self.statement_id,), keys=tuple).problem is None
            return [problem.code for problem in self.keeper.collect(client, watch)]

    def offer(self, log: PaperLog | None = None, *, witnesses: int = 3, swapped: bool = False) -> None:
        """Let the hub have receipts of the delivery."""
        log = log or self.watchman.network.log
        _, received, accepted = self.watchman.network.delivered[self.statement_id]
        others = self.watchman.network.nodes[1 : 1 + witnesses]
        places = {"received": received, "newest": accepted}
        if swapped:
            places = {"received": accepted, "newest": received}
        for stage, index in places.items():
            self.watchman.server.receipts[self.statement_id, stage] = log.receipt(index, others).to_bytes()

    def kept(self) -> dict[ReceiptStage, bool]:
        (record,) = self.journal.deliveries()
        return {item.stage: item.final for item in self.keeper.stored(record)}

    def alarms(self) -> list[AlarmKind]:
        return [alarm.kind for alarm in self.keeper.alarms()]


@pytest.fixture
def office(watchman: Watchman, tmp_path: Path) -> Iterator[Office]:
    network = watchman.network
    identity = network.deliver(watchman.node)
    envelope = network.delivered[identity][0]
    parcel = Parcel(parse_statement(envelope.payload), envelope, b"table")
    with Journal(tmp_path / "journal", clock=watchman.clock) as journal:
        record = journal.spool(spooled(parcel))
        journal.observe(record, DeliveryState.ACCEPTED)
        yield Office(watchman, journal, identity)


def test_receipts_are_fetched_verified_and_kept(office: Office) -> None:
    office.offer()
    assert office.collect() == []
    assert office.kept() == {ReceiptStage.RECEIVED: True, ReceiptStage.DECIDED: True}
    office.watchman.server.receipts.clear()
    office.watchman.clock.wait(3600 * 24 * 365)
    sign_of_life(office)
    office.collect()
    assert office.kept() == {ReceiptStage.RECEIVED: True, ReceiptStage.DECIDED: True}
    assert office.alarms() == []


def test_a_receipt_without_enough_witnesses_is_kept_until_the_final_one_comes(office: Office) -> None:
    office.offer(witnesses=2)
    office.collect()
    assert office.kept() == {ReceiptStage.RECEIVED: False, ReceiptStage.DECIDED: False}
    office.offer(witnesses=3)
    office.collect()
    assert office.kept() == {ReceiptStage.RECEIVED: True, ReceiptStage.DECIDED: True}
    office.offer(witnesses=0)
    office.collect()
    assert office.kept() == {ReceiptStage.RECEIVED: True, ReceiptStage.DECIDED: True}


def test_missing_receipts_are_an_alarm_after_a_day(office: Office) -> None:  # SPEC P-114
    assert office.collect() == []
    assert office.alarms() == []
    office.watchman.clock.wait(3600 * 25)
    assert AlarmKind.NO_RECEIPT in office.alarms()
    office.offer()
    del office.watchman.server.receipts[office.statement_id, "newest"]
    sign_of_life(office)
    office.collect()
    assert office.alarms() == [AlarmKind.EVENT_MISSING]


def test_what_is_in_quarantine_needs_its_receipts_as_well(office: Office) -> None:
    (record,) = office.journal.deliveries()
    office.journal.observe(record, DeliveryState.QUARANTINED)
    office.watchman.clock.wait(3600 * 25)
    assert AlarmKind.NO_RECEIPT in office.alarms()
    office.offer()
    sign_of_life(office)
    assert office.collect() == []
    assert office.kept() == {ReceiptStage.RECEIVED: True, ReceiptStage.DECIDED: True}
    assert office.alarms() == []


def test_a_log_that_nobody_could_look_at_for_a_day_is_an_alarm(office: Office) -> None:
    office.offer()
    office.collect()
    office.watchman.clock.wait(3600 * 25)
    assert office.alarms() == [AlarmKind.STALE]
    sign_of_life(office)
    office.collect()
    assert office.alarms() == []


def test_a_hub_that_serves_an_old_state_for_ever_is_an_alarm(office: Office) -> None:
    """SPEC P-107: a log that is alive grows twice a day; one that stands still is withheld."""
    office.offer()
    office.collect()
    office.watchman.server.shown = office.watchman.network.log.size
    sign_of_life(office)
    office.watchman.clock.wait(3600 * 25)
    office.collect()
    assert office.alarms() == [AlarmKind.STALE]
    office.watchman.server.shown = None
    sign_of_life(office)
    office.collect()
    assert office.alarms() == []


def sign_of_life(office: Office) -> None:
    """The hub writes that it is alive."""
    at = office.watchman.clock.now()
    office.watchman.network.log.append(LogEvent(at=at, kind=EventKind.HEARTBEAT, id="log"))


def test_a_receipt_for_the_wrong_stage_raises_the_alarm(office: Office) -> None:
    office.offer(swapped=True)
    assert office.collect() == ["proof_invalid"]
    assert office.kept() == {}
    assert office.alarms() == [AlarmKind.WRONG_RECEIPT]


def test_a_receipt_under_another_history_raises_the_alarm(office: Office) -> None:
    """The hub logs the delivery in a history of its own, made for this node."""
    other = PaperLog()
    for number, entry in enumerate(office.watchman.network.log.entries):
        other.append_bytes(entry if number else entry.replace(b"CASES", b"FUNDS"))
    office.offer(other)
    assert office.collect() == ["log_contradicts", "log_contradicts"]
    assert office.kept() == {}
    assert AlarmKind.WRONG_RECEIPT in office.alarms()
    (alarm, *_) = office.watchman.store.alarms()
    assert (office.watchman.folder / alarm.file).exists()


@pytest.mark.parametrize("code", ["busy", "rate_limited", "log_unavailable", "internal", "not_found"])
def test_a_log_that_cannot_be_read_just_now_accuses_nobody(office: Office, code: str) -> None:
    """An alarm of a receipt stays written down for ever: what passes must not raise one."""
    office.offer()
    grow(office.watchman.network.log, 3)  # an earlier state than the one that is seen: tiles have to tell
    begun = False

    def fail(path: str) -> None:
        nonlocal begun
        begun = begun or path.endswith("/receipt")
        if begun and path.startswith("/log/tile"):
            raise kim_error(code)

    office.watchman.server.meanwhile = fail
    assert office.collect() == [code, code]
    assert (office.kept(), office.alarms()) == ({}, [])
    office.watchman.server.meanwhile = lambda path: None
    assert office.collect() == []
    assert office.kept() == {ReceiptStage.RECEIVED: True, ReceiptStage.DECIDED: True}


def test_what_this_machine_has_lost_accuses_nobody(office: Office, tmp_path: Path) -> None:
    office.offer()
    for blob in (tmp_path / "journal" / "blobs").rglob("*"):
        if blob.is_file():
            blob.unlink()
    assert office.collect() == ["spool_damaged", "spool_damaged"]
    assert office.alarms() == []


def test_a_receipt_that_is_newer_than_the_state_that_was_seen_waits(office: Office) -> None:
    office.watchman.server.shown = office.watchman.network.log.size
    grow(office.watchman.network.log, 3)
    office.offer()
    assert office.collect() == ["log_shrunk", "log_shrunk"]
    assert office.alarms() == []
    office.watchman.server.shown = None
    assert office.collect() == []
    assert office.kept() == {ReceiptStage.RECEIVED: True, ReceiptStage.DECIDED: True}


def test_a_receipt_that_was_altered_in_the_store_is_noticed(office: Office) -> None:
    office.offer()
    office.collect()
    place = next(office.watchman.store.receipts.glob("*.received.*"))
    place.write_bytes(place.read_bytes().replace(b"index 5", b"index 6"))
    with pytest.raises(KimError) as caught:
        office.kept()
    assert caught.value.code == "spool_damaged"
