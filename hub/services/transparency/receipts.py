"""Receipts: what a node gets in its hand for each decision about its delivery (SPEC P-109)."""

from typing import Final

from hub.domain.ids import SubmissionId
from hub.services.context import HubContext
from hub.services.transparency.reading import cosigned
from hub.store.log import StoredCheckpoint, StoredLeaf
from hub.store.unit_of_work import UnitOfWork
from protocol.errors import kim_error
from protocol.transparency.cosignatures import Quorum
from protocol.transparency.merkle import inclusion_proof, leaf_hash
from protocol.transparency.receipts import Receipt

#: How many of the newest states are looked through for one with enough witnesses.
_STATES: Final = 256


def receipt_of(context: HubContext, submission: SubmissionId, *, node_id: str, first: bool = False) -> bytes:
    """Return the receipt of the newest event of a node's submission, or of its first one.

    It is proven against the newest state that enough witnesses other than the sender have confirmed, if the
    event stands in such a one; else against the newest state there is.

    Raises:
        KimError: `not_found` if nothing was logged about it or it is another node's, `log_unavailable` until
            the state with the event is signed, `log_inconsistent` if the entry was changed.
    """
    with context.database.read() as unit:
        known = unit.submissions.get(submission)
        if known is None or known.node_id != node_id:
            raise kim_error("not_found")
        leaf = unit.leaves.first_of(submission) if first else unit.leaves.newest_of(submission)
        if leaf is None:
            raise kim_error("not_found")
        state = _state_for(unit, leaf, node_id)
        if unit.leaves.hash_of(leaf.index) != leaf_hash(leaf.entry):
            raise kim_error("log_inconsistent")
        proof = inclusion_proof(unit.leaves, leaf.index, size=state.size)
        return Receipt(leaf.entry, leaf.index, tuple(proof), cosigned(unit, state)).to_bytes()


def _state_for(unit: UnitOfWork, leaf: StoredLeaf, node_id: str) -> StoredCheckpoint:
    newest = unit.leaves.checkpoint()
    if newest is None or newest.size <= leaf.index:
        raise kim_error("log_unavailable")
    governed = unit.trust.current()
    least = governed.hub_keys.quorum if governed is not None else Quorum().nodes
    confirmed = unit.leaves.cosigned_state(leaf.index, least=least, subject=node_id, among=_STATES)
    return confirmed or newest
