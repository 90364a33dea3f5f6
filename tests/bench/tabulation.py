"""1,000,000 synthetic cases into all linked tables, beside the same counts written by hand in DuckDB SQL."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import date
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from aggregation.facts import CASES_FACTS, CODE_TYPE, CONTACTS_FACTS, INVOLVEMENT_FACTS, Facts, codelist_of
from aggregation.tabulate import tabulate
from protocol.catalogue import Indicator
from protocol.catalogue_file import load_catalogue
from protocol.codelists import TOTAL, Codelist
from protocol.grid import CellGrid, Key, grid_of
from protocol.periods import Period
from tests.bench.measuring import Ratio, interleaved, peak_megabytes

Cells = dict[tuple[int, Key], int]
Table = tuple[str, ...]

CASES = 1_000_000
PERIODS = Period.span(Period(2024, 4), Period(2026, 3))
_FIRST = (date(2023, 1, 1) - date(1970, 1, 1)).days


def synthetic_facts(cases: int, *, seed: int = 1) -> Facts:
    """Random cases over four years; one person per case."""
    rng = np.random.default_rng(seed)
    catalogue = load_catalogue()

    def codes(dimension: str, rows: int) -> pa.Array:
        leaves = codelist_of(catalogue, dimension).leaves
        picked = pa.array(rng.integers(0, len(leaves), rows).astype(np.int32))
        return pa.DictionaryArray.from_arrays(picked, pa.array(leaves)).cast(CODE_TYPE)

    opened = _FIRST + rng.integers(0, 365 * 4, cases)
    length = rng.lognormal(np.log(210), 0.8, cases).astype(np.int64)
    columns = {
        "case_id": pa.array([f"F{n:07d}" for n in range(cases)]),
        "person_id": pa.array([f"P{n:07d}" for n in rng.integers(0, max(1, cases * 3 // 4), cases)]),
        "opened": pa.array(opened.astype(np.int32)).cast(pa.date32()),
        "closed": pa.array((opened + length).astype(np.int32), mask=opened + length > _FIRST + 365 * 4).cast(
            pa.date32()
        ),
        "birth": pa.array(rng.integers(-18_000, 19_000, cases).astype(np.int32)).cast(pa.date32()),
    }
    columns["first_contact"] = columns["opened"]
    columns |= {
        name: codes(name, cases) for name in ("SEX", "CITIZEN", "RESIDENCE", "RECHTSKREIS", "INST", "OUTCOME")
    }
    fields = np.array(codelist_of(catalogue, "FIELD").leaves)
    offsets = np.concatenate([[0], np.cumsum(rng.integers(1, 5, cases))]).astype(np.int32)
    columns["FIELD"] = pa.ListArray.from_arrays(
        offsets, pa.array(fields[rng.integers(0, len(fields), offsets[-1])])
    )
    contacts = {"date": columns["opened"], "FIELD": codes("FIELD", cases), "INST": columns["INST"]}
    return Facts(
        cases=pa.table([columns[n] for n in CASES_FACTS.names], schema=CASES_FACTS),
        contacts=pa.table([contacts[n] for n in CONTACTS_FACTS.names], schema=CONTACTS_FACTS),
        involvements=pa.table([columns[n] for n in INVOLVEMENT_FACTS.names], schema=INVOLVEMENT_FACTS),
    )


# ------------------------------------------------------------------------------ the peer, by hand

_AGE = """CASE WHEN birth IS NULL OR date_sub('year', birth, ref) NOT BETWEEN 0 AND 110 THEN '_U'
  WHEN date_sub('year', birth, ref) <= 5 THEN 'Y0T5' WHEN date_sub('year', birth, ref) <= 14 THEN 'Y6T14'
  WHEN date_sub('year', birth, ref) <= 17 THEN 'Y15T17' WHEN date_sub('year', birth, ref) <= 24 THEN 'Y18T24'
  WHEN date_sub('year', birth, ref) <= 29 THEN 'Y25T29' WHEN date_sub('year', birth, ref) <= 39 THEN 'Y30T39'
  WHEN date_sub('year', birth, ref) <= 49 THEN 'Y40T49' WHEN date_sub('year', birth, ref) <= 64 THEN 'Y50T64'
  ELSE 'Y_GE65' END"""
_WHERE = {
    "CASES_OPENED": ("cases", "opened BETWEEN p.first AND p.ref"),
    "CASES_CLOSED": ("cases", "closed BETWEEN p.first AND p.ref"),
    "CASES_OPEN": ("cases", "opened <= p.ref AND (closed IS NULL OR closed > p.ref)"),
    "CONTACTS_ONEOFF": ("contacts", '"date" BETWEEN p.first AND p.ref'),
}


def prepare_sql(facts: Facts) -> duckdb.DuckDBPyConnection:
    """A connection that sees the same Arrow tables, and the codelists as (leaf, published) pairs."""
    connection = duckdb.connect()
    connection.register("cases", facts.cases)
    connection.register("contacts", facts.contacts)
    days = {"first": [p.first_day for p in PERIODS], "ref": [p.last_day for p in PERIODS]}
    connection.register("periods", pa.table({"number": list(range(len(PERIODS))), **days}))
    return connection


def _expand(codelist: Codelist, leaf: str) -> tuple[str, ...]:
    published = codelist.recode(leaf)
    return (published, *codelist.ancestors(published))


def count_with_sql(connection: duckdb.DuckDBPyConnection) -> Cells:
    """All cells of CASES: one GROUP BY over leaves per table, margins added up from its few rows."""
    grid = grid_of(load_catalogue(), "CASES")
    cells: Cells = {}
    for indicator in grid.dataset.indicators:
        for table in indicator.tables:
            for row in connection.execute(_statement(indicator, table)).fetchall():
                _add_margins(cells, grid, indicator, table, row)
    return cells


def _statement(indicator: Indicator, table: Table) -> str:
    source, where = _WHERE[indicator.id]
    columns = ", ".join(f"{_AGE} AS AGE" if d == "AGE" else d for d in table)
    use = indicator.dimension_use(table[0])
    if use is not None and not use.additive:
        return (
            "SELECT number, FIELD, count(*) FROM (SELECT number, "
            f"unnest(list_distinct(FIELD || ['_T'])) AS FIELD FROM {source} JOIN periods p ON {where}) "
            "GROUP BY ALL"
        )
    return f"SELECT number, {columns}, count(*) FROM {source} JOIN periods p ON {where} GROUP BY ALL"


def _add_margins(
    cells: Cells, grid: CellGrid, indicator: Indicator, table: Table, row: Sequence[Any]
) -> None:
    number, *codes, count = row
    paths = []
    for dimension, code in zip(table, codes, strict=True):
        use = indicator.dimension_use(dimension)
        whole = use is None or code == TOTAL or not use.additive
        paths.append((code,) if whole or use is None else _expand(use.codelist, code))
    for combination in itertools.product(*paths):
        named = dict(zip(table, combination, strict=True))
        # A shared margin comes from every table that holds it: count it in the first one only.
        owner = next(t for t in indicator.tables if all(d in t for d, c in named.items() if c != TOTAL))
        if owner == table:
            cell = (number, grid.key(indicator, named))
            cells[cell] = cells.get(cell, 0) + count


def run() -> list[str]:
    """Measure and compare; also checks that both count the same."""
    facts = synthetic_facts(CASES)
    catalogue = load_catalogue()
    connection = prepare_sql(facts)
    before = peak_megabytes()
    ours = tabulate(facts, catalogue=catalogue, dataset_id="CASES", periods=PERIODS)
    after = peak_megabytes()
    theirs = count_with_sql(connection)
    keys = grid_of(catalogue, "CASES").keys
    differing = sum(
        int(ours[period].values[row]) != theirs.get((number, key), 0)
        for number, period in enumerate(PERIODS)
        for row, key in enumerate(keys)
    )
    seconds = interleaved(
        lambda: tabulate(facts, catalogue=catalogue, dataset_id="CASES", periods=PERIODS),
        lambda: count_with_sql(connection),
        rounds=3,
    )
    ratio = Ratio(
        f"Tabulate {CASES:,} cases, 8 quarters, all tables",
        seconds[0],
        "DuckDB SQL, all cores",
        seconds[1],
        2.0,
    )
    return [
        str(ratio),
        f"  cells that differ: {differing} of {len(keys) * len(PERIODS)}",
        f"  peak memory: {before:.0f} MB with the data, {after:.0f} MB after tabulating (goal < 1500 MB)",
    ]
