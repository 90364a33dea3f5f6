"""`kim-verify log` and the officers: what they signed has to be what the log says was published (SPEC P-119).

Hub, officers and log are real. A fork of the hub is what enough officers make for one verifier alone.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from hub.domain.jobs import NoQueue
from hub.services.transparency.reading import copy_of_log
from hub.services.transparency.rounds import run_round
from hub.services.trust.exporting import export
from hub.services.trust.proposing import OfficerChange
from hub.store.engine import make_engine
from hub.store.unit_of_work import Database
from hub.wiring import Hub
from node.trust.sources import FolderSource
from node.trust.store import TrustStore
from protocol.transparency.events import EventKind, LogEvent
from protocol.trust import AddNode
from protocol.trust.fingerprints import root_fingerprint
from protocol.trust.metadata import Role
from protocol.verify.cli import main
from protocol.verify.officers import Signed
from protocol.verify.published import check_published
from protocol.verify.trail import Trail, verdict_of
from tests.factories.officers import NAMES, Office, node_entry, now, office, root_of

MOMENT = dt.datetime(2026, 10, 9, 8, 0, tzinfo=dt.UTC)


class World:
    """A hub that officers govern, its log, and what was brought from it on sticks."""

    def __init__(self, folder: Path, made: Office) -> None:
        self.folder, self.office = folder, made
        self.root = made.repository.roots()[0]
        self.fingerprint = root_fingerprint(root_of(self.root).signed_bytes)

    @classmethod
    def founded(cls, folder: Path) -> World:
        made = office(folder)
        made.publish(made.signed(made.first(), *NAMES[:2]))
        return cls(folder, made)

    def fork(self, folder: Path) -> World:
        """The same hub and officers, to go another way from here on."""
        shutil.copytree(self.folder, folder)
        settings = replace(self.office.settings, home=folder / self.office.settings.home.name)
        database = Database(make_engine(settings.sqlalchemy_url), NoQueue())
        return World(folder, Office(settings, database, dict(self.office.people)))

    def change_officers(self, newcomer: str, *changes: AddNode, leaver: str | None = None) -> None:
        hired = self.office.hire(newcomer)
        leaving = () if leaver is None else (self.office.people[leaver][0].keyid,)
        wish = OfficerChange(add_root=(hired,), add_targets=(hired,), remove=leaving)
        change = self.office.change(*changes, officers=wish, documents=bool(changes))
        self.office.publish(self.office.signed(change, *NAMES[1:]))

    def stick(self, name: str) -> Path:
        export(self.office.repository, self.folder / name, now=now())
        return self.folder / name

    def mirror(self, name: str) -> Path:
        context = Hub(self.office.settings).context
        run_round(context)
        for path, content in copy_of_log(context):
            file = self.folder / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        return self.folder / name

    def words(self, mirror: Path, trust: Path, *more: str) -> list[str]:
        trusted = ("--trust", str(trust), "--root-fingerprint", self.fingerprint)
        return ["log", "--mirror", str(mirror), *trusted, *more]

    def refused(
        self, mirror: Path, trust: Path, *more: str, capsys: pytest.CaptureFixture[str]
    ) -> tuple[str, str] | None:
        code = main([*self.words(mirror, trust, *more), "--json"])
        officers, log = json.loads(capsys.readouterr().out)
        # Seen alone, what the officers signed is in order each time.
        assert officers["verified"]
        assert code == (0 if log["verified"] else 3)
        return None if log["problem"] is None else (log["problem"]["code"], log["problem"]["detail_en"])


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World.founded(tmp_path / "world")


def test_what_the_log_names_is_what_officers_signed(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the first version on, over a change of officers with a decision, to one of officers alone."""
    world.office.decide(AddNode(node_entry(1)))
    world.change_officers("D. Neu", AddNode(node_entry(2)), leaver=NAMES[0])
    mirror, stick = world.mirror("log"), world.stick("stick")
    assert main([*world.words(mirror, stick), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)[1]["facts"]
    names = [
        f"trust/{Role.ROOT}/1",
        f"trust/{Role.ROOT}/2",
        "trust/targets/1",
        "trust/targets/2",
        "trust/targets/3",
    ]
    assert (facts["published"], facts["events"]["trust-published"]) == (names, len(names))
    for language, said in (
        ("de", "Alle 5 geprüften Fassungen der Schlüsselbeauftragten sind die, die laut Protokoll"),
        ("en", "All 5 verified versions of the key officers are those that were published according to"),
    ):
        assert main([*world.words(mirror, stick), "--lang", language]) == 0
        assert said in capsys.readouterr().out
    # A node keeps the newest version only.
    store = TrustStore(tmp_path / "node", audience=world.office.audience)
    store.pin(world.root, fingerprint=world.fingerprint)
    store.refresh(FolderSource(stick), now=now())
    assert world.refused(mirror, tmp_path / "node" / "trust", capsys=capsys) is None


def test_a_root_that_changes_alone_is_logged_and_compared(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    other = world.fork(world.folder.parent / "other")
    world.change_officers("D. Neu")
    other.change_officers("E. Fremd")
    mirror = world.mirror("log")
    assert world.refused(mirror, world.stick("stick"), capsys=capsys) is None
    assert world.refused(mirror, other.stick("stick"), capsys=capsys) == (
        "trust_not_logged",
        f"Version trust/{Role.ROOT}/2: The log names another.",
    )


def test_officers_who_sign_something_else_for_one_verifier(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    other = world.fork(world.folder.parent / "other")
    world.office.decide(AddNode(node_entry(1)))
    other.office.decide(AddNode(node_entry(7)))
    shown = other.stick("stick")
    assert world.refused(world.mirror("log"), shown, capsys=capsys) == (
        "trust_not_logged",
        "Version trust/targets/2: The log names another.",
    )
    # Those that came after it hide nothing, even if both ways are the same from there on.
    world.office.decide(AddNode(node_entry(3)))
    other.office.decide(AddNode(node_entry(3)))
    assert world.refused(world.mirror("log"), other.stick("later"), capsys=capsys) == (
        "trust_not_logged",
        "Version trust/targets/3: The log names another.",
    )


def test_a_version_that_was_never_logged(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    before = world.mirror("log")
    world.office.decide(AddNode(node_entry(1)))
    assert world.refused(before, world.stick("stick"), capsys=capsys) == (
        "trust_not_logged",
        "Version trust/targets/2: The log does not name it.",
    )


def test_an_old_version_under_a_fresh_pointer(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """With the hub's own key alone: whom the newest version shuts out would be in again."""
    old = world.stick("old")
    world.office.decide(AddNode(node_entry(1)))
    mirror = world.mirror("log")
    said = "The log names trust/targets/2 already; shown was trust/targets/1."
    assert world.refused(mirror, old, capsys=capsys) == ("trust_rollback", said)
    # For a day before that decision it was the newest.
    day = f"{now() - dt.timedelta(days=2):%Y-%m-%d}"
    assert world.refused(mirror, old, "--at", day, capsys=capsys) is None


def test_where_no_log_is_read_it_is_said_that_others_may_see_something_else(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    mirror, stick = world.mirror("log"), world.stick("stick")
    trusted = ["--trust", str(stick), "--root-fingerprint", world.fingerprint]
    for language, said in (
        ("de", "Nicht verglichen: ob alle anderen dieselbe Fassung sehen."),
        ("en", "Not compared: whether everybody else sees the same version."),
    ):
        assert main(["trust", *trusted, "--lang", language]) == 0
        assert said in capsys.readouterr().out
        assert main([*world.words(mirror, stick), "--lang", language]) == 0
        assert said not in capsys.readouterr().out


def test_without_the_root_it_is_said_that_nothing_was_compared(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path, content in world.office.repository.documents().files().items():
        (tmp_path / path.rpartition("/")[2]).write_bytes(content)
    words = ["log", "--mirror", str(world.mirror("log")), "--trust", str(tmp_path), "--lang"]
    for language, said in (
        ("de", "Nicht verglichen: ob die"),
        ("en", "Not compared: whether the key officers"),
    ):
        assert main([*words, language]) == 0
        assert said in capsys.readouterr().out


# ------------------------------------------------------------------------------------------- events


def _event(name: str, digest: str | None, *, at: dt.datetime = MOMENT) -> LogEvent:
    return LogEvent(at=at, kind=EventKind.TRUST_PUBLISHED, id=name, out_sha256=digest)


SIGNED = Signed(b"", b"", 1, 2, 2, {f"trust/{Role.ROOT}/1": "a" * 64, "trust/targets/2": "b" * 64})
LOGGED = (
    _event(f"trust/{Role.ROOT}/1", "a" * 64),
    _event("trust/targets/1", "f" * 64),
    _event("trust/targets/2", "b" * 64),
)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ((), None),
        ((_event("trust/targets/2", "b" * 64),), None),  # said again
        ((_event("trust/targets/1", "e" * 64),), "trust_not_logged"),  # two of a version nobody has here
        ((_event("trust/targets/2", None),), "trust_not_logged"),
        ((_event("trust/targets/3", "c" * 64),), "trust_rollback"),
        ((_event(f"trust/{Role.ROOT}/2", "c" * 64),), "trust_rollback"),
        ((_event("trust/targets/10", "c" * 64),), "trust_rollback"),
        ((_event(f"trust/targets/{2**53 - 1}", "c" * 64),), "trust_rollback"),  # the largest there is
        ((_event("trust/targets/3", "c" * 64, at=MOMENT + dt.timedelta(seconds=1)),), None),
        ((_event("trust/charter/3", "c" * 64),), None),  # of a later program
    ],
)
def test_what_the_log_says_more(more: tuple[LogEvent, ...], code: str | None) -> None:
    found = verdict_of(lambda trail: check_published(trail, [*LOGGED, *more], SIGNED, until=MOMENT))
    assert (found.problem.code if found.problem else None) == code
    assert len(found.passed) == (0 if code else 1)


def test_of_which_version_the_log_says_two_things() -> None:
    more = _event("trust/targets/1", "e" * 64)
    found = verdict_of(lambda trail: check_published(trail, [*LOGGED, more], SIGNED, until=MOMENT))
    assert found.problem
    assert found.problem.detail.de == "Fassung trust/targets/1: Das Protokoll nennt zwei davon."
    assert found.problem.detail.en == "Version trust/targets/1: The log names two of it."


def test_a_log_without_officers_needs_no_comparison() -> None:
    trail = Trail()
    check_published(trail, [], None, until=None)
    assert (trail.passed, trail.remarks) == ([], [])
