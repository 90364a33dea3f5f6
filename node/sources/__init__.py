"""Reading what a municipality has: an export file becomes columns of text, with the line of every row.

Public: :func:`read_profile_a` and the :class:`RawTable` it returns. A source adapter finds the header, undoes
the encoding and keeps everything; it maps no code and drops no row (that is `mapping` and `quality`).
"""

from __future__ import annotations

from node.sources.profile_a import COLUMNS
from node.sources.raw_table import DistinctTexts, Mask, RawTable, Rows
from node.sources.reading import SourceLimits, read_profile_a, read_source

__all__ = [
    "COLUMNS",
    "DistinctTexts",
    "Mask",
    "RawTable",
    "Rows",
    "SourceLimits",
    "read_profile_a",
    "read_source",
]
