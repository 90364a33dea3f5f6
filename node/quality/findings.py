"""What the quality check found: one finding per source, trap and handling, with counts and a remedy.

Invariants: a finding counts rows, it never quotes one; the same trap with the same handling is one finding,
whatever number of reasons it had. Sentences stand in `reasons`, in both languages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from node.sources import Mask, Rows
from protocol.nouns import ROW, Noun, whole
from protocol.texts import Text


class Handling(StrEnum):
    """What becomes of a row."""

    QUARANTINE = "R"
    DROP = "D"
    NORMALISE = "N"
    WARN = "W"


HANDLINGS: Final[Mapping[Handling, Text]] = {
    Handling.QUARANTINE: Text("zurückgestellt", "set aside"),
    Handling.DROP: Text("nicht gezählt", "not counted"),
    Handling.NORMALISE: Text("vereinheitlicht", "normalised"),
    Handling.WARN: Text("gezählt, bitte prüfen", "counted, please check"),
}
_NOTHING_TO_DO: Final = Text("Nichts zu tun.", "Nothing to do.")


@dataclass(frozen=True, slots=True)
class Reason:
    """One way in which a trap shows.

    Attributes:
        trap: ``T`` and the two digits of the trap.
        handling: what becomes of the row.
        text: what was found, as a person reads it; goes before a number of rows.
        remedy: what the municipality may do about it at the source; None if there is nothing to do.
        noun: what is counted.
    """

    trap: str
    handling: Handling
    text: Text
    remedy: Text | None
    noun: Noun = ROW

    @property
    def worth_a_look(self) -> bool:
        """Whether somebody may want to see the rows; those set aside are kept with their cells anyway."""
        if self.handling is Handling.NORMALISE:
            return self.remedy is not None
        return self.handling is not Handling.QUARANTINE


@dataclass(frozen=True, slots=True)
class Finding:
    """All rows that one trap caught with one handling.

    Attributes:
        trap: ``T`` and two digits.
        handling: what became of them.
        rows: number of rows (for findings about the file: lines or columns).
        text: what was found, with counts where there were several reasons, and the remedy.
        source: name of the source.
        noun: what ``rows`` counts.
    """

    trap: str
    handling: Handling
    rows: int
    text: Text
    source: str
    noun: Noun = ROW

    @property
    def title(self) -> Text:
        """Rule, number and handling: ``T01, 44 Zeilen vereinheitlicht``."""
        counted, handling = self.noun.counted(self.rows), HANDLINGS[self.handling]
        return Text(
            f"{self.trap}, {counted.de} {handling.de}",
            f"{self.trap}, {counted.en} {handling.en}",
        )


@dataclass(frozen=True, slots=True)
class NotedRow:
    """A row that was left out, or counts although it should be looked at.

    Attributes:
        source: name of the source.
        line: line of the source on which it starts.
        reason: why.
    """

    source: str
    line: int
    reason: Reason


class FindingCounts:
    """Counts reasons while the rows of one source are checked."""

    def __init__(self, source: str) -> None:
        """Start with nothing found.

        Args:
            source: name of the source.
        """
        self._source = source
        self._counted: dict[Reason, int] = {}
        self._marked: dict[Reason, Mask] = {}

    def add(self, reason: Reason, number: int) -> None:
        """Count lines or columns of the file under a reason; none is no finding."""
        if number > 0:
            self._counted[reason] = self._counted.get(reason, 0) + int(number)

    def mark(self, reason: Reason, rows: Mask) -> None:
        """Mark rows under a reason; a row counts once for each trap and handling, whatever its reasons."""
        if rows.any():
            known = self._marked.get(reason)
            self._marked[reason] = rows.copy() if known is None else known | rows

    def findings(self) -> tuple[Finding, ...]:
        """Return the findings, by trap, then in the order R, D, N, W."""
        groups: dict[tuple[str, Handling], list[Reason]] = {}
        for reason in [*self._counted, *self._marked]:
            reasons = groups.setdefault((reason.trap, reason.handling), [])
            if reason not in reasons:
                reasons.append(reason)
        order = list(Handling)
        places = sorted(groups, key=lambda place: (place[0], order.index(place[1])))
        return tuple(self._finding(groups[place]) for place in places)

    def noted_rows(self, lines: Rows) -> tuple[NotedRow, ...]:
        """Return the rows under reasons worth a look, by line, then by trap; a row once for each reason.

        Args:
            lines: line of the source on which each row starts.
        """
        noted = [
            NotedRow(self._source, line, reason)
            for reason, marked in self._marked.items()
            if reason.worth_a_look
            for line in lines[marked].tolist()
        ]
        return tuple(sorted(noted, key=lambda row: (row.line, row.reason.trap)))

    def _finding(self, reasons: list[Reason]) -> Finding:
        marked = [self._marked[reason] for reason in reasons if reason in self._marked]
        rows = sum(self._counted.get(reason, 0) for reason in reasons)
        rows += int(np.logical_or.reduce(marked).sum()) if marked else 0
        remedies = list(dict.fromkeys(reason.remedy for reason in reasons if reason.remedy is not None))
        remedies = remedies or [_NOTHING_TO_DO]

        def sentence(language: str) -> str:
            parts = [reason.text.in_(language) for reason in reasons]
            if len(parts) > 1:
                numbers = (whole(self._number(reason), language) for reason in reasons)
                parts = [f"{part} ({number})" for part, number in zip(parts, numbers, strict=True)]
            found = "; ".join(parts)
            return f"{found[0].upper()}{found[1:]}. {' '.join(remedy.in_(language) for remedy in remedies)}"

        return Finding(
            trap=reasons[0].trap,
            handling=reasons[0].handling,
            rows=rows,
            text=Text(sentence("de"), sentence("en")),
            source=self._source,
            noun=reasons[0].noun,
        )

    def _number(self, reason: Reason) -> int:
        marked = self._marked.get(reason)
        return self._counted.get(reason, 0) + (int(marked.sum()) if marked is not None else 0)
