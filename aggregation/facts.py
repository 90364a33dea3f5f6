"""Typed microdata as tabulation takes it: the narrow waist between a source and the statistics.

Invariants: code columns hold *leaf* codes of the catalogue and are never null (``_U`` stands for unknown);
every case has at least one field of action; persons are distinct per case. A row of `cases` describes the
case holder, a row of `involvements` one person in one case.

This module deliberately reads no source and maps no local value: a source adapter fills these tables, and
nothing behind them knows where they came from. Facts are personal data: they never leave the node and
print no values.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from protocol.catalogue import Catalogue
from protocol.codelists import Codelist

CODE_TYPE: Final = pa.dictionary(pa.int32(), pa.string())

#: One row per case; attributes are the holder's. ``FIELD`` is the set of fields of action, never empty.
CASES_FACTS: Final = pa.schema(
    [
        pa.field("case_id", pa.string(), nullable=False),
        pa.field("opened", pa.date32(), nullable=False),
        pa.field("closed", pa.date32()),
        pa.field("birth", pa.date32()),
        pa.field("SEX", CODE_TYPE, nullable=False),
        pa.field("CITIZEN", CODE_TYPE, nullable=False),
        pa.field("RESIDENCE", CODE_TYPE, nullable=False),
        pa.field("RECHTSKREIS", CODE_TYPE, nullable=False),
        pa.field("INST", CODE_TYPE, nullable=False),
        pa.field("OUTCOME", CODE_TYPE, nullable=False),
        pa.field("FIELD", pa.list_(pa.string()), nullable=False),
    ]
)

#: One row per one-off contact (no case was opened).
CONTACTS_FACTS: Final = pa.schema(
    [
        pa.field("date", pa.date32(), nullable=False),
        pa.field("FIELD", CODE_TYPE, nullable=False),
        pa.field("INST", CODE_TYPE, nullable=False),
    ]
)

#: One row per person and case; dates are the case's, attributes the person's.
INVOLVEMENT_FACTS: Final = pa.schema(
    [
        pa.field("person_id", pa.string(), nullable=False),
        pa.field("case_id", pa.string(), nullable=False),
        pa.field("opened", pa.date32(), nullable=False),
        pa.field("closed", pa.date32()),
        pa.field("birth", pa.date32()),
        pa.field("SEX", CODE_TYPE, nullable=False),
        pa.field("CITIZEN", CODE_TYPE, nullable=False),
        pa.field("RESIDENCE", CODE_TYPE, nullable=False),
        pa.field("RECHTSKREIS", CODE_TYPE, nullable=False),
    ]
)


@dataclass(frozen=True, slots=True)
class Facts:
    """The microdata of one area.

    Attributes:
        cases: table of :data:`CASES_FACTS`.
        contacts: table of :data:`CONTACTS_FACTS`.
        involvements: table of :data:`INVOLVEMENT_FACTS`.
    """

    cases: pa.Table = field(repr=False)
    contacts: pa.Table = field(repr=False)
    involvements: pa.Table = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse tables of another shape.

        Raises:
            ValueError: if columns, their order or their types differ (code columns may be plain strings).
        """
        _check_schema("cases", self.cases, CASES_FACTS)
        _check_schema("contacts", self.contacts, CONTACTS_FACTS)
        _check_schema("involvements", self.involvements, INVOLVEMENT_FACTS)

    @classmethod
    def empty(cls) -> Facts:
        """Facts of an area in which nothing happened."""
        return cls(
            CASES_FACTS.empty_table(),
            CONTACTS_FACTS.empty_table(),
            INVOLVEMENT_FACTS.empty_table(),
        )


def check_facts(facts: Facts, catalogue: Catalogue) -> None:
    """Check what the schemas cannot say.

    Args:
        facts: the microdata.
        catalogue: gives the codelist of each code column.

    Raises:
        ValueError: for a null where none may be, a code that is no leaf of its codelist, a case without a
            field of action, a case or a person in a case that appears twice, or an involvement in no case.
            The message names table and column, never a value.
    """
    for name, table, schema in (
        ("cases", facts.cases, CASES_FACTS),
        ("contacts", facts.contacts, CONTACTS_FACTS),
        ("involvements", facts.involvements, INVOLVEMENT_FACTS),
    ):
        for column in schema:
            where = f"{name}.{column.name}"
            values = table[column.name]
            if not column.nullable and values.null_count:
                raise ValueError(f"{where} holds a null")
            if column.name.isupper():
                _check_codes(where, values, codelist_of(catalogue, column.name))
    _check_keys(facts)


def codelist_of(catalogue: Catalogue, dimension: str) -> Codelist:
    """Return the codelist that the catalogue's indicators use for a dimension.

    Raises:
        KeyError: if no indicator has the dimension.
    """
    for indicator in catalogue.indicators.values():
        use = indicator.dimension_use(dimension)
        if use is not None:
            return use.codelist
    raise KeyError(dimension)


def _check_schema(name: str, table: pa.Table, schema: pa.Schema) -> None:
    if table.column_names != schema.names:
        raise ValueError(f"{name}: columns must be {', '.join(schema.names)}")
    for column in schema:
        found = table.schema.field(column.name).type
        if found != column.type and not (column.type == CODE_TYPE and found == pa.string()):
            raise ValueError(f"{name}.{column.name}: type must be {column.type}")


def _check_codes(where: str, values: pa.ChunkedArray, codelist: Codelist) -> None:
    if pa.types.is_list(values.type):
        for chunk in values.chunks:
            if len(chunk) and bool((np.diff(_offsets(chunk)) == 0).any()):
                raise ValueError(f"{where} holds an empty set")
        values = pa.chunked_array([chunk.flatten() for chunk in values.chunks], pa.string())
    if not set(values.unique().to_pylist()) <= set(codelist.leaves):
        raise ValueError(f"{where} holds a code that is no leaf of {codelist.id}")


def _offsets(chunk: pa.ListArray) -> npt.NDArray[np.int32]:
    offsets: npt.NDArray[np.int32] = chunk.offsets.to_numpy()
    return offsets


def _check_keys(facts: Facts) -> None:
    cases = facts.cases["case_id"]
    if len(cases.unique()) != len(cases):
        raise ValueError("cases.case_id holds a case twice")
    pairs = facts.involvements.select(["case_id", "person_id"])
    if pairs.group_by(["case_id", "person_id"]).aggregate([]).num_rows != pairs.num_rows:
        raise ValueError("involvements hold a person twice in one case")
    known = pc.is_in(facts.involvements["case_id"], value_set=cases.combine_chunks())
    if pc.all(known).as_py() not in (True, None):
        raise ValueError("involvements hold a case that is not among the cases")
