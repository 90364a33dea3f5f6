"""Reading what a municipality has: files and tables of databases become columns of text, row by row.

Public: :func:`read_source` and the :class:`RawTable` it returns, whose columns have the canonical names of
:mod:`node.sources.table.profiles`. A source adapter finds the header, undoes the encoding and keeps
everything; it maps no code and drops no row (that is `mapping` and `quality`).

`reading` chooses among the formats, each of which knows what all share (`table`) and no other format.
"""

from __future__ import annotations

from node.sources.reading import read_source
from node.sources.table.limits import SourceLimits
from node.sources.table.profile import Column, Layout, Profile
from node.sources.table.profiles import PROFILES, profile_of
from node.sources.table.raw_table import DistinctTexts, Mask, RawTable, Rows

__all__ = [
    "PROFILES",
    "Column",
    "DistinctTexts",
    "Layout",
    "Mask",
    "Profile",
    "RawTable",
    "Rows",
    "SourceLimits",
    "profile_of",
    "read_source",
]
