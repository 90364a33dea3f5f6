"""Signing a draft: once, with a fresh nonce; and recognising that the same content was signed before."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from node.journal import NewDelivery
from node.pipeline.drafts import Draft, Workshop
from node.pipeline.ledger import grid_sha256, mask_bytes, to_bytes
from protocol import dsse
from protocol.errors import KimError
from protocol.grid import delivery_grid
from protocol.keys import PrivateKey, new_nonce
from protocol.statement import parse_statement


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
        payload_sha256=statement.payload.sha256,
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


def says_the_same(envelope: bytes, draft: Draft, *, keyid: str) -> bool:
    """Whether a stored statement and a draft say the same, signed by the same key.

    Only what differs from run to run is left out: nonce, date and program version.
    """
    try:
        stored = dsse.parse_envelope(envelope)
        statement = parse_statement(stored.payload)
    except KimError:
        return False
    fresh = replace(
        draft.statement, nonce=statement.nonce, created=statement.created, software=statement.software
    )
    return stored.keyid == keyid and fresh == statement
