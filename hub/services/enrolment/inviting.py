"""Invite a node: a token for one node and its areas, shown once (SPEC P-151, P-152).

What the hub keeps proves nothing to anybody else: the token cannot be computed from it, and whoever steals it
still has to pass for the municipality on the telephone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from hub.clock import Clock
from hub.domain import ids
from hub.domain.enrolment import INVITATION_LIFE
from hub.services.enrolment.noting import note
from hub.services.registry.registration import DELIVERED_FOR, Desk
from hub.store.records import Invitation
from protocol.enrolment import verifier, write_token
from protocol.errors import kim_error
from protocol.keys import new_node_id, new_token
from protocol.texts import Text
from protocol.transparency.events import EventKind


@dataclass(frozen=True, slots=True)
class Invited:
    """What is written into one letter; nobody can show it again."""

    invitation: Invitation
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Guest:
    """Who is to be invited: an existing node, or a new one if `node` is None."""

    areas: tuple[str, ...]
    name: str
    node: str | None = None


def invite(desk: Desk, guests: Sequence[Guest], *, audience: str, by: str) -> list[Invited]:
    """Invite nodes, all or none; an open invitation of the same node ends.

    Args:
        desk: the hub's database and clock.
        guests: who is invited.
        audience: name of the hub; a token is good for one hub only.
        by: who invites.

    Raises:
        KimError: `unknown_area`, `bad_request`, or `already_exists` if another node delivers for an area.
    """
    with desk.database.write() as unit:
        invited = []
        for guest in guests:
            node = ids.node_id(guest.node or new_node_id())
            if not guest.areas or not {*guest.areas} <= DELIVERED_FOR:
                raise kim_error("unknown_area")
            if {unit.nodes.of_area(area) for area in guest.areas} - {None, node}:
                raise _taken(guest.areas[0])
            invitation, token = _prepared(desk.clock, guest, node=node, audience=audience, by=by)
            unit.enrolments.invite(invitation)
            at, areas = desk.clock.now(), list(guest.areas)
            note(unit, EventKind.ENROLMENT_INVITED, node, node=node, at=at, actor=by, areas=areas)
            invited.append(Invited(invitation, token))
        return invited


def _prepared(clock: Clock, guest: Guest, *, node: str, audience: str, by: str) -> tuple[Invitation, str]:
    token, now = new_token(), clock.now()
    invitation = Invitation(
        node_id=node,
        name=guest.name,
        areas=tuple(dict.fromkeys(guest.areas)),
        verifier=verifier(token, audience=audience, node=node).hex(),
        created_at=now,
        created_by=by,
        expires_at=now + INVITATION_LIFE,
    )
    return invitation, write_token(token)


def _taken(area: str) -> Exception:
    return kim_error(
        "already_exists",
        Text(f"Für {area} liefert schon ein anderer Knoten.", f"Another node delivers for {area} already."),
        remedy=Text(
            "Diesen Knoten einladen (--node), oder erst klären, welcher liefert.",
            "Invite that node (--node), or first settle which one delivers.",
        ),
    )
