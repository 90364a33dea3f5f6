"""What is delivered: dataflows, their indicators and dimensions, and the populations of rates."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from protocol.catalogue.rules import DisclosureRule
from protocol.codelists import Codelist
from protocol.texts import Text


@dataclass(frozen=True, slots=True)
class DimensionUse:
    """How an indicator uses a dimension.

    Attributes:
        id: dimension id, for example ``SEX``.
        codelist: its codes.
        additive: False for multi-response: ``max(children) <= total <= sum(children)`` instead of a sum.
    """

    id: str
    codelist: Codelist
    additive: bool


@dataclass(frozen=True)
class Indicator:
    """One indicator (an SDMX measure) with its linked tables.

    Attributes:
        id: indicator id on the wire.
        dataset: dataflow it belongs to.
        name: label.
        definition: what is counted, for the reader of a figure.
        unit: unit code (``CASES``, ``PERSONS``, ``FTE``, ``EUR`` ...).
        type: ``count``, ``distinct_count``, ``fte`` or ``magnitude``.
        decimals: values on the wire are integers scaled by ``10 ** decimals``.
        stock_or_flow: ``stock`` (at the reference date) or ``flow`` (during the period).
        region_additivity: ``sum``, or ``max_sum`` for distinct persons who may be counted in two areas.
        time_additivity: ``sum``, ``last`` (stock) or ``none``.
        frequencies: SDMX frequency codes in which it is delivered; what adds up over time is delivered by
            quarter only and the hub computes the year.
        dimensions: its dimensions without area and time, in wire order.
        tables: the marginal tables that are delivered; dimensions not named stand at their total.
        rule: disclosure rule of every cell, before the rules of codes.
        reporting_unit: ``area`` or ``authority``.
        denominator: id of the population for a rate, or None.
        may_be_negative: whether a cell may be below zero (repayments).
    """

    id: str
    dataset: str
    name: Text
    definition: Text
    unit: str
    type: str
    decimals: int
    stock_or_flow: str
    region_additivity: str
    time_additivity: str
    frequencies: tuple[str, ...]
    dimensions: tuple[DimensionUse, ...]
    tables: tuple[tuple[str, ...], ...]
    rule: DisclosureRule
    reporting_unit: str
    denominator: str | None
    may_be_negative: bool

    @cached_property
    def _uses(self) -> dict[str, DimensionUse]:
        return {use.id: use for use in self.dimensions}

    def dimension_use(self, dimension: str) -> DimensionUse | None:
        """Return the use of a dimension, or None if the indicator does not have it."""
        return self._uses.get(dimension)

    @cached_property
    def _own(self) -> dict[tuple[str, ...], tuple[str | None, ...]]:
        return {}

    def own(self, dimensions: tuple[str, ...]) -> tuple[str | None, ...]:
        """Return these dimensions in their order, None in place of each that the indicator does not have."""
        found = self._own.get(dimensions)
        if found is None:
            found = tuple(d if d in self._uses else None for d in dimensions)
            self._own[dimensions] = found
        return found


@dataclass(frozen=True)
class Dataset:
    """A dataflow: indicators that are delivered together and protected together.

    Attributes:
        id: dataflow id.
        name: label.
        version: version of its structure.
        frequencies: SDMX frequency codes it is delivered in (some of its indicators, at least).
        due_days: days after the end of a period by which it is due.
        indicators: in catalogue order.
    """

    id: str
    name: Text
    version: str
    frequencies: tuple[str, ...]
    due_days: int
    indicators: tuple[Indicator, ...]

    @cached_property
    def dimensions(self) -> tuple[str, ...]:
        """Union of the indicators' dimensions, in order of first appearance: the key columns."""
        seen: dict[str, None] = {}
        for indicator in self.indicators:
            seen.update((use.id, None) for use in indicator.dimensions)
        return tuple(seen)

    @property
    def urn(self) -> str:
        """Short SDMX reference, as statements cite it."""
        return f"KIMNRW:{self.id}({self.version})"


@dataclass(frozen=True, slots=True)
class Denominator:
    """A population for rates; source and date are part of the figure.

    Attributes:
        id: denominator id.
        name: label.
        column: column of the areas table.
        source: where the figure comes from, as shown beside every rate.
        date: reference date, ISO form.
    """

    id: str
    name: Text
    column: str
    source: Text
    date: str
