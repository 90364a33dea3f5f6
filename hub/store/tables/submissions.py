"""Reading and writing submissions: the state machine's table and its events.

Invariant: a state changes only through :meth:`Submissions.move`, which writes the event and, for what the
sender must learn, the leaf of the log in the same transaction, and changes nothing if another process was
faster.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, astuple, fields
from typing import Any

import sqlalchemy as sa

from hub import failpoints
from hub.domain.ids import Sha256, SubmissionId
from hub.domain.states import (
    OPEN_UPLOAD,
    UNDECIDED,
    AuditVerdict,
    IllegalTransitionError,
    PeriodState,
    SubmissionState,
    check_transition,
)
from hub.store import models
from hub.store.records import Chain, Counted, Submission, SubmissionEvent
from hub.store.tables.log import LogLeaves
from protocol.transparency.events import SUBMISSION_EVENTS, LogEvent

_T = models.submission
_EVENT = models.submission_event

# Built once: putting a statement together costs SQLAlchemy more than SQLite needs to run it.
_SELECT = sa.select(_T)
_GET = _SELECT.where(_T.c.id == sa.bindparam("id"))
_OF_CHAIN = [_T.c[field.name] == sa.bindparam(field.name) for field in fields(Chain)]
_CHAIN = _SELECT.where(
    *_OF_CHAIN,
    _T.c.state != SubmissionState.REJECTED,
)
_ACCEPTED = _SELECT.where(
    _T.c.dataset == sa.bindparam("dataset"),
    _T.c.period == sa.bindparam("period"),
    _T.c.state == SubmissionState.ACCEPTED,
    sa.func.coalesce(_T.c.audit, "") != AuditVerdict.OPEN,
)
_OF_AREA = _SELECT.where(_T.c.area == sa.bindparam("area")).order_by(_T.c.announced_at.desc(), _T.c.id)
_COUNT = sa.select(sa.func.count()).select_from(_T)
_OPEN_UPLOADS = _COUNT.where(_T.c.node_id == sa.bindparam("node_id"), _T.c.state.in_(OPEN_UPLOAD))
_ANNOUNCED = sa.select(sa.func.count(), sa.func.sum(_T.c.payload_size)).where(
    _T.c.node_id == sa.bindparam("node_id"), _T.c.announced_at > sa.bindparam("since")
)
_LOST = _COUNT.where(
    *_OF_CHAIN,
    _T.c.revision == sa.bindparam("revision"),
    _T.c.state == SubmissionState.REJECTED,
    _T.c.problem_code == "internal",
    _T.c.received_at.is_not(None),
)
_PUBLIC = {SubmissionState.ACCEPTED, SubmissionState.SUPERSEDED, SubmissionState.QUARANTINED}
_INSERT, _INSERT_EVENT = _T.insert(), _EVENT.insert()
_EVENTS = (
    sa.select(_EVENT.c.state, _EVENT.c.at, _EVENT.c.code)
    .where(_EVENT.c.submission_id == sa.bindparam("id"))
    .order_by(_EVENT.c.id)
)


class Submissions:
    """Submissions on one connection."""

    def __init__(self, connection: sa.Connection, log: LogLeaves) -> None:
        """Work inside the transaction of `connection`, which is also that of `log`."""
        self._connection = connection
        self._log = log

    def get(self, submission: SubmissionId) -> Submission | None:
        """Return the submission with this statement id."""
        row = self._connection.execute(_GET, {"id": submission}).one_or_none()
        return None if row is None else submission_of(row._asdict())

    def add(self, submission: Submission) -> None:
        """Store an announced submission with its first event.

        Raises:
            sqlalchemy.exc.IntegrityError: the statement, or the revision in its chain, is taken.
        """
        self._connection.execute(_INSERT, asdict(submission))
        self._record(submission.id, submission.state, at=submission.announced_at, code=None)

    def move(
        self,
        submission: Submission,
        after: SubmissionState,
        *,
        at: dt.datetime,
        code: str | None = None,
        facts: Mapping[str, Any] | None = None,
        made: str | None = None,
    ) -> None:
        """Change the state, with its event.

        Args:
            submission: as it was read; its state must still be the stored one.
            after: the new state.
            at: moment of the change.
            code: problem code of a rejection.
            facts: further columns that become known with this state.
            made: what the log says of the cells that an accepted one has, hidden.

        Raises:
            IllegalTransitionError: the table forbids it, or the stored state is another by now.
        """
        check_transition(submission.state, after)
        changed = self._connection.execute(
            _T.update()
            .where(_T.c.id == submission.id, _T.c.state == submission.state)
            .values(state=after, state_since=at, problem_code=code, **(facts or {}))
        )
        if changed.rowcount != 1:
            raise IllegalTransitionError(f"the submission is no longer {submission.state}")
        self._record(submission.id, after, at=at, code=code)
        if after.value in SUBMISSION_EVENTS:
            self._log.append(_leaf_of(submission, after, at=at, code=code, made=made))

    def _record(
        self, submission: SubmissionId, state: SubmissionState, *, at: dt.datetime, code: str | None
    ) -> None:
        failpoints.passing(f"state.{state}")
        self._connection.execute(
            _INSERT_EVENT, {"submission_id": submission, "state": state, "at": at, "code": code}
        )

    def set_bounds(self, submission: SubmissionId, bounds: Sha256) -> None:
        """Note the bounds of an accepted submission; they are derived, so this is no state."""
        self._connection.execute(_T.update().where(_T.c.id == submission).values(bounds_sha256=bounds))

    def events(self, submission: SubmissionId) -> list[SubmissionEvent]:
        """Return what happened to the submission, oldest first."""
        rows = self._connection.execute(_EVENTS, {"id": submission})
        return [SubmissionEvent(SubmissionState(state), at, code) for state, at, code in rows]

    def head(self, chain: Chain) -> Submission | None:
        """Return the newest submission of a chain that was not rejected."""
        rows = self._all(_CHAIN, **asdict(chain))
        return max(rows, key=lambda row: row.revision, default=None)

    def heads(self, node_id: str) -> list[Submission]:
        """Return the head of each chain of a node, ordered by area, dataset and period."""
        rows = self._all(_SELECT.where(_T.c.node_id == node_id, _T.c.state != SubmissionState.REJECTED))
        newest = {row.chain: row for row in sorted(rows, key=lambda item: item.revision)}
        return [newest[chain] for chain in sorted(newest, key=astuple)]

    def open_uploads(self, node_id: str) -> int:
        """Return how many uploads of a node are not complete."""
        return self._count(_OPEN_UPLOADS, node_id=node_id)

    def announced_since(self, node_id: str, *, since: dt.datetime) -> tuple[int, int]:
        """Return how many submissions a node has announced since a moment, and how many bytes of payload."""
        number, size = self._connection.execute(_ANNOUNCED, {"node_id": node_id, "since": since}).one()
        return int(number), int(size or 0)

    def open_with(self, keyid: str) -> list[Submission]:
        """Return the uploads that are not complete and whose statement this key has signed."""
        return self._all(
            _SELECT.where(_T.c.keyid == sa.bindparam("keyid"), _T.c.state.in_(OPEN_UPLOAD)), keyid=keyid
        )

    def of_area(self, area: str) -> list[Submission]:
        """Return everything that was announced for an area, the newest first."""
        return self._all(_OF_AREA, area=area)

    def was_lost(self, chain: Chain, *, revision: int) -> bool:
        """Whether this revision was received and then rejected by a fault of the hub's own (`internal`)."""
        return self._count(_LOST, **asdict(chain), revision=revision) > 0

    def accepted(self, dataset: str, period: str) -> list[Submission]:
        """Return what counts for a dataset and period, ordered by area."""
        found = self._all(_ACCEPTED, dataset=dataset, period=period)
        return sorted(found, key=lambda row: row.area)

    def counted(self, dataset: str | None = None) -> list[Counted]:
        """Return what counts or may count soon, of one dataset or all."""
        c = _T.c
        statement = sa.select(c.dataset, c.period, c.area, c.id, c.state, c.bounds_sha256, c.audit).where(
            c.state.in_({SubmissionState.ACCEPTED, *UNDECIDED})
        )
        if dataset is not None:
            statement = statement.where(c.dataset == dataset)
        return [
            Counted(
                row.dataset,
                row.period,
                row.area,
                row.id,
                ready=row.state == SubmissionState.ACCEPTED
                and row.bounds_sha256 is not None
                and row.audit is not None,
                held=row.state == SubmissionState.ACCEPTED and row.audit == AuditVerdict.OPEN,
            )
            for row in self._connection.execute(statement)
        ]

    def states(self) -> list[tuple[Chain, SubmissionState]]:
        """Return the chain and state of every submission that no newer one has superseded."""
        columns = [_T.c[field.name] for field in fields(Chain)]
        found = sa.select(*columns, _T.c.state).where(_T.c.state != SubmissionState.SUPERSEDED)
        return [(Chain(*row[:-1]), SubmissionState(row[-1])) for row in self._connection.execute(found)]

    def held(self) -> set[Chain]:
        """Return the chains whose accepted submission the hub's audit holds back."""
        columns = [_T.c[field.name] for field in fields(Chain)]
        held = (_T.c.state == SubmissionState.ACCEPTED, _T.c.audit == AuditVerdict.OPEN)
        return {Chain(*row) for row in self._connection.execute(sa.select(*columns).where(*held))}

    def accepted_of(self, area: str) -> list[Submission]:
        """Return what counts for an area, of all datasets and periods."""
        return self._all(
            _SELECT.where(_T.c.area == sa.bindparam("area"), _T.c.state == SubmissionState.ACCEPTED),
            area=area,
        )

    def vintages_of(self, area: str) -> list[Submission]:
        """Return what was accepted for an area, in the order in which it arrived.

        Replaced revisions too, and those in quarantine: what was public once stays known.
        """
        found = self._all(
            _SELECT.where(
                _T.c.area == sa.bindparam("area"),
                _T.c.state.in_(_PUBLIC),
                _T.c.canonical_sha256.is_not(None),
            ),
            area=area,
        )
        return sorted(found, key=lambda row: (row.received_at or row.announced_at, row.revision, row.id))

    def received_with(self, keyid: str, *, since: dt.datetime) -> list[Submission]:
        """Return what was accepted of what came with a key from a moment on, in the order of receipt."""
        found = self._all(
            _SELECT.where(
                _T.c.keyid == keyid,
                _T.c.received_at >= since,
                _T.c.state.in_({SubmissionState.ACCEPTED, SubmissionState.SUPERSEDED}),
            )
        )
        return sorted(found, key=lambda row: (row.received_at or row.announced_at, row.revision, row.id))

    def set_audit(self, submission: SubmissionId, verdict: AuditVerdict) -> None:
        """Note what the hub's audit says; derived, or decided by somebody whose reason is written down."""
        self._connection.execute(_T.update().where(_T.c.id == submission).values(audit=verdict))

    def uncompared_areas(self, *, before: dt.datetime) -> list[str]:
        """Return areas with accepted submissions that wait for comparison, the newest since a moment."""
        found = (
            sa.select(_T.c.area)
            .where(_T.c.state == SubmissionState.ACCEPTED, _T.c.validated_at.is_(None))
            .group_by(_T.c.area)
            .having(sa.func.max(_T.c.state_since) < before)
            .order_by(_T.c.area)
        )
        return [row.area for row in self._connection.execute(found)]

    def unjudged_areas(self) -> list[str]:
        """Return areas with a submission of a closed period that the audit has not looked at."""
        closed = models.period_state.c
        found = (
            sa.select(_T.c.area)
            .join(
                models.period_state,
                sa.and_(closed.dataset == _T.c.dataset, closed.period == _T.c.period),
            )
            .where(
                closed.state == PeriodState.CLOSED,
                _T.c.state == SubmissionState.ACCEPTED,
                _T.c.validated_at.is_(None),
                _T.c.audit.is_(None),
            )
            .distinct()
        )
        return [row.area for row in self._connection.execute(found)]

    def uncompared(self) -> int:
        """Return how many accepted submissions were not compared with the others of their area yet."""
        return self._count(_COUNT.where(_T.c.state == SubmissionState.ACCEPTED, _T.c.validated_at.is_(None)))

    def open_uploads_before(self, announced: dt.datetime) -> list[SubmissionId]:
        """Return uploads that are not complete and were announced before a moment."""
        return self._ids(_T.c.state.in_(OPEN_UPLOAD), _T.c.announced_at < announced)

    def waiting(self, *, before: dt.datetime) -> list[SubmissionId]:
        """Return submissions that wait for the hub's decision, in one state since before a moment."""
        return self._ids(_T.c.state.in_(UNDECIDED), _T.c.state_since < before)

    def unbounded(self, *, before: dt.datetime) -> list[SubmissionId]:
        """Return submissions accepted before a moment whose bounds are not computed yet, oldest first."""
        return self._ids(
            _T.c.state == SubmissionState.ACCEPTED,
            _T.c.state_since < before,
            _T.c.bounds_sha256.is_(None),
        )

    def _ids(self, *conditions: sa.ColumnElement[bool]) -> list[SubmissionId]:
        found = sa.select(_T.c.id).where(*conditions).order_by(_T.c.state_since)
        return [SubmissionId(row.id) for row in self._connection.execute(found)]

    def delivered_datasets(self, period: str) -> list[str]:
        """Return the datasets of which something was announced for a period and not rejected, ordered."""
        rows = self._connection.execute(
            sa.select(_T.c.dataset)
            .where(_T.c.period == period, _T.c.state != SubmissionState.REJECTED)
            .distinct()
            .order_by(_T.c.dataset)
        )
        return [row.dataset for row in rows]

    def _all(self, statement: sa.Select[Any], **values: str) -> list[Submission]:
        return [submission_of(row._asdict()) for row in self._connection.execute(statement, values)]

    def _count(self, statement: sa.Select[Any], **values: str | int) -> int:
        return int(self._connection.execute(statement, values).scalar_one())


def _leaf_of(
    submission: Submission, state: SubmissionState, *, at: dt.datetime, code: str | None, made: str | None
) -> LogEvent:
    return LogEvent(
        at=at,
        kind=state.value,
        id=submission.id,
        node=submission.node_id,
        keyid=submission.keyid,
        area=submission.area,
        dataset=submission.dataset,
        period=submission.period,
        revision=submission.revision,
        prev=submission.supersedes,
        code=code,
        payload_sha256=submission.payload_sha256,
        out_sha256=made,
    )


def submission_of(row: Mapping[str, Any]) -> Submission:
    """Return the record of a row of the table of submissions."""
    verdict = row["audit"]
    return Submission(
        **{
            **row,
            "state": SubmissionState(row["state"]),
            "audit": AuditVerdict(verdict) if verdict is not None else None,
        }
    )
