"""What does not fit in submissions: found by a rule, confirmed by somebody who says why, or corrected."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict

import sqlalchemy as sa

from hub.domain.ids import SubmissionId
from hub.domain.states import SubmissionState
from hub.store import models
from hub.store.records import Finding, OpenFinding, Voice

_SUBMISSION = models.submission
_FINDING = models.submission_finding


class Findings:
    """Findings on one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        """Work inside the transaction of `connection`."""
        self._connection = connection

    def of(self, submission: SubmissionId, *, unconfirmed: bool = False) -> list[Finding]:
        """Return what does not fit in a submission, ordered by rule; all of it, or what nobody confirmed."""
        found = sa.select(_FINDING.c.rule, _FINDING.c.cells, _FINDING.c.rows).where(
            _FINDING.c.submission_id == submission
        )
        if unconfirmed:
            found = found.where(_FINDING.c.confirmed_at.is_(None))
        rows = self._connection.execute(found.order_by(_FINDING.c.rule))
        return [Finding(rule, cells, tuple(places)) for rule, cells, places in rows]

    def unconfirmed(self, node_id: str) -> dict[SubmissionId, list[Finding]]:
        """Return what nobody confirmed in a node's accepted submissions, ordered by rule."""
        c, f = _SUBMISSION.c, _FINDING.c
        rows = self._connection.execute(
            sa.select(c.id, f.rule, f.cells, f.rows)
            .join_from(_FINDING, _SUBMISSION)
            .where(c.node_id == node_id, c.state == SubmissionState.ACCEPTED, f.confirmed_at.is_(None))
            .order_by(f.rule)
        )
        found: dict[SubmissionId, list[Finding]] = {}
        for identity, rule, cells, places in rows:
            found.setdefault(identity, []).append(Finding(rule, cells, tuple(places)))
        return found

    def open(self) -> list[OpenFinding]:
        """Return what is to be confirmed in all submissions that count."""
        c, f = _SUBMISSION.c, _FINDING.c
        found = (
            sa.select(c.id, c.area, c.dataset, c.period, f.rule, f.cells, f.rows, f.first_by, f.first_reason)
            .join_from(_FINDING, _SUBMISSION)
            .where(c.state == SubmissionState.ACCEPTED, f.confirmed_at.is_(None))
            .order_by(c.area, c.dataset, c.period, f.rule)
        )
        return [
            OpenFinding(*row[:6], tuple(row.rows), _voice(row.first_by, row.first_reason))
            for row in self._connection.execute(found)
        ]

    def replace(self, submission: SubmissionId, findings: Sequence[Finding], *, at: dt.datetime) -> None:
        """Replace what was found in a submission; what is found again keeps its confirmation."""
        known = {finding.rule: finding for finding in self.of(submission)}
        gone = [rule for rule, finding in known.items() if finding not in findings]
        self._connection.execute(
            _FINDING.delete().where(_FINDING.c.submission_id == submission, _FINDING.c.rule.in_(gone))
        )
        rows = [
            {"submission_id": submission, **asdict(finding), "rows": list(finding.rows)}
            for finding in findings
            if known.get(finding.rule) != finding
        ]
        if rows:
            self._connection.execute(_FINDING.insert(), rows)
        self._connection.execute(
            _SUBMISSION.update().where(_SUBMISSION.c.id == submission).values(validated_at=at)
        )

    def confirm(self, submission: SubmissionId, rule: str, *, reason: str, at: dt.datetime) -> None:
        """Note why figures are right all the same."""
        self._connection.execute(_one(submission, rule).values(confirmed_at=at, reason=reason))

    def voice(self, submission: SubmissionId, rule: str) -> Voice | None:
        """Return who has confirmed as the first of two, or None."""
        f = _FINDING.c
        found = sa.select(f.first_by, f.first_reason).where(f.submission_id == submission, f.rule == rule)
        row = self._connection.execute(found).one_or_none()
        return None if row is None else _voice(*row)

    def set_voice(self, submission: SubmissionId, rule: str, voice: Voice) -> None:
        """Note who has confirmed as the first of two."""
        self._connection.execute(
            _one(submission, rule).values(first_by=voice.login, first_reason=voice.reason)
        )


def _one(submission: SubmissionId, rule: str) -> sa.Update:
    return _FINDING.update().where(_FINDING.c.submission_id == submission, _FINDING.c.rule == rule)


def _voice(login: str | None, reason: str | None) -> Voice | None:
    return None if login is None or reason is None else Voice(login, reason)
