"""Which lists an area keeps, in which files, and how its node is told.

Purpose: the one place where a list's file name, its layout and the section of `node.toml` meet.

It deliberately does not: write the lists.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hub.demo.lists.case_files import TABLE
from hub.demo.lists.plans import AreaPlan, Medium, Profile, Special
from hub.demo.world.programme import Programme, run_programme, up_to
from protocol.periods import Period
from protocol.regions import AACHEN_WHOLE

_CASE_FILES: Final = {Profile.A: "export", Profile.B: "liste", Profile.C: "faelle"}
_REGISTER_FILES: Final = {
    "posts": "stellen",
    "funds": "mittel",
    "issues": "themen",
    "decisions": "entscheidungen",
}
#: What is delivered in which frequency.
_DATASETS: Final[Mapping[str, Sequence[str]]] = {
    "Q": ("CASES", "PERSONS", "STAFFING", "PROCESSES"),
    "A": ("PERSONS", "FUNDS"),
}
#: Lists of which a dataflow needs at least one.
_NEEDED: Final[Mapping[str, frozenset[str]]] = {
    "CASES": frozenset({"cases"}),
    "PERSONS": frozenset({"cases"}),
    "STAFFING": frozenset({"posts"}),
    "FUNDS": frozenset({"funds"}),
    "PROCESSES": frozenset({"cases", "issues", "decisions"}),
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


def programme_of(plan: AreaPlan) -> Programme:
    """Return the clean registers of an area as they are on the day of the export."""
    region = plan.region
    city = region.kind == "Kreisfreie Stadt"
    return up_to(run_programme(region.id, population=region.population, city=city), plan.export_day)


def deliveries_of(plan: AreaPlan) -> Iterator[tuple[str, str, Period]]:
    """Yield (area, dataset, period) of everything that an area's node has to deliver."""
    holds = {local.holds for local in (cases_of(plan), *other_lists(plan))}
    area = plan.region.id
    for period in (*plan.quarters, *plan.years):
        for dataset in _DATASETS[period.freq]:
            if holds & _NEEDED[dataset]:
                yield area, dataset, period
    if plan.special is Special.JOINT_AUTHORITY:
        for quarter in plan.quarters:
            yield AACHEN_WHOLE, "PROCESSES", quarter


def breaks_of(plan: AreaPlan) -> frozenset[tuple[str, str, str]]:
    """Return the deliveries (area, dataset, period) with which an area's series begin anew.

    A year in which something changed is one of them.
    """
    broken = {text for period in plan.breaks for text in (period, period[:4])}
    return frozenset(
        (area, dataset, str(period)) for area, dataset, period in deliveries_of(plan) if str(period) in broken
    )


def configured(template: str, plan: AreaPlan, folder: Path) -> str:
    """Complete the configuration that ``kim-node init`` has written for an area.

    Args:
        template: the file as it was written, with the list of cases as a file.
        plan: the area.
        folder: the area's folder, absolute.

    Raises:
        ValueError: if the file does not name the list of cases as it was told to.
    """
    cases = cases_of(plan)
    named = _line("path", str(folder / file_for_init(plan)))
    if template.count(named) != 1:
        raise ValueError("the configuration does not name its source")
    place = [_place(cases, folder), *(_line(name, value) for name, value in cases.options.items())]
    sections = [_section(f"sources.{local.name}", _options(local, folder)) for local in other_lists(plan)]
    codes = dict(plan.local_codes)
    if plan.registers is not None:
        codes["CARRIER"] = {carrier.id: carrier.kind for carrier in programme_of(plan).carriers}
    sections += [
        _section(f"mapping.{dimension}", [_line(text, code) for text, code in meanings.items()])
        for dimension, meanings in codes.items()
    ]
    if plan.breaks:
        sections.append(_section("breaks", [_line(when, why) for when, why in plan.breaks.items()]))
    return "\n".join([template.replace(named, "\n".join(place)), *sections])


def _options(local: LocalList, folder: Path) -> list[str]:
    lines = [_line("holds", local.holds), _place(local, folder)]
    return [*lines, *(_line(name, value) for name, value in local.options.items())]


def _place(local: LocalList, folder: Path) -> str:
    path = folder / local.file
    if path.suffix == f".{Medium.SQLITE.value}":
        return _line("url", f"sqlite:///{path}")
    return _line("path", str(path))


def _section(name: str, lines: Sequence[str]) -> str:
    return "\n".join([f"[{name}]", *lines, ""])


def _line(name: str, value: str) -> str:
    # A TOML basic string has JSON's escapes.
    key = name if name.isidentifier() and name.isascii() else json.dumps(name, ensure_ascii=False)
    return f"{key} = {json.dumps(value, ensure_ascii=False)}"
