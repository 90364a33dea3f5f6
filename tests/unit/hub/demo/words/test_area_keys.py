"""Keys of areas as exports write them, above all the two parts of Aachen."""

from __future__ import annotations

import random

import pytest

from hub.demo.words.area_keys import AreaKeys
from protocol.regions import AACHEN_CITY, AACHEN_REST, reporting_area, reporting_areas


def keys(area: str) -> AreaKeys:
    return AreaKeys(reporting_area(area), random.Random(3))


@pytest.mark.parametrize(
    ("area", "style", "expected"),
    [
        ("NW05111", "plain", "05111"),
        ("NW05111", "stripped", "5111"),
        ("NW05111", "float", "5111.0"),
        ("NW05111", "municipality", "05111000"),
        ("NW05111", "ars", "051110000000"),
        ("NW05120", "scientific", "5,120E+03"),
        (AACHEN_CITY, "municipality", "05334002"),
        (AACHEN_CITY, "municipality_stripped", "5334002"),
        (AACHEN_CITY, "ars", "053340002002"),
    ],
)
def test_own_key_by_style(area: str, style: str, expected: str) -> None:
    assert keys(area).own(style) == expected


def test_rest_of_aachen_never_writes_the_city() -> None:
    rest = keys(AACHEN_REST)
    for style in ("municipality", "ars"):
        written = {rest.own(style)[-3:] for _ in range(200)}
        assert "002" not in written
        assert len(written) == 9


def test_foreign_keys_are_never_the_own_one_nor_aachens() -> None:
    for area in reporting_areas()[::6]:
        writer = keys(area.id)
        written = {writer.foreign() for _ in range(300)}
        assert not any(key.startswith(("05334", "5334")) for key in written)
        if not area.official_key.startswith("05334"):
            assert not any(key.startswith(area.official_key) for key in written)


def test_historic_keys_in_aachen_include_the_undivided_one() -> None:
    writer = keys(AACHEN_CITY)
    assert {"05334", "05313", "05334016"} <= {writer.historic() for _ in range(200)}
    assert {keys("NW05111").historic() for _ in range(50)} <= {"05313", "05354"}
