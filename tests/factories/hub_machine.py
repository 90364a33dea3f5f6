"""A model of the hub as a state machine of hypothesis, beside the real hub (SQLite, sandbox, signer, HTTP).

Officers govern it and want deliveries sealed: keys change and end by what two of them have signed.
The model is small and knows nothing of the hub's code: what each step must lead to is written down again.
After every step the invariants of the protocol are checked:

I1 what somebody must learn of has a leaf in the log, and no leaf lies;  I2 no leaf ever changes;
I3 every signed state is a prefix of every later one;  I4 the head is the end of the longest chain;
I5 every receipt ever given still verifies;  I6 what is compiled is the fold of what counts;
I7 what is withheld stands nowhere on the hub's disk, and neither does a table as its node sent it.
"""

from __future__ import annotations

import atexit
import datetime as dt
import itertools
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pytest
import sqlalchemy as sa
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hub import failpoints
from hub.domain.ids import SubmissionId
from hub.services.intake.verification import verify
from hub.services.merging.compiling import compile_cube
from hub.services.merging.publishing import close, publish
from hub.services.review.validation import validate
from hub.services.transparency.rounds import run_round, signer_of
from hub.store import models
from protocol.canonical import assert_canonical
from protocol.catalogue_file import load_catalogue
from protocol.columns import arrow_schema
from protocol.enrolment import SecretKeys
from protocol.errors import KimError
from protocol.grid import delivery_grid
from protocol.periods import Period
from protocol.transparency.events import EventKind, LogEvent
from protocol.transparency.merkle import leaf_hash
from protocol.transparency.receipts import parse_receipt, verify_receipt
from tests.factories.enrolment import Office
from tests.factories.governed_hub import GovernedHub, People, govern
from tests.factories.log_checks import assert_log_whole, assert_receipt, tree_root
from tests.factories.running_hub import Parcel, RunningHub, Sender, lasting_sandbox, running_hub
from tests.factories.submissions import consistent_values

AREAS = ("NW05111", "NW05112")
PERIODS = (Period(2026, 1), Period(2026, 2))
WITHHELD = (3, 4)
#: Stands in every withheld cell at the node, in no byte anywhere else.
SECRET = 0x0D15EA5E0DDBA11
CHUNK = 20_000
OPEN = ("announced", "uploading")
COMING = (*OPEN, "received", "verifying")
#: Places at which a simulated death leaves what a real one leaves, but for the operating system's part.
PLACES = tuple(place for place in failpoints.PLACES if not place.startswith("signer."))


class Died(BaseException):
    """The hub's process is gone."""


def _die() -> None:
    raise Died


@dataclass
class Node:
    """A municipality: its key in force, and those that were."""

    id: str
    area: str
    keys: SecretKeys
    signed: int = 0


@dataclass
class Told:
    """What the model knows of one parcel, and of the table that is sealed in it."""

    parcel: Parcel
    node: Node
    keyid: str
    period: Period
    table: bytes = b""
    state: str = ""
    chunks: set[int] = field(default_factory=set)
    received_at: dt.datetime | None = None


@cache
def _prepared() -> tuple[Path, dict[str, SecretKeys], People]:
    """A governed hub with two enrolled nodes, set up once: every example begins with a copy."""
    folder = Path(tempfile.mkdtemp(prefix="kim-model-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    home = folder / "hub"
    keys = {}
    with running_hub(home, start=False, sandbox=lasting_sandbox()) as running:
        office = Office(running)
        for area in AREAS:
            keys[area] = office.enrolled(f"node-{area.lower()}", area)
        people = govern(running)
        run_round(running.hub.context)
    return home, keys, people


@cache
def _figures() -> tuple[int, ...]:
    values = consistent_values(delivery_grid(load_catalogue(), "CASES", PERIODS[0].freq))
    for row in WITHHELD:
        values[row] = SECRET
    return tuple(int(value) for value in values)


class HubMachine(RuleBasedStateMachine):
    """The hub, and what must become of everything that is done to it."""

    @initialize()
    def begin(self) -> None:
        prepared, keys, self.people = _prepared()
        self.folder = Path(tempfile.mkdtemp(prefix="kim-model-"))
        self.home = self.folder / "hub"
        shutil.copytree(prepared.parent, self.folder, dirs_exist_ok=True)
        self.nodes = [Node(f"node-{area.lower()}", area, keys[area]) for area in AREAS]
        self.told: dict[str, Told] = {}
        self.revoked: set[str] = set()
        self.closed: set[Period] = set()
        self.entries: list[bytes] = []
        self.states: list[tuple[int, bytes]] = []
        self.receipts: list[bytes] = []
        self.backups: list[tuple[Path, int]] = []
        self.moment = dt.datetime(2026, 10, 5, 11, 0, tzinfo=dt.UTC)
        self._only: Told | None = None
        self.stack = ExitStack()
        self._open()

    def teardown(self) -> None:
        if not hasattr(self, "stack"):
            return
        try:
            failpoints.arm(None)
            self._settle()
            self._nothing_withheld_on_disk()
        finally:
            self.stack.close()
            shutil.rmtree(self.folder)

    # ------------------------------------------------------------------------------------- the hub's life

    def _open(self) -> None:
        self.running: RunningHub = self.stack.enter_context(
            running_hub(self.home, start=False, sandbox=lasting_sandbox())
        )
        self.running.clock.moment = self.moment

    def _restart(self) -> None:
        self.stack.close()
        self.stack = ExitStack()
        self._open()

    def _tick(self) -> None:
        self.moment += dt.timedelta(minutes=1)
        self.running.clock.moment = self.moment

    @property
    def context(self) -> Any:
        return self.running.hub.context

    def _sender(self, node: Node) -> Sender:
        return Sender(node.id, node.area, node.keys.sign, self.running.client)

    def _do(self, work: Callable[[], Any], doom: str | None) -> Any:
        """Do something; with a doom the hub dies at that place, if it comes there, and is started again.

        Returns:
            What the work returned, None after a death.
        """
        self._tick()
        if doom is None:
            return work()
        failpoints.ACTIONS["die"] = _die
        try:
            failpoints.arm(doom)
            return work()
        except Died:
            failpoints.arm(None)
            self._restart()
            return None
        finally:
            failpoints.arm(None)
            del failpoints.ACTIONS["die"]

    def _stored(self, told: Told) -> str:
        return self.running.state(told.parcel) or ""

    def _follow(self, changes: dict[str, tuple[str, ...]], *, died: bool) -> None:
        """Take over the last of the states that each parcel goes through; after a death, any of them."""
        for name, way in changes.items():
            told = self.told[name]
            stored = self._stored(told)
            assert stored == way[-1] if not died else stored in (told.state, *way), (told.state, stored, way)
            if stored != told.state and stored == "received":
                told.received_at = self.moment
            told.state = stored
        for told in self.told.values():
            assert self._stored(told) == told.state

    # --------------------------------------------------------------------------------------- what is asked

    dooms = st.none() | st.builds(
        lambda place, count: f"{place}:die:{count}", st.sampled_from(PLACES), st.integers(1, 3)
    )
    whose = st.integers(0, len(AREAS) - 1)
    when = st.sampled_from(PERIODS)
    which = st.integers(0, 10**6)

    def _chain(self, node: Node, period: Period) -> list[Told]:
        return [
            told
            for told in self.told.values()
            if told.node is node and told.period == period and told.state not in ("", "rejected")
        ]

    def _any(self, which: int, *states: str) -> Told | None:
        if self._only is not None:
            return self._only
        fitting = [told for told in self.told.values() if not states or told.state in states]
        return fitting[which % len(fitting)] if fitting else None

    def _next(self, node: Node, period: Period, *, skip: int = 0) -> Told:
        chain = self._chain(node, period)
        head = chain[-1].parcel if chain else None
        revision = (head.statement.revision if head else 0) + 1 + skip
        sender = self._sender(node)
        node.signed += 1
        sender._nonces = itertools.count(node.signed * 1000 + len(self.told))
        plain = sender.parcel(
            period=period,
            values=_figures(),
            withheld=WITHHELD,
            chunk=CHUNK,
            revision=revision,
            supersedes=head.id if head and revision > 1 else "0" * 64 if revision > 1 else None,
            reason="Nachmeldungen" if revision > 1 else None,
        )
        parcel = GovernedHub(self.running, self.people).sealed(sender, plain)
        return Told(parcel, node, node.keys.sign.public.keyid, period, plain.payload)

    def _takes(self, node: Node, period: Period) -> bool:
        """Whether the next revision of a chain may be announced."""
        chain = self._chain(node, period)
        head = chain[-1] if chain else None
        if head is not None and head.state in COMING:
            return False
        return period not in self.closed or (head is not None and head.state == "quarantined")

    @rule(n=whose, period=when, doom=dooms)
    def announce(self, n: int, period: Period, doom: str | None) -> None:
        node = self.nodes[n]
        told = self._next(node, period)
        takes = self._takes(node, period)
        self.told[told.parcel.id] = told
        answer = self._do(lambda: self._sender(node).announce(told.parcel), doom)
        if answer is None:
            self._follow({told.parcel.id: ("announced",) if takes else ("",)}, died=True)
        else:
            assert answer.status_code == (201 if takes else 409), answer.text
            self._follow({told.parcel.id: ("announced",) if takes else ("",)}, died=False)
        if not told.state:
            del self.told[told.parcel.id]

    @rule(n=whose, period=when, skip=st.integers(1, 3))
    def announce_out_of_turn(self, n: int, period: Period, skip: int) -> None:
        node = self.nodes[n]
        told = self._next(node, period, skip=skip)
        answer = self._do(lambda: self._sender(node).announce(told.parcel), None)
        assert answer.status_code == 409, answer.text
        self._follow({}, died=False)

    @rule(which=which)
    def announce_again(self, which: int) -> None:
        """A replay, of whatever age, changes nothing; the key it was signed with must still be good."""
        told = self._any(which)
        if told is None:
            return
        answer = self._do(lambda: self._sender(told.node).announce(told.parcel), None)
        if told.keyid in self.revoked:
            assert answer.status_code in (401, 403)
        else:
            assert answer.status_code == 200
            assert answer.get_json()["state"] == told.state
        self._follow({}, died=False)

    @rule(which=which, n=st.integers(-1, 4), doom=dooms)
    def chunk(self, which: int, n: int, doom: str | None) -> None:
        """Chunks come in any order and more than once, and some that there are not."""
        told = self._any(which, *OPEN) or self._any(which)
        if told is None:
            return
        count = len(told.parcel.chunks)
        sender = self._sender(told.node)
        body = told.parcel.chunks[n] if 0 <= n < count else b"x"
        answer = self._do(lambda: sender.put(told.parcel, n, body), doom)
        there = 0 <= n < count
        begun = there and told.state == "announced"
        if answer is None:
            self._follow({told.parcel.id: ("uploading",)} if begun else {}, died=True)
            if told.state in OPEN:
                missing = {k for a, b in sender.look(told.parcel)["missing"] for k in range(a, b + 1)}
                present = set(range(count)) - missing
                assert told.chunks <= present <= told.chunks | {n}
                told.chunks = present
            return
        if not there:
            assert answer.status_code == 404
        elif told.state in OPEN or n in told.chunks:
            assert answer.status_code == 204, answer.text
            told.chunks.add(n)
        else:
            assert answer.status_code >= 400
        self._follow({told.parcel.id: ("uploading",)} if begun else {}, died=False)

    @rule(which=which, n=st.integers(0, 4))
    def chunk_of_other_bytes(self, which: int, n: int) -> None:
        """Bytes that differ from what is in are refused; bytes that are not the announced length, too."""
        told = self._any(which, "uploading")
        if told is None:
            return
        n %= len(told.parcel.chunks)
        if n not in told.chunks:
            return
        body = bytes(len(told.parcel.chunks[n]))
        answer = self._do(lambda: self._sender(told.node).put(told.parcel, n, body), None)
        assert answer.status_code == 409, answer.text
        self._follow({}, died=False)

    @rule(which=which, doom=dooms)
    def complete(self, which: int, doom: str | None) -> None:
        told = self._any(which, "uploading") or self._any(which)
        if told is None:
            return
        answer = self._do(lambda: self._sender(told.node).complete(told.parcel), doom)
        if told.state not in OPEN:
            # Over already: the same answer as before, and nothing else.
            if answer is not None:
                refused = told.state == "rejected" and told.received_at is None
                assert (answer.status_code >= 400) == refused, answer.text
            self._follow({}, died=answer is None)
            return
        if len(told.chunks) < len(told.parcel.chunks):
            assert answer is None or answer.get_json()["code"] == "incomplete_upload"
            self._follow({}, died=answer is None)
            return
        way = ("rejected",) if self._is_late(told) else ("received",)
        if answer is not None:
            assert answer.status_code == (202 if way == ("received",) else 409), answer.text
        self._follow({told.parcel.id: way}, died=answer is None)

    def _is_late(self, told: Told) -> bool:
        if told.period not in self.closed:
            return False
        before = self.told.get(told.parcel.statement.supersedes or "")
        return before is None or before.state != "quarantined"

    @rule(which=which, doom=dooms)
    def decide(self, which: int, doom: str | None) -> None:
        """The job of verification, also one that comes twice or too late."""
        told = self._any(which, "received", "verifying") or self._any(which)
        if told is None:
            return
        done = self._do(partial(self._verify, SubmissionId(told.parcel.id)), doom)
        changes: dict[str, tuple[str, ...]] = {}
        if told.state in ("received", "verifying"):
            if told.keyid in self.revoked:
                changes[told.parcel.id] = ("verifying", "rejected")
            else:
                changes[told.parcel.id] = ("verifying", "accepted")
                before = self.told.get(told.parcel.statement.supersedes or "")
                if before is not None and before.state == "accepted":
                    changes[before.parcel.id] = ("superseded",)
        self._follow(changes, died=done is None)

    def _verify(self, identity: SubmissionId) -> bool:
        verify(self.context, identity)
        return True

    @rule(n=whose, period=when, doom=dooms, order=st.permutations(range(2)), until=st.integers(1, 5))
    def deliver(self, n: int, period: Period, doom: str | None, order: list[int], until: int) -> None:
        """A delivery from the announcement on, as far as it goes; the hub may die on the way."""
        node = self.nodes[n]
        chain = self._chain(node, period)
        told = chain[-1] if chain and chain[-1].state in COMING else None
        if told is None:
            self.announce(n, period, doom)
            chain = self._chain(node, period)
            told = chain[-1] if chain and chain[-1].state in OPEN else None
        if told is None or until == 1:
            return
        only = 0
        if told.state in OPEN:
            count = len(told.parcel.chunks)
            for k in sorted(range(count), key=lambda k: order[k % 2]):
                self._on(told, partial(self.chunk, only, k, None))
        if until > 2:
            self._on(told, lambda: self.complete(only, doom))
        if until > 3:
            self._on(told, lambda: self.decide(only, doom))

    def _on(self, told: Told, step: Callable[[], None]) -> None:
        """Do a step about this parcel, whatever its state."""
        self._only = told
        try:
            step()
        finally:
            self._only = None

    deliver_more = deliver  # every second step or so: a hub to which nothing comes is soon explored

    # -------------------------------------------------------------------------------- what the office does

    @rule(n=whose, minutes=st.none() | st.integers(0, 30))
    def change_keys(self, n: int, minutes: int | None) -> None:
        """A node changes its key; then the old one is revoked, perhaps as compromised for some minutes."""
        node = self.nodes[n]
        old, hub = node.keys, GovernedHub(self.running, self.people)
        self._tick()
        node.keys = hub.rotate(node.id, old.sign, number=len(self.entries) * 10 + 10**6)
        self._tick()
        keyid = old.sign.public.keyid
        since = None if minutes is None else self.moment - dt.timedelta(minutes=minutes)
        hub.decide_revocation(keyid, compromised_since=since)
        self._follow({}, died=False)  # one person's decision is nothing yet
        hub.publish()
        self.revoked.add(keyid)
        changes: dict[str, tuple[str, ...]] = {}
        for name, told in self.told.items():
            if told.keyid != keyid:
                continue
            if told.state in OPEN:
                changes[name] = ("rejected",)
                told.chunks.clear()
            elif (
                since is not None
                and told.state in ("accepted", "superseded")
                and told.received_at is not None
                and told.received_at >= since
            ):
                changes[name] = ("quarantined",)
        self._follow(changes, died=False)

    @precondition(lambda self: len(self.entries) > 12)
    @rule(period=when)
    def close_period(self, period: Period) -> None:
        self._tick()
        close(self.context, [period], datasets=["CASES"])
        self.closed.add(period)
        self._follow({}, died=False)

    @rule(doom=dooms)
    def sign_log(self, doom: str | None) -> None:
        done = self._do(lambda: run_round(self.context), doom)
        if done is None:
            done = run_round(self.context)
        self.states.append((done.checkpoint.size, done.checkpoint.root))

    @rule(which=which)
    def fetch_receipt(self, which: int) -> None:
        told = self._any(which, "received", "accepted", "rejected", "superseded", "quarantined")
        if told is None:
            return
        run_round(self.context)
        if told.state == "rejected" and told.received_at is None and not self._is_logged(told):
            return
        receipt = self._sender(told.node).client.get(f"/v1/submissions/{told.parcel.id}/receipt")
        assert receipt.status_code == 200, receipt.text
        assert_receipt(self.context, told.parcel.id, told.node.id)
        self.receipts.append(receipt.data)

    def _is_logged(self, told: Told) -> bool:
        with self.context.database.read() as unit:
            return unit.leaves.newest_of(told.parcel.id) is not None

    @rule()
    def restart(self) -> None:
        self._restart()

    @rule()
    def back_up(self) -> None:
        file = self.folder / f"backup-{len(self.backups)}.sqlite3"
        _copy(self.home / "hub.sqlite3", file)
        with self.context.database.read() as unit:
            self.backups.append((file, unit.leaves.size()))

    @precondition(lambda self: bool(self.backups))
    @rule(which=which, goes_on=st.booleans())
    def restore_an_old_backup(self, which: int, goes_on: bool) -> None:
        """Somebody puts an old database back; the signer notices, and the log halts until it is right."""
        file, size = self.backups[which % len(self.backups)]
        signed = run_round(self.context).checkpoint.size
        self.stack.close()
        _copy(self.home / "hub.sqlite3", self.folder / "right.sqlite3")
        self._put_back(file)
        self.stack = ExitStack()
        self._open()
        if size < signed:
            if goes_on:
                # Even if the hub writes on, past the size that was signed, before the signer looks.
                with self.context.database.write() as unit:
                    event = self._an_event()
                    for _ in range(signed - size + 1):
                        unit.log(event)
            for _ in range(2):
                with pytest.raises(KimError, match="log_inconsistent"):
                    run_round(self.context)
            with pytest.raises(KimError, match="log_"), self.context.database.write() as unit:
                unit.log(self._an_event())
        self.stack.close()
        self._put_back(self.folder / "right.sqlite3")
        self.stack = ExitStack()
        self._open()
        assert run_round(self.context).checkpoint.size >= signed
        self._follow({}, died=False)

    def _an_event(self) -> LogEvent:
        return LogEvent(at=self.moment, kind=EventKind.HEARTBEAT, id="log")

    def _put_back(self, file: Path) -> None:
        for suffix in ("", "-wal", "-shm"):
            (self.home / f"hub.sqlite3{suffix}").unlink(missing_ok=True)
        shutil.copy(file, self.home / "hub.sqlite3")

    # ------------------------------------------------------------------------------------ what must hold

    @invariant()
    def leaves_stand(self) -> None:
        if not hasattr(self, "running"):
            return
        with self.context.database.read() as unit:
            now = assert_log_whole(unit)  # I1
        assert now[: len(self.entries)] == self.entries  # I2
        self.entries = now

    @invariant()
    def signed_states_are_prefixes(self) -> None:
        if not hasattr(self, "running"):
            return
        hashes = [leaf_hash(entry) for entry in self.entries]
        for size, root in self.states[-3:]:  # I3
            assert tree_root(hashes[:size]) == root

    @invariant()
    def heads_are_the_ends(self) -> None:
        if not hasattr(self, "running"):
            return
        with self.context.database.read() as unit:
            for node in self.nodes:
                for period in PERIODS:
                    chain = self._chain(node, period)
                    if not chain:
                        continue
                    longest = max(chain, key=lambda told: told.parcel.statement.revision)
                    stored = unit.submissions.get(SubmissionId(longest.parcel.id))
                    head = unit.submissions.head(stored.chain)
                    assert (head.id, head.revision) == (stored.id, len({t.parcel.id for t in chain}))  # I4
                    assert sum(told.state == "accepted" for told in chain) <= 1

    def _settle(self) -> None:
        """Let everything that waits be done, then check what was compiled and every receipt."""
        for told in self.told.values():
            if told.state in ("received", "verifying"):
                verify(self.context, SubmissionId(told.parcel.id))
                told.state = self._stored(told)
        for area in AREAS:
            validate(self.context, area)
        for period in sorted(self.closed):
            self._check_fold(period)
        assert not self.closed or publish(self.context) is not None
        run_round(self.context)
        self.leaves_stand()
        hashes = [leaf_hash(entry) for entry in self.entries]
        for size, root in self.states:
            assert tree_root(hashes[:size]) == root
        log = signer_of(self.context).verifier_key
        for data in self.receipts:  # I5
            known = verify_receipt(parse_receipt(data), log=log).checkpoint
            assert tree_root(hashes[: known.size]) == known.root

    def _check_fold(self, period: Period) -> None:
        cube = compile_cube(self.context, "CASES", str(period))
        assert cube is not None
        with self.context.database.read() as unit:
            counted = {row.area: row.id for row in unit.submissions.accepted("CASES", str(period))}
            o, a = models.observation.c, models.area.c
            rows = unit.connection.execute(
                sa.select(a.id, o.cell, o.value, o.delivered)
                .join(models.area, a.ix == o.area_ix)
                .where(o.cube_id == cube, a.id.in_(AREAS))
            ).all()
        expected = {}
        for told in self.told.values():
            if told.period == period and told.parcel.id in counted.values():
                table = assert_canonical(told.table, arrow_schema(load_catalogue().dataset("CASES")))
                expected[told.node.area] = table["OBS_VALUE"]
        assert expected.keys() == counted.keys()
        for area in AREAS:  # I6
            mine = sorted((cell, value, delivered) for name, cell, value, delivered in rows if name == area)
            assert all(delivered == (area in expected) for _, _, delivered in mine)
            if area in expected:
                shown = [value for _, value, _ in mine]
                sent = expected[area].to_pylist()
                known = np.array(pc.is_valid(expected[area]))
                assert [shown[i] for i in np.flatnonzero(known)] == [sent[i] for i in np.flatnonzero(known)]

    def _nothing_withheld_on_disk(self) -> None:
        marks = [SECRET.to_bytes(8, "little"), str(SECRET).encode()]
        marks += {told.table[64:512] for told in self.told.values()}
        for path in self.home.rglob("*"):
            if path.is_file():
                data = path.read_bytes()
                assert not any(mark in data for mark in marks), path.name  # I7


def _copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
