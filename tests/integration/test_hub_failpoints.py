"""The hub dies, or its disk fails, wherever something becomes durable: nothing is half there."""

from __future__ import annotations

import os
import re
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from hub import failpoints
from hub.cli import main
from hub.domain.ids import SubmissionId
from hub.services.intake.verification import verify
from hub.services.operation.sweeping import clear_leftovers
from hub.services.registry.registration import Registration, register
from hub.services.transparency.rounds import run_round
from protocol.keys import PrivateKey
from tests.factories.dying import SURVIVED, ended
from tests.factories.log_checks import assert_log_whole, assert_receipt
from tests.factories.running_hub import Parcel, RunningHub, Sender, lasting_sandbox, running_hub

#: Places of states that a good delivery of two revisions does not meet.
ELSEWHERE = {"state.rejected", "state.quarantined"}
ON_THE_WAY = [place for place in failpoints.PLACES if place not in ELSEWHERE]


@dataclass
class Deliveries:
    """A hub's folder and what one node has to deliver to it: a revision and its correction."""

    home: Path
    key: PrivateKey
    first: Parcel
    second: Parcel
    database_url: str = ""

    @contextmanager
    def hub(self) -> Iterator[tuple[RunningHub, Sender]]:
        with running_hub(
            self.home, start=False, sandbox=lasting_sandbox(), database_url=self.database_url
        ) as running:
            yield running, Sender("node-nw05111", "NW05111", self.key, running.client)

    def deliver(self) -> None:
        """Send everything that the hub does not have yet, as a node does, and have it decided."""
        with self.hub() as (running, sender):
            for parcel in (self.first, self.second):
                answer = sender.send(parcel)
                assert answer.status_code == 202, answer.text
                verify(running.hub.context, SubmissionId(parcel.id))
                run_round(running.hub.context)

    def try_to_deliver(self) -> None:
        """The same where any answer may be a refusal, and a job may fail."""
        with self.hub() as (running, sender):
            for parcel in (self.first, self.second):
                if sender.send(parcel).status_code >= 400:
                    return
                try:
                    verify(running.hub.context, SubmissionId(parcel.id))
                    run_round(running.hub.context)
                except OSError:
                    return

    def assert_whole(self) -> None:
        """Both are decided once, and the log says so, leaf by leaf."""
        with self.hub() as (running, sender):
            assert [sender.look(parcel)["state"] for parcel in (self.first, self.second)] == [
                "superseded",
                "accepted",
            ]
            with running.hub.context.database.read() as unit:
                assert unit.submissions.head(
                    next(row.chain for row in unit.submissions.accepted("CASES", "2026-Q1"))
                ).id == (self.second.id)
                assert_log_whole(unit)
            run_round(running.hub.context)
            for parcel in (self.first, self.second):
                assert_receipt(running.hub.context, parcel.id, sender.node)


def prepare(home: Path, *, database_url: str = "") -> Deliveries:
    """A hub with one node to which nothing was delivered yet."""
    lasting_sandbox()  # before a fork, which could not share it with its siblings
    key = PrivateKey.generate()
    with running_hub(home, start=False, sandbox=lasting_sandbox(), database_url=database_url) as running:
        node = Registration("node-nw05111", ("NW05111",), key.public.hex, "Düsseldorf")
        register(running.hub.context, [node])
        sender = Sender("node-nw05111", "NW05111", key, running.client)
        first = sender.parcel(chunk=20_000)
        second = sender.parcel(chunk=20_000, revision=2, supersedes=first.id, reason="Nachmeldungen")
    return Deliveries(home, key, first, second, database_url)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Deliveries:
    return prepare(tmp_path_factory.mktemp("prepared") / "hub")


@pytest.fixture
def deliveries(prepared: Deliveries, tmp_path: Path) -> Deliveries:
    # With the passphrase of its keys, which lies beside it.
    shutil.copytree(prepared.home.parent, tmp_path, dirs_exist_ok=True)
    return replace(prepared, home=tmp_path / "hub")


@pytest.mark.parametrize(
    ("place", "passing"),
    [
        *((place, 1) for place in ON_THE_WAY),
        *(("commit", n) for n in range(2, 9)),
        ("log.append", 3),
        ("state.accepted", 2),
        ("state.superseded", 2),
    ],
)
def test_a_hub_that_is_killed_anywhere_loses_and_doubles_nothing(
    deliveries: Deliveries, place: str, passing: int
) -> None:
    how = ended(deliveries.deliver, f"{place}:kill:{passing}")
    # `state.superseded` is met once only.
    assert how == (SURVIVED if (place, passing) == ("state.superseded", 2) else -signal.SIGKILL)
    deliveries.deliver()
    deliveries.assert_whole()


@pytest.mark.parametrize(
    ("place", "action"), [(place, ("eio", "enospc")[n % 2]) for n, place in enumerate(ON_THE_WAY)]
)
def test_a_disk_that_fails_anywhere_is_a_refusal_and_later_no_trace_is_left(
    deliveries: Deliveries, place: str, action: str
) -> None:
    assert ended(deliveries.try_to_deliver, f"{place}:{action}:1") == SURVIVED
    deliveries.deliver()
    deliveries.assert_whole()
    assert not list((deliveries.home / "blobs" / "tmp").iterdir())
    assert not list((deliveries.home / "incoming").rglob("tmp*"))


def test_what_a_killed_hub_was_writing_is_swept_once_it_is_old(deliveries: Deliveries) -> None:
    ended(deliveries.deliver, "blob.sync:kill:2")
    (orphan,) = (deliveries.home / "blobs" / "tmp").iterdir()
    with deliveries.hub() as (running, _):
        clear_leftovers(running.hub.context)
        assert orphan.exists()  # another process may be at it
        yesterday = time.time() - 90_000
        os.utime(orphan, (yesterday, yesterday))
        clear_leftovers(running.hub.context)
    assert not orphan.exists()
    deliveries.deliver()
    deliveries.assert_whole()


def test_every_place_is_passed_somewhere() -> None:
    sources = "".join(path.read_text() for path in (Path(__file__).parents[2] / "hub").rglob("*.py"))
    named = set(re.findall(r'failpoints\.passing\("([a-z.]+)"\)', sources))
    assert 'failpoints.passing(f"state.{state}")' in sources
    assert named | {place for place in failpoints.PLACES if place.startswith("state.")} == set(
        failpoints.PLACES
    )


def test_a_delay_only_takes_time(deliveries: Deliveries, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(failpoints.time, "sleep", slept.append)
    failpoints.arm("commit:delay")
    try:
        deliveries.deliver()
    finally:
        failpoints.arm(None)
    assert len(slept) > 5
    deliveries.assert_whole()


@pytest.mark.parametrize(
    "specification", ["commit", "commit:explode", "nowhere:kill", "commit:kill:-1", "commit:kill:x", ":kill"]
)
def test_what_is_no_place_or_no_action_arms_nothing(specification: str) -> None:
    with pytest.raises(ValueError, match="failpoint"):
        failpoints.arm(specification)
    failpoints.passing("commit")


def test_the_command_reads_the_variable_and_refuses_nonsense(tmp_path: Path) -> None:
    for value, fails in (("nowhere:kill", True), ("blob.write:eio", False), ("", False)):
        done = CliRunner(env={"KIM_FAILPOINT": value}).invoke(main, ["init", "--home", str(tmp_path / "hub")])
        assert (done.exit_code != 0) == fails, done.output
    assert failpoints._armed == {}


def test_no_request_arms_a_place(deliveries: Deliveries) -> None:
    with deliveries.hub() as (_, sender):
        answer = sender.client.get(
            "/healthz?KIM_FAILPOINT=commit:kill", headers={"KIM-FAILPOINT": "commit:kill"}
        )
        assert answer.status_code == 200
    assert failpoints._armed == {}
