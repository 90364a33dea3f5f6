"""Write down what happened to a node, a key or an invitation: for the operators, and in the public log.

The log has less: no name of a person and no reason in words, and nothing at all of failed tries.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from hub.store.unit_of_work import UnitOfWork
from protocol.transparency.events import EventKind, LogEvent

#: What each event is called in the audit trail.
ACTIONS: Final[Mapping[EventKind, str]] = {
    EventKind.NODE_ADDED: "node.registered",
    EventKind.NODE_CHANGED: "node.changed",
    EventKind.NODE_SUSPENDED: "node.suspended",
    EventKind.NODE_RESUMED: "node.resumed",
    EventKind.NODE_REMOVED: "node.removed",
    EventKind.KEY_ADDED: "key.added",
    EventKind.KEY_CHANGED: "key.changed",
    EventKind.KEY_RETIRING: "key.retiring",
    EventKind.KEY_REVOKED: "key.revoked",
    EventKind.ENROLMENT_INVITED: "enrolment.invited",
    EventKind.ENROLMENT_REQUESTED: "enrolment.requested",
    EventKind.ENROLMENT_REFUSED: "enrolment.refused",
    EventKind.ENROLMENT_COMPLETED: "enrolment.completed",
}


def note(
    unit: UnitOfWork,
    kind: EventKind,
    identity: str,
    *,
    node: str,
    at: dt.datetime,
    actor: str,
    code: str | None = None,
    **detail: Any,  # noqa: ANN401 -- JSON values
) -> None:
    """Note an event in both, in the caller's transaction.

    Args:
        unit: an open unit of work that writes.
        kind: what happened.
        identity: to what: key id, node id, statement id.
        node: the node it concerns.
        at: the hub's time.
        actor: who did it; not in the log.
        code: of a revocation.
        detail: further facts for the audit trail; not in the log.
    """
    subject = {} if identity == node else {"keyid": identity}
    told = {**subject, **({} if code is None else {"code": code}), **detail}
    unit.audit(ACTIONS[kind], node, at=at, actor=actor, detail=told)
    unit.log(LogEvent(at=at, kind=kind.value, id=identity, node=node, code=code))
