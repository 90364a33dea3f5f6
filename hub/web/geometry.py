"""The map's geometry: boundaries of the 54 areas as SVG paths, computed once per process.

Projection: equirectangular, longitudes scaled by the cosine of the middle latitude; at the size of
Nordrhein-Westfalen its error is below the boundaries' generalisation. Vertices are snapped to a grid of
1,000 units before they become relative, so neighbours keep sharing their borders to the unit.

It deliberately knows no figures, no colours and no language. Areas must not be computed from it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any, Final

from hub.services.statistics.reading import district_of
from protocol.regions import boundaries, reporting_areas

WIDTH: Final = 1000
_MARGIN: Final = 6

Point = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Shape:
    """One area on the map: its outline as path data, and where a symbol or label stands."""

    area: str
    path: str
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class MapGeometry:
    """The whole map.

    Attributes:
        width: units of the view box.
        height: units of the view box.
        shapes: areas in key order.
        district_lines: path data of the borders between Regierungsbezirke and of the Land.
    """

    width: int
    height: int
    shapes: tuple[Shape, ...]
    district_lines: str


@cache
def map_geometry() -> MapGeometry:
    """Return the map of the 54 reporting areas."""
    features = boundaries()["features"]
    west, south, east, north = boundaries()["bbox"]
    squeeze = math.cos(math.radians((south + north) / 2))
    scale = (WIDTH - 2 * _MARGIN) / ((east - west) * squeeze)

    def project(longitude: float, latitude: float) -> Point:
        x = _MARGIN + (longitude - west) * squeeze * scale
        y = _MARGIN + (north - latitude) * scale
        return round(x), round(y)

    rings = {
        feature["properties"]["ref_area"]: [
            _simple([project(*vertex[:2]) for vertex in ring]) for ring in _rings(feature["geometry"])
        ]
        for feature in features
    }
    shapes: list[Shape] = []
    for area in reporting_areas():
        x, y = project(area.label_lon, area.label_lat)
        shapes.append(Shape(area.id, "".join(_closed_path(ring) for ring in rings[area.id]), x, y))
    return MapGeometry(
        width=WIDTH,
        height=round(2 * _MARGIN + (north - south) * scale),
        shapes=tuple(shapes),
        district_lines=_district_lines(rings),
    )


def _rings(geometry: dict[str, Any]) -> Iterator[list[list[float]]]:
    if geometry["type"] == "Polygon":
        yield from geometry["coordinates"]
    else:
        for polygon in geometry["coordinates"]:
            yield from polygon


def _simple(ring: list[Point]) -> list[Point]:
    """Drop vertices that fell onto their predecessor; GeoJSON repeats the first vertex at the end."""
    kept = [vertex for vertex, before in zip(ring, [None, *ring], strict=False) if vertex != before]
    return kept[:-1] if len(kept) > 1 and kept[0] == kept[-1] else kept


def _closed_path(ring: list[Point]) -> str:
    (x, y), steps = ring[0], []
    for after, before in zip(ring[1:], ring, strict=False):
        steps.append(f"{after[0] - before[0]} {after[1] - before[1]}")
    return f"M{x} {y}l{' '.join(steps)}z"


def _district_lines(rings: dict[str, list[list[Point]]]) -> str:
    """Return the edges that belong to one Regierungsbezirk only, chained into lines."""
    members: dict[frozenset[Point], set[str]] = {}
    for area, outline in rings.items():
        for ring in outline:
            for edge in _edges(ring):
                side = members.setdefault(edge, set())
                # Two areas of one district: an inner border. The second visit cancels the first.
                side.symmetric_difference_update({district_of(area)})
    return "".join(_chains(edge for edge, districts in members.items() if districts))


def _edges(ring: list[Point]) -> Iterator[frozenset[Point]]:
    for start, end in zip(ring, [*ring[1:], ring[0]], strict=True):
        if start != end:
            yield frozenset((start, end))


def _chains(edges: Iterable[frozenset[Point]]) -> Iterator[str]:
    neighbours: dict[Point, set[Point]] = {}
    for edge in edges:
        one, other = sorted(edge)
        neighbours.setdefault(one, set()).add(other)
        neighbours.setdefault(other, set()).add(one)
    # Starting where lines meet keeps every chain whole; what is left afterwards are closed loops.
    starts = sorted(neighbours, key=lambda point: (len(neighbours[point]) == 2, point))
    for start in starts:
        while neighbours[start]:
            chain = [start]
            while neighbours[chain[-1]]:
                here = chain[-1]
                there = min(neighbours[here])
                neighbours[here].discard(there)
                neighbours[there].discard(here)
                chain.append(there)
            steps = " ".join(f"{b[0] - a[0]} {b[1] - a[1]}" for a, b in pairwise(chain))
            yield f"M{start[0]} {start[1]}l{steps}"
