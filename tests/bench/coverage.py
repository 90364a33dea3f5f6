"""What the hub knows of withheld cells: how wide the totals' intervals are, and what its own audit costs.

Areas of several sizes deliver eight quarters and a year; the totals are those over all of them (ADR 0024).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from aggregation.disclosure import Delivered, protect_delivery
from aggregation.disclosure.arrivals import Arrival, Placed, given_away, judge, limits_of
from aggregation.disclosure.relations import structure_of
from aggregation.limits import OPEN_ABOVE, OPEN_BELOW, add_limits
from protocol.catalogue import Catalogue
from protocol.catalogue_file import load_catalogue
from protocol.periods import Period
from tests.factories.areas import deliveries

SIZES = (60, 120, 250)
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
        *_widths(catalogue, single),
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
    found: list[int] = given_away(structure, one.arrival, one.lower, one.upper).tolist()
    return found


def _widths(catalogue: Catalogue, areas: Sequence[Mapping[_Place, _Limits]]) -> Iterator[str]:
    """Yield one line per dataflow about the totals over all areas."""
    for dataset in catalogue.datasets:
        widths: list[np.ndarray] = []
        cells = 0
        for place in (place for place in areas[0] if place[0] == dataset):
            low, high = (add_limits([limits[place][side] for limits in areas]) for side in (0, 1))
            wide = (low > OPEN_BELOW) & (high < OPEN_ABOVE) & (low < high)
            widths.append((high - low)[wide])
            cells += len(low)
        width = np.concatenate(widths)
        yield (
            f"  {dataset}: {len(width)} of {cells} totals are intervals, median {np.median(width):.0f}, "
            f"together {width.sum()}"
        )
