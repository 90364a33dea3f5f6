"""Sorts the rows of one source: what is no record, what belongs elsewhere, what nobody can count.

Invariants: every row is taken out at most once, by the first rule that applies; a row that was not taken out
counts. A source of which most rows belong to another area is refused as a whole: it is the wrong one.

It deliberately knows neither cases nor registers: which rules apply in which order is theirs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from node.quality import reasons
from node.quality.cells.area_keys import AreaVerdict, Belonging, judge_area_key
from node.quality.cells.columns import spread_flags
from node.quality.findings import FindingCounts, Handling, Reason
from node.quality.quarantine import QuarantinedRow, QuarantinedTable
from node.sources import DistinctTexts, Mask, RawTable
from node.wording import fold
from protocol.errors import kim_error
from protocol.nouns import whole
from protocol.texts import Text

_TOTAL_ROWS: Final = frozenset({"summe", "gesamt", "zwischensumme", "total"})


@dataclass(slots=True)
class Sorting:
    """The state of the sorting: which rows are still undecided, and what became of the others.

    Attributes:
        counts: takes the findings.
        undecided: rows that no rule has taken out.
        dropped: number of rows that are none of this programme's business.
        set_aside: quarantined rows with their reason.
    """

    counts: FindingCounts
    undecided: Mask
    dropped: int = 0
    set_aside: list[tuple[Mask, Reason]] = field(default_factory=list)

    @classmethod
    def of(cls, raw: RawTable, counts: FindingCounts) -> Sorting:
        """Start with the rules of every source: no records (T03), more cells than columns (T10)."""
        sorting = cls(counts, np.ones(raw.rows, dtype=np.bool_))
        sorting.take_out(total_rows(raw) | blank_rows(raw) | raw.repeated_header, reasons.NO_RECORD)
        surplus = np.zeros(raw.rows, dtype=np.bool_)
        surplus[list(raw.surplus)] = True
        sorting.take_out(surplus, reasons.SHIFTED_CELLS)
        return sorting

    def take_out(self, rows: Mask, reason: Reason) -> None:
        """Drop, merge away or quarantine those of ``rows`` that are still undecided."""
        hit = rows & self.undecided
        if not hit.any():
            return
        self.undecided &= ~hit
        self.counts.mark(reason, hit)
        if reason.handling is Handling.QUARANTINE:
            self.set_aside.append((hit, reason))
        elif reason.handling is Handling.DROP:
            self.dropped += int(hit.sum())

    def note(self, reason: Reason, rows: Mask) -> None:
        """Mark those of ``rows`` that count."""
        self.counts.mark(reason, rows & self.undecided)

    def take_out_other_areas(self, raw: RawTable, column: str, area: str) -> AreaKeys:
        """Set aside rows with keys of other areas (T06) or of the wrong side of Aachen (T07).

        Args:
            raw: the source.
            column: its column of keys.
            area: the reporting area whose rows stay.

        Returns:
            What each key means.

        Raises:
            KimError: ``wrong_area`` if more than half of the rows carry no key of the area.
        """
        distinct = raw.distinct_of(column)
        keys = AreaKeys(distinct, tuple(judge_area_key(text, area) for text in distinct.texts))
        considered = int(self.undecided.sum())
        self.take_out(keys.where(Belonging.AACHEN), reasons.AACHEN_KEY)
        self.take_out(keys.where(Belonging.OTHER), reasons.OTHER_AREA)
        kept = int(self.undecided.sum())
        if 2 * kept < considered:
            raise _wrong_area(column, considered, kept)
        self.note(reasons.KEY_FORM, spread_flags(distinct, [v.normalised for v in keys.verdicts]))
        return keys

    def quarantine(self, raw: RawTable, source: str) -> QuarantinedTable:
        """Return the rows set aside with their cells, in the order of the source."""
        reason_of = {
            row: reason for marked, reason in self.set_aside for row in np.flatnonzero(marked).tolist()
        }
        rows = sorted(reason_of)
        return QuarantinedTable(
            source,
            raw.layout.header,
            tuple(
                QuarantinedRow(int(raw.lines[row]), reason_of[row].trap, reason_of[row].text, cells)
                for row, cells in zip(rows, raw.cells(rows), strict=True)
            ),
        )


@dataclass(frozen=True, slots=True)
class AreaKeys:
    """A column of area keys.

    Attributes:
        distinct: its texts.
        verdicts: what each distinct text means.
    """

    distinct: DistinctTexts
    verdicts: tuple[AreaVerdict, ...]

    def where(self, belonging: Belonging) -> Mask:
        """For each row whether it belongs so."""
        return spread_flags(self.distinct, [verdict.belonging is belonging for verdict in self.verdicts])


def total_rows(raw: RawTable) -> Mask:
    """For each row whether it is a total: its first cell says so and nothing else."""
    totals = np.zeros(raw.rows, dtype=np.bool_)
    candidates = np.flatnonzero(raw.matching(0, r"(?i)summe|gesamt|total")).tolist()
    for row, cells in zip(candidates, raw.cells(candidates), strict=True):
        totals[row] = fold(cells[0]).rstrip(": ") in _TOTAL_ROWS
    return totals


def blank_rows(raw: RawTable) -> Mask:
    """For each row whether all its cells are blank."""
    blank = raw.blank(0)
    for place in range(1, len(raw.columns)):
        if not blank.any():
            break
        blank &= raw.blank(place)
    return blank


def _wrong_area(column: str, total: int, kept: int) -> Exception:
    def share(language: str) -> tuple[str, str, str]:
        return whole(total - kept, language), whole(total, language), column

    return kim_error(
        "wrong_area",
        Text(
            "In {} von {} Zeilen steht in der Spalte {} kein Schlüssel dieses Gebiets; "
            "die ganze Datei wird deshalb nicht gelesen.".format(*share("de")),
            "In {} of {} rows the column {} holds no key of this area; "
            "therefore the whole file is not read.".format(*share("en")),
        ),
    )
