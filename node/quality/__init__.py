"""The traps of municipal exports: what counts, what is put right, what is set aside, and a word about each.

Public: :func:`prepare` turns an export into :class:`Prepared` (facts, findings, quarantine, unmapped texts);
:func:`write_quarantine` keeps the rows set aside in the house; :func:`require_mapped` and
:func:`require_ended` say whether a delivery may go on.
"""

from __future__ import annotations

from node.quality.coding import Unmapped
from node.quality.findings import Finding, Handling
from node.quality.preparing import Counts, Prepared, prepare
from node.quality.quarantine import Quarantine, QuarantinedRow, formula_safe, write_quarantine
from node.quality.readiness import require_ended, require_mapped

__all__ = [
    "Counts",
    "Finding",
    "Handling",
    "Prepared",
    "Quarantine",
    "QuarantinedRow",
    "Unmapped",
    "formula_safe",
    "prepare",
    "require_ended",
    "require_mapped",
    "write_quarantine",
]
