"""What the catalogue says about publishing one cell, read off without any algorithm of disclosure control.

Purpose: the comparison asks of every published cell whether a rule for single cells forbids it. Who stands
behind a cell of posts or money comes from the answer key.

It deliberately does not: look at secondary suppression; whether that is safe is the audit's question.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from hub.demo.truth.counting import Contributions
from protocol.catalogue import Catalogue, DisclosureRule, Indicator, RuleKind, rules_of_code
from protocol.codelists import TOTAL
from protocol.grid import CellGrid, grid_of

NOBODY: Final = Contributions(0, 0, 0, 0)
_PERCENT: Final = 100


@dataclass(frozen=True, slots=True)
class CellRule:
    """One cell of a dataflow and what holds for it.

    Attributes:
        name: its key joined by ``|``.
        whole: key of the total of its indicator.
        indicator: its indicator.
        rule: the strictest of all rules that touch it.
        zero: zeros may be shown though somebody is counted in the indicator.
        total_row: row of the total of its indicator, or None.
    """

    name: str
    whole: str
    indicator: Indicator
    rule: DisclosureRule
    zero: bool
    total_row: int | None

    @property
    def computed(self) -> bool:
        """Whether the hub computes its year from quarters."""
        return "A" not in self.indicator.frequencies and self.indicator.time_additivity != "none"

    @property
    def by_authority(self) -> bool:
        """Whether an authority that serves several areas may deliver it."""
        return self.indicator.reporting_unit == "authority"

    def may_be_shown(self, true: int, *, whole: int, behind: Contributions) -> bool:
        """Return whether no rule for single cells forbids to publish the cell.

        Args:
            true: its true value.
            whole: true total of its indicator.
            behind: who stands behind it, for posts and money.
        """
        if self.rule.kind in (RuleKind.POSITIONS, RuleKind.MAGNITUDE):
            return self._enough(behind)
        if whole == 0:
            return True
        short = self.rule.min_total is not None and whole < self.rule.min_total
        if short and self.name != self.whole:
            return False
        return self.zero if true == 0 else true >= self.rule.min_contributors

    def _enough(self, behind: Contributions) -> bool:
        """Return whether enough contributors stand behind an amount and, of money, none is too large."""
        rule = self.rule
        if behind.contributors == 0:
            return True
        if behind.contributors < rule.min_contributors:
            return False
        if rule.kind is RuleKind.POSITIONS:
            return True
        share, protection = rule.max_share_percent, rule.min_protection_percent
        if share is not None and behind.largest * _PERCENT > share * behind.gross:
            return False
        others = behind.gross - behind.largest - behind.second
        return protection is None or others * _PERCENT >= protection * behind.largest


def rules_of(catalogue: Catalogue, dataset: str) -> tuple[CellRule, ...]:
    """Return the rules of all cells of a dataflow, in the order of its grid."""
    grid = grid_of(catalogue, dataset)
    return tuple(_rule(catalogue, grid, row) for row in range(len(grid)))


def _rule(catalogue: Catalogue, grid: CellGrid, row: int) -> CellRule:
    key, codes = grid.keys[row], grid.codes(row)
    indicator = catalogue.indicator(key[0])
    rule = catalogue.rule_for(indicator, codes)
    return CellRule(
        name="|".join(key),
        whole="|".join(grid.key(indicator, {})),
        indicator=indicator,
        rule=rule,
        zero=rule.zero_publishable and not _delicate(catalogue, indicator, codes),
        total_row=grid.total_row(indicator.id),
    )


def _delicate(catalogue: Catalogue, indicator: Indicator, codes: Mapping[str, str]) -> bool:
    """Whether a cell lies in a breakdown one of whose codes must not become an attribute of a group."""
    return any(
        not catalogue.rules[rule].zero_publishable
        for use in indicator.dimensions
        if codes[use.id] != TOTAL
        for code in use.codelist.published
        for rule in rules_of_code(use.codelist, code)
    )
