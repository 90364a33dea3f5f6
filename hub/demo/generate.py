"""Generates one area: simulate, write down, spoil, save the export and its answer key.

Purpose: the one entry into the generator. One call per area, independent of all others, so that areas can
be generated in any order and next to each other.

Files per area: ``export.csv`` (profile A), ``answer_key.json``.
"""

from __future__ import annotations

import json
import random
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
_NO_TRAP: Final = Trap("", 1 - sum(trap.share for trap in TRAPS), lambda _entry, _clerk: False)


def generate_area(region: Region, folder: Path) -> int:
    """Write export and answer key of one area into a folder that is made if missing.

    Returns:
        Number of data rows in the export.
    """
    folder.mkdir(parents=True, exist_ok=True)
    plan = plan_of(region)
    world = simulate(region.id, population=region.population)
    entries = spoiled_entries(world, plan)
    file_findings = write_export(folder / EXPORT_FILE, plan, entries)
    handled = handle(entries, file_findings=file_findings)
    answer = {
        "area": region.id,
        "periods": [str(period) for period in plan.periods],
        "findings": findings_by_trap(handled),
        "figures": figures_by_period(handled),
    }
    # Sorted, because cells are collected in sets, whose order differs from process to process.
    text = json.dumps(answer, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    (folder / ANSWER_KEY_FILE).write_text(f"{text}\n", encoding="utf-8")
    return sum(len(entry) for entry in entries)


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
