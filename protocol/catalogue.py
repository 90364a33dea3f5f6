"""The catalogue as typed data: dataflows, indicators, codelists, disclosure rules, identities.

Node and hub compute from the same catalogue and pin it by digest; nothing that decides a figure is said in
prose. Invariants: every reference resolves, additivity is declared per dimension, the strictest of all
rules that touch a cell is the one that holds. This module does not read files (`catalogue_file`) and holds
no rule engine (`aggregation`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, reduce
from typing import Final

from protocol.codelists import NOT_APPLICABLE, TOTAL, Code, Codelist
from protocol.errors import kim_error
from protocol.texts import Text


class RuleKind(StrEnum):
    """What a disclosure rule looks at."""

    NONE = "none"
    FREQUENCY = "frequency"
    DISTRIBUTION = "distribution"
    POSITIONS = "positions"
    MAGNITUDE = "magnitude"


@dataclass(frozen=True, slots=True)
class DisclosureRule:
    """Parameters that make a cell sensitive. A node may only make them stricter.

    Attributes:
        id: rule id; a combined rule carries the ids joined by ``+``.
        kind: what is looked at.
        min_contributors: smallest publishable count of persons (or carriers); 0 for kind ``none``.
        zero_publishable: whether 0 may be published; if not, 0 and 100 % cells disclose a group attribute.
        min_total: smallest total of a distribution, or None.
        top_n: number of largest contributors in the dominance rule, or None.
        max_share_percent: their largest permitted share, or None.
        min_protection_percent: p of the p % rule, or None.
        breakdowns: the rule looks only at cells in which one of these dimensions stands below its total;
            empty: at every cell. (What a district gets in all is public; who of its carriers gets it is not.)
        lone_persons: whether a count must stay uncertain to a person who is alone in another cell, too (level
            S2); without it, to everybody outside (level S1).
    """

    id: str
    kind: RuleKind
    min_contributors: int = 0
    zero_publishable: bool = True
    min_total: int | None = None
    top_n: int | None = None
    max_share_percent: int | None = None
    min_protection_percent: int | None = None
    breakdowns: tuple[str, ...] = ()
    lone_persons: bool = False

    def strictest(self, other: DisclosureRule) -> DisclosureRule:
        """Combine two rules on one cell: each parameter takes its stricter side.

        Of two kinds the one that is more than a frequency stays, so that whoever cannot check it sees it.
        """
        if other.id == self.id:
            return self
        if self.kind is RuleKind.NONE or other.kind is RuleKind.NONE:
            return other if self.kind is RuleKind.NONE else self
        return DisclosureRule(
            id=f"{self.id}+{other.id}",
            kind=other.kind if self.kind is RuleKind.FREQUENCY else self.kind,
            min_contributors=max(self.min_contributors, other.min_contributors),
            zero_publishable=self.zero_publishable and other.zero_publishable,
            min_total=_largest(self.min_total, other.min_total),
            top_n=_largest(self.top_n, other.top_n),
            max_share_percent=_smallest(self.max_share_percent, other.max_share_percent),
            min_protection_percent=_largest(self.min_protection_percent, other.min_protection_percent),
            lone_persons=self.lone_persons or other.lone_persons,
        )


#: The rule of a finding of the hub's own audit; all others are identities and rules of a catalogue.
AUDIT_RULE: Final = "AUDIT"
_NO_RULE: Final = DisclosureRule("", RuleKind.NONE)
"""For cells that an indicator's rule does not look at."""


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


@dataclass(frozen=True, slots=True)
class Term:
    """One signed indicator in an identity; ``lag`` counts periods back; ``codes`` pins dimensions."""

    sign: int
    indicator: str
    lag: int = 0
    codes: tuple[tuple[str, str], ...] = ()


class IdentityKind(StrEnum):
    """How the terms of an identity hang together."""

    FLOW = "flow"
    FLOW_HIDDEN = "flow_hidden"
    SUBSET = "subset"
    EQUAL = "equal"
    YEAR_BOUNDS = "year_bounds"


@dataclass(frozen=True, slots=True)
class Identity:
    """A relation between delivered indicators, cell by cell of the dimensions they share.

    ``flow`` and ``equal``: the signed terms add to zero. ``subset``: they add to at most zero.
    ``year_bounds``: the year of the first term lies between the largest quarter and the sum of quarters; who
    is new by a second term was in no quarter before.
    ``flow_hidden``: the last term is not delivered by ``groups``; by each of them the other terms add up to a
    count that nobody sees, but that is not negative and at most what is delivered of the last term.

    Attributes:
        id: validation rule id.
        kind: form of the relation.
        severity: ``error`` or ``warning`` when delivered values contradict it.
        certain: True if it holds in every delivery by construction, so that guaranteed bounds may rest on
            it; False if late registrations can break it (an attacker may still assume it).
        dimensions: the shared dimensions over whose cells it holds.
        terms: signed indicators.
        text: the relation in words.
        groups: of ``flow_hidden`` the breakdowns that the last term lacks; of others, several sets of shared
            dimensions in place of ``dimensions``.
    """

    id: str
    kind: IdentityKind
    severity: str
    certain: bool
    dimensions: tuple[str, ...]
    terms: tuple[Term, ...]
    text: Text
    groups: tuple[tuple[str, ...], ...] = ()


class DerivedKind(StrEnum):
    """How a derived indicator is computed from delivered ones."""

    RATIO = "ratio"
    GROUPED_MEDIAN = "grouped_median"


@dataclass(frozen=True, slots=True)
class DerivedTerm:
    """One signed part of a ratio: an indicator's cell, or a population.

    Attributes:
        sign: 1 or -1.
        indicator: indicator id, or None for a population.
        denominator: id of a population, or None for an indicator.
        codes: codes that the cell is pinned to; other dimensions stand at their total.
    """

    sign: int
    indicator: str | None = None
    denominator: str | None = None
    codes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class DerivedIndicator:
    """A rate or median that is never delivered: whoever shows it computes it from delivered cells.

    Attributes:
        id: its id.
        name: label.
        unit: unit code (``PERCENT``, ``PER_1000``, ``DAYS``, ``CASES_PER_FTE``).
        kind: how it is computed.
        by: dimensions by which it may be broken down.
        scale: factor of a ratio (100 for percent).
        numerator: terms of a ratio.
        denominator: terms of a ratio.
        min_denominator: smallest denominator, in its own unit, below which a ratio says nothing; or None.
        indicator: the distribution of a grouped median.
        dimension: its classes.
    """

    id: str
    name: Text
    unit: str
    kind: DerivedKind
    by: tuple[str, ...] = ()
    scale: int = 1
    numerator: tuple[DerivedTerm, ...] = ()
    denominator: tuple[DerivedTerm, ...] = ()
    min_denominator: int | None = None
    indicator: str | None = None
    dimension: str | None = None


class PlausibilityKind(StrEnum):
    """What a plausibility rule compares."""

    AT_MOST = "at_most"
    RATIO_WITHIN = "ratio_within"
    JUMP = "jump"


@dataclass(frozen=True, slots=True)
class PlausibilityRule:
    """A rule that a delivery may break for a good reason: somebody confirms it, nothing is refused.

    Attributes:
        id: validation rule id.
        kind: what is compared.
        left: terms on the left of ``at_most``, above the line of ``ratio_within``.
        right: the other terms.
        lower: smallest ratio, or None.
        upper: largest ratio, or None.
        window: number of periods before, for ``jump``.
        max_factor: largest change against their mean, for ``jump``.
        min_value: smallest value that is looked at, for ``jump``.
    """

    id: str
    kind: PlausibilityKind
    left: tuple[Term, ...] = ()
    right: tuple[Term, ...] = ()
    lower: int | None = None
    upper: int | None = None
    window: int | None = None
    max_factor: int | None = None
    min_value: int | None = None


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


@dataclass(frozen=True)
class Catalogue:
    """The whole catalogue, checked and linked.

    Attributes:
        id: catalogue id.
        version: semantic version.
        agency: SDMX agency.
        status: whether it is official, in words.
        sha256: digest of the bytes it was read from; statements pin it.
        rules: disclosure rules by id.
        codelists: codelists by id.
        denominators: populations by id.
        datasets: dataflows by id, in order.
        identities: relations between indicators.
        derived: rates and medians by id, in order.
        plausibility: rules whose breach somebody confirms.
    """

    id: str
    version: str
    agency: str
    status: Text
    sha256: str
    rules: Mapping[str, DisclosureRule]
    codelists: Mapping[str, Codelist]
    denominators: Mapping[str, Denominator]
    datasets: Mapping[str, Dataset]
    identities: tuple[Identity, ...]
    derived: Mapping[str, DerivedIndicator]
    plausibility: tuple[PlausibilityRule, ...]

    @cached_property
    def indicators(self) -> Mapping[str, Indicator]:
        """All indicators by id, in catalogue order."""
        return {i.id: i for dataset in self.datasets.values() for i in dataset.indicators}

    def dataset(self, dataset_id: str) -> Dataset:
        """Return a dataflow.

        Raises:
            KimError: ``schema_unknown`` if the catalogue has no such dataflow.
        """
        found = self.datasets.get(dataset_id)
        if found is None:
            raise kim_error("schema_unknown")
        return found

    def indicator(self, indicator_id: str) -> Indicator:
        """Return an indicator.

        Raises:
            KimError: ``unknown_indicator`` if the catalogue has no such indicator.
        """
        found = self.indicators.get(indicator_id)
        if found is None:
            raise kim_error("unknown_indicator")
        return found

    def rule_for(self, indicator: Indicator, codes: Mapping[str, str]) -> DisclosureRule:
        """Return the rule that holds for one cell: the strictest of the indicator's and its codes'.

        Args:
            indicator: the cell's indicator.
            codes: code per dimension; dimensions at their total or not applicable may be left out.

        Returns:
            The combined rule.

        Raises:
            KeyError: if a code is not in its codelist.
        """
        demanded: list[DisclosureRule] = []
        base = indicator.rule
        if base.breakdowns and not any(
            codes.get(use.id, TOTAL) not in {TOTAL, NOT_APPLICABLE}
            for use in indicator.dimensions
            if use.id in base.breakdowns
        ):
            base = _NO_RULE
        for use in indicator.dimensions:
            code_id = codes.get(use.id)
            if code_id is not None and code_id in use.codelist:
                demanded += [self.rules[r] for r in rules_of_code(use.codelist, use.codelist[code_id])]
        return reduce(DisclosureRule.strictest, demanded, base)


def rules_of_code(codelist: Codelist, code: Code) -> tuple[str, ...]:
    """Ids of the rules a published code demands: its own and those of codes merged into it."""
    merged = (other for other in codelist.codes if other.merge_with == code.id)
    return tuple(sorted({c.rule for c in (code, *merged) if c.rule is not None}))


def _largest(one: int | None, other: int | None) -> int | None:
    return max((v for v in (one, other) if v is not None), default=None)


def _smallest(one: int | None, other: int | None) -> int | None:
    return min((v for v in (one, other) if v is not None), default=None)
