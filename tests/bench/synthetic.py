"""Microdata of a size that no municipality has, drawn uniformly: fast to make, and every cell is hit."""

from __future__ import annotations

from datetime import date
from typing import Final

import numpy as np
import pyarrow as pa

from aggregation.facts import CODE_TYPE, SCHEMAS, Facts, codelist_of
from protocol.catalogue_file import load_catalogue
from protocol.periods import Period

PERIODS: Final = Period.span(Period(2024, 4), Period(2026, 3))
YEARS: Final = Period.span(Period(2024), Period(2025))

_FIRST: Final = (date(2023, 1, 1) - date(1970, 1, 1)).days
_DAYS: Final = 365 * 4


def synthetic_facts(cases: int, *, seed: int = 1) -> Facts:
    """Random cases over four years, one person per case; referrals, posts and bookings in proportion."""
    rng = np.random.default_rng(seed)
    drawn = _Drawn(rng, cases)
    opened = _FIRST + rng.integers(0, _DAYS, cases)
    closed = opened + rng.lognormal(np.log(210), 0.8, cases).astype(np.int64)
    waited = rng.lognormal(np.log(12), 1, cases).astype(np.int64)
    persons = rng.integers(0, max(1, cases * 3 // 4), cases)
    columns = {
        "case_id": pa.array([f"F{number:07d}" for number in range(cases)]),
        "person_id": pa.array([f"P{number:07d}" for number in persons]),
        "opened": _dates(opened),
        "closed": _dates(closed, unknown=closed > _FIRST + _DAYS),
        "first_contact": _dates(opened - waited, unknown=waited > 150),
        "birth": _dates(rng.integers(-18_000, 19_000, cases)),
        "FIELD": _several(rng, cases),
    }
    columns |= {d: drawn.codes(d) for d in ("SEX", "CITIZEN", "RESIDENCE", "RECHTSKREIS", "INST", "OUTCOME")}
    dated = {"date": columns["opened"], "FIELD": drawn.codes("FIELD"), "INST": columns["INST"]}
    issues = {"reported": columns["opened"], "FIELD": dated["FIELD"], "ISSUE": drawn.codes("ISSUE")}
    decisions = {"date": columns["opened"], "DECISION": drawn.codes("DECISION"), "SEX": columns["SEX"]}
    tables = {
        "cases": columns, "contacts": dated, "involvements": columns, "referrals": dated, "issues": issues,
        "decisions": decisions, "posts": _posts(rng, cases // 20), "funds": _funds(rng, cases),
    }  # fmt: skip
    return Facts(
        **{
            name: pa.table([tables[name][n] for n in schema.names], schema=schema)
            for name, schema in SCHEMAS.items()
        }
    )


class _Drawn:
    """Columns of codes drawn uniformly from the leaves of a dimension."""

    def __init__(self, rng: np.random.Generator, rows: int) -> None:
        self._rng, self._rows = rng, rows

    def codes(self, dimension: str) -> pa.Array:
        leaves = codelist_of(load_catalogue(), dimension).leaves
        picked = pa.array(self._rng.integers(0, len(leaves), self._rows).astype(np.int32))
        return pa.DictionaryArray.from_arrays(picked, pa.array(leaves)).cast(CODE_TYPE)


def _posts(rng: np.random.Generator, posts: int) -> dict[str, pa.Array]:
    """One span per post; every second one has ended."""
    drawn, since = _Drawn(rng, posts), _FIRST + rng.integers(0, _DAYS, posts)
    until = since + rng.integers(0, _DAYS, posts)
    return {
        "post_id": pa.array([f"S{number:06d}" for number in range(posts)]),
        "valid_from": _dates(since),
        "valid_to": _dates(until, unknown=until % 2 == 0),
        "BAUSTEIN": drawn.codes("BAUSTEIN"),
        "CARRIER": drawn.codes("CARRIER"),
        "funded": pa.array(rng.integers(1, 5, posts) * 25),
        "filled": pa.array(rng.integers(0, 5, posts) * 25),
    }


def _funds(rng: np.random.Generator, bookings: int) -> dict[str, pa.Array]:
    """Bookings of a hundred carriers, a fifth of them repayments."""
    drawn = _Drawn(rng, bookings)
    amounts = rng.integers(-2_000_00, 8_000_00, bookings)
    return {
        "year": pa.array(rng.integers(2023, 2027, bookings).astype(np.int32)),
        "carrier_id": pa.array([f"T{number:03d}" for number in rng.integers(0, 100, bookings)]),
        "BAUSTEIN": drawn.codes("BAUSTEIN"),
        "COST": drawn.codes("COST"),
        "CARRIER": drawn.codes("CARRIER"),
        "granted": pa.array(np.maximum(amounts, 0)),
        "spent": pa.array(amounts),
    }


def _dates(days: np.ndarray, *, unknown: np.ndarray | None = None) -> pa.Array:
    return pa.array(days.astype(np.int32), mask=unknown).cast(pa.date32())


def _several(rng: np.random.Generator, rows: int) -> pa.Array:
    """One to four answers each, never "unknown": beside another answer it would not count."""
    codelist = codelist_of(load_catalogue(), "FIELD")
    leaves = np.array([leaf for leaf in codelist.leaves if not codelist[leaf].exclusive])
    offsets = np.concatenate([[0], np.cumsum(rng.integers(1, 5, rows))]).astype(np.int32)
    return pa.ListArray.from_arrays(offsets, pa.array(leaves[rng.integers(0, len(leaves), offsets[-1])]))
