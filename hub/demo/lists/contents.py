"""What the lists of an area hold, still clean: its casework and its programme on the day of the export."""

from __future__ import annotations

from hub.demo.lists.plans import AreaPlan
from hub.demo.world.casework import Casework, as_of, simulate
from hub.demo.world.programme import Programme, run_programme, up_to


def casework_of(plan: AreaPlan) -> Casework:
    """Return the cases and contacts of an area as its case system knows them on the day of the export."""
    region = plan.region
    return as_of(simulate(region.id, population=region.population, shift=plan.shift), plan.export_day)


def programme_of(plan: AreaPlan) -> Programme:
    """Return the clean registers of an area as they are on the day of the export."""
    region = plan.region
    city = region.kind == "Kreisfreie Stadt"
    return up_to(run_programme(region.id, population=region.population, city=city), plan.export_day)
