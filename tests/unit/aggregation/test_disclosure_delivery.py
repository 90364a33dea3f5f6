"""Tests of the doors: protecting and auditing deliveries of the real catalogue, and bounding their cells."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from aggregation.disclosure import (
    AuditReport,
    Delivered,
    Verdict,
    audit_delivery,
    cell_bounds,
    protect_delivery,
)
from aggregation.disclosure.history import History, linked_history
from aggregation.disclosure.knowledge import all_published
from aggregation.disclosure.primary import open_zeros, sensitive_cells
from aggregation.disclosure.proofs import WITNESSES, WitnessMemory
from aggregation.disclosure.relations import structure_of
from aggregation.limits import OPEN_ABOVE
from aggregation.sdc.audit import examine
from aggregation.sdc.demands import Demands
from aggregation.sdc.linear_system import NO_LIMIT, LinearSystem, Relation, RelationKind, joined
from aggregation.tabulation import Tabulation
from protocol.catalogue_file import load_catalogue
from protocol.errors import KimError
from protocol.periods import Period
from protocol.submission_rules import check_submission
from tests.factories.areas import QUARTERS, deliveries, quarterly_values
from tests.factories.catalogues import catalogue_of, codelist, indicator, stocks_and_flows
from tests.factories.submissions import submission

CATALOGUE = load_catalogue()
SMALL = catalogue_of([codelist("CL_A", {"_T": None, "a": "_T", "b": "_T"})], [indicator("N", [["A"]])])


def _delivered(dataset: str, period: Period, values: np.ndarray, withheld: np.ndarray) -> Delivered:
    return Delivered(dataset, period, Tabulation.of_counts(values), withheld)


@cache
def _history(dataset: str, *, seed: int = 7, open_cases: int = 250, quarters: int = 3) -> list[Delivered]:
    """The first quarters of an area, protected one after the other."""
    out: list[Delivered] = []
    for period, values in list(quarterly_values(dataset, seed, open_cases=open_cases).items())[:quarters]:
        protection = protect_delivery(CATALOGUE, dataset, period, Tabulation.of_counts(values), linked=out)
        out.append(_delivered(dataset, period, values, protection.withheld))
    return out


def _audit(dataset: str, new: Delivered, linked: Sequence[Delivered] = ()) -> AuditReport:
    shown = [None if hidden else int(v) for v, hidden in zip(new.values, new.withheld, strict=True)]
    return audit_delivery(CATALOGUE, dataset, new.period, shown, table=new.table, linked=linked)


# ------------------------------------------------------------------------------------------------ protecting


@pytest.mark.parametrize("dataset", ["CASES", "PERSONS"])
@pytest.mark.parametrize("open_cases", [12, 60, 250])
def test_quarter_after_quarter_is_safe_together_with_all_before(dataset: str, open_cases: int) -> None:
    history = _history(dataset, open_cases=open_cases)
    structure = structure_of(CATALOGUE, dataset)
    for number, new in enumerate(history):
        report = _audit(dataset, new, history[:number])
        assert report.verdict is Verdict.SAFE, report
        assert report.linked == (number if dataset == "CASES" else 0)
        assert not (sensitive_cells(structure, new.table) & ~new.withheld).any()
        assert not (open_zeros(structure, new.table) & new.withheld).any()


#: What everybody knows of citizenship and residence status: the one is part of the other.
ATTRIBUTES = (
    ({"CITIZEN": "EU"}, {"RESIDENCE": "FREE"}),
    ({"RESIDENCE": "T_HUM_24"}, {"CITIZEN": "UA"}),
    ({"RESIDENCE": "DE"}, {"CITIZEN": "DE"}),
    ({"CITIZEN": "DE"}, {"RESIDENCE": "DE"}),
)


@pytest.mark.parametrize(("seed", "quarter"), [(4, 2), (5, 3)])
def test_who_knows_which_citizens_have_which_residence_status_computes_nothing(
    seed: int, quarter: int
) -> None:
    """The attacker's rows are written out here. Before they were granted to him, they opened 18 and 20 cells.

    A part of nobody is nobody: of such zeros only those are secret that the published ones do not tell.
    """
    values = quarterly_values("CASES", seed, open_cases=60)[Period(2025, quarter)]
    structure = structure_of(CATALOGUE, "CASES")
    grid = structure.grid
    withheld = protect_delivery(
        CATALOGUE, "CASES", Period(2025, quarter), Tabulation.of_counts(values)
    ).withheld
    history = linked_history(structure, _delivered("CASES", Period(2025, quarter), values, withheld), [])
    known = []
    for new_or_open in ("CASES_OPENED", "CASES_OPEN"):
        of = next(one for one in grid.indicators if one.id == new_or_open)
        for part, whole in ATTRIBUTES:
            cells = (grid.index[grid.key(of, part)], grid.index[grid.key(of, whole)])
            if values[cells[0]] <= values[cells[1]] and (values[cells[1]] or withheld[cells[1]]):
                known.append(Relation(RelationKind.SUBSET, cells, (1, -1), -NO_LIMIT, 0))
    published = all_published(history, None)
    attacked = replace(published, system=joined([structure.system, LinearSystem.of(len(values), known)]))
    secret = sensitive_cells(structure, Tabulation.of_counts(values))
    assert examine(attacked, Demands.differing(secret)).verdict is Verdict.SAFE


def test_everything_an_area_delivers_is_safe_together() -> None:
    """All dataflows, quarters and the year, as they come; among them nine new and ten closed cases at once.

    The hub's rules agree, and its bounds hold the truth.
    """
    out: list[Delivered] = []
    for dataset, period, table in deliveries(7, open_cases=40):
        structure = structure_of(CATALOGUE, dataset, period.freq)
        withheld = protect_delivery(CATALOGUE, dataset, period, table, linked=out).withheld
        shown = [None if hidden else int(v) for v, hidden in zip(table.values, withheld, strict=True)]
        report = audit_delivery(CATALOGUE, dataset, period, shown, table=table, linked=out)
        assert report.verdict is Verdict.SAFE, (dataset, period, report)
        assert not (sensitive_cells(structure, table) & ~withheld).any()
        assert not (open_zeros(structure, table, withheld) & withheld).any()
        rows = np.flatnonzero(withheld).tolist()
        check_submission(
            *submission(
                dataset, values=table.values.tolist(), withheld=rows, period=period, min_contributors=3
            ),
            CATALOGUE,
        )
        lower, upper = cell_bounds(structure.grid, np.where(withheld, 0, table.values), withheld, CATALOGUE)
        assert ((lower <= table.values) & (table.values <= upper)).all()
        out.append(Delivered(dataset, period, table, withheld))
    assert {(d.dataset_id, d.period.freq) for d in out} == {
        (dataset.id, freq) for dataset in CATALOGUE.datasets.values() for freq in dataset.frequencies
    }


def test_the_pattern_is_not_absurdly_wasteful() -> None:
    structure = structure_of(CATALOGUE, "CASES")
    for new in _history("CASES"):
        sensitive = sensitive_cells(structure, new.table)
        assert new.withheld.sum() <= 1.5 * sensitive.sum()
        totals = [structure.grid.total_row(i.id) for i in structure.grid.dataset.indicators]
        assert not new.withheld[totals].any()


def test_a_stricter_node_withholds_at_least_the_same_sensitive_cells() -> None:
    values = _history("PERSONS")[0].values
    structure = structure_of(CATALOGUE, "PERSONS")
    mild, strict = (
        sensitive_cells(structure, Tabulation.of_counts(values), stricter=minimum) for minimum in (None, 8)
    )
    assert (strict | ~mild).all()
    protection = protect_delivery(
        CATALOGUE, "PERSONS", QUARTERS[0], _history("PERSONS")[0].table, min_contributors=8
    )
    assert protection.withheld[strict].all()
    shown = [None if hidden else int(v) for v, hidden in zip(values, protection.withheld, strict=True)]
    report = audit_delivery(
        CATALOGUE, "PERSONS", QUARTERS[0], shown, table=_history("PERSONS")[0].table, min_contributors=8
    )
    assert (report.verdict, report.sensitive) == (Verdict.SAFE, int(strict.sum()))


def test_what_a_process_remembers_changes_no_pattern() -> None:
    first, second, third = _history("CASES")
    remembered = protect_delivery(CATALOGUE, "CASES", third.period, third.table, linked=[first, second])
    WITNESSES.forget()
    fresh = protect_delivery(CATALOGUE, "CASES", third.period, third.table, linked=[second, first])
    assert np.array_equal(remembered.withheld, fresh.withheld)


def _small_history(values: Sequence[int], withheld: Sequence[bool]) -> History:
    new = _delivered("D", QUARTERS[0], np.array(values, dtype=np.int64), np.array(withheld))
    return linked_history(structure_of(SMALL, "D"), new, [])


def test_the_memory_of_witnesses_is_bounded() -> None:
    memory, history = WitnessMemory(max_witnesses=2), _small_history([9, 4, 5], [False, True, True])
    memory.remember(history, [np.array([0, n, -n]) for n in (1, 2, 3, 3)])
    assert len(memory) == 2
    assert sorted(memory.recall(history).changes.tolist()) == [-3, -2, 2, 3]


def test_a_witness_counts_only_where_it_is_one_today() -> None:
    memory, demands = WitnessMemory(max_witnesses=9), Demands.differing(np.array([False, True, True]))
    history = _small_history([9, 4, 5], [False, True, True])
    other = _small_history([9, 5, 4], [False, True, True])
    memory.remember(history, [np.array([0, 1, -1]), np.array([0, -4, 4])])
    known = all_published(history, None)
    assert memory.met(history, known, demands)[0].tolist() == [False, True, True]
    assert not memory.met(other, all_published(other, None), demands).any()
    shown = replace(known, withheld=np.array([False, False, True]))
    assert not memory.met(history, shown, demands).any()


def test_a_witness_is_completed_over_the_quarter_that_came_after_it() -> None:
    """One stock moves, and takes the next quarter's with it; nothing else has to be found anew."""
    stocks = stocks_and_flows("a")
    structure, memory = structure_of(stocks, "D"), WitnessMemory(max_witnesses=9)
    open_rows = np.zeros(len(structure.grid), dtype=np.bool_)
    open_rows[list(structure.grid.rows_of("OPEN"))] = True
    values = np.where(open_rows, 9, 0).astype(np.int64)
    first, second = (_delivered("D", period, values, open_rows) for period in QUARTERS[:2])
    alone = linked_history(structure, first, [])
    memory.remember(alone, [open_rows.astype(np.int64)])
    history = linked_history(structure, second, [first])
    secret = Demands.differing(np.concatenate([np.zeros_like(open_rows), open_rows]))
    assert "FLOW" in {RelationKind(kind).name for kind in history.system.kinds}
    met = memory.met(history, all_published(history, None), secret)
    assert np.array_equal(met, secret.matrix)


def test_the_same_quarter_again_keeps_its_pattern() -> None:
    first, second, third = _history("CASES")
    again = protect_delivery(CATALOGUE, "CASES", second.period, second.table, linked=[first, second, third])
    assert np.array_equal(again.withheld, second.withheld)
    assert (
        _audit(
            "CASES", _delivered("CASES", second.period, second.values, again.withheld), [first, second, third]
        ).verdict
        is Verdict.SAFE
    )


PATTERN = """
import hashlib
from aggregation.disclosure import protect_delivery
from protocol.catalogue_file import load_catalogue
from tests.factories.areas import deliveries
digest = hashlib.sha256()
for dataset, period, table in deliveries(3, open_cases=40):
    if dataset in {"PERSONS", "STAFFING", "FUNDS"} and str(period) in {"2024-Q4", "2025"}:
        digest.update(protect_delivery(load_catalogue(), dataset, period, table).withheld.tobytes())
print(digest.hexdigest())
"""


def test_the_pattern_is_the_same_in_every_process() -> None:
    digests = set()
    for hash_seed in ("0", "1"):
        run = subprocess.run(
            [sys.executable, "-c", PATTERN],
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parents[3],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
        )
        digests.add(run.stdout.strip())
    here = hashlib.sha256()
    for dataset, period, table in deliveries(3, open_cases=40):
        if dataset in {"PERSONS", "STAFFING", "FUNDS"} and str(period) in {"2024-Q4", "2025"}:
            here.update(protect_delivery(CATALOGUE, dataset, period, table).withheld.tobytes())
    assert digests == {here.hexdigest()}


def test_values_that_contradict_the_catalogue_are_not_protected() -> None:
    with pytest.raises(KimError) as refusal:
        protect_delivery(SMALL, "D", QUARTERS[0], Tabulation.of_counts(np.array([9, 9, 9])))
    assert refusal.value.code == "disclosure_unknown"


def test_a_delivery_that_cannot_be_protected_is_refused_with_the_cells_and_without_values() -> None:
    spring = _delivered(
        "D", Period(2026, 1), np.array([18, 7, 11], dtype=np.int64), np.zeros(3, dtype=np.bool_)
    )
    stricter = protect_delivery(SMALL, "D", spring.period, spring.table, min_contributors=9)
    assert stricter.withheld.tolist() == [False, True, True]
    with pytest.raises(KimError) as refusal:  # all of it is out already
        protect_delivery(SMALL, "D", spring.period, spring.table, linked=[spring], min_contributors=9)
    assert refusal.value.code == "disclosure_unsafe"
    assert "N 2026-Q1 (A a)" in refusal.value.detail.de
    assert "7" not in refusal.value.detail.de.replace("2026-Q1", "")


# -------------------------------------------------------------------------------------------------- auditing


def test_a_cell_shown_by_mistake_is_found_with_all_that_falls_with_it() -> None:
    new = _history("CASES")[0]
    structure = structure_of(CATALOGUE, "CASES")
    for row in np.flatnonzero(new.withheld)[::40]:
        careless = new.withheld.copy()
        careless[row] = False
        report = _audit("CASES", _delivered("CASES", new.period, new.values, careless))
        expected = Verdict.UNSAFE if sensitive_cells(structure, new.table)[row] else report.verdict
        assert report.verdict is expected
        assert not report.undecided


def test_withholding_only_the_small_cells_is_unsafe_and_the_derivations_name_no_value() -> None:
    new = _history("PERSONS", seed=11)[0]
    structure = structure_of(CATALOGUE, "PERSONS")
    report = _audit(
        "PERSONS", _delivered("PERSONS", new.period, new.values, sensitive_cells(structure, new.table))
    )
    assert report.verdict is Verdict.UNSAFE
    for finding in report.exposed:
        assert finding.text.de.startswith(CATALOGUE.indicators[finding.key[0]].name.de)
        assert "=" not in finding.text.en.replace("stock = stock before", "")


def test_a_figure_that_was_not_counted_is_unknown() -> None:
    new = _history("PERSONS")[0]
    shown = [None if hidden else int(v) for v, hidden in zip(new.values, new.withheld, strict=True)]
    row = next(r for r, value in enumerate(shown) if value and value > 50)
    shown[row] = 51 + (shown[row] or 0)
    report = audit_delivery(CATALOGUE, "PERSONS", new.period, shown, table=new.table)
    assert report.verdict is Verdict.UNKNOWN
    assert [finding.key for finding in report.undecided] == [
        structure_of(CATALOGUE, "PERSONS").grid.keys[row]
    ]


def test_a_withheld_zero_is_unknown_because_attackers_reckon_with_none() -> None:
    report_of = {"withheld": [False, True, True], "values": [9, 0, 9]}
    new = _delivered("D", QUARTERS[0], np.array(report_of["values"]), np.array(report_of["withheld"]))
    shown = [None if h else int(v) for v, h in zip(new.values, new.withheld, strict=True)]
    report = audit_delivery(SMALL, "D", new.period, shown, table=new.table)
    assert report.verdict is Verdict.UNKNOWN
    assert "Null" in report.undecided[0].text.de


def test_true_values_that_contradict_each_other_are_unknown() -> None:
    report = audit_delivery(
        SMALL, "D", QUARTERS[0], [9, 9, 9], table=Tabulation.of_counts(np.array([9, 9, 9]))
    )
    assert report.verdict is Verdict.UNKNOWN
    assert "N 2024-Q4 (insgesamt)" in report.undecided[0].text.de


def test_an_empty_delivery_is_safe() -> None:
    cells = len(structure_of(CATALOGUE, "CASES").grid)
    nothing = _delivered(
        "CASES", QUARTERS[0], np.zeros(cells, dtype=np.int64), np.zeros(cells, dtype=np.bool_)
    )
    protection = protect_delivery(CATALOGUE, "CASES", QUARTERS[0], nothing.table)
    assert not protection.withheld.any()
    report = _audit("CASES", nothing)
    assert (report.verdict, report.sensitive, report.withheld) == (Verdict.SAFE, 0, 0)


# -------------------------------------------------------------------------------------------------- bounding


@pytest.mark.parametrize("dataset", ["CASES", "PERSONS"])
def test_bounds_of_real_deliveries_hold_the_truth(dataset: str) -> None:
    for new in _history(dataset):
        grid = structure_of(CATALOGUE, dataset).grid
        lower, upper = cell_bounds(grid, np.where(new.withheld, 0, new.values), new.withheld, CATALOGUE)
        assert (lower <= new.values).all()
        assert ((upper >= new.values) | (upper == OPEN_ABOVE)).all()
        assert np.array_equal(lower[~new.withheld], new.values[~new.withheld])
        sensitive = sensitive_cells(structure_of(CATALOGUE, dataset), new.table)
        assert (lower != upper)[sensitive].all()


def test_a_cell_that_was_not_delivered_may_be_zero() -> None:
    grid = structure_of(SMALL, "D").grid
    shown, missing = np.array([9, 0, 0], dtype=np.int64), np.array([False, False, True])
    withheld = np.array([False, True, False])
    lower, upper = cell_bounds(grid, shown, withheld, SMALL, missing=missing)
    assert (lower.tolist(), upper.tolist()) == ([9, 1, 0], [9, 9, 8])
    lower, upper = cell_bounds(grid, shown, withheld | missing, SMALL)
    assert (lower.tolist(), upper.tolist()) == ([9, 1, 1], [9, 8, 8])


def test_nothing_bounds_a_table_that_is_withheld_as_a_whole() -> None:
    grid = structure_of(SMALL, "D").grid
    lower, upper = cell_bounds(grid, np.zeros(3, dtype=np.int64), np.ones(3, dtype=np.bool_), SMALL)
    assert (lower.tolist(), upper.tolist()) == ([2, 1, 1], [OPEN_ABOVE] * 3)
