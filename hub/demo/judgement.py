"""What the demo checks, and how often each check held.

Invariants: a check that was never made is a failure: of nothing, everything is true.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Self

from protocol.texts import Text

_MOST_FAILURES_IN_WORDS: Final = 40


class Check(StrEnum):
    """One kind of check; the value is its English sentence, under which the JSON result counts it."""

    text: Text

    def __new__(cls, german: str, english: str) -> Self:
        """Make a member from its sentence in both languages."""
        member = str.__new__(cls, english)
        member._value_ = english
        member.text = Text(german, english)
        return member

    QUARTER_PUBLISHED = (
        "Jedes gelieferte Quartal ist veröffentlicht",
        "every quarter that was delivered is published",
    )
    DELIVERY_COMPLETE = "Jede Lieferung ist vollständig", "every cell of a delivery is there"
    NOTHING_UNDELIVERED = "Ohne Lieferung keine Zahl", "no figure without a delivery"
    VALUE_TRUE = "Veröffentlichter Wert ist der wahre", "a published value is true"
    RULE_KEPT = (
        "Nichts veröffentlicht, was eine Regel zurückhält",
        "nothing that a rule withholds is published",
    )
    WITHHELD_SILENT = "Eine zurückgehaltene Zelle zeigt keinen Wert", "a withheld cell shows no value"
    WITHHELD_WITHIN = (
        "Wahrer Wert in den Grenzen der Zelle",
        "the truth lies within the bounds of a withheld cell",
    )
    WITHHELD_BOUNDED = (
        "Zurückgehaltene Zelle höchstens so groß wie ihre Summe",
        "a withheld cell is bounded by the published total",
    )
    TOTALS_COMPLETE = "Jede Summe über Gebiete ist da", "every total over areas is there"
    TOTAL_WITHIN = "Wahre Summe in den Grenzen der Summe", "the truth lies within the bounds of a total"
    TOTAL_COVERED = (
        "Abdeckung der Summe ist die ihrer Gebiete",
        "the coverage of a total is that of its areas",
    )
    TOTAL_MERGED = (
        "Grenzen und Wert der Summe folgen aus ihren Gebieten",
        "bounds and value of a total follow from its areas",
    )
    TOTAL_EXACT = (
        "Summe aus lauter veröffentlichten Zellen ist genau",
        "a total of published cells is exact",
    )
    API_AGREES = "Die Schnittstelle zeigt, was gespeichert ist", "the API says what the store holds"


@dataclass(slots=True)
class Judgement:
    """What the comparison has found so far.

    Attributes:
        checks: check → times it held.
        failures: check → times it failed.
        examples: the first failures in words (the data are made up, so values may be shown).
        area_cells: cells delivered by areas.
        area_withheld: those withheld.
        withheld_by_delivery: (area, dataset, period) → withheld cells.
        land_exact: statewide cells known exactly, by how regions add up (``sum`` or ``max_sum``).
        land_widths: width of the interval of the others, by the same.
        land_open: statewide cells open above, by the same.
    """

    checks: Counter[Check] = field(default_factory=Counter)
    failures: Counter[Check] = field(default_factory=Counter)
    examples: list[Text] = field(default_factory=list)
    area_cells: int = 0
    area_withheld: int = 0
    withheld_by_delivery: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    land_exact: Counter[str] = field(default_factory=Counter)
    land_open: Counter[str] = field(default_factory=Counter)
    land_widths: dict[str, list[int]] = field(default_factory=dict)

    def check(self, check: Check, *, holds: bool, where: str) -> None:
        """Count one check and keep it in words if it failed."""
        if holds:
            self.checks[check] += 1
            return
        self.failures[check] += 1
        if len(self.examples) < _MOST_FAILURES_IN_WORDS:
            self.examples.append(Text(f"{check.text.de}: {where}", f"{check.text.en}: {where}"))

    def require(self, checks: Iterable[Check]) -> None:
        """Fail each of these checks that was never made."""
        for check in checks:
            if not self.checks[check] and not self.failures[check]:
                self.check(check, holds=False, where="0 ×")
