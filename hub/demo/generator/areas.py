"""Generates one area: simulate, write down, spoil, save all its lists and their answer key.

Purpose: the one entry into the generator. One call per area, independent of all others, so that areas can
be generated in any order and next to each other.

Files per area: the lists that `lists.sources` names, and ``answer_key.json``.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Any, Final

from hub.demo.lists.case_files import write_cases
from hub.demo.lists.clerk import Clerk
from hub.demo.lists.plans import (
    FIELD_SEPARATOR,
    FIRST_QUARTER,
    LAST_QUARTER,
    AreaPlan,
    Medium,
    Profile,
    Special,
    plan_of,
)
from hub.demo.lists.records import CaseFacts, ContactFacts, Entry, Findings
from hub.demo.lists.register_clerk import (
    DECISIONS,
    FUNDS,
    ISSUES,
    POSTS,
    Cell,
    FactsT,
    RegisterClerk,
    RegisterRow,
    decimal,
)
from hub.demo.lists.register_file import write_register
from hub.demo.lists.sources import WELFARE_LIST, LocalList, cases_of, other_lists, programme_of
from hub.demo.traps import registers as register_traps
from hub.demo.traps.cases import NO_TRAP
from hub.demo.traps.dates import traps_of
from hub.demo.traps.registers import RegisterTrap, plant_traps
from hub.demo.truth.figures import collected_indicators, true_figures
from hub.demo.truth.handling import Handled, handle
from hub.demo.words import columns as at
from hub.demo.words.area_keys import AreaKeys
from hub.demo.world.casework import World, as_of, simulate
from hub.demo.world.distributions import Shares
from hub.demo.world.programme import Booking, Decision, Issue, PostSpan, Programme, decide
from protocol.catalogue_file import load_catalogue
from protocol.periods import Period
from protocol.regions import AACHEN_CITY, AACHEN_REST, AACHEN_WHOLE, Region, reporting_area

ANSWER_KEY_FILE: Final = "answer_key.json"
_YEARS: Final = (Period(2025),)
#: Cases that the last correction of an area that revises lacks.
_GONE: Final = 3
#: What its first list lacks: one-off contacts of the last days of the last quarter in these fields.
_LATE_DAYS: Final = timedelta(days=20)
_LARGE_FIELDS: Final = ("RESID", "LANG", "HOUS")


class Version(Enum):
    """Which export of an area that revises: before what was recorded late, the right one, one too many."""

    EARLY = "one-off contacts of the last quarter are not recorded yet"
    RIGHT = "everything is recorded"
    LATE_CORRECTION = "cases have disappeared after they were delivered"


@dataclass(frozen=True, slots=True)
class _Lists:
    """What the lists of one area must become, and how many data rows they have.

    ``joint``: decisions of an authority that serves more than this area, or None.
    """

    handled: Handled
    joint: tuple[Decision, ...] | None
    rows: int


def generate_area(region: Region, folder: Path, *, version: Version = Version.RIGHT) -> int:
    """Write all lists and the answer key of one area into a folder that is made if missing.

    Args:
        region: the area.
        folder: where to.
        version: which of its exports; the answer key is always that of the right one.

    Returns:
        Number of data rows in all lists.
    """
    folder.mkdir(parents=True, exist_ok=True)
    plan = plan_of(region)
    lists = write_lists(plan, folder, version=version)
    # Sorted, because cells are collected in sets, whose order differs from process to process.
    text = json.dumps(_answer(plan, lists), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    (folder / ANSWER_KEY_FILE).write_text(f"{text}\n", encoding="utf-8")
    return lists.rows


def write_lists(plan: AreaPlan, folder: Path, *, version: Version = Version.RIGHT) -> _Lists:
    """Write all lists of one area; what is returned is always of the right version."""
    entries, welfare = spoiled_entries(simulated_world(plan), plan)
    file_findings = write_cases(folder / cases_of(plan).file, plan, list(in_version(entries, version)))
    if welfare:
        file_findings += write_cases(folder / WELFARE_LIST, welfare_plan(plan), welfare)
    file_findings["T23", "N"] = sum(
        len(entry) for entry in welfare if not case_number(entry).startswith("WV")
    )
    cases = handle([*entries, *welfare], file_findings=file_findings, ages=plan.profile is Profile.B)
    registers = _Registers(plan, folder)
    handled = replace(
        cases,
        posts=registers.posts,
        bookings=registers.bookings,
        issues=registers.issues,
        decisions=registers.decisions,
        findings=cases.findings + registers.findings,
    )
    rows = sum(len(entry) for entry in (*entries, *welfare)) + registers.rows
    return _Lists(handled, registers.joint, rows)


def simulated_world(plan: AreaPlan) -> World:
    """Return the world of an area as its case system knows it on the day of the export."""
    region = plan.region
    return as_of(simulate(region.id, population=region.population, shift=plan.shift), plan.export_day)


def welfare_plan(plan: AreaPlan) -> AreaPlan:
    """Return how the list of a welfare body looks beside the area's own."""
    return replace(
        plan,
        profile=Profile.C,
        medium=Medium.CSV,
        field_separator=FIELD_SEPARATOR,
        local_codes={},
        special=None,
    )


def spoiled_entries(world: World, plan: AreaPlan) -> tuple[list[Entry], list[Entry]]:
    """Write down a clean world and plant the traps.

    Returns:
        Entries in file order: of the area's own list, and of a welfare body's (mostly none).
    """
    clerk = Clerk(plan, random.Random(f"kim-demo/1/clerk/{world.area}"))
    two = plan.special is Special.TWO_SOURCES
    elsewhere = [case for number, case in enumerate(world.cases) if two and number % 4 == 0]
    both = {id(case) for number, case in enumerate(world.cases) if two and number % 25 == 1}
    here = [case for number, case in enumerate(world.cases) if not two or number % 4]
    written = {id(case): clerk.case_entry(case) for case in here}
    dated = [(case.opened, written[id(case)]) for case in here]
    dated += [(contact.day, clerk.contact_entry(contact)) for contact in world.contacts]
    dated.sort(key=lambda item: item[0])
    traps = traps_of(plan)
    draw = Shares({**{trap: trap.share for trap in traps}, NO_TRAP: 1 - sum(trap.share for trap in traps)})
    untouched = {id(entry) for case, entry in written.items() if case in both}
    for _, entry in dated:
        trap = draw.draw(clerk.rng)
        if id(entry) not in untouched:
            trap.plant(entry, clerk)
    welfare = Clerk(welfare_plan(plan), random.Random(f"kim-demo/1/welfare/{world.area}"))
    others = [(case.opened, welfare.case_entry(case, prefix="WV")) for case in elsewhere]
    others += [
        (case.opened, welfare.case_entry(case, number=case_number(written[id(case)])))
        for case in here
        if id(case) in both
    ]
    others.sort(key=lambda item: item[0])
    return [entry for _, entry in dated], [entry for _, entry in others]


def case_number(entry: Entry) -> str:
    """Return the number under which a list keeps a case."""
    return entry[0].cells[at.CASE_NUMBER]


def in_version(entries: Sequence[Entry], version: Version) -> Iterator[Entry]:
    """Leave out what one version of an export does not hold."""
    last = LAST_QUARTER.last_day
    gone = 0
    for entry in entries:
        facts = entry[0].facts
        # Contacts about violence, and whatever is small beside them, are protected: a change would be held.
        recorded_late = (
            isinstance(facts, ContactFacts)
            and facts.field in _LARGE_FIELDS
            and last - _LATE_DAYS <= facts.day <= last
        )
        may_vanish = isinstance(facts, CaseFacts) and LAST_QUARTER.first_day <= facts.opened <= last
        if version is Version.EARLY and recorded_late:
            continue
        if version is Version.LATE_CORRECTION and may_vanish and gone < _GONE:
            gone += 1
            continue
        yield entry


class _Registers:
    """Writes the registers that an area keeps; what it does not keep is None."""

    def __init__(self, plan: AreaPlan, folder: Path) -> None:
        self.posts: tuple[PostSpan, ...] | None = None
        self.bookings: tuple[Booking, ...] | None = None
        self.issues: tuple[Issue, ...] | None = None
        self.decisions: tuple[Decision, ...] | None = None
        self.joint: tuple[Decision, ...] | None = None
        self.findings: Findings = Counter()
        self.rows = 0
        self._rng = random.Random(f"kim-demo/1/registers/{plan.region.id}")
        self._folder = folder
        self._day = plan.export_day
        clerk = RegisterClerk(self._rng, plan.local_codes)
        programme = programme_of(plan)
        for listed in other_lists(plan):
            if listed.holds == "posts":
                rows = clerk.posts(programme.posts)
                self.posts = self._write(listed, POSTS, rows, register_traps.POSTS)
            elif listed.holds == "funds":
                booked = clerk.bookings(programme.bookings)
                self.bookings = self._write(
                    listed, FUNDS, booked, register_traps.FUNDS, wrong_total=plan.wrong_total
                )
            elif listed.holds == "issues":
                found = clerk.issues(programme.issues)
                self.issues = self._write(listed, ISSUES, found, register_traps.ISSUES)
            elif listed.holds == "decisions":
                self._write_decisions(plan, listed, clerk, programme)

    def _write_decisions(
        self, plan: AreaPlan, listed: LocalList, clerk: RegisterClerk, programme: Programme
    ) -> None:
        served = [plan.region]
        decisions = programme.decisions
        if plan.special is Special.JOINT_AUTHORITY:
            served = [reporting_area(AACHEN_CITY), reporting_area(AACHEN_REST)]
            decisions = decide(AACHEN_WHOLE, population=sum(area.population for area in served))
        keys = [AreaKeys(area, self._rng) for area in served]
        rows = clerk.decisions(decisions, keys, authority=f"Ausländerbehörde {plan.region.name}")
        taken = self._write(listed, DECISIONS, rows, register_traps.decision_traps(keys))
        if plan.special is Special.JOINT_AUTHORITY:
            self.joint = taken
        else:
            self.decisions = taken

    def _write(
        self,
        listed: LocalList,
        columns: Sequence[str],
        rows: Sequence[RegisterRow[FactsT]],
        traps: Sequence[RegisterTrap],
        *,
        wrong_total: bool = False,
    ) -> tuple[FactsT, ...]:
        in_text = listed.file.endswith(".csv")
        plant_traps(rows, [trap for trap in traps if in_text or not trap.text_only], self._rng)
        total = _total([row.facts for row in rows], wrong=wrong_total)
        path = self._folder / listed.file
        self.findings += write_register(path, columns, rows, self._rng, day=self._day, total=total)
        self.findings += Counter({("T25", "W"): int(wrong_total)})
        self.findings += Counter(mark for row in rows for mark in row.marks)
        self.rows += len(rows)
        return tuple(row.facts for row in rows if row.facts is not None)


def _total(facts: Sequence[object], *, wrong: bool) -> dict[str, Cell]:
    """Return what the total row of a ledger says; other registers add nothing up."""
    bookings = [fact for fact in facts if isinstance(fact, Booking)]
    if not bookings:
        return {}
    spent = sum(booking.spent for booking in bookings) + (100 if wrong else 0)
    return {
        "bewilligt": decimal(sum(booking.granted for booking in bookings)),
        "verausgabt": decimal(spent),
    }


def _answer(plan: AreaPlan, lists: _Lists) -> dict[str, Any]:
    catalogue = load_catalogue()
    handled = lists.handled
    answer = {
        "area": plan.region.id,
        "periods": [str(period) for period in (*plan.quarters, *plan.years)],
        "findings": findings_by_trap(handled),
        "collected": collected_indicators(handled, catalogue),
        **_counted(handled),
    }
    if lists.joint is not None:
        decided = Handled(decisions=lists.joint)
        answer["authority"] = {
            "area": AACHEN_WHOLE,
            "periods": [str(period) for period in plan.quarters],
            "findings": {},
            "collected": collected_indicators(decided, catalogue),
            **_counted(decided),
        }
    return answer


def _counted(handled: Handled) -> dict[str, Any]:
    """Count every period, also those that the area does not deliver."""
    catalogue = load_catalogue()
    periods = (*Period.span(FIRST_QUARTER, LAST_QUARTER), *_YEARS)
    truths = {str(period): true_figures(handled, catalogue, period) for period in periods}
    return {
        "figures": {period: truth.figures for period, truth in truths.items()},
        "contributions": {
            period: {
                dataset: {key: astuple(behind) for key, behind in cells.items()}
                for dataset, cells in truth.contributions.items()
            }
            for period, truth in truths.items()
        },
    }


def findings_by_trap(handled: Handled) -> dict[str, dict[str, int]]:
    """Arrange the expected findings as trap → handling letter → rows."""
    arranged: dict[str, dict[str, int]] = {}
    for (trap, letter), rows in sorted((+handled.findings).items()):
        arranged.setdefault(trap, {})[letter] = rows
    return arranged
