"""The rules of a delivery against a second reading of them, in plain loops over microdata.

The vectorised check must refuse exactly what this reading finds exposed: cells that are published, or follow
by adding and subtracting, and are too small, or tell something about a whole group.
"""

import itertools
from collections import Counter
from functools import cache
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.catalogue_file import load_catalogue
from protocol.codelists import TOTAL
from protocol.errors import KimError
from protocol.grid import grid_of
from protocol.submission_rules import check_submission
from tests.factories.submissions import submission

CATALOGUE = load_catalogue()


def counts_of(grid, random, people):
    """Count made-up people cell by cell; nobody is counted in a subset without being counted in the whole."""
    counts = Counter()
    for _ in range(people):
        person = {}
        for indicator in grid.dataset.indicators:
            for use in indicator.dimensions:
                leaves = [use.codelist.recode(leaf) for leaf in use.codelist.leaves]
                # A person has the same attributes in every indicator; multi-response has up to three.
                some = [random.choice(leaves[:6] if random.random() < 0.8 else leaves)]
                if not use.additive:
                    some += random.sample(leaves, random.randrange(3))
                person.setdefault((use.id, use.additive), set(some))
        for indicator in grid.dataset.indicators:
            if indicator.id in {"PERSONS_NEW", "CASES_CLOSED"} and random.random() < 0.6:
                continue
            counts.update(cells_of(grid, indicator, person))
    return [counts[row] for row in range(len(grid))]


def cells_of(grid, indicator, person):
    rows = set()
    for table in indicator.tables:
        reached = []
        for dimension in table:
            use = indicator.dimension_use(dimension)
            codes = {TOTAL}
            for leaf in person[dimension, use.additive]:
                codes |= {leaf, *use.codelist.ancestors(leaf)}
            reached.append(sorted(codes))
        for combination in itertools.product(*reached):
            rows.add(grid.index[grid.key(indicator, dict(zip(table, combination, strict=True)))])
    return rows


def lines_of(grid):
    """Every total with its parts: found by looking which keys exist, not by reading the list of tables."""
    for row, key in enumerate(grid.keys):
        indicator = CATALOGUE.indicators[key[0]]
        for number, dimension in enumerate(grid.dims, start=1):
            use = indicator.dimension_use(dimension)
            if use is None or not use.additive:
                continue
            parts = [
                grid.index.get((*key[:number], child, *key[number + 1 :]))
                for child in use.codelist.children(key[number])
            ]
            if parts and None not in parts:
                yield [row, *parts]


LINES = {name: list(lines_of(grid_of(CATALOGUE, name))) for name in ("CASES", "PERSONS")}


def computable(dataset_id, values, withheld):
    known = {row: value for row, value in enumerate(values) if row not in withheld}
    found = True
    while found:
        found = False
        for line in LINES[dataset_id]:
            unknown = [row for row in line if row not in known]
            if len(unknown) == 1:
                known[unknown[0]] = values[unknown[0]]
                found = True
    return known


@cache
def rules_of(dataset_id):
    """By row: its rule, and for each dimension but totals: the total's row, and the rules beside it."""
    grid = grid_of(CATALOGUE, dataset_id)
    found = []
    for row, key in enumerate(grid.keys):
        indicator = CATALOGUE.indicators[key[0]]
        totals = []
        for number, dimension in enumerate(grid.dims, start=1):
            use = indicator.dimension_use(dimension)
            if use is None or key[number] == TOTAL:
                continue
            beside = [
                CATALOGUE.rule_for(indicator, {**grid.codes(row), dimension: code.id})
                for code in use.codelist.published
            ]
            totals.append((grid.index[*key[:number], TOTAL, *key[number + 1 :]], beside))
        found.append((CATALOGUE.rule_for(indicator, grid.codes(row)), totals))
    return found


def exposed(dataset_id, known):
    for row, value in known.items():
        rule, totals = rules_of(dataset_id)[row]
        if 1 <= value < rule.min_contributors:
            yield row
        for number, beside in totals:
            # In the catalogue's tables a protected code always stands alone, so every such code demands it.
            total = known.get(number)
            if value == 0 and total != 0 and not all(other.zero_publishable for other in beside):
                yield row
            if total and total - value < rule.min_contributors and not rule.zero_publishable:
                yield row


@pytest.mark.parametrize("dataset_id", ["CASES", "PERSONS"])
@settings(max_examples=40)
@given(
    seed=st.integers(0, 2**32), people=st.sampled_from([0, 3, 30, 120]), extra=st.sampled_from([0, 0.1, 0.5])
)
def test_exactly_what_is_exposed_is_refused(dataset_id, seed, people, extra):
    """P-53 to P-60."""
    grid = grid_of(CATALOGUE, dataset_id)
    random = Random(seed)
    values = counts_of(grid, random, people)
    sensitive = set(exposed(dataset_id, dict(enumerate(values))))
    withheld = sensitive | {row for row in range(len(grid)) if random.random() < extra}
    table, statement = submission(dataset_id, values=values, withheld=sorted(withheld))
    still_exposed = set(exposed(dataset_id, computable(dataset_id, values, withheld)))
    if not still_exposed:
        check_submission(table, statement, CATALOGUE, min_contributors=5)
        return
    with pytest.raises(KimError) as caught:
        check_submission(table, statement, CATALOGUE, min_contributors=5)
    assert caught.value.code == "k_anonymity"
    named = {int(item.pointer.split("/")[2]) for item in caught.value.errors}
    assert named <= still_exposed
