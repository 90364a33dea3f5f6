"""Relations between delivered indicators that hold by what they count."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from protocol.texts import Text


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
