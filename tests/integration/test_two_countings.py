"""Two independent countings of the same people: the demo's plain loops and the product's tabulation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path

import pyarrow as pa
import pytest

from aggregation.facts import (
    CASES_FACTS,
    CONTACTS_FACTS,
    DECISION_FACTS,
    FUNDS_FACTS,
    INVOLVEMENT_FACTS,
    ISSUE_FACTS,
    POST_FACTS,
    REFERRAL_FACTS,
    Facts,
    check_facts,
    codelist_of,
)
from aggregation.tabulate import tabulate
from hub.demo.generator.areas import write_lists
from hub.demo.lists.plans import FIRST_QUARTER, LAST_QUARTER, plan_of
from hub.demo.truth.counting import Contributions
from hub.demo.truth.figures import true_figures
from hub.demo.truth.handling import Handled
from protocol.catalogue_file import load_catalogue
from protocol.grid import delivery_grid
from protocol.periods import Period
from protocol.regions import reporting_area


def facts_of(handled: Handled) -> Facts:
    cases = [
        (
            c.holder.case,
            c.holder.opened,
            c.holder.closed,
            c.holder.first_contact,
            c.holder.birth,
            c.holder.sex,
            c.holder.citizen,
            c.holder.residence,
            c.holder.rechtskreis,
            c.holder.inst,
            c.holder.outcome,
            sorted(c.fields),
        )
        for c in handled.cases or ()
    ]
    persons = [
        (
            i.person.person,
            i.holder.case,
            i.holder.opened,
            i.holder.closed,
            i.person.birth,
            i.person.sex,
            i.person.citizen,
            i.person.residence,
            i.person.rechtskreis,
        )
        for i in handled.involvements
    ]
    order = [code.id for code in codelist_of(load_catalogue(), "FIELD").codes]
    referrals = [
        (c.holder.closed, inst, min(c.fields, key=order.index))
        for c in handled.cases or ()
        if c.holder.closed
        for inst in sorted(c.referred)
    ]
    posts = [
        (p.post, p.first, p.last, p.baustein, p.carrier.kind, p.funded, p.filled) for p in handled.posts or ()
    ]
    funds = [
        (b.year, b.carrier.id, b.baustein, b.cost, b.carrier.kind, b.granted, b.spent)
        for b in handled.bookings or ()
    ]
    return Facts(
        cases=table(cases, CASES_FACTS),
        contacts=table([(c.day, c.field, c.inst) for c in handled.contacts], CONTACTS_FACTS),
        involvements=table(persons, INVOLVEMENT_FACTS),
        referrals=table(referrals, REFERRAL_FACTS),
        posts=table(posts, POST_FACTS),
        funds=table(funds, FUNDS_FACTS),
        issues=table([(i.reported, i.field, i.status) for i in handled.issues or ()], ISSUE_FACTS),
        decisions=table([(d.day, d.kind, d.sex) for d in handled.decisions or ()], DECISION_FACTS),
    )


def table(rows: Sequence[tuple[object, ...]], schema: pa.Schema) -> pa.Table:
    columns = zip(*rows, strict=True)
    arrays = [
        pa.array(values, type=pa.string()).dictionary_encode() if pa.types.is_dictionary(f.type)
        else pa.array(values, type=f.type)
        for values, f in zip(columns, schema, strict=True)
    ]  # fmt: skip
    return pa.table(arrays, schema=schema)


@pytest.mark.parametrize("area", ["NW05116", "NW05374"])
def test_both_give_the_same_figures_in_every_cell(area: str, tmp_path: Path) -> None:
    handled = write_lists(plan_of(reporting_area(area)), tmp_path).handled
    facts = facts_of(handled)
    catalogue = load_catalogue()
    check_facts(facts, catalogue)
    for dataset in catalogue.datasets.values():
        quarters = Period.span(FIRST_QUARTER, LAST_QUARTER) if "Q" in dataset.frequencies else ()
        years = (Period(2024), Period(2025), Period(2026)) if "A" in dataset.frequencies else ()
        periods = (*quarters, *years)
        tabulated = tabulate(facts, catalogue=catalogue, dataset_id=dataset.id, periods=periods)
        for period in periods:
            keys = ["|".join(key) for key in delivery_grid(catalogue, dataset.id, period.freq).keys]
            truth = true_figures(handled, catalogue, period)
            figures, behind = truth.figures[dataset.id], truth.contributions.get(dataset.id, {})
            assert set(figures) <= set(keys)
            found = tabulated[period]
            assert [figures.get(key, 0) for key in keys] == found.values.tolist()
            assert found.collected.all()
            assert figures, "nothing was counted"
            if dataset.id in ("STAFFING", "FUNDS"):
                nobody = Contributions(0, 0, 0, 0)
                expected = [astuple(behind.get(key, nobody)) for key in keys]
                arrays = (found.contributors, found.largest, found.second, found.gross)
                assert expected == list(zip(*(array.tolist() for array in arrays), strict=True))
