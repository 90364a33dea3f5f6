"""How a figure reads, in German and English: short in tables, as a sentence in headlines and for the ear.

Invariants: a withheld, missing or meaningless cell shows its table sign and says what it means to a screen
reader; the ends of an interval are rounded outwards; an open upper side is always said ("at least").
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from hub.services.statistics.figures import Coverage, Figure, Interval
from hub.web import numbers
from hub.web.page_query import Measure
from protocol.observations import CellState
from protocol.texts import Language, Text

#: Decimals of a rate per 1,000.
RATE_DIGITS = 2


@dataclass(frozen=True, slots=True)
class Shown:
    """A figure as it stands in a table.

    Attributes:
        text: number, interval or sign.
        spoken: what a sign means; empty where the text speaks for itself.
        kind: ``exact``, ``interval``, ``open`` or ``sign``; also the CSS class.
    """

    text: str
    spoken: str
    kind: str


@dataclass(frozen=True, slots=True)
class Wording:
    """Reads figures out in one language and one measure.

    Attributes:
        language: language of the page.
        measure: count or rate.
        decimals: decimals of the indicator's counts.
    """

    language: Language
    measure: Measure = Measure.COUNT
    decimals: int = 0

    @property
    def digits(self) -> int:
        """Decimals shown."""
        return RATE_DIGITS if self.measure is Measure.RATE else self.decimals

    def counting(self) -> Wording:
        """Return the same for counts."""
        return replace(self, measure=Measure.COUNT)

    def rating(self) -> Wording:
        """Return the same for rates."""
        return replace(self, measure=Measure.RATE)

    def say(self, text: Text) -> str:
        """Return the side of a text for this page."""
        return text.in_(self.language)

    def of(self, figure: Figure) -> Interval | None:
        """Return the limits of the figure in the chosen measure."""
        if figure.empty:
            return None
        return figure.rate if self.measure is Measure.RATE else figure.count

    def exact(self, figure: Figure) -> Decimal | None:
        """Return the figure in the chosen measure if it is known exactly, else None."""
        interval = self.of(figure)
        return interval.lower if interval is not None and interval.exact else None

    def number(self, value: Decimal | int) -> str:
        """Format a value of the measure."""
        return numbers.decimal(value, self.language, digits=self.digits)

    def shown(self, figure: Figure) -> Shown:
        """Return the figure for a table cell."""
        interval = self.of(figure)
        if interval is None:
            return self._sign(figure.state)
        if interval.exact:
            if interval.lower == 0:
                return self._sign(CellState.ZERO)
            return Shown(self.number(interval.lower), "", "exact")
        if interval.upper is None:
            floor = self._down(interval.lower)
            return Shown(
                f"≥\u00a0{floor}", self.say(Text(f"mindestens {floor}", f"at least {floor}")), "open"
            )
        between = self._limits(interval)
        return Shown(self.say(Text("{} bis {}", "{} to {}")).format(*between), "", "interval")

    def sentence(self, figure: Figure) -> str:
        """Return the figure for a headline: ``zwischen 18.204 und 18.391``, ``mindestens 17.950``."""
        interval = self.of(figure)
        if interval is None:
            return self.say(figure.state.label)
        if interval.exact:
            return self.number(interval.lower)
        if interval.upper is None:
            return self.say(Text("mindestens {}", "at least {}")).format(self._down(interval.lower))
        return self.say(Text("zwischen {} und {}", "between {} and {}")).format(*self._limits(interval))

    def coverage(self, coverage: Coverage) -> str:
        """Return what a total rests on: ``53 von 54 Gebieten; in 12 Gebieten geheim``."""
        count = self.say(Text("{} von {} Gebieten", "{} of {} areas")).format(
            coverage.delivered, coverage.expected
        )
        if coverage.withheld == 0:
            return count
        hidden = Text("; in {} Gebieten geheim", "; withheld in {} areas")
        if coverage.withheld == 1:
            hidden = Text("; in {} Gebiet geheim", "; withheld in {} area")
        return count + self.say(hidden).format(coverage.withheld)

    def _limits(self, interval: Interval) -> tuple[str, str]:
        upper = interval.lower if interval.upper is None else interval.upper
        return self._down(interval.lower), self.number(numbers.rounded_up(upper, digits=self.digits))

    def _down(self, value: Decimal) -> str:
        return self.number(numbers.rounded_down(value, digits=self.digits))

    def _sign(self, state: CellState) -> Shown:
        return Shown(state.sign or ".", self.say(state.label), "sign")
