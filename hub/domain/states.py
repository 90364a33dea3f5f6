"""State machines of the hub as tables; the diagrams in the documentation are rendered from them.

Invariant: a submission only moves forward. There is no transition back to `uploading`, and nothing leaves
`rejected` or `quarantined`: a correction is a new revision, never an edit.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from protocol.keys import KeyPurpose
from protocol.submission_states import OPEN_UPLOAD, UNDECIDED, SubmissionState
from protocol.trust import KeyStatus, NodeStatus

__all__ = [
    "OPEN_UPLOAD",
    "TRANSITIONS",
    "UNDECIDED",
    "AuditVerdict",
    "IllegalTransitionError",
    "KeyStatus",
    "KeyUse",
    "NodeStatus",
    "PeriodState",
    "SubmissionState",
    "check_transition",
    "diagram",
]


_S = SubmissionState

TRANSITIONS: Final[Mapping[SubmissionState, frozenset[SubmissionState]]] = MappingProxyType(
    {
        # rejected before complete: the key was revoked, the period closed or the time ran out meanwhile
        _S.ANNOUNCED: frozenset({_S.UPLOADING, _S.REJECTED}),
        _S.UPLOADING: frozenset({_S.RECEIVED, _S.REJECTED}),
        _S.RECEIVED: frozenset({_S.VERIFYING}),
        _S.VERIFYING: frozenset({_S.ACCEPTED, _S.REJECTED}),
        # quarantined: it turned out later that its key was in other hands by then
        _S.ACCEPTED: frozenset({_S.SUPERSEDED, _S.QUARANTINED}),
        _S.REJECTED: frozenset(),
        _S.SUPERSEDED: frozenset({_S.QUARANTINED}),
        _S.QUARANTINED: frozenset(),
    }
)


def diagram() -> str:
    """Return the table as a Mermaid state diagram, for the documentation."""
    lines = ["stateDiagram-v2", f"    [*] --> {_S.ANNOUNCED}"]
    for before, possible in TRANSITIONS.items():
        lines += [f"    {before} --> {after}" for after in _S if after in possible]
        lines += [f"    {before} --> [*]"] if not possible else []
    return "\n".join(lines)


class IllegalTransitionError(RuntimeError):
    """A state change that the table does not allow: a fault of the program, never of the input."""


def check_transition(before: SubmissionState, after: SubmissionState) -> None:
    """Raise IllegalTransitionError unless the table allows `before` → `after`."""
    if after not in TRANSITIONS[before]:
        raise IllegalTransitionError(f"a submission does not go from {before} to {after}")


class AuditVerdict(StrEnum):
    """What the hub's own audit says of an accepted delivery, beside all others of its area.

    `safe`: nothing found. `open`: a withheld cell becomes known through it; it does not count before somebody
    has looked. `confirmed`: somebody has, and it counts. `unknown`: no answer within the limits of a child;
    the node's audit stands alone. `by_rule`: not even the limits of its cells were found, shown is what the
    rules alone say.
    """

    SAFE = "safe"
    OPEN = "open"
    CONFIRMED = "confirmed"
    UNKNOWN = "unknown"
    BY_RULE = "by_rule"


class PeriodState(StrEnum):
    """Whether deliveries for a period are taken. There is no way back to `open` in this release."""

    OPEN = "open"
    CLOSED = "closed"


#: What a node's key may sign: its statements and requests, or its witness of the hub's log.
KeyUse = KeyPurpose
