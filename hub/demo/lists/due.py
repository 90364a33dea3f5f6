"""What the node of an area has to deliver, by what its lists hold, and where its series begin anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from hub.demo.lists.local_lists import cases_of, other_lists
from hub.demo.lists.plans import AreaPlan, Special
from protocol.periods import Period
from protocol.regions import AACHEN_WHOLE

#: What is delivered in which frequency.
_DATASETS: Final[Mapping[str, Sequence[str]]] = {
    "Q": ("CASES", "PERSONS", "STAFFING", "PROCESSES"),
    "A": ("PERSONS", "FUNDS"),
}
#: Lists of which a dataflow needs at least one.
_NEEDED: Final[Mapping[str, frozenset[str]]] = {
    "CASES": frozenset({"cases"}),
    "PERSONS": frozenset({"cases"}),
    "STAFFING": frozenset({"posts"}),
    "FUNDS": frozenset({"funds"}),
    "PROCESSES": frozenset({"cases", "issues", "decisions"}),
}


def deliveries_of(plan: AreaPlan) -> Iterator[tuple[str, str, Period]]:
    """Yield (area, dataset, period) of everything that an area's node has to deliver."""
    holds = {local.holds for local in (cases_of(plan), *other_lists(plan))}
    area = plan.region.id
    for period in (*plan.quarters, *plan.years):
        for dataset in _DATASETS[period.freq]:
            if holds & _NEEDED[dataset]:
                yield area, dataset, period
    if plan.special is Special.JOINT_AUTHORITY:
        for quarter in plan.quarters:
            yield AACHEN_WHOLE, "PROCESSES", quarter


def breaks_of(plan: AreaPlan) -> frozenset[tuple[str, str, str]]:
    """Return the deliveries (area, dataset, period) with which an area's series begin anew.

    A year in which something changed is one of them.
    """
    broken = {text for period in plan.breaks for text in (period, period[:4])}
    return frozenset(
        (area, dataset, str(period)) for area, dataset, period in deliveries_of(plan) if str(period) in broken
    )
