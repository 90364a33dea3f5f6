"""Who is calling: the checks between a signed request and a node that may ask for what is its own.

An unknown key and a revoked one look the same, in answer and in time, to somebody who cannot sign with
either, as in `authentication`. What the caller may do is each use case's to decide; what it may see is its
own.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from sqlalchemy.exc import IntegrityError

from hub.domain.states import KeyStatus
from hub.services.context import HubContext
from hub.services.intake.authentication import DECOY, require_valid, signer_of
from hub.store.engine import WriteKind
from hub.store.records import Node, NodeKey
from hub.store.tables.nodes import Signer
from hub.store.unit_of_work import UnitOfWork
from protocol.errors import KimError, kim_error
from protocol.keys import PublicKey
from protocol.request_signatures import REMEMBERED_SECONDS, Request, RequestSignature, verify_request

_REMEMBERED: Final = dt.timedelta(seconds=REMEMBERED_SECONDS)


@dataclass(frozen=True, slots=True)
class Caller:
    """The node that signed a request, and with which key."""

    node: Node
    key: NodeKey


def identify(context: HubContext, request: Request) -> Caller:
    """Return who signed `request`, and see to it that the same request is not taken again.

    Raises:
        KimError: `request_signature_missing`, `request_signature_invalid`, `wrong_audience`, `unknown_key`,
            `key_revoked`, `key_not_yet_valid`, `key_expired`, `clock_skew` or `nonce_replayed`.
    """
    with context.database.read() as unit:
        caller, signature = _signed_by(unit, request, audience=context.settings.audience)
    # 3. It is valid now, by the time that its validity was set in.
    require_valid(caller.key, at=context.clock.now())
    now = context.machine_clock.now()
    # 4. It was made just now, as both clocks have it.
    if not signature.is_timely(now):
        raise kim_error("clock_skew")
    # 5. It was not made before.
    try:
        with context.database.write(WriteKind.PASSING) as unit:
            unit.nonces.claim(signature.keyid, signature.nonce, at=now)
    except IntegrityError:
        raise kim_error("nonce_replayed") from None
    return caller


def forget_nonces(context: HubContext) -> int:
    """Forget requests that are too old to be taken again anyway; return how many."""
    with context.database.write(WriteKind.PASSING) as unit:
        return unit.nonces.forget(before=context.machine_clock.now() - _REMEMBERED)


def _signed_by(unit: UnitOfWork, request: Request, *, audience: str) -> tuple[Caller, RequestSignature]:
    asked: list[Signer | None] = []

    def key_of(keyid: str) -> PublicKey:
        signer = signer_of(unit, keyid)
        asked.append(signer)
        return PublicKey.from_hex(signer.key.public_key) if signer else DECOY

    # 1. The signature holds: over this request, for this hub, by the key it names.
    signature: RequestSignature | None = None
    fault: KimError | None = None
    try:
        signature = verify_request(request, audience=audience, key_of=key_of)
    except KimError as error:
        fault = error
    # 2. That key is known, and not withdrawn; that it was is told only to somebody who holds it.
    signer = asked[-1] if asked else None
    if asked and (signer is None or (fault and signer.key.status is KeyStatus.REVOKED)):
        raise kim_error("unknown_key")
    if fault or signature is None or signer is None:
        raise fault or kim_error("unknown_key")
    node = signer.node
    if node is None:
        raise kim_error("unknown_key")
    return Caller(node, signer.key), signature
