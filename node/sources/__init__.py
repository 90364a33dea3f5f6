"""Reading what a municipality has: files and tables of databases become columns of text, row by row.

Public: :func:`read_source` and the :class:`RawTable` it returns, whose columns have the canonical names of
:mod:`node.sources.profiles`. A source adapter finds the header, undoes the encoding and keeps everything; it
maps no code and drops no row (that is `mapping` and `quality`).
"""

from __future__ import annotations

from node.sources.limits import SourceLimits
from node.sources.profile import Column, Layout, Profile
from node.sources.profiles import PROFILES, profile_of
from node.sources.raw_table import DistinctTexts, Mask, RawTable, Rows
from node.sources.reading import read_source

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
