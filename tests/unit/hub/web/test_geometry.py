"""The map's geometry: 54 closed outlines inside the view box, borders shared to the unit."""

import re
from itertools import pairwise

from hub.web.geometry import map_geometry
from protocol.regions import reporting_areas


def vertices(path: str) -> list[list[tuple[int, int]]]:
    rings = []
    for ring in re.findall(r"M(-?\d+) (-?\d+)l([^zM]*)z?", path):
        x, y = int(ring[0]), int(ring[1])
        points = [(x, y)]
        numbers = [int(n) for n in re.findall(r"-?\d+", ring[2])]
        for dx, dy in zip(numbers[::2], numbers[1::2], strict=True):
            x, y = x + dx, y + dy
            points.append((x, y))
        rings.append(points)
    return rings


def test_every_area_has_a_closed_outline_inside_the_view_box() -> None:
    geometry = map_geometry()
    assert [shape.area for shape in geometry.shapes] == [area.id for area in reporting_areas()]
    for shape in geometry.shapes:
        assert shape.path.endswith("z")
        for ring in vertices(shape.path):
            assert len(ring) >= 4
            assert all(0 <= x <= geometry.width and 0 <= y <= geometry.height for x, y in ring)
        assert 0 <= shape.x <= geometry.width
        assert 0 <= shape.y <= geometry.height


def test_north_is_up_and_east_is_right() -> None:
    places = {shape.area: shape for shape in map_geometry().shapes}
    aachen, bielefeld, bonn, muenster = (
        places[key] for key in ("NW05334002", "NW05711", "NW05314", "NW05515")
    )
    assert aachen.x < bonn.x < bielefeld.x
    assert muenster.y < bonn.y


def test_edges_belong_to_one_or_two_areas_so_neighbours_share_their_borders() -> None:
    owners: dict[frozenset, int] = {}
    for shape in map_geometry().shapes:
        for ring in vertices(shape.path):
            for edge in zip(ring, [*ring[1:], ring[0]], strict=True):
                if edge[0] != edge[1]:
                    owners[frozenset(edge)] = owners.get(frozenset(edge), 0) + 1
    assert set(owners.values()) == {1, 2}
    # Inner borders dominate on a map without gaps.
    assert sum(1 for count in owners.values() if count == 2) > sum(
        1 for count in owners.values() if count == 1
    )


def test_district_lines_use_edges_of_areas_only() -> None:
    edges = set()
    for shape in map_geometry().shapes:
        for ring in vertices(shape.path):
            edges |= {frozenset(edge) for edge in zip(ring, [*ring[1:], ring[0]], strict=True)}
    lines = [frozenset(edge) for chain in vertices(map_geometry().district_lines) for edge in pairwise(chain)]
    assert len(lines) == len(set(lines))
    assert set(lines) <= edges


def test_the_geometry_is_computed_once() -> None:
    assert map_geometry() is map_geometry()
