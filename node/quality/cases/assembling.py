"""Builds the facts of cases, persons, contacts and referrals from rows that were sorted and grouped.

Invariants: fields of action of a case are the union over all its rows, in the order of the catalogue. The
order of the facts is the order of the sources, so equal sources give equal facts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from aggregation.facts import CASES_FACTS, CONTACTS_FACTS, INVOLVEMENT_FACTS
from node.quality.cases.grouping import Grouping
from node.quality.cases.part import CasePart
from node.quality.cells.columns import CodedColumn, codes_of, date_array, rows_of
from protocol.codelists import UNKNOWN

BitSets = npt.NDArray[np.int64]

_OF_PERSON: Final = ("SEX", "CITIZEN", "RESIDENCE", "RECHTSKREIS")
_OF_CASE: Final = (*_OF_PERSON, "INST", "OUTCOME")


@dataclass(frozen=True, slots=True)
class CodeSets:
    """Sets of codes of one dimension as bits, the first code of the catalogue lowest.

    Attributes:
        order: codes without ``_U``, in the order of the catalogue.
    """

    order: tuple[str, ...]
    bits: Mapping[str, np.int64] = field(init=False)

    def __post_init__(self) -> None:
        """Number the codes."""
        bits = {code: np.int64(1) << place for place, code in enumerate(self.order)}
        object.__setattr__(self, "bits", bits)

    def of_rows(self, column: CodedColumn, rows: npt.NDArray[np.intp]) -> BitSets:
        """Return the set of each of some rows; unknown is the empty set."""
        per_text = [sum(self.bits.get(code, 0) for code in meaning.codes) for meaning in column.meanings]
        return np.asarray(per_text, dtype=np.int64)[column.distinct.index[rows]]

    def codes(self, sets: BitSets) -> pa.Array:
        """Return sets as lists of codes; the empty set is ``_U``."""
        distinct, which = np.unique(sets, return_inverse=True)
        lists = [[code for code in self.order if self.bits[code] & one] or [UNKNOWN] for one in distinct]
        return pa.array(lists, pa.list_(pa.string())).take(pa.array(which))

    def first(self, sets: BitSets) -> pa.Array:
        """Return the first code of each set; the empty set is ``_U``."""
        codes = (*self.order, UNKNOWN)
        lowest = sets & -sets
        places = [np.int64(0), *self.bits.values()]
        number = (np.searchsorted(places, lowest) - 1) % len(codes)  # nothing is the last code
        return pa.DictionaryArray.from_arrays(
            pa.array(number.astype(np.int32)), pa.array(list(codes), pa.string())
        )


def fields_of_cases(grouping: Grouping, sets: CodeSets) -> BitSets:
    """Unite the fields of action of all rows of each case."""
    united = np.zeros(len(grouping.case_ids), dtype=np.int64)
    pieces = [
        sets.of_rows(part.codes["FIELD"], rows)
        for part, rows in zip(grouping.parts, grouping.rows, strict=True)
    ]
    np.bitwise_or.at(united, grouping.row_case, np.concatenate(pieces))
    return united


def case_tables(grouping: Grouping, fields: pa.Array) -> tuple[pa.Table, pa.Table]:
    """Build the tables of cases and of persons in them.

    Args:
        grouping: which rows belong together.
        fields: list of fields of each case.

    Returns:
        Tables of :data:`CASES_FACTS` and :data:`INVOLVEMENT_FACTS`.
    """
    holders = grouping.holders
    opened = date_array(grouping.days(holders, lambda part: part.screened.opened.days))
    closed = date_array(grouping.days(holders, lambda part: part.ends))
    first_contact = date_array(grouping.days(holders, lambda part: part.first_contacts))
    birth = date_array(grouping.days(holders, lambda part: part.births.days))
    cases = [grouping.case_ids, opened, closed, first_contact, birth]
    cases += [grouping.codes(holders, name) for name in _OF_CASE]
    cases.append(fields)

    of_case = pa.array(grouping.involved_case)
    involved = grouping.involved
    involvements = [
        grouping.person_ids,
        grouping.case_ids.take(of_case),
        opened.take(of_case),
        closed.take(of_case),
        date_array(grouping.days(involved, lambda part: part.births.days)),
    ]
    involvements += [grouping.codes(involved, name) for name in _OF_PERSON]
    return (
        pa.Table.from_arrays(cases, schema=CASES_FACTS),
        pa.Table.from_arrays(involvements, schema=INVOLVEMENT_FACTS),
    )


def contact_table(parts: Sequence[CasePart]) -> pa.Table:
    """Build the table of one-off contacts.

    Returns:
        Table of :data:`CONTACTS_FACTS`, in the order of the sources.
    """
    rows = [rows_of(part.screened.contacts) for part in parts]
    pairs = list(zip(parts, rows, strict=True))
    return pa.Table.from_arrays(
        [
            date_array(np.concatenate([part.screened.contact_days[r] for part, r in pairs])),
            codes_of([part.codes["FIELD"].codes(r) for part, r in pairs]),
            codes_of([part.codes["INST"].codes(r) for part, r in pairs]),
        ],
        schema=CONTACTS_FACTS,
    )
