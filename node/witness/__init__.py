"""What the hub has logged, watched by the node: witnessing, receipts, alarms (SPEC P-110..P-114).

At every contact the node reads what is new in the hub's log, verifies that nothing of what it knew was
changed, keeps the new state durably, and only then signs for others that it has seen it. Receipts of its own
deliveries are verified and kept for ever.

It deliberately decides nothing about deliveries: an alarm is for people, and what is spooled is sent on.
"""

from node.witness.alarms import Alarm, AlarmKind
from node.witness.copies import LogCopy
from node.witness.keeping import ReceiptKeeper, ReceiptStage, StoredReceipt
from node.witness.store import WitnessStore
from node.witness.watching import LogWatch, Visit, WitnessKey

__all__ = [
    "Alarm",
    "AlarmKind",
    "LogCopy",
    "LogWatch",
    "ReceiptKeeper",
    "ReceiptStage",
    "StoredReceipt",
    "Visit",
    "WitnessKey",
    "WitnessStore",
]
