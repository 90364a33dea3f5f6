"""Two independent countings of the same people: the demo's plain loops and the product's tabulation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pyarrow as pa
import pytest

from aggregation.facts import CASES_FACTS, CONTACTS_FACTS, INVOLVEMENT_FACTS, Facts, check_facts
from aggregation.tabulate import tabulate
from hub.demo.answer_key import true_figures
from hub.demo.generate import spoiled_entries
from hub.demo.handling import Handled, handle
from hub.demo.plans import FIRST_QUARTER, LAST_QUARTER, plan_of
from hub.demo.world import simulate
from protocol.catalogue_file import load_catalogue
from protocol.grid import grid_of
from protocol.periods import Period
from protocol.regions import reporting_area


def facts_of(handled: Handled) -> Facts:
    cases = [
        (
            c.holder.case,
            c.holder.opened,
            c.holder.closed,
            None,
            c.holder.birth,
            c.holder.sex,
            c.holder.citizen,
            c.holder.residence,
            c.holder.rechtskreis,
            c.holder.inst,
            c.holder.outcome,
            sorted(c.fields),
        )
        for c in handled.cases
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
    contacts = [(c.day, c.field, c.inst) for c in handled.contacts]
    return Facts(
        table(cases, CASES_FACTS), table(contacts, CONTACTS_FACTS), table(persons, INVOLVEMENT_FACTS)
    )


def table(rows: Sequence[tuple[object, ...]], schema: pa.Schema) -> pa.Table:
    columns = zip(*rows, strict=True)
    arrays = [
        pa.array(values, type=pa.string()).dictionary_encode() if pa.types.is_dictionary(f.type)
        else pa.array(values, type=f.type)
        for values, f in zip(columns, schema, strict=True)
    ]  # fmt: skip
    return pa.table(arrays, schema=schema)


@pytest.mark.parametrize("area", ["NW05334X002", "NW05374"])
def test_both_give_the_same_figures_in_every_cell(area: str) -> None:
    region = reporting_area(area)
    entries = spoiled_entries(simulate(area, population=region.population), plan_of(region))
    handled = handle(entries, file_findings=Counter())
    facts = facts_of(handled)
    catalogue = load_catalogue()
    check_facts(facts, catalogue)
    periods = Period.span(FIRST_QUARTER, LAST_QUARTER)
    for dataset in ("CASES", "PERSONS"):
        keys = ["|".join(key) for key in grid_of(catalogue, dataset).keys]
        tabulated = tabulate(facts, catalogue=catalogue, dataset_id=dataset, periods=periods)
        for period in periods:
            truth = true_figures(handled, catalogue, period)[dataset]
            assert set(truth) <= set(keys)
            assert [truth.get(key, 0) for key in keys] == tabulated[period].values.tolist()
