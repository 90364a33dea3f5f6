"""Generates one area: simulate, write down, spoil, save all its lists and their answer key.

Purpose: the one entry into the generator. One call per area, independent of all others, so that areas can
be generated in any order and next to each other.

Files per area: the lists that `lists.local_lists` names, and the answer key.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from hub.demo.generator.entries import (
    Version,
    case_number,
    in_version,
    spoiled_entries,
    welfare_plan,
)
from hub.demo.generator.registers import RegisterLists
from hub.demo.lists.case_files import write_cases
from hub.demo.lists.contents import casework_of
from hub.demo.lists.local_lists import WELFARE_LIST, cases_of
from hub.demo.lists.plans import (
    AreaPlan,
    Profile,
    plan_of,
)
from hub.demo.truth.answer_key import write_answer_key
from hub.demo.truth.handling import Handled, handle
from hub.demo.world.programme import Decision
from protocol.regions import Region


@dataclass(frozen=True, slots=True)
class WrittenLists:
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
    write_answer_key(folder, plan, lists.handled, joint=lists.joint)
    return lists.rows


def write_lists(plan: AreaPlan, folder: Path, *, version: Version = Version.RIGHT) -> WrittenLists:
    """Write all lists of one area; what is returned is always of the right version."""
    entries, welfare = spoiled_entries(casework_of(plan), plan)
    file_findings = write_cases(folder / cases_of(plan).file, plan, list(in_version(entries, version)))
    if welfare:
        file_findings += write_cases(folder / WELFARE_LIST, welfare_plan(plan), welfare)
    file_findings["T23", "N"] = sum(
        len(entry) for entry in welfare if not case_number(entry).startswith("WV")
    )
    cases = handle([*entries, *welfare], file_findings=file_findings, ages=plan.profile is Profile.B)
    registers = RegisterLists(plan, folder)
    handled = replace(
        cases,
        posts=registers.posts,
        bookings=registers.bookings,
        issues=registers.issues,
        decisions=registers.decisions,
        findings=cases.findings + registers.findings,
    )
    rows = sum(len(entry) for entry in (*entries, *welfare)) + registers.rows
    return WrittenLists(handled, registers.joint, rows)
