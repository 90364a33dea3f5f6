"""The errors of municipal exports, planted into the clerk's rows together with what they must become.

Purpose: one function per error. Each changes the cells of one entry (the rows of a case or of a contact)
and the facts of the same rows to what the expected handling gives, and marks the rows with the finding the
node must report.

Invariants: an entry gets at most one trap, so two never meet in a row; a trap that does not fit an entry
leaves it alone and says so by returning False; `R` and `D` take the row out, `N` and `W` keep it.

Traps of whole files (encoding, banner, footer, renamed columns) are in `lists.plans` and
`lists.export_file`; traps that need another kind of thinking have their own module: `dates`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from hub.demo.lists.clerk import Clerk
from hub.demo.lists.records import CaseFacts, Entry, Finding, Row
from hub.demo.words import columns as at
from hub.demo.words import vocabulary as words

Plant = Callable[[Entry, Clerk], bool]


@dataclass(frozen=True, slots=True)
class Trap:
    """One error: number in the list of traps, share of entries that have it, the function that plants it."""

    id: str
    share: float
    plant: Plant


#: Several citizenships in one cell, and the leaf code that the rule for them gives.
_SEVERAL_CITIZENSHIPS: Final = (
    ("deutsch/türkisch", "DE"),
    ("deutsch/syrisch", "DE"),
    ("türkisch/deutsch", "DE"),
    ("syrisch/polnisch", "EU_PL"),
    ("rumänisch/moldauisch", "EU_RO"),
    ("irakisch/ukrainisch", "UA"),
)

#: Most entries have none.
NO_TRAP: Final = Trap("", 0, lambda _entry, _clerk: False)


def case_facts(entry: Entry) -> CaseFacts | None:
    """Return the facts of a case's first row, or None for a contact."""
    facts = entry[0].facts
    return facts if isinstance(facts, CaseFacts) else None


def one_person_row(entry: Entry, rng: random.Random) -> tuple[Row, CaseFacts] | None:
    """Return any row of a case with its facts, or None for a contact."""
    row = rng.choice(entry)
    return (row, row.facts) if isinstance(row.facts, CaseFacts) else None


def spoil(rows: Iterable[Row], cells: Mapping[int, str], finding: Finding) -> bool:
    """Write the same texts into all rows and expect the same finding of each.

    Args:
        rows: of one entry.
        cells: column → what stands there.
        finding: (trap, handling letter).

    Returns:
        True: the trap is planted.
    """
    for row in rows:
        for column, text in cells.items():
            row.cells[column] = text
        row.mark(finding)
    return True


# ------------------------------------------------------------------------------------ refused or dropped


def foreign_area(entry: Entry, clerk: Clerk) -> bool:
    """T06 R: all rows carry the key of another area, or something unreadable."""
    return spoil(entry, {at.AREA_KEY: clerk.keys.foreign()}, ("T06", "R"))


def foreign_area_of_one(entry: Entry, clerk: Clerk) -> bool:
    """T06 R: a member of the household carries another area's key; the rest of the case stays."""
    if len(entry) < 3 or case_facts(entry) is None:
        return False
    row = clerk.rng.choice(entry)
    return spoil([row], {at.AREA_KEY: clerk.keys.foreign()}, ("T06", "R"))


def historic_area(entry: Entry, clerk: Clerk) -> bool:
    """T07 R: a key that is no longer valid, or does not tell the two parts of Aachen apart."""
    return spoil(entry, {at.AREA_KEY: clerk.keys.historic()}, ("T07", "R"))


def cancelled(entry: Entry, clerk: Clerk) -> bool:
    """T21 D: a test record or one that was cancelled."""
    by_number = clerk.rng.random() < 0.3
    state, prefix = clerk.rng.choice(words.CANCELLED_STATES), clerk.rng.choice(("TEST", "DEMO", "TEST-"))
    number = prefix + entry[0].cells[at.CASE_NUMBER][-5:]
    return spoil(entry, {at.CASE_NUMBER: number} if by_number else {at.STATE: state}, ("T21", "D"))


def other_programme(entry: Entry, clerk: Clerk) -> bool:
    """T22 D: a case of another programme in the same system."""
    if case_facts(entry) is None:
        return False
    return spoil(entry, {at.KIND: clerk.rng.choice(words.FOREIGN_PROGRAMMES)}, ("T22", "D"))


# ------------------------------------------------------------------------------------ kept with a warning


def running_with_end(entry: Entry, clerk: Clerk) -> bool:
    """T15 W: the state says running, the end date says otherwise and counts."""
    facts = case_facts(entry)
    if facts is None or facts.closed is None:
        return False
    return spoil(entry, {at.STATE: clerk.rng.choice(("laufend", "aktiv"))}, ("T15", "W"))


def wrong_head_count(entry: Entry, clerk: Clerk) -> bool:
    """T17 W: the stated number of persons differs from those listed (counted when cases are put together)."""
    facts = case_facts(entry)
    if facts is None:
        return False
    heads = facts.heads + clerk.rng.choice((1, 1, 2))
    for row in entry:
        if isinstance(row.facts, CaseFacts):
            row.cells[at.HEADS] = str(heads)
            row.facts = replace(row.facts, heads=heads)
    return True


def two_regimes(entry: Entry, clerk: Clerk) -> bool:
    """T14 W: two legal regimes in one cell; the first one is taken."""
    found = one_person_row(entry, clerk.rng)
    if found is None:
        return False
    row, facts = found
    separator = clerk.rng.choice((" / ", "/", " + ", ", ", " und "))
    second = clerk.rng.choice(("Wohngeld", "SGB XII", "Kinderzuschlag"))
    row.facts = replace(facts, rechtskreis="SGB2")
    return spoil([row], {at.RECHTSKREIS: f"SGB II{separator}{second}"}, ("T14", "W"))


# -------------------------------------------------------------------------------------------- normalised


def odd_area_key(entry: Entry, clerk: Clerk) -> bool:
    """T06 N: the own key without its zero, as a decimal or scientific number, or empty."""
    key = clerk.keys.odd_own() if clerk.rng.random() < 0.85 else ""
    return spoil(entry, {at.AREA_KEY: key}, ("T06", "N"))


def double_encoded(entry: Entry, clerk: Clerk) -> bool:
    """T01 N: umlauts that were encoded twice on their way into the case system."""
    del clerk
    changed = False
    for row in entry:
        cells = [_encode_twice(cell) for cell in row.cells]
        # Only columns that are read for figures; nobody repairs the name of a carrier.
        if any(cells[column] != row.cells[column] for column in at.CODED):
            row.cells = cells
            row.mark(("T01", "N"))
            changed = True
    return changed


def _encode_twice(text: str) -> str:
    # A no-break space would be stripped in one order of repairs and kept in another: leave such cells alone.
    if text.isascii() or "\u00a0" in text:
        return text
    try:
        return text.encode("utf-8").decode("cp1252")
    except UnicodeDecodeError:
        return text


def one_row_per_field(entry: Entry, clerk: Clerk) -> bool:
    """T08 N: the holder's row once per field of action instead of one row with several."""
    facts = case_facts(entry)
    if facts is None or len(facts.fields) < 2:
        return False
    first = entry[0]
    copies = []
    for field in facts.fields:
        cells = first.cells.copy()
        cells[at.FIELDS] = clerk.field.spell(field)
        copies.append(Row(cells, replace(facts, fields=(field,)), [("T08", "N")]))
    copies[0].marks.clear()
    entry[:1] = copies
    return True


def line_break_in_remark(entry: Entry, clerk: Clerk) -> bool:
    """T10 N: a line break and the delimiter inside a quoted remark."""
    remark = clerk.rng.choice(("Rückruf am Montag;\nUnterlagen nachreichen", 'Zitat: "später"\r\nEnde'))
    return spoil(entry[:1], {at.REMARK: remark}, ("T10", "N"))


def odd_sex(entry: Entry, clerk: Clerk) -> bool:
    """T11 N: a rare spelling of the sex."""
    return _rare_spelling(entry, clerk.rng, at.SEX, lambda facts: clerk.sex.rare(facts.sex), trap="T11")


def odd_paragraph(entry: Entry, clerk: Clerk) -> bool:
    """T13 N: a rare spelling of the residence status."""
    return _rare_spelling(
        entry, clerk.rng, at.RESIDENCE, lambda facts: clerk.residence.rare(facts.residence), trap="T13"
    )


def odd_regime(entry: Entry, clerk: Clerk) -> bool:
    """T14 N: the name of a benefit instead of the statute."""
    return _rare_spelling(
        entry, clerk.rng, at.RECHTSKREIS, lambda facts: clerk.rechtskreis.rare(facts.rechtskreis), trap="T14"
    )


def _rare_spelling(
    entry: Entry, rng: random.Random, column: int, rare: Callable[[CaseFacts], str | None], *, trap: str
) -> bool:
    found = one_person_row(entry, rng)
    text = rare(found[1]) if found else None
    if found is None or text is None:
        return False
    return spoil([found[0]], {column: text}, (trap, "N"))


def several_citizenships(entry: Entry, clerk: Clerk) -> bool:
    """T12 N: several citizenships in one cell; German wins, then the EU, then other Europe."""
    found = one_person_row(entry, clerk.rng)
    if found is None:
        return False
    row, facts = found
    text, code = clerk.rng.choice(_SEVERAL_CITIZENSHIPS)
    row.facts = replace(facts, citizen=code)
    return spoil([row], {at.CITIZEN: text}, ("T12", "N"))


def no_person_id(entry: Entry, clerk: Clerk) -> bool:
    """T20 (no finding): a single person without an id becomes the person of this case."""
    facts = case_facts(entry)
    if facts is None or len(entry) > 1:
        return False
    entry[0].facts = replace(facts, person=f"case:{facts.case}")
    entry[0].cells[at.PERSON] = clerk.rng.choice(("", "-", "k. A."))
    return True


def second_person_id(entry: Entry, clerk: Clerk) -> bool:
    """T18: the same person under a second id; nobody can know, so both count (no finding)."""
    facts = case_facts(entry)
    if facts is None:
        return False
    person = f"{facts.person}B{clerk.rng.randrange(10)}"
    entry[0].cells[at.PERSON] = person
    entry[0].facts = replace(facts, person=person)
    return True


def not_recorded(entry: Entry, clerk: Clerk) -> bool:
    """T20 N: a missing marker where a code should stand."""
    found = one_person_row(entry, clerk.rng)
    if found is None:
        return False
    row, facts = found
    row.facts = replace(facts, rechtskreis="_U")
    marker = clerk.rng.choice(("-", "k. A.", "unbekannt", "#NV", "99", "NULL", "."))
    return spoil([row], {at.RECHTSKREIS: marker}, ("T20", "N"))


def formula_in_remark(entry: Entry, clerk: Clerk) -> bool:
    """T27 N: a spreadsheet formula or HTML in a remark; harmless unless somebody interprets it."""
    remarks = (
        "=1+1",
        '=HYPERLINK("http://example.org")',
        "+49 nicht erreichbar",
        "@SUM(A1:A9)",
        "<b>dringend</b>",
    )
    return spoil(entry[:1], {at.REMARK: clerk.rng.choice(remarks)}, ("T27", "N"))


ROW_TRAPS: Final = (
    Trap("T06", 0.004, foreign_area),
    Trap("T06", 0.004, foreign_area_of_one),
    Trap("T07", 0.003, historic_area),
    Trap("T21", 0.010, cancelled),
    Trap("T22", 0.006, other_programme),
    Trap("T15", 0.006, running_with_end),
    Trap("T17", 0.010, wrong_head_count),
    Trap("T14", 0.008, two_regimes),
    Trap("T06", 0.010, odd_area_key),
    Trap("T01", 0.008, double_encoded),
    Trap("T08", 0.015, one_row_per_field),
    Trap("T10", 0.006, line_break_in_remark),
    Trap("T11", 0.006, odd_sex),
    Trap("T12", 0.008, several_citizenships),
    Trap("T13", 0.008, odd_paragraph),
    Trap("T14", 0.006, odd_regime),
    Trap("T20", 0.004, no_person_id),
    Trap("T18", 0.003, second_person_id),
    Trap("T20", 0.004, not_recorded),
    Trap("T27", 0.006, formula_in_remark),
)
