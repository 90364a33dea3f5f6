"""Reading and writing invitations and the requests of nodes to have their keys entered.

Invariants: a node has at most one open invitation (an index sees to it); of a token only what is derived from
it is stored; an invitation is used once.
"""

import datetime as dt
from collections.abc import Collection
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from hub.domain.enrolment import EnrolmentKind, EnrolmentState, InvitationState
from hub.store import models
from hub.store.records import Enrolment, Invitation

_I, _E = models.invitation, models.enrolment


class Enrolments:
    """Invitations and requests on one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        """Work inside the transaction of `connection`."""
        self._connection = connection

    def invite(self, invitation: Invitation) -> int:
        """Store an open invitation in place of the node's others; return its number."""
        self._connection.execute(
            _I.update()
            .where(_I.c.node_id == invitation.node_id, _I.c.state == InvitationState.OPEN)
            .values(state=InvitationState.REPLACED)
        )
        values = {name: value for name, value in asdict(invitation).items() if name != "id"}
        inserted = self._connection.execute(_I.insert().values(**{**values, "areas": list(invitation.areas)}))
        (number,) = inserted.inserted_primary_key or (0,)
        return int(number)

    def invitations(self, node_id: str | None = None) -> list[Invitation]:
        """Return invitations of one node or all, the newest first."""
        found = sa.select(_I).order_by(_I.c.id.desc())
        if node_id is not None:
            found = found.where(_I.c.node_id == node_id)
        return [_invitation(row) for row in self._connection.execute(found)]

    def guessed_at(self, *, tries: int, now: dt.datetime) -> list[Invitation]:
        """Return open invitations for which at least so many wrong tokens came, oldest first."""
        return [
            one
            for one in reversed(self.invitations())
            if one.state is InvitationState.OPEN and now < one.expires_at and one.wrong_tokens >= tries
        ]

    def set_state(self, invitation: Invitation, state: InvitationState) -> None:
        """Change the state of an invitation."""
        self._connection.execute(_I.update().where(_I.c.id == invitation.id).values(state=state))

    def count_wrong_token(self, invitation: Invitation) -> int:
        """Count a wrong token for an invitation; return how many there were."""
        wrong = invitation.wrong_tokens + 1
        self._connection.execute(_I.update().where(_I.c.id == invitation.id).values(wrong_tokens=wrong))
        return wrong

    def add(self, enrolment: Enrolment) -> None:
        """Store a request; IntegrityError if the statement is known."""
        self._connection.execute(_E.insert().values(**{**asdict(enrolment), "areas": list(enrolment.areas)}))

    def get(self, enrolment_id: str) -> Enrolment | None:
        """Return the request with this statement id."""
        row = self._connection.execute(sa.select(_E).where(_E.c.id == enrolment_id)).one_or_none()
        return None if row is None else _enrolment(row)

    def all(
        self, *states: EnrolmentState, kind: EnrolmentKind | None = None, node_id: str | None = None
    ) -> list[Enrolment]:
        """Return requests in some states (in any, if none is named), in the order of receipt."""
        found = sa.select(_E).order_by(_E.c.received_at, _E.c.id)
        if states:
            found = found.where(_E.c.state.in_(states))
        if kind is not None:
            found = found.where(_E.c.kind == kind)
        if node_id is not None:
            found = found.where(_E.c.node_id == node_id)
        return [_enrolment(row) for row in self._connection.execute(found)]

    def decide(self, enrolment_id: str, state: EnrolmentState, *, at: dt.datetime, by: str) -> None:
        """Note a decision about a request."""
        self._connection.execute(
            _E.update().where(_E.c.id == enrolment_id).values(state=state, decided_at=at, decided_by=by)
        )

    def activate(self, public_keys: Collection[str]) -> list[Enrolment]:
        """Note that keys (hex) are in force now; return the requests that this fulfils."""
        waiting = (EnrolmentState.PENDING, EnrolmentState.APPROVED)
        done = [one for one in self.all(*waiting) if one.sign_key in public_keys]
        for one in done:
            self._connection.execute(_E.update().where(_E.c.id == one.id).values(state=EnrolmentState.ACTIVE))
        return done


def _invitation(row: sa.Row[Any]) -> Invitation:
    values = row._asdict()
    return Invitation(
        **{**values, "areas": tuple(values["areas"]), "state": InvitationState(values["state"])}
    )


def _enrolment(row: sa.Row[Any]) -> Enrolment:
    values = row._asdict()
    return Enrolment(
        **{
            **values,
            "areas": tuple(values["areas"]),
            "kind": EnrolmentKind(values["kind"]),
            "state": EnrolmentState(values["state"]),
        }
    )
