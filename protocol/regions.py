"""Reporting areas of Nordrhein-Westfalen, their hierarchy and the Aachen rule.

54 areas take part; official statistics know 53 districts. `NW05334` (Städteregion Aachen including the
city) and `NW05334002` (the city) stand side by side in official tables: adding all rows counts the city
twice. Here the leaves are `NW05334002` and `NW05334X002` (the rest; a key of our own); `NW05334` is only
ever computed. Area ids are compared whole, never by prefix.

Data: `data/areas.csv` and `data/boundaries.geojson`, provenance and licence in `data/LICENCE-geodata.md`.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from typing import Any, Final

from protocol.catalogue_file import load_catalogue
from protocol.errors import kim_error
from protocol.texts import Text

LAND: Final = "NW05"
AACHEN_CITY: Final = "NW05334002"
AACHEN_REST: Final = "NW05334X002"
AACHEN_WHOLE: Final = "NW05334"
#: Aggregates that have an authority of their own: what it decides is delivered for them, not for the leaves.
AUTHORITY_AREAS: Final = (AACHEN_WHOLE,)

SOURCE_NOTE: Final = Text(
    "© GeoBasis-DE / BKG 2021 (Daten verändert), Datenlizenz Deutschland – Namensnennung – Version 2.0",
    "© GeoBasis-DE / BKG 2021 (data modified), Data licence Germany – attribution – version 2.0",
)
SOURCE_URL: Final = "http://www.bkg.bund.de"
LICENCE_URL: Final = "https://www.govdata.de/dl-de/by-2-0"


@dataclass(frozen=True, slots=True)
class Region:
    """One reporting area.

    Attributes:
        id: `REF_AREA` code: `NW` and the key, because many tools drop a leading zero.
        official_key: official municipality or district key; for the rest of Aachen our own.
        name: as official statistics write it.
        kind: `Kreis`, `Kreisfreie Stadt`, ...
        population: persons, Zensus 2022.
        foreign_population: persons, estimated from Zensus shares (see the licence file).
        population_date: reference date, ISO form.
        label_lon: longitude of a label, degrees.
        label_lat: latitude of a label, degrees.
    """

    id: str
    official_key: str
    name: str
    kind: str
    population: int
    foreign_population: int
    population_date: str
    label_lon: float
    label_lat: float


@cache
def reporting_areas() -> tuple[Region, ...]:
    """Return the 54 areas in order of their keys."""
    text = resources.files("protocol").joinpath("data/areas.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(io.StringIO(text))
    areas = [
        Region(
            id=row["ref_area"],
            official_key=row["area_id"],
            name=row["name"],
            kind=row["kind"],
            population=int(row["population"]),
            foreign_population=int(row["foreign_population_est"]),
            population_date=row["population_date"],
            label_lon=float(row["label_lon"]),
            label_lat=float(row["label_lat"]),
        )
        for row in rows
    ]
    return tuple(sorted(areas, key=lambda area: area.id))


@cache
def areas_by_id() -> Mapping[str, Region]:
    """Return the 54 areas by id."""
    return {area.id: area for area in reporting_areas()}


def reporting_area(area_id: str) -> Region:
    """Return one reporting area.

    Raises:
        KimError: ``unknown_area`` if the id is not one of the 54 (aggregates are none).
    """
    found = areas_by_id().get(area_id)
    if found is None:
        raise kim_error("unknown_area")
    return found


@dataclass(frozen=True)
class RegionTree:
    """Areas and the aggregates above them.

    Attributes:
        names: label of every region, leaves and aggregates.
        parents: region directly above; the Landschaftsverbände are a second hierarchy and have none.
        members: leaf areas of every aggregate, in key order.
    """

    names: Mapping[str, Text]
    parents: Mapping[str, str]
    members: Mapping[str, tuple[str, ...]]

    @cached_property
    def aggregates(self) -> tuple[str, ...]:
        """Computed regions: Land, Regierungsbezirke, Aachen as a whole, Landschaftsverbände."""
        return tuple(self.members)

    def leaves_of(self, region_id: str) -> tuple[str, ...]:
        """Leaf areas of a region; a leaf is its own.

        Raises:
            KimError: ``unknown_area`` if there is no such region.
        """
        if region_id in self.members:
            return self.members[region_id]
        return (reporting_area(region_id).id,)

    def name(self, region_id: str) -> Text:
        """Label of a region.

        Raises:
            KimError: ``unknown_area`` if there is no such region.
        """
        if region_id not in self.names:
            raise kim_error("unknown_area")
        return self.names[region_id]


@cache
def region_tree() -> RegionTree:
    """Return the hierarchy of regions from the catalogue's area codelist."""
    codelist = load_catalogue().codelists["CL_KIM_AREA"]
    leaves = {area.id for area in reporting_areas()}
    names = {code.id: code.name for code in codelist.codes}
    members: dict[str, list[str]] = {c.id: [] for c in codelist.codes if c.id not in leaves}
    for leaf in sorted(leaves):
        for ancestor in codelist.ancestors(leaf):
            members[ancestor].append(leaf)
    for group in codelist.groups:
        names[group.id] = group.name
        members[group.id] = sorted(leaf for member in group.members for leaf in members[member])
    parents = {code.id: code.parent for code in codelist.codes if code.parent is not None}
    return RegionTree(names, parents, {region: tuple(ids) for region, ids in members.items()})


@cache
def boundaries() -> dict[str, Any]:
    """Return the boundaries of the 54 areas as GeoJSON; property `ref_area` is the region id.

    Generalised for small maps: never compute areas or densities from them. Every map shows
    :data:`SOURCE_NOTE` beside it.
    """
    text = resources.files("protocol").joinpath("data/boundaries.geojson").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded
