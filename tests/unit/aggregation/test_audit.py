"""Tests of the audit's parts: proofs, witnesses that are kept, who is alone where, words, determinism."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from aggregation.limits import OPEN_ABOVE, OPEN_BELOW
from aggregation.sdc.audit import Route, Verdict, Witness, examine, examine_views, intervals
from aggregation.sdc.audit.arguments import proof, whole_ray
from aggregation.sdc.audit.certificate import unproven
from aggregation.sdc.audit.derivation import derive
from aggregation.sdc.audit.polytope import Polytope
from aggregation.sdc.audit.substitution import substitution
from aggregation.sdc.audit.surroundings import Surroundings
from aggregation.sdc.demands import Demands
from aggregation.sdc.levels import Level, lone_persons, views_of_counts
from aggregation.sdc.linear_system import NO_LIMIT, LinearSystem, Relation, RelationKind
from aggregation.sdc.programs import Answer, Status
from aggregation.sdc.publication import Publication
from aggregation.sdc.views import View
from protocol.texts import Text
from tests.factories.sdc_tables import read_table


def _integers(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def _sum(total: int, *parts: int) -> Relation:
    return Relation(RelationKind.SUM, (total, *parts), (-1, *(1 for _ in parts)))


def _published(
    relations: list[Relation], values: list[int], hidden: list[int], *, floor: int = 1
) -> Publication:
    withheld = np.zeros(len(values), dtype=np.bool_)
    withheld[hidden] = True
    floors = np.full(len(values), floor, dtype=np.int64)
    return Publication(LinearSystem.of(len(values), relations), _integers(*values), withheld, floors)


def _differing(publication: Publication) -> Demands:
    return Demands.differing(publication.withheld)


# --------------------------------------------------------------------------------------------- proofs


def test_multipliers_become_a_proof_or_nothing() -> None:
    """1 + x + y = 3 with y >= 1: x is at most 1, that is one more than 0."""
    system = LinearSystem.of(2, [Relation(RelationKind.SUM, (0, 1), (1, 1), 0, 0)])
    lower = _integers(-1, -2)
    found = proof(system, lower, cell=0, sign=1, duals=np.array([-1.0 + 1e-10]))
    assert found is not None
    assert (found.bound, found.weights, found.floors.tolist()) == (Fraction(2), (Fraction(-1),), [1])
    assert proof(system, lower, cell=0, sign=1, duals=np.array([0.0])) is None  # proves nothing
    assert proof(system, lower, cell=0, sign=1, duals=np.array([np.nan])) is None
    assert proof(system, lower, cell=0, sign=1, duals=np.array([np.pi * 1e5])) is None  # no small fraction
    endless = np.array([-1, -NO_LIMIT])
    assert proof(system, endless, cell=0, sign=1, duals=np.array([-1.0])) is None  # y may fall for ever


def test_a_direction_without_an_end_is_checked() -> None:
    system = LinearSystem.of(2, [Relation(RelationKind.SUM, (0, 1), (1, -1), 0, 0)])
    floors = np.array([True, True])
    ray = whole_ray(system, floors, np.array([0.5, 0.5]))
    assert ray is not None
    assert ray.tolist() == [1, 1]
    assert whole_ray(system, floors, np.array([1.0, 0.0])) is None
    assert whole_ray(system, floors, np.array([-1.0, -1.0])) is None


def test_limits_that_are_none_are_open() -> None:
    """Only a difference is published: both cells may be anything from their floor upwards."""
    difference = Relation(RelationKind.SUM, (0, 1), (1, -1), 2, 2)
    found = intervals(_published([difference], [5, 3], [0, 1]), _integers(1, 0))
    assert found.lower.tolist() == [1, 3]
    assert found.upper.tolist() == [OPEN_ABOVE, OPEN_ABOVE]
    assert found.exact.all()
    assert found.width.tolist() == [OPEN_ABOVE, OPEN_ABOVE]
    negative = replace(_published([difference], [5, 3], [0, 1]), floors=np.full(2, -NO_LIMIT))
    assert intervals(negative, _integers(0)).lower.tolist() == [OPEN_BELOW]


def test_whole_numbers_narrow_what_fractions_allow() -> None:
    """2x + 2y = 6 with 2x + z = 5: z is odd, though linear limits know nothing of that."""
    relations = [
        Relation(RelationKind.SUM, (0, 1), (2, 2), 6, 6),
        Relation(RelationKind.SUM, (0, 2), (2, 1), 5, 5),
    ]
    found = intervals(_published(relations, [2, 1, 1], [0, 1, 2], floor=0), _integers(0, 1, 2))
    assert found.exact.all()
    assert list(zip(found.lower.tolist(), found.upper.tolist(), strict=True)) == [(0, 2), (1, 3), (1, 5)]


def test_figures_that_contradict_have_no_interval_and_no_verdict() -> None:
    wrong = _published([_sum(0, 1, 2)], [5, 2, 2], [1, 2])
    found = intervals(wrong, _integers(0, 1, 2))
    assert found.exact.tolist() == [True, False, False]
    assert found.width.tolist() == [0, 0, 0]
    outcome = examine(wrong, _differing(wrong))
    assert (outcome.verdict, outcome.consistent) == (Verdict.UNKNOWN, False)


def test_an_answer_that_is_none_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """A solver that stops answers nothing: neither a width nor a verdict comes of it."""
    nothing = Answer(Status.UNDECIDED, np.zeros(0), 0.0, np.zeros(0))
    for name in ("towards", "nearest", "whole_step", "whole_extreme"):
        monkeypatch.setattr(Polytope, name, lambda *_, **__: nothing)
    monkeypatch.setattr(Polytope, "extreme", lambda *_, **__: (nothing, None, None))
    publication = _published([_sum(0, 1, 2)], [9, 4, 5], [1, 2])
    outcome = examine(publication, _differing(publication))
    assert outcome.verdict is Verdict.UNKNOWN
    assert outcome.undecided == (1, 2)
    found = intervals(publication, _integers(1, 2))
    assert not found.exact.any()
    assert found.width.tolist() == [0, 0]


# ------------------------------------------------------------------------------ witnesses, kept and checked


def test_a_proof_that_is_kept_is_checked_without_a_solver() -> None:
    publication = _published([_sum(0, 1, 2, 3)], [20, 3, 8, 9], [1, 2])
    views = (
        View(_differing(publication)),
        View(Demands(publication.withheld, _integers(0, 2, 0, 0), _integers(0, 0, 0, 0))),
    )
    assert not unproven(publication, views, [{1: 2, 2: -2}])
    assert unproven(publication, views, [{1: 1, 2: -1}]) == {(1, 1)}  # it has to rise by 2
    everything = {(0, 1), (0, 2), (1, 1), (1, 2)}
    assert unproven(publication, views, []) == everything
    assert unproven(publication, views, [{1: 2}]) == everything  # breaks the relation
    assert unproven(publication, views, [{1: 2, 3: -2}]) == everything  # moves what is published
    assert unproven(publication, views, [{1: -3, 2: 3}]) == everything  # a withheld count is at least 1
    own = View(Demands.differing(_integers(0, 0, 1, 0) > 0), known=_integers(0, 1, 0, 0) > 0)
    assert unproven(publication, (own,), [{1: 2, 2: -2}]) == {(0, 2)}  # moves what he knows
    wrong = replace(publication, values=_integers(21, 3, 8, 9))
    assert unproven(wrong, views, [{1: 2, 2: -2}]) == everything


def test_what_is_examined_can_be_proven_again() -> None:
    table = read_table("a3d1")
    publication = table.publication(table.values > 0)
    for level in Level:
        views = views_of_counts(level, publication.system, publication.values, table.sensitive, minimum=5)
        outcomes = examine_views(publication, views)
        kept = [witness.as_change() for outcome in outcomes for witness in outcome.witnesses]
        assert unproven(publication, views, kept) == {
            (number, exposed.cell) for number, outcome in enumerate(outcomes) for exposed in outcome.exposed
        }


def test_a_witness_says_what_it_changes() -> None:
    assert Witness(_integers(3, 7), _integers(1, -1)).as_change() == {3: 1, 7: -1}


def test_a_witness_serves_nobody_who_knows_better() -> None:
    """From outside 4 + 5 may be 5 + 4; not for who is alone in one, nor for who has 4 here and 5 there."""
    publication = _published([_sum(0, 1, 2)], [9, 4, 5], [1, 2])
    first = _integers(0, 1, 0) > 0
    outside, alone, inside = examine_views(
        publication,
        (
            View(_differing(publication)),
            View(Demands.differing(publication.withheld & ~first), known=first),
            View(_differing(publication), least=_integers(0, 4, 5)),
        ),
    )
    assert outside.verdict is Verdict.SAFE
    assert [(cell.cell, cell.route) for cell in alone.exposed] == [(2, Route.SUBSTITUTION)]
    assert [(cell.cell, cell.route) for cell in inside.exposed] == [(1, Route.BOUNDS), (2, Route.BOUNDS)]


def test_what_is_open_from_outside_is_open_from_inside() -> None:
    """And is not attacked again, if the same is demanded."""
    publication = _published([_sum(0, 1, 2), _sum(3, 4, 5)], [9, 4, 5, 8, 3, 5], [1, 4, 5])
    demands = Demands.differing(publication.withheld)
    outside, inside = examine_views(
        publication,
        (
            View(demands),
            View(demands.among(_integers(1, 1, 1, 1, 1, 0) > 0), known=_integers(0, 0, 0, 0, 0, 1) > 0),
        ),
    )
    assert [cell.cell for cell in outside.exposed] == [1]
    assert [cell.cell for cell in inside.exposed] == [1, 4]


def test_progress_is_told_up_to_the_end() -> None:
    publication = _published([_sum(0, 1, 2)], [9, 4, 5], [1, 2])
    told: list[tuple[int, int]] = []
    examine_views(
        publication,
        (View(_differing(publication)),) * 2,
        tell=lambda done, asked: told.append((done, asked)),
    )
    assert told[-1] == (4, 4)
    assert told == sorted(told)


# --------------------------------------------------------------------------------------- who is alone where


def _answers(*exclusive: int) -> list[Relation]:
    """Cell 0 is the cases, 1 to 4 are answers, of which any number may be given."""
    parts = (1, 2, 3, 4)
    rows = [Relation(RelationKind.COVER, (0, *parts), (-1, 1, 1, 1, 1), 0, NO_LIMIT)]
    alone = [-1] * len(exclusive)
    if exclusive:
        rows.append(Relation(RelationKind.PART, (0, *exclusive), (1, *alone), 0, NO_LIMIT))
    rows += [
        Relation(RelationKind.PART, (0, part, *exclusive), (1, -1, *alone), 0, NO_LIMIT)
        for part in parts
        if part not in exclusive
    ]
    return rows


def _known(relations: list[Relation], values: list[int]) -> set[frozenset[int]]:
    system = LinearSystem.of(len(values), relations)
    return {frozenset(np.flatnonzero(mask).tolist()) for mask in lone_persons(system, _integers(*values))}


def test_one_person_in_a_cell_and_in_its_part() -> None:
    assert _known([_sum(0, 1, 2), _sum(1, 3, 4)], [9, 1, 8, 1, 0]) == {frozenset({1, 3})}


def test_two_persons_beside_each_other_are_two() -> None:
    assert _known([_sum(0, 1, 2)], [2, 1, 1]) == {frozenset({1}), frozenset({2})}


@pytest.mark.parametrize(
    "relation",
    [
        Relation(RelationKind.EQUAL, (0, 1), (1, -1)),
        Relation(RelationKind.VINTAGE, (0, 1), (1, -1), certain=False),
        Relation(RelationKind.SUBSET, (0, 1), (1, -1), -NO_LIMIT, 0),
        Relation(RelationKind.PART, (0, 1), (1, -1), 0, NO_LIMIT),
        Relation(RelationKind.YEAR, (0, 1), (1, -1), 0, NO_LIMIT, certain=False),
    ],
)
def test_relations_that_say_that_two_are_one(relation: Relation) -> None:
    assert _known([relation], [1, 1]) == {frozenset({0, 1})}


def test_stock_and_flow_do_not_say_who_it_is() -> None:
    """One was there, one came, one went: who is there now may be either."""
    flow = Relation(RelationKind.FLOW, (0, 1, 2, 3), (1, -1, -1, 1))
    assert _known([flow], [1, 1, 1, 1]) == {frozenset({cell}) for cell in range(4)}


def test_who_is_alone_in_one_answer_may_be_alone_in_others() -> None:
    single = {frozenset({1}), frozenset({2}), frozenset({3})}
    pairs = {frozenset({1, 2}), frozenset({1, 3}), frozenset({2, 3})}
    assert _known(_answers(), [9, 1, 1, 1, 7]) == {*single, *pairs, frozenset({1, 2, 3})}


def test_who_gave_no_answer_gave_no_other() -> None:
    assert _known(_answers(4), [9, 1, 7, 5, 1]) == {frozenset({1}), frozenset({4})}


def test_the_records_say_who_is_alone() -> None:
    """Two tables that share a total do not say whether the one in a and the one in b are one; records do."""
    relations, values = [_sum(0, 1, 2), _sum(0, 3, 4)], [9, 1, 8, 1, 8]
    assert _known(relations, values) == {frozenset({1}), frozenset({3})}
    system = LinearSystem.of(5, relations)
    for persons, expected in (((0, 7, 0, 7, 0), {(1, 3)}), ((0, 7, 0, 8, 0), {(1,), (3,)})):
        found = lone_persons(system, _integers(*values), persons=_integers(*persons))
        assert {tuple(np.flatnonzero(mask).tolist()) for mask in found} == expected


# -------------------------------------------------------------------------------------- what is asked apart


def _rings(number: int) -> Publication:
    """Return tables of two rows and two columns whose inside is withheld, side by side: a component each."""
    relations = []
    for first in range(0, 8 * number, 8):
        a, b, c, d, *margins = range(first, first + 8)
        pairs = ((a, b), (c, d), (a, c), (b, d))
        relations += [_sum(total, *pair) for total, pair in zip(margins, pairs, strict=True)]
    hidden = [cell for cell in range(8 * number) if cell % 8 < 4]
    return _published(relations, [2, 3, 4, 5, 5, 9, 6, 8] * number, hidden)


def test_components_are_asked_apart_and_tiny_ones_share() -> None:
    publication = _rings(5)
    whole = Polytope.around(publication, publication.withheld, np.flatnonzero(publication.withheld))
    assert [len(part.cells) for part in whole.apart(1)] == [4] * 5
    shared = list(whole.apart(10))
    assert [len(part.cells) for part in shared] == [8, 8, 4]
    assert np.array_equal(np.concatenate([part.cells for part in shared]), whole.cells)
    assert np.array_equal(np.concatenate([part.rows for part in shared]), whole.rows)
    assert whole.among(_integers(0, 4, 9, 39)).tolist() == [0, 9]
    for part in shared:
        for cell in part.cells.tolist():
            assert part.table(part.whole_step(cell, 1, 1))[part.cells == cell] >= 1


def test_around_a_table_with_fractions_others_may_move_too() -> None:
    """Moving one cell alone breaks its sums; parts around it grow until the whole ring may move."""
    publication = _rings(1)
    whole = Polytope.around(publication, publication.withheld, _integers(0))
    grown = list(Surroundings(whole).around(_integers(0)))
    assert [part.cells.tolist() for part in grown] == [[0, 1, 2, 3]]
    assert (
        whole.under(np.zeros(whole.system.rows, dtype=np.bool_)).whole_step(0, 1, 9).status is Status.OPTIMAL
    )
    assert whole.whole_step(0, 1, 4).status is Status.INFEASIBLE  # beside it stands a 3 that is at least 1
    assert whole.whole_step(0, 1, 2).status is Status.OPTIMAL


# ------------------------------------------------------------------------------------------------- words


def _label(cell: int) -> Text:
    return Text(f"Z{cell}", f"C{cell}")


def test_an_intermediate_result_that_cancels_out_is_not_named() -> None:
    """Cell 3 is 7 - 2 whatever cell 1 is; the relation that gives cell 1 is needed for nothing."""
    relations = [
        Relation(RelationKind.EQUAL, (1, 0), (1, -1)),
        Relation(RelationKind.SUM, (2, 1, 3), (1, -1, -1)),
        Relation(RelationKind.SUM, (4, 2, 1), (1, -1, 1)),
    ]
    publication = _published(relations, [2, 2, 7, 5, 5], [1, 2, 3])
    solved = substitution(publication.system, publication.withheld)
    assert set(solved.row_of) == {1, 2, 3}
    assert solved.derivation(3) == (2, 1)
    assert solved.derivation(2) == (0, 2)


def test_long_sums_name_what_is_withheld_and_count_the_rest() -> None:
    publication = _published([_sum(0, *range(1, 13))], [90, *([7] * 11), 13], [3])
    exposed = examine(publication, _differing(publication)).exposed[0]
    text = derive(publication, exposed, _label).text
    assert text.de.endswith("Z0 ist die Summe aus Z3, 11 veröffentlichten Werten.")
    assert text.en.endswith("C0 is the sum of C3, 11 published values.")


def test_what_stands_in_the_open_needs_no_steps() -> None:
    publication = _published([_sum(0, 1, 2)], [9, 4, 5], [1])
    exposed = examine(publication, Demands.differing(_integers(0, 0, 1) > 0)).exposed[0]
    assert exposed.route is Route.PUBLISHED
    assert derive(publication, exposed, _label).text.en == "C2 stands open in the delivery."


def test_an_argument_that_rests_on_nothing_negative_says_so() -> None:
    publication = _published([_sum(0, 1, 2)], [0, 0, 0], [1, 2], floor=0)
    exposed = examine(publication, _differing(publication)).exposed[0]
    assert exposed.route is Route.BOUNDS
    text = derive(publication, exposed, _label).text
    assert "kein Wert ist negativ" in text.de
    assert "for as small as possible are then C2" in text.en


def test_an_argument_in_whole_numbers_names_what_it_needs() -> None:
    """2x + 2y + z = 3 with z at most 2: z is odd, so it is 1; the cells beside x have no part in it."""
    relations = [
        Relation(RelationKind.SUM, (0, 1, 2), (2, 2, 1), 3, 3),
        Relation(RelationKind.PART, (2,), (1,), -NO_LIMIT, 2),
        Relation(RelationKind.SUM, (0, 3, 4), (1, 1, 1), 5, 5),
    ]
    publication = _published(relations, [1, 0, 1, 2, 2], [0, 1, 2, 3, 4], floor=0)
    exposed = examine(publication, Demands.differing(_integers(0, 0, 1, 0, 0) > 0)).exposed[0]
    assert (exposed.route, exposed.rows) == (Route.INTEGERS, (0, 1))
    text = derive(publication, exposed, _label).text
    assert text.de.startswith("Z2: nur ein ganzzahliger Wert ist möglich nach: Z0 ist die Summe")


# ------------------------------------------------------------------------------------- the same everywhere

DIGEST = """
import hashlib, numpy
from aggregation.sdc.audit import examine_views, intervals
from aggregation.sdc.levels import Level, views_of_counts
from tests.factories.sdc_tables import read_table
table = read_table("a3d2")
publication = table.publication(table.values > 0)
views = views_of_counts(Level.S2, publication.system, publication.values, table.sensitive, minimum=5)
found = hashlib.sha256()
for outcome in examine_views(publication, views):
    for exposed in outcome.exposed:
        found.update(repr(exposed).encode())
    for witness in outcome.witnesses:
        found.update(witness.cells.tobytes() + witness.change.tobytes())
limits = intervals(publication, numpy.flatnonzero(table.sensitive))
print(hashlib.sha256(found.digest() + limits.lower.tobytes() + limits.upper.tobytes()).hexdigest())
"""


def test_another_process_and_another_hash_seed_find_the_same() -> None:
    digests = {
        subprocess.run(
            [sys.executable, "-c", DIGEST],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("0", "1", "4242")
    }
    assert len(digests) == 1
