"""Referrals: the institutions that cases were referred to, and the day if a column says it.

Invariants: a case is referred to an institution once, however many of its rows say so; the earliest day
given counts. Without a usable day a referral counts on the day on which its case ends, which is known for
good then; referrals of open cases without a day count when they end. Its field is the first of its case.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from aggregation.facts import CODE_TYPE, REFERRAL_FACTS
from node.quality.cases.assembling import BitSets, CodeSets
from node.quality.cases.grouping import Grouping
from node.quality.cases.part import CasePart
from node.quality.cells.columns import NO_DAY, Days, date_array

_LATER: Final = np.int32(np.iinfo(np.int32).max)


def referral_table(grouping: Grouping, fields: pa.Array, institutions: CodeSets) -> pa.Table | None:
    """Build the table of referrals.

    Args:
        grouping: which rows belong together.
        fields: first field of each case.
        institutions: sets of institutions.

    Returns:
        Table of :data:`REFERRAL_FACTS` by institution, or None if a source does not say to whom it refers:
        then nobody knows how many there are.
    """
    if any(part.referred_to is None for part in grouping.parts):
        return None
    told = np.concatenate(
        [_told(part, rows, institutions) for part, rows in zip(grouping.parts, grouping.rows, strict=True)]
    )
    referring = np.flatnonzero(told)
    days = grouping.days(referring, _days_given)
    ends = grouping.days(grouping.holders, lambda part: part.ends)
    cases = grouping.row_case[referring]
    found = [
        _of_institution(cases[hit], days[hit], ends)
        for code in institutions.order
        for hit in [(told[referring] & institutions.bits[code]) != 0]
    ]
    case = np.concatenate([rows for rows, _ in found])
    codes = np.repeat(np.arange(len(found), dtype=np.int32), [len(rows) for rows, _ in found])
    inst = pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(list(institutions.order), pa.string()))
    return pa.Table.from_arrays(
        [
            date_array(np.concatenate([on for _, on in found])),
            inst.cast(CODE_TYPE),
            fields.take(pa.array(case)),
        ],
        schema=REFERRAL_FACTS,
    )


def _told(part: CasePart, rows: npt.NDArray[np.intp], institutions: CodeSets) -> BitSets:
    if part.referred_to is None:
        return np.zeros(len(rows), dtype=np.int64)
    return institutions.of_rows(part.referred_to, rows)


def _days_given(part: CasePart) -> Days:
    """Return the days of referrals; none where it is missing, impossible or lies after the export."""
    if part.referred_on is None:
        return np.full(part.raw.rows, NO_DAY, dtype=np.int32)
    days, export_day = part.referred_on.days, part.export_day
    return days if export_day is None else np.where(days > export_day, NO_DAY, days).astype(np.int32)


def _of_institution(
    cases: npt.NDArray[np.int32], days: Days, ends: Days
) -> tuple[npt.NDArray[np.int32], Days]:
    """Return the cases referred to one institution and the day of each, open cases without a day left out."""
    distinct, which = np.unique(cases, return_inverse=True)
    first = np.full(len(distinct), _LATER, dtype=np.int32)
    np.minimum.at(first, which, np.where(days == NO_DAY, _LATER, days))
    on = np.where(first == _LATER, ends[distinct], first)
    happened = on != NO_DAY
    return distinct[happened], on[happened]
