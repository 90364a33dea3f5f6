"""Take the request of a node: first keys with an invitation, new ones vouched for by the old (P-153..P-154).

What a sender learns depends on what it has proven. Whoever does not know the token gets one answer, whatever
the node's invitations are. The first wrong tokens for an open invitation are written down, and the fifth is
an alarm; none of them locks it: that would not keep anybody from guessing 160 random bits, and would let
whoever knows a node's id shut its door. The same statement gets the same answer, and its present state,
however often it comes: that is how a node asks whether it was approved, and it costs nothing.
"""

import hmac
import logging
from dataclasses import dataclass
from typing import Final

from hub.domain.enrolment import ALARMING_TRIES, EnrolmentKind, EnrolmentState, InvitationState
from hub.domain.states import KeyUse, NodeStatus
from hub.services.context import HubContext
from hub.services.enrolment.noting import note
from hub.services.intake.authentication import DECOY, require_valid
from hub.store.records import Enrolment, Invitation
from hub.store.unit_of_work import UnitOfWork
from protocol.dsse import parse_envelope, statement_id
from protocol.enrolment import (
    PAYLOAD_TYPE_ENROL,
    PAYLOAD_TYPE_ROTATION,
    PROOF_BYTES,
    EnrolRequest,
    NodeKeys,
    open_request,
    open_rotation,
)
from protocol.errors import KimError, kim_error
from protocol.keys import PublicKey
from protocol.transparency.events import EventKind

_LOG: Final = logging.getLogger("kim.hub.enrolment")
_NOBODYS: Final = bytes(PROOF_BYTES)


@dataclass(frozen=True, slots=True)
class Answer:
    """The request as it stands, and whether it is new."""

    enrolment: Enrolment
    created: bool


def request_enrolment(context: HubContext, body: bytes) -> Answer:
    """Take a request that an invitation stands behind.

    Args:
        context: the hub.
        body: the signed envelope, as received.

    Raises:
        KimError: `too_large`, `bad_envelope`, `signature_invalid`, `wrong_audience`, `invitation_invalid`,
            `invitation_expired`, `invitation_used` or `already_exists`.
    """
    # 1. A strict envelope of this kind, signed by the keys that it names.
    _check_size(context, body)
    envelope = parse_envelope(body, payload_type=PAYLOAD_TYPE_ENROL)
    request = open_request(envelope)
    # 2. It was made for this hub.
    if request.aud != context.settings.audience:
        raise kim_error("wrong_audience")
    identity = statement_id(envelope)
    with context.database.write() as unit:
        # 3. A statement that is known already: its state, and nothing else happens.
        known = unit.enrolments.get(identity)
        if known is not None:
            return Answer(known, created=False)
        # 4. The sender has read an invitation of this very node, and it is open.
        invitation = _invitation(context, unit, request)
        if isinstance(invitation, Invitation):
            # 5. The keys are nobody's yet.
            _require_new(unit, request.keys)
            enrolment = _asked(context, request, invitation, identity=identity, body=body)
            # 6. One use: in the same transaction.
            unit.enrolments.set_state(invitation, InvitationState.USED)
            unit.enrolments.add(enrolment)
            _note(unit, enrolment)
            return Answer(enrolment, created=True)
    # Behind the transaction: a failed try has to be counted, whatever the sender is told.
    raise invitation


def _asked(
    context: HubContext, request: EnrolRequest, invitation: Invitation, *, identity: str, body: bytes
) -> Enrolment:
    return Enrolment(
        id=identity,
        kind=EnrolmentKind.ENROL,
        node_id=invitation.node_id,
        name=invitation.name,
        areas=invitation.areas,
        invitation_id=invitation.id,
        envelope_sha256=context.blobs.put(body),
        sign_key=request.keys.sign.hex,
        witness_key=request.keys.witness.hex,
        old_keyid=None,
        state=EnrolmentState.PENDING,
        received_at=context.clock.now(),
    )


def _invitation(context: HubContext, unit: UnitOfWork, request: EnrolRequest) -> Invitation | KimError:
    """Return the open invitation that the sender has read, or what the sender is told instead."""
    invitations = unit.enrolments.invitations(request.node)
    # Each is compared, and one that fits nobody too: the time says nothing about what there is.
    fits = [one for one in invitations if request.knows(bytes.fromhex(one.verifier))]
    request.knows(_NOBODYS)
    now = context.clock.now()
    if not fits:
        _note_wrong_token(context, unit, invitations)
        return kim_error("invitation_invalid")
    invitation = fits[0]
    if invitation.state is InvitationState.USED:
        # Somebody has the token a second time: either the node lost its answer and its files, or two have it.
        unit.audit(
            "enrolment.reused", request.node, at=now, actor="hub", detail={"invitation": invitation.id}
        )
        _LOG.warning("an invitation of %s was used again", request.node)
        return kim_error("invitation_used")
    if invitation.state is not InvitationState.OPEN or now >= invitation.expires_at:
        return kim_error("invitation_expired")
    return invitation


def _note_wrong_token(context: HubContext, unit: UnitOfWork, invitations: list[Invitation]) -> None:
    """Write down that somebody tries tokens: so often that it is noticed, and not for as long as he likes."""
    now = context.clock.now()
    for invitation in invitations:
        if (
            invitation.state is not InvitationState.OPEN
            or now >= invitation.expires_at
            or invitation.wrong_tokens >= ALARMING_TRIES
        ):
            continue
        wrong = unit.enrolments.count_wrong_token(invitation)
        alarm = wrong >= ALARMING_TRIES
        action = "enrolment.guessing" if alarm else "enrolment.failed"
        unit.audit(action, invitation.node_id, at=now, actor="hub", detail={"wrong_tokens": wrong})
        if alarm:
            _LOG.warning("ALARM: %d wrong tokens for the invitation of %s", wrong, invitation.node_id)


def request_rotation(context: HubContext, body: bytes) -> Answer:
    """Take a change of keys; the signing key in force vouches for the new ones.

    Args:
        context: the hub.
        body: the signed envelope, as received.

    Raises:
        KimError: `too_large`, `bad_envelope`, `unknown_key`, `key_revoked`, `key_expired`,
            `signature_invalid`, `wrong_audience`, `node_suspended` or `already_exists`.
    """
    _check_size(context, body)
    envelope = parse_envelope(body, payload_type=PAYLOAD_TYPE_ROTATION)
    identity, now = statement_id(envelope), context.clock.now()
    with context.database.write() as unit:
        # 1. The key that vouches is a signing key. Unknown and revoked look alike to who cannot sign.
        key = unit.nodes.key(envelope.keyid)
        if key is not None and key.use is not KeyUse.SIGN:
            key = None
        try:
            rotation = open_rotation(envelope, old=PublicKey.from_hex(key.public_key) if key else DECOY)
        except KimError as error:
            if key is None or error.code == "signature_invalid":
                raise kim_error("unknown_key") from None
            raise
        if key is None:
            raise kim_error("unknown_key")
        # 2. A statement that is known already: its state, also once the old key has ended.
        known = unit.enrolments.get(identity)
        if known is not None:
            return Answer(known, created=False)
        # 3. The key is valid now, and the node's own.
        require_valid(key, at=now)
        node = unit.nodes.get(key.node_id)
        if node is None or not hmac.compare_digest(rotation.node, node.id):
            raise kim_error("unknown_key")
        if rotation.aud != context.settings.audience:
            raise kim_error("wrong_audience")
        if node.status is not NodeStatus.ACTIVE:
            raise kim_error("node_suspended")
        # 4. The new keys are nobody's yet. A change that still waits is replaced by this one.
        _require_new(unit, rotation.keys)
        for waiting in unit.enrolments.all(
            EnrolmentState.PENDING, kind=EnrolmentKind.ROTATION, node_id=node.id
        ):
            unit.enrolments.decide(waiting.id, EnrolmentState.REFUSED, at=now, by="hub")
        enrolment = Enrolment(
            id=identity,
            kind=EnrolmentKind.ROTATION,
            node_id=node.id,
            name=node.name,
            areas=node.areas,
            invitation_id=None,
            envelope_sha256=context.blobs.put(body),
            sign_key=rotation.keys.sign.hex,
            witness_key=rotation.keys.witness.hex,
            old_keyid=key.keyid,
            state=EnrolmentState.PENDING,
            received_at=now,
        )
        unit.enrolments.add(enrolment)
        _note(unit, enrolment)
        return Answer(enrolment, created=True)


def _check_size(context: HubContext, body: bytes) -> None:
    if len(body) > context.settings.max_envelope_bytes:
        raise kim_error("too_large")


def _require_new(unit: UnitOfWork, keys: NodeKeys) -> None:
    asked = unit.enrolments.all(EnrolmentState.PENDING, EnrolmentState.APPROVED)
    taken = {key for one in asked for key in (one.sign_key, one.witness_key)}
    for key in (keys.sign.hex, keys.witness.hex):
        if key in taken or unit.nodes.has_public_key(key):
            raise kim_error("already_exists", pointer="/sign")


def _note(unit: UnitOfWork, enrolment: Enrolment) -> None:
    keyid, node, at = PublicKey.from_hex(enrolment.sign_key).keyid, enrolment.node_id, enrolment.received_at
    note(
        unit,
        EventKind.ENROLMENT_REQUESTED,
        keyid,
        node=node,
        at=at,
        actor="hub",
        kind_of=enrolment.kind.value,
    )
    _LOG.info("node %s asks for keys (%s)", enrolment.node_id, enrolment.kind)
