"""What the demo checks, and how often each check held.

Invariants: a check that was never made is a failure: of nothing, everything is true.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple, Self

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

    PERIOD_PUBLISHED = (
        "Jeder gelieferte Zeitraum ist veröffentlicht",
        "every period that was delivered is published",
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
    YEAR_COMPUTED = (
        "Errechnetes Jahr folgt aus seinen vier Quartalen",
        "a computed year follows from its four quarters",
    )
    AUTHORITY_TRUE = (
        "Gemeinsame Behörde steht für ihre Gebiete",
        "a joint authority stands for its areas",
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
    BREAK_MARKED = (
        "Ein Bruch der Reihe ist vermerkt, wo einer ist",
        "a break in a series is marked where there is one",
    )
    RATE_SHOWN = (
        "Abgeleitetes steht da, wo alle Teile veröffentlicht sind",
        "a rate is shown where all its parts are published",
    )
    RATE_TRUE = "Abgeleitetes stimmt oder liegt in den Grenzen", "the true rate is shown or within its limits"
    API_AGREES = "Die Schnittstelle zeigt, was gespeichert ist", "the API says what the store holds"
    LOG_WITNESSED = (
        "Ein Knoten bezeugt das Protokoll, ohne Alarm",
        "a node witnesses the log, without alarm",
    )
    RECEIPT_FINAL = (
        "Alle Quittungen eines Zeugen sind endgültig",
        "all receipts of a witness are final",
    )
    RECEIPT_VERIFIES = "kim-verify bestätigt eine Quittung", "kim-verify verifies a receipt"
    EVIDENCE_SERVED = "Der Hub belegt, worauf die Zahlen beruhen", "the hub proves what figures rest on"
    RELEASE_VERIFIES = (
        "kim-verify bestätigt die Veröffentlichung",
        "kim-verify verifies the release",
    )


#: Made after the comparison, by somebody who has no access to the hub (`course.witnesses`).
OFFLINE: Final = frozenset(
    {
        Check.LOG_WITNESSED,
        Check.RECEIPT_FINAL,
        Check.RECEIPT_VERIFIES,
        Check.EVIDENCE_SERVED,
        Check.RELEASE_VERIFIES,
    }
)


class Cells(NamedTuple):
    """How many cells there are, and how many of them are withheld."""

    delivered: int
    withheld: int


@dataclass(slots=True)
class Judgement:
    """What the comparison has found so far.

    Attributes:
        checks: check → times it held.
        failures: check → times it failed.
        examples: the first failures in words (the data are made up, so values may be shown).
        deliveries: (area, dataset, period) → cells delivered and withheld, as the hub shows them.
        land_exact: statewide cells known exactly, by how regions add up (``sum`` or ``max_sum``).
        land_widths: width of the interval of the others, by the same.
        land_open: statewide cells open above, by the same.
    """

    checks: Counter[Check] = field(default_factory=Counter)
    failures: Counter[Check] = field(default_factory=Counter)
    examples: list[Text] = field(default_factory=list)
    deliveries: dict[tuple[str, str, str], Cells] = field(default_factory=dict)
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

    def take_over(self, other: Judgement) -> None:
        """Add the checks of another judgement to these."""
        self.checks.update(other.checks)
        self.failures.update(other.failures)
        room = max(0, _MOST_FAILURES_IN_WORDS - len(self.examples))
        self.examples.extend(other.examples[:room])

    def count_delivery(self, area: str, dataset: str, period: str, *, cells: int, withheld: int) -> None:
        """Note how much of a delivery the hub shows."""
        self.deliveries[area, dataset, period] = Cells(cells, withheld)

    def count_statewide(self, kind: str, lower: int | None, upper: int | None) -> None:
        """Note how well a statewide cell is known."""
        if lower is None or upper is None:
            self.land_open[kind] += 1
        elif lower == upper:
            self.land_exact[kind] += 1
        else:
            self.land_widths.setdefault(kind, []).append(upper - lower)

    def cells(self, dataset: str | None = None) -> Cells:
        """Add up the deliveries of a dataset, or of all."""
        chosen = [cells for (_, name, _), cells in self.deliveries.items() if dataset in (None, name)]
        return Cells(sum(c.delivered for c in chosen), sum(c.withheld for c in chosen))

    def require(self, checks: Iterable[Check]) -> None:
        """Fail each of these checks that was never made."""
        for check in checks:
            if not self.checks[check] and not self.failures[check]:
                self.check(check, holds=False, where="0 ×")
