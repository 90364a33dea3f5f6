"""The joint authority of Aachen as a reporting unit: it stands for the region and its city at once."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from protocol.regions import AACHEN_REST, AACHEN_WHOLE, Region, region_tree, reporting_areas


@cache
def authority_of_aachen() -> Region:
    """The Städteregion with its city, for whose joint authority some indicators are reported."""
    members = [area for area in reporting_areas() if area.id in region_tree().members[AACHEN_WHOLE]]
    rest = next(area for area in members if area.id == AACHEN_REST)
    return replace(
        rest,
        id=AACHEN_WHOLE,
        official_key="05334",
        name=region_tree().name(AACHEN_WHOLE).de,
        population=sum(area.population for area in members),
        foreign_population=sum(area.foreign_population for area in members),
    )
