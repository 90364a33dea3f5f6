"""Many deliveries in few lines: in the order of the programme, equal ones of a dataflow together.

It deliberately loads nothing that computes: `status` uses it too.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Protocol, TypeVar

from protocol.catalogue import Catalogue
from protocol.periods import Period
from protocol.texts import Text


class Delivered(Protocol):
    """What is said of a delivery by whoever lists it: area, dataflow and period in wire form."""

    @property
    def area(self) -> str:
        """Region id."""
        ...

    @property
    def dataset(self) -> str:
        """Dataflow id."""
        ...

    @property
    def period(self) -> str:
        """Wire form of the period."""
        ...


D = TypeVar("D", bound=Delivered)


def in_order(deliveries: Iterable[D], catalogue: Catalogue, *, own_area: str) -> list[D]:
    """Sort by the period's last day, dataflow in catalogue order, quarter before year, own area first."""
    rank = {dataset_id: number for number, dataset_id in enumerate(catalogue.datasets)}

    def key(delivery: D) -> tuple[int, int, str, bool]:
        period = Period.parse(delivery.period)
        number = rank.get(delivery.dataset, len(rank))
        # "Q" sorts behind "A": a quarter goes before the year that ends with it.
        freq = "0" if period.freq == "Q" else "1"
        return period.last_day.toordinal(), number, freq, delivery.area != own_area

    return sorted(deliveries, key=key)


def gathered(
    deliveries: Sequence[D], catalogue: Catalogue, *, alike: Callable[[D], Hashable]
) -> list[list[D]]:
    """Put deliveries of one area, dataflow and frequency together that are ``alike``.

    Args:
        deliveries: in order.
        catalogue: for the order of dataflows.
        alike: what must be equal within a group.

    Returns:
        Groups by dataflow in catalogue order, then area, frequency and first period; each in order.
    """
    groups: dict[Hashable, list[D]] = {}
    for delivery in deliveries:
        freq = Period.parse(delivery.period).freq
        key = (delivery.dataset, delivery.area, freq, alike(delivery))
        groups.setdefault(key, []).append(delivery)
    rank = {dataset_id: number for number, dataset_id in enumerate(catalogue.datasets)}
    areas = list(dict.fromkeys(delivery.area for delivery in deliveries))

    def place(group: list[D]) -> tuple[int, int, bool]:
        first = group[0]
        year = Period.parse(first.period).freq == "A"
        return rank.get(first.dataset, len(rank)), areas.index(first.area), year

    return sorted(groups.values(), key=place)


def spans(periods: Iterable[Period]) -> str:
    """Write periods of one frequency with unbroken runs shortened: ``2024-Q4 – 2025-Q3, 2026-Q1``."""
    runs: list[list[Period]] = []
    for period in sorted(set(periods)):
        if runs and runs[-1][-1].freq == period.freq and runs[-1][-1].next() == period:
            runs[-1].append(period)
        else:
            runs.append([period])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]} – {run[-1]}" for run in runs)


def periods_of(deliveries: Iterable[Delivered]) -> str:
    """Write the periods of some deliveries; see :func:`spans`."""
    return spans(Period.parse(delivery.period) for delivery in deliveries)


def label(delivery: Delivered, catalogue: Catalogue, *, own_area: str) -> Text:
    """Name a dataflow, and the area if it is not the node's own."""
    known = catalogue.datasets.get(delivery.dataset)
    name = known.name if known is not None else Text(delivery.dataset, delivery.dataset)
    if delivery.area == own_area:
        return name
    return Text(f"{name.de} ({delivery.area})", f"{name.en} ({delivery.area})")


def waiting(periods: Iterable[Period]) -> list[str]:
    """Sort periods that had not ended: the one that ends first, then the others."""
    ordered = sorted(set(periods), key=lambda period: (period.last_day, period.freq == "A"))
    return [str(period) for period in ordered]
