"""What a node has to deliver: which dataflows, for which areas and periods, and in which order.

Nothing is listed here that the catalogue, the configuration and the sources do not say: a dataflow is due in
each of its frequencies, for every period of the configured span that had ended, if anything of it is
collected. A year is due when all four of its quarters lie in the span.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aggregation.facts import Facts
from aggregation.tabulate import is_collected
from protocol.catalogue import Catalogue, Dataset
from protocol.errors import kim_error
from protocol.periods import Period
from protocol.texts import Text

_QUARTERS: Final = (1, 2, 3, 4)


@dataclass(frozen=True, slots=True)
class Slot:
    """One place in the programme: what is delivered there is a chain of revisions.

    Attributes:
        area: region id that the figures are about.
        dataset_id: dataflow.
        period: reporting period.
    """

    area: str
    dataset_id: str
    period: Period


def periods_of(
    dataset: Dataset, *, span: Sequence[Period], named: Sequence[Period] = ()
) -> tuple[Period, ...]:
    """Return the periods in which a dataflow is delivered, in order of time.

    Args:
        dataset: the dataflow.
        span: the configured quarters.
        named: only these, if any; quarters outside the span among them.

    Returns:
        Quarters, years or both, as the dataflow is delivered.
    """
    quarters = tuple(named or span)
    years = tuple(named) if named else whole_years(span)
    periods = [period for period in (*quarters, *years) if period.freq in dataset.frequencies]
    return tuple(sorted(set(periods), key=lambda period: _order(dataset, period)))


def whole_years(span: Sequence[Period]) -> tuple[Period, ...]:
    """Return the years of which all four quarters lie in the span."""
    years = sorted({period.year for period in span})
    return tuple(Period(year) for year in years if all(Period(year, q) in span for q in _QUARTERS))


def require_whole_years(named: Sequence[Period], span: Sequence[Period]) -> None:
    """Refuse to deliver a year of which the sources are not expected to hold all quarters.

    Raises:
        KimError: ``bad_request``.
    """
    years = whole_years(span)
    for period in named:
        if period.quarter is None and period not in years:
            raise kim_error(
                "bad_request",
                Text(
                    f"Das Jahr {period} wird geliefert, wenn alle vier Quartale im Zeitraum liegen, den "
                    "[periods] in node.toml nennt.",
                    f"The year {period} is delivered if all four quarters lie in the span that [periods] in "
                    "node.toml names.",
                ),
            )


def programme(
    catalogue: Catalogue,
    facts: Mapping[str, Facts],
    *,
    span: Sequence[Period],
    named: Sequence[Period] = (),
) -> tuple[Slot, ...]:
    """Return everything due, in the order in which it is protected and delivered.

    Args:
        catalogue: dataflows and their frequencies.
        facts: by area, the node's own first; a dataflow of which nothing is collected is not due.
        span: the configured quarters.
        named: periods named on the command line, if any.

    Returns:
        By last day of the period, then dataflow in catalogue order, quarter before year, own area first.
    """
    slots = [
        (period.last_day, number, _order(dataset, period), rank, Slot(area, dataset.id, period))
        for number, dataset in enumerate(catalogue.datasets.values())
        for rank, (area, held) in enumerate(facts.items())
        if any(is_collected(held, indicator) for indicator in dataset.indicators)
        for period in periods_of(dataset, span=span, named=named)
    ]
    return tuple(slot for *_, slot in sorted(slots, key=lambda entry: entry[:-1]))


def not_collected(catalogue: Catalogue, facts: Mapping[str, Facts]) -> Iterator[tuple[str, str]]:
    """Yield dataflow and indicator of everything the node has no source for, in catalogue order.

    Args:
        catalogue: all that could be collected.
        facts: by area; what is collected for any of them is collected.
    """
    for dataset in catalogue.datasets.values():
        for indicator in dataset.indicators:
            if not any(is_collected(held, indicator) for held in facts.values()):
                yield dataset.id, indicator.id


def _order(dataset: Dataset, period: Period) -> tuple[int, int, int]:
    return period.last_day.toordinal(), dataset.frequencies.index(period.freq), period.year
