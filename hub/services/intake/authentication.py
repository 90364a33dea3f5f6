"""Who signed a statement, and may they: the checks between an envelope and a statement that can be believed.

An unknown key and a revoked one look the same, in answer and in time, to somebody who cannot sign with
either: whoever probes key ids learns nothing. Which key ids exist is no secret, whether one was withdrawn
may be.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from hub.domain.states import KeyStatus, KeyUse, NodeStatus
from hub.store.records import Node, NodeKey
from hub.store.tables.nodes import Signer
from hub.store.unit_of_work import UnitOfWork
from protocol.dsse import Envelope, pae
from protocol.errors import KimError, kim_error
from protocol.keys import PublicKey
from protocol.statement import SubmissionStatement, parse_statement
from protocol.texts import Text

#: The base point of the curve: a valid key nobody signs with here, so that an unknown key id costs as much.
DECOY: Final = PublicKey.from_hex("58" + "66" * 31)


@dataclass(frozen=True, slots=True)
class Signed:
    """A statement whose signature holds, and who stands behind it."""

    statement: SubmissionStatement
    key: NodeKey
    node: Node


def authenticate(unit: UnitOfWork, envelope: Envelope, *, audience: str, at: dt.datetime) -> Signed:
    """Return the statement in `envelope` once it is certain who made it, for whom.

    Args:
        unit: an open unit of work.
        envelope: as received.
        audience: this hub.
        at: when the hub received it; what the sender says about time decides nothing (SPEC P-21).

    Raises:
        KimError: `unknown_key`, `key_revoked`, `key_not_yet_valid`, `key_expired`, `signature_invalid`,
            `bad_envelope`, `wrong_audience`, `node_suspended` or `area_not_registered`.
    """
    # 1. A key for statements is known. The signature is verified either way: see above.
    signer = signer_of(unit, envelope.keyid)
    key = signer.key if signer else None
    public_key = PublicKey.from_hex(key.public_key) if key else DECOY
    # 2. The signature holds, over exactly the received bytes.
    fault = _signature_fault(envelope, public_key)
    if signer is None or key is None or (fault and key.status is KeyStatus.REVOKED):
        raise kim_error("unknown_key")
    if fault:
        raise fault
    # 3. The key is not withdrawn and valid now; only somebody who holds it gets this far.
    require_valid(key, at=at)
    # 4. The statement is well formed: the verified bytes are the parsed bytes.
    statement = parse_statement(envelope.payload)
    # 5. It was made for this hub.
    if statement.aud != audience:
        raise kim_error("wrong_audience")
    # 6. The key belongs to the node that the statement names.
    node = signer.node
    if node is None or statement.node != node.id:
        raise kim_error("unknown_key")
    # 7. The node may deliver at all.
    if node.status is not NodeStatus.ACTIVE:
        raise kim_error("node_suspended")
    # 8. It delivers for an area of its own.
    if statement.area not in node.areas:
        raise _foreign_area(unit, statement.area)
    return Signed(statement, key, node)


def signer_of(unit: UnitOfWork, keyid: str) -> Signer | None:
    """Return who signs with a key, if it is one for statements and requests: no other may sign them."""
    signer = unit.nodes.signer(keyid)
    return signer if signer is not None and signer.key.use is KeyUse.SIGN else None


def require_valid(key: NodeKey, *, at: dt.datetime) -> None:
    """Raise unless a key is valid at the moment at which the hub received something (SPEC P-155).

    Raises:
        KimError: `key_revoked`, `key_not_yet_valid` or `key_expired`.
    """
    if key.status is KeyStatus.REVOKED:
        raise kim_error("key_revoked")
    if key.not_before is not None and at < key.not_before:
        raise kim_error("key_not_yet_valid")
    if key.not_after is not None and at >= key.not_after:
        raise kim_error("key_expired")


def _signature_fault(envelope: Envelope, public_key: PublicKey) -> KimError | None:
    try:
        public_key.verify(envelope.signature, pae(envelope.payload_type, envelope.payload))
    except KimError as error:
        return error
    return None


def _foreign_area(unit: UnitOfWork, area: str) -> KimError:
    if unit.nodes.of_area(area) is None:
        return kim_error("area_not_registered", pointer="/area")
    return kim_error(
        "area_not_registered",
        Text(
            "Für dieses Gebiet liefert ein anderer Knoten.",
            "Another node delivers for this area.",
        ),
        pointer="/area",
    )
