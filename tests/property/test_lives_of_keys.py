"""Whatever is decided about a node's keys, in any order: the directory grows, and the tables say the same."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.domain.enrolment import OVERLAP, EnrolmentKind, EnrolmentState
from hub.domain.ids import Sha256
from hub.domain.states import KeyStatus, NodeStatus
from hub.services.enrolment.entering import enter_directory
from hub.services.enrolment.entries import with_new_keys, without_key
from hub.services.intake.authentication import require_valid
from hub.store import models
from hub.store.records import Enrolment
from hub.store.unit_of_work import UnitOfWork
from protocol.errors import KimError
from protocol.keys import KeyPurpose, PrivateKey
from protocol.trust import Directory, NodeEntry
from protocol.trust.changes import apply, differences

NODE = "node-7f3a9c"
BEGIN = dt.datetime(2026, 10, 5, 10, tzinfo=dt.UTC)
#: Made once: what is decided about keys does not depend on which they are.
POOL = [
    (
        PrivateKey.generate().public.hex,
        PrivateKey.generate(purpose=KeyPurpose.WITNESS).public.hex,
    )
    for _ in range(12)
]


@dataclass
class Story:
    """A node's entry, and when what was decided."""

    entry: NodeEntry | None = None
    at: dt.datetime = BEGIN
    directories: list[Directory] = field(default_factory=list)

    def decide(self, what: str, days: int, number: int) -> None:
        self.at += dt.timedelta(days=days)
        if what == "wait":
            return
        if what in ("enrol", "rotation"):
            if self.entry is None and what == "rotation":
                return
            kind = EnrolmentKind(what)
            self.entry = with_new_keys(self.entry, _request(kind, number, at=self.at), at=self.at)
        elif self.entry is not None:
            key = self.entry.keys[number % len(self.entry.keys)]
            since = self.at - dt.timedelta(days=number * 9) if what == "compromised" else None
            if key.compromised_since is not None and (since is None or since > key.compromised_since):
                return  # refused by the directory: what is known to be compromised only gets worse
            self.entry = without_key(self.entry, [key.keyid], at=self.at, compromised_since=since)
        if self.entry is not None:
            self.directories.append(Directory("kim-nrw/local", (self.entry,)))


def _request(kind: EnrolmentKind, number: int, *, at: dt.datetime) -> Enrolment:
    sign, witness = POOL[number]
    return Enrolment(
        id=f"{number:064x}",
        kind=kind,
        node_id=NODE,
        name="Düsseldorf",
        areas=("NW05111",),
        invitation_id=None,
        envelope_sha256=Sha256("0" * 64),
        sign_key=sign,
        witness_key=witness,
        old_keyid=None,
        state=EnrolmentState.PENDING,
        received_at=at,
    )


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["enrol", "rotation", "superseded", "compromised", "wait"]), st.integers(0, 200)
    ),
    min_size=1,
    max_size=len(POOL),
)


def _told(steps: list[tuple[str, int]]) -> Story:
    story = Story()
    for number, (what, days) in enumerate(steps):
        story.decide(what, days, number)
    return story


@given(STEPS)
def test_no_decision_takes_back_another_and_officers_see_each(steps: list[tuple[str, int]]) -> None:
    before = Directory("kim-nrw/local", ())
    for after in _told(steps).directories:
        shown = differences(before, after)
        assert apply(before, shown) == after
        before = after


@given(STEPS)
def test_after_a_change_of_keys_the_old_ones_end_within_the_overlap(steps: list[tuple[str, int]]) -> None:
    story = _told([*steps, ("enrol", 1)][: len(POOL) - 1])
    if story.entry is None:
        return
    story.decide("rotation", 1, len(POOL) - 1)
    new = {key.keyid for key in story.entry.keys[-2:]}
    for key in story.entry.keys:
        if key.keyid in new:
            assert key.status is KeyStatus.ACTIVE
            assert key.not_before == story.at
        else:
            assert key.status is not KeyStatus.ACTIVE or key.not_after <= story.at
            assert key.status is KeyStatus.REVOKED or key.not_after <= story.at + OVERLAP


@given(STEPS)
@settings(max_examples=25, deadline=None)
def test_the_tables_say_what_the_directory_says_at_every_moment(steps: list[tuple[str, int]]) -> None:
    story = _told([("enrol", 0), *steps][: len(POOL)])
    engine = sa.create_engine("sqlite://")
    models.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(models.log_head.insert().values(one=1, size=0))
        unit = UnitOfWork(connection)
        for directory in story.directories:
            enter_directory(unit, directory, at=story.at)
            enter_directory(unit, directory, at=story.at)  # again changes nothing
            (entry,) = directory.nodes
            stored = {key.keyid: key for key in unit.nodes.keys_of(NODE)}
            assert stored.keys() == {key.keyid for key in entry.keys}
            for key in entry.keys:
                row = stored[key.keyid]
                assert (row.status, row.compromised_since) == (key.status, key.compromised_since)
                for moment in (key.not_before, key.not_after, story.at, BEGIN - dt.timedelta(seconds=1)):
                    assert _is_valid(row, moment) == key.holds_at(moment)
        node = unit.nodes.get(NODE)
        assert node is not None
        assert node.status is NodeStatus.ACTIVE


def _is_valid(key: object, moment: dt.datetime) -> bool:
    try:
        require_valid(key, at=moment)  # type: ignore[arg-type]
    except KimError:
        return False
    return True
