"""The node's memory: signed deliveries, where they stand, and the ledger of true values behind them.

Invariants: what was signed is kept byte for byte and only ever re-sent; nothing is half kept after a crash.
It deliberately opens no connection and knows no hub.
"""

from node.journal.journal import Journal
from node.journal.lock import NodeLock
from node.journal.records import (
    FAILED,
    UNDER_WAY,
    CorrectionChoice,
    CorrectionOption,
    DeliveryEvent,
    DeliveryRecord,
    DeliveryState,
    LedgerEntry,
    LedgerFigures,
    NewDelivery,
    StayingDelivery,
)

__all__ = [
    "FAILED",
    "UNDER_WAY",
    "CorrectionChoice",
    "CorrectionOption",
    "DeliveryEvent",
    "DeliveryRecord",
    "DeliveryState",
    "Journal",
    "LedgerEntry",
    "LedgerFigures",
    "NewDelivery",
    "NodeLock",
    "StayingDelivery",
]
