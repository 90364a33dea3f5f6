"""Writes the registers that an area keeps (posts, money, structural issues, decisions) with their errors."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from hub.demo.lists.contents import programme_of
from hub.demo.lists.local_lists import LocalList, other_lists
from hub.demo.lists.plans import (
    AreaPlan,
    Special,
)
from hub.demo.lists.records import Findings
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
from hub.demo.traps import registers as register_traps
from hub.demo.traps.registers import RegisterTrap, plant_traps
from hub.demo.words.area_keys import AreaKeys
from hub.demo.world.programme import Booking, Decision, Issue, PostSpan, Programme, decide
from protocol.regions import AACHEN_CITY, AACHEN_REST, AACHEN_WHOLE, reporting_area


class RegisterLists:
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
