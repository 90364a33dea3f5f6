"""What the hub knows of withheld cells: how wide the totals' intervals are, and what its own audit costs.

Areas of several sizes deliver eight quarters and a year; the totals are those over all of them. Beside the
guaranteed limits (one delivery, what holds in every delivery) stands how wide they would be if everything
held that mostly does between deliveries: what is given up so that "guaranteed" is true (ADR 0005, 0024).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from aggregation.disclosure import Delivered, protect_delivery
from aggregation.disclosure.arrivals import Arrival, Placed, given_away, judge, limits_by_rule, limits_of
from aggregation.disclosure.history import linked_history
from aggregation.disclosure.relations import structure_of
from aggregation.limits import OPEN_ABOVE, OPEN_BELOW, add_limits
from aggregation.sdc.bounds import interval_bounds
from protocol.catalogue import Catalogue
from protocol.catalogue_file import load_catalogue
from protocol.periods import Period
from tests.factories.areas import deliveries

SIZES = (60, 120)
_Limits = tuple[np.ndarray, np.ndarray]
_Place = tuple[str, Period]


def run() -> list[str]:
    """Bound, judge and add up."""
    catalogue = load_catalogue()
    areas = [list(_delivered(catalogue, size, seed)) for seed, size in enumerate(SIZES)]
    started = time.process_time()
    placed = [[_placed(catalogue, one) for one in area] for area in areas]
    bounded = time.process_time()
    judged = [judge(catalogue, area, new=range(len(area))) for area in placed]
    done = time.process_time()
    joint = [_jointly(catalogue, area) for area in areas]
    jointly = time.process_time()
    alarms = sum(len(one.given_away) + len(one.undecided) for one in judged)
    alarms += sum(len(_alone(catalogue, one)) for area in placed for one in area)
    single = [{(one.dataset_id, one.period): (one.lower, one.upper) for one in area} for area in placed]
    number, count = len(areas), sum(map(len, areas))
    head = (
        f"{number} areas, {count} deliveries: limits {(bounded - started) / number:.2f} s of processor time "
        f"per area, the hub's audit {(done - bounded) / number:.2f} s, false alarms: {alarms}"
    )
    return [
        head,
        *_widths(catalogue, single, joint),
        f"  (joint limits would take {(jointly - done) / number:.2f} s per area)",
    ]


def _delivered(catalogue: Catalogue, open_cases: int, seed: int) -> Iterator[Delivered]:
    out: list[Delivered] = []
    for dataset, period, table in deliveries(seed, open_cases=open_cases):
        withheld = protect_delivery(catalogue, dataset, period, table, linked=out).withheld
        out.append(Delivered(dataset, period, table, withheld))
        yield out[-1]


def _placed(catalogue: Catalogue, one: Delivered) -> Placed:
    arrival = _arrival(one)
    limits = limits_of(structure_of(catalogue, one.dataset_id, one.period.freq), arrival)
    return Placed(one.dataset_id, one.period, arrival, *limits)


def _arrival(one: Delivered) -> Arrival:
    shown = one.table.collected & ~one.withheld
    return Arrival(np.where(shown, one.values, 0), shown, one.withheld, 5)


def _alone(catalogue: Catalogue, one: Placed) -> list[int]:
    structure = structure_of(catalogue, one.dataset_id, one.period.freq)
    return given_away(structure, one.arrival, one.lower, one.upper).tolist()


def _jointly(catalogue: Catalogue, area: Sequence[Delivered]) -> dict[_Place, _Limits]:
    """Limits with every relation that the true values keep, as if the hub knew which these are."""
    found: dict[_Place, _Limits] = {}
    for one in area:
        if (one.dataset_id, one.period) in found:
            continue
        structure = structure_of(catalogue, one.dataset_id, one.period.freq)
        history = linked_history(structure, one, [other for other in area if other is not one])
        parts = [_arrival(delivery) for delivery in history.deliveries]
        floors = [limits_by_rule(s, part)[0] for s, part in zip(history.structures, parts, strict=True)]
        lower, upper = interval_bounds(
            replace(history.system, certain=np.ones_like(history.system.certain)),
            np.concatenate([part.values for part in parts]),
            unknown=np.concatenate([~part.published for part in parts]),
            floors=np.concatenate(floors),
        )
        for block, delivery in enumerate(history.deliveries):
            here = slice(history.starts[block], history.starts[block + 1])
            found[delivery.dataset_id, delivery.period] = lower[here], upper[here]
    return found


def _widths(
    catalogue: Catalogue, single: Sequence[dict[_Place, _Limits]], joint: Sequence[dict[_Place, _Limits]]
) -> Iterator[str]:
    """Yield one line per dataflow about the totals that are intervals with two ends."""
    for dataset in catalogue.datasets:
        widths: list[np.ndarray] = []
        for place in (place for place in single[0] if place[0] == dataset):
            sums = [
                [add_limits([limits[place][side] for limits in given]) for side in (0, 1)]
                for given in (single, joint)
            ]
            closed = [(low > OPEN_BELOW) & (high < OPEN_ABOVE) for low, high in sums]
            wide = closed[0] & closed[1] & (sums[0][0] < sums[0][1])
            widths.append(np.stack([(high - low)[wide] for low, high in sums]))
        ours, all_relations = np.concatenate(widths, axis=1)
        total = max(int(ours.sum()), 1)
        yield (
            f"  {dataset}: {len(ours)} totals are intervals, median width {np.median(ours):.0f}, together "
            f"{ours.sum()}; if all relations between deliveries held: median {np.median(all_relations):.0f}, "
            f"together {all_relations.sum()} (ratio {all_relations.sum() / total:.2f})"
        )
