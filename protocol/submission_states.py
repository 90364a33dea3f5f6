"""The states of a submission as hub and node call them (SPEC P-66), in the order in which they are reached.

What may follow what is the hub's business (`hub.domain.states`); the node observes, and adds what it alone
knows of a delivery (`node.journal`).
"""

from enum import StrEnum
from typing import Final


class SubmissionState(StrEnum):
    """Where a submission stands.

    `announced`: statement verified, no byte of payload yet. `uploading`: at least one chunk. `received`: all
    bytes, digest equal to the signed one. `verifying`: with the sandbox. `accepted`: counts. `rejected`:
    never counted; the bytes are kept. `superseded`: counted until a newer revision was accepted.
    `quarantined`: came with a key that somebody else may have had; it counts no more.
    """

    ANNOUNCED = "announced"
    UPLOADING = "uploading"
    RECEIVED = "received"
    VERIFYING = "verifying"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"
    QUARANTINED = "quarantined"


_S = SubmissionState

#: The node still owes bytes.
OPEN_UPLOAD: Final = frozenset({_S.ANNOUNCED, _S.UPLOADING})
#: The hub owes a decision.
UNDECIDED: Final = frozenset({_S.RECEIVED, _S.VERIFYING})
#: The hub has decided, and said so.
DECIDED: Final = frozenset(SubmissionState) - OPEN_UPLOAD - UNDECIDED
