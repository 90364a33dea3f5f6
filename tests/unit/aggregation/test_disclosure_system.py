"""Tests of the linear system, the solver's wall, and what the catalogue's tables become in them."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from aggregation.disclosure.history import Delivered, linked_history
from aggregation.disclosure.links import webs_of
from aggregation.disclosure.relations import structure_of
from aggregation.sdc import programs
from aggregation.sdc.linear_system import (
    NO_LIMIT,
    LinearSystem,
    Relation,
    RelationKind,
    components,
    joined,
    stack,
)
from aggregation.sdc.programs import LinearProgram, Status
from aggregation.sdc.publication import Publication
from aggregation.tabulation import Tabulation
from protocol.catalogue import Catalogue
from protocol.catalogue_file import load_catalogue
from protocol.errors import KimError
from protocol.periods import Period
from tests.factories.areas import deliveries
from tests.factories.catalogues import catalogue_of, codelist, indicator, stocks_and_flows

SUM = Relation(RelationKind.SUM, (0, 1, 2), (-1, 1, 1))


def _integers(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


# ----------------------------------------------------------------------------------------------- the system


@pytest.mark.parametrize(
    ("cells", "coefficients"),
    [((), ()), ((0,), (1, 1)), ((0, 0), (1, 1)), ((0, 1), (1, 0)), ((0, 9), (1, 1)), ((-1, 0), (1, 1))],
)
def test_a_relation_that_is_none_is_refused(cells: tuple[int, ...], coefficients: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="relation"):
        LinearSystem.of(3, [Relation(RelationKind.SUM, cells, coefficients)])


def test_rows_say_whether_values_keep_them() -> None:
    system = LinearSystem.of(3, [SUM, Relation(RelationKind.PART, (0, 1), (1, -1), 0, NO_LIMIT)])
    assert system.activity(_integers(5, 2, 3)).tolist() == [0, 3]
    assert system.satisfied(_integers(5, 2, 3)).tolist() == [True, True]
    assert system.satisfied(_integers(5, 6, 3)).tolist() == [False, False]


def test_a_system_without_relations_is_one() -> None:
    empty = LinearSystem.of(2, [])
    assert empty.activity(_integers(1, 2)).tolist() == []
    assert components(empty).tolist() == [0, 1]
    both = stack([empty, LinearSystem.of(3, [SUM])])
    assert (both.cells, both.rows, both.columns.tolist()) == (5, 1, [2, 3, 4])


def test_systems_are_put_side_by_side_and_joined_by_further_rows() -> None:
    system = stack([LinearSystem.of(3, [SUM])] * 2)
    bridge = LinearSystem.of(6, [Relation(RelationKind.VINTAGE, (1, 4), (1, -1), certain=False)])
    assert components(system).tolist() == [0, 0, 0, 3, 3, 3]
    whole = joined([system, bridge])
    assert components(whole).tolist() == [0] * 6
    assert whole.activity(_integers(5, 2, 3, 6, 2, 4)).tolist() == [0, 0, 0]
    assert whole.only_rows(whole.certain).rows == 2
    with pytest.raises(ValueError, match="same cells"):
        joined([system, LinearSystem.of(3, [SUM])])


def test_a_system_among_some_cells_moves_the_rest_into_the_limits() -> None:
    system = LinearSystem.of(4, [SUM, Relation(RelationKind.PART, (0, 3), (1, -1), 0, NO_LIMIT)])
    part, rows = system.among(_integers(1, 2), system.activity(_integers(7, 0, 0, 0)))
    assert rows.tolist() == [0]
    assert (part.cells, part.columns.tolist(), part.lower.tolist()) == (2, [0, 1], [7])


def test_an_alternative_table_is_proven_in_integers() -> None:
    shown = Publication(
        LinearSystem.of(3, [SUM]), _integers(5, 2, 3), np.array([False, True, True]), _integers(1, 1, 1)
    )
    assert shown.is_alternative(_integers(0, 1, -1))
    assert not shown.is_alternative(_integers(0, 3, -3))  # below what must be granted
    assert not shown.is_alternative(_integers(0, 1, 0))  # breaks the sum
    assert not shown.is_alternative(_integers(1, 1, 0))  # moves a published cell


# ----------------------------------------------------------------------------------------- the solver's wall


def _pair(lower: int, upper: int) -> LinearSystem:
    return LinearSystem.of(2, [Relation(RelationKind.SUM, (0, 1), (1, 1), lower, upper)])


def test_each_outcome_has_its_status() -> None:
    zeros, nines = np.zeros(2), np.full(2, 9.0)
    assert LinearProgram(_pair(3, 3), zeros, nines).minimise(np.array([1.0, 2.0])).objective == pytest.approx(
        3
    )
    assert LinearProgram(_pair(30, 30), zeros, nines).minimise(np.zeros(2)).status is Status.INFEASIBLE
    endless = LinearProgram(_pair(0, NO_LIMIT), zeros, np.full(2, np.inf))
    assert endless.minimise(np.array([-1.0, 0.0])).status is Status.UNBOUNDED


def test_every_solve_has_its_own_time() -> None:
    """The clock of the solver runs on from solve to solve, and so must its limit."""
    program = LinearProgram(_pair(3, 3), np.zeros(2), np.full(2, 9.0))
    limits = []
    for sign in (1.0, -1.0, 1.0):
        assert program.minimise(np.array([1.0, 2.0 * sign])).status is Status.OPTIMAL
        limits.append(program._solver.getOptionValue("time_limit")[1])
    assert limits[0] >= programs._SECONDS
    assert limits[0] < limits[1] < limits[2]


def test_a_fractional_answer_is_not_taken_for_integers() -> None:
    half = LinearSystem.of(2, [Relation(RelationKind.SUM, (0, 1), (2, 2), 3, 3)])
    bounds = np.zeros(2), np.full(2, 9.0)
    assert LinearProgram(half, *bounds).minimise(np.array([1.0, 2.0])).integral() is None
    assert LinearProgram(half, *bounds, integral=[0, 1]).minimise(np.zeros(2)).status is Status.INFEASIBLE


ANOTHER_SOLVER_FIRST = """
import highspy, numpy
other = highspy.Highs()
other.setOptionValue("output_flag", False)
other.setOptionValue("threads", 2)
other.addVar(0.0, 1.0)
other.changeColsIntegrality(1, numpy.array([0], dtype=numpy.int32), numpy.array([1], dtype=numpy.uint8))
other.run()
from aggregation.sdc.linear_system import LinearSystem, Relation, RelationKind
from aggregation.sdc.programs import LinearProgram
system = LinearSystem.of(2, [Relation(RelationKind.SUM, (0, 1), (1, 1), 3, 3)])
program = LinearProgram(system, numpy.array([0.0, 0.0]), numpy.array([9.0, 9.0]))
print(program.minimise(numpy.array([1.0, 2.0])).status.name)
"""


def test_a_solver_with_other_threads_in_the_process_blocks() -> None:
    """The trap this wall exists for: after such a solver HiGHS answers nothing, which must not be "safe"."""
    run = subprocess.run(
        [sys.executable, "-c", ANOTHER_SOLVER_FIRST], capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == ["UNDECIDED"]


def test_a_malformed_program_is_an_error() -> None:
    with pytest.raises(ValueError, match="refuses"):
        LinearProgram(_pair(3, 3), np.zeros(3), np.full(2, 9.0))


# ------------------------------------------------------------------------------------- the catalogue's tables

DEEP = catalogue_of(
    [
        codelist("CL_A", {"_T": None, "a": "_T", "b": "_T", "b1": "b", "b2": "b"}),
        codelist("CL_B", {"x": None, "y": None}, total=None),
        codelist("CL_F", {"_T": None, "f": "_T", "g": "_T"}),
    ],
    [indicator("N", [["A", "B"]]), indicator("M", [["F"], ["A"]], multi_response=["F"])],
)


def _relations(catalogue: Catalogue) -> set[tuple[str, tuple[str, ...]]]:
    structure = structure_of(catalogue, "D")
    system = structure.system
    found = set()
    for row in range(system.rows):
        cells = system.columns[system.entries(row)].tolist()
        names = tuple(".".join(c for c in structure.grid.keys[cell] if c != "_Z") for cell in cells)
        found.add((RelationKind(int(system.kinds[row])).name, names))
    return found


def test_hierarchies_lists_without_total_and_several_answers_become_rows() -> None:
    assert _relations(DEEP) == {
        ("SUM", ("N._T.x", "N.a.x", "N.b.x")),
        ("SUM", ("N._T.y", "N.a.y", "N.b.y")),
        ("SUM", ("N.b.x", "N.b1.x", "N.b2.x")),
        ("SUM", ("N.b.y", "N.b1.y", "N.b2.y")),
        ("COVER", ("M._T._T", "M._T.f", "M._T.g")),
        ("PART", ("M._T._T", "M._T.f")),
        ("PART", ("M._T._T", "M._T.g")),
        ("SUM", ("M._T._T", "M.a._T", "M.b._T")),
        ("SUM", ("M.b._T", "M.b1._T", "M.b2._T")),
    }


def test_weights_count_the_elementary_cells_below() -> None:
    structure = structure_of(DEEP, "D")
    weight = {".".join(key): int(w) for key, w in zip(structure.grid.keys, structure.weights, strict=True)}
    assert (weight["N._T.x._Z"], weight["N.b.x._Z"], weight["N.b1.x._Z"]) == (3, 2, 1)


def test_shared_margins_are_hinges() -> None:
    structure = structure_of(DEEP, "D")
    hinges = [".".join(structure.grid.keys[row]) for row in np.flatnonzero(structure.hinges)]
    assert hinges == ["M._T._Z._T"]


def test_the_own_catalogue_holds_for_empty_tables_and_links_stocks_by_sex() -> None:
    cases, persons = (structure_of(load_catalogue(), dataset) for dataset in ("CASES", "PERSONS"))
    assert cases.system.satisfied(np.zeros(len(cases.grid), dtype=np.int64)).all()
    assert len(cases.flows) == 4  # total, women, men, unknown
    assert not persons.flows
    assert (persons.system.kinds == RelationKind.SUBSET).sum() == 96
    assert structure_of(load_catalogue(), "CASES") is cases


def test_a_rule_that_is_not_implemented_is_refused_not_ignored() -> None:
    """A tabulation knows the two largest contributors, not the third."""
    third = {"id": "R3", "kind": "magnitude", "min_contributors": 3, "top_n": 3, "max_share_percent": 90}
    catalogue = catalogue_of(
        [codelist("CL_A", {"_T": None, "a": "_T"})],
        [indicator("N", [["A"]], rule="R3", type="magnitude")],
        rules=[third],
    )
    with pytest.raises(KimError) as refusal:
        structure_of(catalogue, "D")
    assert refusal.value.code == "disclosure_unknown"


# ----------------------------------------------------------------------------------------------- the history


def _quarter(number: int, catalogue: Catalogue, **values: int) -> Delivered:
    grid = structure_of(catalogue, "D").grid
    table = np.zeros(len(grid), dtype=np.int64)
    for indicator_id, value in values.items():
        for row in grid.rows_of(indicator_id):
            table[row] = value
    year, quarter = divmod(number, 4)
    return Delivered("D", Period(2025 + year, quarter + 1), Tabulation.of_counts(table), table > 0)


STOCK = stocks_and_flows("a")


def _between(new: Delivered, *linked: Delivered) -> dict[str, int]:
    history = linked_history(structure_of(STOCK, "D"), new, linked)
    inside = structure_of(STOCK, "D").system.rows * len(history.deliveries)
    kinds = history.system.kinds[inside:].tolist()
    return {kind.name: kinds.count(kind) for kind in RelationKind if kind in kinds}


def test_neighbouring_quarters_are_linked_in_both_directions() -> None:
    first, second = _quarter(3, STOCK, OPEN=9), _quarter(4, STOCK, OPEN=11, OPENED=4, CLOSED=2)
    expected = {"FLOW": 2, "FLOW_FLOOR": 2}  # total and a; the quarter before the first was never delivered
    assert _between(first, second) == expected
    assert _between(second, first) == expected


def test_an_identity_is_used_only_where_it_holds() -> None:
    assert _between(_quarter(1, STOCK, OPEN=50), _quarter(0, STOCK, OPEN=9)) == {"FLOW_FLOOR": 2}


def test_quarters_behind_a_gap_are_left_out_until_it_is_filled() -> None:
    first, second, third = (_quarter(number, STOCK, OPEN=9) for number in (0, 1, 2))
    structure = structure_of(STOCK, "D")
    assert len(linked_history(structure, third, [first]).deliveries) == 1
    assert len(linked_history(structure, second, [first, third]).deliveries) == 3
    assert len(linked_history(structure, third, [first, second]).deliveries) == 3


def test_a_second_vintage_is_tied_to_the_first_where_nothing_changed() -> None:
    old = _quarter(0, STOCK, OPEN=9, OPENED=3)
    new = _quarter(0, STOCK, OPEN=9, OPENED=4)
    cells = len(old.values)
    assert _between(new, old)["VINTAGE"] == cells - 2  # newcomers: total and a


# ------------------------------------------------------------------------- what reaches across deliveries


def test_what_the_own_catalogue_says_between_deliveries() -> None:
    """Flows of the cases, closed and new cases by duration and waiting time, quarters and their year.

    A person behind every case that was open before or is new, and behind every open one by age.

    And within one delivery what is only likely: filled is at most funded, spent at most granted, citizens of
    the EU have free movement.
    """
    webs = {
        tuple((slot.dataset_id, slot.freq, slot.back, slot.quarter) for slot in web.slots): web
        for web in webs_of(load_catalogue())
    }
    quarters = tuple(("PERSONS", "Q", 0, number) for number in (1, 2, 3, 4))
    assert set(webs) == {
        (("CASES", "Q", 0, None), ("CASES", "Q", 1, None)),
        (("PROCESSES", "Q", 0, None), ("CASES", "Q", 0, None)),
        (("CASES", "Q", 1, None), ("CASES", "Q", 0, None), ("PERSONS", "Q", 0, None)),
        (("CASES", "Q", 0, None), ("PERSONS", "Q", 0, None)),
        (("PERSONS", "A", 0, None), *quarters),
        (("STAFFING", "Q", 0, None),),
        (("FUNDS", "A", 0, None),),
        (("CASES", "Q", 0, None),),
        (("PERSONS", "Q", 0, None),),
        (("PERSONS", "A", 0, None),),
    }


def test_whoever_was_counted_keeps_all_that_is_said_of_years_and_of_equal_figures() -> None:
    """Relations between deliveries are dropped where figures break them; these figures break none."""
    true = {(dataset, period): table for dataset, period, table in deliveries(3, open_cases=80)}
    for dataset, period in (("PERSONS", Period(2025)), ("PROCESSES", Period(2025, 3))):
        new, *linked = (
            Delivered(d, p, table, np.zeros(len(table), dtype=np.bool_))
            for (d, p), table in sorted(true.items(), key=lambda item: item[0] != (dataset, period))
        )
        history = linked_history(structure_of(load_catalogue(), dataset, period.freq), new, linked)
        assert {d.dataset_id for d in history.deliveries} == {"CASES", "PERSONS", "PROCESSES"}
        expected = sum(
            len(web.links)
            for web in webs_of(load_catalogue())
            if RelationKind.YEAR in {link.kind for link in web.links}
        )
        if dataset == "PERSONS":
            assert (history.system.kinds == RelationKind.YEAR).sum() == expected
        else:
            assert (history.system.kinds == RelationKind.EQUAL).sum() == 2 * 8


def test_a_cell_that_is_not_collected_is_in_no_relation() -> None:
    structure = structure_of(DEEP, "D")
    values = np.zeros(len(structure.grid), dtype=np.int64)
    whole = Tabulation.of_counts(values)
    collected = whole.collected.copy()
    collected[list(structure.grid.rows_of("M"))] = False
    part = Tabulation(values, collected, values, values, values, values)
    new = Delivered("D", Period(2025, 1), part, np.zeros(len(values), dtype=np.bool_))
    system = linked_history(structure, new, []).system
    touched = {structure.grid.keys[cell][0] for cell in system.columns.tolist()}
    assert touched == {"N"}
