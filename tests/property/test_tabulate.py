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
from protocol.grid import delivery_grid
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
    waited = row.pop("waited", None)
    row["first_contact"] = None if waited is None else row["opened"] - timedelta(days=waited)
    return row


def _involved(row: Row) -> Row:
    ended = _ended(row)
    del ended["first_contact"]
    return ended


LENGTH = st.none() | st.integers(0, 250) | st.sampled_from([0, 90, 91, 181, 182, 364, 365, 729, 730, 5000])
CASES = st.lists(
    st.fixed_dictionaries(
        {
            "opened": DAYS,
            "length": LENGTH,
            "waited": st.none() | st.integers(0, 120),
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
    ).map(_involved),
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


def _days_class(codelist_id: str, start: date | None, end: date | None) -> str:
    if start is None or end is None:
        return "_U"
    for code in CATALOGUE.codelists[codelist_id].codes:
        span = code.attributes
        if span and span["lower_days"] <= (end - start).days < (span["upper_days"] or 10**6):
            return code.id
    raise AssertionError("the classes leave a gap")


def _codes_of(row: Row, dimension: str, reference: date) -> list[str]:
    if dimension == "AGE":
        return [_age_group(row["birth"], reference)]
    if dimension == "DURATION":
        return [_days_class("CL_KIM_DURATION", row["opened"], row["closed"])]
    if dimension == "WAIT":
        return [_days_class("CL_KIM_WAIT", row["first_contact"], row["opened"])]
    values = row[dimension]
    if not isinstance(values, list):
        return [values]
    return values if set(values) == {"_U"} else [value for value in values if value != "_U"]


def _matches(row: Row, codes: dict[str, str], indicator_id: str, reference: date) -> bool:
    for dimension, wanted in codes.items():
        use = CATALOGUE.indicator(indicator_id).dimension_use(dimension)
        assert use is not None
        if wanted == TOTAL:
            continue
        if not any(_under(use.codelist, v, wanted) for v in _codes_of(row, dimension, reference)):
            return False
    return True


def _check(
    dataset_id: str,
    given_facts: Any,
    counted: Callable[[str, Period], Iterator[Row]],
    periods: tuple[Period, ...] = PERIODS,
) -> None:
    result = tabulate(given_facts, catalogue=CATALOGUE, dataset_id=dataset_id, periods=periods)
    assert list(result) == list(periods)
    for period in periods:
        grid = delivery_grid(CATALOGUE, dataset_id, period.freq)
        table = result[period]
        rows = {i.id: list(counted(i.id, period)) for i in grid.dataset.indicators}
        for number, key in enumerate(grid.keys):
            codes = {d: c for d, c in zip(grid.dims, key[1:], strict=True) if c != NOT_APPLICABLE}
            expected = sum(_matches(row, codes, key[0], period.last_day) for row in rows[key[0]])
            assert table.values[number] == expected, (period, key)
        assert table.collected.all()
        assert (table.contributors == table.values).all()
        assert (table.gross == table.values).all()
        assert not table.largest.any()
        assert not table.second.any()


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

    # A year and its quarters in one call, in any order.
    _check("PERSONS", facts(involvements=involvements), counted, (*PERIODS[:2], Period(2025), *PERIODS[2:]))


def _dated(**codes: str) -> st.SearchStrategy[list[Row]]:
    columns = {name: _leaves(codelist_id) for name, codelist_id in codes.items()}
    return st.lists(st.fixed_dictionaries({"date": DAYS, **columns}), max_size=8)


@settings(max_examples=40)
@given(
    CASES,
    _dated(FIELD="CL_KIM_FIELD", INST="CL_KIM_INST"),
    _dated(FIELD="CL_KIM_FIELD", ISSUE="CL_KIM_ISSUE"),
    _dated(DECISION="CL_KIM_DECISION", SEX="CL_SEX"),
)
def test_processes_equal_plain_loops(
    cases: list[Row], referrals: list[Row], issues: list[Row], decisions: list[Row]
) -> None:
    def counted(indicator_id: str, period: Period) -> Iterator[Row]:
        def within(day: date | None) -> bool:
            return day is not None and period.first_day <= day <= period.last_day

        if indicator_id == "CASES_BY_DURATION":
            yield from (case for case in cases if within(case["closed"]))
        if indicator_id == "CASES_BY_WAIT":
            yield from (case for case in cases if within(case["opened"]))
        if indicator_id == "REFERRALS":
            yield from (row for row in referrals if within(row["date"]))
        if indicator_id == "B3_DECISIONS":
            yield from (row for row in decisions if within(row["date"]))
        if indicator_id == "STRUCT_ISSUES":
            yield from (row for row in issues if row["date"] <= period.last_day)

    reported = [{"reported": row["date"], "FIELD": row["FIELD"], "ISSUE": row["ISSUE"]} for row in issues]
    given_facts = facts(cases=cases, referrals=referrals, issues=reported, decisions=decisions)
    _check("PROCESSES", given_facts, counted)


# ------------------------------------------------------------------------------- posts and euros


def _check_contributions(
    dataset_id: str,
    given_facts: Any,
    contributions: Callable[[str, Period], Iterator[tuple[Row, str, int]]],
    periods: tuple[Period, ...],
) -> None:
    result = tabulate(given_facts, catalogue=CATALOGUE, dataset_id=dataset_id, periods=periods)
    for period in periods:
        grid, table = delivery_grid(CATALOGUE, dataset_id, period.freq), result[period]
        for number, key in enumerate(grid.keys):
            codes = {d: c for d, c in zip(grid.dims, key[1:], strict=True) if c != NOT_APPLICABLE}
            net: dict[str, int] = {}
            for row, contributor, amount in contributions(key[0], period):
                if _matches(row, codes, key[0], period.last_day):
                    net[contributor] = net.get(contributor, 0) + amount
            sizes = sorted((abs(amount) for amount in net.values() if amount), reverse=True)
            found = (
                table.values[number],
                table.contributors[number],
                table.largest[number],
                table.second[number],
                table.gross[number],
            )
            assert found == (sum(net.values()), len(sizes), *[*sizes, 0, 0][:2], sum(sizes)), (period, key)
        assert table.collected.all()


def _posts(spans: list[tuple[str, list[Row]]]) -> list[Row]:
    """Rows of each post one after the other, so that no day has two of one post."""
    rows = []
    for post, parts in spans:
        since = date(2025, 6, 1)
        for place, part in enumerate(parts):
            row = {"post_id": post, "valid_from": since, **part}
            since += timedelta(days=row.pop("days"))
            row["valid_to"] = None if place == len(parts) - 1 else since - timedelta(days=1)
            rows.append(row)
    return rows


POST_PARTS = st.lists(
    st.fixed_dictionaries(
        {
            "days": st.integers(1, 200),
            "BAUSTEIN": _leaves("CL_KIM_BAUSTEIN"),
            "CARRIER": _leaves("CL_KIM_CARRIER"),
            "funded": st.sampled_from([0, 50, 100]),
            "filled": st.sampled_from([0, 0, 50, 75, 100]),
        }
    ),
    min_size=1,
    max_size=3,
)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.sampled_from("abcdef"), POST_PARTS), max_size=6, unique_by=lambda s: s[0]))
def test_posts_equal_plain_loops(spans: list[tuple[str, list[Row]]]) -> None:
    posts = _posts(spans)

    def contributions(indicator_id: str, period: Period) -> Iterator[tuple[Row, str, int]]:
        column = {"FTE_FUNDED": "funded", "FTE_FILLED": "filled"}[indicator_id]
        for row in posts:
            if row["valid_from"] <= period.last_day <= (row["valid_to"] or date.max):
                yield row, row["post_id"], row[column]

    _check_contributions("STAFFING", facts(posts=posts), contributions, PERIODS)


@settings(max_examples=40)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "year": st.sampled_from([2024, 2025, 2026]),
                "carrier_id": st.sampled_from("ABCD"),
                "BAUSTEIN": _leaves("CL_KIM_BAUSTEIN"),
                "COST": _leaves("CL_KIM_COST"),
                "CARRIER": _leaves("CL_KIM_CARRIER"),
                "granted": st.integers(0, 10**10),
                "spent": st.integers(-(10**10), 10**10) | st.sampled_from([-5, 0, 5]),
            }
        ),
        max_size=14,
    )
)
def test_funds_equal_plain_loops(funds: list[Row]) -> None:
    def contributions(indicator_id: str, period: Period) -> Iterator[tuple[Row, str, int]]:
        column = {"FUNDS_GRANTED": "granted", "FUNDS_SPENT": "spent"}[indicator_id]
        for row in funds:
            if row["year"] == period.year:
                yield row, row["carrier_id"], row[column]

    _check_contributions("FUNDS", facts(funds=funds), contributions, (Period(2026), Period(2025)))
