"""Jobs leave after the commit or not at all; a state changes with its event or not at all."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, OperationalError

from hub.domain.ids import Sha256, SubmissionId
from hub.domain.jobs import Job, JobName
from hub.domain.states import IllegalTransitionError, KeyStatus, NodeStatus, SubmissionState
from hub.settings import HubSettings
from hub.store.engine import make_engine, translated_faults
from hub.store.records import Chain, Node, NodeKey, Submission
from hub.store.unit_of_work import Database
from protocol.errors import KimError
from protocol.transparency.events import parse_event
from tests.factories.installed_hub import install_copy
from tests.factories.running_hub import Collecting

NOW = dt.datetime(2026, 10, 5, 10, 0, tzinfo=dt.UTC)
PUBLISH = Job(JobName.PUBLISH)


@pytest.fixture
def queue() -> Collecting:
    return Collecting()


@pytest.fixture
def database(tmp_path: Path, queue: Collecting) -> Iterator[Database]:
    settings = HubSettings(home=tmp_path)
    install_copy(settings)
    engine = make_engine(settings.sqlalchemy_url)
    database = Database(engine, queue)
    with database.write() as unit:
        unit.nodes.add(Node("node-1", "Eins", ("NW05111",), NodeStatus.ACTIVE, NOW))
        unit.nodes.add_key(NodeKey("a" * 64, "node-1", "p" * 64, KeyStatus.ACTIVE), at=NOW)
    yield database
    engine.dispose()


def _submission(digit: str, **changes: object) -> Submission:
    values = {
        "id": SubmissionId(digit * 64),
        "node_id": "node-1",
        "keyid": "a" * 64,
        "area": "NW05111",
        "dataset": "CASES",
        "period": "2026-Q1",
        "revision": 1,
        "supersedes": None,
        "state": SubmissionState.ANNOUNCED,
        "envelope_sha256": Sha256("e" * 64),
        "payload_sha256": Sha256("f" * 64),
        "payload_size": 10,
        "payload_rows": 1,
        "chunk_bytes": 10,
        "min_contributors": 5,
        "canonical_sha256": None,
        "bounds_sha256": None,
        "announced_at": NOW,
        "state_since": NOW,
        "received_at": None,
        "decided_at": None,
        "problem_code": None,
        "problem": None,
        "series_break": None,
        "validated_at": None,
    }
    return Submission(**(values | changes))


def test_a_job_leaves_after_the_commit(database: Database, queue: Collecting) -> None:
    with database.write() as unit:
        unit.after_commit(PUBLISH)
        assert queue.jobs == []
    assert queue.jobs == [PUBLISH]


def test_a_rolled_back_transaction_sends_nothing(database: Database, queue: Collecting) -> None:
    def fail() -> None:
        with database.write() as unit:
            unit.submissions.add(_submission("1"))
            unit.after_commit(PUBLISH)
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        fail()
    assert queue.jobs == []
    with database.read() as unit:
        assert unit.submissions.get(SubmissionId("1" * 64)) is None


def test_each_move_writes_its_event(database: Database) -> None:
    with database.write() as unit:
        unit.submissions.add(_submission("1"))
    with database.write() as unit:
        row = unit.submissions.get(SubmissionId("1" * 64))
        unit.submissions.move(row, SubmissionState.REJECTED, at=NOW, code="upload_expired")
    with database.read() as unit:
        events = [(e.state, e.code) for e in unit.submissions.events(row.id)]
        assert unit.submissions.get(row.id).problem_code == "upload_expired"
        leaf = unit.leaves.newest_of(row.id)
        size = unit.leaves.size()
    assert events == [("announced", None), ("rejected", "upload_expired")]
    event = parse_event(leaf.entry)
    assert (leaf.index, size, event.kind, event.code) == (0, 1, "rejected", "upload_expired")
    assert (event.node, event.keyid, event.payload_sha256) == (row.node_id, row.keyid, row.payload_sha256)


def test_a_move_that_is_rolled_back_leaves_no_leaf_and_no_gap(database: Database) -> None:
    with database.write() as unit:
        unit.submissions.add(_submission("1"))
        row = unit.submissions.get(SubmissionId("1" * 64))

    def fail() -> None:
        with database.write() as unit:
            unit.submissions.move(row, SubmissionState.REJECTED, at=NOW, code="upload_expired")
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        fail()
    with database.write() as unit:
        assert unit.leaves.size() == 0
        unit.submissions.move(row, SubmissionState.REJECTED, at=NOW, code="upload_expired")
        assert unit.leaves.newest_of(row.id).index == 0


def test_a_move_from_a_state_that_is_no_longer_there_is_refused(database: Database) -> None:
    with database.write() as unit:
        unit.submissions.add(_submission("1"))
        seen = unit.submissions.get(SubmissionId("1" * 64))
        unit.submissions.move(seen, SubmissionState.UPLOADING, at=NOW)
        with pytest.raises(IllegalTransitionError):
            unit.submissions.move(seen, SubmissionState.UPLOADING, at=NOW)


def test_the_table_forbids_jumping_to_accepted(database: Database) -> None:
    with database.write() as unit:
        unit.submissions.add(_submission("1"))
        with pytest.raises(IllegalTransitionError):
            unit.submissions.move(_submission("1"), SubmissionState.ACCEPTED, at=NOW)
    with database.read() as unit:
        assert unit.submissions.get(SubmissionId("1" * 64)).state == "announced"


def test_one_revision_has_one_winner_unless_it_was_rejected(database: Database) -> None:
    with database.write() as unit:
        unit.submissions.add(_submission("1"))
    with pytest.raises(IntegrityError), database.write() as unit:
        unit.submissions.add(_submission("2"))
    with database.write() as unit:
        unit.submissions.move(_submission("1"), SubmissionState.REJECTED, at=NOW, code="value_rule")
        unit.submissions.add(_submission("2"))
        head = unit.submissions.head(Chain("node-1", "NW05111", "CASES", "2026-Q1"))
    assert head is not None
    assert head.id == "2" * 64


def test_a_reader_cannot_write_by_accident(database: Database) -> None:
    with database.read() as unit:
        unit.submissions.add(_submission("1"))
    with database.read() as unit:
        assert unit.submissions.get(SubmissionId("1" * 64)) is None


def test_releases_switch_as_a_whole(database: Database) -> None:
    values = {
        "dataset": "CASES",
        "sha256": "a" * 64,
        "inputs": {},
        "catalogue_sha256": "c" * 64,
        "built_at": NOW,
    }
    with database.write() as unit:
        numbers = unit.cubes.area_numbers(["NW05111"], ["NW05"])
        assert unit.cubes.area_numbers(["NW05112", "NW05111"], ["NW05"]) == numbers | {"NW05112": 2}
        row = (0, 0, 1, 7, 7, 7, 1, 1, 0)
        ids = [
            unit.cubes.add({**values, "period": p, "inputs_sha256": p * 8}, [row])
            for p in ("2026-Q1", "2026-Q2")
        ]
        assert unit.cubes.published() is None
        assert unit.cubes.publish({("CASES", "2026-Q1"): ids[0]}, at=NOW, note="") == 1
        both = {("CASES", "2026-Q1"): ids[0], ("CASES", "2026-Q2"): ids[1]}
        assert unit.cubes.publish(both, at=NOW, note="") == 2
    with database.read() as unit:
        release = unit.cubes.published()
        assert release is not None
        assert (release.number, release.cubes) == (2, both)
        assert unit.connection.execute(sa.text("SELECT count(*) FROM release")).scalar_one() == 2


def test_a_database_that_stays_locked_is_busy_and_loses_nothing(database: Database) -> None:
    other = make_engine(str(database.engine.url))
    with other.connect().execution_options(writes=True) as blocking:
        blocking.execute(sa.text("SELECT 1"))
        with database.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout = 10")
        with pytest.raises(KimError) as caught, database.write() as unit:
            unit.nodes.all()
    assert caught.value.code == "busy"
    with database.write() as unit:
        unit.submissions.add(_submission("1"))
    other.dispose()


def test_a_full_disk_is_storage_full_and_keeps_what_was_there(database: Database) -> None:
    with database.write() as unit:
        unit.submissions.add(_submission("1"))
        pages = unit.connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    with database.engine.connect() as connection:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    def fill() -> None:
        with database.write() as unit:
            for number in range(2_000):
                unit.audit("filling", str(number), at=NOW, detail={"text": "x" * 500})

    with pytest.raises(KimError) as caught:
        fill()
    assert caught.value.code == "storage_full"
    with database.read() as unit:
        assert unit.submissions.get(SubmissionId("1" * 64)) is not None
        assert unit.connection.execute(sa.text("SELECT count(*) FROM audit_event")).scalar_one() == 0


class _ServerError(Exception):
    """A fault as psycopg raises it: with PostgreSQL's state, or with none."""

    def __init__(self, sqlstate: str | None) -> None:
        super().__init__("the server's words")
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("sqlstate", "code"),
    [
        (None, "busy"),  # nobody answers
        ("08006", "busy"),  # the connection failed
        ("40P01", "busy"),  # two waited for each other
        ("53100", "storage_full"),
        ("53300", "busy"),  # too many connections
        ("57P01", "busy"),  # shut down
        ("57P03", "busy"),  # not up yet
        ("58030", None),  # the disk fails: nothing that passes
    ],
)
def test_what_passes_at_postgresql_is_said_to_pass(sqlstate: str | None, code: str | None) -> None:
    with pytest.raises(KimError if code else OperationalError) as caught, translated_faults():
        raise OperationalError("SELECT 1", {}, _ServerError(sqlstate))
    assert code is None or (isinstance(caught.value, KimError) and caught.value.code == code)
