"""Which lists an area keeps, in which files and layouts.

It deliberately does not: write the lists (`generator`), or tell the node about them (`node_config`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from hub.demo.lists.case_files import TABLE
from hub.demo.lists.plans import AreaPlan, Medium, Profile, Special
from protocol.regions import AACHEN_WHOLE

_CASE_FILES: Final = {Profile.A: "export", Profile.B: "liste", Profile.C: "faelle"}
_REGISTER_FILES: Final = {
    "posts": "stellen",
    "funds": "mittel",
    "issues": "themen",
    "decisions": "entscheidungen",
}
WELFARE_LIST: Final = "wohlfahrtsverband.csv"


@dataclass(frozen=True, slots=True)
class LocalList:
    """One list of an area: a section `[sources.<name>]` of its node.

    Attributes:
        name: of the section.
        holds: what it holds, in the words of the configuration.
        file: its name in the folder of the area.
        options: further lines of the section.
    """

    name: str
    holds: str
    file: str
    options: Mapping[str, str]


def cases_of(plan: AreaPlan) -> LocalList:
    """Return the (first) list of cases of an area."""
    options: dict[str, str] = {}
    if plan.profile is not Profile.A:
        options["profile"] = plan.profile.value
    if plan.medium is Medium.SQLITE:
        options["table"] = TABLE
    if plan.special is Special.TWO_SOURCES:
        options["overlap"] = "match"
    file = f"{_CASE_FILES[plan.profile]}.{plan.medium.value}"
    return LocalList("cases", "cases", file, options)


def file_for_init(plan: AreaPlan) -> str:
    """Return the file that ``kim-node init`` is told; a database is named afterwards, as it takes a URL."""
    return f"{_CASE_FILES[plan.profile]}.csv" if plan.medium is Medium.SQLITE else cases_of(plan).file


def other_lists(plan: AreaPlan) -> Sequence[LocalList]:
    """Return all other lists of an area: those of welfare bodies, and the registers."""
    lists: list[LocalList] = []
    if plan.special is Special.TWO_SOURCES:
        options = {"profile": "C", "overlap": "match"}
        lists.append(LocalList("wohlfahrtsverband", "cases", WELFARE_LIST, options))
    if plan.registers is None:
        return lists
    for holds, file in _REGISTER_FILES.items():
        area: dict[str, str] = {}
        if holds == "decisions":
            if plan.special is Special.SERVED:
                continue
            if plan.special is Special.JOINT_AUTHORITY:
                area = {"area": AACHEN_WHOLE}
        lists.append(LocalList(file, holds, f"{file}.{plan.registers.value}", area))
    return lists
