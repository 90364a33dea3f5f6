"""Say that figures are right although a rule doubts them; what the hub holds back takes two (ADR 0024).

Once there are accounts, a delivery that the hub's own audit holds back is let go by two people whose accounts
may confirm findings, each with a reason: what is published with it cannot be taken back. The first voice is
kept beside the finding and counts for nothing alone. On a test bench, where nobody has an account, one is
enough, as for everything else.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hub.domain.ids import SubmissionId, is_sha256
from hub.domain.people import OPERATOR, Person, display_key
from hub.domain.rights import Permission, allows
from hub.domain.states import AuditVerdict, SubmissionState
from hub.services.context import HubContext
from hub.store.records import OpenFinding, Submission, Voice
from hub.store.unit_of_work import UnitOfWork
from protocol.catalogue import AUDIT_RULE
from protocol.errors import KimError, kim_error
from protocol.statement import is_reason
from protocol.texts import Text
from protocol.transparency.events import EventKind, LogEvent


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What came of it.

    Attributes:
        submission: whose figures it is about.
        waits: a second person has to confirm as well; until then nothing has changed.
    """

    submission: Submission
    waits: bool


def confirm(
    context: HubContext, submission: str, rule: str, *, reason: str, actor: str = OPERATOR
) -> Confirmation:
    """Write down that figures are right although they do not fit a rule.

    Args:
        context: the hub.
        submission: statement id.
        rule: id of the rule.
        reason: why they are right: one line of at most 500 characters.
        actor: who says so, for the audit trail; of what is held back, the login of an account.

    Returns:
        The submission, and whether it waits for a second person; confirming again changes the reason.

    Raises:
        KimError: `bad_request` for a reason of another form, `not_found` if there is nothing to confirm; of
            what is held back `forbidden` for who may not, `second_person_required` for who was the first.
    """
    if not is_reason(reason):
        raise kim_error(
            "bad_request",
            Text(
                "Die Begründung ist eine Zeile von höchstens 500 Zeichen.",
                "The reason is one line of at most 500 characters.",
            ),
        )
    with context.database.write() as unit:
        known = unit.submissions.get(SubmissionId(submission)) if is_sha256(submission) else None
        now = context.clock.now()
        if (
            known is None
            or known.state is not SubmissionState.ACCEPTED
            or rule not in {finding.rule for finding in unit.findings.of(known.id)}
        ):
            raise _nothing()
        detail = {"rule": rule, "reason": reason}
        if rule == AUDIT_RULE and known.audit is AuditVerdict.OPEN:
            if _is_first(unit, known, actor=actor):
                unit.findings.set_voice(known.id, rule, Voice(actor, reason))
                unit.audit("finding.first_confirmed", known.id, at=now, actor=actor, detail=detail)
                return Confirmation(known, waits=True)
            unit.submissions.set_audit(known.id, AuditVerdict.CONFIRMED)
        unit.findings.confirm(known.id, rule, reason=reason, at=now)
        unit.audit("finding.confirmed", known.id, at=now, actor=actor, detail=detail)
        unit.log(finding_event(EventKind.FINDING_CONFIRMED, known, rule, at=now))
    return Confirmation(known, waits=False)


def with_valid_voices(unit: UnitOfWork, found: Sequence[OpenFinding]) -> tuple[OpenFinding, ...]:
    """Return findings with the first of two only where that voice still counts."""
    return tuple(
        replace(item, first=None) if item.first and _entitled(unit, item.first.login) is None else item
        for item in found
    )


def finding_event(kind: EventKind, submission: Submission, rule: str, *, at: dt.datetime) -> LogEvent:
    """Say in the log what became of a finding (SPEC P-101); the reason stays in the audit trail."""
    return LogEvent(
        at=at,
        kind=kind,
        id=f"finding/{submission.id}",
        node=submission.node_id,
        area=submission.area,
        dataset=submission.dataset,
        period=submission.period,
        revision=submission.revision,
        code=rule.lower(),
    )


def _is_first(unit: UnitOfWork, held: Submission, *, actor: str) -> bool:
    """Whether somebody else has to confirm as well; a voice of who may no longer confirm is none."""
    if not unit.people.exist():
        return False
    person = _entitled(unit, actor)
    if person is None:
        raise kim_error(
            "forbidden",
            Text(
                "Was der Hub zurückgestellt hat, bestätigen zwei Konten des Ministeriums.",
                "What the hub holds back is confirmed by two accounts of the ministry.",
            ),
            remedy=Text(
                "Im Browser unter Auffälligkeiten bestätigen, oder mit --by das Konto nennen.",
                "Confirm in the browser under findings, or name the account with --by.",
            ),
        )
    voice = unit.findings.voice(held.id, AUDIT_RULE)
    before = None if voice is None else _entitled(unit, voice.login)
    if before is None:
        return True
    if person.id == before.id or display_key(person.name) == display_key(before.name):
        raise kim_error(
            "second_person_required",
            Text(
                "Diese Person hat schon bestätigt; es fehlt eine zweite.",
                "This person has confirmed already; a second one is missing.",
            ),
            remedy=Text(
                "Eine andere Person des Ministeriums bestätigt mit ihrem eigenen Konto.",
                "Another person of the ministry confirms with an account of their own.",
            ),
        )
    return False


def _entitled(unit: UnitOfWork, login: str) -> Person | None:
    person = unit.people.by_login(login)
    may = person is not None and person.active and allows(person.role, Permission.FINDINGS_CONFIRM)
    return person if may else None


def _nothing() -> KimError:
    return kim_error(
        "not_found",
        Text(
            "In dieser Lieferung ist zu dieser Regel nichts zu bestätigen.",
            "There is nothing to confirm about this rule in this delivery.",
        ),
        remedy=Text(
            "Kennung und Regel aus der Ausgabe von kim-hub status übernehmen.",
            "Take id and rule from the output of kim-hub status.",
        ),
    )
