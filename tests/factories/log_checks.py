"""What must hold of the hub's log and states at any time, asked of the tables themselves."""

from __future__ import annotations

import hashlib
from collections import Counter

import sqlalchemy as sa

from hub.domain.ids import SubmissionId
from hub.services.context import HubContext
from hub.services.transparency.receipts import receipt_of
from hub.services.transparency.rounds import signer_of
from hub.settings import HubSettings
from hub.store import models
from hub.store.files.passphrase import Passphrase
from hub.store.unit_of_work import UnitOfWork
from protocol.keys import PrivateKey
from protocol.transparency.events import SUBMISSION_EVENTS, LogEvent, parse_event
from protocol.transparency.merkle import leaf_hash, root
from protocol.transparency.receipts import VerifiedReceipt, parse_receipt, verify_receipt


def entries(unit: UnitOfWork) -> list[bytes]:
    """Return all leaves' entries in order."""
    return [entry for entry, _ in unit.leaves.leaves(0, behind=unit.leaves.size())]


def tree_root(hashes: list[bytes]) -> bytes:
    """RFC 6962, 2.1, written down as it stands there."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return hashlib.sha256(b"\x01" + tree_root(hashes[:split]) + tree_root(hashes[split:])).digest()


def assert_log_whole(unit: UnitOfWork) -> list[bytes]:
    """I1: every state that somebody must learn of has its leaf, no leaf lies, and no leaf is missing.

    Returns:
        The entries.
    """
    found = entries(unit)
    assert len(found) == unit.leaves.size()
    assert tree_root([leaf_hash(entry) for entry in found]) == root(unit.leaves, len(found))
    rows = unit.connection.execute(
        sa.select(models.submission_event.c.submission_id, models.submission_event.c.state)
    )
    states = Counter(
        (row.submission_id, str(row.state)) for row in rows if str(row.state) in SUBMISSION_EVENTS
    )
    logged = Counter(
        (event.id, str(event.kind))
        for event in map(parse_event, found)
        if str(event.kind) in SUBMISSION_EVENTS
    )
    assert logged == states
    return found


def log_key(settings: HubSettings) -> PrivateKey:
    """The key of a hub's log, as somebody has it who has all that lies on the hub's machine."""
    pem = (settings.log_folder / "key.pem").read_bytes()
    return Passphrase(settings.passphrase_file).unlock(pem, keep=lambda _: None)


def logged(context: HubContext) -> list[LogEvent]:
    """What stands in the hub's log, oldest first."""
    with context.database.read() as unit:
        return [parse_event(entry) for entry in entries(unit)]


def assert_receipt(context: HubContext, submission: str, node: str) -> VerifiedReceipt:
    """The receipt of a submission's newest event verifies with the log's key alone."""
    data = receipt_of(context, SubmissionId(submission), node_id=node)
    receipt = verify_receipt(parse_receipt(data), log=signer_of(context).verifier_key)
    assert receipt.event.id == submission
    return receipt
