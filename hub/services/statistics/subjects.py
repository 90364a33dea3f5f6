"""What a page or a download can be about: a delivered indicator, or a figure derived from several.

A derived figure (rate, median) is never delivered; it is computed from published cells by `derived`. For
whoever reads figures both are the same: a name, a unit, dimensions to break down by, periods. Invariant:
the order is that of the catalogue, each derived figure after the indicators of the dataflow it belongs to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from aggregation.derived import terms_of
from protocol.catalogue import Catalogue, DerivedIndicator, DimensionUse, Indicator
from protocol.errors import kim_error
from protocol.texts import Text


@dataclass(frozen=True)
class Subject:
    """One indicator, delivered or derived.

    Attributes:
        id: indicator id.
        name: label.
        unit: unit code.
        decimals: decimals of its exact values; derived figures are fractions and have as many as are shown.
        stock: whether it says how much there is at the end of a period, not how much happened during it.
        dataset: dataflow under which it is listed.
        datasets: dataflows it is read from.
        dimensions: dimensions by which it may be broken down.
        denominator: id of the population of its rate, or None.
        indicator: the delivered indicator, or None.
        derived: the derived one, or None.
    """

    id: str
    name: Text
    unit: str
    decimals: int
    stock: bool
    dataset: str
    datasets: tuple[str, ...]
    dimensions: tuple[DimensionUse, ...]
    denominator: str | None
    indicator: Indicator | None
    derived: DerivedIndicator | None

    @property
    def relative(self) -> bool:
        """Whether it relates two sizes, so that areas of any size compare: a rate or a median."""
        return self.derived is not None

    @property
    def by_authority(self) -> bool:
        """Whether a joint authority may report it for several areas at once."""
        return self.indicator is not None and self.indicator.reporting_unit == "authority"

    @property
    def distinct(self) -> bool:
        """Whether it counts persons who may be counted in two areas: totals are ranges by their nature."""
        return self.indicator is not None and self.indicator.region_additivity == "max_sum"


#: Decimals shown of a derived figure by its unit; exact enough to compare, too few to compute back.
_DERIVED_DECIMALS: Mapping[str, int] = {"PERCENT": 1, "PER_1000": 2, "CASES_PER_FTE": 1, "DAYS": 0}


def subject_of(catalogue: Catalogue, subject_id: str) -> Subject:
    """Return a subject by its id.

    Raises:
        KimError: ``unknown_indicator`` if the catalogue has none.
    """
    found = subjects_of(catalogue).get(subject_id)
    if found is None:
        raise kim_error("unknown_indicator", pointer="indicator")
    return found


def subjects_of(catalogue: Catalogue) -> Mapping[str, Subject]:
    """Return all subjects by id, in reading order."""
    return _subjects(_ByDigest(catalogue))


def delivered(indicator: Indicator) -> Subject:
    """Return the subject of a delivered indicator."""
    return Subject(
        id=indicator.id,
        name=indicator.name,
        unit=indicator.unit,
        decimals=indicator.decimals,
        stock=indicator.stock_or_flow == "stock",
        dataset=indicator.dataset,
        datasets=(indicator.dataset,),
        dimensions=indicator.dimensions,
        denominator=indicator.denominator,
        indicator=indicator,
        derived=None,
    )


class _ByDigest:
    """A catalogue as a key: two readings of the same bytes are the same catalogue."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue

    def __hash__(self) -> int:
        return hash(self.catalogue.sha256)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByDigest) and other.catalogue.sha256 == self.catalogue.sha256


@lru_cache(maxsize=4)
def _subjects(key: _ByDigest) -> Mapping[str, Subject]:
    catalogue = key.catalogue
    derived = [_derived(catalogue, item) for item in catalogue.derived.values()]
    found: dict[str, Subject] = {}
    for dataset in catalogue.datasets.values():
        found |= {indicator.id: delivered(indicator) for indicator in dataset.indicators}
        found |= {item.id: item for item in derived if item.dataset == dataset.id}
    return found


def _derived(catalogue: Catalogue, item: DerivedIndicator) -> Subject:
    terms = terms_of(catalogue, item)
    indicators = [catalogue.indicator(term.indicator) for term in terms if term.indicator]
    first = indicators[0]
    uses = {use.id: use for use in first.dimensions}
    return Subject(
        id=item.id,
        name=item.name,
        unit=item.unit,
        decimals=_DERIVED_DECIMALS[item.unit],
        stock=all(indicator.stock_or_flow == "stock" for indicator in indicators),
        dataset=first.dataset,
        datasets=tuple(dict.fromkeys(indicator.dataset for indicator in indicators)),
        dimensions=tuple(uses[dimension] for dimension in item.by),
        denominator=None,
        indicator=None,
        derived=item,
    )
