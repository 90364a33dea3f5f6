"""Attacks that put deliveries side by side: other dataflows of the quarter, the quarters of a year.

Whoever has all of them reads one through the other. The product protects each delivery together with those
that a relation ties to it, in whatever order they come.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from aggregation.disclosure import Delivered, Reason, Verdict, protect_delivery
from aggregation.disclosure.history import linked_history
from aggregation.disclosure.relations import structure_of
from aggregation.sdc.linear_system import RelationKind
from aggregation.tabulation import Tabulation
from protocol.catalogue import Catalogue
from protocol.grid import delivery_grid
from protocol.periods import Period
from tests.factories.catalogues import catalogue_of, codelist, indicator
from tests.spec.books import audited, exposed, pattern, row_named, safe_pattern

SPRING = Period(2025, 1)
YEAR = Period(2025)
DISTRIBUTION = {"id": "DIST", "kind": "distribution", "min_contributors": 3, "min_total": 10}


def _identity(kind: str, *terms: str, dimensions: tuple[str, ...] = ()) -> dict:
    signs = itertools.chain([1], itertools.repeat(-1))
    return {
        "id": f"V_{kind}",
        "kind": kind,
        "severity": "error",
        "certain": False,
        "dimensions": list(dimensions),
        "terms": [{"sign": sign, "indicator": term} for sign, term in zip(signs, terms, strict=False)],
        "text": {"de": kind, "en": kind},
    }


CLOSED = catalogue_of(
    [
        codelist("CL_A", {"_T": None, "a": "_T", "b": "_T"}),
        codelist("CL_L", {"_T": None, "short": "_T", "long": "_T", "longer": "_T"}),
    ],
    [
        indicator("CLOSED", [["A"]], dataset="CASES"),
        indicator("BY_LENGTH", [["L"]], dataset="PROCESSES", rule="DIST"),
    ],
    identities=[_identity("equal", "BY_LENGTH", "CLOSED")],
    rules=[DISTRIBUTION],
    frequencies={"CASES": ["Q"], "PROCESSES": ["Q"]},
)


def _counted(
    catalogue: Catalogue, dataset_id: str, table: dict[str, int], period: Period = SPRING
) -> Tabulation:
    grid = delivery_grid(catalogue, dataset_id, period.freq)
    values = np.zeros(len(grid), dtype=np.int64)
    for name, value in table.items():
        values[row_named(grid, name)] = value
    return Tabulation.of_counts(values)


def _delivered(
    catalogue: Catalogue, dataset_id: str, table: dict[str, int], withheld: list[str], period: Period = SPRING
) -> Delivered:
    grid = delivery_grid(catalogue, dataset_id, period.freq)
    counted = _counted(catalogue, dataset_id, table, period)
    return Delivered(dataset_id, period, counted, pattern(grid, withheld))


# ----------------------------------------------------------------------------------- distributions of ten


def test_a_distribution_of_nine_is_withheld_as_a_whole() -> None:
    """Nine cases are too few to say how long they took; the zero of "longer" too would say something."""
    table = _counted(CLOSED, "PROCESSES", {"short": 6, "long": 3, "longer": 0, "total": 9})
    grid = delivery_grid(CLOSED, "PROCESSES", "Q")
    everything = {"short", "long", "longer"}
    assert exposed(audited(CLOSED, table, [], dataset_id="PROCESSES", period=SPRING), grid) == everything
    careless = audited(CLOSED, table, ["short", "long"], dataset_id="PROCESSES", period=SPRING)
    assert exposed(careless, grid) == {"longer"}
    assert safe_pattern(CLOSED, table, dataset_id="PROCESSES", period=SPRING) == everything
    reasons = protect_delivery(CLOSED, "PROCESSES", SPRING, table).reasons
    assert reasons[row_named(grid, "longer")] == Reason.DISTRIBUTION


def test_from_ten_on_the_small_classes_hide_in_the_others() -> None:
    """Ten cases may be shown, but not that one of them took long; its zeros are shown."""
    table = _counted(CLOSED, "PROCESSES", {"short": 9, "long": 1, "longer": 0, "total": 10})
    assert safe_pattern(CLOSED, table, dataset_id="PROCESSES", period=SPRING) == {"short", "long"}
    nothing = _counted(CLOSED, "PROCESSES", {})
    assert safe_pattern(CLOSED, nothing, dataset_id="PROCESSES", period=SPRING) == set()


@pytest.mark.parametrize("classes", [(9, 1, 0), (8, 1, 0), (1, 1, 1), (4, 0, 0), (9, 0, 0), (10, 0, 0)])
def test_reading_the_rule_of_ten_backwards(classes: tuple[int, ...]) -> None:
    """Who knows the rule asks which distributions make it show what is shown, and finds several.

    A zero shows exactly if the total is ten or more (or nobody is there at all): never because of what
    the classes are.
    """
    shown = _shown(classes)
    assert len(shown) == 4
    same = [
        other
        for other in itertools.product(range(13), repeat=3)
        if sum(other) <= 12
        and all(s is None or s == v for s, v in zip(shown, (*other, sum(other)), strict=True))
        and _shown(other) == shown
    ]
    assert classes in same
    for number, value in enumerate(shown[:3]):
        assert value is not None or len({other[number] for other in same}) > 1


def _shown(classes: tuple[int, ...]) -> tuple[int | None, ...]:
    """What the product publishes of a distribution: three classes and the total."""
    if classes not in _SHOWN:
        table = dict(zip(("short", "long", "longer"), classes, strict=True)) | {"total": sum(classes)}
        counted = _counted(CLOSED, "PROCESSES", table)
        hidden = protect_delivery(CLOSED, "PROCESSES", SPRING, counted).withheld
        rows = [row_named(delivery_grid(CLOSED, "PROCESSES", "Q"), name) for name in table]
        _SHOWN[classes] = tuple(None if hidden[row] else int(counted.values[row]) for row in rows)
    return _SHOWN[classes]


_SHOWN: dict[tuple[int, ...], tuple[int | None, ...]] = {}


# ------------------------------------------------------------------------------- one figure in two dataflows

FEW = {"a": 2, "b": 1, "total": 3}
FEW_BY_LENGTH = {"short": 3, "long": 0, "longer": 0, "total": 3}


def test_the_same_figure_in_another_dataflow() -> None:
    """Three closed cases are withheld among the cases; by length the rule of their total would show them."""
    cases = _delivered(CLOSED, "CASES", FEW, ["a", "b", "total"])
    table = _counted(CLOSED, "PROCESSES", FEW_BY_LENGTH)
    by_length = ["short", "long", "longer"]
    report = audited(CLOSED, table, by_length, dataset_id="PROCESSES", period=SPRING, linked=[cases])
    assert report.verdict is Verdict.UNSAFE
    assert any("ist gleich" in finding.text.de for finding in report.exposed)
    everything = {"short", "long", "longer", "total"}
    assert safe_pattern(CLOSED, table, dataset_id="PROCESSES", period=SPRING, linked=[cases]) == everything
    # Before the cases are delivered, the figure keeps their rule too: they will follow.
    assert safe_pattern(CLOSED, table, dataset_id="PROCESSES", period=SPRING) == everything


def test_a_total_that_is_out_holds_the_other_dataflow_to_it() -> None:
    """Seven closed cases are public; by length they are known to be seven, and need no total of their own."""
    cases = _delivered(CLOSED, "CASES", {"a": 6, "b": 1, "total": 7}, ["a", "b"])
    table = _counted(CLOSED, "PROCESSES", {"short": 6, "long": 1, "longer": 0, "total": 7})
    grid = delivery_grid(CLOSED, "PROCESSES", "Q")
    shown = audited(CLOSED, table, ["short", "total"], dataset_id="PROCESSES", period=SPRING, linked=[cases])
    assert exposed(shown, grid) == {"short", "long", "longer"}
    pattern_beside = safe_pattern(CLOSED, table, dataset_id="PROCESSES", period=SPRING, linked=[cases])
    assert pattern_beside == {"short", "long", "longer"}


# ------------------------------------------------------------------------------------ quarters and their year

AGES = {"young": {"lower_years": 0, "upper_years": 18}, "old": {"lower_years": 18, "upper_years": 111}}
PERSONS = catalogue_of(
    [
        codelist("CL_A", {"_T": None, "a": "_T", "b": "_T", "c": "_T"}),
        codelist("CL_AGE", {"_T": None, "young": "_T", "old": "_T", "_U": "_T"}, attributes=AGES),
    ],
    [indicator("N", [["A"], ["AGE"]], frequencies=["Q", "A"])],
    identities=[_identity("year_bounds", "N", dimensions=("A", "AGE"))],
    frequencies={"D": ["Q", "A"]},
)
PER_QUARTER = [
    {"a": 3, "b": 20, "c": 30, "old": 53, "total": 53},
    {"a": 0, "b": 22, "c": 30, "old": 52, "total": 52},
    {"a": 0, "b": 20, "c": 33, "old": 53, "total": 53},
    {"a": 0, "b": 20, "c": 30, "old": 50, "total": 50},
]
WHOLE_YEAR = {"a": 3, "b": 40, "c": 51, "old": 94, "total": 94}


def _quarters(*withheld: list[str]) -> list[Delivered]:
    hidden = itertools.chain(withheld, itertools.repeat([]))
    return [
        _delivered(PERSONS, "D", table, cells, Period(2025, number))
        for number, (table, cells) in enumerate(zip(PER_QUARTER, hidden, strict=False), start=1)
    ]


def test_a_year_less_its_quarters() -> None:
    """Nobody of a came after spring (published zeros): the year's a is spring's a, and gives it away."""
    grid = delivery_grid(PERSONS, "D", "A")
    quarters = _quarters(["a", "b"])
    table = _counted(PERSONS, "D", WHOLE_YEAR, YEAR)
    assert audited(PERSONS, table, ["a", "b"], period=YEAR).verdict is Verdict.SAFE
    # With b and c of the year in sight, its a is computed, and spring's with it.
    report = audited(PERSONS, table, ["a"], period=YEAR, linked=quarters)
    assert {finding.period for finding in report.exposed} == {SPRING, YEAR}
    assert any("Personen eines Jahres" in finding.text.de for finding in report.exposed)
    assert exposed(report, grid) == {"a"}
    assert safe_pattern(PERSONS, table, period=YEAR, linked=quarters) == {"a", "b"}


def test_a_quarter_that_comes_after_its_year() -> None:
    """The year is out, the spring follows late: it must not open what the year withheld."""
    year = _delivered(PERSONS, "D", WHOLE_YEAR, ["a", "b"], YEAR)
    later = _quarters()[1:]
    table = _counted(PERSONS, "D", PER_QUARTER[0])
    report = audited(PERSONS, table, [], period=SPRING, linked=[year, *later])
    assert YEAR in {finding.period for finding in report.exposed}
    assert {"a"} < safe_pattern(PERSONS, table, period=SPRING, linked=[year, *later])


def test_people_grow_older_within_a_year() -> None:
    """Three turn 18 in summer: young in spring, old in the year. No class of age bounds itself."""
    spring = {"a": 9, "b": 20, "c": 30, "young": 9, "old": 50, "total": 59}
    aged = {"a": 9, "b": 20, "c": 30, "young": 6, "old": 53, "total": 59}
    quarter = _delivered(PERSONS, "D", spring, [], SPRING)
    table = _counted(PERSONS, "D", aged, YEAR)
    assert audited(PERSONS, table, [], period=YEAR, linked=[quarter]).verdict is Verdict.SAFE
    # But nobody grows younger: with no young person in any quarter there is none in the year.
    nobody = {"a": 9, "b": 20, "c": 30, "young": 0, "old": 50, "_U": 9, "total": 59}
    quarters = [_delivered(PERSONS, "D", nobody, [], Period(2025, number)) for number in (1, 2, 3, 4)]
    year = linked_history(
        structure_of(PERSONS, "D", "A"), _delivered(PERSONS, "D", nobody, ["_U", "old"], YEAR), quarters
    )
    young = row_named(delivery_grid(PERSONS, "D", "A"), "young")
    caps = [row for row in range(year.system.rows) if year.system.kinds[row] == RelationKind.YEAR]
    assert any(young in year.system.columns[year.system.entries(row)] for row in caps)


NEWCOMERS = catalogue_of(
    [codelist("CL_A", {"_T": None, "a": "_T", "b": "_T", "c": "_T"})],
    [indicator("N", [["A"]], frequencies=["Q", "A"]), indicator("NEW", [["A"]])],
    identities=[_identity("year_bounds", "N", "NEW", dimensions=("A",))],
    frequencies={"D": ["Q", "A"]},
)


def test_a_year_less_its_newcomers() -> None:
    """One of a in spring, then 5, 5 and 6 who were never there before; 17 in the year: so one in spring."""
    new = [{"a": 1, "b": 20, "c": 30}, {"a": 5}, {"a": 5}, {"a": 6}]
    there = [{"a": 1, "b": 20, "c": 30}] + [{"a": 5 + number, "b": 20, "c": 30} for number in range(3)]
    quarters = []
    for number in range(4):
        table = {f"N:{code}": value for code, value in there[number].items()}
        table |= {f"NEW:{code}": value for code, value in new[number].items()}
        table |= {"N:total": sum(there[number].values()), "NEW:total": sum(new[number].values())}
        hidden = ["N:a", "N:b", "NEW:a", "NEW:b"] if not number else []
        quarters.append(_delivered(NEWCOMERS, "D", table, hidden, Period(2025, number + 1)))
    year = _counted(NEWCOMERS, "D", {"a": 17, "b": 20, "c": 30, "total": 67}, YEAR)
    assert audited(NEWCOMERS, year, [], period=YEAR, linked=quarters[:3]).verdict is Verdict.SAFE
    report = audited(NEWCOMERS, year, [], period=YEAR, linked=quarters)
    assert {finding.period for finding in report.exposed} == {SPRING}
    assert "a" in safe_pattern(NEWCOMERS, year, period=YEAR, linked=quarters)
    # The other way round: the year is out and its last quarter follows.
    out = _delivered(NEWCOMERS, "D", {"a": 17, "b": 20, "c": 30, "total": 67}, [], YEAR)
    last = quarters[3].table
    period = Period(2025, 4)
    linked = [out, *quarters[:3]]
    assert audited(NEWCOMERS, last, [], period=period, linked=linked).verdict is Verdict.UNSAFE
    assert "a" in safe_pattern(NEWCOMERS, last, period=period, linked=linked)
