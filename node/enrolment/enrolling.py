"""Ask to be entered with the token of an invitation, and ask again how that stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from node.clock import Clock, timestamp
from node.durable_files import replace_private_file, write_error
from node.failpoints import passing
from node.hub_client import HubClient
from node.keystore import ensure_key, load_key, promote_key
from node.settings import KeyFile, Settings
from protocol.dsse import Envelope, parse_envelope, statement_id
from protocol.enrolment import (
    PAYLOAD_TYPE_ENROL,
    NodeKeys,
    SecretKeys,
    Speaker,
    make_request,
    open_request,
    proof,
    read_token,
    verifier,
)
from protocol.errors import KimError
from protocol.keys import KeyPurpose, PublicKey, new_nonce

#: Whether the officers' directory has these keys for this node; None on a node that knows of no officers.
Entered = Callable[[NodeKeys], bool | None]

#: The hub has said no to this very request; another one may be made.
_FINAL: Final = frozenset({"invitation_invalid", "invitation_expired", "invitation_used", "already_exists"})


@dataclass(frozen=True, slots=True)
class EnrolmentView:
    """How the request of a node stands.

    Attributes:
        state: ``pending``, ``approved``, ``active`` or ``refused``, as the hub says.
        keys: what was asked for.
    """

    state: str
    keys: NodeKeys


def own_keys(settings: Settings) -> SecretKeys:
    """Return the node's keys, made now if there are none.

    Raises:
        KimError: as of :func:`node.keystore.ensure_key`.
    """
    return SecretKeys(ensure_key(settings.key), ensure_key(settings.witness_key, purpose=KeyPurpose.WITNESS))


def following_keys(settings: Settings) -> SecretKeys:
    """Return keys that are to take the place of the node's, made now if there are none.

    Raises:
        KimError: as of :func:`node.keystore.ensure_key`.
    """
    return SecretKeys(
        ensure_key(settings.key.next), ensure_key(settings.witness_key.next, purpose=KeyPurpose.WITNESS)
    )


def _keys_of_letter(settings: Settings, token: bytes) -> SecretKeys:
    """Return new keys to ask for with this token; asked for with it before, the same ones.

    Whatever was to follow before goes: where the keys in use may be in other hands, so may those beside them.
    """
    if not _asked_with(settings, token):
        settings.rotation.unlink(missing_ok=True)  # vouches for keys that are gone
        for place in (settings.key, settings.witness_key):
            place.next.path.unlink(missing_ok=True)
    return following_keys(settings)


def _asked_with(settings: Settings, token: bytes) -> bool:
    """Whether the request that was made last was made with this token."""
    try:
        body = settings.enrol_request.read_bytes()
    except FileNotFoundError:
        return False
    request = open_request(parse_envelope(body, payload_type=PAYLOAD_TYPE_ENROL))
    key = verifier(token, audience=request.aud, node=request.node)
    return request.proof == proof(key, audience=request.aud, node=request.node, keys=request.keys)


def following(settings: Settings) -> NodeKeys | None:
    """Return the keys that are to follow the node's, if there are any.

    Where a change was interrupted, one of the two has followed already.

    Raises:
        KimError: what is wrong with the files.
    """
    places = settings.key, settings.witness_key
    if not any(place.next.path.exists() for place in places):
        return None
    sign, witness = (place.next if place.next.path.exists() else place for place in places)
    return NodeKeys(load_key(sign).public, load_key(witness, purpose=KeyPurpose.WITNESS).public)


def enrol(
    settings: Settings, client: HubClient, *, token: str, clock: Clock, new_keys: bool = False
) -> EnrolmentView:
    """Ask to be entered. The token is used here and goes nowhere.

    Args:
        settings: of the node.
        client: the connection; this request is not signed but by itself.
        token: as it stands in the letter.
        clock: for the date of the request.
        new_keys: ask for keys in place of those that were revoked or lost; they are made for this token, and
            follow when they are entered.

    Raises:
        KimError: ``bad_request`` for a slip in the token; the hub's refusal; a failure of the connection.
    """
    secret = read_token(token)
    keys = _keys_of_letter(settings, secret) if new_keys else own_keys(settings)
    envelope = make_request(speaker_of(settings, clock), keys, token=secret)
    try:
        # Durable before it is sent: an answer that is lost is asked for again with the same bytes.
        replace_private_file(settings.enrol_request, envelope.to_bytes())
    except OSError as error:
        raise write_error(error, settings.enrol_request) from error
    return _sent(settings, client, envelope, keys.public)


def ask_again(settings: Settings, client: HubClient) -> EnrolmentView | None:
    """Ask how the request stands that was made last; None if there is none.

    Raises:
        KimError: the hub's refusal; a failure of the connection.
    """
    try:
        body = settings.enrol_request.read_bytes()
    except FileNotFoundError:
        return None
    envelope = parse_envelope(body, payload_type=PAYLOAD_TYPE_ENROL)
    return _sent(settings, client, envelope, open_request(envelope).keys)


def _sent(settings: Settings, client: HubClient, envelope: Envelope, keys: NodeKeys) -> EnrolmentView:
    try:
        state = client.enrol(envelope.to_bytes(), statement_id=statement_id(envelope))
    except KimError as error:
        if error.code in _FINAL:
            settings.enrol_request.unlink(missing_ok=True)
        raise
    if state == "refused":  # the keys stay: officers may have signed them all the same
        settings.enrol_request.unlink(missing_ok=True)
    return EnrolmentView(state, keys)


def conclude(settings: Settings, keys: NodeKeys) -> None:
    """Use the keys that were entered from now on; what asked for them is done with. May be repeated.

    Two files change, one after the other. Whatever ends the program in between, the next call does the rest.

    Args:
        settings: of the node.
        keys: those that the officers' directory has, or, without officers, that the hub has entered.

    Raises:
        KimError: ``cannot_write``, or what is wrong with the files.
    """
    passing("keys.change")
    _put_in_place(settings.witness_key, keys.witness)
    passing("keys.changing")
    _put_in_place(settings.key, keys.sign)
    passing("keys.changed")
    settings.enrol_request.unlink(missing_ok=True)
    settings.rotation.unlink(missing_ok=True)


def _put_in_place(place: KeyFile, key: PublicKey) -> None:
    if place.next.path.exists() and load_key(place.next, purpose=key.purpose).public == key:
        promote_key(place)


def speaker_of(settings: Settings, clock: Clock) -> Speaker:
    """Return who speaks to whom in a request or a change of keys."""
    return Speaker(
        audience=settings.hub.audience,
        node=settings.node,
        instance=settings.instance,
        created=timestamp(clock.now()),
        nonce=new_nonce(),
    )
