"""Generates one area: simulate, write down, spoil, save the export and its answer key.

Purpose: the one entry into the generator. One call per area, independent of all others, so that areas can
be generated in any order and next to each other.

Files per area: ``export.csv`` (profile A), ``answer_key.json``, ``local_codes.json``.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hub.demo.answer_key import Figures, true_figures
from hub.demo.clerk import Clerk
from hub.demo.date_traps import TRAPS
from hub.demo.distributions import Shares
from hub.demo.export_file import write_export
from hub.demo.handling import Handled, handle
from hub.demo.plans import FIRST_QUARTER, LAST_QUARTER, AreaPlan, plan_of
from hub.demo.records import Entry
from hub.demo.traps import Trap
from hub.demo.world import World, simulate
from protocol.catalogue_file import load_catalogue
from protocol.periods import Period
from protocol.regions import Region

EXPORT_FILE: Final = "export.csv"
ANSWER_KEY_FILE: Final = "answer_key.json"
LOCAL_CODES_FILE: Final = "local_codes.json"
_NO_TRAP: Final = Trap("", 1 - sum(trap.share for trap in TRAPS), lambda _entry, _clerk: False)


@dataclass(frozen=True, slots=True)
class GeneratedArea:
    """What was written for one area.

    Attributes:
        area: id of the area.
        export: the dirty file.
        rows: data rows in it.
        cases: cases after the expected handling.
        first_period: first quarter to deliver.
        last_period: last quarter to deliver.
        local_codes: dimension → local value → leaf code, for the node's configuration.
    """

    area: str
    export: Path
    rows: int
    cases: int
    first_period: Period
    last_period: Period
    local_codes: Mapping[str, Mapping[str, str]]


def generate_area(region: Region, folder: Path) -> GeneratedArea:
    """Write export, answer key and local codes of one area into a folder that is made if missing."""
    folder.mkdir(parents=True, exist_ok=True)
    plan = plan_of(region)
    world = simulate(region.id, population=region.population)
    entries = spoiled_entries(world, plan)
    file_findings = write_export(folder / EXPORT_FILE, plan, entries)
    handled = handle(entries, file_findings=file_findings)
    answer = {
        "area": region.id,
        "periods": [str(p) for p in Period.span(plan.first_period, plan.last_period)],
        "findings": findings_by_trap(handled),
        "figures": figures_by_period(handled),
    }
    _write_json(folder / ANSWER_KEY_FILE, answer)
    _write_json(folder / LOCAL_CODES_FILE, {"mapping": plan.local_codes})
    return GeneratedArea(
        area=region.id,
        export=folder / EXPORT_FILE,
        rows=sum(len(entry) for entry in entries),
        cases=len(handled.cases),
        first_period=plan.first_period,
        last_period=plan.last_period,
        local_codes=plan.local_codes,
    )


def spoiled_entries(world: World, plan: AreaPlan) -> list[Entry]:
    """Write down a clean world and plant the traps; the entries are in file order."""
    clerk = Clerk(plan, random.Random(f"kim-demo/1/clerk/{world.area}"))
    dated = [(case.opened, clerk.case_entry(case)) for case in world.cases]
    dated += [(contact.day, clerk.contact_entry(contact)) for contact in world.contacts]
    dated.sort(key=lambda item: item[0])
    entries = [entry for _, entry in dated]
    draw = Shares({trap: trap.share for trap in (*TRAPS, _NO_TRAP)})
    for entry in entries:
        draw.draw(clerk.rng).plant(entry, clerk)
    return entries


def findings_by_trap(handled: Handled) -> dict[str, dict[str, int]]:
    """Arrange the expected findings as trap → handling letter → rows."""
    arranged: dict[str, dict[str, int]] = {}
    for (trap, letter), rows in sorted((+handled.findings).items()):
        arranged.setdefault(trap, {})[letter] = rows
    return arranged


def figures_by_period(handled: Handled) -> dict[str, dict[str, Figures]]:
    """Count every quarter, also those the area does not deliver: period → dataset → cell → value."""
    catalogue = load_catalogue()
    periods = Period.span(FIRST_QUARTER, LAST_QUARTER)
    return {str(period): true_figures(handled, catalogue, period) for period in periods}


def _write_json(path: Path, document: object) -> None:
    # Sorted, because cells are collected in sets, whose order differs from process to process.
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    path.write_text(f"{text}\n", encoding="utf-8")
