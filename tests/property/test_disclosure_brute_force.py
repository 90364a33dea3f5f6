"""Disclosure control against brute force: every integer table that fits what is published, enumerated."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from aggregation.disclosure import Delivered, Verdict, audit_delivery, cell_bounds, protect_delivery
from aggregation.disclosure.primary import open_zeros, sensitive_cells
from aggregation.disclosure.relations import structure_of
from aggregation.limits import OPEN_ABOVE
from aggregation.sdc.audit import examine, intervals
from aggregation.sdc.demands import Demands
from aggregation.sdc.linear_system import NO_LIMIT, LinearSystem, Relation, RelationKind
from aggregation.sdc.publication import Publication
from aggregation.tabulation import Tabulation
from protocol.catalogue import Catalogue
from protocol.codelists import TOTAL
from protocol.errors import KimError
from protocol.grid import CellGrid
from protocol.periods import Period
from tests.factories.catalogues import catalogue_of, codelist, indicator, stocks_and_flows, two_by_three
from tests.factories.worlds import count, determined, possible, published

A2 = codelist("CL_A", {"_T": None, "a1": "_T", "a2": "_T"})
B2 = codelist("CL_B", {"_T": None, "b1": "_T", "b2": "_T"})
DEEP = codelist("CL_A", {"_T": None, "a": "_T", "b": "_T", "b1": "b", "b2": "b", "b3": "b"})
FIELDS = codelist("CL_F", {"_T": None, "f1": "_T", "f2": "_T", "f3": "_T"})
UNKNOWN = codelist(
    "CL_F",
    {"_T": None, "f1": "_T", "f2": "_T", "u": "_T"},
    attributes={"u": {"exclusive": True}},
)
NO_TOTAL = codelist("CL_A", {"a1": None, "a2": None}, total=None)
DELICATE = codelist("CL_A", {"_T": None, "a1": "_T", "a2": "_T", "a3": "_T"}, rule={"a2": "R10"})
SUBSET = {
    "id": "S",
    "kind": "subset",
    "severity": "error",
    "certain": True,
    "dimensions": ["A"],
    "terms": [{"sign": 1, "indicator": "NEW"}, {"sign": -1, "indicator": "N"}],
    "text": {"de": "s", "en": "s"},
}
WORLDS = {
    "crossed": two_by_three(),
    "deep and linked": catalogue_of([DEEP, B2], [indicator("N", [["A"], ["B"]])]),
    "crossed, deep": catalogue_of([DEEP, B2], [indicator("N", [["A", "B"]])]),
    "linked by a margin": catalogue_of(
        [A2, B2, codelist("CL_C", {"_T": None, "c1": "_T", "c2": "_T"})],
        [indicator("N", [["A", "B"], ["A", "C"]])],
    ),
    "several answers": catalogue_of([FIELDS, A2], [indicator("N", [["F"], ["A"]], multi_response=["F"])]),
    "unknown excludes": catalogue_of([UNKNOWN], [indicator("N", [["F"]], multi_response=["F"])]),
    "no total": catalogue_of([NO_TOTAL, B2], [indicator("N", [["A", "B"]])]),
    "delicate code": catalogue_of([DELICATE, B2], [indicator("N", [["A"], ["B"]])]),
    "subset": catalogue_of([A2], [indicator("N", [["A"]]), indicator("NEW", [["A"]])], identities=[SUBSET]),
}
HISTORIES = {
    f"leavers {leavers}": stocks_and_flows("a1", "a2", leavers=leavers)
    for leavers in ("by group", "in total")
}
QUARTERS = [Period(2025, quarter) for quarter in (1, 2, 3)]


def _leaves(catalogue: Catalogue, grid: CellGrid, dimension: str) -> list[str]:
    use = next(u for i in grid.dataset.indicators for u in i.dimensions if u.id == dimension)
    return [code for code in use.codelist.leaves if code != TOTAL]


@st.composite
def counted(draw: st.DrawFn, catalogue: Catalogue, *, max_people: int = 10) -> np.ndarray:
    """True values of a world in which everybody is drawn one by one."""
    grid = structure_of(catalogue, "D").grid
    codes = {
        d: st.frozensets(
            st.sampled_from(_leaves(catalogue, grid, d)), min_size=1, max_size=3 if d == "F" else 1
        )
        for d in grid.dims
    }
    people: list[dict[str, frozenset[str]]] = draw(
        st.lists(st.fixed_dictionaries(codes), max_size=max_people)
    )
    for person in people:
        if len(person.get("F", ())) > 1:  # whoever gave an answer is not unknown
            person["F"] -= {"u"}
    newcomers = draw(st.integers(0, len(people)))
    return count(
        grid, {i.id: people[:newcomers] if i.id == "NEW" else people for i in grid.dataset.indicators}
    )


@st.composite
def quarters(draw: st.DrawFn, catalogue: Catalogue) -> list[np.ndarray]:
    """Three quarters of stocks and flows; cases come and go."""
    grid = structure_of(catalogue, "D").grid
    case = st.tuples(st.sampled_from(["a1", "a2"]), st.integers(-1, 2), st.integers(0, 4))
    cases = draw(st.lists(case, max_size=12))
    tables = []
    for now in range(3):
        stay = [({"A": frozenset([code])}, start, start + length) for code, start, length in cases]
        tables.append(
            count(
                grid,
                {
                    "OPENED": [p for p, start, _ in stay if start == now],
                    "CLOSED": [p for p, start, end in stay if end == now],
                    "OPEN": [p for p, start, end in stay if start <= now < end],
                },
            )
        )
    return tables


def _delivered(period: Period, values: np.ndarray, withheld: np.ndarray) -> Delivered:
    return Delivered("D", period, Tabulation.of_counts(values), withheld)


def _shown(values: np.ndarray, withheld: np.ndarray) -> list[int | None]:
    return [None if hidden else int(v) for v, hidden in zip(values, withheld, strict=True)]


def _pattern(
    catalogue: Catalogue, period: Period, values: np.ndarray, linked: Sequence[Delivered] = ()
) -> np.ndarray | None:
    """The pattern of a delivery, or None if it is refused because none is safe."""
    try:
        return protect_delivery(catalogue, "D", period, Tabulation.of_counts(values), linked=linked).withheld
    except KimError as refusal:
        if refusal.code != "disclosure_unsafe":
            raise
        return None


def _sensitive_withheld(catalogue: Catalogue, deliveries: Sequence[Delivered]) -> list[int]:
    structure = structure_of(catalogue, "D")
    masks = [d.withheld & sensitive_cells(structure, d.table) for d in deliveries]
    return np.flatnonzero(np.concatenate(masks)).tolist()


def _exposed_rows(catalogue: Catalogue, deliveries: Sequence[Delivered]) -> tuple[set[int], Verdict]:
    """What the audit says about the first delivery and those linked to it, as cells of the joint system."""
    grid, new = structure_of(catalogue, "D").grid, deliveries[0]
    report = audit_delivery(
        catalogue, "D", new.period, _shown(new.values, new.withheld), table=new.table, linked=deliveries[1:]
    )
    assert not report.undecided
    block = {d.period: number for number, d in enumerate(deliveries)}
    cells = {block[f.period] * len(grid) + grid.index[f.key] for f in report.exposed}
    hidden = np.concatenate([d.withheld for d in deliveries])
    return {cell for cell in cells if hidden[cell]}, report.verdict


@pytest.mark.parametrize("name", WORLDS)
@settings(max_examples=60)
@given(data=st.data())
def test_the_audit_finds_exactly_the_cells_that_are_determined(name: str, data: st.DataObject) -> None:
    catalogue = WORLDS[name]
    structure = structure_of(catalogue, "D")
    values = data.draw(counted(catalogue))
    hidden = data.draw(st.lists(st.booleans(), min_size=len(values), max_size=len(values)))
    withheld = np.array(hidden) & ~open_zeros(structure, Tabulation.of_counts(values))
    new = _delivered(QUARTERS[0], values, withheld)
    cells = _sensitive_withheld(catalogue, [new])
    exposed, verdict = _exposed_rows(catalogue, [new])
    truth = determined(published(structure, new), cells)
    assert exposed == truth
    in_the_open = sensitive_cells(structure, Tabulation.of_counts(values)) & ~withheld
    assert (verdict is Verdict.SAFE) == (not truth and not in_the_open.any())


@pytest.mark.parametrize("name", WORLDS)
@settings(max_examples=40)
@given(data=st.data())
def test_a_protected_delivery_determines_no_sensitive_cell(name: str, data: st.DataObject) -> None:
    catalogue = WORLDS[name]
    structure = structure_of(catalogue, "D")
    values = data.draw(counted(catalogue))
    new = _delivered(QUARTERS[0], values, np.zeros(len(values), dtype=np.bool_))
    withheld = _pattern(catalogue, new.period, values)
    if withheld is None:
        everything = _delivered(new.period, values, ~open_zeros(structure, Tabulation.of_counts(values)))
        assert determined(published(structure, everything), _sensitive_withheld(catalogue, [everything]))
        return
    new = _delivered(new.period, values, withheld)
    assert not (sensitive_cells(structure, Tabulation.of_counts(values)) & ~withheld).any()
    assert not (withheld & open_zeros(structure, Tabulation.of_counts(values))).any()
    assert not determined(published(structure, new), _sensitive_withheld(catalogue, [new]))
    assert _exposed_rows(catalogue, [new]) == (set(), Verdict.SAFE)


@pytest.mark.parametrize("name", HISTORIES)
@settings(max_examples=60)
@given(data=st.data())
def test_with_history_the_audit_finds_exactly_the_cells_that_are_determined(
    name: str, data: st.DataObject
) -> None:
    catalogue = HISTORIES[name]
    structure = structure_of(catalogue, "D")
    tables = data.draw(quarters(catalogue))
    deliveries = []
    for period, values in zip(QUARTERS, tables, strict=True):
        hidden = data.draw(st.lists(st.booleans(), min_size=len(values), max_size=len(values)))
        deliveries.append(_delivered(period, values, np.array(hidden) & (values > 0)))
    deliveries = data.draw(st.permutations(deliveries))[: data.draw(st.integers(1, 3))]
    new, linked = deliveries[0], sorted(deliveries[1:], key=lambda d: d.period)
    reach = {new.period}
    for _ in range(3):
        reach |= {d.period for d in linked if {d.period.previous(), d.period.next()} & reach}
    linked = [d for d in linked if d.period in reach]
    exposed, _ = _exposed_rows(catalogue, [new, *linked])
    cells = _sensitive_withheld(catalogue, [new, *linked])
    assert exposed == determined(published(structure, new, linked), cells)


@pytest.mark.parametrize("name", HISTORIES)
@settings(max_examples=40)
@given(data=st.data(), order=st.permutations([0, 1, 2]))
def test_quarter_after_quarter_nothing_becomes_determined(
    name: str, data: st.DataObject, order: list[int]
) -> None:
    catalogue = HISTORIES[name]
    structure = structure_of(catalogue, "D")
    tables = data.draw(quarters(catalogue))
    out: list[Delivered] = []
    for number in order:
        values = tables[number]
        withheld = _pattern(catalogue, QUARTERS[number], values, out)
        if withheld is None:
            everything = _delivered(QUARTERS[number], values, values > 0)
            together = published(structure, everything, out)
            history = [everything, *sorted(out, key=lambda d: d.period)]
            assert determined(together, _connected(catalogue, history))
            return
        new = _delivered(QUARTERS[number], values, withheld)
        history = [new, *sorted(out, key=lambda d: d.period)]
        assert not determined(published(structure, new, out), _connected(catalogue, history))
        out.append(new)


def _connected(catalogue: Catalogue, history: list[Delivered]) -> list[int]:
    """Sensitive cells of the deliveries that are linked to the first."""
    reach = {history[0].period}
    for _ in history:
        reach |= {d.period for d in history if {d.period.previous(), d.period.next()} & reach}
    return _sensitive_withheld(catalogue, [d for d in history if d.period in reach])


@pytest.mark.parametrize("name", WORLDS)
@settings(max_examples=40)
@given(data=st.data())
def test_bounds_are_the_range_of_all_tables(name: str, data: st.DataObject) -> None:
    """These worlds have network matrices: linear bounds are attained by integer tables."""
    catalogue = WORLDS[name]
    structure = structure_of(catalogue, "D")
    values = data.draw(counted(catalogue, max_people=7))
    hidden = data.draw(st.lists(st.booleans(), min_size=len(values), max_size=len(values)))
    withheld = (np.array(hidden) | sensitive_cells(structure, Tabulation.of_counts(values))) & ~open_zeros(
        structure, Tabulation.of_counts(values)
    )
    shown = data.draw(st.sampled_from(np.flatnonzero(withheld).tolist() or [0]))
    withheld[shown] &= data.draw(st.booleans())
    assume(0 < withheld.sum() <= 8)
    lower, upper = cell_bounds(structure.grid, np.where(withheld, 0, values), withheld, catalogue)
    publication = published(structure, _delivered(QUARTERS[0], values, withheld), guessing=False)
    cap = int(max(values.max(), upper[upper < OPEN_ABOVE].max(initial=0))) + 2
    for cell in np.flatnonzero(withheld).tolist():
        low, high = int(lower[cell]), int(upper[cell])
        assert possible(publication, cell, low, low, cap=4 * cap)
        assert not possible(publication, cell, 0, low - 1, cap=cap)
        if high == OPEN_ABOVE:
            assert possible(publication, cell, cap, cap, cap=4 * cap)
        else:
            assert possible(publication, cell, high, high, cap=4 * cap)
            assert not possible(publication, cell, high + 1, cap, cap=cap)
    assert np.array_equal(lower[~withheld], values[~withheld])
    assert np.array_equal(upper[~withheld], values[~withheld])


# ------------------------------------------------------------------------- systems that no catalogue gives


@st.composite
def odd_systems(draw: st.DrawFn) -> tuple[Publication, np.ndarray]:
    """Relations with factors up to 3, so that linear limits are wide where integers are not."""
    cells = draw(st.integers(2, 6))
    values = np.array(draw(st.lists(st.integers(0, 4), min_size=cells, max_size=cells)), dtype=np.int64)
    relations = []
    for _ in range(draw(st.integers(1, 4))):
        chosen = sorted(draw(st.sets(st.integers(0, cells - 1), min_size=1, max_size=4)))
        factors = draw(
            st.lists(st.sampled_from([-3, -2, -1, 1, 2, 3]), min_size=len(chosen), max_size=len(chosen))
        )
        total = sum(f * int(values[c]) for f, c in zip(factors, chosen, strict=True))
        slack = draw(st.sampled_from([0, 0, 0, 1, NO_LIMIT]))
        upper = NO_LIMIT if slack == NO_LIMIT else total + slack
        relations.append(Relation(RelationKind.SUM, tuple(chosen), tuple(factors), total, upper))
    withheld = np.array(draw(st.lists(st.booleans(), min_size=cells, max_size=cells)))
    floors = np.minimum(values, draw(st.sampled_from([0, 1])))
    return Publication(LinearSystem.of(cells, relations), values, withheld, floors), withheld


@settings(max_examples=200)
@given(odd_systems())
def test_the_audit_reasons_in_integers(case: tuple[Publication, np.ndarray]) -> None:
    publication, withheld = case
    outcome = examine(publication, Demands.differing(withheld))
    cells = np.flatnonzero(withheld).tolist()
    assert {e.cell for e in outcome.exposed} == determined(publication, cells, spare=30)
    assert not outcome.undecided


@settings(max_examples=200)
@given(odd_systems())
def test_intervals_are_the_range_of_all_integer_tables(case: tuple[Publication, np.ndarray]) -> None:
    publication, withheld = case
    cells = np.flatnonzero(withheld)
    found = intervals(publication, cells)
    assert found.exact.all()
    for cell, low, high in zip(cells.tolist(), found.lower.tolist(), found.upper.tolist(), strict=True):
        assert possible(publication, cell, low, low, cap=50)
        assert low == 0 or not possible(publication, cell, 0, low - 1, cap=30)
        assert not possible(publication, cell, high + 1, 30, cap=30)
        assert high >= 30 or possible(publication, cell, high, high, cap=50)
