"""The peer of tabulation: each linked table as one SQL statement for DuckDB, as a statistician writes it.

One GROUP BY over leaves per table; margins are added up from its few rows. Distinct persons: of several ways
to write "the last involvement of each person in the period" (a window, DISTINCT ON, one aggregate per column,
one of a structure) the last was the fastest on 1,000,000 rows.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, Final

import duckdb
import pyarrow as pa

from aggregation.facts import Facts, codelist_of
from protocol.catalogue import Indicator
from protocol.catalogue_file import load_catalogue
from protocol.codelists import TOTAL, Codelist
from protocol.grid import CellGrid, Key, delivery_grid
from protocol.periods import Period

Table = tuple[str, ...]
#: Position of the period and key of the cell → value; for amounts and posts also contributors, largest,
#: second and gross.
Cells = dict[tuple[int, Key], tuple[int, ...]]

_AGE: Final = """CASE WHEN birth IS NULL OR date_sub('year', birth, ref) NOT BETWEEN 0 AND 110 THEN '_U'
  WHEN date_sub('year', birth, ref) <= 5 THEN 'Y0T5' WHEN date_sub('year', birth, ref) <= 14 THEN 'Y6T14'
  WHEN date_sub('year', birth, ref) <= 17 THEN 'Y15T17' WHEN date_sub('year', birth, ref) <= 24 THEN 'Y18T24'
  WHEN date_sub('year', birth, ref) <= 29 THEN 'Y25T29' WHEN date_sub('year', birth, ref) <= 39 THEN 'Y30T39'
  WHEN date_sub('year', birth, ref) <= 49 THEN 'Y40T49' WHEN date_sub('year', birth, ref) <= 64 THEN 'Y50T64'
  ELSE 'Y_GE65' END"""
_DURATION: Final = """CASE WHEN closed - opened < 91 THEN 'M_LT3' WHEN closed - opened < 182 THEN 'M3T6'
  WHEN closed - opened < 365 THEN 'M6T12' WHEN closed - opened < 730 THEN 'M12T24' ELSE 'M_GE24' END"""
_WAIT: Final = """CASE WHEN first_contact IS NULL THEN '_U' WHEN opened - first_contact < 8 THEN 'D_LE7'
  WHEN opened - first_contact < 15 THEN 'D8T14' WHEN opened - first_contact < 31 THEN 'D15T30'
  WHEN opened - first_contact < 61 THEN 'D31T60' WHEN opened - first_contact < 91 THEN 'D61T90'
  ELSE 'D_GT90' END"""
_EXPRESSIONS: Final = {"AGE": _AGE, "DURATION": _DURATION, "WAIT": _WAIT}

_SUPPORTED: Final = ("involvements", "opened <= p.ref AND (closed IS NULL OR closed >= p.first)")
_WHERE: Final = {
    "CASES_OPENED": ("cases", "opened BETWEEN p.first AND p.ref"),
    "CASES_CLOSED": ("cases", "closed BETWEEN p.first AND p.ref"),
    "CASES_OPEN": ("cases", "opened <= p.ref AND (closed IS NULL OR closed > p.ref)"),
    "CONTACTS_ONEOFF": ("contacts", '"date" BETWEEN p.first AND p.ref'),
    "PERSONS_SUPPORTED": _SUPPORTED,
    "PERSONS_NEW": _SUPPORTED,
    "FTE_FUNDED": ("posts", "valid_from <= p.ref AND (valid_to IS NULL OR valid_to >= p.ref)"),
    "FTE_FILLED": ("posts", "valid_from <= p.ref AND (valid_to IS NULL OR valid_to >= p.ref)"),
    "FUNDS_GRANTED": ("funds", '"year" = year(p.ref)'),
    "FUNDS_SPENT": ("funds", '"year" = year(p.ref)'),
    "REFERRALS": ("referrals", '"date" BETWEEN p.first AND p.ref'),
    "CASES_BY_DURATION": ("cases", "closed BETWEEN p.first AND p.ref"),
    "CASES_BY_WAIT": ("cases", "opened BETWEEN p.first AND p.ref"),
    "STRUCT_ISSUES": ("issues", "reported <= p.ref"),
    "B3_DECISIONS": ("decisions", '"date" BETWEEN p.first AND p.ref'),
}
#: Contributor and amount.
_AMOUNTS: Final = {
    "FTE_FUNDED": ("post_id", "funded"),
    "FTE_FILLED": ("post_id", "filled"),
    "FUNDS_GRANTED": ("carrier_id", "granted"),
    "FUNDS_SPENT": ("carrier_id", "spent"),
}


def connect(facts: Facts, periods: Sequence[Period]) -> duckdb.DuckDBPyConnection:
    """A connection that sees the same Arrow tables.

    Besides: the periods as (number, first, ref), and for each dimension of posts and euros which leaf counts
    under which published code.
    """
    connection = duckdb.connect()
    for name, table in facts.tables():
        connection.register(name, table)
    days = {"first": [p.first_day for p in periods], "ref": [p.last_day for p in periods]}
    connection.register("periods", pa.table({"number": list(range(len(periods))), **days}))
    for dimension in ("BAUSTEIN", "CARRIER", "COST"):
        codelist = codelist_of(load_catalogue(), dimension)
        pairs = [(leaf, code) for leaf in codelist.leaves for code in _above(codelist, leaf)]
        leaf, code = zip(*pairs, strict=True)
        connection.register(f"under_{dimension}", pa.table({"leaf": leaf, "code": code}))
    return connection


def count_with_sql(connection: duckdb.DuckDBPyConnection, dataset_id: str, freq: str) -> Cells:
    """All cells of one delivery of a dataflow for every period of the connection."""
    grid = delivery_grid(load_catalogue(), dataset_id, freq)
    cells: Cells = {}
    for indicator in grid.dataset.indicators:
        if freq in indicator.frequencies:
            for table in indicator.tables:
                rows = connection.execute(_statement(indicator, table)).fetchall()
                cells |= _cells(grid, indicator, table, rows)
    return cells


def _statement(indicator: Indicator, table: Table) -> str:
    if indicator.id in _AMOUNTS:
        return _amounts(indicator, table)
    source, where = _WHERE[indicator.id]
    columns = ", ".join(f"{_EXPRESSIONS[d]} AS {d}" if d in _EXPRESSIONS else d for d in table)
    rows = f"FROM {source} JOIN periods p ON {where}"
    use = indicator.dimension_use(table[0])
    if use is not None and not use.additive:
        answers = "unnest(list_distinct(FIELD || ['_T'])) AS FIELD"
        rows, columns = f"FROM (SELECT number, {answers} {rows})", "FIELD"
    elif indicator.type == "distinct_count":
        carried = ", ".join(f"'{c}': {c}" for c in ("birth" if d == "AGE" else d for d in table))
        last = f"arg_max({{{carried}}}, {{'o': opened, 'c': case_id}})"
        if indicator.id == "PERSONS_NEW":
            since = "SELECT person_id, min(opened) AS since FROM involvements GROUP BY ALL"
            rows += f" JOIN ({since}) USING (person_id) WHERE since >= p.first"
        persons = f"SELECT number, ref, {last} AS d {rows} GROUP BY number, ref, person_id"
        rows = f"FROM (SELECT number, ref, unnest(d) FROM ({persons}))"
    return f"SELECT number, {columns}, count(*) {rows} GROUP BY ALL"


def _amounts(indicator: Indicator, table: Table) -> str:
    """Net amount of each contributor under each published code first, then what stands behind each cell."""
    source, where = _WHERE[indicator.id]
    contributor, amount = _AMOUNTS[indicator.id]
    codes = ", ".join(f"under_{d}.code AS {d}" for d in table)
    groups = ", ".join(["number", contributor, *(f"under_{d}.code" for d in table)])
    under = " ".join(f"JOIN under_{d} ON under_{d}.leaf = {source}.{d}" for d in table)
    net = (
        f"SELECT number, {codes}, sum({amount})::BIGINT AS net "
        f"FROM {source} JOIN periods p ON {where} {under} GROUP BY {groups} HAVING net <> 0"
    )
    second = "coalesce(list_extract(max(abs(net), 2), 2), 0)"
    behind = f"sum(net)::BIGINT, count(*), max(abs(net)), {second}, sum(abs(net))::BIGINT"
    return f"SELECT number, {', '.join(table)}, {behind} FROM ({net}) GROUP BY ALL"


def _above(codelist: Codelist, leaf: str) -> tuple[str, ...]:
    published = codelist.recode(leaf)
    return (published, *codelist.ancestors(published))


def _cells(
    grid: CellGrid, indicator: Indicator, table: Table, rows: Sequence[tuple[Any, ...]]
) -> dict[tuple[int, Key], tuple[int, ...]]:
    """Rows of leaf codes as published cells; posts and euros come with published codes already."""
    found: dict[tuple[int, Key], tuple[int, ...]] = {}
    for number, *rest in rows:
        codes, values = rest[: len(table)], tuple(rest[len(table) :])
        if indicator.id in _AMOUNTS:
            found[number, grid.key(indicator, dict(zip(table, codes, strict=True)))] = values
            continue
        for combination in itertools.product(*_paths(indicator, table, codes)):
            cell = (number, grid.key(indicator, dict(zip(table, combination, strict=True))))
            found[cell] = (found.get(cell, (0,))[0] + values[0],)
    return found


def _paths(indicator: Indicator, table: Table, codes: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for dimension, code in zip(table, codes, strict=True):
        use = indicator.dimension_use(dimension)
        whole = use is None or code == TOTAL or not use.additive
        yield (code,) if whole or use is None else _above(use.codelist, code)
