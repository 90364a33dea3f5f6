"""Signing a draft: once, with a fresh nonce, sealed if the hub wants that; and recognising what was signed.

A sealed table gets fresh random bytes in front, so no digest tells whether two deliveries are the same: the
journal keeps the digest of the table itself.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np

from node.journal import DeliveryRecord, NewDelivery
from node.pipeline.drafts import Draft, Workshop
from node.pipeline.ledger import grid_sha256, mask_bytes, to_bytes
from protocol import dsse
from protocol.errors import KimError
from protocol.grid import delivery_grid
from protocol.keys import PrivateKey, new_nonce
from protocol.sealing import purpose_of_statement, salted, sealed_info
from protocol.sealing import seal as seal_for
from protocol.statement import SubmissionStatement, parse_statement
from protocol.trust import SealingKey


def seal(draft: Draft, key: PrivateKey, *, workshop: Workshop) -> NewDelivery:
    """Sign a draft.

    Args:
        draft: a safe draft.
        key: the node's key.
        workshop: what the run shares.

    Returns:
        What the journal keeps; the signature is verified before it is handed out.

    Raises:
        KimError: ``bad_envelope`` if the configuration cannot be said in a statement.
    """
    statement = replace(draft.statement, nonce=new_nonce())
    sent: bytes | None = None
    if workshop.sealing is not None:
        statement, sent = _sealed(statement, draft.payload, key=workshop.sealing)
    envelope = dsse.sign(dsse.PAYLOAD_TYPE_SUBMISSION, statement.to_json(), key)
    dsse.verify(envelope, key.public)
    slot = draft.place.slot
    withheld = int(np.count_nonzero(draft.withheld))
    return NewDelivery(
        statement_id=dsse.statement_id(envelope),
        area=statement.area,
        dataset=slot.dataset_id,
        period=statement.period,
        revision=statement.revision,
        envelope=envelope.to_bytes(),
        payload=draft.payload,
        payload_sha256=draft.statement.payload.sha256,
        sent=sent,
        sent_sha256=statement.travelling.sha256 if sent is not None else None,
        audience=statement.aud,
        catalogue_sha256=statement.catalogue_sha256,
        grid_sha256=grid_sha256(delivery_grid(workshop.catalogue, slot.dataset_id, slot.period.freq)),
        software=statement.software.version,
        min_contributors=statement.min_contributors,
        cells=len(draft.table),
        withheld=withheld,
        sensitive=draft.report.sensitive,
        verdict=draft.report.verdict.value,
        figures=to_bytes(draft.table),
        withheld_mask=mask_bytes(draft.withheld),
    )


def says_the_same(
    record: DeliveryRecord, envelope: bytes, draft: Draft, *, workshop: Workshop, keyid: str
) -> bool:
    """Whether a stored statement and a draft say the same, signed and sealed with the same keys.

    Only what differs from run to run is left out: nonce, salt, date and program version.
    """
    try:
        stored = dsse.parse_envelope(envelope)
        statement = parse_statement(stored.payload)
    except KimError:
        return False
    fresh = replace(
        draft.statement,
        nonce=statement.nonce,
        created=statement.created,
        software=statement.software,
        payload=statement.payload,
        sealed=statement.sealed,
    )
    sealed_for = statement.sealed.kid if statement.sealed is not None else None
    return (
        stored.keyid == keyid
        and fresh == statement
        # The table itself: behind a salt, the digest in the statement does not tell.
        and record.payload_sha256 == draft.statement.payload.sha256
        and sealed_for == (workshop.sealing.kid if workshop.sealing is not None else None)
    )


def _sealed(
    statement: SubmissionStatement, table: bytes, *, key: SealingKey
) -> tuple[SubmissionStatement, bytes]:
    """Return the statement about the sealed table, and the bytes that travel."""
    content = salted(table, new_nonce())
    payload = replace(statement.payload, size=len(content), sha256=hashlib.sha256(content).hexdigest())
    sent = seal_for(content, public_key=key.public_key, info=purpose_of_statement(statement))
    sealed = sealed_info(sent, public_key=key.public_key)
    return replace(statement, payload=payload, sealed=sealed), sent
