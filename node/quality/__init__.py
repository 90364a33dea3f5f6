"""The traps of municipal exports: what counts, what is put right, what is set aside, and a word about each.

Public: :func:`prepare` turns the sources of a node into :class:`Prepared` (facts, findings, quarantine,
unmapped texts); :func:`write_quarantine` and :func:`write_noted_rows` keep the rows set aside, and the
lines of those to look at, in the house; :func:`require_mapped` and :func:`require_ended` say whether a
delivery may go on.

Rooms: `cells` (what one cell or column says), `cases` and `registers` (what a source of each kind holds).
"""

from __future__ import annotations

from node.quality.cells.columns import Unmapped
from node.quality.findings import HANDLINGS, Finding, Handling, NotedRow
from node.quality.local_tables import formula_safe, write_noted_rows, write_quarantine
from node.quality.preparing import Counts, Prepared, SourceCounts, prepare
from node.quality.quarantine import Quarantine, QuarantinedRow, QuarantinedTable
from node.quality.readiness import require_ended, require_mapped

__all__ = [
    "HANDLINGS",
    "Counts",
    "Finding",
    "Handling",
    "NotedRow",
    "Prepared",
    "Quarantine",
    "QuarantinedRow",
    "QuarantinedTable",
    "SourceCounts",
    "Unmapped",
    "formula_safe",
    "prepare",
    "require_ended",
    "require_mapped",
    "write_noted_rows",
    "write_quarantine",
]
