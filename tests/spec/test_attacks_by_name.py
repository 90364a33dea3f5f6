"""The attacks by name: what somebody withholds carelessly falls, and what the documents call safe stands.

The tables are those of `docs/disclosure.md`, and the sentences of the attacker that stand there come from
here too.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from aggregation.sdc.audit import Route, Verdict, examine_views, intervals
from aggregation.sdc.audit.certificate import unproven
from aggregation.sdc.audit.derivation import derive
from aggregation.sdc.suppression import suppress
from aggregation.sdc.suppression.task import Task
from tests.spec.attacks import ATTACKS, RING
from tests.spec.disclosure_document import DOCUMENTS, rendered, stale
from tests.spec.examples import Attack

EVERY = pytest.mark.parametrize("attack", [*ATTACKS, RING], ids=lambda attack: attack.name.split("|")[1])


@EVERY
def test_the_figures_add_up(attack: Attack) -> None:
    assert attack.system.satisfied(attack.values).all()
    assert set(attack.learned) <= set(attack.sensitive)
    assert set(attack.sensitive) <= set(attack.safe)


@EVERY
def test_what_is_withheld_carelessly_falls(attack: Attack) -> None:
    publication = attack.publication(attack.careless)
    found = {
        attack.cells[exposed.cell]: derive(view.of(publication), exposed, attack.label)
        for view, outcome in zip(attack.views, examine_views(publication, attack.views), strict=True)
        for exposed in outcome.exposed
        if exposed.route is not Route.PUBLISHED
    }
    assert set(found) == set(attack.learned)
    for name, derivation in found.items():
        assert derivation.steps
        for text in (derivation.text.de, derivation.text.en):  # places and relations, never a value
            value = str(attack.values[attack.cells.index(name)])
            assert value not in text.replace("mindestens 1", "").replace("at least 1", "").split()


@EVERY
def test_the_safe_pattern_stands_and_its_proof_needs_no_solver(attack: Attack) -> None:
    publication = attack.publication(attack.safe)
    outcomes = examine_views(publication, attack.views)
    assert {outcome.verdict for outcome in outcomes} == {Verdict.SAFE}
    witnesses = [witness.as_change() for outcome in outcomes for witness in outcome.witnesses]
    assert not unproven(publication, attack.views, witnesses)
    assert unproven(publication, attack.views, []) == {
        (number, cell)
        for number, view in enumerate(attack.views)
        for cell in np.flatnonzero(view.demands.cells)
    }
    cells = np.flatnonzero(publication.withheld)
    found = intervals(publication, cells)
    assert found.exact.all()
    assert np.all((found.lower <= publication.values[cells]) & (publication.values[cells] <= found.upper))


@EVERY
def test_the_product_finds_a_pattern_as_good(attack: Attack) -> None:
    start = attack.publication([name for name in attack.careless if name in attack.sensitive])
    costs = attack.values.astype(np.float64)
    optional = ~start.withheld & (attack.values >= attack.floor)
    pattern = suppress(
        Task(start, attack.views, optional=optional, costs=costs, upward=np.zeros_like(start.withheld))
    )
    assert not pattern.unprotected
    protected = replace(start, withheld=pattern.withheld)
    assert {one.verdict for one in examine_views(protected, attack.views)} == {Verdict.SAFE}
    by_hand = attack.publication(attack.safe).withheld
    assert costs[pattern.withheld].sum() <= costs[by_hand].sum()


def test_tables_in_a_ring_are_safe_only_for_who_does_not_see_the_people_behind_them() -> None:
    """The limit that `docs/disclosure.md` states: undeclared, the crossing is not granted to the attacker."""
    undeclared = replace(RING, sheets=RING.sheets[:3], ties=(), never_shown=None)
    publication = undeclared.publication(undeclared.careless)
    assert examine_views(publication, undeclared.views)[0].verdict is Verdict.SAFE
    declared = RING.publication(RING.careless)
    assert examine_views(declared, RING.views)[0].verdict is Verdict.UNSAFE


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_the_documents_print_these_tables(document) -> None:
    """`python -m tests.spec.disclosure_document` prints them anew."""
    assert not stale(document)
    text = document.read_text(encoding="utf-8")
    assert rendered(ATTACKS, english=document.name.endswith(".en.md")) in text
