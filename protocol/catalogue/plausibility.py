"""What a delivery may break for a good reason: somebody confirms it, nothing is refused."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from protocol.catalogue.identities import Term

#: The rule of a finding of the hub's own audit; all others are identities and rules of a catalogue.
AUDIT_RULE: Final = "AUDIT"


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
