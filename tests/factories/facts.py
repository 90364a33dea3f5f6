"""Typed microdata from short literals, so that a test reads like a list of cases."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pyarrow as pa

from aggregation.facts import CASES_FACTS, CONTACTS_FACTS, INVOLVEMENT_FACTS, Facts

_CASE = {
    "closed": None,
    "birth": date(1990, 5, 17),
    "SEX": "F",
    "CITIZEN": "SY",
    "RESIDENCE": "T_HUM_25",
    "RECHTSKREIS": "SGB2",
    "INST": "JC",
    "OUTCOME": "_U",
    "FIELD": ["WORK"],
}
_PERSON = {name: _CASE[name] for name in ("closed", "birth", "SEX", "CITIZEN", "RESIDENCE", "RECHTSKREIS")}


def facts(
    *,
    cases: Sequence[dict[str, Any]] = (),
    contacts: Sequence[dict[str, Any]] = (),
    involvements: Sequence[dict[str, Any]] = (),
) -> Facts:
    """Build facts; what a literal leaves out is filled with an ordinary case."""
    return Facts(
        cases=_table(CASES_FACTS, [{"case_id": f"c{n}", **_CASE, **row} for n, row in enumerate(cases)]),
        contacts=_table(CONTACTS_FACTS, [{"FIELD": "WORK", "INST": "JC", **row} for row in contacts]),
        involvements=_table(INVOLVEMENT_FACTS, [{**_PERSON, **row} for row in involvements]),
    )


def _table(schema: pa.Schema, rows: list[dict[str, Any]]) -> pa.Table:
    plain = pa.schema(
        [pa.field(f.name, pa.string() if pa.types.is_dictionary(f.type) else f.type) for f in schema]
    )
    return pa.Table.from_pylist(rows, schema=plain).cast(schema)
