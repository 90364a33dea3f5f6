"""One transaction, and the jobs it asks for: they are handed over after the commit, or not at all.

A job that left before its commit could be taken by a worker that does not see the row yet; a job of a
transaction that rolled back would work on nothing. If the process dies between commit and hand-over, the
sweeper finds the work in the database's states.
"""

import datetime as dt
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any

import sqlalchemy as sa

from hub import failpoints
from hub.domain.jobs import Job, JobQueue
from hub.domain.people import OPERATOR
from hub.store import models
from hub.store.engine import WriteKind, translated_faults
from hub.store.tables.audit_trail import AuditTrail
from hub.store.tables.chunks import Chunks
from hub.store.tables.cubes import Cubes, Periods
from hub.store.tables.enrolments import Enrolments
from hub.store.tables.findings import Findings
from hub.store.tables.grants import Grants
from hub.store.tables.log import LogLeaves
from hub.store.tables.nodes import Nodes
from hub.store.tables.nonces import Nonces
from hub.store.tables.people import People
from hub.store.tables.submissions import Submissions
from hub.store.tables.trust import Trust
from hub.store.tables.uploads import Uploads
from protocol.transparency.events import LogEvent

_CHANGE_MARK = sa.select(
    *(
        sa.select(sa.func.max(table.c.id)).scalar_subquery()
        for table in (models.submission_event, models.audit_event, models.cube, models.release)
    )
)


class UnitOfWork:
    """The tables, inside one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        """Work on `connection`, whose transaction the caller ends."""
        self.connection = connection
        self.nodes = Nodes(connection)
        self.enrolments = Enrolments(connection)
        self.leaves = LogLeaves(connection)
        self.nonces = Nonces(connection)
        self.submissions = Submissions(connection, self.leaves)
        self.chunks = Chunks(connection)
        self.uploads = Uploads(connection)
        self.findings = Findings(connection)
        self.periods = Periods(connection)
        self.cubes = Cubes(connection)
        self.grants = Grants(connection)
        self.trust = Trust(connection)
        self.people = People(connection)
        self.trail = AuditTrail(connection)
        self.jobs: list[Job] = []

    def after_commit(self, job: Job) -> None:
        """Ask for `job` once this transaction is committed."""
        self.jobs.append(job)

    def log(self, event: LogEvent) -> int:
        """Append an event to the transparency log; return its index. It is there if this commits.

        States of submissions need no call: `submissions.move` logs them itself.

        Raises:
            KimError: `log_unavailable` if the hub's clock has gone back.
        """
        return self.leaves.append(event)

    def audit(
        self,
        action: str,
        subject: str,
        *,
        at: dt.datetime,
        actor: str = OPERATOR,
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        """Write down who did what; `detail` holds names and codes, never a figure."""
        self.connection.execute(
            models.audit_event.insert().values(
                at=at, actor=actor, action=action, subject=subject, detail=dict(detail or {})
            )
        )

    def audits(self, action: str, subject: str) -> int:
        """Return how often an action was written down for a subject."""
        table = models.audit_event
        found = sa.select(sa.func.count()).select_from(table)
        return int(
            self.connection.execute(
                found.where(table.c.action == action, table.c.subject == subject)
            ).scalar_one()
        )

    def change_mark(self) -> tuple[int, ...]:
        """Return the newest number of each table that grows: cheap to ask, equal only if nothing happened."""
        row = self.connection.execute(_CHANGE_MARK).one()
        return tuple(number or 0 for number in row)


class Database:
    """Opens units of work.

    On SQLite, writers of one process queue at a lock before they ask the database for its write lock: SQLite
    itself lets waiting writers poll with growing pauses, which is slow and unfair when 54 nodes deliver at
    once. Between processes its busy timeout does the same job.
    """

    def __init__(self, engine: sa.Engine, queue: JobQueue) -> None:
        """Use `engine`; committed jobs go to `queue`."""
        self.engine = engine
        self._queue = queue
        self._gate = threading.Lock() if engine.dialect.name == "sqlite" else nullcontext()

    @contextmanager
    def read(self) -> Iterator[UnitOfWork]:
        """A consistent view; nothing written in it is kept."""
        with translated_faults(), self.engine.connect() as connection:
            yield UnitOfWork(connection)

    @contextmanager
    def write(self, kind: WriteKind = WriteKind.DURABLE) -> Iterator[UnitOfWork]:
        """A transaction: committed at the end of the block, rolled back if it raises.

        Args:
            kind: how much a commit promises.
        """
        with (
            translated_faults(),
            self._gate,
            self.engine.connect().execution_options(writes=kind) as connection,
        ):
            unit = UnitOfWork(connection)
            yield unit
            failpoints.passing("commit")
            connection.commit()
        failpoints.passing("committed")
        for job in unit.jobs:
            self._queue.send(job)
