"""What a row of an export says (its cells) beside what it means (its facts after the expected handling).

Purpose: the two travel together from the clerk through the traps to the file and the answer key. A trap
changes both at once; nothing ever derives facts from cells.

Invariants: a row has exactly one outcome: it counts as part of a case or as a contact, or it is refused
(`R`) or dropped (`D`) under the finding that decides.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import Final

#: Number of the trap, handling letter.
Finding = tuple[str, str]

#: Handlings after which a row does not count: refused, dropped.
_TAKES_OUT: Final = ("R", "D")


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """A row that belongs to a case, as it must be understood: leaf codes, real dates.

    Attributes:
        case: case number.
        person: person id; ``case:<case number>`` where the export has none.
        opened: start of the case.
        closed: end of the case, or None while it is open.
        birth: date of birth, or None if unknown.
        sex: leaf code.
        citizen: leaf code.
        residence: leaf code.
        rechtskreis: leaf code.
        inst: leaf code of the referring institution.
        outcome: leaf code.
        fields: leaf codes; empty means unknown.
        heads: number of persons that the row states.
        first_contact: day of the first contact, or None if it is unknown or lies after the start.
        referred: leaf codes of the institutions to which the case was sent on.
    """

    case: str
    person: str
    opened: date
    closed: date | None
    birth: date | None
    sex: str
    citizen: str
    residence: str
    rechtskreis: str
    inst: str
    outcome: str
    fields: tuple[str, ...]
    heads: int
    first_contact: date | None = None
    referred: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ContactFacts:
    """A row that is a one-off contact: its day, main field and referring institution (leaf codes)."""

    day: date
    field: str
    inst: str


@dataclass(slots=True)
class Row:
    """One row on its way into the file.

    Attributes:
        cells: texts in the order of the profile's columns.
        facts: what it means, or None if it is refused or dropped.
        marks: findings that the node must report for this row.
    """

    cells: list[str]
    facts: CaseFacts | ContactFacts | None
    marks: list[Finding] = field(default_factory=list)

    def mark(self, finding: Finding) -> None:
        """Expect a finding; `R` and `D` take the row out, and then no other finding counts."""
        if finding[1] in _TAKES_OUT:
            self.facts = None
            self.marks.clear()
        self.marks.append(finding)


#: (trap, handling letter) → rows; for findings about a file: lines or columns.
Findings = Counter[Finding]

#: The rows that describe one case or one contact, in file order.
Entry = list[Row]
