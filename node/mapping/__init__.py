"""Columns and codes of the municipality to codelists of the catalogue.

Public: :class:`CodeMapping`. The local table of the municipality wins, then the catalogue's own words, then
the defaults of the profile; what none of them knows is listed as unmapped and never guessed.
"""

from __future__ import annotations

from node.mapping.code_mapping import CONTROLS, DIMENSIONS, REGISTER_DIMENSIONS, CodeMapping, target_codes
from node.mapping.labels import COLUMN_OF, NOT_COUNTED, CaseState, CounsellingKind
from node.mapping.vocabulary import Mapped, is_missing

__all__ = [
    "COLUMN_OF",
    "CONTROLS",
    "DIMENSIONS",
    "NOT_COUNTED",
    "REGISTER_DIMENSIONS",
    "CaseState",
    "CodeMapping",
    "CounsellingKind",
    "Mapped",
    "is_missing",
    "target_codes",
]
