"""Receipts: what a node gets in its hand for each decision about its delivery (SPEC P-109)."""

from hub.domain.ids import SubmissionId
from hub.services.context import HubContext
from hub.services.transparency.reading import cosigned, state_for
from protocol.errors import kim_error
from protocol.transparency.merkle import inclusion_proof, leaf_hash
from protocol.transparency.receipts import Receipt


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
        state = state_for(unit, leaf.index, subject=node_id)
        if unit.leaves.hash_of(leaf.index) != leaf_hash(leaf.entry):
            raise kim_error("log_inconsistent")
        proof = inclusion_proof(unit.leaves, leaf.index, size=state.size)
        return Receipt(leaf.entry, leaf.index, tuple(proof), cosigned(unit, state)).to_bytes()
