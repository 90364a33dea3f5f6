"""What the rows of an export must become: cases, involvements of persons, contacts, and findings by trap.

Purpose: the expected handling, applied to facts (never to cells): rows of one case number are put together,
the first one left is the holder's and gives the case its dates and attributes, fields of action are united,
a person appears once per case.

It deliberately does not: know tables, periods or the node.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from hub.demo.lists.records import CaseFacts, ContactFacts, Entry, Findings
from hub.demo.world.programme import Booking, Decision, Issue, PostSpan

_UNKNOWN: Final = "_U"


@dataclass(frozen=True, slots=True)
class HandledCase:
    """A case after handling: the holder's facts, fields of action and referrals of all rows."""

    holder: CaseFacts
    fields: frozenset[str]
    referred: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Involvement:
    """A person in a case: own attributes, the case's dates."""

    person: CaseFacts
    holder: CaseFacts


@dataclass(frozen=True, slots=True)
class Handled:
    """The microdata that must be counted for one area, and the findings that must be reported.

    What has no source is None.
    """

    cases: tuple[HandledCase, ...] | None = None
    involvements: tuple[Involvement, ...] = ()
    contacts: tuple[ContactFacts, ...] = ()
    posts: tuple[PostSpan, ...] | None = None
    bookings: tuple[Booking, ...] | None = None
    issues: tuple[Issue, ...] | None = None
    decisions: tuple[Decision, ...] | None = None
    findings: Findings = field(default_factory=Counter)


def handle(entries: Iterable[Entry], *, file_findings: Findings, ages: bool = False) -> Handled:
    """Apply the expected handling to the rows of one area.

    Args:
        entries: rows in file order.
        file_findings: what is to be found about the file as a whole, in lines or columns.
        ages: the lists hold ages, so that a date of birth says nothing about who somebody is.

    Returns:
        What remains, and how many rows each finding counts.
    """
    findings = Counter(file_findings)
    by_case: dict[str, list[CaseFacts]] = {}
    contacts: list[ContactFacts] = []
    for entry in entries:
        for row in entry:
            findings.update(row.marks)
            if isinstance(row.facts, ContactFacts):
                contacts.append(row.facts)
            elif row.facts is not None:
                findings["T09", "N"] += len(row.facts.fields) > 1
                by_case.setdefault(row.facts.case, []).append(row.facts)
    cases: list[HandledCase] = []
    involvements: list[Involvement] = []
    for rows in by_case.values():
        holder = rows[0]
        persons: dict[str, CaseFacts] = {}
        for row_facts in rows:
            persons.setdefault(row_facts.person, row_facts)
        referred = frozenset(inst for row in rows for inst in row.referred)
        cases.append(HandledCase(holder, _united(rows), referred))
        involvements.extend(Involvement(person, holder) for person in persons.values())
        if holder.heads != len(persons):
            findings["T17", "W"] += 1
        if not ages:
            findings["T18", "W"] += _alike(persons.values())
    return Handled(tuple(cases), tuple(involvements), tuple(contacts), findings=findings)


def _alike(persons: Iterable[CaseFacts]) -> int:
    """Return how many persons of a case look like another one of it: twins, or somebody entered twice."""
    known = [
        (person.birth, person.sex, person.citizen)
        for person in persons
        if person.birth is not None
        and (person.birth.month, person.birth.day) != (1, 1)
        and _UNKNOWN not in (person.sex, person.citizen)
    ]
    return len(known) - len(set(known))


def _united(rows: list[CaseFacts]) -> frozenset[str]:
    fields = frozenset(field for row in rows for field in row.fields) - {_UNKNOWN}
    return fields or frozenset({_UNKNOWN})
