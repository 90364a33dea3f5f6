"""Typed microdata from short literals, so that a test reads like a list of cases."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pyarrow as pa

from aggregation.facts import SCHEMAS, Facts

Rows = Sequence[dict[str, Any]]

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
_ORDINARY: dict[str, dict[str, Any]] = {
    "cases": _CASE,
    "contacts": {"FIELD": "WORK", "INST": "JC"},
    "involvements": _PERSON,
    "referrals": {"FIELD": "WORK", "INST": "JC"},
    "posts": {
        "valid_from": date(2020, 1, 1),
        "BAUSTEIN": "B2",
        "CARRIER": "OWN",
        "funded": 100,
        "filled": 100,
    },
    "funds": {"BAUSTEIN": "B2", "COST": "STAFF", "CARRIER": "OWN", "granted": 0, "spent": 0},
    "issues": {"FIELD": "WORK", "ISSUE": "IDENT"},
    "decisions": {"DECISION": "NAT", "SEX": "F"},
}


def facts(
    *, cases: Rows = (), contacts: Rows = (), involvements: Rows = (), **registers: Rows | None
) -> Facts:
    """Build facts; what a literal leaves out is filled with an ordinary case, post, booking ...

    Referrals and registers (posts, funds, issues, decisions) that are not given are not collected.
    """
    numbered = [{"case_id": f"c{number}", **row} for number, row in enumerate(cases)]
    given = {"cases": numbered, "contacts": contacts, "involvements": involvements, **registers}
    return Facts(**{name: table(name, rows) for name, rows in given.items() if rows is not None})


def table(name: str, rows: Rows) -> pa.Table:
    """Build one fact table by its name."""
    schema = SCHEMAS[name]
    plain = pa.schema(
        [pa.field(f.name, pa.string() if pa.types.is_dictionary(f.type) else f.type) for f in schema]
    )
    return pa.Table.from_pylist([{**_ORDINARY[name], **row} for row in rows], schema=plain).cast(schema)
