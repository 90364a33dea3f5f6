"""Withdraw a key: what came with it from a moment on may be somebody else's, and counts no more.

Judged by the hub's own time of receipt (SPEC P-155): whoever has a stolen key chooses what `created` says.
What is quarantined stays as evidence and in the releases that cite it, which are flagged; the tables are
compiled again without it, and the node delivers again as the next revision. An earlier revision does not come
back by itself: states only move forward.
"""

import datetime as dt
import logging
from dataclasses import dataclass, replace
from typing import Final

from hub.domain.ids import SubmissionId
from hub.domain.jobs import Job, JobName
from hub.domain.states import KeyStatus, SubmissionState
from hub.services.enrolment.noting import note
from hub.services.intake.uploading import reject
from hub.store.records import NodeKey
from hub.store.unit_of_work import UnitOfWork
from protocol.errors import kim_error
from protocol.problem_documents import problem_document
from protocol.transparency.events import EventKind
from protocol.trust import RevocationReason

_CODE: Final = "key_compromised"
_LOG: Final = logging.getLogger("kim.hub.enrolment")


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What followed from the end of a key: what is in quarantine now, and which releases are flagged."""

    quarantined: tuple[SubmissionId, ...] = ()
    flagged: tuple[int, ...] = ()


def revoke(
    unit: UnitOfWork,
    key: NodeKey,
    *,
    at: dt.datetime,
    compromised_since: dt.datetime | None = None,
    actor: str = "operator",
) -> Withdrawal:
    """Revoke a key, in the caller's transaction; again with an earlier moment takes in more.

    Args:
        unit: an open unit of work that writes.
        key: as it is stored.
        at: now, on the hub's clock.
        compromised_since: from when on it may have been in other hands; None: it was only replaced.
        actor: who decided.
    """
    since = min((m for m in (key.compromised_since, compromised_since) if m is not None), default=None)
    reason = (RevocationReason.SUPERSEDED if since is None else RevocationReason.COMPROMISED).value
    unit.nodes.replace_key(
        replace(
            key,
            status=KeyStatus.REVOKED,
            revoked_at=key.revoked_at or at,
            compromised_since=since,
            reason=reason,
        )
    )
    note(unit, EventKind.KEY_REVOKED, key.keyid, node=key.node_id, at=at, actor=actor, code=reason)
    # What is not complete can never be: nobody can sign the request any more that would complete it.
    for begun in unit.submissions.open_with(key.keyid):
        reject(unit, begun, kim_error("key_revoked"), at=at)
        unit.chunks.drop(begun.id)
    return Withdrawal() if since is None else quarantine(unit, key, since=since, at=at)


def quarantine(unit: UnitOfWork, key: NodeKey, *, since: dt.datetime, at: dt.datetime) -> Withdrawal:
    """Take what was received with a compromised key out of everything that is compiled from now on."""
    found = unit.submissions.received_with(key.keyid, since=since)
    flagged: set[int] = set()
    for submission in found:
        problem = problem_document(kim_error(_CODE), instance=f"/v1/submissions/{submission.id}")
        unit.submissions.move(
            submission, SubmissionState.QUARANTINED, at=at, code=_CODE, facts={"problem": problem}
        )
        place = (submission.dataset, submission.period)
        for number in unit.cubes.releases_with(submission.id, place):
            unit.cubes.flag_release(number, submission.id, code=_CODE, at=at)
            flagged.add(number)
        if unit.periods.is_closed(*place):
            unit.after_commit(Job(JobName.COMPILE, place))
    for number in sorted(flagged):
        unit.audit("release.flagged", str(number), at=at, actor="hub", detail={"code": _CODE})
    if found:
        detail = {"keyid": key.keyid, "submissions": len(found)}
        unit.audit("submissions.quarantined", key.node_id, at=at, actor="hub", detail=detail)
        _LOG.warning("%d submissions of %s are in quarantine", len(found), key.node_id)
    return Withdrawal(tuple(submission.id for submission in found), tuple(sorted(flagged)))
