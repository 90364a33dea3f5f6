"""Approve or refuse requests, and revoke keys: what one officer prepares and two officers sign.

Where officers govern the hub (a trust repository), a decision changes the directory that waits for their
signatures and nothing else; the keys count once it is published. On a test bench it is entered at once.
"""

import datetime as dt
import hmac
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from hub.domain.enrolment import EnrolmentKind, EnrolmentState
from hub.domain.people import OPERATOR, display_key
from hub.services.enrolment.entering import enter_node, entry_of
from hub.services.enrolment.entries import with_new_keys, without_key
from hub.services.enrolment.noting import note
from hub.services.registry.registration import Desk, require_never_governed
from hub.store.records import Enrolment
from hub.store.unit_of_work import UnitOfWork
from protocol.errors import kim_error
from protocol.keys import PublicKey
from protocol.texts import Text
from protocol.transparency.events import EventKind
from protocol.trust import NodeEntry

_LOG: Final = logging.getLogger("kim.hub.enrolment")

EntryChange = Callable[[NodeEntry | None], NodeEntry]
"""What a decision makes of a node's entry; None where there is no such node yet."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What an officer says about one request.

    Attributes:
        id: of the request.
        fingerprint: what the municipality read out on the telephone; a rotation needs none.
    """

    id: str
    fingerprint: str | None = None


class Registry(Protocol):
    """Where decisions go: before the officers who sign, or, on a test bench, right into the tables."""

    @property
    def takes_effect(self) -> EnrolmentState:
        """What a request is once its approval is here."""
        ...

    def change(
        self, unit: UnitOfWork, changes: Sequence[tuple[str, EntryChange]], *, at: dt.datetime
    ) -> None:
        """Carry out changes of nodes' entries, all or none."""
        ...


class BenchRegistry:
    """The tables of a hub that nobody governs."""

    takes_effect: Final = EnrolmentState.ACTIVE

    def change(
        self, unit: UnitOfWork, changes: Sequence[tuple[str, EntryChange]], *, at: dt.datetime
    ) -> None:
        """Enter changes at once."""
        require_never_governed(unit)
        for node_id, change in changes:
            known = unit.nodes.get(node_id)
            entry = None if known is None else entry_of(known, unit.nodes.keys_of(node_id), at=at)
            after = change(entry)
            if {unit.nodes.of_area(area) for area in after.areas} - {None, node_id}:
                raise kim_error("already_exists", pointer="/areas")
            enter_node(unit, after, known=known, at=at, actor=OPERATOR)


def approve(
    desk: Desk, decisions: Sequence[Decision], *, by: str, registry: Registry
) -> list[tuple[Enrolment, EnrolmentState]]:
    """Approve requests, all or none.

    Args:
        desk: the hub's database and clock.
        decisions: one for each request.
        by: who approves; not who invited.
        registry: where the outcome goes.

    Returns:
        The requests, and what they are now.

    Raises:
        KimError: `not_found` for what is no pending request, `fingerprint_mismatch`,
            `second_person_required`, `already_exists`.
    """
    wrong: Enrolment | None = None
    with desk.database.write() as unit:
        at = desk.clock.now()
        chosen = [(_pending(unit, decision.id), decision) for decision in decisions]
        wrong = next((one for one, said in chosen if not _fits(one, said)), None)
        if wrong is not None:
            detail = {"keyid": _signing(wrong).keyid}
            unit.audit("enrolment.fingerprint_mismatch", wrong.node_id, at=at, actor=by, detail=detail)
            _LOG.warning("ALARM: another fingerprint was named than that of the request of %s", wrong.node_id)
        else:
            for one, _ in chosen:
                _require_second_person(unit, one, by=by)
            for one, _ in chosen:
                unit.enrolments.decide(one.id, EnrolmentState.APPROVED, at=at, by=by)
                detail = {"keyid": _signing(one).keyid, "kind": one.kind.value}
                unit.audit("enrolment.approved", one.node_id, at=at, actor=by, detail=detail)
            registry.change(unit, [(one.node_id, _new_keys(one, at)) for one, _ in chosen], at=at)
    if wrong is not None:
        raise kim_error("fingerprint_mismatch")
    return [(one, registry.takes_effect) for one, _ in chosen]


def refuse(desk: Desk, enrolment_id: str, *, by: str) -> Enrolment:
    """Refuse a request that waits; it can never be approved any more.

    Raises:
        KimError: `not_found`.
    """
    with desk.database.write() as unit:
        one, at = _pending(unit, enrolment_id), desk.clock.now()
        unit.enrolments.decide(one.id, EnrolmentState.REFUSED, at=at, by=by)
        keyid = _signing(one).keyid
        note(unit, EventKind.ENROLMENT_REFUSED, keyid, node=one.node_id, at=at, actor=by)
        return one


def revoke_keys(
    desk: Desk,
    keyid: str,
    *,
    by: str,
    registry: Registry,
    compromised_since: dt.datetime | None = None,
) -> str:
    """Revoke a key for ever.

    Args:
        desk: the hub's database and clock.
        keyid: exactly as registered.
        by: who decides.
        registry: where the outcome goes.
        compromised_since: from when on it may have been in other hands; None: merely superseded.

    Returns:
        The node it belongs to.

    Raises:
        KimError: `unknown_key`; `bad_request` for a moment that lies ahead.
    """
    with desk.database.write() as unit:
        key, at = unit.nodes.key(keyid), desk.clock.now()
        if key is None:
            raise kim_error("unknown_key")
        if compromised_since is not None and compromised_since > at:
            raise kim_error(
                "bad_request",
                Text("Der Zeitpunkt liegt in der Zukunft.", "The moment lies in the future."),
                pointer="--compromised-since",
            )

        def change(entry: NodeEntry | None) -> NodeEntry:
            if entry is None:
                raise kim_error("unknown_key")
            return without_key(entry, [keyid], at=at, compromised_since=compromised_since)

        registry.change(unit, [(key.node_id, change)], at=at)
        detail = {"keyid": keyid, "compromised": compromised_since is not None}
        unit.audit("key.revocation_decided", key.node_id, at=at, actor=by, detail=detail)
        return key.node_id


def _pending(unit: UnitOfWork, enrolment_id: str) -> Enrolment:
    found = unit.enrolments.get(enrolment_id)
    if found is None or found.state is not EnrolmentState.PENDING:
        raise kim_error(
            "not_found",
            Text(
                "Eine wartende Anmeldung mit dieser Kennung gibt es nicht.",
                "There is no pending request with this id.",
            ),
            remedy=Text("Nachsehen, was wartet: kim-hub enrol list.", "See what waits: kim-hub enrol list."),
        )
    return found


def _fits(enrolment: Enrolment, said: Decision) -> bool:
    """Whether the fingerprint that was read out is that of the request; blanks and case do not matter."""
    if enrolment.kind is EnrolmentKind.ROTATION:
        return True
    named = "".join((said.fingerprint or "").split()).lower()
    expected = "".join(_signing(enrolment).fingerprint().split())
    return hmac.compare_digest(named.encode(), expected.encode())


def _require_second_person(unit: UnitOfWork, enrolment: Enrolment, *, by: str) -> None:
    invitations = unit.enrolments.invitations(enrolment.node_id)
    inviter = next((one.created_by for one in invitations if one.id == enrolment.invitation_id), None)
    if inviter is not None and display_key(inviter) == display_key(by):
        raise kim_error("second_person_required")


def _new_keys(enrolment: Enrolment, at: dt.datetime) -> EntryChange:
    return lambda entry: with_new_keys(entry, enrolment, at=at)


def _signing(enrolment: Enrolment) -> PublicKey:
    return PublicKey.from_hex(enrolment.sign_key)
