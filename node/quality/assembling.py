"""Joins rows into cases, persons and contacts: the facts that tabulation counts.

Invariants: a case is described by its holder, the first of its rows in the file; a person counts once in a
case however many rows there are; fields of action of a case are the union over all its rows. The order of the
facts is the order of the file, so equal files give equal facts.

Source of the rule for households: definition of the case in the catalogue (one process per person or family).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from aggregation.facts import CASES_FACTS, CONTACTS_FACTS, INVOLVEMENT_FACTS, Facts
from node.mapping.labels import MISSING_MARKERS
from node.quality.coding import CodedColumn, Days, date_array, first_rows, rows_of
from node.sources import Mask, RawTable
from protocol.codelists import UNKNOWN

Positions = npt.NDArray[np.intp]

_OF_PERSON: Final = ("SEX", "CITIZEN", "RESIDENCE", "RECHTSKREIS")
_OF_CASE: Final = (*_OF_PERSON, "INST", "OUTCOME")
_BLANKS: Final = r"[\s\x{a0}]+"


@dataclass(frozen=True, slots=True)
class Material:
    """Columns from which facts are made, one entry per row of the source.

    Attributes:
        cases: rows of cases.
        contacts: rows of one-off contacts.
        opened: day of the case start.
        closed: day of the case end, future ends removed.
        first_contact: day of the first contact, none where it lies after the start.
        birth: day of birth, impossible ones removed.
        contact_days: day of a contact.
        codes: coded columns by dimension.
    """

    cases: Mask
    contacts: Mask
    opened: Days
    closed: Days
    first_contact: Days
    birth: Days
    contact_days: Days
    codes: Mapping[str, CodedColumn]


@dataclass(frozen=True, slots=True)
class Grouping:
    """Which rows belong together.

    Attributes:
        case_ids: number of each case as text, in order of first appearance.
        holders: row of each case's holder.
        involved: row of each person in a case (its first), in file order.
        involved_case: case of each of those rows.
        person_ids: person of each of those rows.
        merged: rows that repeat a person in a case.
    """

    case_ids: pa.Array
    holders: Positions
    involved: Positions
    involved_case: Positions
    person_ids: pa.Array
    merged: Positions
    row_case: npt.NDArray[np.int32]

    @property
    def persons_per_case(self) -> npt.NDArray[np.intp]:
        """Number of persons listed in each case."""
        return np.bincount(self.involved_case, minlength=len(self.case_ids))


def group(raw: RawTable, cases: Mask) -> Grouping:
    """Find cases and the persons in them.

    Args:
        raw: the export.
        cases: the rows of cases; each has a case number.

    Returns:
        The grouping.
    """
    rows = rows_of(cases)
    numbers = _trimmed(raw, "Fallnummer").take(pa.array(rows)).dictionary_encode()
    row_case = np.asarray(numbers.indices, dtype=np.int32)
    persons = _person_ids(raw, rows, numbers.cast(pa.string())).dictionary_encode()
    pairs = row_case.astype(np.int64) * max(1, len(persons.dictionary)) + np.asarray(persons.indices)
    _, first = np.unique(pairs, return_index=True)
    first.sort()
    repeats = np.ones(len(rows), dtype=np.bool_)
    repeats[first] = False
    return Grouping(
        case_ids=numbers.dictionary,
        holders=rows[first_rows(row_case, len(numbers.dictionary))],
        involved=rows[first],
        involved_case=row_case[first].astype(np.intp),
        person_ids=persons.take(pa.array(first)).cast(pa.string()),
        merged=rows[repeats],
        row_case=row_case,
    )


def assemble(material: Material, grouping: Grouping) -> Facts:
    """Build the facts.

    Args:
        material: columns of the source.
        grouping: which rows belong together.

    Returns:
        Cases, contacts and involvements, in file order.
    """
    holders = grouping.holders
    opened = date_array(material.opened[holders])
    closed = date_array(material.closed[holders])
    first_contact = date_array(material.first_contact[holders])
    cases = [grouping.case_ids, opened, closed, first_contact, date_array(material.birth[holders])]
    cases += [material.codes[name].codes(holders) for name in _OF_CASE]
    cases.append(_field_sets(material, grouping))

    of_case = pa.array(grouping.involved_case)
    involved = grouping.involved
    involvements = [
        grouping.person_ids,
        grouping.case_ids.take(of_case),
        opened.take(of_case),
        closed.take(of_case),
    ]
    involvements.append(date_array(material.birth[involved]))
    involvements += [material.codes[name].codes(involved) for name in _OF_PERSON]

    contacts = rows_of(material.contacts)
    return Facts(
        cases=pa.Table.from_arrays(cases, schema=CASES_FACTS),
        contacts=pa.Table.from_arrays(
            [
                date_array(material.contact_days[contacts]),
                material.codes["FIELD"].codes(contacts),
                material.codes["INST"].codes(contacts),
            ],
            schema=CONTACTS_FACTS,
        ),
        involvements=pa.Table.from_arrays(involvements, schema=INVOLVEMENT_FACTS),
    )


def _field_sets(material: Material, grouping: Grouping) -> pa.Array:
    """Unite the fields of all rows of each case; a set of nothing is ``_U``."""
    column = material.codes["FIELD"]
    order = sorted({code for meaning in column.meanings for code in meaning.codes} - {UNKNOWN})
    bit = {code: np.int64(1) << number for number, code in enumerate(order)}
    per_text = np.asarray(
        [sum(bit.get(code, 0) for code in m.codes) for m in column.meanings], dtype=np.int64
    )
    united = np.zeros(len(grouping.case_ids), dtype=np.int64)
    np.bitwise_or.at(united, grouping.row_case, per_text[column.distinct.index[rows_of(material.cases)]])
    sets, which = np.unique(united, return_inverse=True)
    lists = [[code for code in order if bit[code] & fields] or [UNKNOWN] for fields in sets]
    return pa.array(lists, pa.list_(pa.string())).take(pa.array(which))


def _person_ids(raw: RawTable, rows: Positions, case_ids: pa.Array) -> pa.Array:
    """Return the persons of some rows; one without an id is known by the case alone."""
    ids = _trimmed(raw, "Personen-ID").take(pa.array(rows))
    compact = pc.utf8_lower(pc.replace_substring_regex(ids, _BLANKS, ""))
    missing = pc.is_in(compact, value_set=pa.array(sorted(MISSING_MARKERS)))
    return pc.if_else(missing, pc.binary_join_element_wise("case:", case_ids, ""), ids)


def _trimmed(raw: RawTable, name: str) -> pa.Array:
    return pc.utf8_trim_whitespace(raw.texts(name))
