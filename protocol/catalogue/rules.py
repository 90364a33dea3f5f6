"""What makes a cell sensitive: the parameters of disclosure control, and which of two rules holds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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


def _largest(one: int | None, other: int | None) -> int | None:
    return max((v for v in (one, other) if v is not None), default=None)


def _smallest(one: int | None, other: int | None) -> int | None:
    return min((v for v in (one, other) if v is not None), default=None)
