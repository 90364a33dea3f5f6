"""All of the catalogue, checked and linked, and the rule that holds for a cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Final

from protocol.catalogue.dataflows import Dataset, Denominator, Indicator
from protocol.catalogue.derived import DerivedIndicator
from protocol.catalogue.identities import Identity
from protocol.catalogue.plausibility import PlausibilityRule
from protocol.catalogue.rules import DisclosureRule, RuleKind
from protocol.codelists import NOT_APPLICABLE, TOTAL, Code, Codelist
from protocol.errors import kim_error
from protocol.texts import Text

#: For cells that an indicator's rule does not look at.
_NO_RULE: Final = DisclosureRule("", RuleKind.NONE)


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
    merged = codelist.merged_into.get(code.id, ())
    return tuple(sorted({c.rule for c in (code, *merged) if c.rule is not None}))
