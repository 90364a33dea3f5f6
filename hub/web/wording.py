"""How a figure reads, in German and English: short in tables, as a sentence in headlines and for the ear.

Invariants: a withheld, missing or meaningless cell shows its table sign and says what it means to a screen
reader; the ends of an interval are rounded outwards; an open upper side is always said ("at least").
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from hub.services.statistics.figures import Coverage, Figure, Interval
from hub.services.statistics.subjects import Subject
from hub.web import numbers
from hub.web.page_query import Measure
from protocol.observations import CellState
from protocol.texts import Language, Text

#: Decimals of a rate per 1,000.
RATE_DIGITS = 2

#: Decimals shown where they differ from those of the values: nobody reads cents in a total of millions.
_SHOWN_DIGITS = {"EUR": 0}


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
        decimals: decimals of counts.
        rate_decimals: decimals of rates.
    """

    language: Language
    measure: Measure = Measure.COUNT
    decimals: int = 0
    rate_decimals: int = RATE_DIGITS

    @property
    def digits(self) -> int:
        """Decimals shown."""
        return self.rate_decimals if self.measure is Measure.RATE else self.decimals

    def about(self, subject: Subject, measure: Measure = Measure.COUNT) -> Wording:
        """Return the wording of a subject: a rate only where it has one, decimals as its unit has them."""
        digits = _SHOWN_DIGITS.get(subject.unit, subject.decimals)
        return Wording(
            self.language,
            measure if subject.denominator else Measure.COUNT,
            digits,
            0 if subject.unit in _SHOWN_DIGITS else RATE_DIGITS,
        )

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
        if figure.partial:
            return self._partial(replace(figure, partial=False))
        lower, upper = interval.lower, interval.upper
        if lower is not None and upper is not None:
            if interval.exact:
                return self._sign(CellState.ZERO) if lower == 0 else Shown(self.number(lower), "", "exact")
            between = self._down(lower), self._up(upper)
            return Shown(self.say(Text("{} bis {}", "{} to {}")).format(*between), "", "interval")
        sign, limit = ("≤", self._up(upper)) if upper is not None else ("≥", self._down(lower or Decimal(0)))
        return Shown(f"{sign}\u00a0{limit}", self.sentence(figure), "open")

    def sentence(self, figure: Figure) -> str:
        """Return the figure for a headline: ``zwischen 18.204 und 18.391``, ``mindestens 17.950``."""
        interval = self.of(figure)
        if interval is None:
            return self.say(figure.state.label)
        lower, upper = interval.lower, interval.upper
        if lower is not None and upper is not None:
            if interval.exact:
                return self.number(lower)
            between = self._down(lower), self._up(upper)
            return self.say(Text("zwischen {} und {}", "between {} and {}")).format(*between)
        if upper is not None:
            return self.say(Text("höchstens {}", "at most {}")).format(self._up(upper))
        return self.say(Text("mindestens {}", "at least {}")).format(self._down(lower or Decimal(0)))

    def basis(self, figure: Figure) -> str:
        """Return what a figure rests on; empty for a single area."""
        if figure.coverage is None:
            return ""
        said = self.coverage(figure.coverage)
        return self.say(Text("nur {}", "only {}")).format(said) if figure.partial else said

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

    def _partial(self, figure: Figure) -> Shown:
        """Put a figure of the delivering areas into brackets: of limited validity, as table signs have it."""
        shown = self.shown(figure)
        said = Text(
            "{}, nur aus den Gebieten, die geliefert haben", "{}, only from areas that have delivered"
        )
        return Shown(f"({shown.text})", self.say(said).format(shown.spoken or shown.text), shown.kind)

    def _up(self, value: Decimal) -> str:
        return self.number(numbers.rounded_up(value, digits=self.digits))

    def _down(self, value: Decimal) -> str:
        return self.number(numbers.rounded_down(value, digits=self.digits))

    def _sign(self, state: CellState) -> Shown:
        return Shown(state.sign or ".", self.say(state.label), "sign")
