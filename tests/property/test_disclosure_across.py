"""Deliveries of several dataflows and frequencies against brute force: all tables that fit them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from aggregation.disclosure import Delivered, Verdict, audit_delivery, protect_delivery
from aggregation.disclosure.history import linked_history
from aggregation.disclosure.primary import open_zeros, sensitive_cells, with_whole_distributions
from aggregation.disclosure.relations import Structure, structure_of
from aggregation.tabulation import Tabulation
from protocol.catalogue import Catalogue
from protocol.errors import KimError
from protocol.periods import Period
from tests.factories.catalogues import catalogue_of, codelist, indicator
from tests.factories.worlds import count, determined, published

QUARTERS = [Period(2025, number) for number in (1, 2, 3, 4)]
YEAR = Period(2025)
SIDES = codelist("CL_A", {"_T": None, "a1": "_T", "a2": "_T"})
AGES = {"young": {"lower_years": 0, "upper_years": 18}, "old": {"lower_years": 18, "upper_years": 111}}


def _identity(kind: str, *terms: dict, dimensions: Sequence[str] = ()) -> dict:
    text = {"de": kind, "en": kind}
    common = {"id": kind, "kind": kind, "severity": "error", "certain": False, "text": text}
    return common | {"terms": list(terms), "dimensions": list(dimensions)}


EQUAL = catalogue_of(
    [SIDES, codelist("CL_L", {"_T": None, "l1": "_T", "l2": "_T", "l3": "_T"})],
    [indicator("N", [["A"]], dataset="C"), indicator("L", [["L"]], dataset="P", rule="DIST")],
    identities=[_identity("equal", {"sign": 1, "indicator": "L"}, {"sign": -1, "indicator": "N"})],
    rules=[{"id": "DIST", "kind": "distribution", "min_contributors": 3, "min_total": 7}],
    frequencies={"C": ["Q"], "P": ["Q"]},
)
BY_SIDE, BY_AGE = (
    catalogue_of(
        [SIDES, codelist("CL_AGE", {"_T": None, "young": "_T", "old": "_T"}, attributes=AGES)],
        [indicator("N", [[dimension]], dataset="P", frequencies=["Q", "A"])],
        identities=[_identity("year_bounds", {"sign": 1, "indicator": "N"}, dimensions=("A", "AGE"))],
        frequencies={"P": ["Q", "A"]},
    )
    for dimension in ("A", "AGE")
)
Figures = list[tuple[str, Period, np.ndarray]]


@st.composite
def equal_figures(draw: st.DrawFn, catalogue: Catalogue) -> Figures:
    """The same cases by side and by length."""
    cases = draw(
        st.lists(st.tuples(st.sampled_from(["a1", "a2"]), st.sampled_from(["l1", "l2", "l3"])), max_size=9)
    )
    people = [{"A": frozenset([side]), "L": frozenset([length])} for side, length in cases]
    return [
        (dataset, QUARTERS[0], count(structure_of(catalogue, dataset, "Q").grid, {name: people}))
        for dataset, name in (("C", "N"), ("P", "L"))
    ]


@st.composite
def years(draw: st.DrawFn, catalogue: Catalogue) -> Figures:
    """People who are there in some quarters, and may have their eighteenth birthday in one of them."""
    seen = st.sets(st.integers(0, 3), min_size=1)
    people = draw(st.lists(st.tuples(st.sampled_from(["a1", "a2"]), st.integers(-1, 4), seen), max_size=8))

    def counted(freq: str, there: list[tuple[str, int]], end: int) -> np.ndarray:
        as_people = [
            {"A": frozenset([side]), "AGE": frozenset(["old" if birthday <= end else "young"])}
            for side, birthday in there
        ]
        return count(structure_of(catalogue, "P", freq).grid, {"N": as_people})

    figures = [
        ("P", period, counted("Q", [(s, b) for s, b, quarters in people if number in quarters], number))
        for number, period in enumerate(QUARTERS)
    ]
    return [*figures, ("P", YEAR, counted("A", [(s, b) for s, b, _ in people], 3))]


WORLDS = {
    "equal figures": (EQUAL, equal_figures),
    "a year by side": (BY_SIDE, years),
    "a year by age": (BY_AGE, years),
}


def _structure(catalogue: Catalogue, delivery: Delivered) -> Structure:
    return structure_of(catalogue, delivery.dataset_id, delivery.period.freq)


def _secrets(catalogue: Catalogue, new: Delivered, linked: Sequence[Delivered]) -> list[int]:
    """Sensitive withheld cells of a delivery and all that is tied to it, as cells of the joint system."""
    history = linked_history(_structure(catalogue, new), new, linked)
    return np.flatnonzero(
        np.concatenate(
            [
                delivery.withheld & sensitive_cells(structure, delivery.table)
                for structure, delivery in zip(history.structures, history.deliveries, strict=True)
            ]
        )
    ).tolist()


def _known(catalogue: Catalogue, new: Delivered, linked: Sequence[Delivered]) -> set[int]:
    """Those of them that an attacker who tries all tables computes."""
    publication = published(_structure(catalogue, new), new, linked)
    assume(publication.withheld.sum() <= 14)
    return determined(publication, _secrets(catalogue, new, linked), spare=3)


def _audited(catalogue: Catalogue, new: Delivered, linked: Sequence[Delivered]) -> tuple[set[int], Verdict]:
    shown = [None if h else int(v) for v, h in zip(new.values, new.withheld, strict=True)]
    report = audit_delivery(catalogue, new.dataset_id, new.period, shown, table=new.table, linked=linked)
    assert not report.undecided
    history = linked_history(_structure(catalogue, new), new, linked)
    cells = {
        history.starts[block] + structure.grid.index[finding.key]
        for finding in report.exposed
        for block, (structure, delivery) in enumerate(
            zip(history.structures, history.deliveries, strict=True)
        )
        if delivery.period == finding.period and finding.key in structure.grid.index
    }
    return {cell for cell in cells if history.withheld[cell]}, report.verdict


@pytest.mark.parametrize("name", WORLDS)
@settings(max_examples=60)
@given(data=st.data())
def test_side_by_side_the_audit_finds_exactly_what_is_determined(name: str, data: st.DataObject) -> None:
    catalogue, figures_of = WORLDS[name]
    deliveries = []
    for dataset, period, values in data.draw(figures_of(catalogue)):
        table = Tabulation.of_counts(values)
        hidden = data.draw(st.lists(st.booleans(), min_size=len(values), max_size=len(values)))
        structure = structure_of(catalogue, dataset, period.freq)
        withheld = with_whole_distributions(structure, np.array(hidden) & ~open_zeros(structure, table))
        deliveries.append(Delivered(dataset, period, table, withheld))
    new, *linked = data.draw(st.permutations(deliveries))
    exposed, _ = _audited(catalogue, new, linked)
    assert exposed == _known(catalogue, new, linked)


@pytest.mark.parametrize("name", WORLDS)
@settings(max_examples=60)
@given(data=st.data())
def test_in_whatever_order_they_come_nothing_becomes_determined(name: str, data: st.DataObject) -> None:
    catalogue, figures_of = WORLDS[name]
    out: list[Delivered] = []
    for dataset, period, values in data.draw(st.permutations(data.draw(figures_of(catalogue)))):
        table = Tabulation.of_counts(values)
        structure = structure_of(catalogue, dataset, period.freq)
        try:
            withheld = protect_delivery(catalogue, dataset, period, table, linked=out).withheld
        except KimError as refusal:
            if refusal.code != "disclosure_unsafe":
                raise
            everything = Delivered(
                dataset, period, table, ~open_zeros(structure, table, np.ones(len(table), dtype=np.bool_))
            )
            assert _known(catalogue, everything, out)
            return
        new = Delivered(dataset, period, table, withheld)
        assert not (sensitive_cells(structure, table) & ~withheld).any()
        assert _audited(catalogue, new, out) == (set(), Verdict.SAFE)
        assert not _known(catalogue, new, out)
        out.append(new)


@pytest.mark.parametrize("name", WORLDS)
@settings(max_examples=20)
@given(data=st.data())
def test_the_order_in_which_linked_deliveries_are_named_does_not_matter(
    name: str, data: st.DataObject
) -> None:
    catalogue, figures_of = WORLDS[name]
    out: list[Delivered] = []
    for dataset, period, values in data.draw(figures_of(catalogue)):
        table = Tabulation.of_counts(values)
        patterns = []
        for linked in itertools.islice(itertools.permutations(out), 3):
            try:
                patterns.append(protect_delivery(catalogue, dataset, period, table, linked=linked).withheld)
            except KimError:
                patterns.append(np.zeros(0, dtype=np.bool_))
        assert all(np.array_equal(pattern, patterns[0]) for pattern in patterns)
        if not len(patterns[0]):
            return
        out.append(Delivered(dataset, period, table, patterns[0]))
