"""Tabulation equals counting in plain loops, cell by cell, for random small municipalities."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from aggregation.tabulate import tabulate
from protocol.catalogue_file import load_catalogue
from protocol.codelists import NOT_APPLICABLE, TOTAL, Codelist
from protocol.grid import grid_of
from protocol.periods import Period
from tests.factories.facts import facts

CATALOGUE = load_catalogue()
PERIODS = Period.span(Period(2025, 3), Period(2026, 1))
Row = dict[str, Any]


def _leaves(codelist_id: str) -> st.SearchStrategy[str]:
    return st.sampled_from(CATALOGUE.codelists[codelist_id].leaves)


DAYS = st.dates(date(2025, 4, 1), date(2026, 5, 31))
PERSON = {
    "birth": st.none() | st.dates(date(1905, 1, 1), date(2026, 6, 1)),
    "SEX": _leaves("CL_SEX"),
    "CITIZEN": _leaves("CL_KIM_CITIZEN"),
    "RESIDENCE": _leaves("CL_KIM_RESIDENCE"),
    "RECHTSKREIS": _leaves("CL_KIM_RECHTSKREIS"),
}


def _ended(row: Row) -> Row:
    length = row.pop("length")
    row["closed"] = None if length is None else row["opened"] + timedelta(days=length)
    return row


LENGTH = st.none() | st.integers(0, 250)
CASES = st.lists(
    st.fixed_dictionaries(
        {
            "opened": DAYS,
            "length": LENGTH,
            **PERSON,
            "INST": _leaves("CL_KIM_INST"),
            "OUTCOME": _leaves("CL_KIM_OUTCOME"),
            "FIELD": st.lists(_leaves("CL_KIM_FIELD"), min_size=1, max_size=4),
        }
    ).map(_ended),
    max_size=12,
)
INVOLVEMENTS = st.lists(
    st.fixed_dictionaries(
        {
            "person_id": st.sampled_from("pqrst"),
            "case_id": st.sampled_from(["a", "b", "c10", "c9"]),
            "opened": DAYS,
            "length": LENGTH,
            **PERSON,
        }
    ).map(_ended),
    max_size=12,
    unique_by=lambda row: (row["person_id"], row["case_id"]),
)


def _under(codelist: Codelist, leaf: str, wanted: str) -> bool:
    published = codelist.recode(leaf)
    return wanted in (published, *codelist.ancestors(published))


def _age_group(birth: date | None, reference: date) -> str:
    if birth is None or birth > reference:
        return "_U"
    age = reference.year - birth.year - ((reference.month, reference.day) < (birth.month, birth.day))
    for code in CATALOGUE.codelists["CL_KIM_AGE"].codes:
        span = code.attributes
        if code.id not in {"Y_LT18", "Y18T64"} and span and span["lower_years"] <= age < span["upper_years"]:
            return code.id
    return "_U"


def _matches(row: Row, codes: dict[str, str], indicator_id: str, reference: date) -> bool:
    for dimension, wanted in codes.items():
        use = CATALOGUE.indicator(indicator_id).dimension_use(dimension)
        assert use is not None
        if wanted == TOTAL:
            continue
        values = row[dimension] if dimension != "AGE" else _age_group(row["birth"], reference)
        if isinstance(values, list) and set(values) != {"_U"}:
            values = [value for value in values if value != "_U"]
        if not any(
            _under(use.codelist, v, wanted) for v in (values if isinstance(values, list) else [values])
        ):
            return False
    return True


def _check(dataset_id: str, given_facts: Any, counted: Callable[[str, Period], Iterator[Row]]) -> None:
    grid = grid_of(CATALOGUE, dataset_id)
    result = tabulate(given_facts, catalogue=CATALOGUE, dataset_id=dataset_id, periods=PERIODS)
    for period in PERIODS:
        rows = {i.id: list(counted(i.id, period)) for i in grid.dataset.indicators}
        for number, key in enumerate(grid.keys):
            codes = {d: c for d, c in zip(grid.dims, key[1:], strict=True) if c != NOT_APPLICABLE}
            expected = sum(_matches(row, codes, key[0], period.last_day) for row in rows[key[0]])
            assert result[period].values[number] == expected, (period, key)


@settings(max_examples=40)
@given(
    CASES,
    st.lists(
        st.fixed_dictionaries(
            {"date": DAYS, "FIELD": _leaves("CL_KIM_FIELD"), "INST": _leaves("CL_KIM_INST")}
        ),
        max_size=6,
    ),
)
def test_cases_equal_plain_loops(cases: list[Row], contacts: list[Row]) -> None:
    def counted(indicator_id: str, period: Period) -> Iterator[Row]:
        first, last = period.first_day, period.last_day
        if indicator_id == "CONTACTS_ONEOFF":
            yield from (c for c in contacts if first <= c["date"] <= last)
        for case in cases:
            ended = case["closed"]
            if indicator_id == "CASES_OPENED" and first <= case["opened"] <= last:
                yield case
            if indicator_id == "CASES_CLOSED" and ended is not None and first <= ended <= last:
                yield case
            if indicator_id == "CASES_OPEN" and case["opened"] <= last and (ended is None or ended > last):
                yield case

    _check("CASES", facts(cases=cases, contacts=contacts), counted)


@settings(max_examples=40)
@given(INVOLVEMENTS)
def test_persons_equal_plain_loops(involvements: list[Row]) -> None:
    def counted(indicator_id: str, period: Period) -> Iterator[Row]:
        first, last = period.first_day, period.last_day
        for person in {row["person_id"] for row in involvements}:
            own = [row for row in involvements if row["person_id"] == person]
            during = [r for r in own if r["opened"] <= last and (r["closed"] is None or r["closed"] >= first)]
            is_new = first <= min(r["opened"] for r in own) <= last
            if during and (indicator_id == "PERSONS_SUPPORTED" or is_new):
                yield max(during, key=lambda r: (r["opened"], r["case_id"]))

    _check("PERSONS", facts(involvements=involvements), counted)
