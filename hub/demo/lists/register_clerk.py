"""The registers as people keep them in lists: posts, money, structural issues, decisions of component 3.

Purpose: turns the clean registers of an area into rows. Cells are what a spreadsheet holds: texts, whole and
decimal numbers, dates; how they are written down is the business of `register_file`.

Invariants: cells and facts of a row always say the same; a carrier is known by its number only, which is why
an area's configuration has to say what kind of carrier it is.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Generic, TypeVar

from hub.demo.lists.clerk import Speller
from hub.demo.lists.records import Finding
from hub.demo.words import vocabulary as words
from hub.demo.words.area_keys import AreaKeys
from hub.demo.world.programme import Booking, Decision, Issue, PostSpan

FactsT = TypeVar("FactsT")
Cell = str | int | float | date | None

POSTS: Final = (
    "Stellen-ID", "Baustein", "Träger-ID", "Träger", "VZÄ bewilligt", "VZÄ besetzt", "gültig von",
    "gültig bis",
)  # fmt: skip
FUNDS: Final = (
    "Beleg", "Haushaltsjahr", "Baustein", "Kostenart", "Träger-ID", "bewilligt", "verausgabt",
    "Buchungsdatum",
)  # fmt: skip
ISSUES: Final = ("Thema-ID", "Handlungsfeld", "Stand", "gemeldet am")
DECISIONS: Final = ("Vorgang", "Entscheidung", "Geschlecht", "Datum", "Wohnort-AGS", "Behörde")


@dataclass(slots=True)
class RegisterRow(Generic[FactsT]):
    """One row of a register: cells by column, what it means (None: it does not count), expected findings."""

    cells: dict[str, Cell]
    facts: FactsT | None
    marks: list[Finding] = field(default_factory=list)


class RegisterClerk:
    """Writes the registers of one area."""

    def __init__(self, rng: random.Random, local: Mapping[str, Mapping[str, str]]) -> None:
        """Choose the usual spellings.

        Args:
            rng: seeded by the area.
            local: spellings that only this area uses, by dimension.
        """
        self.rng = rng
        self._baustein = Speller(words.BAUSTEIN, rng, local.get("BAUSTEIN", {}))
        self._cost = Speller(words.COST, rng, local.get("COST", {}))
        self._field = Speller(words.FIELD, rng, local.get("FIELD", {}))
        self._issue = Speller(words.ISSUE, rng, local.get("ISSUE", {}))
        self._decision = Speller(words.DECISION, rng, local.get("DECISION", {}))
        self._sex = Speller(words.SEX, rng, local.get("SEX", {}))

    def posts(self, spans: Sequence[PostSpan]) -> list[RegisterRow[PostSpan]]:
        """Write one row per post and span."""
        return [self._post(span) for span in spans]

    def _post(self, span: PostSpan) -> RegisterRow[PostSpan]:
        values = (
            span.post, self._baustein.spell(span.baustein), span.carrier.id, span.carrier.name,
            decimal(span.funded), decimal(span.filled), span.first, span.last,
        )  # fmt: skip
        return RegisterRow(dict(zip(POSTS, values, strict=True)), span)

    def bookings(self, bookings: Sequence[Booking]) -> list[RegisterRow[Booking]]:
        """Write one row per booking; a side that was not booked stays empty or zero."""
        return [self._booking(number, booking) for number, booking in enumerate(bookings, start=1)]

    def _booking(self, number: int, booking: Booking) -> RegisterRow[Booking]:
        values = (
            f"{booking.year}-{number:05d}", booking.year, self._baustein.spell(booking.baustein),
            self._cost.spell(booking.cost), booking.carrier.id, decimal(booking.granted),
            decimal(booking.spent), booking.day,
        )  # fmt: skip
        return RegisterRow(dict(zip(FUNDS, values, strict=True)), booking)

    def issues(self, issues: Sequence[Issue]) -> list[RegisterRow[Issue]]:
        """Write one row per structural issue."""
        return [
            RegisterRow(
                dict(
                    zip(
                        ISSUES,
                        (
                            f"ST-{number:03d}",
                            self._field.spell(issue.field),
                            self._issue.spell(issue.status),
                            issue.reported,
                        ),
                        strict=True,
                    )
                ),
                issue,
            )
            for number, issue in enumerate(issues, start=1)
        ]

    def decisions(
        self, decisions: Sequence[Decision], keys: Sequence[AreaKeys], *, authority: str
    ) -> list[RegisterRow[Decision]]:
        """Write one row per decision.

        Args:
            decisions: positive decisions.
            keys: whose municipalities the people live in: of the own area, or of all whom a joint
                authority serves.
            authority: its name.
        """
        rows: list[RegisterRow[Decision]] = []
        for number, decision in enumerate(decisions, start=1):
            values = (
                f"V{number:05d}", self._decision.spell(decision.kind), self._sex.spell(decision.sex),
                decision.day, self.rng.choice(keys).own("municipality"), authority,
            )  # fmt: skip
            rows.append(RegisterRow(dict(zip(DECISIONS, values, strict=True)), decision))
        return rows


def decimal(hundredths: int) -> float:
    """Return the number that stands in a cell for so many hundredths."""
    return hundredths / 100
