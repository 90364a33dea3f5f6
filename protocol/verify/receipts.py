"""Checks one receipt, and the statement it is about if there is one at hand."""

from __future__ import annotations

import hmac
from datetime import datetime
from typing import Final

from protocol.dsse import Envelope, parse_envelope, statement_id, verify
from protocol.errors import kim_error
from protocol.nouns import WITH_ENTRIES, Noun
from protocol.statement import SubmissionStatement, parse_statement
from protocol.texts import Text
from protocol.transparency.cosignatures import Witness, counted
from protocol.transparency.events import SUBMISSION_EVENTS, EventKind, LogEvent
from protocol.transparency.receipts import parse_receipt, verify_receipt
from protocol.trust import KeyEntry, NodeEntry
from protocol.verify.anchors import Anchors
from protocol.verify.trail import Trail

_CONFIRMED: Final = Noun(
    Text("unabhängiger Zeuge hat", "independent witness has"),
    Text("unabhängige Zeugen haben", "independent witnesses have"),
)


def check_receipt(
    trail: Trail, data: bytes, anchors: Anchors, *, statement: bytes | None = None, payload: str | None = None
) -> None:
    """Check a receipt, offline.

    1. the log's key has signed the state of the log that the receipt names;
    2. the event stands in the tree of that state;
    3. enough witnesses other than the node concerned have confirmed that state;
    4. if a statement is given: the event is about exactly this statement, and a node signed it that may;
    5. if a payload's digest is given: the statement names exactly these bytes.

    Args:
        trail: collects what is found.
        data: the receipt.
        anchors: what is believed.
        statement: the signed envelope as the node keeps it.
        payload: hex SHA-256 of the table's bytes: as they travelled, or as they are inside the seal.

    Raises:
        KimError: what does not hold.
    """
    receipt = parse_receipt(data)
    # 1 and 2; cosignatures are verified there as well.
    found = verify_receipt(receipt, log=anchors.log, witnesses=anchors.witnesses)
    event = found.event
    trail.facts |= {"index": found.index, "size": found.checkpoint.size, **members_of(event)}
    size = WITH_ENTRIES.counted(found.checkpoint.size)
    trail.passes(
        f"Das Protokoll {found.checkpoint.origin} hat den Stand mit {size.de} unterschrieben.",
        f"The log {found.checkpoint.origin} has signed its state of {size.en}.",
    )
    trail.passes(
        f"Der Eintrag steht dort an Stelle {found.index}: {_described(event).de}.",
        f"The entry stands there at position {found.index}: {_described(event).en}.",
    )
    # 3. SPEC P-109.
    require_quorum(trail, anchors, anchors.cosigners(receipt.note), subject=event.node)
    # 4. SPEC P-11: the id commits to every byte that was signed.
    named = [event.payload_sha256]
    if statement is not None:
        signed = _check_statement(trail, parse_envelope(statement), event, anchors)
        # SPEC P-131: what travelled, or what is inside its seal.
        named = [signed.travelling.sha256, signed.payload.sha256]
    # 5.
    if payload is not None:
        if not any(sha256 is not None and hmac.compare_digest(sha256, payload) for sha256 in named):
            raise kim_error("digest_mismatch", _OTHER_BYTES, remedy=_RIGHT_BYTES)
        trail.passes(
            "Die Tabelle ist Byte für Byte die quittierte.", "The table is byte for byte the one receipted."
        )


def require_quorum(
    trail: Trail, anchors: Anchors, cosigners: tuple[Witness, ...], *, subject: str | None = None
) -> None:
    """Check that enough witnesses have confirmed a state of the log.

    Raises:
        KimError: ``quorum_missing``.
    """
    quorum, names = anchors.quorum, sorted(witness.name for witness in counted(cosigners, subject=subject))
    trail.facts["witnesses"] = list(names)
    quorum.require(cosigners, subject=subject)
    if not quorum.nodes and not quorum.outside:
        trail.remark(
            "Es werden keine Zeugen verlangt: Der Hub könnte anderen einen anderen Verlauf zeigen.",
            "No witnesses are asked for: the hub could show others another history.",
        )
        return
    asked = (
        Text(f"{quorum.nodes} verlangt", f"{quorum.nodes} required")
        if not quorum.outside
        else Text(
            f"{quorum.nodes} Knoten und {quorum.outside} von außen verlangt",
            f"{quorum.nodes} {'node' if quorum.nodes == 1 else 'nodes'} and {quorum.outside} from outside "
            "required",
        )
    )
    confirmed = _CONFIRMED.counted(len(names))
    trail.passes(
        f"{confirmed.de} den Stand bestätigt ({asked.de}).",
        f"{confirmed.en} confirmed the state ({asked.en}).",
    )


def check_signature(
    envelope: Envelope, anchors: Anchors, *, received: datetime | None
) -> tuple[SubmissionStatement, NodeEntry, KeyEntry]:
    """Check who signed a statement: a node with this key, for an area of its own, while the key held.

    Args:
        envelope: as parsed.
        anchors: what is believed; with a directory.
        received: the hub's time of receipt, from the log; None if that is not known.

    Raises:
        KimError: ``signature_invalid``, ``unknown_key``, ``key_revoked``, ``area_not_registered``,
            ``wrong_audience``, or what is wrong with the statement.
    """
    node, key = anchors.signer(envelope.keyid, received=received)
    verify(envelope, key.public_key)
    statement = parse_statement(envelope.payload)
    if statement.node != node.node:
        raise kim_error("unknown_key")
    if anchors.directory is not None and statement.aud != anchors.directory.audience:
        raise kim_error("wrong_audience")
    if statement.area not in node.areas:
        raise kim_error("area_not_registered")
    return statement, node, key


def members_of(event: LogEvent) -> dict[str, str | int | None]:
    """Return the members of an event for machines; those that do not apply are left out."""
    members: dict[str, str | int | None] = {
        "time": f"{event.at:%Y-%m-%dT%H:%M:%SZ}",
        "kind": event.kind,
        "id": event.id,
        "node": event.node,
        "area": event.area,
        "dataset": event.dataset,
        "period": event.period,
        "revision": event.revision,
        "code": event.code,
    }
    return {name: value for name, value in members.items() if value is not None}


def _check_statement(
    trail: Trail, envelope: Envelope, event: LogEvent, anchors: Anchors
) -> SubmissionStatement:
    identity, said = statement_id(envelope), parse_statement(envelope.payload)
    same = event.kind in SUBMISSION_EVENTS and hmac.compare_digest(event.id, identity)
    if not same or event.payload_sha256 != said.travelling.sha256:
        raise kim_error(
            "proof_invalid",
            Text("Die Quittung gehört zu einer anderen Lieferung.", "The receipt is another delivery's."),
        )
    trail.passes("Die Quittung gehört zu dieser Lieferung.", "The receipt belongs to this delivery.")
    if anchors.directory is None:
        trail.remark(
            "Wer die Lieferung unterschrieben hat, wurde nicht geprüft: Dafür fehlt das Verzeichnis der "
            "Knoten.",
            "Who signed the delivery was not checked: that takes the directory of nodes.",
        )
        return said
    # SPEC P-21: what counts for the key is when the hub received it; only one of the receipts says that.
    received = event.at if event.kind == EventKind.RECEIVED else None
    _, node, key = check_signature(envelope, anchors, received=received)
    trail.facts |= {"signed_by": node.node, "keyid": key.keyid}
    trail.passes(f"Unterschrieben hat {node.name} ({node.node}).", f"Signed by {node.name} ({node.node}).")
    if received is None:
        trail.remark(
            "Ob der Schlüssel beim Eingang galt, zeigt die Quittung des Eingangs.",
            "Whether the key held at that time is shown by the receipt of arrival.",
        )
    else:
        trail.passes("Der Schlüssel galt, als der Hub sie erhielt.", "The key held when the hub received it.")
    return said


def _described(event: LogEvent) -> Text:
    what = " ".join(
        str(item)
        for item in (event.dataset, event.period, event.area or event.node)
        if item is not None and item != event.id
    )
    said = f"{event.kind}{f' {what}' if what else ''}, {event.at:%Y-%m-%d %H:%M:%S} UTC"
    return Text(said, said)


_RIGHT_BYTES = Text(
    "Prüfen, ob Quittung und Tabelle zur selben Lieferung gehören; die Tabelle hat der Knoten, der lieferte.",
    "Check that receipt and table are of the same delivery; the node that delivered the table has it.",
)
_OTHER_BYTES = Text(
    "Die Tabelle ist eine andere als die quittierte.", "The table is another one than the one receipted."
)
